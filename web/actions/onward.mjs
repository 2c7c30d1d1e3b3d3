// From a workflow's page on to the version that a run wrote of it, when that run was watched from here.

import { isVersion } from "./words.mjs";
import { actionsOf, isGoing, isOver } from "./state.mjs";
import { newer } from "../workflow/versions.mjs";

const watched = new WeakMap(); // store -> id of the run that was seen going

/** The names under which a run may have had this workflow: its own, and those of its other versions. */
export function isPartOf(workflow, open = "") {
  return [workflow?.name, open, ...(workflow?.versions ?? []).map((one) => one.name)].filter(Boolean);
}

/** Shows the newest version in place of an older one, once, where the run that has just ended wrote it. `held`: not yet. */
export function leadOn(store, view, workflow, { held = false } = {}) {
  const { run } = actionsOf(store), next = newer(workflow);
  if (isGoing(run)) watched.set(store, run.id);
  if (held || !next || !isOver(run) || watched.get(store) !== run.id || !isPartOf(workflow).some((name) => run.workflows.includes(name))) return;
  const wrote = run.actions.some((one) => isVersion(one.kind) && one.state === "done" && next.name.endsWith(one.title));
  if (!wrote) return;
  watched.delete(store);
  store.put({ view: { page: "workflow", slug: next.slug } }); // in its place: "back" still leads where it led
}
