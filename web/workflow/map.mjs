// A workflow as a drawn map: boxes and curves, nodes that lack something dashed and with a triangle.

import { h } from "../base/dom.mjs";
import { visible } from "../base/names.mjs";
import { t } from "../base/texts.mjs";

const WIDE = 288; // px the map is drawn wide in a narrow panel
const MOST = 0.62; // height in parts of the width, for tall graphs

/** The map as a figure, or null when there is nothing to draw. `go(id)` is called on a box; null: boxes only show. */
export function graphMap(map, go) {
  if (!map?.boxes?.length) return null;
  const marked = new Set(map.marked);
  const unit = Math.max(map.width / WIDE, map.height / (WIDE * MOST), 0.001);
  const about = sentence(map, marked.size);
  const svg = h("svg", { class: "cfs-map", viewBox: frame(map, unit), role: "img", "aria-label": about });
  svg.append(h("path", { class: "cfs-map-link", d: curves(map) }));
  map.boxes.forEach((box, at) => svg.append(drawn(box, marked.has(at), unit, go)));
  map.boxes.forEach((box, at) => marked.has(at) && svg.append(h("path", { class: "cfs-map-tri", d: triangle(box, 4.5 * unit) })));
  const note = caption(map);
  return h("figure", { class: "cfs-figure" }, svg, note && h("figcaption", { class: "cfs-muted" }, note));
}

function drawn(box, missing, unit, go) {
  const can = go && box.id && box.kind !== "group" && box.kind !== "note";
  const rect = h("rect", {
    class: `cfs-map-${missing ? "miss" : box.kind}${can ? " cfs-map-go" : ""}`,
    x: box.x, y: box.y, width: box.w, height: box.h, rx: 2 * unit,
    onclick: can ? () => go(String(box.id)) : null,
  });
  rect.append(h("title", null, visible(`${box.label} ${box.id ?? ""}`.trim())));
  return rect;
}

function frame(map, unit) {
  const edge = 8 * unit;
  const wide = Math.max(map.width, WIDE * unit) + 2 * edge;
  const tall = Math.max(map.height, 60 * unit) + 2 * edge;
  return [-(wide - map.width) / 2, -(tall - map.height) / 2, wide, tall].join(" ");
}

function curves(map) {
  const parts = [];
  for (const [start, end] of map.links) {
    const from = map.boxes[start], to = map.boxes[end];
    if (!from || !to) continue;
    const x1 = from.x + from.w, y1 = from.y + from.h / 2, x2 = to.x, y2 = to.y + to.h / 2;
    const bend = Math.max(Math.abs(x2 - x1) / 2, map.width / 60);
    parts.push(`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  }
  return parts.join("");
}

const triangle = (box, r) => `M${box.x + box.w} ${box.y - r}l${r * 1.1} ${r * 1.9}h${-2.2 * r}z`;

function sentence(map, marked) {
  const boxes = t("workflow.map.boxes", { n: map.boxes.length });
  return `${boxes} ${marked ? t("workflow.map.marked", { n: marked }) : t("workflow.map.unmarked")}`;
}

function caption(map) {
  const out = [];
  if (map.title) out.push(t("workflow.map.inside", { title: visible(map.title) }));
  if (map.outside) out.push(t("workflow.map.outside", { n: map.outside }));
  if (map.more) out.push(t("workflow.map.more", { n: map.more }));
  return out.join(" ");
}
