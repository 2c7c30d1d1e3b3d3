// Where one file or pack can be had: its facts, what to mind, and how to get there. Everything in it comes from outside.

import { h } from "../base/dom.mjs";
import { bytes } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { button, iconButton } from "../base/parts.mjs";
import { has, lang, t } from "../base/texts.mjs";

const baseName = (path) => String(path ?? "").split(/[\\/]/).at(-1);

/** "6.7 GB" of a file, "version 1.7.9" of a pack; "" where it is not known. */
export function amount(one, kind) {
  if (kind === "pack") return one.version ? t("resolution.version", { version: visible(one.version) }) : "";
  return one.size ? bytes(one.size) : "";
}

/** What a candidate is called: repository or model, the pack's title. */
export function called(one, kind) {
  if (kind === "pack") return visible(one.title || one.registry_id || one.repo);
  const version = one.source === "civitai" && one.revision ? `, ${one.revision}` : "";
  return visible(one.repo ? `${one.repo}${version}` : one.file);
}

/** "Hugging Face, owner/name". */
export const where = (one, kind, page) => [page.place(one.source), called(one, kind)].filter(Boolean).join(t("list.comma"));

/** Whether the author is not in the repository's name already. */
export const foreign = ({ author, repo }) => Boolean(author) && !String(repo).startsWith(`${author}/`);

const fact = (name, ...value) => [h("dt", null, t(`resolution.fact.${name}`)), h("dd", null, ...value)];
const copied = (text, label, page) => {
  const press = iconButton("copy", label, () => page.copy(text, press));
  return h("span", { class: "cfs-copied" }, whole(text), press);
};

/** The facts of what was found, as a list of pairs. */
export function facts(one, resolution, page) {
  return h("dl", { class: "cfs-facts cfs-found-facts" }, resolution.kind === "pack" ? packFacts(one, page) : fileFacts(one, resolution, page));
}

function fileFacts(one, { name, folder }, page) {
  const path = one.path || one.file;
  return [
    fact("from", whole(where(one, "file", page)), foreign(one) && h("span", { class: "cfs-muted" }, " ", t("resolution.by", { author: visible(one.author) }))),
    path && path !== baseName(name) && fact("file", whole(path)),
    folder && fact("folder", copied(folder, t("resolution.copy_folder"), page)),
    fact("licence", one.licence ? whole(one.licence) : h("span", { class: "cfs-muted" }, t("resolution.no_licence"))),
    one.base_model && fact("made_for", visible(one.base_model)),
    one.said_by && fact("said_by", whole(one.said_by)),
  ];
}

function packFacts(one, page) {
  const counts = [["stars", one.stars], ["downloads", one.downloads]].filter(([, count]) => count > 0).map(([name, count]) => t(`resolution.${name}`, { n: count }));
  return [
    fact("pack", whole(called(one, "pack")), one.author && h("span", { class: "cfs-muted" }, " ", t("resolution.by", { author: visible(one.author) }))),
    one.registry_id && fact("id", copied(one.registry_id, t("resolution.copy_id"), page)),
    fact("from", page.place(one.source)),
    one.repo && !one.registry_id && fact("repo", whole(one.repo)),
    fact("licence", one.licence ? whole(one.licence) : h("span", { class: "cfs-muted" }, t("resolution.no_licence"))),
    counts.length > 0 && fact("used", counts.join(" · ")),
    one.said_by && fact("said_by", whole(one.said_by)),
  ];
}

// What the server's sentences in `against` speak of as well: said once, in the person's language.
const ALSO = {
  pickle: /pickle file/i, poi: /real person/i, minor: /showing a minor/i, nsfw: /adult content/i,
  pickle_warning: /scan for unsafe code/i, virus_warning: /virus scan/i, status: /the registry (has|marks)/i,
  gate: /^(log ?in|gated|early access|paid|archived|taken down)$|terms have to be accepted/i,
};

/** What to mind: [{key, text}], and the `against` that is left. */
function minded(judged) {
  const found = [];
  if (judged.format === "pickle") found.push({ key: "pickle", text: t("resolution.mind.pickle") });
  for (const flag of judged.flags ?? []) found.push({ key: flag, text: has(`resolution.mind.${flag}`) ? t(`resolution.mind.${flag}`) : t("resolution.mind.other", { flag: visible(flag) }) });
  const status = String(judged.status ?? "").toLowerCase();
  if (has(`resolution.mind.${status}`)) found.push({ key: "status", text: t(`resolution.mind.${status}`) });
  const gate = judged.gate ? `resolution.gate.${judged.gate}` : "";
  if (gate) found.push({ key: "gate", text: gateText(judged, has(gate) ? t(gate) : "") });
  const left = judged.against.filter((text) => text !== judged.gate_text && !found.some(({ key }) => ALSO[key]?.test(text)));
  return { found, left };
}

/** The service's own words say it best, with the day; in another language ours come first. */
function gateText({ gate, gate_text: told }, own) {
  if (!told) return own || visible(gate);
  const text = visible(told).replace(/[^.]$/, "$&.");
  return lang() === "en" || !own ? text : [own, text].join(t("list.sentences"));
}

/** Lines to mind before getting it: gate, flags, a pickle, a pack's standing. */
export function cautions(judged, { rest = false } = {}) {
  const { found, left } = minded(judged);
  const lines = [...found.map((one) => [one.key === "gate" ? "lock" : "warn", one.text]), ...(rest ? left.map((text) => ["warn", visible(text)]) : [])];
  return lines.length > 0 && h("ul", { class: "cfs-minds" }, lines.map(([sign, text]) => h("li", null, icon(sign), h("span", null, text))));
}

/** What speaks for it and what against, each a list. */
export function weighed(judged) {
  const { left } = minded(judged);
  const list = (name, sign, all) => all.length > 0 && [h("dt", { class: `cfs-${name}` }, t(`resolution.${name}`)),
    h("dd", null, h("ul", null, all.map((text) => h("li", null, icon(sign), h("span", null, visible(text))))))];
  return h("dl", { class: "cfs-facts cfs-weighed" }, list("fits", "check", judged.fits), list("against", "minus", left));
}

/**
 * The ways to it: its page, and its address as text, as a button with words or (`brief`) with an icon. An address that
 * nobody confirmed is only shown, never opened.
 */
export function ways(one, kind, page, { brief = false } = {}) {
  if (!one.confirmed) return [];
  const host = hostOf(one.page), address = kind === "file" ? one.url : one.repo, name = called(one, kind);
  const copy = () => page.copy(address, press);
  const press = brief ? iconButton("copy", t("resolution.copy_of", { name }), copy) : button(t("resolution.copy_address"), copy, { kind: "ghost", small: true, name: "copy" });
  return [
    host && button(t("resolution.open"), () => page.open(one.page), {
      small: true, name: "open", title: t("resolution.opens", { host }), "aria-label": t("resolution.open_of", { name }), "data-key": `open-${one.id}` }),
    address && press,
  ];
}

/** The address of an unconfirmed one, as text to copy. */
export function claimed(one, kind, page) {
  const address = kind === "file" ? one.url : one.repo;
  if (one.confirmed || !address) return null;
  const press = iconButton("copy", t("workflow.copy_link"), () => page.copy(address, press));
  return h("div", { class: "cfs-address" },
    h("p", null, h("span", { class: "cfs-muted" }, t("resolution.unconfirmed")), h("span", { class: "cfs-url", title: visible(address), dir: "ltr" }, visible(address))), press);
}

function hostOf(address) {
  try { return new URL(address).host; } catch { return ""; }
}
