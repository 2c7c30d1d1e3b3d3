// The candidates of an open question, side by side: none is chosen beforehand, and a choice is remembered with its reason.

import { h } from "../base/dom.mjs";
import { visible, whole } from "../base/names.mjs";
import { button, link, note } from "../base/parts.mjs";
import { plain } from "../base/store.mjs";
import { number, t } from "../base/texts.mjs";
import { amount, called, cautions, claimed, foreign, ways, weighed } from "./candidate.mjs";

const OPEN = 3; // candidates beside each other; the rest is made when it is asked for
const MOST_REASON = 300; // characters that the server keeps

/** The list. `ui`: {more, choosing, reason}, which outlives the element; `page.choose(resolution, id, reason)`. */
export function candidates(resolution, page, ui) {
  const all = resolution.candidates, shown = ui.more ? all : all.slice(0, OPEN);
  if (!all.length) return null;
  const list = h("ol", { class: "cfs-candidates", "aria-label": t("resolution.candidates_label") }, shown.map((one) => candidate(one, resolution, page, ui)));
  const more = all.length > shown.length && button(t("resolution.more", { n: all.length - shown.length }), () => {
    ui.more = true;
    const rest = all.slice(OPEN).map((one) => candidate(one, resolution, page, ui));
    list.append(...rest);
    more.remove();
    rest[0].querySelector("button")?.focus({ preventScroll: true });
  }, { kind: "ghost", small: true, "data-key": `more-${resolution.key}` });
  return h("div", { class: "cfs-choice" }, list, more);
}

function candidate(one, resolution, page, ui) {
  const { kind } = resolution, name = called(one, kind), size = amount(one, kind);
  const acts = h("div", { class: "cfs-acts" });
  const offer = () => acts.replaceChildren(...[
    button(t("resolution.use"), () => { Object.assign(ui, { choosing: one.id }); decide(); }, { small: true, "aria-label": t("resolution.use_of", { name }), "data-key": `use-${one.id}` }),
    ...ways(one, kind, page, { brief: true })].filter(Boolean));
  const decide = () => acts.replaceChildren(form(one, resolution, page, ui, () => {
    Object.assign(ui, { choosing: null, reason: "" });
    offer();
    acts.querySelector("button").focus({ preventScroll: true });
  }));
  if (ui.choosing === one.id) decide(); else offer();
  const file = kind === "file" ? visible(one.path || one.file) : "", [folder, base] = cut(file);
  const other = base !== cut(visible(resolution.name))[1];
  return h("li", { class: "cfs-candidate" },
    h("p", { class: "cfs-candidate-head" }, h("b", null, whole(name)), size && h("span", { class: "cfs-num" }, size)),
    other && file && file !== name && h("p", { class: "cfs-muted" }, whole(file)),
    h("p", { class: "cfs-muted" }, about(one, kind, page, other ? "" : folder)),
    weighed(one), cautions(one), claimed(one, kind, page), acts);
}

const cut = (path) => [path.slice(0, path.lastIndexOf("/") + 1), path.slice(path.lastIndexOf("/") + 1)];

/** "Hugging Face · SDXL 1.0 · Licence MIT" in one line. `folder`: where in the repository a file of the very name lies. */
function about(one, kind, page, folder) {
  const counts = kind === "pack" ? [one.stars > 0 && t("resolution.stars", { n: one.stars }), one.downloads > 0 && t("resolution.downloads", { n: one.downloads })] : [];
  return [
    page.place(one.source), folder && t("resolution.in_folder", { folder }), visible(one.kind), visible(one.base_model),
    foreign(one) && t("resolution.by", { author: visible(one.author) }),
    one.licence ? t("resolution.licence", { licence: visible(one.licence) }) : t("resolution.no_licence"),
    ...counts, one.said_by && t("resolution.named_in", { place: visible(one.said_by) }),
  ].filter(Boolean).join(" · ");
}

/** Why this one? The answer may stay empty. */
function form(one, resolution, page, ui, back) {
  const wrong = h("div", { class: "cfs-wrong", role: "alert" });
  const field = h("input", {
    type: "text", class: "cfs-input", maxlength: MOST_REASON, value: ui.reason ?? "", autocomplete: "off", "data-key": `reason-${one.id}`,
    oninput: () => { ui.reason = field.value; },
    onkeydown: (event) => { if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); back(); } },
  });
  const use = button(t("resolution.use_it"), null, { kind: "main", small: true, type: "submit" });
  const element = h("form", { class: "cfs-why", onsubmit: async (event) => {
    event.preventDefault();
    use.disabled = true;
    try {
      await page.choose(resolution, one.id, field.value.trim());
      Object.assign(ui, { choosing: null, reason: "" });
    } catch (error) {
      const { message, hint } = plain(error);
      wrong.replaceChildren(note({ tone: "warn", name: "warn", title: t("resolution.not_kept"), text: visible(message), hint: visible(hint) }));
      use.disabled = false;
      field.focus();
    }
  } }, h("label", null, h("span", { class: "cfs-small" }, t("resolution.reason")), field),
  h("div", { class: "cfs-acts" }, use, link(t("keys_own.not_now"), back)), wrong);
  queueMicrotask(() => { if (element.isConnected && !element.closest("[hidden]")) field.focus({ preventScroll: true }); });
  return element;
}

/** "3 candidates", beside the word. */
export const many = ({ candidates: all }) => t("resolution.candidates", { n: all.length, count: number(all.length) });
