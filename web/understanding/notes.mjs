// The notes that a workflow's author left on the canvas, often Markdown, shown as text: never as markup.

import { fill, h } from "../base/dom.mjs";
import { visible } from "../base/names.mjs";
import { t } from "../base/texts.mjs";

const SHOWN = 400; // characters of a note before it is folded
const MARKDOWN_LINK = /!?\[([^\]]*)\]\((\S+?)(?:\s+"[^"]*")?\)/g;

/** One note as a row. `page.node(node, how)` gives the element that goes to its node. */
export function noteRow(one, page) {
  const long = one.text.length > SHOWN;
  const body = h("div", { class: "cfs-note-text", dir: "auto" }, written(long ? cut(one.text) : one.text));
  const more = long && h("button", { type: "button", class: "cfs-link", "aria-expanded": "false", onclick: () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    fill(body, written(open ? one.text : cut(one.text)));
    more.setAttribute("aria-expanded", String(open));
    more.textContent = t(open ? "understanding.note.less" : "understanding.note.all");
  } }, t("understanding.note.all"));
  return h("li", null, page.node({ id: one.id, title: one.title || t("understanding.note.untitled"), class_type: "" }, { quiet: true }), body, more);
}

/** The first lines of a long text; a line is kept whole unless it alone is too long. */
function cut(text) {
  const at = text.lastIndexOf("\n", SHOWN);
  return at > SHOWN / 2 ? `${text.slice(0, at).trimEnd()}\n…` : `${text.slice(0, SHOWN).trimEnd()} …`;
}

/** The text as lines: headings bold, bullets as dots, links as their words and where they lead. */
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
