// Differences between two versions, gathered by node: what was added, removed, fed otherwise or set to another value.

import { fill, h } from "../base/dom.mjs";
import { visible, whole } from "../base/names.mjs";
import { link } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { has, t } from "../base/texts.mjs";
import { shown } from "./changes.mjs";

const LONG = 60; // characters from which on a text is compared word by word, or folded
const ROWS = 12; // differences of one node before the rest is folded

/** [{old, new, rows: [{row, follows: [row]}]}] in the order that the differences have. */
export function grouped(differences) {
  const groups = new Map(), places = new Map();
  for (const [at, row] of differences.entries()) {
    const leader = places.get(row.follows);
    if (leader) { leader.follows.push(row); continue; }
    const key = `${row.old?.id ?? ""} ${row.new?.id ?? ""}`, made = { row, follows: [] };
    if (!groups.has(key)) groups.set(key, { old: row.old, new: row.new, rows: [] });
    groups.get(key).rows.push(made);
    places.set(at, made);
  }
  return [...groups.values()];
}

/** One node with all that is not as it was. `page`: {node(side), opened: Set of unfolded rows}. */
export function groupItem({ old, new: now, rows }, page) {
  const side = now ?? old, whole_ = rows.find(({ row }) => row.kind === "added" || row.kind === "removed")?.row;
  const about = [side.title && side.title !== side.class_type && visible(side.class_type), (side.within ?? []).length > 0 && t("compare.within", { names: side.within.map(visible).join(" / ") }),
    old && now && old.id !== now.id && t("compare.was", { id: visible(old.id) })].filter(Boolean).join(" · ");
  const list = h("ul", { class: "cfs-diffs" }), make = ({ row, follows }) => h("li", { class: `cfs-diff${isLong(row) ? " cfs-diff-long" : ""}` }, difference(row, page), follows.length > 0 && following(follows, page));
  list.append(...rows.slice(0, ROWS).map(make));
  if (rows.length > ROWS) {
    const more = link(t("understanding.more", { n: rows.length - ROWS }), () => { more.parentNode.remove(); list.append(...rows.slice(ROWS).map(make)); });
    list.append(h("li", null, more));
  }
  return h("li", { class: "cfs-diff-node" },
    h("div", { class: "cfs-diff-head" }, now ? page.node(now) : h("span", { class: "cfs-node" }, h("span", null, visible(old.title || old.class_type), " ", h("span", { class: "cfs-id" }, visible(old.id)))),
      whole_ && h("span", { class: `cfs-tag cfs-tag-${whole_.kind}` }, t(`compare.kind.${whole_.kind}`))),
    about && h("p", { class: "cfs-small cfs-muted" }, about), list);
}

/** What came of it elsewhere: readers that are fed by something else now. */
function following(rows, page) {
  return h("ul", { class: "cfs-follows" }, rows.slice(0, ROWS).map((row) => h("li", null, row.new ? page.node(row.new) : visible(row.old?.title), " ", h("span", { class: "cfs-muted" }, words(row)))),
    rows.length > ROWS && h("li", null, h("span", { class: "cfs-muted" }, t("workflow.more_nodes", { n: rows.length - ROWS }))));
}

const words = (row) => visible(said(row.text) || [row.input, shown(row.before), "→", shown(row.after)].join(" "));

const isLong = ({ before, after, words: told }) => told?.length > 0 || [before, after].some((one) => typeof one === "string" && (one.length > LONG || one.includes("\n")));

function difference(row, page) {
  const { kind, input, before, after } = row;
  if (kind === "added" || kind === "removed") return null;
  const name = input ? visible(input) : t(`compare.kind.${has(`compare.kind.${kind}`) ? kind : "changed"}`);
  const about = kind === "rewired" ? t("compare.kind.rewired") : kind === "seed" ? t("compare.drawn_anew") : "";
  return [h("span", { class: "cfs-diff-name" }, name, about && input && `${t("list.comma")}${about}`),
    isLong(row) ? texts(row, page) : pair(kind, before, after)];
}

/** "20 → 8"; a screen reader hears "before 20, now 8". */
function pair(kind, before, after) {
  const value = (one) => whole(kind === "switched" && has(`compare.state.${one}`) ? t(`compare.state.${one}`) : said(shown(one)));
  return h("p", { class: "cfs-diff-pair cfs-num" }, h("del", null, value(before)), h("i", { "aria-hidden": "true" }, "→"), h("ins", null, value(after)));
}

/** Long texts: the words that differ, and both whole where one asks. */
function texts({ before, after, words: told, old, new: now, input }, page) {
  const key = `${old?.id} ${now?.id} ${input}`, both = h("div", { class: "cfs-both", hidden: true });
  const short = told?.length ? h("p", { class: "cfs-words", dir: "auto" }, told.flatMap(([sign, text]) => [" ", h(sign === "-" ? "del" : sign === "+" ? "ins" : "span", null, visible(text))])) : pair("changed", before, after);
  const show = (open) => {
    both.hidden = !open;
    if (open && !both.hasChildNodes()) fill(both, side("compare.before", before), side("compare.after", after));
    press.setAttribute("aria-expanded", String(open));
    page.opened[open ? "add" : "delete"](key);
  };
  const press = link(t("compare.both"), () => show(both.hidden), { class: "cfs-link cfs-small", "aria-expanded": "false" });
  if (page.opened.has(key)) show(true);
  return [short, press, both];
}

function side(label, value) {
  return h("div", null, h("p", { class: "cfs-label" }, t(label)), h("p", { class: "cfs-both-text", dir: "auto" }, shown(value, 20_000)));
}
