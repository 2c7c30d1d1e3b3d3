// What a person has to confirm before a plan can be approved: each risk in words, its box empty, and a way out of it.

import { h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { link } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { t } from "../base/texts.mjs";

/** The risks of a plan that ask for a person's word: [{action, risk, key}]. */
export const asked = (plan) => plan.actions.flatMap((action) => action.risks.filter((one) => one.consent)
  .map((risk) => ({ action, risk, key: `${action.id} ${risk.code}` })));

/** What a tick stands for: a box that means something else now is empty again. */
export const meaning = ({ action, risk }) => JSON.stringify([risk.text, risk.consent, action.sha256, action.destination, action.offers.map((one) => one.id)]);

/** What was ticked of it, as the server wants it: {action id: [codes]}. */
export function consents(plan, ticked) {
  const found = {};
  for (const one of asked(plan)) if (ticked.get(one.key) === meaning(one)) (found[one.action.id] ??= []).push(one.risk.code);
  return found;
}

/** What is still to be confirmed. */
export const missing = (plan, ticked) => asked(plan).filter((one) => ticked.get(one.key) !== meaning(one));

/** The block, or null. `view`: {ticked: Map, changed(), leave(action) or null, open(address)}. */
export function confirmations(plan, view) {
  const mine = plan.actions.filter((action) => action.risks.some((one) => one.consent));
  if (!mine.length) return null;
  return h("section", { class: "cfs-confirm", "aria-label": t("plan.confirm") }, mine.map((action) => one(action, view)));
}

function one(action, view) {
  const risks = action.risks.filter((each) => each.consent), name = visible(action.title);
  return h("div", { class: "cfs-confirm-one", "data-confirm": action.id, role: "group", "aria-label": name },
    h("div", { class: "cfs-note cfs-note-warn" }, icon("warn"), h("div", { class: "cfs-note-body" },
      h("p", { class: "cfs-strong" }, whole(action.title)),
      risks.map((risk) => [h("p", null, visible(said(risk.text))), help(risk, view)]))),
    risks.map((risk) => tick(action, risk, view)),
    view.leave && h("p", null, link(t(action.kind === "download" ? "plan.leave_file" : "plan.leave_it"), () => view.leave(action), {
      "data-key": `out-${action.id}`, "aria-label": t("plan.leave_of", { name }) })));
}

function help({ help: pages }, view) {
  return pages.length > 0 && h("div", { class: "cfs-turn" }, h("span", { class: "cfs-muted" }, t("plan.turn")),
    pages.map((page) => link(whole(page.replace(/^https?:\/\//, "")), () => view.open(page))));
}

function tick(action, risk, view) {
  const each = { action, risk }, key = `${action.id} ${risk.code}`;
  const box = h("input", {
    type: "checkbox", checked: view.ticked.get(key) === meaning(each), "data-key": `tick-${key}`,
    onchange: () => { if (box.checked) view.ticked.set(key, meaning(each)); else view.ticked.delete(key); view.changed(); },
  });
  return h("label", { class: "cfs-check" }, box, h("span", null, visible(said(risk.consent))));
}
