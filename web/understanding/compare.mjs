// Two versions of a workflow: a verdict, what the differences mean, then the differences node by node.

import { fill, h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { middle, title, visible, whole } from "../base/names.mjs";
import { iconButton, note } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { has, number, t } from "../base/texts.mjs";
import { versionsOf } from "../workflow/versions.mjs";
import { subjectOf } from "./ask.mjs";
import { grouped, groupItem } from "./differences.mjs";
import { Understood, began } from "./frame.mjs";
import { folded, part } from "./rows.mjs";
import { picker } from "./picker.mjs";

const SIGNS = new Map([[true, ["check", "good"]], [false, ["warn", "bad"]], [null, ["right", ""]]]);

/** `view`: {page, slug, focus: "compare"}, with `old` (a slug) or `good` (the last good version) to compare it with. */
export const comparePage = (store, host, view, panel) => began(new Compare(store, host, view, panel, "compared"));

class Compare extends Understood {
  begin() {
    const { view, kept } = this;
    if (view.old) kept.old = { slug: view.old };
    else if (view.good) kept.old = { good: true };
    this.picking = false;
    super.begin();
  }

  /** What it is compared with: as chosen, else what one most likely wants. */
  get old() { return this.kept.old ?? this.likely(); }

  likely() {
    const saved = this.savedUnder(), lines = this.versions(), at = lines.findIndex((one) => one.slug === this.view.slug);
    if (saved) return { slug: saved, saved: true };
    if (at > 0) return { slug: lines[at - 1].slug };
    return { good: true };
  }

  versions() { return versionsOf(this.workflow ?? this.line() ?? {}); }

  line() {
    const all = this.store.state.library?.workflows ?? [];
    return all.find((one) => one.slug === this.view.slug || one.versions?.some((each) => each.slug === this.view.slug));
  }

  /** The saved file of a graph that was changed on the canvas; "" for any other. */
  savedUnder() {
    const active = this.live ? this.host.activeWorkflow() : null;
    return active?.modified && !active.temporary ? this.store.slugOf({ path: active.path }) : "";
  }

  async ask(subject) {
    const { old } = this, slug = subject.slug ?? this.savedUnder();
    if (!old.good) return this.client.compare({ slug: old.slug }, subject);
    if (slug) return this.client.compare({ good: slug }, subject);
    return null; // a graph in no file has no earlier version
  }

  marks() { return [this.picking, JSON.stringify(this.old)]; }

  head() {
    const markdown = this.answer?.markdown, slug = this.old.slug;
    const copy = markdown && iconButton("copy", t("compare.copy"), () => this.copy(markdown, copy), { "data-key": "copy" });
    const turned = slug && this.view.slug && iconButton("compare", t("compare.swap"), () => this.store.put({ view: { page: "workflow", slug, focus: "compare", old: this.view.slug } }), { "data-key": "swap" });
    return [iconButton("book", t("understanding.title"), () => this.explain(), { "aria-pressed": false, "data-key": "explain" }), turned, copy];
  }

  body() {
    const { answer, error } = this, top = [this.title(t("compare.above")), this.against()];
    if (error && !this.kept.old && error.status >= 400 && error.status < 500) return [...top, this.nothing()];
    const instead = this.instead();
    if (instead) return [...top, instead];
    if (!answer) return [...top, this.nothing()];
    const tools = this.tools();
    return [...top, error && this.trouble(), this.verdict(), this.meaning(), this.changed(tools), this.beside()];
  }

  key(event) {
    if (event.key !== "Escape" || !this.picking) return super.key(event);
    this.pick(false);
    this.element.querySelector("[data-key=against]")?.focus({ preventScroll: true });
    return true;
  }

  // ---- with what ---------------------------------------------------------------------------------------------

  against() {
    const { picking } = this;
    const place = h("div", { class: "cfs-picker", id: "cfs-picker", hidden: !picking });
    if (picking) fill(place, picker(this.choices(), { chosen: this.old, choose: (one) => this.choose(one) }));
    const press = h("button", { type: "button", class: "cfs-against", "aria-expanded": picking, "aria-controls": "cfs-picker", "data-key": "against", onclick: () => this.pick(!picking) },
      h("span", { class: "cfs-muted" }, t("compare.with")), h("span", { class: "cfs-grow cfs-strong" }, middle(this.called(this.old))), icon("down"));
    return h("div", { class: "cfs-pad" }, press, place);
  }

  pick(on) {
    this.picking = on;
    this.draw();
    if (on) this.element.querySelector(".cfs-picker [data-first]")?.focus({ preventScroll: true });
  }

  /** What a version is called on this page. */
  called({ slug, good, saved }) {
    if (good) return t("compare.good");
    if (saved || (this.live && slug === this.savedUnder())) return t("compare.saved");
    const version = this.versions().find((one) => one.slug === slug);
    if (version) return t("versions.one", { version: version.version });
    const all = (this.store.state.library?.workflows ?? []).flatMap((one) => [one, ...(one.versions ?? [])]);
    return title(all.find((one) => one.slug === slug)?.name ?? slug ?? "")[0];
  }

  choices() {
    const slug = this.view.slug ?? "", saved = this.savedUnder(), mine = this.live ? this.store.slugOf({ path: this.host.activeWorkflow()?.path ?? "" }) : slug;
    const near = [saved && { slug: saved, saved: true }, (saved || mine) && { good: true }, ...this.versions().filter((one) => one.slug !== slug).reverse().map((one) => ({ slug: one.slug }))].filter(Boolean);
    const known = new Set([slug, ...near.map((one) => one.slug)]);
    const others = (this.store.state.library?.workflows ?? []).filter((one) => !known.has(one.slug) && one.status !== "unreadable");
    return { near: near.map((one) => ({ one, name: this.called(one) })), others: others.map((one) => ({ one: { slug: one.slug }, name: title(one.name)[0], folder: title(one.name)[1] })) };
  }

  choose(one) {
    Object.assign(this, { picking: false, answer: null, error: null });
    this.kept.old = one;
    this.load();
    this.element.querySelector("[data-key=against]")?.focus({ preventScroll: true });
  }

  subject() { return subjectOf(this.store, this.view); }

  nothing() {
    const subject = this.subject();
    return h("div", { class: "cfs-notes" }, note({ name: "info", title: t(subject ? "compare.nothing_kept" : "understanding.empty.title"), text: t(subject ? "compare.nothing_text" : "understanding.empty.canvas") }));
  }

  // ---- what came out -------------------------------------------------------------------------------------------

  verdict() {
    const { same, verdict, matched, differences } = this.answer;
    const words = differences.length || !same ? said(verdict) || t("compare.differences", { n: differences.length }) : t("compare.same");
    return h("div", { class: "cfs-verdict-line" }, icon(same ? "check" : "compare"), h("div", null, h("h3", { tabindex: -1 }, visible(words)),
      this.old.good && !differences.length && h("p", null, t("compare.same_good")),
      h("p", { class: "cfs-small cfs-muted" }, t("compare.matched", { n: matched }))));
  }

  meaning() {
    const topics = byTopic(this.answer.consequences);
    return topics.length > 0 && part("meaning", t("compare.meaning"), h("ul", { class: "cfs-meaning" }, topics.map(topic)));
  }

  changed(page) {
    const groups = grouped(this.answer.differences), main = groups.filter(counts), idle = groups.filter((one) => !counts(one)), make = (one) => groupItem(one, page);
    const n = main.reduce((sum, { rows }) => sum + rows.filter(({ row }) => row.counts !== false).length, 0);
    return [main.length > 0 && part("differences", [t("compare.changed"), h("span", { class: "cfs-count" }, number(n))], folded(main, make, { look: "cfs-differences", shown: 30 })),
      idle.length > 0 && this.idle(idle, make)];
  }

  /** Titles, notes and seeds: folded, since nothing of what runs is another for them. */
  idle(groups, make) {
    const body = h("div", { hidden: !this.kept.open.has("idle") });
    const show = () => { if (!body.hidden && !body.hasChildNodes()) body.append(...folded(groups, make, { look: "cfs-differences", shown: 30 })); head.setAttribute("aria-expanded", String(!body.hidden)); };
    const head = h("button", { type: "button", class: "cfs-group-head", "data-key": "idle", onclick: () => { body.hidden = !body.hidden; this.kept.open[body.hidden ? "delete" : "add"]("idle"); show(); } },
      t("compare.idle"), h("span", { class: "cfs-count" }, number(groups.length)), h("span", { class: "cfs-grow" }), icon("down"));
    show();
    return h("section", { class: "cfs-group cfs-idle" }, h("h3", null, head), body);
  }

  beside() {
    const { metadata } = this.answer;
    return metadata > 0 && h("p", { class: "cfs-small cfs-muted cfs-beside" }, t("compare.beside", { n: metadata }));
  }

  tools() {
    return { node: (side) => this.node({ id: side.id, title: side.title, class_type: side.class_type }, { quiet: true }), opened: this.kept.open };
  }
}

/** A node with something that changes what runs. */
const counts = ({ rows }) => rows.some(({ row, follows }) => row.counts !== false || follows.length > 0);

/** [[topic, [consequence]]] in their order; what is said twice is said once. */
function byTopic(all) {
  const topics = new Map();
  for (const one of all) {
    const mine = topics.get(one.topic) ?? topics.set(one.topic, new Map()).get(one.topic);
    mine.set(JSON.stringify([one.text, one.better, one.before, one.after]), one);
  }
  return [...topics].map(([name, found]) => [name, [...found.values()]]);
}

function topic([name, all]) {
  return h("li", null, h("p", { class: "cfs-small cfs-muted" }, has(`compare.topic.${name}`) ? t(`compare.topic.${name}`) : visible(name)), folded(all, consequence, { look: "cfs-consequences", shown: 8 }));
}

function consequence({ text, before, after, better }) {
  const [sign, tone] = SIGNS.get(better ?? null), told = before && after && !(text.includes(before) && text.includes(after));
  return h("li", { class: "cfs-consequence", "data-tone": tone || null }, icon(sign), h("div", null,
    h("p", null, whole(said(text)), tone && h("span", { class: "cfs-live" }, ` ${t(better ? "compare.better" : "compare.worse")}`)),
    told && h("p", { class: "cfs-small cfs-num cfs-turned" }, whole(said(before)), h("i", { "aria-hidden": "true" }, "→"), h("b", null, whole(said(after))))));
}
