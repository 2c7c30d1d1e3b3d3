// The parts of an explained workflow: numbered stages, sections of rows, long lists folded. Rows come in words of the server.

import { h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { link } from "../base/parts.mjs";
import { source } from "./health.mjs";
import { said } from "../base/said.mjs";
import { has, lang, number, t } from "../base/texts.mjs";

const SHOWN = 12, STEP = 200; // rows of a list before it is folded, and how many each press adds
const SIGNS = { missing: "warn", unknown: "question", improve: "explain" };

const words = (text) => whole(said(text));

/** Sentences one after the other; one that stayed English is set off by a blank in any language. */
export const sentences = (all) => all.filter(Boolean).reduce((text, one) => (text ? `${text}${/[\x21-\x7e]$/.test(text) ? " " : t("list.sentences")}${one}` : one), "");

/** A section's heading in the person's language: the server says it in English. */
export const heading = ({ key, title }) => ((lang() !== "en" || !title) && has(`understanding.section.${key}`) ? t(`understanding.section.${key}`) : visible(title));

/** A part of the page with its heading. */
export function part(key, title, ...content) {
  return h("section", { class: `cfs-section cfs-part-${/^\w+$/.test(key) ? key : "other"}` }, h("h3", null, title), content);
}

/** A list whose end is folded where it is long. `make(row, at)` gives one element. */
export function folded(rows, make, { tag = "ul", look = "", shown = SHOWN } = {}) {
  const list = h(tag, { class: look }), first = rows.length > shown + 3 ? shown : rows.length;
  list.append(...rows.slice(0, first).map(make));
  if (first === rows.length) return [list];
  let at = first;
  const left = () => t("understanding.more", { n: Math.min(STEP, rows.length - at) }), of = () => (rows.length - at > STEP ? ` ${t("understanding.of", { n: rows.length - at })}` : "");
  const more = link("", () => {
    const from = list.children.length;
    list.append(...rows.slice(at, at + STEP).map((row, place) => make(row, at + place)));
    at = Math.min(rows.length, at + STEP);
    if (at === rows.length) more.remove(); else more.textContent = left() + of();
    const next = list.children[from];
    next?.setAttribute("tabindex", "-1");
    next?.focus({ preventScroll: true });
  }, { class: "cfs-link cfs-more" });
  more.textContent = left() + of();
  return [list, more];
}

/** The numbered way from what goes in to what comes out. `page.at(nodes)` gives the buttons of a row. */
export function stages(rows, page) {
  return folded(rows, (row, at) => h("li", { class: "cfs-stage", "data-number": at + 1 },
    h("span", { class: "cfs-stage-number", "aria-hidden": "true" }, number(at + 1)),
    h("div", null, h("b", null, words(row.title)), h("p", { class: "cfs-muted" }, row.text && words(row.text), page.at(row.nodes)), row.side && h("p", { class: "cfs-small cfs-muted" }, words(row.side)))),
  { tag: "ol", look: "cfs-stages", shown: 16 });
}

/** A section of the page, or null where it has no rows. */
export function section(given, page) {
  if (!given.rows.length) return null;
  const sign = SIGNS[given.key] ?? "info", make = (row) => (row.title ? named(row, page) : line(row, sign, page));
  const plain = given.rows.every((row) => !row.title);
  return part(given.key, [heading(given), given.rows.length > 9 && h("span", { class: "cfs-count" }, number(given.rows.length))], folded(given.rows, make, { look: plain ? "cfs-lines" : "cfs-table cfs-rows" }));
}

/** A row with a name: what stands at its right, and a sentence below. */
function named(row, page) {
  return h("li", { class: "cfs-named" },
    h("p", { class: "cfs-named-head" }, h("span", { class: "cfs-grow" }, row.code && [code(row, page), " "], h("b", null, whole(said(row.title))), page.at(row.nodes)), row.side && h("span", { class: "cfs-side" }, whole(said(row.side)))),
    row.text && h("p", { class: "cfs-muted" }, words(row.text)));
}

/** A sentence with a sign or a finding's code before it. */
export function line(row, sign, page) {
  return h("li", { class: row.code ? "cfs-said cfs-said-code" : "cfs-said" }, row.code ? code(row, page) : icon(sign),
    h("p", null, words(row.text), page.at(row.nodes), row.side && [" ", h("span", { class: "cfs-muted" }, words(row.side))]));
}

/** A finding's code; pressed, its paragraph stands below. */
function code(row, page) {
  const button = h("button", { type: "button", class: "cfs-code", "aria-expanded": "false", "aria-label": t("workflow.about_code", { code: row.code }), onclick: async () => {
    const item = button.closest("li"), old = item.querySelector(":scope > .cfs-about");
    old?.remove();
    button.setAttribute("aria-expanded", String(!old));
    if (old) return;
    const about = h("p", { class: "cfs-about" }, "…");
    item.append(about);
    const told = (await page.codes())[row.code];
    about.replaceChildren(h("b", null, told?.title ?? row.code), " ", told?.text ?? t("workflow.no_code"));
  } }, row.code);
  return button;
}

/** The facts that all of it was put together from, with who says so; unfolded by its button. */
export function factList(facts, page) {
  const place = h("div", { class: "cfs-facts-list", hidden: true });
  const press = link(t("understanding.facts", { n: facts.length }), () => {
    place.hidden = !place.hidden;
    press.setAttribute("aria-expanded", String(!place.hidden));
    if (!place.hasChildNodes()) place.append(...folded(facts, (fact) => h("li", null, h("p", null, words(fact.text), page.at(fact.nodes)),
      h("p", { class: "cfs-small cfs-muted" }, fact.url ? source(fact, page) : sourceOf(fact.source))), { look: "cfs-table", shown: 60 }));
  }, { "aria-expanded": "false", "data-key": "facts" });
  return [press, place];
}

const sourceOf = (source) => (source === "graph" ? t("understanding.from_graph") : visible(said(source)));
