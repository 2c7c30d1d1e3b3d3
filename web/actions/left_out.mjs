// What a plan does not bring: why, what to do, and the way to where it is decided. Folded, since it is the rest.

import { h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { title as workflowTitle, visible, whole } from "../base/names.mjs";
import { button, link } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { number, t } from "../base/texts.mjs";

const OWN = "You left it out."; // the planner's words for what the person took out; below they are ours, with the way back
const MANY = 40; // things, before the rest is made when it is asked for

/** What the plan leaves out for reasons of its own. */
export const leftOut = (plan) => plan.left_out.filter((one) => one.why !== OWN);

/**
 * The block, or null. `view`: {leaveOut: Map of id → title, back(id), show(left) → function that leads to it, or null,
 * open(address), unfolded}; `unfolded` outlives the element.
 */
export function leftOutBlock(plan, view) {
  const rest = leftOut(plan), mine = [...view.leaveOut], count = rest.length + mine.length;
  if (!count) return null;
  const list = h("ul", { class: "cfs-left", hidden: true });
  const fold = h("button", { type: "button", class: "cfs-fold", "data-key": "left-out", onclick: () => { view.unfolded = !view.unfolded; show(); } },
    icon("down"), h("span", null, t("plan.left_out", { n: count })));
  const show = () => {
    if (view.unfolded && !list.hasChildNodes()) fill(list, mine, rest, view);
    list.hidden = !view.unfolded;
    fold.setAttribute("aria-expanded", String(Boolean(view.unfolded)));
  };
  show();
  return h("section", { class: "cfs-left-out" }, fold, list);
}

function fill(list, mine, rest, view) {
  list.append(...mine.map(([id, title]) => own(id, title, view)), ...rest.slice(0, MANY).map((one) => left(one, view)));
  if (rest.length <= MANY) return;
  const more = h("li", null, button(t("resolution.more", { n: rest.length - MANY }), () => {
    more.replaceWith(...rest.slice(MANY).map((one) => left(one, view)));
  }, { kind: "ghost", small: true }));
  list.append(more);
}

const own = (id, title, view) => h("li", { class: "cfs-left-one" },
  h("h3", null, whole(title)), h("p", { class: "cfs-muted" }, t("plan.you_left")),
  h("p", null, link(t("plan.back"), () => view.back(id), { "data-key": `back-${id}`, "aria-label": t("plan.back_of", { name: visible(title) }) })));

function left(one, view) {
  const way = view.show(one), several = one.workflows.length > 1;
  return h("li", { class: "cfs-left-one" },
    h("h3", null, whole(one.name || one.code)),
    h("p", null, visible(said(one.why))),
    one.hint && h("p", { class: "cfs-muted" }, visible(said(one.hint))),
    several && h("p", { class: "cfs-muted", title: one.workflows.slice(0, 20).map(visible).join("\n") }, t("plan.for", { names: workflows(one.workflows) })),
    one.help.length > 0 && h("div", { class: "cfs-turn" }, one.help.map((page) => link(whole(page.replace(/^https?:\/\//, "")), () => view.open(page)))),
    way && h("p", null, link(t(one.key ? "plan.show_choice" : "plan.show"), way, { "aria-label": t("plan.show_of", { name: visible(one.name) }) })));
}

function workflows(all) {
  const names = all.slice(0, 2).map((name) => visible(workflowTitle(name)[0]));
  return [...names, ...(all.length > 2 ? [t("plan.more", { n: number(all.length - 2) })] : [])].join(t("list.comma"));
}
