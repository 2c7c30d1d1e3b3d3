// "Explain this workflow": what it makes, how, with which models, what to change first, whether it fits, what to keep in mind.

import { h } from "../base/dom.mjs";
import { verdict } from "../base/format.mjs";
import { icon, statusIcon } from "../base/icons.mjs";
import { visible } from "../base/names.mjs";
import { iconButton, note } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { number, t } from "../base/texts.mjs";
import { codesOf } from "../workflow/memory.mjs";
import { stageDrawing } from "./drawing.mjs";
import { fitBlock } from "./fit.mjs";
import { Understood, began } from "./frame.mjs";
import { noteRow } from "./notes.mjs";
import { reader, readerSwitch } from "./reader.mjs";
import { factList, folded, heading, part, section, stages } from "./rows.mjs";

const HOLLOW = new Set(["fit", "mind", "missing", "improve", "notes"]); // sections that an empty graph has as well
const AFTER_FIT = new Set(["mind", "missing", "improve", "unknown", "notes"]); // what stands below "Will it fit?"

/** `view`: {page: "workflow", slug, focus: "explain"} or {page: "open", focus: "explain"}. */
export const explainPage = (store, host, view, panel) => began(new Explain(store, host, view, panel, "explained"));

class Explain extends Understood {
  ask(subject, how) { return this.client.explain(subject, how); }
  marks() { return [reader()]; }

  /** The key that opens this page leads back, too. */
  explain() { this.aside(""); }

  get page() { return this.answer?.pages?.[reader()] ?? Object.values(this.answer?.pages ?? {})[0] ?? null; }

  head() {
    const { answer } = this, markdown = answer?.markdown?.[reader()];
    const copy = markdown && iconButton("copy", t("understanding.copy"), () => this.copy(markdown, copy), { "data-key": "copy" });
    return [answer && readerSwitch(() => { this.draw(); this.panel?.announce?.(t(`understanding.reader.${reader()}`)); }),
      iconButton("book", t("workflow.findings"), () => this.explain(), { "aria-pressed": true, "data-key": "explain" }), copy];
  }

  body() {
    const { answer, page } = this, instead = this.instead();
    if (instead) return [this.title(), instead];
    if (!answer || !page || this.bare(page)) return [this.title(), this.empty()];
    return [
      this.title(page.line.split(" · ").map(said).join(" · ")), this.error && this.trouble(), this.lead(page), this.standing(),
      this.sections(page), this.notes(), this.foot(),
    ];
  }

  /** Whether there is nothing in it: a graph in which nothing goes in, comes out, is done or is not known. */
  bare(page) {
    const { kinds, drawing, fit } = this.answer;
    return !kinds.length && !drawing?.dots.length && !fit?.weights.length && page.sections.every((one) => HOLLOW.has(one.key) || !one.rows.length);
  }

  empty() {
    const open = this.live || this.onCanvas();
    return h("div", { class: "cfs-notes" }, note({ name: "info", title: t("understanding.empty.title"), text: t(open ? "understanding.empty.canvas" : "understanding.empty.file") }));
  }

  lead({ lead }) {
    return lead.length > 0 && h("div", { class: "cfs-explain-lead" }, lead.map((row) => h("p", null, visible(said(row.text)))));
  }

  /** What keeps it from running, as the way to the findings; nothing where it runs. */
  standing() {
    const { workflow } = this;
    if (!workflow || workflow.status === "runnable") return null;
    return h("button", { type: "button", class: "cfs-standing", "data-key": "standing", onclick: () => this.aside("") }, statusIcon(workflow.status, { quiet: true }), h("span", { class: "cfs-grow" }, verdict(workflow)), icon("right"));
  }

  sections(page) {
    const tools = { at: (nodes) => this.at(nodes), codes: () => codesOf(this.host) };
    const rows = page.sections.filter((one) => one.key !== "notes" || !this.author().length);
    const make = (one) => (one.key === "how" ? this.how(one, tools) : one.key === "fit" && this.answer.fit ? this.fit(one) : section(one, tools));
    if (this.answer.fit && !rows.some((one) => one.key === "fit")) rows.splice(rows.findIndex((one) => AFTER_FIT.has(one.key)) >>> 0, 0, { key: "fit", title: "", rows: [] });
    return [this.answer.drawing?.dots?.length > 0 && !rows.some((one) => one.key === "how") && this.how({ key: "how", title: "", rows: [] }, tools), rows.map(make)];
  }

  how(given, tools) {
    const titles = this.titles(), go = this.onCanvas() || this.path() ? (id) => (this.onCanvas() ? this.go(id) : this.open(id)) : null;
    const width = (this.scroller.clientWidth || 320) - 32;
    return part("how", heading(given), stageDrawing(this.answer.drawing, { titles, missing: this.missing(), colour: (type) => this.host.linkColour?.(type), go, width }), stages(given.rows, tools));
  }

  /** What the stages are called; one page alone may tell. */
  titles() {
    const told = Object.values(this.answer.pages).map((page) => page.sections.find((one) => one.key === "how")?.rows ?? []).find((rows) => rows.length);
    return (told ?? []).map((row) => row.title);
  }

  /** Ids of the nodes that lack something. */
  missing() {
    const found = (this.workflow?.findings ?? []).filter((one) => one.weight === "blocked").flatMap((one) => one.nodes ?? []);
    return new Set(found.map((one) => String(one.id)));
  }

  fit(given) {
    const { fit, machine } = this.answer;
    return part("fit", heading(given), fitBlock(fit, machine, (gb) => this.aside("tune", gb === null ? {} : { memory: gb })));
  }

  author() { return this.workflow?.outline?.notes ?? []; }

  notes() {
    const all = this.author();
    return all.length > 0 && part("author", [t("understanding.section.notes"), all.length > 1 && h("span", { class: "cfs-count" }, number(all.length))], folded(all, (one) => noteRow(one, { node: (node, how) => this.node(node, how) }), { look: "cfs-table" }));
  }

  foot() {
    const { facts } = this.answer;
    return h("section", { class: "cfs-section cfs-explain-foot" }, h("p", { class: "cfs-small cfs-muted" }, t("understanding.source")), facts.length > 0 && factList(facts, { host: this.host, tell: (text) => this.tell(text), at: (nodes) => this.at(nodes) }));
  }
}
