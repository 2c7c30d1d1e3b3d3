// The line at the top of the panel about a run that is not in view: how far it is, and what it waits for.

import { fill, h, say, set } from "../base/dom.mjs";
import { left } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { iconButton, link, progress } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";
import { shareOf, standing, subtitle } from "./run.mjs";
import { isGoing, isOver } from "./state.mjs";

/** {element, update(), words(run)}. `work`: the sheet, {open, kind, run(), actions}. */
export function strip(store, work) {
  const { actions } = work;
  const element = h("div", { class: "cfs-strip", role: "region", "aria-label": t("run.title"), hidden: true });
  const text = h("span", { class: "cfs-num cfs-cut" }), bar = progress(null, "", t("run.progress"));
  const going = h("button", { type: "button", class: "cfs-strip-going", "data-key": "strip", onclick: () => work.run() },
    h("span", { class: "cfs-strip-words" }, icon("get"), text, icon("right")), bar);
  let known = "";

  function update() {
    const { run, unseen } = store.state.run, kind = !run || (work.open && work.kind === "run") ? "" : isGoing(run) ? "going" : run.state === "interrupted" ? "interrupted"
      : run.state === "paused" ? "paused" : isOver(run) && unseen ? "over" : "";
    if (kind === "going") show(run);
    const signature = JSON.stringify([kind, kind && kind !== "going" && [run.id, run.state, run.done, run.failed, run.can_resume]]);
    if (signature === known) return;
    known = signature;
    const held = element.contains(document.activeElement);
    fill(element, kind === "going" ? going : kind ? standingLine(run, kind) : null);
    element.hidden = !kind;
    element.dataset.kind = kind;
    if (held) (element.querySelector("button") ?? document.querySelector(".cfs-main button"))?.focus();
  }

  function show(run) {
    const share = shareOf(run);
    say(text, [standing(run), run.left !== null ? left(run.left) : ""].filter(Boolean).join(" · "));
    bar.firstChild.style.setProperty("width", `${share ?? 4}%`);
    set(bar, "aria-valuenow", share);
    set(bar, "aria-valuetext", standing(run));
  }

  function standingLine(run, kind) {
    const mine = run.actions.length > 0, put = () => actions.putRun({ unseen: false });
    const words = kind === "interrupted" ? t("run.was_interrupted", { done: run.done, n: run.total }) : [standing(run), subtitle(run)].filter(Boolean).join(t("list.comma"));
    return h("div", { class: "cfs-strip-line" }, icon(kind === "over" ? (run.failed ? "warn" : "check") : "pause"), h("span", { class: "cfs-grow cfs-num" }, words),
      h("span", { class: "cfs-strip-acts" },
        kind !== "over" && mine && run.can_resume && link(t(kind === "paused" ? "run.resume" : "run.go_on"), () => { actions.steer("resume"); }, { "data-key": "strip-on" }),
        kind === "interrupted" && mine && link(t("run.leave_it"), () => { actions.steer("cancel"); }, { "data-key": "strip-leave" }),
        link(t("plan.show"), () => work.run(), { "data-key": "strip-show" }),
        kind === "over" && iconButton("x", t("trouble.dismiss"), put, { "data-key": "strip-x" })));
  }

  const words = (run) => [standing(run), isGoing(run) ? `${shareOf(run) ?? 0} %` : subtitle(run)].filter(Boolean).join(t("list.comma"));
  update();
  return { element, update, words };
}
