// The look-up of what is missing, as the server runs it: one at a time, over one workflow or the whole library.
// What is known of it lies in `store.state.lookup`: {job, error}; `error` is what went wrong with something pressed.

import { plain } from "../base/store.mjs";
import { t } from "../base/texts.mjs";

const EVENT = "comfyfixersmart.resolve";
const OFTEN = 500, SELDOM = 5000; // ms between two looks at a running look-up; after one that failed
const lookups = new WeakMap(); // store -> Lookup

/** The one look-up of this store. */
export function lookupOf(store) {
  if (!lookups.has(store)) lookups.set(store, new Lookup(store));
  return lookups.get(store);
}

export const isRunning = (job) => job?.state === "running";

/** "12 found, 3 uncertain, 1 not found"; what there is none of is left out. */
export function counted(counts) {
  const parts = ["RESOLVED", "UNCERTAIN", "NOT_FOUND"].filter((state) => counts?.[state] > 0)
    .map((state) => t(`lookup.count.${state}`, { n: counts[state] }));
  return parts.length ? parts.join(t("list.comma")) : t("lookup.count.none");
}

/** How it stands, in words: "4 of 12 looked up", or what was found. */
export function standing(job) {
  if (isRunning(job)) return job.total ? t("lookup.done_of", { done: job.done, n: job.total }) : t("lookup.begins");
  return counted(job.counts);
}

/** How one that ended is told, in a sentence; `counts` where they are known better. */
export const ended = (job, counts = job.counts) => t(job?.state === "cancelled" ? "lookup.stopped" : "lookup.found", { counts: counted(counts) });

class Lookup {
  constructor(store) {
    Object.assign(this, { store, api: store.host.api, users: 0, off: [], asking: null, timer: 0, failed: false });
    this.seen = () => { if (!document.hidden && isRunning(this.job)) this.ask(); };
  }

  get job() { return this.store.state.lookup.job; }

  /** Begins to listen, and finds a look-up that was running before this page was loaded. Each `start` needs its `stop`. */
  start() {
    this.users += 1;
    if (this.users > 1) return;
    this.off = [this.api.on(EVENT, ({ job } = {}) => this.heard(job)), this.api.on("reconnected", () => this.ask())];
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

  put(values) { this.store.put({ lookup: { ...this.store.state.lookup, ...values } }); }

  /** An event tells numbers only, since it goes to every page; the rest is asked for. */
  heard(job) {
    if (!job) return;
    const same = this.job?.id === job.id && isRunning(this.job) && isRunning(job);
    if (same) this.put({ job: { ...this.job, done: job.done, total: job.total, counts: job.counts, silent: job.silent } });
    else if (!document.hidden) this.ask();
  }

  /** Asks how it stands, and again soon while it runs and somebody looks. Never throws. */
  ask() {
    this.asking ??= this.look().finally(() => { this.asking = null; });
    return this.asking;
  }

  async look() {
    clearTimeout(this.timer);
    try {
      const { job } = await this.api.get("resolve");
      this.failed = false;
      this.take(job);
    } catch {
      this.failed = true; // the library says that the server is silent; a look-up goes on without us
    }
    if (this.users && !document.hidden && isRunning(this.job)) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), this.failed ? SELDOM : OFTEN);
    }
  }

  take(job) {
    const ended = isRunning(this.job) && !isRunning(job);
    this.put({ job });
    if (!ended) return;
    this.store.workflows.clear();
    this.store.refresh();
  }

  /** Begins one: `what` is {slug}, {workflow, name} or {} for the library. `began(job)` before anybody hears of it. Throws the server's error. */
  async begin(what, { again = false, began = () => {} } = {}) {
    const { job } = await this.api.post("resolve", { slug: null, workflow: null, name: "", ...what, again });
    began(job);
    this.put({ error: null });
    this.take(job);
    this.ask();
  }

  async cancel() {
    try {
      const { job } = await this.api.post("resolve/cancel", {});
      this.take(job?.results || !this.job ? job : { ...this.job, ...job }); // the answer may come without names
    } catch (error) {
      this.fail(error);
    }
    this.ask();
  }

  fail(error) { this.put({ error: error && plain(error) }); }

  /** Takes one candidate for a question, or with null takes the choice back; the verdict. Throws the server's error. */
  async choose(key, candidate, reason = "") {
    const { resolution } = await this.api.post("choose", { key, candidate, reason });
    this.store.workflows.clear();
    return resolution;
  }
}
