// The page of one workflow: a saved one by its slug, or the graph on the canvas as it is being edited.

import { afterRun, afterSignature } from "../actions/after.mjs";
import { isPartOf, leadOn } from "../actions/onward.mjs";
import { h, fill, slot } from "../base/dom.mjs";
import { ago, verdict } from "../base/format.mjs";
import { Deeds } from "./deeds.mjs";
import { findingGroups } from "./findings.mjs";
import { graphMap } from "./map.mjs";
import { title, visible, whole } from "../base/names.mjs";
import { bar, button, iconButton, link, note } from "../base/parts.mjs";
import { plain } from "../base/store.mjs";
import { t } from "../base/texts.mjs";
import { checkOpen, watchOpen } from "./live.mjs";
import { Resolving } from "./resolving.mjs";
import { codesOf, textOf } from "./memory.mjs";
import { healthNote, practiceNotes } from "../understanding/health.mjs";
import { ignoredLine, lead, storyLine, warningList } from "./verdict.mjs";
import { nameOf, newer, versionList, versionWords } from "./versions.mjs";

const DASHBOARD = "/comfyfixersmart/report/dashboard.html";
const STYLE = "workflow.css";
const LONG = 60; // findings, from which on those out of view are not laid out
const remembered = new Map(); // by view: what is folded and how far down one was, for the way back
const served = new WeakSet(); // views that asked for a look-up: drawing the panel again does not ask again

/**
 * `view`: {page: "workflow", slug} or {page: "open"}, with `focus` "missing" where what is missing is to be looked up.
 * Gives {element, update(), destroy(), enter(), leave(), focus(), key(event)}; `update` is called when the store changed.
 */
export function workflowPage(store, host, view, panel = null) {
  const page = new Page(store, host, view, panel);
  const calls = ["update", "destroy", "enter", "leave", "focus", "key", "finds", "reveal", "choices"];
  return { element: page.element, ...Object.fromEntries(calls.map((name) => [name, (given) => page[name](given)])) };
}

let styled = null;

export function loadPageStyle() {
  if (styled?.isConnected) return;
  styled = h("link", { rel: "stylesheet", href: new URL(STYLE, import.meta.url).href });
  document.head.append(styled);
}

class Page extends Deeds {
  constructor(store, host, view, panel) {
    super();
    Object.assign(this, { store, host, view, panel, workflow: null, error: null, revision: null, asked: 0, shown: "", over: false });
    this.live = view.page === "open";
    this.place = this.live ? "open" : view.slug;
    this.kept = remembered.get(this.place) ?? { fold: new Set(), scroll: 0 };
    remembered.set(this.place, this.kept);
    this.wanted = view.focus === "missing" && !served.has(view);
    if (this.wanted) served.add(view);
    this.search = new Resolving(this);
    this.after = slot("div", { class: "cfs-after-place" });
    this.element = h("div", { class: "cfs-view cfs-workflow" });
    this.unwatch = this.live ? watchOpen(store, host) : null;
    loadPageStyle();
    this.offGraph = host.onGraphChange(() => this.update()); // another tab of ComfyUI: nodes can be gone to, or not
    this.update();
  }

  destroy() {
    this.over = true;
    this.search.destroy();
    this.unwatch?.();
    this.offGraph?.();
  }

  /** The panel scrolls, not the page: where one was is kept from leaving to coming back. */
  get scroller() { return this.element.closest(".cfs-page") ?? this.element; }

  enter() {
    this.scroller.scrollTop = this.kept.scroll;
    queueMicrotask(() => this.arrive()); // after the panel has given the focus to the page
  }

  /** What one came for, once there is a report: to have what is missing looked up, or to one finding. */
  arrive() {
    if (!this.workflow || this.over) return;
    if (this.wanted) this.resolve();
    if (this.view.reveal) this.reveal(this.view.reveal);
  }

  leave() { this.kept.scroll = this.scroller.scrollTop; }

  focus() { (this.element.querySelector("h2") ?? this.element.querySelector("button"))?.focus(); }

  /** Keys of this page; true where one did something. */
  key({ key, target }) {
    if (target.matches("input, textarea, select")) return false;
    const press = (name) => { const found = this.element.querySelector(`[data-key="${name}"]`); found?.click(); return Boolean(found); };
    if (key === "e") return press("explain");
    if (key === "c") return press("copy");
    if (key === "g") { const node = this.element.querySelector("button.cfs-node"); node?.click(); return Boolean(node); }
    return false;
  }

  update(keys = null) {
    this.afterwards();
    if (keys && [...keys].every((one) => one === "run" || one === "plan")) return this.search.fill(); // several times a second
    if (this.live) {
      const { result, error } = this.store.state.open;
      Object.assign(this, { workflow: result, error });
    } else if (this.revision !== (this.store.state.library?.revision ?? "") || (this.error?.code === "unreachable" && !this.store.state.error)) {
      this.load();
    }
    return this.draw();
  }

  /** What the last run left behind here; and on to the version that it wrote, when one waited for that. */
  afterwards() {
    const { store, workflow } = this, names = isPartOf(workflow, this.live ? store.state.open.active?.name : "");
    this.after.update(names.length > 0 && afterSignature(store, names), () => (names.length ? afterRun(store, { names, except: [this.view.slug, ...(workflow?.versions ?? []).map((one) => one.slug)], ui: this.kept, more: workflow?.status === "runnable" }) ?? [] : []));
    if (!this.live && workflow) leadOn(store, this.view, workflow, { held: Boolean(this.panel?.work?.open) });
  }

  /** An answer that was asked for earlier and comes later is dropped. */
  async load() {
    this.revision = this.store.state.library?.revision ?? "";
    const turn = (this.asked += 1);
    const got = await this.store.workflow(this.view.slug).then((workflow) => ({ workflow, error: null }), (error) => ({ error: plain(error) }));
    if (this.over || turn !== this.asked) return;
    Object.assign(this, got);
    this.draw();
  }

  /** Whether this workflow is the one on the canvas. */
  onCanvas() {
    if (this.live) return true;
    const path = this.workflow?.path ?? null;
    return path !== null && this.host.activeWorkflow()?.path === path;
  }

  /** Whether ComfyUI could show it: a saved graph that can be read, and not the one it shows already. */
  canOpen() {
    return !this.live && Boolean(this.workflow.path) && this.workflow.status !== "unreadable" && !this.onCanvas();
  }

  draw() {
    const mark = JSON.stringify([textOf(this.workflow), this.error, this.onCanvas(), this.store.state.open.active]);
    if (mark === this.shown) return this.search.update();
    const arrived = this.shown !== "" && !this.drawnStatus && this.workflow;
    this.shown = mark;
    const at = this.scroller.scrollTop, focused = document.activeElement?.closest?.("[data-key]")?.dataset.key;
    const inside = this.element.contains(document.activeElement);
    this.search.redraw();
    this.element.classList.toggle("cfs-long", (this.workflow?.findings.length ?? 0) > LONG);
    fill(this.element, this.head(), this.body());
    this.search.fill();
    this.scroller.scrollTop = arrived ? this.kept.scroll : at;
    if (inside) (focused && this.element.querySelector(`[data-key="${CSS.escape(focused)}"]`) || this.element.querySelector("h2"))?.focus({ preventScroll: true });
    this.search.update();
    if (this.live && this.workflow && this.drawnStatus && this.drawnStatus !== this.workflow.status) this.panel?.announce?.(verdict(this.workflow));
    this.drawnStatus = this.workflow?.status ?? "";
    this.afterwards();
    if (this.element.isConnected) this.arrive();
    return undefined;
  }

  head() {
    const { workflow } = this, actions = [];
    if (workflow) {
      actions.push(iconButton("book", t("understanding.title"), () => this.aside("explain"), { "aria-pressed": false, "data-key": "explain" }),
        iconButton("compare", t("compare.title"), () => this.aside("compare"), { "data-key": "compare" }));
      if (workflow.markdown) {
        const copy = iconButton("copy", t("workflow.copy"), () => this.copy(this.workflow.markdown, copy), { "data-key": "copy" });
        actions.push(copy);
      }
      if (this.canOpen()) {
        actions.push(iconButton("open", t("workflow.open"), () => this.open(), { "data-key": "open" }));
      }
    }
    actions.push(iconButton("board", t("workflow.dashboard"), () => this.host.openUrl(DASHBOARD), { "data-key": "dashboard" }));
    const behind = this.store.behind(), where = { library: "workflow.back", unlock: "unlock.title", journal: "journal.title" }[behind] ?? "page.back";
    return bar({ back: [t(where), () => this.store.back()], actions });
  }

  body() {
    const { workflow, error } = this;
    const trouble = error && note({
      tone: "warn", name: "warn", title: error.message || t("workflow.no_answer"), hint: error.hint || t("workflow.try_later"),
      actions: [button(t("error.retry"), () => this.reload(), { small: true })],
    });
    const wrapped = trouble && h("div", { class: "cfs-pad" }, trouble);
    if (!workflow) return [this.name(), wrapped ?? h("p", { class: "cfs-pad cfs-muted", role: "status" }, t("workflow.loading"))];
    return [this.name(), wrapped, this.card(), this.after.element, healthNote(workflow, this) ?? storyLine(workflow), versionList(workflow, this),
      findingGroups(workflow.findings, this.tools()), practiceNotes(workflow, this), ignoredLine(workflow), warningList(workflow)];
  }

  name() {
    const { active } = this.store.state.open;
    const listed = this.workflow ?? this.store.state.library?.workflows.find((one) => one.slug === this.view.slug);
    const of = this.live ? active?.name ?? t("workflow.untitled") : listed?.name ?? "";
    const [name, folder] = title(of);
    const called = this.live ? name : nameOf(listed) || name;
    return h("div", { class: "cfs-title" }, h("h2", { tabindex: -1 }, whole(called)), h("p", { class: "cfs-muted" }, this.about(folder).join(" · ")));
  }

  about(folder) {
    const { workflow, store } = this, out = [];
    if (folder) out.push(visible(folder));
    if (versionWords(workflow)) out.push(versionWords(workflow));
    if (workflow?.nodes) out.push(t("workflow.nodes", { n: workflow.nodes }));
    if (this.live) {
      const { active } = store.state.open;
      out.push(t(active?.temporary ? "workflow.never_saved" : active?.modified ? "workflow.unsaved" : "workflow.as_open"));
    } else if (workflow?.modified) out.push(t("workflow.saved", { when: ago(workflow.modified, store.now()) }));
    return out;
  }

  card() {
    const { workflow } = this, act = [], next = newer(workflow), better = next?.status === "runnable";
    if (workflow.findings.some((one) => one.weight === "blocked" || one.weight === "needs_input")) {
      act.push(button(this.search.label(), () => this.resolve(), { kind: better ? "plain" : "main", "data-key": "resolve" }));
    }
    if (next) act[better ? "unshift" : "push"](button(t("versions.open", { version: next.version }), () => this.openVersion(next), { kind: better || !act.length ? "main" : "plain", "data-key": "open-version" }));
    else if (this.canOpen()) {
      const words = versionWords(workflow) ? t("versions.open", { version: workflow.version }) : t("workflow.open");
      act.push(button(words, () => this.open(), { kind: workflow.status === "runnable" ? "main" : "plain", "data-key": "open-big" }));
    }
    const go = this.onCanvas() ? (id) => this.go(id) : null;
    return h("section", { class: "cfs-card" },
      lead(workflow), graphMap(workflow.map, go), act.length > 0 && h("div", { class: "cfs-card-acts" }, act), this.search.element);
  }

  /** The finding that a thing left out of a plan, or an action, is about: its place in the report; -1 where it is none. */
  at({ key = "", name = "" }) {
    const all = this.workflow?.findings ?? [], by = key ? all.findIndex((one) => this.search.of(one)?.key === key) : -1;
    return by >= 0 ? by : all.findIndex((one) => one.name === name || one.names?.includes(name));
  }

  finds(one) { return this.at(one) >= 0; }

  /** Unfolds the group of that finding, brings it into view and puts the focus there. */
  reveal(one) {
    this.view.reveal = null;
    const found = this.element.querySelector(`[data-at="${this.at(one)}"]`), group = found?.closest(".cfs-group")?.querySelector(".cfs-group-head[aria-expanded=false]");
    group?.click();
    found?.scrollIntoView({ block: "start" });
    found?.querySelector("h4")?.focus({ preventScroll: true });
  }

  /** How many candidates there were where a person chose what this action brings. */
  choices({ offers }) {
    const ids = new Set(offers.map((one) => one.id));
    const found = (this.workflow?.findings ?? []).map((one) => this.search.of(one)).find((one) => one?.choice && ids.has(one.choice.candidate));
    return found?.candidates.length ?? 0;
  }

  tools() {
    return {
      fold: this.kept.fold,
      base: this.store.state.library?.place?.place ?? "",
      codes: () => codesOf(this.host),
      copy: (text, from) => this.copy(text, from),
      verdict: (finding) => this.search.box(finding),
      at: (finding) => this.workflow.findings.indexOf(finding),
      more: ({ code }) => code === "HW001" && link(t("understanding.fit.tune_any"), () => this.aside("tune"), { class: "cfs-link cfs-small", "data-key": "tune" }),
      node: (node, how) => this.node(node, how),
    };
  }

  /** Another page about this workflow: "explain", "tune" or "compare". */
  aside(focus, more = {}) {
    const { page, slug } = this.view;
    this.store.go({ page, ...(slug ? { slug } : {}), focus, ...more });
  }

  /** Looks up what is missing, with every group unfolded, since that is where the answers appear. */
  resolve() {
    this.wanted = false;
    for (const head of this.element.querySelectorAll(".cfs-group-head[aria-expanded=false]")) head.click();
    this.search.begin();
  }

  /** Asks for the report again, for what was found since. */
  reload() {
    this.store.workflows.clear();
    if (this.live) checkOpen(this.store);
    else this.load();
  }
}
