// What "Resolve missing" does, on either page: ask once which services may be asked, then look.

import { askConsent } from "./consent.mjs";
import { lookupOf } from "./job.mjs";
import { loadServices } from "./services.mjs";

/**
 * `what` is {slug}, {workflow, name} or {} for the library; `names`: what is missing, for the sheet. Nothing is sent to
 * anybody before a button of that sheet was pressed. `panel`: {root, announce}; `stale()` tells that nobody waits any more,
 * `began(job)` is called once it runs.
 */
export async function resolveMissing(store, panel, what, { names = [], again = false, stale = () => false, began = () => {} } = {}) {
  const lookup = lookupOf(store);
  const refusal = store.state.status?.may_change;
  if (refusal?.allowed === false) return lookup.fail({ status: 403, ...refusal.error });
  lookup.fail(null);
  const begin = () => attempt(lookup, what, again, ask, began);
  const ask = () => { if (!stale()) askConsent(store, panel, { names, then: begin }); };
  try {
    const { consent } = await loadServices(store);
    if (stale()) return undefined;
    if (!consent) return ask();
  } catch (error) {
    return lookup.fail(error);
  }
  return begin();
}

/** Somebody may have taken the permission back meanwhile: then it is asked for again. */
async function attempt(lookup, what, again, ask, began) {
  try {
    await lookup.begin(what, { again, began });
  } catch (error) {
    if (error.code === "no_consent") return ask();
    lookup.fail(error);
    if (error.code === "busy") lookup.ask();
  }
  return undefined;
}
