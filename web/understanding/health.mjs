// When a workflow broke and why, with what says so and what mends it; and what practice has to say about it.

import { h } from "../base/dom.mjs";
import { weekday } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { link } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { number, t } from "../base/texts.mjs";

const SIGNS = { file_gone: "file", file_changed: "file", pack_failed: "pack", pack_updated: "pack", pack_gone: "pack", comfyui_updated: "again", workflow_edited: "flow", unknown: "question" };
const COMPARED = new Set(["compare"]); // fixes that begin with a look at the last good version; a file that nobody can read has none
const CAUSES = 4; // shown before "and 3 more"
const NOTES = 5;

/** "Broke on Tue 24 Nov because …", or null. `page`: the workflow's page. */
export function healthNote(workflow, page) {
  const { broke } = workflow.health ?? {};
  if (!broke) return null;
  const all = broke.because ?? [], id = "cfs-broke";
  const compare = broke.last_good !== null && broke.last_good !== undefined && link(t("health.compare"), () => page.aside("compare", { good: true }), { "data-key": "compare-good" });
  return h("section", { class: "cfs-broke", "aria-labelledby": id },
    h("h3", { id }, icon("heart"), h("span", null, t(all.length ? "health.because" : "health.broke", { day: weekday(broke.when) }))),
    all.length > 0 && causes(all, page),
    h("p", { class: "cfs-small cfs-muted cfs-broke-foot" }, broke.last_good ? t("health.last_good", { day: weekday(broke.last_good) }) : t("health.never_good"),
      compare && [" ", compare]));
}

function causes(all, page) {
  const list = h("ul", { class: "cfs-causes" }, all.slice(0, CAUSES).map((one) => cause(one, page)));
  if (all.length <= CAUSES) return list;
  const more = link(t("workflow.more_nodes", { n: all.length - CAUSES }), () => { more.parentNode.remove(); list.append(...all.slice(CAUSES).map((one) => cause(one, page))); });
  list.append(h("li", { class: "cfs-cause-more" }, more));
  return list;
}

function cause(one, page) {
  const mend = one.fix && mender(one, page);
  return h("li", null, icon(SIGNS[one.cause] ?? "info"), h("div", null,
    h("p", { class: "cfs-cause" }, visible(said(one.text))),
    one.evidence && h("p", { class: "cfs-small cfs-muted" }, whole(short(said(one.evidence), page))),
    mend && h("p", { class: "cfs-small" }, mend)));
}

/** Paths are told from ComfyUI's folder on. */
function short(text, { store }) {
  const base = store.state.library?.place?.place?.replace(/[\\/]+$/, "");
  return base ? text.replaceAll(`${base}/`, "").replaceAll(`${base}\\`, "") : text;
}

/** What mends it, as the way there: to the comparison, to its finding, to the look-up; else the sentence. */
function mender({ text, evidence, fix, fix_kind: kind }, page) {
  const found = (page.workflow.findings ?? []).find((one) => one.weight === "blocked" && one.name && (text.includes(one.name) || evidence?.includes(one.name)));
  const act = COMPARED.has(kind) ? () => page.aside("compare", { good: true }) : found ? () => page.reveal({ name: found.name }) : kind === "resolve" ? () => page.resolve() : null;
  const words = visible(said(fix));
  return act ? link([words, icon("right")], act, { class: "cfs-link cfs-mend" }) : words;
}

/** What practice says about this workflow: good to know, never a verdict. Null where it says nothing. */
export function practiceNotes(workflow, page) {
  const all = workflow.health?.practice ?? [];
  if (!all.length) return null;
  const list = h("ul", { class: "cfs-practice" }, all.slice(0, NOTES).map((one) => practice(one, page)));
  const more = all.length > NOTES && link(t("workflow.more_nodes", { n: all.length - NOTES }), () => { more.remove(); list.append(...all.slice(NOTES).map((one) => practice(one, page))); });
  return h("section", { class: "cfs-section cfs-part-practice" }, h("h3", null, t("health.practice"), h("span", { class: "cfs-count" }, number(all.length))), list, more);
}

function practice(one, page) {
  const nodes = (one.nodes ?? []).slice(0, 4).map((id) => page.node({ id: String(id), title: "", class_type: t("workflow.node") }, { quiet: true }));
  return h("li", null, icon(one.weight > 1 ? "warn" : "info"), h("div", null, h("p", null, visible(said(one.text))),
    h("p", { class: "cfs-small cfs-muted cfs-practice-about" }, nodes, source(one, page))));
}

/** A source in words: what stands in our own tables is named after the page behind it. */
function sourceName(from, url = "") {
  if (!/^knowledge\//.test(from ?? "")) return visible(said(from) || url);
  try { return visible(new URL(url).host); } catch { return t("understanding.own_table"); }
}

/** Who says so; its page is opened only by the person. */
export function source({ source: from, url }, page) {
  if (!from && !url) return null;
  const words = sourceName(from, url);
  if (!/^https?:/i.test(url ?? "")) return h("span", null, words);
  return link([words, icon("open")], () => { if (!page.host.openPage(url)) page.tell(t("resolution.not_opened")); }, { class: "cfs-link cfs-source", title: visible(url), "aria-label": t("understanding.source_of", { source: words }) });
}
