// The stages of a workflow as numbered dots, with curves in the colours that ComfyUI's links have. A list beside it says the same.

import { h, say, set } from "../base/dom.mjs";
import { visible } from "../base/names.mjs";
import { said } from "../base/said.mjs";
import { number, t } from "../base/texts.mjs";

const DOT = 11, EDGE = 28, LABEL = 11, TALL = 320; // px: radius, margin, size of the words, height at most
const GAP = 5; // px between two labels
const STEP = 104; // px between two columns at most: a short way is not drawn out
const CLOSE = 2 * DOT + 5; // px between two columns at least; below it the drawing is wider than the panel and scrolls
const COLOURS = {
  MODEL: "#b39ddb", CLIP: "#ffd500", VAE: "#ff6e6e", CONDITIONING: "#ffa931", LATENT: "#ff9cf9", IMAGE: "#64b5f6", MASK: "#81c784",
  CONTROL_NET: "#6ee7b7", STYLE_MODEL: "#c2ffae", CLIP_VISION: "#a8dadc", CLIP_VISION_OUTPUT: "#ad7452", NOISE: "#b0b0b0", GUIDER: "#66ffff", SAMPLER: "#ecb4b4", SIGMAS: "#cdffcd",
};
const COLOUR = /^#[\da-f]{3,8}$/i;

/**
 * `drawn`: {dots, links} as the server placed them. `page`: {titles: of the stages in their order, missing: Set of node ids,
 * colour(type), go(id) or null, width: px for the first look}. Null where there is nothing to draw.
 */
export function stageDrawing(drawn, page) {
  if (!drawn?.dots?.length) return null;
  const about = h("p", { class: "cfs-drawn-about", "aria-hidden": "true" }, "\u00a0"), frame = h("div", { class: "cfs-drawn" });
  let wide = 0;
  const draw = (width) => {
    if (Math.abs(width - wide) < 4 || width < 40) return;
    wide = width;
    const at = [...frame.querySelectorAll(".cfs-dot")].indexOf(document.activeElement);
    frame.replaceChildren(picture(drawn, page, width, (text) => say(about, text || "\u00a0")));
    if (at >= 0) frame.querySelectorAll(".cfs-dot")[at]?.focus({ preventScroll: true });
  };
  draw(page.width);
  new ResizeObserver(([one]) => draw(Math.floor(one.contentRect.width))).observe(frame);
  return h("figure", { class: "cfs-figure cfs-drawing" }, frame, page.go && about);
}

function picture(drawn, page, width, tell) {
  const dots = placed(drawn.dots, width), right = Math.max(...dots.map((one) => one.px)) + EDGE, wide = Math.max(width, right), tall = Math.max(...dots.map((one) => one.py + (one.below ? 32 : DOT + 5)));
  const svg = h("svg", { viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, role: page.go ? "group" : "img", "aria-label": sentence(drawn, page) });
  for (const [from, to, type] of drawn.links) {
    const a = dots[from], b = dots[to];
    if (a && b && a !== b) svg.append(h("path", { class: "cfs-wire", d: curve(a, b), style: { "--wire": colour(type, page) } }));
  }
  const marks = dots.map((one, at) => dot(one, at, page, tell));
  svg.append(...marks);
  if (page.go) svg.addEventListener("keydown", (event) => move(event, marks));
  return svg;
}

/** Places in px. Rows stand apart so that words fit between them; columns share the width. */
function placed(dots, width) {
  const xs = dots.map((one) => one.x), left = Math.min(...xs), span = Math.max(...xs) - left || 1;
  const columns = [...new Set(xs)].sort((a, b) => a - b), rows = [...new Set(dots.map((one) => one.y))].sort((a, b) => a - b), high = rows.at(-1) - rows[0];
  const least = columns.length > 1 ? Math.min(...columns.slice(1).map((x, at) => x - columns[at])) : span;
  const room = Math.min(width - 2 * EDGE, STEP * (columns.length - 1)), needed = columns.length > 1 ? (CLOSE / least) * span : 0;
  const scale = columns.length > 1 ? Math.max(room, Math.min(needed, CLOSE * (columns.length - 1))) : 0, begin = Math.max(EDGE, (width - scale) / 2);
  const fit = Math.min(1, TALL / (high || 1));
  const out = dots.map((one) => ({ ...one, px: begin + ((one.x - left) / span) * scale, py: 30 + (one.y - rows[0]) * fit, below: one.above === false, label: said(one.label) }));
  if (fit < 0.8) return out;
  for (const y of rows) for (const below of [true, false]) label(out.filter((one) => one.y === y && one.below === below).sort((a, b) => a.px - b.px), Math.max(width, begin + scale + EDGE));
  return out;
}

/** Words over one line of dots: they lean away from each other, and where that is not enough they are cut. */
function label(line, width) {
  const all = line.map((one) => ({ one, text: visible(one.label), x: one.px, half: long(visible(one.label)) / 2 }));
  const lean = (each, by) => {
    const most = Math.max(0, each.half - DOT / 2), x = Math.min(Math.max(each.x + by, each.one.px - most), each.one.px + most);
    each.x = Math.min(Math.max(x, each.half + 2), Math.max(each.half + 2, width - each.half - 2));
  };
  for (const each of all) lean(each, 0);
  for (let pass = 0; pass < 6; pass += 1) {
    for (const [at, right] of all.entries()) {
      const left = all[at - 1], over = left ? left.x + left.half + GAP - (right.x - right.half) : 0;
      if (over > 0) { lean(left, -over / 2); lean(right, over / 2); }
    }
  }
  for (const [at, { one, text, x, half }] of all.entries()) {
    const before = all[at - 1], after = all[at + 1], near = Math.min(before ? x - before.x - before.half - GAP : Infinity, after ? after.x - after.half - GAP - x : Infinity);
    Object.assign(one, near >= half - 1 ? { words: text, at: x } : { words: fitted(text, one, line[at - 1], line[at + 1]), at: one.px });
  }
}

const long = (text) => [...text].reduce((sum, char) => sum + (char > "\u2e7f" ? LABEL : LABEL * 0.56), 0);

/** As much of the label as has room between its neighbours; "" where that says nothing. */
function fitted(text, one, before, after) {
  const room = Math.min(before ? one.px - before.px : Infinity, after ? after.px - one.px : Infinity, 2 * one.px) - GAP;
  if (long(text) <= room) return text;
  const most = Math.floor(room / (LABEL * 0.56)) - 1;
  return most < 5 ? "" : `${[...text].slice(0, most).join("").trimEnd()}…`;
}

function curve(a, b) {
  if (Math.abs(b.px - a.px) < DOT) return `M${a.px} ${a.py}L${b.px} ${b.py}`;
  const bend = Math.max(14, Math.abs(b.px - a.px) / 2) * (b.px < a.px ? -1 : 1);
  return `M${a.px} ${a.py}C${a.px + bend} ${a.py} ${b.px - bend} ${b.py} ${b.px} ${b.py}`;
}

function colour(type, page) {
  const own = page.colour?.(type);
  return COLOUR.test(own ?? "") ? own : COLOURS[type] ?? "var(--line-strong)";
}

const lacks = (dot, page) => [...dot.nodes, ...(dot.loaders ?? [])].some((id) => page.missing.has(id));
const called = (dot, page) => visible(said(page.titles[dot.number - 1] || dot.label));

function dot(one, at, page, tell) {
  const { px, py } = one, missing = lacks(one, page), name = called(one, page), can = page.go && one.nodes.length > 0;
  const label = t(missing ? "understanding.drawing.lacking" : "understanding.drawing.stage", { number: number(one.number), name });
  const group = h("g", { class: `cfs-dot${missing ? " cfs-dot-missing" : ""}${one.key === "unknown" ? " cfs-dot-unknown" : ""}`, ...(can ? { role: "button", tabindex: at ? -1 : 0, "aria-label": label } : { "aria-hidden": "true" }) },
    h("circle", { class: "cfs-dot-hit", cx: px, cy: py, r: DOT + 3 }), h("circle", { class: "cfs-dot-body", cx: px, cy: py, r: DOT }),
    h("text", { class: "cfs-dot-number", x: px, y: py + 4 }, number(one.number)),
    one.words && h("text", { class: "cfs-dot-label", x: one.at, y: one.below ? py + DOT + 16 : py - DOT - 7 }, one.words),
    missing && h("path", { class: "cfs-dot-triangle", d: `M${px + DOT - 1} ${py - DOT - 4}l5.5 9.5h-11z` }));
  if (!can) group.append(h("title", null, label));
  const show = () => tell(label), hide = () => tell("");
  for (const [event, act] of [["pointerenter", show], ["pointerleave", hide], ["focus", show], ["blur", hide]]) group.addEventListener(event, act);
  if (can) group.addEventListener("click", () => page.go(one.nodes[0]));
  return group;
}

/** Arrows move between the dots, which are one stop of Tab; Enter and the space bar go to the node. */
function move(event, dots) {
  const all = dots.filter((one) => one.hasAttribute("tabindex")), at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") all[at].dispatchEvent(new MouseEvent("click"));
  else if (to === undefined) return;
  else if (all[to]) { for (const one of all) set(one, "tabindex", -1); set(all[to], "tabindex", 0); all[to].focus(); }
  event.preventDefault();
  event.stopPropagation();
}

function sentence(drawn, page) {
  const names = drawn.dots.map((one) => called(one, page)), missing = drawn.dots.filter((one) => lacks(one, page)).length;
  const shown = names.slice(0, 24).join(t("list.comma")) + (names.length > 24 ? " …" : "");
  return [t("understanding.drawing.name", { n: names.length, names: shown }), missing && t("understanding.drawing.missing", { n: missing })].filter(Boolean).join(t("list.sentences"));
}
