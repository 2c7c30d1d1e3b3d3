// One proposed change: its box, what it brings and costs, why, who says so, and the file it needs.

import { h } from "../base/dom.mjs";
import { bytes } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { link } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { has, t } from "../base/texts.mjs";
import { source } from "./health.mjs";
import { sentences } from "./rows.mjs";

const QUALITY = ["better", "same", "slightly lower", "lower", "unknown"]; // the best first
const LONG = 80; // characters of a value before it is cut

const qualityOf = (word) => t(`tune.quality.${has(`tune.quality.${word.replace(" ", "_")}`) ? word.replace(" ", "_") : "unknown"}`);

/** "2.4 times as fast", "takes 10 % longer"; "" where it makes no difference that one would notice. */
function speed(factor) {
  if (factor === null || factor === undefined || !(factor > 0) || Math.abs(factor - 1) < 0.03) return "";
  if (factor > 1) return factor < 2 ? t("tune.slower", { n: Math.round((factor - 1) * 100) }) : t("tune.times_slower", { n: Number(factor.toFixed(1)) });
  return factor > 0.7 ? t("tune.faster", { n: Math.round((1 - factor) * 100) }) : t("tune.times_faster", { n: Number((1 / factor).toFixed(1)) });
}

/** What several changes come to together, as far as each says it: time and quality. */
export function effects(changes) {
  if (!changes.length) return "";
  const times = changes.map((one) => one.time), told = times.filter((one) => one > 0);
  const quality = QUALITY[Math.max(...changes.map((one) => Math.max(0, QUALITY.indexOf(one.quality))))];
  return [told.length > 0 && speed(told.reduce((all, one) => all * one, 1)), qualityOf(quality)].filter(Boolean).join(" · ");
}

/** The row. `page`: {chosen(id), tick(change, on), at(nodes), host, tell(text), opened: Set of unfolded ids}. */
export function changeRow(one, page) {
  const id = `cfs-change-${one.id.replace(/[^\w-]/g, "-")}`;
  const box = h("input", { type: "checkbox", id, "data-change": one.id, "data-key": id, checked: page.chosen(one.id), onchange: () => page.tick(one, box.checked) });
  const tags = [one.saves > 0 && t("tune.saves", { size: bytes(one.saves) }), one.saves < 0 && t("tune.costs", { size: bytes(-one.saves) }), speed(one.time), qualityOf(one.quality)].filter(Boolean);
  return h("li", { class: "cfs-change" }, h("div", { class: "cfs-check" }, box, h("div", null,
    h("p", null, h("label", { for: id }, h("b", null, whole(said(one.title)))), page.at(one.nodes)),
    h("p", { class: "cfs-small cfs-change-tags" }, tags.join(" · ")),
    (one.effect || one.reason) && h("p", { class: "cfs-small cfs-muted" }, sentences([one.effect, one.reason].map((text) => visible(said(text))))),
    needed(one.needs),
    h("p", { class: "cfs-small cfs-change-foot" }, source(one, page), details(one, page)),
  )));
}

function needed(file) {
  if (!file) return null;
  const size = file.size ? bytes(file.size) : t("plan.no_size");
  const words = file.here ? t("tune.file.here") : t(file.url ? "tune.file.fetch" : "tune.file.look", { size });
  return h("p", { class: "cfs-small cfs-change-file" }, icon(file.here ? "check" : "get"), h("span", null, whole(file.name), h("span", { class: "cfs-muted" }, ` · ${words}`, file.said_by && ` · ${visible(said(file.said_by))}`)));
}

/** What is written where, unfolded by its button. */
function details({ id, title, edits }, page) {
  if (!edits.length) return null;
  const body = h("ul", { class: "cfs-edits", hidden: !page.opened.has(id) }, edits.map(edit));
  const press = link(t("tune.edits", { n: edits.length }), () => {
    body.hidden = !body.hidden;
    page.opened[body.hidden ? "delete" : "add"](id);
    press.setAttribute("aria-expanded", String(!body.hidden));
  }, { class: "cfs-link cfs-quiet-link", "aria-expanded": String(!body.hidden), "aria-label": t("tune.edits_of", { name: visible(said(title)) }) });
  return [press, body];
}

function edit({ kind, node, input, before, after, values }) {
  const what = kind === "type" ? t("tune.edit.type", { node: visible(node) }) : t("tune.edit.value", { node: visible(node), input: visible(input) });
  const more = (values ?? []).map(([name, value]) => `${visible(name)} ${shown(value)}`).join(t("list.comma"));
  return h("li", null, h("span", { class: "cfs-muted" }, what), " ", whole(shown(before)), " → ", whole(shown(after)), more && h("span", { class: "cfs-muted" }, ` (${more})`));
}

/** A value as people read it: a text as it is, all else as JSON, cut where it is long. */
export function shown(value, most = LONG) {
  const text = typeof value === "string" ? value || t("compare.empty") : value === null || value === undefined ? t("compare.nothing") : JSON.stringify(value) ?? "";
  return visible(text.length > most ? `${text.slice(0, most).trimEnd()}…` : text);
}
