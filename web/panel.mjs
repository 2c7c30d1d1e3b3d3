// The panel's frame: which page is shown, the keys, what a screen reader hears, and where the focus goes.

import { journalPage } from "./actions/journal.mjs";
import { Work } from "./actions/sheet.mjs";
import { actionsOf } from "./actions/state.mjs";
import { fill, h, say } from "./base/dom.mjs";
import { libraryPage } from "./library/library.mjs";
import { visible } from "./base/names.mjs";
import { bar, note } from "./base/parts.mjs";
import { storeFor } from "./base/store.mjs";
import { isRunning, lookupOf, standing as lookupStands } from "./lookup/job.mjs";
import { standing } from "./library/summary.mjs";
import { followPalette, loadStyle } from "./base/theme.mjs";
import { lang, setTexts, t } from "./base/texts.mjs";
import { unlockPage } from "./library/unlock.mjs";

const QUIET = 5_000; // between two words about progress
const ASIDE = { // pages of their own about one workflow, by the view's focus
  explain: async (...given) => (await import("./understanding/explain.mjs")).explainPage(...given),
  tune: async (...given) => (await import("./understanding/tune.mjs")).tunePage(...given),
  compare: async (...given) => (await import("./understanding/compare.mjs")).comparePage(...given),
};
const mounted = new WeakMap();

/**
 * Draws the panel into `element`; a second call on the same element replaces the first. `host` is all the panel knows
 * of ComfyUI's page (see host.mjs); `open` is the view to show first: {page: "library"}, {page: "workflow", slug}, {page: "open"},
 * both with `focus` "explain", "missing", "tune" or "compare", {page: "unlock"} or {page: "journal"}; with `focus` the focus
 * goes into it. Returns {show(view), destroy()}.
 */
export function mount(element, host, { open = null, focus = false } = {}) {
  mounted.get(element)?.destroy();
  const panel = new Panel(element, host, open, focus);
  const handle = { show: (view) => panel.show(view), destroy: () => { panel.destroy(); mounted.delete(element); } };
  mounted.set(element, handle);
  return handle;
}

class Panel {
  constructor(element, host, open, focus) {
    Object.assign(this, { host, store: storeFor(host), page: null, gone: false, off: [] });
    this.live = h("p", { class: "cfs-live", role: "status", "aria-live": "polite" });
    this.main = h("main", { class: "cfs-main", "aria-label": "ComfyFixerSmart", tabindex: -1 });
    this.root = h("div", { class: "cfs", onkeydown: (event) => this.key(event) }, this.main, this.live);
    this.root.style.visibility = "hidden"; // until the style is there
    fill(element, this.root);
    if (open) this.store.go(open);
    this.begin(focus);
  }

  async begin(focus) {
    const { host } = this;
    const texts = Promise.resolve(host.messages?.()).catch(() => ({}));
    const [messages] = await Promise.all([texts, loadStyle()]);
    if (this.gone) return;
    setTexts(messages, host.locale?.());
    this.root.lang = lang();
    this.root.style.visibility = "";
    const change = (event) => this.changed(event.detail.keys);
    this.store.addEventListener("change", change);
    this.off = [() => this.store.removeEventListener("change", change), followPalette(this.root)];
    this.store.start();
    lookupOf(this.store).start();
    actionsOf(this.store).start();
    this.work = new Work(this); // the plan and the run, over whatever page is shown
    this.root.prepend(this.work.element);
    await this.draw({ focus });
    import("./workflow/workflow.mjs").then((page) => page.loadPageStyle(), () => {}); // so that it is there when the server is not
  }

  destroy() {
    if (this.gone) return;
    this.gone = true;
    this.page?.leave?.();
    this.page?.destroy();
    if (this.off.length) for (const one of [this.store, lookupOf(this.store), actionsOf(this.store)]) one.stop();
    this.work?.view?.destroy();
    for (const end of this.off) end?.();
    this.root.remove();
  }

  show(view) { this.store.go(view); }

  /** Puts the page of the store's view in place of the shown one. */
  async draw({ focus = false } = {}) {
    const { view } = this.store.state;
    this.page?.leave?.();
    const page = await this.make(view);
    if (this.gone || view !== this.store.state.view) return page.destroy();
    this.page?.destroy();
    this.page = page;
    this.drawn = view;
    for (const layer of this.root.querySelectorAll(":scope > .cfs-layer, :scope > .cfs-menu")) layer.remove();
    for (const one of this.root.children) one.inert = false;
    if (!this.work.open) this.work.closed();
    fill(this.main, page.element.classList.contains("cfs-page") ? page.element : h("div", { class: "cfs-page" }, page.element));
    page.enter?.();
    if (focus) page.focus?.();
    if (focus && !this.root.contains(document.activeElement)) this.main.focus();
    return undefined;
  }

  async make(view) {
    const { store, host } = this;
    try {
      if (view.page === "unlock") return unlockPage(store, this);
      if (view.page === "journal") return journalPage(store, host, view, this);
      if (view.page !== "workflow" && view.page !== "open") return libraryPage(store, host, this);
      if (ASIDE[view.focus]) return withFocus(await ASIDE[view.focus](store, host, view, this));
      const { workflowPage } = await import("./workflow/workflow.mjs");
      return withFocus(workflowPage(store, host, view, this));
    } catch (error) {
      console.error("ComfyFixerSmart: this page could not be drawn", error);
      return broken(store, error);
    }
  }

  changed(keys) {
    if (keys.has("status")) this.tell();
    if (keys.has("lookup")) this.tellLookup();
    this.work?.update(keys);
    if (keys.has("view") && this.store.state.view !== this.drawn) {
      const inside = this.root.contains(document.activeElement);
      this.draw({ focus: inside });
      return;
    }
    this.page?.update(keys);
  }

  /** Says how a check stands: at most every five seconds, and once when it is done. */
  tell() {
    const { status, library } = this.store.state, { cycle } = status ?? {}, now = performance.now();
    const was = this.was;
    this.was = cycle?.state;
    if (cycle?.state === "running") {
      if (was !== "running") this.store.began = null;
      if (cycle.phase === "checking") this.store.began ??= { at: this.store.now(), done: cycle.done };
      if (now - (this.told ?? -QUIET) >= QUIET) { this.told = now; this.announce(standing(cycle, null, 0).words); }
    } else if (was === "running" && cycle?.last?.outcome === "done") {
      const counts = status.library?.counts ?? library?.counts ?? {};
      this.announce(t("live.done", { runs: counts.runnable ?? 0, n: cycle.last.workflows ?? 0 }));
    }
  }

  /** The same for a look-up of what is missing. */
  tellLookup() {
    const { job } = this.store.state.lookup, now = performance.now(), was = this.looked;
    this.looked = job;
    if (isRunning(job)) {
      if (now - (this.toldLookup ?? -QUIET) >= QUIET) { this.toldLookup = now; this.announce(lookupStands(job)); }
    } else if (isRunning(was) && job?.id === was.id) {
      this.toldLookup = null;
      actionsOf(this.store).outdate();
      this.announce(job.state === "failed" ? t("lookup.failed") : lookupStands(job));
    }
  }

  announce(text) { say(this.live, text); }

  /** Keys work only here, and only those that do something are kept from ComfyUI. */
  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(".cfs-menu, .cfs-layer")) return;
    if (!this.handled(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  handled(event) {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (this.page?.key?.(event)) return true;
    if (typing && event.key !== "Escape") return false;
    if (event.key === "Escape" && this.store.state.view.page !== "library") { this.store.back(); return true; }
    return false;
  }
}

/** A page need not say where its focus goes: its heading, else its first button. */
function withFocus(page) {
  const focus = () => (page.element.querySelector("[data-first]") ?? page.element.querySelector("h2[tabindex], h3[tabindex]") ?? page.element.querySelector("button"))?.focus();
  return { focus, update() {}, destroy() {}, ...bound(page) };
}

const bound = (page) => Object.fromEntries(["element", "update", "destroy", "key", "focus", "enter", "leave", "finds", "reveal", "choices"]
  .filter((name) => page[name]).map((name) => [name, typeof page[name] === "function" ? page[name].bind(page) : page[name]]));

function broken(store, error) {
  const element = h("div", { class: "cfs-page" },
    bar({ back: [t("page.library"), () => store.back()] }),
    h("div", { class: "cfs-notes" }, note({ tone: "warn", name: "warn", title: t("page.broken"), text: visible(error?.message), hint: t("page.broken_hint") })));
  return { element, update() {}, destroy() {}, focus: () => element.querySelector("button").focus() };
}
