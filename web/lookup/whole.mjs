// "Resolve missing" for the whole library: one look-up, then one plan for all. The library and the unlock page both show it.

import { lookThenPlan, isTurn, refused } from "../actions/flow.mjs";
import { actionsOf } from "../actions/state.mjs";
import { h } from "../base/dom.mjs";
import { button, link, note } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";
import { ended, isRunning, lookupOf } from "./job.mjs";
import { lookupBlock, silentWords } from "./progress.mjs";

const PLACE = "library";
const seen = new WeakMap(); // store -> {id}: the look-up that was seen running here, until it is put away

/** {element, update(), begin(), label()}. `focus()`: where the focus goes when what is told was put away; `stale()`: the page is gone. */
export function wholeLibrary(store, panel, { focus, stale }) {
  const kept = seen.get(store) ?? { id: null };
  seen.set(store, kept);
  const block = lookupBlock(store, {
    about: (job) => (job.scope === "library" ? "" : t("lookup.of_other")), concerns: (job) => job.scope === "library" && job.id === kept.id,
    retry: () => begin(), dismiss: putAway, resting,
  });
  const element = h("div", { class: "cfs-lookup-place" }, block.element);

  /** What lacks something that has to be looked for, and what is on this disk already. */
  function away() {
    const lines = store.state.library?.workflows ?? [], sum = (names) => lines.reduce((all, { distance: one = {} }) => all + names.reduce((some, name) => some + (one[name] ?? 0), 0), 0);
    return { open: sum(["files", "packs", "types"]), local: sum(["local"]) };
  }

  const mine = () => { const { job } = store.state.lookup; return job && job.id === kept.id && job.scope === "library" && job.state !== "failed" ? job : null; };
  const hasPlan = () => actionsOf(store).has({});
  const canPlan = () => away().local > 0 || mine()?.counts.RESOLVED > 0;

  /** How a look-up that was seen running here ended, and the way on. */
  function resting() {
    const job = mine();
    if (!job || isRunning(job)) return [];
    const silent = silentWords(store, job);
    return [h("p", { class: "cfs-lookup-sum" }, ended(job)), silent && h("p", { class: "cfs-small" }, silent),
      canPlan() ? h("p", { class: "cfs-small cfs-muted" }, t("lookup.only_tells")) : note({ name: "info", title: t("workflow.left.title"), text: t("lookup.nothing_found") }),
      h("div", { class: "cfs-acts" }, canPlan() && button(t(hasPlan() ? "workflow.show_plan" : "workflow.plan"), () => plan(), { kind: "main", small: true, "data-key": "plan-all" }), link(t("trouble.dismiss"), putAway))];
  }

  function putAway() {
    kept.id = null;
    block.update();
    focus();
  }

  function plan({ fresh = false } = {}) {
    if (!refused(store)) panel.work.plan({}, { fresh });
  }

  /** The button was pressed: to the plan at once where all that is missing lies on this disk. */
  function begin() {
    if (refused(store)) return undefined;
    const { open, local } = away();
    if (hasPlan() || (!open && local)) return plan();
    return lookThenPlan(store, panel, PLACE, {}, { stale });
  }

  function update() {
    const { job } = store.state.lookup;
    if (isRunning(job)) kept.id = job.id;
    block.update();
    if (isTurn(store, PLACE) && canPlan()) plan({ fresh: true });
  }

  lookupOf(store);
  update();
  return { element, update, begin, label: () => t(hasPlan() ? "workflow.show_plan" : "workflow.resolve") };
}
