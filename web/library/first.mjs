// Before there is anything to show: what will appear, what it costs, one thing to press.

import { h } from "../base/dom.mjs";
import { icon, statusIcon } from "../base/icons.mjs";
import { visible } from "../base/names.mjs";
import { button, link, progress } from "../base/parts.mjs";
import { standing, waiting } from "./summary.mjs";
import { t } from "../base/texts.mjs";

/** "every 2 hours", "every 15 minutes". */
export function every(seconds) {
  if (seconds >= 3600) return t("every.hours", { n: Math.round(seconds / 360) / 10 });
  return seconds >= 60 ? t("every.minutes", { n: Math.round(seconds / 60) }) : t("every.seconds", { n: Math.round(seconds) });
}

const picture = () => h("svg", { class: "cfs-picture", viewBox: "0 0 96 60", "aria-hidden": "true" },
  h("path", { class: "wire", d: "M27 11C42 11 44 28 56 28M27 47C42 47 44 32 56 32" }),
  [[1, 1], [1, 37], [56, 19]].map(([x, y]) => h("rect", { class: "node", x, y, width: 27, height: 20, rx: 4 })),
  h("g", { class: "cfs-runnable", transform: "translate(75 10) scale(.9)" }, h("circle", { class: "halo", cx: 8, cy: 8, r: 10 }), ...statusIcon("runnable", { quiet: true }).childNodes));

const empty = (heading, ...more) => h("div", { class: "cfs-empty" }, picture(), h("h3", null, heading), more);

const promises = () => h("ul", { class: "cfs-sec cfs-promises" },
  [["off", "first.private"], ["shield", "first.safe"]].map(([name, key]) => h("li", null, icon(name), t(key))));

/** No cycle has run yet. */
export function firstRun({ cycle, refusal, check, change }) {
  const { total = 0, every: gap } = cycle ?? {};
  if (cycle?.state === "running") return firstScan(cycle);
  return [
    empty(t("first.title"),
      h("p", { class: "cfs-muted" }, total ? t("first.text_count", { n: total }) : t("first.text")),
      cycle?.state === "waiting" && h("p", { class: "cfs-muted" }, waiting(cycle)),
      button(t("first.check"), check, { kind: "main", reason: refusal?.message ?? "", "data-first": true, "data-focus": "check" }),
      refusal && h("p", { class: "cfs-small cfs-muted" }, visible(refusal.message), " ", visible(refusal.hint)),
      gap && h("p", { class: "cfs-small cfs-muted" }, t("first.again", { every: every(gap) }), " ", link(t("action.change"), change, { "data-focus": "change" }))),
    promises(),
  ];
}

const PHASES = ["inventory", "checking", "reports"];

/** The first check while it runs. */
export function firstScan(cycle) {
  const at = standing(cycle, null, 0), reached = Math.max(0, PHASES.indexOf(cycle.phase ?? "inventory"));
  return [
    h("div", { class: "cfs-scan" },
      h("p", { class: "cfs-strong" }, at.words), progress(at.share, at.words),
      h("ol", { class: "cfs-phases" }, PHASES.map((phase, place) => h("li", { class: place > reached ? "cfs-muted" : null, "aria-current": place === reached ? "step" : null },
        icon(place < reached ? "check" : place === reached ? "right" : "more"), h("span", { class: "cfs-grow" }, t(`cycle.step.${phase}`)),
        phase === "checking" && place === reached && h("span", { class: "cfs-muted cfs-num" }, t("cycle.of", { done: cycle.done, n: cycle.total })))))),
    h("p", { class: "cfs-sec cfs-small cfs-muted" }, t("cycle.keep_working")),
  ];
}

/** A check has run, and there is no saved workflow. */
export const noWorkflows = () => empty(t("none.title"), h("p", { class: "cfs-muted" }, t("none.text")));

/** Nothing is known yet: a calm outline, no spinner. */
export const loading = () => h("div", { class: "cfs-loading", role: "status", "aria-label": t("loading") }, Array.from({ length: 5 }, () => h("i")));
