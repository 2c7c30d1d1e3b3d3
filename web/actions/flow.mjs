// From "Resolve missing" to the plan: what can be planned, what has to be looked up before, and who waits for that.

import { resolveMissing } from "../lookup/flow.mjs";
import { isRunning, lookupOf } from "../lookup/job.mjs";

const LOCAL = new Set(["move", "link", "relink", "enable_pack"]); // what is on this disk already
const waiting = new WeakMap(); // store -> {id, place}: the look-up whose end is waited for, and on which page

/** Whether a finding is mended by what is on this disk already: that needs no look-up. */
export const isLocal = ({ weight, fixes }) => weight === "blocked" && (fixes ?? []).some((one) => LOCAL.has(one.kind));

/** Whether a plan can bring what a finding lacks, as far as this page knows; `resolution`: the verdict on it, or null. */
export const canPlan = (finding, resolution) => isLocal(finding)
  || (finding.weight === "blocked" && resolution?.state === "RESOLVED" && resolution.candidates.length > 0);

/** Why nothing may be changed from here; told at the look-up's place. */
export function refused(store) {
  const may = store.state.status?.may_change;
  if (may?.allowed !== false) return false;
  lookupOf(store).fail({ status: 403, ...may.error });
  return true;
}

/**
 * Looks up what is missing, and remembers that its end is waited for at `place`. `look`: what to look up, `names` of it,
 * `again`: also what has a verdict. `plan` false: nobody waits, as after "Ask again".
 */
export function lookThenPlan(store, panel, place, look, { names = [], again = false, plan = true, stale }) {
  waiting.delete(store);
  return resolveMissing(store, panel, look, { names, again, stale, began: (job) => { if (plan) waiting.set(store, { id: job.id, place }); } });
}

/** Whether the look-up that is waited for at `place` has just ended well; true once. */
export function isTurn(store, place) {
  const { job } = store.state.lookup, waits = waiting.get(store);
  if (!waits || waits.place !== place || waits.id !== job?.id || isRunning(job)) return false;
  waiting.delete(store);
  return job.state === "done";
}
