// What is to be done and what is being done: the plan that is shown, and the run of the one that was approved last.
// What is known of them lies in `store.state.plan` and `store.state.run`. A run goes on without anybody looking.

import { plain } from "../base/store.mjs";

const RUN = "comfyfixersmart.run", PLAN = "comfyfixersmart.plan";
const SELDOM = 5000, SOON = 1000; // ms between two looks at a run of which events tell; of one whose events tell no names
const OVER = new Set(["done", "failed", "cancelled", "voided"]);
const known = new WeakMap(); // store -> Actions
const away = new WeakMap(); // library -> by slug, what is left to do for it

/** The one of this store. */
export function actionsOf(store) {
  if (!known.has(store)) known.set(store, new Actions(store));
  return known.get(store);
}

export const isGoing = (run) => run?.state === "running";
export const isOver = (run) => OVER.has(run?.state);
/** Whether a run stands and can go on: paused by the person, or by the end of ComfyUI. */
export const stands = (run) => run?.state === "paused" || run?.state === "interrupted";
/** An action that failed because it is the person's own to do. */
export const byHand = (action) => action.error?.code === "by_hand";

class Actions {
  constructor(store) {
    const { host } = store;
    Object.assign(this, { store, host, api: host.api, users: 0, off: [], asking: null, timer: 0, turn: 0, madeAt: "", again: 0 });
    this.leaveOut = new Map(); // action id -> title
    this.prefer = new Map(); // action id -> "move" or "link"
    this.ticked = new Map(); // "id code" -> what was confirmed, word for word
    this.plans = new Map(); // digest -> plan, of the run that is shown
    this.seen = () => { if (!document.hidden) this.ask(); };
  }

  get plan() { return this.store.state.plan.plan; }
  get run() { return this.store.state.run.run; }

  /** Begins to listen, and finds a run that was begun before this page was loaded. Each `start` needs its `stop`. */
  start() {
    this.users += 1;
    if (this.users > 1) return;
    this.off = [
      this.api.on(RUN, ({ run } = {}) => this.heard(run)),
      this.api.on(PLAN, ({ plan } = {}) => { if (plan && this.store.state.plan.making) this.putPlan({ progress: plan }); }),
      this.api.on("reconnected", () => { this.again = this.store.now(); this.ask(); }),
    ];
    document.addEventListener("visibilitychange", this.seen);
    this.ask();
  }

  stop() {
    this.users = Math.max(0, this.users - 1);
    if (this.users) return;
    clearTimeout(this.timer);
    for (const end of this.off) end?.();
    this.off = [];
    document.removeEventListener("visibilitychange", this.seen);
  }

  putPlan(values) { this.store.put({ plan: { ...this.store.state.plan, ...values } }); }
  putRun(values) { this.store.put({ run: { ...this.store.state.run, ...values } }); }

  // ---- the plan --------------------------------------------------------------------------------------------

  /**
   * Whether the plan that is kept is for this, can still be approved, and nothing was seen to change since. `what`: {slug},
   * {slug, tune: {memory_gb, changes}} for a new version with these changes, {canvas: true} or {} for the library.
   */
  has(what) {
    return Boolean(this.plan) && this.store.now() < this.plan.expires && same(what, this.store.state.plan.what) && this.madeAt === this.standing(what);
  }

  /** What a plan was made from, as far as this page knows. */
  standing({ slug, canvas }) {
    const { library, open } = this.store.state;
    if (canvas) return JSON.stringify([open.active?.path, open.result?.findings.map((one) => [one.code, one.name, one.weight])]);
    if (!library) return "";
    if (!away.has(library)) away.set(library, new Map(library.workflows.map(({ slug: at, status, distance, modified }) => [at, JSON.stringify([status, distance, modified])])));
    const lines = away.get(library);
    return slug ? lines.get(slug) ?? library.revision : (lines.all ??= [...lines.values()].join());
  }

  /**
   * Asks for a plan. What was left out, preferred and confirmed counts for as long as plans are made for the same. `again`:
   * the one that is shown stays until the new one is there.
   */
  async make(what, { again = false } = {}) {
    const turn = (this.turn += 1);
    if (!same(what, this.store.state.plan.what)) this.forget();
    this.madeAt = this.standing(what);
    this.putPlan({ what, making: true, progress: null, error: null, ...(again ? {} : { plan: null }) });
    try {
      const { plan } = await (what.tune ? this.api.post("tune/plan", { slug: what.slug, ...what.tune }) : this.api.post("plan", this.wishes(what)));
      if (turn === this.turn) this.putPlan({ plan, making: false });
    } catch (error) {
      if (turn === this.turn) this.putPlan({ making: false, error: plain(error) });
    }
  }

  wishes(what) { return { ...this.subject(what), leave_out: [...this.leaveOut.keys()], prefer: Object.fromEntries(this.prefer) }; }

  remake() { return this.make(this.store.state.plan.what ?? {}, { again: true }); }

  /** Something that a plan is made from is otherwise now: the next press makes a new one. */
  outdate() { this.madeAt = ""; }

  forget() { for (const one of [this.leaveOut, this.prefer, this.ticked]) one.clear(); }

  subject(what) {
    if (!what.canvas) return { slug: what.slug ?? null, workflow: null, name: "" };
    return { slug: null, workflow: this.host.graph(), name: this.store.state.open.active?.name ?? "" };
  }

  /** Gives up the plan that is being made. */
  cancelMaking() {
    this.turn += 1;
    this.putPlan({ making: false });
    this.api.post("plan/cancel", {}).catch(() => {});
  }

  dropPlan() { this.putPlan({ plan: null, error: null, making: false }); }

  /** The yes to the plan that is shown, and the start of its run. Throws the server's error. */
  async approve(consents) {
    const { plan } = this, { run } = await this.api.post("approve", { digest: plan.digest, consents });
    this.plans.clear();
    this.plans.set(plan.digest, plan);
    this.forget();
    this.dropPlan();
    this.putRun({ error: null, unseen: false });
    this.take({ ...run, state: "running" }); // it may be over by now: asked again at once, so that its end is seen as one
    this.ask();
  }

  // ---- the run ---------------------------------------------------------------------------------------------

  /** An event goes to every page, so where others use this ComfyUI too it tells numbers only; the rest is asked for. */
  heard(run) {
    if (!run) return;
    const mine = this.run, same = mine?.id === run.id;
    if (run.actions?.length) return this.take(run);
    if (same && mine.actions.length && isGoing(mine) && isGoing(run)) {
      const { done, failed, bytes, speed, left } = run;
      this.putRun({ run: { ...mine, done, failed, bytes, speed, left } });
      this.later(SOON);
    } else if (!document.hidden) this.ask();
  }

  /** Asks how it stands, and again now and then while it goes on and somebody looks. Never throws. */
  ask() {
    this.asking ??= this.look().finally(() => { this.asking = null; });
    return this.asking;
  }

  async look() {
    clearTimeout(this.timer);
    try {
      this.take((await this.api.get("run")).run);
    } catch { /* the library says that the server is silent; a run goes on without us */ }
    clearTimeout(this.timer);
    this.timer = 0;
    this.later(SELDOM);
  }

  later(ms) {
    if (this.timer || !this.users || document.hidden || !isGoing(this.run)) return;
    this.timer = setTimeout(() => this.ask(), ms);
  }

  take(run) {
    const was = this.run, ended = isGoing(was) && was.id === run?.id && !isGoing(run);
    this.putRun({ run: run ?? null, ...(ended ? { unseen: true } : {}) });
    if (ended) this.ended(run);
    else this.later(SELDOM);
  }

  /** New files are there: ComfyUI's own drop-downs list them, and what the panel knows is asked for again. */
  ended(run) {
    this.store.workflows.clear();
    this.store.refresh();
    if (run.actions.some((one) => one.state === "done")) this.refreshLists();
  }

  refreshLists() {
    Promise.resolve(this.host.refreshDefinitions?.()).catch((error) => console.warn("ComfyFixerSmart: ComfyUI's lists could not be refreshed", error));
  }

  /** Whether ComfyUI still has to be restarted for what a run brought: not where it began, or came back, after that. */
  restartDue({ needs_restart: needed, ended }) {
    return Boolean(needed) && Math.max(this.store.state.status?.started ?? 0, this.again) < (ended ?? Infinity);
  }

  /** "pause", "resume" or "cancel": all, or one action by its id. What is refused is kept in `store.state.run.error`. */
  async steer(act, action = null) {
    try {
      const { run } = await this.api.post("run", { do: act, action });
      this.putRun({ error: null });
      this.take(run);
    } catch (error) {
      this.putRun({ error: plain(error) });
    }
    this.ask();
  }

  /** The plan of a run, for the pages of its files; null where it is not kept any more. */
  async planOf({ digest }) {
    if (!digest) return null;
    if (!this.plans.has(digest)) this.plans.set(digest, await this.api.get(`plan?digest=${digest}`).then(({ plan }) => plan, () => null));
    return this.plans.get(digest);
  }

  // ---- the journal -----------------------------------------------------------------------------------------

  /** Takes back entries of the journal (ids), or all that a run did: [{entry, ok, text, error}]. Throws the server's error. */
  async undo(what) {
    const { undone } = await this.api.post("undo", what);
    if (undone.some((one) => one.ok)) {
      this.store.workflows.clear();
      this.store.refresh();
      this.refreshLists();
    }
    return undone;
  }
}

const same = (one, other) => Boolean(other) && (one.slug ?? "") === (other.slug ?? "") && Boolean(one.canvas) === Boolean(other.canvas) && JSON.stringify(one.tune ?? null) === JSON.stringify(other.tune ?? null);
