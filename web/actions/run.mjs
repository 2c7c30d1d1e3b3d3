// A run as it goes: how far it is in all, every action in its place, pausing and ending it, and what to do when it is over.

import { fill, h, say, set } from "../base/dom.mjs";
import { left } from "../base/format.mjs";
import { visible } from "../base/names.mjs";
import { button, note, progress } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { has, t } from "../base/texts.mjs";
import { openServices } from "../lookup/consent.mjs";
import { itemRow } from "./item.mjs";
import { byHand, isGoing, isOver, stands } from "./state.mjs";
import { partOf, speedOf } from "./words.mjs";

const LINGER = 1500; // ms that the last state is seen before the sheet makes room for the page

export class RunView {
  constructor(work, frame) {
    Object.assign(this, { work, frame, store: work.store, actions: work.actions, rows: new Map(), id: null, plan: null, known: "", touched: 0, timer: 0 });
    this.bar = progress(null, "", t("run.progress"));
    this.some = h("span");
    this.pace = h("span");
    this.buttons = h("div", { class: "cfs-run-acts" });
    this.notes = h("div", { class: "cfs-run-notes" });
    this.list = h("ol", { class: "cfs-act-list", "aria-label": t("plan.actions") });
    this.calm = h("p", { class: "cfs-small cfs-muted cfs-calm" });
    this.top = h("div", { class: "cfs-run-top" }, this.bar, h("p", { class: "cfs-small cfs-muted cfs-num cfs-pair" }, this.some, this.pace), this.buttons);
    frame.element.setAttribute("aria-label", t("run.title"));
    this.touch = () => { this.touched = performance.now(); };
    for (const name of ["pointerdown", "wheel", "keydown"]) frame.element.addEventListener(name, this.touch, { passive: true });
  }

  destroy() {
    clearTimeout(this.timer);
    for (const name of ["pointerdown", "wheel", "keydown"]) this.frame.element.removeEventListener(name, this.touch);
  }

  get run() { return this.actions.run; }

  update() {
    const { run } = this;
    if (!run) return this.none();
    if (run.id !== this.id) this.begin(run);
    this.numbers(run);
    this.around(run);
    for (const item of run.actions) this.rows.get(item.id)?.update(item);
    if (isOver(run) && this.was && isGoing(this.was) && clean(run)) this.leave();
    this.was = run;
    return undefined;
  }

  none() {
    this.frame.title.textContent = t("run.title");
    this.frame.sub.textContent = "";
    fill(this.frame.body, h("p", { class: "cfs-waits cfs-muted" }, t("run.none")));
    this.frame.foot.hidden = true;
  }

  /** Another run than was shown: its rows are made, its plan is asked for its pages. */
  begin(run) {
    Object.assign(this, { id: run.id, rows: new Map(), known: "", plan: null, was: null });
    const view = {
      base: this.work.base, steer: (act, id) => this.actions.steer(act, id), open: (url) => this.work.openPage(url), copy: (text, from) => this.work.copy(text, from),
      services: () => openServices(this.store, this.work.panel), planned: (id) => this.plan?.actions.find((one) => one.id === id) ?? null,
      reveal: (item, planned) => this.work.reveal({ key: "", name: item.title, workflows: planned?.workflows ?? run.workflows }),
      ended: () => isOver(this.run), voided: () => this.run?.state === "voided",
    };
    for (const item of run.actions) this.rows.set(item.id, itemRow(item, view));
    fill(this.list, [...this.rows.values()].map((one) => one.element));
    fill(this.frame.tools);
    this.work.refill(this.frame.body, this.top, this.notes, this.list, this.calm);
    this.actions.planOf(run).then((plan) => {
      if (this.id !== run.id || !plan) return;
      this.plan = plan;
      for (const item of this.run.actions) this.rows.get(item.id)?.update(item);
    });
  }

  /** What changes several times a second. */
  numbers(run) {
    const share = shareOf(run), words = standing(run);
    say(this.frame.title, words);
    say(this.frame.sub, isGoing(run) && run.left !== null ? left(run.left) : subtitle(run));
    this.bar.firstChild.style.setProperty("width", `${share ?? 4}%`);
    set(this.bar, "aria-valuenow", share);
    set(this.bar, "aria-valuetext", words);
    say(this.some, run.bytes_total || run.bytes ? partOf(run.bytes, run.bytes_total) : "");
    say(this.pace, isGoing(run) ? speedOf(run.speed) : "");
  }

  /** Buttons and notes: made anew only when they are others. */
  around(run) {
    const { error } = this.store.state.run, pausing = isGoing(run) && run.actions.some((one) => one.note === "Pausing");
    const signature = JSON.stringify([run.state, run.error, this.actions.restartDue(run), run.can_resume, error, pausing, run.actions.filter(byHand).length, run.actions.length]);
    if (signature === this.known) return;
    this.known = signature;
    this.work.refill(this.buttons, this.ways(run, pausing));
    this.buttons.hidden = !this.buttons.hasChildNodes();
    this.work.refill(this.notes, this.told(run, error));
    this.notes.hidden = !this.notes.hasChildNodes();
    say(this.calm, isOver(run) ? "" : run.actions.length ? t("run.calm") : t("run.foreign"));
    this.calm.hidden = !this.calm.textContent;
    this.work.refill(this.frame.foot, isOver(run) ? this.after(run) : []);
    this.frame.foot.hidden = !this.frame.foot.hasChildNodes();
  }

  ways(run, pausing) {
    if (!run.actions.length || isOver(run)) return []; // another person's: only how far it is
    const cancel = button(t(stands(run) ? "run.leave_it" : "run.cancel"), () => this.actions.steer("cancel"), { kind: "ghost", "data-key": "cancel-run" });
    if (isGoing(run)) return [button(t(pausing ? "run.pausing" : "run.pause"), () => this.actions.steer("pause"), { name: "pause", "data-key": "steer", "aria-disabled": pausing ? "true" : null }), cancel];
    return [run.can_resume && button(t(run.state === "interrupted" ? "run.go_on" : "run.resume"), () => this.actions.steer("resume"), { kind: "main", "data-key": "steer" }), cancel];
  }

  told(run, error) {
    const hand = run.actions.filter(byHand).length;
    return [
      error && note({ tone: "warn", name: error.status === 0 ? "plug" : "warn", title: t("run.refused"), text: visible(said(error.message || t("error.code", { code: error.code }))), hint: visible(said(error.hint)),
        actions: [button(t("trouble.dismiss"), () => this.actions.putRun({ error: null }), { small: true, "data-key": "dismiss" })] }),
      run.error && note({ tone: "warn", name: "warn", title: t(run.state === "voided" ? "run.voided" : "run.failed"), text: visible(said(run.error.message)), hint: visible(said(run.error.hint)) }),
      stands(run) && !run.can_resume && note({ tone: "warn", name: "warn", title: t("run.too_late"), text: t("run.too_late_text") }),
      this.actions.restartDue(run) && note({ name: "again", title: t("run.restart"), text: t("run.restart_text") }),
      isOver(run) && hand > 0 && note({ name: "person", title: t("run.by_hand", { n: hand }), text: t("run.by_hand_text") }),
    ].filter(Boolean);
  }

  after(run) {
    const again = run.state === "voided" || run.state === "failed" || run.state === "cancelled", { what } = this.store.state.plan;
    return [
      again && what && button(t("plan.new"), () => this.work.plan(what, { fresh: true }), { kind: "main", "data-key": "new-plan" }),
      button(t("run.journal"), () => { this.work.close(); this.store.go({ page: "journal", run: run.id }); }, { kind: "ghost", name: "undo", "data-key": "to-journal" }),
      !again && button(t("sheet.close"), () => this.work.close(), { "data-key": "done" }),
    ].filter(Boolean);
  }

  /** All went well, so the page below says the rest; but nobody who reads here is interrupted. */
  leave() {
    const since = performance.now();
    this.timer = setTimeout(() => {
      if (this.touched > since || this.store.state.run.error) return;
      this.work.close();
    }, LINGER);
  }
}

/** Whether nothing is left for the person to read or do here. */
const clean = (run) => run.state === "done" && run.done === run.total && !run.needs_restart;

/** Percent of the whole: by bytes where some are fetched, else by actions; null while it cannot be told. */
export function shareOf(run) {
  if (run.state === "done") return 100;
  if (run.bytes_total > 0) return Math.min(100, Math.floor(run.bytes / run.bytes_total * 100));
  return run.total ? Math.floor(run.done / run.total * 100) : null;
}

/** "3 of 5 done", "Paused: 3 of 5 done". */
export function standing(run) {
  const count = t("run.count", { done: run.done, n: run.total });
  return has(`run.standing.${run.state}`) ? t(`run.standing.${run.state}`, { count }) : count;
}

/** What did not work, and what is the person's own to do. */
export function subtitle(run) {
  const hand = run.actions.filter(byHand).length, bad = run.failed - hand;
  return [bad > 0 && t("run.not_done", { n: bad }), hand > 0 && t("run.yours", { n: hand })].filter(Boolean).join(t("list.comma"));
}
