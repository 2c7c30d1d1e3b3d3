// The choice of the other version: the near ones first, then any workflow of the library, found by its name.

import { fill, h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { middle, visible } from "../base/names.mjs";
import { t } from "../base/texts.mjs";

const MOST = 8; // found workflows that are shown

/** `choices`: {near: [{one, name}], others: [{one, name, folder}]}; `page`: {chosen, choose(one)}. */
export function picker({ near, others }, page) {
  const same = (one) => one.slug === page.chosen.slug && Boolean(one.good) === Boolean(page.chosen.good);
  const row = ({ one, name, folder = "" }, first = false) => h("li", null, h("button", { type: "button", class: "cfs-pick", "aria-pressed": same(one), "data-first": first || null, onclick: () => page.choose(one) },
    icon(same(one) ? "check" : "none"), h("span", { class: "cfs-grow" }, middle(name), folder && h("span", { class: "cfs-small cfs-muted cfs-pick-folder" }, visible(folder)))));
  const found = h("ul", { class: "cfs-picks" }), count = h("p", { class: "cfs-small cfs-muted", role: "status" });
  const field = h("input", { type: "search", class: "cfs-field", placeholder: t("compare.find"), "aria-label": t("compare.find"), autocomplete: "off", spellcheck: "false", "data-first": near.length ? null : true, oninput: () => look(),
    onkeydown: (event) => { if (event.key === "Escape" && field.value) { field.value = ""; look(); event.stopPropagation(); event.preventDefault(); } } });
  const texts = others.map(({ name, folder }) => `${folder}/${name}`.toLowerCase());

  function look() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = words.length ? others.filter((_, at) => words.every((word) => texts[at].includes(word))) : [];
    fill(found, all.slice(0, MOST).map((one) => row(one)));
    count.textContent = !words.length ? "" : all.length > MOST ? t("compare.more_found", { n: all.length - MOST }) : all.length ? "" : t("compare.none_found");
  }
  return [near.length > 0 && h("ul", { class: "cfs-picks" }, near.map((one, at) => row(one, at === 0))),
    others.length > 0 && [h("div", { class: "cfs-find-box" }, icon("search"), field), found, count]];
}
