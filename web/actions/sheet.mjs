// The one sheet in which a plan is read and a run is watched. Closing it changes nothing: what runs goes on.

import { fill, h } from "../base/dom.mjs";
import { iconButton, layered } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";
import { PlanView } from "./plan.mjs";
import { RunView } from "./run.mjs";
import { actionsOf, isGoing } from "./state.mjs";
import { strip } from "./strip.mjs";

const VIEWS = { plan: PlanView, run: RunView };

/** `panel`: {root, store, host, announce(text), page}. Its `element` is the line at the top of the panel. */
export class Work {
  constructor(panel) {
    Object.assign(this, { panel, store: panel.store, host: panel.host, kind: null, view: null, frame: null });
    this.actions = actionsOf(panel.store);
    this.strip = strip(panel.store, this);
    this.element = this.strip.element;
    this.was = null; // the run when it was last told of
  }

  get open() { return Boolean(this.frame?.element.isConnected); }

  /** ComfyUI's folder, from which on paths are told. */
  get base() { return this.store.state.library?.place?.place ?? this.actions.plan?.place ?? ""; }

  /** Shows the plan for this: the one that is kept, or a new one. `what`: {slug}, {canvas: true} or {} for the library. */
  plan(what, { fresh = false } = {}) {
    if (fresh || !this.actions.has(what)) this.actions.make(what);
    this.show("plan");
  }

  /** Shows the run. */
  run() {
    this.actions.putRun({ unseen: false });
    this.show("run");
  }

  show(kind) {
    if (this.open && this.kind === kind) return this.view.update();
    if (!this.open) this.build();
    this.view?.destroy();
    this.kind = kind;
    this.view = new VIEWS[kind](this, this.frame);
    this.view.update();
    this.frame.body.scrollTop = 0;
    this.frame.title.focus({ preventScroll: true });
    return this.strip.update();
  }

  build() {
    const title = h("h2", { tabindex: -1, "data-first": true }), sub = h("p", { class: "cfs-small cfs-muted cfs-num" }), tools = h("span", { class: "cfs-sheet-tools" });
    const body = h("div", { class: "cfs-sheet-body cfs-work", tabindex: -1 }), foot = h("footer", { class: "cfs-sheet-foot cfs-work-foot", hidden: true });
    const head = h("header", { class: "cfs-sheet-bar cfs-work-bar" }, title, tools, iconButton("x", t("sheet.close"), () => this.close(), { "data-key": "close" }), sub);
    const layer = layered(this.panel.root, t("plan.title"), [head, body, foot], () => this.closed());
    layer.element.classList.add("cfs-work-sheet");
    this.frame = { element: layer.element, close: layer.close, title, sub, tools, body, foot };
  }

  close() { if (this.open) this.frame.close(); }

  /** It was closed by the person, or swept away with the page it lay over. */
  closed() {
    if (!this.frame) return;
    const { view } = this;
    Object.assign(this, { kind: null, view: null, frame: null });
    view?.destroy();
    if (this.store.state.plan.making && !this.actions.plan) this.actions.cancelMaking();
    this.strip.update();
    this.panel.page?.update?.(new Set(["run"])); // it may have waited for that
  }

  update(keys) {
    if (keys.has("run")) this.tell();
    if (this.open && (keys.has(this.kind) || keys.has("status") || keys.has("library"))) this.view.update();
    if (keys.has("run") || keys.has("status")) this.strip.update();
    const { run } = this.store.state.status ?? {}, mine = this.actions.run;
    if (keys.has("status") && run && (run.id !== mine?.id || run.state !== mine.state)) this.actions.ask();
  }

  /** Puts nodes into a part of the sheet; what was focused there is focused again, by its `data-key`. */
  refill(part, ...nodes) {
    const held = part.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key ?? "" : null;
    fill(part, nodes);
    if (held === null) return;
    const again = held && [...part.querySelectorAll("[data-key]")].find((one) => one.dataset.key === held);
    (again || this.frame.title).focus({ preventScroll: true });
  }

  /** Says how a run stands: now and then, and once when it is over. */
  tell() {
    const { run } = this.store.state.run, was = this.was, now = performance.now();
    this.was = run;
    if (!run) return;
    const ended = was?.id === run.id && isGoing(was) && !isGoing(run);
    if (!ended && (!isGoing(run) || now - (this.told ?? -QUIET) < QUIET)) return;
    this.told = ended ? null : now;
    this.panel.announce(this.strip.words(run));
  }

  /** The way to where something that is left out is decided, as a function; null where there is none. */
  reveal(one) {
    const { page } = this.panel;
    if (page?.finds?.(one)) return () => { this.close(); page.reveal(one); };
    const slug = one.workflows.map((name) => this.store.slugOf({ name })).find(Boolean);
    return slug ? () => { this.close(); this.store.go({ page: "workflow", slug, reveal: { key: one.key, name: one.name } }); } : null;
  }

  openPage(address) {
    if (!this.host.openPage(address)) this.panel.announce(t("resolution.not_opened"));
  }

  async copy(text, from) {
    const done = await this.host.copy(text);
    this.panel.announce(t(done ? "workflow.copied" : "workflow.not_copied"));
    if (!done) return;
    from.classList.add("cfs-done");
    setTimeout(() => from.classList.remove("cfs-done"), 1500);
  }
}

const QUIET = 5_000; // between two words about progress
