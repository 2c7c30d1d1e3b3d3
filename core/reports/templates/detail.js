// What opens under a row: the map and its story on one side, the findings on the other.
function detail(row) {
  const found = row.findings.map(finding);
  const map = row.map && row.map[2].length ? bigMap(row) : null;
  const side = h("div", { class: "side small" },
    map && map.svg, map && map.caption && h("p", { class: "cap muted" }, map.caption),
    row.health && row.health.line && [h("h3", null, row.health.line), row.health.about && h("p", null, row.health.about)],
    row.story && !(row.health && row.health.broke) && [h("h3", null, "When did it break?"), h("p", null, row.story)],
    row.health && row.health.broke && [h("h3", null, "What broke it"), h("p", null, row.health.broke), h("ul", { class: "causes" }, row.health.causes.map(cause))],
    row.health && (row.health.notes.length > 0 || row.health.fit) && [h("h3", null, "Worth a look"), h("ul", null,
      row.health.fit && h("li", null, row.health.fit),
      row.health.notes.map(one => h("li", null, one.said, " ", source(one.source))))],
    row.older.length > 0 && [h("h3", null, "Older versions"), h("ul", null, row.older.map(one => h("li", null, `${one.name}: ${data.labels[one.status]}`)))],
    row.ignored > 0 && [h("h3", null, "Not counted"), h("p", null, `${plural(row.ignored, "reference")} in muted or bypassed nodes.`)],
    row.warnings.length > 0 && [h("h3", null, "Noticed while reading the file"), h("ul", null, texts(row.warnings).map(one => h("li", null, one)))]);
  return h("div", { class: "detail", id: "d-" + row.slug }, side, h("div", { class: "find-it small" }, lead(row, found), groups(found, map), acts(row, found)));
}
// Only the web's own schemes become links; anything else stays text.
const source = said => said && (/^https?:\/\//.test(said) ? h("a", { class: "link", href: said, rel: "noopener noreferrer", target: "_blank", title: said }, "Source") : h("span", { class: "muted" }, `(${said})`));
const cause = one => h("li", null, one.why, one.shown && h("span", { class: "muted" }, ` ${one.shown}`), one.fix && h("p", { class: "fix" }, one.fix));
function lead(row, found) {
  const status = data.order[row.status];
  const size = `${plural(row.nodes, "node")}${row.models ? `, ${plural(row.models, "model file")}` : ""}.`;
  const here = found.filter(one => one.code !== "MODEL004" && one.evidence.some(e => e.word === data.evidence[1])).length;
  const away = found.filter(settled).length;
  const line = status === "runnable" ? "Nothing it needs is missing here." : status !== "blocked" ? "" : [
    here && `${here} of these ${here === 1 ? "is" : "are"} already on this disk.`,
    away && `Where to get ${here ? `${away} more` : `${away} of these`} is known.`].filter(Boolean).join(" ");
  return [h("h3", { class: "lead" }, mark(status), h("span", null, row.lead || data.labels[status])),
    h("p", { class: "muted" }, [line, row.nodes ? size : ""].filter(Boolean).join(" "))];
}
function groups(found, map) {
  return data.groups.map((title, number) => {
    const mine = found.filter(one => one.group === number);
    if (!mine.length) return null;
    const items = mine.map(one => item(one, map));
    const heading = [title, h("span", { class: "num" }, String(mine.reduce((sum, one) => sum + (one.types.length || 1), 0)))];
    if (number === data.groups.length - 1) return h("details", { class: "group good-to-know" }, h("summary", null, heading), h("div", null, items));
    return h("section", { class: "group" }, h("h4", null, heading), h("div", null, items));
  });
}
function item(one, map) {
  const many = one.types.length > 0;
  return h("article", { class: "finding" },
    h("div", { class: "what-it-is" }, h("h5", null, one.weight === "unknown" && mark("unknown"), whole(many ? one.pack : one.name)), code(one)),
    h("p", { class: "muted" }, many ? `${data.codes[one.code] ? data.codes[one.code][0] : one.code}: ${plural(one.types.length, "node type")} of this pack.` : one.message),
    many && h("p", { class: "types" }, one.types.join(", ")),
    one.nodes.length > 0 && nodeLine(one, map),
    evidence(one), one.found && verdictBox(one.found),
    one.evidence.length === 0 && !settled(one) && links(one).length > 0 && h("div", { class: "box" }, claimed(one)),
    one.fixes.map(fix => h("p", { class: "fix" }, fix)));
}
function code(one) {
  const known = data.codes[one.code];
  if (!known) return h("span", { class: "code" }, one.code);
  const button = h("button", { type: "button", class: "code", "aria-expanded": "false", title: known[0], onclick: () => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) button.closest(".finding").querySelector(".about").remove();
    else button.parentNode.after(h("p", { class: "about" }, h("b", null, known[0]), known[2]));
  } }, one.code);
  return button;
}
function nodeLine(one, map) {
  const most = 8;
  const shown = one.nodes.slice(0, most).map(node => {
    const label = [`${node.title} `, h("span", { class: "muted num" }, node.id)];
    return map && map.has(node.id)
      ? h("button", { type: "button", class: "node", title: "Show on the map", onclick: () => map.light(node.id) }, icon("target"), h("span", null, label))
      : h("span", { class: "node" }, h("span", null, label));
  });
  return h("div", { class: "nodes" }, shown, one.nodes.length > most && h("span", { class: "node muted" }, `and ${one.nodes.length - most} more`));
}
// What the workflow only claims is not said again once it was checked.
const settled = one => one.found !== null && one.found.state === FOUND;
function evidence(one) {
  const boxes = [];
  for (const word of [data.evidence[1], data.evidence[2], ""]) {
    const mine = one.evidence.filter(e => e.word === word);
    if (!mine.length || (word === data.evidence[2] && settled(one))) continue;
    const is = word === data.evidence[1];
    boxes.push(h("div", { class: "box" }, header(word, boxes.length ? "" : one.size),
      mine.map(e => h("p", null, e.said, e.path && !e.said.includes(e.path) && [h("br"), h("span", { class: "muted" }, whole(e.path))])),
      !is && word && links(one)));
  }
  return boxes;
}
const header = (word, size) => (word || size) && h("p", { class: "word" + (word === data.evidence[1] ? " here" : "") },
  h("span", null, word === data.evidence[1] && icon("check"), word === data.evidence[2] && icon("quote"), word), h("span", { class: "num" }, size));
const claimed = one => [header(data.evidence[2], one.size), links(one)];
// Only the web's own schemes become links; anything else stays text.
function links(one) {
  return one.urls.slice(0, 3).map(url => {
    let host = "";
    try { const parsed = new URL(url); if (parsed.protocol === "https:" || parsed.protocol === "http:") host = parsed.host; } catch { /* not an address */ }
    if (!host) return h("p", null, whole(url));
    return h("p", null, "The author's link: ", h("a", { class: "link", href: url, rel: "noopener noreferrer", target: "_blank", title: url }, host), ", not checked.");
  });
}
function report(row, found) {
  const lines = [`${row.folder ? row.folder + "/" : ""}${row.name}: ${row.lead || data.labels[data.order[row.status]]}`];
  for (const one of found) {
    lines.push(`- ${one.code} ${one.name}${one.size ? ` (${one.size})` : ""}: ${one.message}`);
    for (const e of one.evidence) lines.push(`    ${e.word ? e.word.toLowerCase() + ": " : ""}${e.said}`);
    if (one.found) lines.push(`    ${verdictLine(one.found)}`);
    for (const fix of one.fixes) lines.push(`    fix: ${fix}`);
  }
  return lines.join("\n") + "\n";
}
function acts(row, found) {
  const button = h("button", { type: "button", class: "btn", "data-report": true, onclick: () => copy(report(row, found), button) }, icon("copy"), "Copy report");
  return h("div", { class: "acts" }, button);
}
