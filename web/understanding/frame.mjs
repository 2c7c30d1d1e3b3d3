// What the pages about a workflow have in common: what they are about, asking, the way back, and where one was on them.

import { fill, h } from "../base/dom.mjs";
import { title, visible, whole } from "../base/names.mjs";
import { bar, button, note } from "../base/parts.mjs";
import { plain } from "../base/store.mjs";
import { t } from "../base/texts.mjs";
import { Deeds } from "../workflow/deeds.mjs";
import { watchOpen } from "../workflow/live.mjs";
import { loadPageStyle } from "../workflow/workflow.mjs";
import { subjectOf, understandingOf } from "./ask.mjs";

const STYLE = "understanding.css";
const remembered = new Map(); // by place: how far down one was, what is unfolded
let styled = null;

function loadStyle() {
  loadPageStyle();
  if (styled?.isConnected) return;
  styled = h("link", { rel: "stylesheet", href: new URL(STYLE, import.meta.url).href });
  document.head.append(styled);
}

const CALLS = ["update", "destroy", "enter", "leave", "focus", "key"];

/** A page as the panel wants it, begun. */
export function began(page) {
  page.begin();
  return { element: page.element, ...Object.fromEntries(CALLS.map((name) => [name, (given) => page[name](given)])) };
}

/** A page has `ask(subject)` → promise of its answer, `head()` → what stands in the bar, `body()` → nodes. */
export class Understood extends Deeds {
  constructor(store, host, view, panel, name) {
    super();
    Object.assign(this, { store, host, view, panel, workflow: null, answer: null, error: null, waiting: true, asked: 0, over: false, drawn: [] });
    this.client = understandingOf(store);
    this.live = view.page === "open";
    this.place = `${name} ${this.live ? "open" : view.slug}`;
    this.kept = remembered.get(this.place) ?? { scroll: 0, open: new Set() };
    remembered.set(this.place, this.kept);
    this.element = h("div", { class: `cfs-view cfs-workflow cfs-understood cfs-${name}` });
    loadStyle();
  }

  begin() {
    this.unwatch = this.live ? watchOpen(this.store, this.host) : null;
    this.offGraph = this.host.onGraphChange(() => (this.live ? this.load() : this.draw()));
    this.load();
  }

  destroy() {
    this.over = true;
    this.unwatch?.();
    this.offGraph?.();
  }

  get scroller() { return this.element.closest(".cfs-page") ?? this.element; }
  enter() { this.scroller.scrollTop = this.kept.scroll; }
  leave() { this.kept.scroll = this.scroller.scrollTop; }
  focus() { (this.element.querySelector("h2") ?? this.element.querySelector("button"))?.focus({ preventScroll: true }); }

  press(name) {
    const found = this.element.querySelector(`[data-key="${name}"]`);
    found?.click();
    return Boolean(found);
  }

  /** Keys of this page; true where one did something. */
  key({ key, target }) {
    if (target.matches("input, textarea, select")) return false;
    if (key === "e") { this.explain(); return true; }
    if (key === "c") return this.press("copy");
    if (key === "g") { const node = this.element.querySelector("button.cfs-at, button.cfs-node"); node?.click(); return Boolean(node); }
    return false;
  }

  /** The view of another page about this workflow; "" is that of the findings. */
  aside(focus, more = {}) {
    const { page, slug } = this.view;
    this.store.go({ page, ...(slug ? { slug } : {}), ...(focus ? { focus } : {}), ...more });
  }

  explain() { this.aside("explain"); }

  update(keys) {
    if (this.live && keys?.has("open")) this.report();
    const { library, error } = this.store.state, back = this.error?.code === "unreachable" && !error;
    if (this.revision !== (library?.revision ?? "") || back) this.load();
    else if (keys && !keys.has("run") && !keys.has("plan")) this.draw();
  }

  onCanvas() {
    if (this.live) return true;
    const path = this.path();
    return path !== null && this.host.activeWorkflow()?.path === path;
  }

  path() {
    if (this.workflow?.path) return this.workflow.path;
    const lines = this.store.state.library?.workflows ?? [];
    return lines.flatMap((one) => [one, ...(one.versions ?? [])]).find((one) => one.slug === this.view.slug)?.path ?? null;
  }

  /** An answer that was asked for earlier and comes later is dropped; what is shown stays until the new one is there. */
  async load({ fresh = false } = {}) {
    this.revision = this.store.state.library?.revision ?? "";
    const turn = (this.asked += 1), subject = this.subject(), about = this.live ? this.host.activeWorkflow()?.path ?? null : this.view.slug;
    if (about !== this.about) Object.assign(this, { about, answer: null, error: null });
    this.report();
    if (!subject) Object.assign(this, { answer: null, error: null, waiting: false });
    else {
      this.waiting = true;
      this.draw();
      const got = await this.ask(subject, { fresh }).then((answer) => ({ answer, error: null }), (error) => ({ error: plain(error) }));
      if (this.over || turn !== this.asked) return;
      if (got.answer && JSON.stringify(got.answer) === JSON.stringify(this.answer)) got.answer = this.answer;
      Object.assign(this, got, { waiting: false });
    }
    this.draw();
  }

  subject() { return subjectOf(this.store, this.view); }

  /** The verdict on it, for the line about it and the way to its nodes; nothing waits for that. */
  async report() {
    const found = this.live ? this.store.state.open.result : await this.store.workflow(this.view.slug).catch(() => null);
    if (this.over || !found || found === this.workflow) return;
    this.workflow = found;
    this.draw();
  }

  /** What else has to be another for the page to be drawn anew. */
  marks() { return []; }

  draw() {
    const marks = [this.answer, this.error?.message, this.workflow, this.waiting && !this.answer, this.onCanvas(), ...this.marks()];
    if (marks.every((one, at) => one === this.drawn[at]) && this.drawn.length) return;
    const first = !this.drawn.length || (!this.drawn[0] && this.answer);
    this.drawn = marks;
    const { element } = this, at = first ? this.kept.scroll : this.scroller.scrollTop, inside = element.contains(document.activeElement);
    const held = inside ? document.activeElement.closest("[data-key]")?.dataset.key : undefined;
    fill(element, bar({ back: [this.backTo(), () => this.store.back()], actions: this.head() }), this.body());
    this.scroller.scrollTop = at;
    if (inside) (held && element.querySelector(`[data-key="${CSS.escape(held)}"]`) || element.querySelector("h2"))?.focus({ preventScroll: true });
  }

  backTo() {
    return t({ library: "workflow.back", unlock: "unlock.title", journal: "journal.title" }[this.store.behind()] ?? "page.back");
  }

  /** The workflow's name, with a word above it. */
  title(above = "") {
    const listed = (this.store.state.library?.workflows ?? []).find((one) => one.slug === this.view.slug);
    const named = this.live ? this.host.activeWorkflow()?.name ?? t("workflow.untitled") : this.answer?.name || this.workflow?.name || listed?.name || "";
    return h("div", { class: "cfs-title" }, above && h("p", { class: "cfs-muted cfs-above" }, visible(above)), h("h2", { tabindex: -1 }, whole(title(named)[0])));
  }

  /** What stands in the place of an answer that is not there: why, or a calm outline. */
  instead() {
    const { error } = this;
    if (error && !this.answer) return this.trouble();
    if (this.waiting && !this.answer) return h("div", { class: "cfs-loading cfs-quiet", role: "status", "aria-label": t("understanding.loading") }, Array.from({ length: 7 }, () => h("i")));
    return null;
  }

  trouble() {
    const { message, hint, code, status } = this.error;
    return h("div", { class: "cfs-notes" }, note({
      tone: "warn", name: status === 0 ? "plug" : "warn", title: visible(message) || t("error.code", { code }), hint: visible(hint),
      actions: [button(t("error.retry"), () => this.load({ fresh: true }), { small: true, "data-key": "retry" })],
    }));
  }

  /** The numbers of nodes as buttons that go there. `shown`: how many before the rest is a count. */
  at(nodes, shown = 4) {
    const all = nodes ?? [];
    const some = all.slice(0, shown);
    return [...some.flatMap((id, at) => [" ", h("span", { class: "cfs-one-at" }, this.number(id), at < some.length - 1 && t("list.comma").trim())]), all.length > shown && [" ", h("span", { class: "cfs-muted cfs-more-at", title: all.slice(shown, 40).map(visible).join(", ") }, t("workflow.more_nodes", { n: all.length - shown }))]].filter(Boolean);
  }

  number(id) {
    const here = this.onCanvas(), name = visible(id);
    if (!here && !this.path()) return h("span", { class: "cfs-at" }, name);
    return h("button", { type: "button", class: "cfs-at", "aria-label": t("understanding.to_node", { id: name }), title: t(here ? "workflow.go" : "workflow.open_first"),
      onclick: () => (here ? this.go(id) : this.open(id)) }, name);
  }
}
