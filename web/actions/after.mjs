// What a run left behind, on the page of a workflow or in the library: what turned runnable, and the way to undo it.

import { h } from "../base/dom.mjs";
import { icon, statusIcon } from "../base/icons.mjs";
import { middle, title as workflowTitle, visible } from "../base/names.mjs";
import { button, iconButton, link, note } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";
import { actionsOf, isOver } from "./state.mjs";
import { approvedBy, timeOf } from "./words.mjs";

const DAY = 86400;
const GOOD = new Set(["runnable", "needs_input"]);

/** The last run, where it is over, was not long ago, did something, and concerns one of these workflows (all without names). */
export function recentRun(store, names = null) {
  const { run } = actionsOf(store);
  if (!isOver(run) || !run.actions.length || !(run.done > 0) || store.now() - (run.ended ?? 0) > DAY) return null;
  return !names || names.some((one) => run.workflows.includes(one)) ? run : null;
}

/** What a drawing of it depends on. */
export const afterSignature = (store, names) => {
  const run = recentRun(store, names);
  return run && [run.id, run.state, run.done, actionsOf(store).restartDue(run), store.state.library?.when, store.state.library?.revision];
};

/** The lines of the library that run since then, and did not before; without `except` (slugs). */
export function turned(store, run, except = []) {
  return (store.state.library?.workflows ?? []).filter(({ change, slug }) => change && change.when >= run.started
    && change.after === "runnable" && !GOOD.has(change.before) && !except.includes(slug));
}

/**
 * The block, or null. `ui`: {turned: whether the list is open, told: id of the run that was put away}, which outlives the
 * element. `away()`: it was put away; without it that cannot be done.
 */
export function afterRun(store, { names = null, except = [], ui, more = false, away = null }) {
  const run = recentRun(store, names);
  if (!run || (away && ui.told === run.id)) return null;
  const runs = turned(store, run, except), list = h("ul", { class: "cfs-turned", hidden: true });
  const show = () => {
    if (ui.turned && !list.hasChildNodes()) list.append(...runs.map((line) => row(line, store)));
    list.hidden = !ui.turned;
    open.textContent = t(ui.turned ? "after.hide" : "plan.show");
    open.setAttribute("aria-expanded", String(Boolean(ui.turned)));
  };
  const open = link(t("plan.show"), () => { ui.turned = !ui.turned; show(); }, { "data-key": "turned", "data-focus": "turned", "aria-expanded": "false" });
  show();
  const by = approvedBy(run.actor, store.state.status?.user), when = timeOf(run.started, store.now());
  const said = by === "you" ? t("after.by_you", { n: run.done, when }) : by === "cli" ? t("after.by_cli", { n: run.done, when }) : t("after.by", { n: run.done, when, name: by });
  const checking = (store.state.library?.when ?? 0) < run.ended;
  return h("section", { class: "cfs-after", "aria-label": t("after.title") },
    actionsOf(store).restartDue(run) && note({ name: "again", title: t("run.restart"), text: t("run.restart_text") }),
    checking && h("p", { class: "cfs-small cfs-muted", role: "status" }, t("after.checking")),
    runs.length > 0 && h("p", { class: "cfs-after-line" }, h("span", { class: "cfs-grow" }, t(more ? "after.turned_more" : "after.turned", { n: runs.length })), open),
    list,
    h("div", { class: "cfs-after-line" }, h("span", { class: "cfs-grow cfs-small cfs-muted" }, said),
      h("span", { class: "cfs-after-acts" },
        button(t("after.undo"), () => store.go({ page: "journal", run: run.id }), { kind: "ghost", small: true, name: "undo", "data-key": "undo", "data-focus": "undo" }),
        away && iconButton("x", t("trouble.dismiss"), () => { ui.told = run.id; away(); }))));
}

function row(line, store) {
  const [name, folder] = workflowTitle(line.name);
  return h("li", null, h("button", { type: "button", class: "cfs-step-row", title: visible(line.name), onclick: () => store.go({ page: "workflow", slug: line.slug }) },
    statusIcon(line.status), h("span", { class: "cfs-grow" }, middle(name, "cfs-name"), folder && h("span", { class: "cfs-small cfs-muted cfs-cut" }, visible(folder))), icon("right")));
}
