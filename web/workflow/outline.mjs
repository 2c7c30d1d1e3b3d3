// What the graph says of itself: its author's notes, what goes in and comes out, its models by role, packs, counts.

import { fill, h } from "../base/dom.mjs";
import { pack } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { has, number, t } from "../base/texts.mjs";

const SHOWN = 400; // characters of a note before it is folded
const QUIET = { quiet: true }; // a node's button without the words "open workflow": there are many
const MARKDOWN_LINK = /!?\[([^\]]*)\]\((\S+?)(?:\s+"[^"]*")?\)/g;

/** The sections of the explanation. `page.node(node)` gives the element that goes to a node. */
export function outlineSections(outline, page) {
  if (!outline) return [h("p", { class: "cfs-section cfs-muted" }, t("workflow.explain.none"))];
  const { counts, notes, groups, models, inputs, outputs, packs } = outline;
  return [
    section("inputs", inputs.map((one) => line(one.name || t("workflow.explain.chosen_later"), page.node(asNode(one), QUIET))), t("workflow.explain.no_inputs")),
    section("outputs", outputs.map((one) => h("li", null, page.node(asNode(one), QUIET))), t("workflow.explain.no_outputs")),
    section("models", models.map((one) => model(one, page))),
    section("notes", notes.map((one) => note(one, page))),
    section("groups", groups.map((title) => h("li", null, icon("flow"), h("span", null, visible(title)))), "", "cfs-plain"),
    section("packs", packs.map((one) => line(one.name ? pack(one.name) : t("workflow.explain.unknown_pack"), t("workflow.nodes", { n: one.nodes })))),
    h("section", { class: "cfs-section" }, h("p", { class: "cfs-muted" }, size(counts), " ", t("workflow.explain.source"))),
  ].filter(Boolean);
}

function section(name, rows, empty = "", look = "cfs-table") {
  if (!rows.length && !empty) return null;
  return h("section", { class: "cfs-section" },
    h("h3", null, t(`workflow.explain.${name}`), rows.length > 1 && h("span", { class: "cfs-count" }, number(rows.length))),
    rows.length ? h("ul", { class: look }, rows) : h("p", { class: "cfs-muted" }, empty));
}

const asNode = (one) => ({ id: one.node_id, title: one.title, class_type: one.class_type });

const line = (name, ...about) => h("li", null, h("b", null, whole(name)), h("span", { class: "cfs-muted" }, ...about));

/** A file and its role: what the folder it is read from holds. */
function model(one, page) {
  const [folder] = one.folders, role = `workflow.role.${folder}`;
  const about = folder ? (has(role) ? t(role) : visible(folder)) : t("workflow.explain.no_folder");
  return h("li", { class: one.active ? null : "cfs-off" },
    h("b", null, whole(one.name)),
    h("span", { class: "cfs-muted" }, about, !one.active && ` · ${t("workflow.explain.off")}`),
    page.node({ id: one.node_id, title: one.class_type, class_type: one.class_type }, QUIET));
}

function note(one, page) {
  const long = one.text.length > SHOWN;
  const body = h("div", { class: "cfs-note-text", dir: "auto" }, written(long ? cut(one.text) : one.text));
  const more = long && h("button", { type: "button", class: "cfs-link", "aria-expanded": "false", onclick: () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    fill(body, written(open ? one.text : cut(one.text)));
    more.setAttribute("aria-expanded", String(open));
    more.textContent = t(open ? "workflow.explain.less" : "workflow.explain.all");
  } }, t("workflow.explain.all"));
  return h("li", null, page.node({ id: one.id, title: one.title || t("workflow.explain.note"), class_type: "" }, QUIET), body, more);
}

/** The first lines of a long text; a line is kept whole unless it alone is too long. */
function cut(text) {
  const at = text.lastIndexOf("\n", SHOWN);
  return `${text.slice(0, at > SHOWN / 2 ? at : SHOWN).trimEnd()} …`;
}

/** An author's text, often Markdown, as lines: headings bold, bullets as dots, links as their words. Never markup. */
function written(text) {
  return text.split(/\r?\n/).map((row) => {
    const [, mark, rest] = /^\s*(#{1,6}\s|[-*+]\s)?(.*)$/s.exec(cells(row.replaceAll("\t", "  ")));
    const said = visible(rest.replace(MARKDOWN_LINK, (_all, words, url) => (words && words !== url ? `${words} (${host(url)})` : url)));
    if (mark?.startsWith("#")) return h("p", { class: "cfs-strong" }, said);
    return h("p", null, mark ? `• ${said}` : said || "\u00a0");
  });
}

/** A line of a Markdown table as its cells; the line between head and body as nothing. */
function cells(row) {
  if (!/^\s*\|.*\|\s*$/.test(row)) return row;
  return row.split("|").map((one) => one.trim()).filter((one) => one && !/^:?-+:?$/.test(one)).join(" · ");
}

function host(url) {
  try { return new URL(url).host || url; } catch { return url; }
}

function size(counts) {
  const off = counts.muted + counts.bypassed, out = [t("workflow.nodes", { n: counts.nodes })];
  if (off) out.push(t("workflow.explain.switched_off", { n: off }));
  if (counts.subgraphs) out.push(t("workflow.explain.subgraphs", { n: counts.subgraphs }));
  return `${out.join(" · ")}${t("workflow.stop")}`;
}
