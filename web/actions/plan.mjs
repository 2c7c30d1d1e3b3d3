// The plan, to be read and approved: every action, what it costs, what is left out, what to confirm, and the yes.

import { h, set } from "../base/dom.mjs";
import { visible } from "../base/names.mjs";
import { button, iconButton, link, note, progress } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { plain } from "../base/store.mjs";
import { has, t } from "../base/texts.mjs";
import { actionRow } from "./action.mjs";
import { confirmations, consents, missing } from "./confirm.mjs";
import { leftOut, leftOutBlock } from "./left_out.mjs";
import { planText } from "./text.mjs";
import { toDownload, totals } from "./totals.mjs";
import { clock, mark } from "./words.mjs";

const STALE = new Set(["plan_expired", "approval_expired", "approval_used", "already_approved", "plan_changed", "unknown_plan", "not_approved"]);
const BUSY = new Set(["busy", "run_in_hand"]);
const FAR = 2 ** 31 - 1; // what a timer can wait

export class PlanView {
  constructor(work, frame) {
    Object.assign(this, { work, frame, store: work.store, actions: work.actions, known: "", told: "", wrong: null, approving: false, timer: 0 });
    this.details = new Set();
    this.left = { unfolded: false };
    frame.element.setAttribute("aria-label", t("plan.title"));
  }

  destroy() {
    clearTimeout(this.timer);
    this.frame.element.removeAttribute("aria-busy");
  }

  get plan() { return this.actions.plan; }

  update() {
    const { making, progress: at, error } = this.store.state.plan, { plan } = this;
    const signature = JSON.stringify([plan?.digest, making, error, this.expired(), this.refusal(), this.approving, this.wrong, plan ? null : at]);
    if (signature === this.known) return;
    this.known = signature;
    set(this.frame.element, "aria-busy", making ? "true" : null);
    if (plan) this.draw(plan, error);
    else if (making) this.wait(at);
    else this.fail(error);
  }

  head(title, sub, tools = []) {
    this.frame.title.textContent = title;
    this.frame.sub.textContent = sub;
    this.work.refill(this.frame.tools, tools);
  }

  foot(...nodes) {
    this.work.refill(this.frame.foot, nodes);
    this.frame.foot.hidden = !this.frame.foot.hasChildNodes();
  }

  // ---- before there is one ---------------------------------------------------------------------------------

  /** Files of the same size are read to know them, so it may take a while. */
  wait(at) {
    const words = at?.total ? t("plan.making_of", { done: at.done, n: at.total }) : t("plan.making_now");
    this.head(t("plan.making"), t("plan.nothing"));
    this.work.refill(this.frame.body, h("div", { class: "cfs-waits" },
      progress(at?.total ? at.done / at.total : null, words, t("plan.making")), h("p", { class: "cfs-num" }, words),
      h("p", { class: "cfs-small cfs-muted cfs-cut" }, visible(said(at?.note ?? "")) || "\u00a0"),
      h("p", { class: "cfs-small cfs-muted" }, t("plan.making_text"))));
    this.foot(button(t("lookup.cancel"), () => { this.actions.cancelMaking(); this.work.close(); }, { kind: "ghost", "data-key": "cancel-plan" }));
  }

  fail(error) {
    this.head(t("plan.title"), t("plan.nothing"));
    this.work.refill(this.frame.body, h("div", { class: "cfs-waits" }, error && this.trouble(error, "plan.failed")));
    this.foot(button(t("plan.new"), () => this.renew(), { kind: "main", "data-key": "new-plan" }));
  }

  /** What went wrong, in the words of the server. */
  trouble({ code, status, message, hint }, title, actions = []) {
    const key = `plan.refused.${code}`;
    return note({ tone: "warn", name: status === 0 ? "plug" : status === 403 ? "lock" : "warn", title: t(has(key) ? key : title), text: visible(said(message || t("error.code", { code }))), hint: visible(said(hint)), actions });
  }

  renew() {
    this.wrong = null;
    this.actions.make(this.store.state.plan.what ?? {});
  }

  // ---- the plan --------------------------------------------------------------------------------------------

  draw(plan, error) {
    const { work } = this, { body } = this.frame, at = body.scrollTop, n = plan.actions.length, same = this.drawn === plan.digest;
    const copy = iconButton("copy", t("plan.copy"), () => work.copy(planText(plan, work.base), copy), { "data-key": "copy-plan" });
    const standing = this.store.state.plan.making ? t("plan.remaking") : n ? t("plan.nothing_yet", { n }) : t("plan.none_text");
    this.head(t(n ? "plan.title" : "plan.none"), standing, [copy]);
    if (!n) this.left.unfolded = true;
    this.drawn = plan.digest;
    if (!same || error !== this.shownError) {
      this.shownError = error;
      work.refill(body, error && h("div", { class: "cfs-waits" }, this.trouble(error, "plan.failed")),
        n > 0 && h("ol", { class: "cfs-act-list", "aria-label": t("plan.actions") }, plan.actions.map((one) => actionRow(one, this.tools(plan)))),
        n > 0 && totals(plan, work.base),
        leftOutBlock(plan, this.leftTools()),
        confirmations(plan, { ticked: this.actions.ticked, changed: () => this.approval(plan), leave: this.leaver(), open: (page) => work.openPage(page) }));
      body.scrollTop = at;
    }
    this.approval(plan);
    this.say(plan);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), Math.min(FAR, Math.max(0, plan.expires - this.store.now()) * 1000 + 50));
  }

  say(plan) {
    if (this.told === plan.digest) return;
    this.told = plan.digest;
    const n = plan.actions.length;
    this.work.panel.announce(n ? t("plan.announced", { nothing: t("plan.nothing_yet", { n }), download: toDownload(plan) }) : t("plan.none"));
  }

  tools(plan) {
    const { work, actions } = this;
    return {
      plan, base: work.base, details: this.details,
      copy: (text, from) => work.copy(text, from), open: (page) => work.openPage(page),
      leave: this.leaver(), confirm: (action) => this.goTo(action),
      prefer: (action, kind) => { actions.prefer.set(action.id, kind); actions.remake(); },
      linked: (action) => actions.prefer.get(action.id) === "link",
      candidates: (action) => work.panel.page?.choices?.(action) ?? 0,
    };
  }

  leftTools() {
    const { work, actions, left } = this;
    return Object.assign(left, {
      leaveOut: actions.leaveOut, show: (one) => work.reveal(one), open: (page) => work.openPage(page),
      back: (id) => { actions.leaveOut.delete(id); actions.remake(); },
    });
  }

  /** How an action is left out; null for a version with chosen changes, where the choice itself is changed. */
  leaver() { return this.store.state.plan.what?.tune ? null : (action) => this.leave(action); }

  leave(action) {
    this.actions.leaveOut.set(action.id, action.title);
    this.actions.remake();
  }

  /** To the first box of an action that is still empty. */
  goTo(action) {
    const place = [...this.frame.body.querySelectorAll("[data-confirm]")].find((one) => one.dataset.confirm === action.id);
    place?.scrollIntoView({ block: "nearest" });
    (place?.querySelector("input:not(:checked)") ?? place?.querySelector("input"))?.focus({ preventScroll: true });
  }

  // ---- the yes ---------------------------------------------------------------------------------------------

  expired() { return Boolean(this.plan) && this.store.now() >= this.plan.expires; }

  refusal() {
    const may = this.store.state.status?.may_change;
    return may?.allowed === false ? may.error ?? { message: t("refused.unknown"), hint: "" } : null;
  }

  /** The button with what it stands for, or why there is none. */
  approval(plan) {
    const n = plan.actions.length, hand = n > 0 && plan.actions.every((one) => one.pack?.through === "command"), refused = this.refusal();
    if (!n) return this.foot(h("p", { class: "cfs-small cfs-muted" }, t(leftOut(plan).length ? "plan.none_foot" : "plan.none_left")));
    if (hand) return this.foot(h("p", { class: "cfs-small" }, t("plan.only_by_hand")));
    if (this.expired()) return this.foot(this.refused({ code: "plan_expired", status: 409, message: t("plan.expired"), hint: "" }));
    if (refused) return this.foot(this.trouble({ code: "forbidden", status: 403, ...refused }, "plan.refused.forbidden"));
    const open = missing(plan, this.actions.ticked);
    const press = button([t("plan.approve", { n }), h("span", { class: "cfs-mono" }, mark(plan.digest))], () => this.approve(plan), {
      kind: "main", "data-key": "approve", class: "cfs-btn cfs-btn-main cfs-approve", "aria-disabled": open.length || this.approving || this.store.state.plan.making ? "true" : null });
    const first = open.length > 0 && h("p", { class: "cfs-small" }, link(t("plan.to_confirm", { n: open.length }), () => this.goTo(open[0].action), { "data-key": "to-confirm" }));
    return this.foot(h("div", { class: "cfs-wrong", role: "alert" }, this.wrong && this.refused(this.wrong)), first, press,
      h("p", { class: "cfs-small cfs-muted" }, t("plan.until", { time: clock(plan.expires) }), " ", t("plan.voids")));
  }

  /** Why a yes was not taken, and the way on. */
  refused(error) {
    const ways = [];
    if (STALE.has(error.code)) ways.push(button(t("plan.new"), () => this.renew(), { small: true, name: "again", "data-key": "new-plan" }));
    else if (BUSY.has(error.code) && this.actions.run) ways.push(button(t("plan.show_run"), () => this.work.run(), { small: true, "data-key": "show-run" }));
    return this.trouble(error, "plan.not_approved", ways);
  }

  async approve(plan) {
    const [open] = missing(plan, this.actions.ticked);
    if (open) return this.goTo(open.action);
    if (this.approving || this.store.state.plan.making) return undefined;
    Object.assign(this, { approving: true, wrong: null });
    this.approval(plan);
    try {
      await this.actions.approve(consents(plan, this.actions.ticked));
      if (this.work.view === this) this.work.run();
    } catch (error) {
      Object.assign(this, { approving: false, wrong: plain(error) });
      if (this.work.view === this) this.approval(plan);
    }
    return undefined;
  }
}
