// The evidence box of a look-up, below what this disk shows: RESOLVED, UNCERTAIN, NOT FOUND or chosen by hand.

import { fill, h } from "../base/dom.mjs";
import { ago, isCore } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { button, link } from "../base/parts.mjs";
import { has, lang, t } from "../base/texts.mjs";
import { amount, called, cautions, claimed, facts, ways, where } from "./candidate.mjs";
import { candidates, many } from "./choice.mjs";
import { places, placesAsked, stepsFold } from "./steps.mjs";

const CODES = new Set(["MODEL001", "MODEL004", "NODE001"]);
const LOOKS = {
  resolved: ["resolved", "shield"], chosen: ["chosen", "person"], uncertain: ["uncertain", "info"],
  absent: ["absent", "off"], waiting: ["waiting", "search"],
};

/** Whether a finding is one that can be looked up. */
export const canLookUp = ({ code, weight, name, pack }) => CODES.has(code) && weight !== "info" && Boolean(name) && !isCore(pack);

/** How a verdict is shown. */
function look({ state, rung, choice }) {
  if (choice && rung === "chosen") return "chosen";
  return { RESOLVED: "resolved", UNCERTAIN: "uncertain", NOT_FOUND: "absent" }[state] ?? "uncertain";
}

/** What a box depends on: it is made anew only when this changed. */
const mark = (one) => one && [one.key, one.state, one.rung, one.when, one.choice?.when, one.candidates.length, one.silent.length].join(" ");

/**
 * The box of one finding: {element, update(resolution, pending)}. `pending` is "" or what is said while it is looked up.
 * `page`: {place(name), now(), copy, open(url), choose(resolution, id, reason), again(), busy(), ui(key), folded,
 * services()}.
 */
export function resolutionBox(page) {
  const element = h("div", { class: "cfs-evidence cfs-verdict", hidden: true });
  let known = null, shown = null;
  function update(resolution, pending = "") {
    const now = resolution ? mark(resolution) : pending && `waiting ${pending}`;
    if (now === known) return false;
    known = now;
    shown = resolution ?? null;
    const held = element.contains(document.activeElement) ? document.activeElement.dataset.key ?? "" : null;
    fill(element, resolution ? verdict(resolution, page) : pending ? waiting(pending) : null);
    element.hidden = !element.hasChildNodes();
    if (held !== null) refocus(held);
    return true;
  }
  function refocus(name) {
    const all = [...element.querySelectorAll("[data-key]")];
    (all.find((one) => one.dataset.key === name) ?? element.querySelector("button"))?.focus({ preventScroll: true });
  }
  return { element, update, settled: () => shown !== null && ["resolved", "chosen"].includes(look(shown)), has: () => shown !== null };
}

const heading = (name, sign, aside) => h("p", { class: "cfs-evidence-head" },
  h("span", { class: `cfs-word cfs-word-${name}` }, icon(sign), t(`resolution.word.${name}`)), h("span", { class: "cfs-grow" }), aside && h("span", { class: "cfs-aside" }, aside));

const waiting = (text) => [heading(...LOOKS.waiting, ""), h("p", { class: "cfs-muted cfs-cut" }, visible(text))];

function verdict(one, page) {
  const kind = look(one), ui = page.ui(one.key);
  const body = { resolved: found, chosen: chosen, uncertain: open, absent: absent }[kind];
  const head = heading(...LOOKS[kind], aside(one, kind));
  if (!page.folded || ui.unfolded) return [head, body(one, page, ui)];
  // In a list of hundreds only the first lines exist until they are asked for.
  const best = one.candidates[0], line = kind === "resolved" || kind === "chosen" ? best && where(best, one.kind, page) : visible(one.why);
  const rest = button(t("resolution.details"), () => {
    ui.unfolded = true;
    const made = [body(one, page, ui)].flat(Infinity).filter((each) => each instanceof Node);
    rest.parentNode.replaceChildren(head, ...made);
    made.map((each) => each.querySelector("button")).find(Boolean)?.focus({ preventScroll: true });
  }, { kind: "ghost", small: true, "data-key": `details-${one.key}`, "aria-label": t("resolution.details_of", { name: visible(one.name) }) });
  return [head, h("p", null, whole(line ?? "")), rest];
}

function aside(one, kind) {
  if (kind === "resolved" || kind === "chosen") return one.candidates[0] ? amount(one.candidates[0], one.kind) : "";
  if (one.candidates.length) return many(one);
  if (one.silent.length) return t("resolution.silent_count", { n: one.silent.length });
  return kind === "absent" ? t("resolution.places", { n: placesAsked(one) }) : "";
}

/** The rung in words. The server's sentence says it best; in another language the rung comes first. */
function why(one) {
  const rung = `resolution.rung.${one.rung}`, told = has(rung) ? t(rung) : "";
  const text = lang() === "en" || !told ? one.why || told : [told, one.why].filter(Boolean).join(t("list.sentences"));
  return text && h("p", { class: "cfs-because" }, h("b", null, t("resolution.why")), " ", visible(text));
}

function found(one, page, ui) {
  const [best, ...others] = one.candidates;
  if (!best) return [why(one), stepsFold(one, page, ui)];
  return [facts(best, one, page), cautions(best, { rest: true }), keyHint(best, page), why(one), getting(best, one, page), mirrors(others.slice(0, one.mirrors), one, page), stepsFold(one, page, ui)];
}

function chosen(one, page, ui) {
  const [best] = one.candidates, { reason, when } = one.choice;
  const back = link(t("resolution.take_back"), () => page.choose(one, null), { "data-key": `back-${one.key}` });
  return [
    h("p", null, t("resolution.chosen", { when: ago(when, page.now()) }), reason && [" ", t("resolution.chosen_reason", { reason: visible(reason) })]),
    best && [facts(best, one, page), cautions(best, { rest: true }), keyHint(best, page), getting(best, one, page)],
    h("p", null, back), stepsFold(one, page, ui),
  ];
}

/** One calm line about what to do now, and the two ways. Getting it for the person is not part of this page. */
function getting(best, one, page) {
  const key = one.kind === "pack" ? (best.registry_id ? "get_pack" : "get_repo") : one.folder ? "get_file" : "get_file_anywhere";
  const text = best.confirmed || one.kind === "pack" ? t(`resolution.${key}`, { folder: visible(one.folder) }) : t("resolution.get_unconfirmed");
  return h("div", { class: "cfs-getting" }, h("p", { class: "cfs-muted" }, text), claimed(best, one.kind, page), h("div", { class: "cfs-acts" }, ways(best, one.kind, page)));
}

const keyHint = (best, page) => ["login", "gated"].includes(best.gate) && h("p", null, link(t("resolution.enter_key"), () => page.services()));

function mirrors(all, one, page) {
  return all.length > 0 && h("div", { class: "cfs-mirrors" }, h("p", { class: "cfs-muted" }, t("resolution.mirrors")),
    h("ul", null, all.map((each) => h("li", null, whole(where(each, one.kind, page)),
      each.confirmed && each.page && [" ", link(t("resolution.open_short"), () => page.open(each.page), { "aria-label": t("resolution.open_of", { name: called(each, one.kind) }) })]))));
}

function open(one, page, ui) {
  return [
    doubt(one, page), one.candidates.length ? candidates(one, page, ui) : places(one, page),
    settle(one), asking(one, page), stepsFold(one, page, ui),
  ];
}

function absent(one, page, ui) {
  return [doubt(one, page), places(one, page), settle(one), asking(one, page), stepsFold(one, page, ui)];
}

/** Why it is not settled, and who did not answer, which proves nothing about what they have. Each said once. */
function doubt(one, page) {
  const alone = one.silent.length > 0 && !one.candidates.length; // then the sentence says no more than the lines below
  const rest = alone ? t(`resolution.silent_${one.kind === "pack" ? "pack" : "file"}`) : "";
  return [
    one.why && !alone && h("p", null, visible(one.why)),
    one.silent.map(({ source, reason }) => {
      const words = visible(reason).replace(/[. ]+$/, ""), name = page.place(source);
      const lead = t(words ? "resolution.silent_because" : "resolution.silent", { name, reason: words });
      return h("p", { class: "cfs-silent" }, icon("warn"), h("span", null, h("b", null, lead), rest && ` ${rest}`));
    }),
  ];
}

function settle({ settle: all }) {
  if (!all.length) return null;
  return h("div", { class: "cfs-settle" }, h("p", { class: "cfs-muted" }, t("resolution.settle")), h("ul", null, all.map((text) => h("li", null, visible(text)))));
}

/** When it was asked, and the button to ask again. */
function asking(one, page) {
  return h("div", { class: "cfs-acts cfs-asking" },
    button(t("resolution.again"), () => page.again(), { small: true, name: "again", reason: page.busy(), "data-key": `again-${one.key}`, "aria-label": t("resolution.again_of", { name: visible(one.name) }) }),
    one.when > 0 && h("span", { class: "cfs-small cfs-muted" }, t("resolution.asked", { when: ago(one.when, page.now()) })));
}
