// A running look-up in place: counts, a bar, what is at hand, Cancel. It keeps its height, so nothing below it moves.

import { fill, h, say } from "../base/dom.mjs";
import { middle, visible } from "../base/names.mjs";
import { button, link, note, progress } from "../base/parts.mjs";
import { has, t } from "../base/texts.mjs";
import { isRunning, lookupOf, standing } from "./job.mjs";
import { placeName } from "./services.mjs";

const EMPTY = "\u00a0";

/**
 * The block. `about(job)` says in words what is looked up where the page does not show it; `concerns(job)` whether the
 * failure of one that ended is told here, `dismiss()` puts that away; `retry()` begins again; `resting()` gives what
 * stands there while nothing runs, as nodes. Call `update()` whenever the store changed.
 */
export function lookupBlock(store, { about, concerns, retry, dismiss = null, resting }) {
  const lookup = lookupOf(store);
  const words = h("b", { class: "cfs-num" }), line = h("p", { class: "cfs-small cfs-muted" }), at = h("p", { class: "cfs-at" }), step = h("p", { class: "cfs-at cfs-cut cfs-muted" });
  const bar = progress(null, "", t("lookup.progress"));
  const running = h("div", { class: "cfs-lookup" },
    h("p", { class: "cfs-lookup-head" }, words, h("span", { class: "cfs-grow" }), link(t("lookup.cancel"), () => lookup.cancel(), { "data-key": "lookup-cancel" })),
    line, bar, at, step);
  const ended = h("div", { class: "cfs-lookup-end", hidden: true });
  const element = h("div", { class: "cfs-lookup-block", hidden: true }, ended);
  let known = "";

  function show(job) {
    const text = standing(job), share = job.total ? Math.round(job.done / job.total * 100) : null;
    say(words, text);
    say(line, about(job));
    line.hidden = !line.textContent;
    bar.firstChild.style.setProperty("width", `${share ?? 4}%`);
    if (share === null) bar.removeAttribute("aria-valuenow"); else bar.setAttribute("aria-valuenow", share);
    bar.setAttribute("aria-valuetext", text);
    const name = job.now?.name ?? "";
    if (at.dataset.name !== name) { at.dataset.name = name; fill(at, name ? middle(name) : EMPTY); }
    say(step, visible(job.now?.did ?? "") || EMPTY);
  }

  /** What stands below the bar, or in its place: made anew only when it says something else. */
  function below(job, error) {
    const nodes = isRunning(job) ? [] : resting().filter(Boolean), broken = job?.state === "failed" && concerns(job);
    const signature = JSON.stringify([broken, broken && job.error, error, nodes.map((one) => one.textContent)]);
    if (signature === known) return;
    known = signature;
    fill(ended, error && refused(error), broken && failed(job.error ?? {}), nodes);
    ended.hidden = !ended.hasChildNodes();
  }

  const refused = (error) => note({
    tone: "warn", name: error.status === 0 ? "plug" : error.status === 403 ? "lock" : "warn",
    title: t(titleOf(error)), text: visible(error.message || t("error.code", { code: error.code })), hint: visible(error.hint),
    actions: [button(t("error.retry"), retry, { small: true, name: "again" }), button(t("trouble.dismiss"), () => lookup.fail(null), { kind: "ghost", small: true })],
  });
  const failed = ({ message = "", hint = "" }) => note({
    tone: "warn", name: "warn", title: t("lookup.failed"), text: visible(message), hint: visible(hint),
    actions: [button(t("lookup.retry"), retry, { small: true, name: "again" }), dismiss && button(t("trouble.dismiss"), dismiss, { kind: "ghost", small: true })],
  });

  function update() {
    const { job, error } = store.state.lookup;
    if (isRunning(job)) {
      show(job);
      if (running.parentNode !== element) element.prepend(running); // only then is there a progress bar
    } else running.remove();
    below(job, error);
    element.hidden = !isRunning(job) && ended.hidden;
  }

  return { element, update };
}

const titleOf = ({ code, status }) => (has(`lookup.refused.${code}`) ? `lookup.refused.${code}` : status === 403 ? "lookup.refused.forbidden" : "lookup.refused.other");

/** Which services stayed silent in a look-up that ended, in words; "" where all answered. */
export function silentWords(store, job) {
  const names = (job?.silent ?? []).map((name) => placeName(store, name));
  return names.length ? t("lookup.silent", { n: names.length, names: names.join(t("list.comma")) }) : "";
}
