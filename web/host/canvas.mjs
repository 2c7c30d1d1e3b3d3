// Go to a node: open the subgraph it is in, bring it to the middle of what is visible, ring it for two seconds.
import { app } from "./comfy.mjs";
import { rootGraph, savedGraph } from "./graph.mjs";

const RING = 2000; // ms
const MOVE = 200; // ms
const MARGIN = 14; // px between node and ring: outside the outline that ComfyUI draws around a faulty node
const TITLE = 30; // canvas units of a node's title bar, which lies above its `pos`
const SMALL = 0.6; // a node drawn smaller than this cannot be read
const READABLE = 0.8;

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const frame = () => new Promise((resolve) => setTimeout(resolve, 40));

const byId = (level, id) =>
  (level.nodes ?? level._nodes ?? []).find((node) => String(node.id) === id) ?? level.getNodeById?.(id) ?? null;

/** The node with ComfyUI's execution id ("12", "12:3") and the subgraph nodes that lead to it; null when absent. */
function find(id) {
  const way = [];
  const parts = String(id).split(":");
  let level = rootGraph();
  let node = null;
  for (const [depth, part] of parts.entries()) {
    if (node) {
      way.push(node);
      level = node.subgraph;
    }
    node = level ? (byId(level, part) ?? asInFile(level, parts.slice(0, depth + 1))) : null;
    if (!node) return null;
  }
  return { node, way, level };
}

/** The node that the file has under this id, found by type and place: the frontend may have given it another id. */
function asInFile(level, parts) {
  const saved = savedGraph();
  let inside = saved;
  let told = null;
  for (const part of parts) {
    told = (inside?.nodes ?? []).find((node) => String(node.id) === part);
    inside = saved?.definitions?.subgraphs?.find((one) => one.id === told?.type);
  }
  const same = (node) => node.type === told.type && at(node.pos) === at(told.pos);
  const found = told ? (level.nodes ?? level._nodes ?? []).filter(same) : [];
  return found.length === 1 ? found[0] : null;
}

const at = (pos) => `${Math.round(pos?.[0])},${Math.round(pos?.[1])}`;

/** Centre and ring a node of the open graph. False when the graph has no such node. */
export function goToNode(id) {
  const found = find(id);
  if (!found || !app.canvas) return false;
  show(found).catch((error) => console.warn("ComfyFixerSmart: could not go to node", id, error));
  return true;
}

async function show({ node, way, level }) {
  const canvas = app.canvas;
  if (canvas.graph !== level) {
    canvas.setGraph(rootGraph());
    for (const container of way) canvas.openSubgraph(container.subgraph, container);
    // The frontend puts back the last view of that subgraph a moment later.
    await frame();
    await frame();
  }
  const bounds = boundsOf(node);
  await centre(canvas, bounds);
  ring(canvas, node);
}

function boundsOf(node) {
  const height = node.flags?.collapsed ? 0 : node.size[1];
  const width = node.flags?.collapsed ? (node._collapsed_width ?? 120) : node.size[0];
  return { x: node.pos[0], y: node.pos[1] - TITLE, width, height: height + TITLE };
}

/** The part of the canvas that our own panel leaves free, in CSS pixels from the canvas's corner. */
function free(canvas) {
  const whole = canvas.canvas.getBoundingClientRect();
  const panel = document.querySelector(".cfs")?.getBoundingClientRect();
  let [left, right] = [whole.left, whole.right];
  if (panel?.width && panel.left < right && panel.right > left) {
    if (panel.left - left < right - panel.right) left = Math.max(left, panel.right);
    else right = Math.min(right, panel.left);
  }
  return { x: left - whole.left, y: 0, width: right - left, height: whole.height };
}

function centre(canvas, bounds) {
  const { ds } = canvas;
  const area = free(canvas);
  const fits = Math.min((area.width * 0.8) / bounds.width, (area.height * 0.8) / bounds.height);
  const scale = Math.min(ds.scale < SMALL ? READABLE : ds.scale, fits);
  const aim = {
    x: (area.x + area.width / 2) / scale - bounds.x - bounds.width / 2,
    y: (area.y + area.height / 2) / scale - bounds.y - bounds.height / 2,
    scale,
  };
  const from = { x: ds.offset[0], y: ds.offset[1], scale: ds.scale };
  const place = (part) => {
    ds.scale = from.scale + (aim.scale - from.scale) * part;
    ds.offset[0] = from.x + (aim.x - from.x) * part;
    ds.offset[1] = from.y + (aim.y - from.y) * part;
    canvas.setDirty(true, true);
  };
  return calm() || document.hidden ? place(1) : glide(place);
}

function glide(place) {
  const begun = performance.now();
  return new Promise((resolve) => {
    const step = () => {
      const part = Math.min((performance.now() - begun) / MOVE, 1);
      place(part * (2 - part));
      if (part < 1) requestAnimationFrame(step);
      else resolve();
    };
    step();
  });
}

let current = null;

/**
 * A ring over the canvas that follows the node while the view moves. It is an element of our own: nothing of the node
 * or of the canvas is changed, and it stands over litegraph's drawing and over Vue nodes alike.
 */
function ring(canvas, node) {
  current?.remove();
  const element = (current = document.createElement("div"));
  element.className = "cfs-ring";
  element.setAttribute("aria-hidden", "true");
  element.style.cssText =
    "position:fixed;pointer-events:none;z-index:1;border-radius:12px;box-sizing:border-box;" +
    "border:2px solid var(--p-primary-color,#60a5fa);" +
    "box-shadow:0 0 0 4px color-mix(in srgb,var(--p-primary-color,#60a5fa) 30%,transparent)";
  (canvas.canvas.parentElement ?? document.body).append(element);
  if (!calm()) element.animate([{ opacity: 1 }, { opacity: 1, offset: 0.75 }, { opacity: 0 }], RING);
  const level = canvas.graph;
  const until = performance.now() + RING;
  const follow = () => {
    if (element !== current || performance.now() > until || canvas.graph !== level) return element.remove();
    lay(element, canvas, boundsOf(node));
    requestAnimationFrame(follow);
  };
  follow();
}

function lay(element, canvas, { x, y, width, height }) {
  const { scale, offset } = canvas.ds;
  const corner = canvas.canvas.getBoundingClientRect();
  element.style.left = `${corner.left + (x + offset[0]) * scale - MARGIN}px`;
  element.style.top = `${corner.top + (y + offset[1]) * scale - MARGIN}px`;
  element.style.width = `${width * scale + 2 * MARGIN}px`;
  element.style.height = `${height * scale + 2 * MARGIN}px`;
}

/** The colour that links of this type have in the person's palette ("#ff9cf9"); undefined where it has none of its own. */
export const linkColour = (type) =>
  app.canvas?.default_connection_color_byType?.[type] || app.canvas?.constructor?.link_type_colors?.[type] || undefined;
