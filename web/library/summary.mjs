// The answer in the first line: the ring, "97 of 146 run here", when it was checked and when it will be again.
// While a check runs its progress takes the place of the two times, so that nothing below moves.

import { ago, due, left } from "../base/format.mjs";
import { h } from "../base/dom.mjs";
import { STATUSES } from "../base/icons.mjs";
import { progress } from "../base/parts.mjs";
import { number, t } from "../base/texts.mjs";

const AROUND = 100; // the ring's length, so that a share is a percentage
const LEAST = 1.6; // what even one workflow in a thousand gets, so that its colour is seen

/** How much of each status: [status, start, length] around the ring, gaps left between. */
function arcs(counts, total) {
  const present = STATUSES.filter((status) => counts[status] > 0);
  const gap = present.length > 1 ? 1.4 : 0;
  const wanted = present.map((status) => Math.max(counts[status] / total * AROUND, LEAST + gap));
  const scale = AROUND / wanted.reduce((sum, one) => sum + one, 0);
  let start = 0;
  return present.map((status, at) => {
    const length = wanted[at] * scale, arc = [status, start, Math.max(length - gap, 0.5)];
    start += length;
    return arc;
  });
}

export function ring(counts, total) {
  const runs = counts.runnable ?? 0;
  const share = total ? Math.floor(runs / total * 100) : 0;
  const said = STATUSES.filter((status) => counts[status]).map((status) => `${t(`status.${status}`)} ${number(counts[status])}`);
  const circle = (more) => h("circle", { cx: 22, cy: 22, r: 100 / (2 * Math.PI), pathLength: AROUND, ...more });
  return h("div", { class: "cfs-ring" },
    h("svg", { viewBox: "4 4 36 36", role: "img", "aria-label": t("summary.ring", { share, statuses: said.join(t("list.comma")) }) },
      circle({ class: "cfs-ring-all" }),
      arcs(counts, total).map(([status, start, length]) => circle({
        class: `cfs-${status}`, "stroke-dasharray": `${length} ${AROUND - length}`, "stroke-dashoffset": -start,
      }))),
    h("b", { "aria-hidden": "true" }, t("summary.percent", { share })));
}

/** How a running check stands: {share, words, phase, left}; `began` is when we first saw it, {at, done}. */
export function standing(cycle, began, now) {
  const { done = 0, total = 0, phase } = cycle;
  const counted = phase === "checking" && total > 0;
  const share = counted ? done / total : phase === "reports" ? 1 : null;
  const words = counted ? t("cycle.checking", { done, n: total }) : t(`cycle.phase.${phase ?? "inventory"}`);
  const since = began ? now - began.at : 0, made = began ? done - began.done : 0;
  return { share, words, left: counted && since > 2 && made > 0 ? left((total - done) * since / made) : "" };
}

/** Why a check waits, in the person's language; the server's sentence for a reason we do not know. */
export function waiting({ why }) {
  const known = ["prompt_running", "low_memory", "settling", "starting"].includes(why?.code);
  return t("cycle.waiting", { why: known ? t(`cycle.why.${why.code}`) : why?.text ?? "" });
}

const two = (first, second) => [h("p", { class: "cfs-small cfs-muted" }, first), h("p", { class: "cfs-small cfs-muted" }, second)];

/** The lines under the headline. */
export function times(cycle, began, now, when) {
  if (cycle?.state === "running") {
    const at = standing(cycle, began, now);
    return [
      h("p", { class: "cfs-small cfs-pair" }, h("span", null, at.words), h("span", { class: "cfs-muted" }, at.left)),
      h("div", { class: "cfs-progress-line" }, progress(at.share, at.words)),
    ];
  }
  const whole = cycle?.last?.outcome === "done" ? cycle.last.finished : when; // a failed check leaves the older verdicts
  const last = t("summary.checked", { when: ago(whole, now) });
  if (cycle?.state === "waiting") return two(last, waiting(cycle));
  const next = !cycle?.next ? t("summary.no_next") : cycle.next <= now ? t("summary.due") : t("summary.next", { when: due(cycle.next, now) });
  return two(last, next);
}

/** The whole block. `library` is there; `cycle` may be missing while the server is silent. */
export function summary({ counts, total, cycle, began, now, when }) {
  const runs = counts.runnable ?? 0;
  const lines = cycle ? times(cycle, began, now, when) : two(t("summary.checked", { when: ago(when, now) }), "");
  return [ring(counts, total), h("div", { class: "cfs-sum-words" }, h("h3", null, t("summary.runs", { runs, n: total })), lines)];
}
