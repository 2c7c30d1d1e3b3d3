// How a verdict was found: the places that were asked, and every step of the search, in the server's own words.

import { h } from "../base/dom.mjs";
import { ago } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible } from "../base/names.mjs";
import { number, t } from "../base/texts.mjs";

/** Every place once, with the last thing it said that was something: a table for "where was it looked for?". */
export function places(resolution, page) {
  const heard = new Map();
  for (const one of resolution.steps) heard.set(one.source, [...(heard.get(one.source) ?? []), one]);
  for (const { source } of resolution.silent) heard.set(source, heard.get(source) ?? []);
  if (!heard.size) return null;
  const silent = new Set(resolution.silent.map((one) => one.source));
  return h("ul", { class: "cfs-places" }, [...heard].map(([source, steps]) => {
    const mute = silent.has(source) || steps.some((one) => one.silent);
    const said = steps.filter((one) => one.outcome !== "nothing").at(-1)?.outcome ?? steps.at(-1)?.outcome ?? "";
    return h("li", { class: mute ? "cfs-mute" : null },
      icon(mute ? "warn" : "check"), h("span", null, page.place(source)),
      h("span", { class: "cfs-outcome" }, mute ? t("resolution.no_answer") : visible(said)));
  }));
}

/** How many places were asked. */
export const placesAsked = ({ steps, silent }) => new Set([...steps, ...silent].map((one) => one.source)).size;

/** "How it was found": folded; what is in it is made when it is unfolded. */
export function stepsFold(resolution, page, ui) {
  const { steps, when } = resolution;
  if (!steps.length) return null;
  const list = h("ol", { class: "cfs-steps", hidden: true });
  const name = `steps-${resolution.key}`;
  const head = h("button", { type: "button", class: "cfs-fold", "data-key": name, "aria-expanded": "false", onclick: () => { ui.steps = !ui.steps; show(); } },
    icon("down"), h("span", null, t(resolution.state === "RESOLVED" ? "resolution.how" : "resolution.how_not")), h("span", { class: "cfs-count" }, number(steps.length)));
  const show = () => {
    if (ui.steps && !list.hasChildNodes()) list.append(...steps.map((one) => step(one, when, page)));
    list.hidden = !ui.steps;
    head.setAttribute("aria-expanded", String(Boolean(ui.steps)));
  };
  show();
  return h("div", { class: "cfs-how" }, head, list);
}

function step({ source, did, outcome, age, silent }, when, page) {
  const old = typeof age === "number" && when > 0 ? t("resolution.answered", { when: ago(when - age, page.now()) }) : "";
  return h("li", { class: silent ? "cfs-mute" : null },
    silent ? icon("warn") : icon(outcome === "nothing" ? "none" : "check"),
    h("p", null, h("b", null, page.place(source)), " · ", visible(did), outcome && ": ",
      h("span", { class: "cfs-outcome" }, visible(outcome)), old && [" ", h("span", { class: "cfs-muted" }, `(${old})`)]));
}
