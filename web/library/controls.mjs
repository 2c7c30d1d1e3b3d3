// Search, the five status filters that are also the ring's legend, and the sort menu.

import { h, say } from "../base/dom.mjs";
import { icon, statusIcon, STATUSES } from "../base/icons.mjs";
import { menu } from "../base/parts.mjs";
import { SORTS } from "./find.mjs";
import { number, t } from "../base/texts.mjs";

/** `ui`: {query, statuses, sort}, changed here; `changed()` is called after each change. */
export function controls(ui, changed) {
  const field = h("input", {
    type: "search", class: "cfs-field", placeholder: t("search.placeholder"), "aria-label": t("search.label"), autocomplete: "off", spellcheck: "false",
    value: ui.query, oninput: () => { ui.query = field.value; mark(); changed(); },
  });
  const wipe = h("button", { type: "button", class: "cfs-wipe", "aria-label": t("search.clear"), title: t("search.clear"), onclick: () => clear() }, icon("x"));
  const key = h("kbd", { "aria-hidden": "true" }, "/");
  const search = h("div", { class: "cfs-find" }, h("div", { class: "cfs-find-box", onclick: () => field.focus() }, icon("search"), field, wipe, key));

  const counters = new Map(), chips = new Map();
  const chip = (status, mark, label, toggle) => {
    const count = h("b", { class: "cfs-num" });
    const one = h("button", { type: "button", class: "cfs-chip", "aria-pressed": "false", onclick: toggle }, mark, h("span", { class: "cfs-chip-word" }, label), count);
    counters.set(status, count);
    chips.set(status, one);
    return one;
  };
  const legend = h("div", { class: "cfs-chips", role: "group", "aria-label": t("filter.label") },
    chip("all", h("i", { class: "cfs-all", "aria-hidden": "true" }), t("filter.all"), () => only()),
    STATUSES.map((status) => chip(status, statusIcon(status, { quiet: true }), t(`status.${status}`), () => toggle(status))));

  const order = h("button", { type: "button", class: "cfs-sort-by", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => sortMenu() }, h("span"), icon("down"));
  const count = h("span", { class: "cfs-num" });
  const line = h("div", { class: "cfs-sort" }, order, count);

  function sortMenu() {
    menu(order, Object.keys(SORTS).map((sort) => ({
      label: t(`sort.${sort}`), kind: "radio", checked: ui.sort === sort, run: () => { ui.sort = sort; mark(); changed({ sorted: true }); },
    })), { label: t("sort.label") });
  }
  function toggle(status) {
    if (!ui.statuses.delete(status)) ui.statuses.add(status);
    mark();
    changed();
  }
  function only() { ui.statuses.clear(); mark(); changed(); }
  function clear() { ui.query = field.value = ""; ui.statuses.clear(); mark(); changed(); field.focus(); }
  function mark() {
    for (const [status, one] of chips) one.setAttribute("aria-pressed", String(status === "all" ? ui.statuses.size === 0 : ui.statuses.has(status)));
    wipe.hidden = !ui.query;
    key.hidden = Boolean(ui.query);
    say(order.firstChild, t(`sort.${ui.sort}`));
    order.setAttribute("aria-label", t("sort.by", { sort: t(`sort.${ui.sort}`) }));
  }
  function show(counts, total, found) {
    for (const [status, one] of counters) {
      const many = status === "all" ? total : counts[status] ?? 0;
      say(one, number(many));
      chips.get(status).classList.toggle("cfs-none", many === 0);
    }
    say(count, found === total ? t("list.workflows", { n: total }) : t("list.some", { found, n: total }));
  }
  mark();
  return { search, legend, line, field, toggle, only, clear, sortMenu, show };
}
