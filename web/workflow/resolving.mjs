// The look-up on a workflow's page: the block in its card, and one evidence box per finding, each filled in its place.

import { canPlan, isTurn, lookThenPlan, refused } from "../actions/flow.mjs";
import { actionsOf } from "../actions/state.mjs";
import { h, say, set } from "../base/dom.mjs";
import { visible } from "../base/names.mjs";
import { button, link, note } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";
import { openServices } from "../lookup/consent.mjs";
import { ended as told, isRunning, lookupOf } from "../lookup/job.mjs";
import { lookupBlock, silentWords } from "../lookup/progress.mjs";
import { placeName, wantServices } from "../lookup/services.mjs";
import { canLookUp, resolutionBox } from "./resolution.mjs";
import { steady } from "./steady.mjs";

const CATCH = 1500; // ms between two looks at the report while a look-up runs
const MANY = 40; // verdicts on one page, from which on their boxes are folded

/** `page`: the workflow's page, with {store, host, panel, view, live, place, kept, scroller, workflow, tell(), copy(), reload(), reveal()}. */
export class Resolving {
  constructor(page) {
    Object.assign(this, { page, store: page.store, host: page.host, boxes: [], fresh: new Map(), chosen: new Map(), known: null, was: null, pressed: false, over: false });
    this.lookup = lookupOf(page.store);
    this.lookup.start();
    wantServices(page.store);
    page.kept.verdicts ??= new Map(); // by key: what is unfolded and typed, for as long as the page is remembered
    this.block = lookupBlock(page.store, { about: (job) => this.about(job), concerns: (job) => this.mine(job), retry: () => this.begin(), resting: () => this.resting() });
    this.element = h("div", { class: "cfs-missing", tabindex: -1, hidden: true }, this.block.element);
  }

  destroy() {
    this.over = true;
    this.lookup.stop();
  }

  get job() { return this.store.state.lookup.job; }

  /** Whether a look-up is that of this page's workflow. */
  mine(job = this.job) {
    if (!job) return false;
    return this.page.live ? job.scope === "open" : job.scope === "workflow" && job.slug === this.page.view.slug;
  }

  about(job) {
    if (this.mine(job)) return "";
    return t(job.scope === "library" ? "lookup.of_library" : "lookup.of_other");
  }

  /** What can be looked up, and what a look-up found of it so far. */
  open() { return (this.page.workflow?.findings ?? []).filter(canLookUp); }
  found() { return this.open().map((one) => this.of(one)).filter(Boolean); }

  /** Whether a plan can be made now: nothing has to be looked up before, and there is something for it. */
  get plannable() { return (this.page.workflow?.findings ?? []).some((one) => canPlan(one, this.of(one))); }
  get looked() { return this.open().every((one) => this.of(one)); }

  /** What a plan is for: the saved file where the canvas shows it unchanged, since only a file can get a new version. */
  what() {
    const { page, store } = this, { active } = store.state.open;
    if (!page.live) return { slug: page.view.slug };
    const slug = active && !active.modified && !active.temporary ? store.slugOf({ path: active.path }) : "";
    return slug ? { slug } : { canvas: true };
  }

  /** What the page's button does now. */
  label() {
    if (actionsOf(this.store).has(this.what())) return t("workflow.show_plan");
    return t(this.looked && this.plannable ? "workflow.plan" : "workflow.resolve");
  }

  /** What stands in the block while nothing runs: what was found, who was silent, and what is left to do. */
  resting() {
    const open = this.open(), all = this.found(), silent = this.mine() ? silentWords(this.store, this.job) : "";
    if (!all.length) return this.pressed && !open.length && !this.plannable ? [note({ name: "info", title: t("workflow.missing.title"), text: t("workflow.missing.text") })] : [];
    const counts = Object.fromEntries(["RESOLVED", "UNCERTAIN", "NOT_FOUND"].map((state) => [state, all.filter((one) => one.state === state).length]));
    return [h("p", { class: "cfs-lookup-sum" }, told(this.mine() ? this.job : null, counts)), silent && h("p", { class: "cfs-small" }, silent),
      this.looked && !this.plannable ? this.left(counts, all) : h("p", { class: "cfs-small cfs-muted" }, t("lookup.only_tells")),
      this.looked && link(t("lookup.again"), () => this.begin({ again: true, plan: false }), { "data-key": "look-again" })].filter(Boolean);
  }

  /** Why there is no plan, and what to do first. */
  left({ RESOLVED: here, UNCERTAIN: unsure, NOT_FOUND: none }, all) {
    const first = all.find((one) => one.state === "UNCERTAIN") ?? all.find((one) => one.state === "NOT_FOUND");
    return note({
      name: "info", title: t("workflow.left.title"),
      text: [unsure > 0 && t("workflow.left.uncertain", { n: unsure }), none > 0 && t("workflow.left.absent", { n: none }), here > 0 && !unsure && !none && t("workflow.left.other")].filter(Boolean).join(t("list.sentences")),
      actions: first ? [button(t(first.state === "UNCERTAIN" ? "plan.show_choice" : "plan.show"), () => this.page.reveal({ key: first.key, name: first.name }), { small: true, "data-key": "to-first" })] : [],
    });
  }

  /** The box of one finding; made when the page is drawn, filled by `update`. */
  box(finding) {
    if (!canLookUp(finding)) return null;
    const box = resolutionBox(this.tools());
    this.boxes.push({ at: this.places.get(finding), box });
    return box;
  }

  /** The page is about to be drawn anew. */
  redraw() {
    const findings = this.page.workflow?.findings ?? [];
    this.boxes = [];
    this.places = new Map(findings.map((one, at) => [one, at])); // a later report with the same findings has them there too
    this.folded = findings.filter((one) => one.resolution).length > MANY;
  }

  tools() {
    const { page } = this;
    return {
      folded: this.folded,
      place: (name) => placeName(this.store, name),
      now: () => this.store.now(),
      copy: (text, from) => page.copy(text, from),
      open: (url) => { if (!this.host.openPage(url)) page.tell(t("resolution.not_opened")); },
      choose: (resolution, id, reason) => this.choose(resolution, id, reason),
      again: () => this.begin({ again: true, plan: false }),
      busy: () => (isRunning(this.job) ? t("lookup.running") : ""),
      services: () => openServices(this.store, page.panel),
      ui: (key) => { if (!page.kept.verdicts.has(key)) page.kept.verdicts.set(key, {}); return page.kept.verdicts.get(key); },
    };
  }

  /** The verdict on a finding: what was just found or chosen before what the report has. */
  of(finding) {
    const told = finding.resolution ?? this.named(finding);
    return told && (this.chosen.get(told.key) ?? this.fresh.get(told.key) ?? told);
  }

  /** A running look-up tells names, not findings. */
  named(finding) {
    if (!this.fresh.size) return null;
    const kind = finding.code.startsWith("NODE") ? "pack" : "file", names = new Set([finding.name, ...(finding.names ?? [])]);
    const found = [...this.fresh.values()].filter((one) => one.kind === kind && names.has(one.name));
    return found.find((one) => (finding.folders ?? []).includes(one.folder)) ?? found[0] ?? null;
  }

  /** Fills the boxes in place; what one looks at stays where it is. */
  update() {
    const { page, job } = this, ended = isRunning(this.was) && !isRunning(job) && this.was.id === job?.id;
    if (page.workflow !== this.known) { // a new report has all that was found before it was asked for
      this.known = page.workflow;
      this.fresh.clear();
      this.chosen.clear();
    }
    if (this.mine(job) && (isRunning(job) || ended)) for (const [key, one] of Object.entries(job.results ?? {})) this.fresh.set(key, one);
    this.was = job;
    steady(page.scroller, () => this.fill());
    if (ended) page.reload();
    else this.catchUp(job);
    if (isTurn(this.store, page.place) && this.plannable) page.panel?.work?.plan(this.what(), { fresh: true });
  }

  /** What was found is kept at once, so the report has it before the look-up ends and tells its results. */
  catchUp(job) {
    if (!isRunning(job) || !this.mine(job)) return;
    const found = Object.values(job.counts ?? {}).reduce((sum, one) => sum + one, 0), now = performance.now();
    if (found <= Object.keys(job.results ?? {}).length || found === this.caught?.found || now - (this.caught?.at ?? -CATCH) < CATCH) return;
    this.caught = { found, at: now };
    this.page.reload();
  }

  fill() {
    const { page } = this;
    const waits = isRunning(this.job) && this.mine(), now = this.job?.now;
    for (const { at, box } of this.boxes) {
      const finding = page.workflow.findings[at];
      const pending = !waits ? "" : now?.name === finding.name ? now.did || t("lookup.now") : t("lookup.waits");
      if (box.update(this.of(finding), pending)) box.element.parentNode?.classList.toggle("cfs-settled", box.settled());
      box.element.parentNode?.classList.toggle("cfs-judged", box.has());
    }
    this.block.update();
    this.element.hidden = this.block.element.hidden;
    const press = page.element.querySelector("[data-key=resolve]"), busy = this.tools().busy();
    if (press) { set(press, "aria-disabled", busy ? "true" : null); set(press, "title", busy || null); say(press, this.label()); }
  }

  /** The page's button, a menu, or "Ask again" was pressed. Without `plan` it is only looked up. */
  async begin({ again = false, plan = true } = {}) {
    const { page, store } = this, what = this.what(), made = actionsOf(store).has(what);
    if (isRunning(this.job)) return undefined; // one at a time; its progress says so
    this.pressed = true;
    if (refused(store)) return undefined;
    this.lookup.fail(null);
    if (plan && !again && (made || (this.looked && this.plannable))) return page.panel?.work?.plan(what);
    const names = this.open().flatMap((one) => (one.names?.length ? one.names : [one.name]));
    if (!names.length) return this.update(); // all of it is the person's own to choose
    const look = page.live ? { workflow: this.host.graph(), name: store.state.open.active?.name ?? "" } : { slug: page.view.slug };
    await lookThenPlan(store, page.panel, page.place, look, { names, again, plan, stale: () => this.over });
    return this.over || this.update();
  }

  async choose(resolution, id, reason = "") {
    try {
      const found = await this.lookup.choose(resolution.key, id, reason);
      this.chosen.set(found.key, found);
      actionsOf(this.store).outdate();
      if (!this.over) this.fill();
      this.page.panel?.announce?.(t(id === null ? "resolution.taken_back" : "resolution.kept", { name: visible(found.name) }));
      this.page.reload();
    } catch (error) {
      if (id !== null) throw error; // said beside the field
      this.lookup.fail(error);
    }
  }
}
