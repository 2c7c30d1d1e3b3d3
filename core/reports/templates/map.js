// A workflow as a drawn map: boxes and curves, missing nodes dashed and with a triangle.
function unpackMap(packed) {
  const [title, [width, height, outside, more], flat, links, marked] = packed;
  const boxes = [];
  for (let at = 0; at < flat.length; at += 7) {
    const [x, y, w, tall, kind, label, id] = flat.slice(at, at + 7);
    boxes.push({ x, y, w, h: tall, kind: data.kinds[kind], label: text(label), id: text(id) });
  }
  return { title: text(title), width, height, outside, more, boxes, links, marked: new Set(marked) };
}
const curves = map => {
  let path = "";
  for (let at = 0; at < map.links.length; at += 2) {
    const from = map.boxes[map.links[at]], to = map.boxes[map.links[at + 1]];
    if (!from || !to) continue;
    const x1 = from.x + from.w, y1 = from.y + from.h / 2, x2 = to.x, y2 = to.y + to.h / 2;
    const bend = Math.max(Math.abs(x2 - x1) / 2, map.width / 60);
    path += `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  return path;
};
const outline = ({ x, y, w, h: tall }) => `M${x} ${y}h${w}v${tall}h${-w}z`;
const triangle = (box, r) => `M${box.x + box.w} ${box.y - r}l${r * 1.1} ${r * 1.9}h${-2.2 * r}z`;

// Small map of a row: one path for each kind of thing, so that a hundred rows stay cheap.
function thumb(row) {
  const svg = s("svg", { class: "thumb", "aria-hidden": "true" });
  if (!row.map || !row.map[2].length) {
    if (row.map) return svg;
    svg.setAttribute("viewBox", "0 0 96 48");
    svg.append(s("path", { class: "m-off", d: "M41 16l14 16M55 16L41 32" }));
    return svg;
  }
  const map = unpackMap(row.map);
  frame(svg, map, 2);
  const paths = { node: "", group: "", note: "", off: "", miss: "", tri: "" };
  map.boxes.forEach((box, at) => {
    paths[map.marked.has(at) ? "miss" : box.kind] += outline(box);
    if (map.marked.has(at)) paths.tri += triangle(box, svgUnit(map, 2) * 3.2);
  });
  svg.append(s("path", { class: "m-link", d: curves(map) }));
  for (const [kind, d] of Object.entries(paths)) if (d) svg.append(s("path", { class: "m-" + kind, d }));
  return svg;
}
// Map units per pixel when the map is shown about 96 or 520 pixels wide.
const svgUnit = (map, ratio) => Math.max(map.width / 88, map.height / (88 / ratio));
function frame(svg, map, ratio) {
  const edge = svgUnit(map, ratio) * 4;
  let width = map.width + 2 * edge, height = map.height + 2 * edge;
  const wide = Math.max(width, height * ratio), tall = ratio === 2 ? wide / 2 : height;
  svg.setAttribute("viewBox", `${-edge - (wide - width) / 2} ${-edge - (tall - height) / 2} ${wide} ${tall}`);
}
const sentence = (row, map) => {
  const where = map.title ? `The graph inside “${map.title}”` : "The graph";
  const missing = map.marked.size ? `${plural(map.marked.size, "node")} with something missing` : "no node is marked";
  return `${where}: ${plural(map.boxes.length, "box", "boxes")} drawn, ${missing}.`;
};
// The big map under an open row; `light(id)` rings a node.
function bigMap(row) {
  const map = unpackMap(row.map);
  const svg = s("svg", { class: "big", role: "img", "aria-label": sentence(row, map) });
  frame(svg, map, 1.4);
  const unit = map.width / 500, places = new Map();
  svg.append(s("path", { class: "m-link", d: curves(map) }));
  map.boxes.forEach((box, at) => {
    const kind = map.marked.has(at) ? "miss" : box.kind;
    const shape = s("rect", { class: "m-" + kind, x: box.x, y: box.y, width: box.w, height: box.h, rx: 2 * unit });
    shape.append(s("title", null, box.label + (box.id ? ` ${box.id}` : "")));
    svg.append(shape);
    if (kind === "miss") svg.append(s("path", { class: "m-tri", d: triangle(box, 5 * unit) }));
    places.set(box.id, box);
  });
  let ring = null;
  const light = id => {
    const box = places.get(id);
    if (!box) return;
    if (ring) ring.remove();
    const edge = 3 * unit;
    ring = s("rect", { class: "m-lit", x: box.x - edge, y: box.y - edge, width: box.w + 2 * edge, height: box.h + 2 * edge, rx: 4 * unit });
    svg.append(ring);
    svg.scrollIntoView({ block: "nearest" });
    say(`${box.label} ${id} is marked on the map.`);
  };
  return { svg, light, has: id => places.has(id), caption: caption(map) };
}
function caption(map) {
  const parts = [map.title ? `The graph inside “${map.title}”.` : ""];
  if (map.marked.size) parts.push(`${plural(map.marked.size, "node")} ${map.marked.size === 1 ? "lacks" : "lack"} something.`);
  if (map.outside) parts.push(`${map.outside} more ${map.outside === 1 ? "is" : "are"} outside this graph, see the list.`);
  if (map.more) parts.push(`${plural(map.more, "box", "boxes")} left out, the graph is too large to draw.`);
  return parts.filter(Boolean).join(" ");
}
