// One line of the journal: what happened to what, where it lies, whose it is, and taking it back with a word before.

import { fill, h } from "../base/dom.mjs";
import { bytes, clock } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole, within } from "../base/names.mjs";
import { button, link, note } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { plain } from "../base/store.mjs";
import { has, parts, t } from "../base/texts.mjs";
import { baseName, checkText, checkWord, folderOf, isVersion, placeOf, signOf } from "./words.mjs";

const QUIET = new Set(["ended"]); // what the lines around it say already, unless something went wrong
const UNTOLD = new Set(["ended", "torn"]); // whose text says no more than the row does
const TONES = { done: "good", failed: "bad", undo_failed: "bad", torn: "warn", begun: "warn" };

/** The row, or null for a line that says nothing of its own. `tools`: see `journalPage`. */
export function entryRow(entry, tools) {
  const { event, action, error, check } = entry;
  if (QUIET.has(event) && !error) return null;
  const doubt = event === "done" && check && check !== "verified"; // it is there, but nobody can say that it is the right one
  const tone = error?.code === "by_hand" ? "warn" : doubt ? (check === "unverifiable" ? "warn" : "") : TONES[event] ?? "";
  const element = h("li", { class: "cfs-act cfs-entry", "data-entry": entry.id },
    h("span", { class: "cfs-act-sign", "data-tone": tone || null }, icon(sign(entry))),
    h("h4", { class: "cfs-act-name" }, action ? whole(action.title) : t(`journal.event.${event}`)),
    h("span", { class: "cfs-act-word", "data-tone": tone || null }, action ? word(entry) : "", h("time", { class: "cfs-aside-line cfs-num" }, clock(entry.time))),
    h("div", { class: "cfs-act-about" },
      facts(entry, tools), consents(entry),
      event === "torn" && h("p", { class: "cfs-small" }, t("journal.torn")),
      event === "begun" && h("p", { class: "cfs-small" }, t(tools.going(entry.run) ? "journal.going" : "journal.only_begun")),
      error && h("div", { class: "cfs-item-error" }, h("p", null, visible(said(error.message))), error.hint && h("p", { class: "cfs-muted" }, visible(said(error.hint)))),
      check === "mismatch" && h("p", { class: "cfs-small cfs-muted" }, checkText(check)),
      entry.can_undo && undoer({ entry }, tools)));
  return element;
}

function sign({ event, action, error }) {
  if (event === "undone" || event === "undo_failed") return "undo";
  if (event === "torn") return "warn";
  if (event === "approved") return "check";
  if (event === "failed") return error?.code === "by_hand" ? "person" : "warn";
  return action ? signOf(action.kind) : "info";
}

/** What became of it: "Verified", "Moved", "Undone". */
function word({ event, action, check, error }) {
  if (event === "done") return (action.kind === "download" && checkWord(check)) || t(`run.done.${has(`run.done.${action.kind}`) ? action.kind : "other"}`);
  if (error?.code === "by_hand") return t("run.state.by_hand");
  return t(`journal.event.${has(`journal.event.${event}`) ? event : "other"}`);
}

const fact = (name, ...value) => [h("dt", null, t(`plan.fact.${name}`)), h("dd", null, ...value)];

function facts(entry, tools) {
  const { action, attribution: from, event, outputs, text } = entry, lies = outputs.filter((one) => one.after), went = outputs.filter((one) => one.before && !one.after);
  const moved = action?.kind === "move" && event === "done";
  return h("dl", { class: "cfs-facts" },
    event !== "begun" && [
      moved && went[0] && fact("from", whole(placeOf(went[0].path, tools.base))),
      lies.map((one) => fact("to", h("span", { title: visible(one.path) }, whole(action && baseName(one.path) === action.title ? placeOf(one.path, tools.base) : within(one.path, tools.base))))),
    ],
    from && fact("from", whole([from.source, from.author].filter(Boolean).map(visible).join(t("list.comma"))),
      from.page && [" ", link(t("resolution.open_short"), () => tools.open(from.page), { "aria-label": t("resolution.open_of", { name: visible(from.author || from.source) }) })]),
    from && fact("licence", from.licence ? whole(from.licence) : h("span", { class: "cfs-muted" }, t("resolution.no_licence"))),
    event === "done" && action?.kind === "download" && checkText(entry.check) && fact("check", checkText(entry.check)),
    text && !UNTOLD.has(event) && !lies.length && fact("what", summary(text)));
}

/** The server's line about a plan, in the words of this page: "5 actions, 6.8 GB to download, for i2v". */
function summary(text) {
  const found = /^(\d+) actions?, ([\d,]+) bytes to download, for (.*)$/s.exec(text);
  if (!found) return visible(said(text));
  return whole(t("journal.plan", { n: Number(found[1]), size: bytes(Number(found[2].replaceAll(",", ""))), names: found[3] }));
}

/** What was confirmed, in the words that were read. */
function consents({ consents: all }) {
  return all.length > 0 && h("ul", { class: "cfs-minds" }, all.map((one) => h("li", null, icon("check"),
    h("span", null, one.title && [h("b", null, whole(one.title)), " "], visible(said(one.text ?? one.code ?? one))))));
}

// ---- undo -------------------------------------------------------------------------------------------------------

/** The button that takes back one entry, or `all()` of a run (a promise of them), with the question in its place. */
export function undoer({ entry = null, all = null }, tools) {
  const place = h("div", { class: "cfs-undo" }), name = visible(entry?.action?.title), called = all ? t("journal.undo_all") : t("journal.undo_of", { name });
  let entries = [];
  const offer = () => fill(place, all ? button(t("journal.undo_all"), ask, { kind: "ghost", small: true, name: "undo" })
    : link([icon("undo"), t("journal.undo")], ask, { class: "cfs-link cfs-undo-one", "aria-label": called }));
  const back = () => { offer(); place.querySelector("button").focus({ preventScroll: true }); };

  async function ask() {
    const refused = tools.refused();
    if (refused) return told(note({ tone: "warn", name: "lock", title: t("plan.refused.forbidden"), text: visible(refused.message), hint: visible(refused.hint) }));
    entries = all ? await all() : [entry];
    if (!place.isConnected || !entries.length) return undefined;
    const yes = button(t("journal.do", { n: entries.length }), () => act(yes), { kind: "main", small: true });
    fill(place, h("div", { class: "cfs-undo-ask", role: "group", "aria-label": called,
      onkeydown: (event) => { if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); back(); } } },
    h("ul", { class: "cfs-undo-will", tabindex: entries.length > 6 ? 0 : null }, entries.map((one) => h("li", null, icon("right"), h("span", null, will(one, tools))))),
    h("p", { class: "cfs-small cfs-muted" }, t("journal.nothing_lost")),
    h("div", { class: "cfs-acts" }, yes, link(t("journal.keep"), back))));
    yes.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  function told(...nodes) {
    fill(place, nodes, link(t("trouble.dismiss"), back));
    place.querySelector("button").focus({ preventScroll: true });
  }

  async function act(yes) {
    yes.setAttribute("aria-disabled", "true");
    try {
      const undone = await tools.undo({ entries: entries.map((one) => one.id) });
      const bad = undone.filter((one) => !one.ok), good = undone.length - bad.length;
      tools.announce([good && t("journal.done", { n: good }), bad.length && t("journal.not_done", { n: bad.length })].filter(Boolean).join(" "));
      if (!bad.length) return tools.again();
      return told(bad.map((one) => note({ tone: "warn", name: "warn", title: t("journal.not_undone", { name: visible(entries.find((each) => each.id === one.entry)?.action?.title) }), text: visible(said(one.error?.message)), hint: visible(said(one.error?.hint)) })));
    } catch (error) {
      const { message, hint } = plain(error);
      return told(note({ tone: "warn", name: "warn", title: t("trouble.refused.title"), text: visible(said(message)), hint: visible(said(hint)) }));
    }
  }

  offer();
  return place;
}

/** Exactly what taking it back does. */
function will({ action, outputs }, { base }) {
  const { kind, title } = action, lies = outputs.find((one) => one.after && !one.before), went = outputs.find((one) => one.before && !one.after);
  const name = whole(title), place = whole(placeOf(lies?.path ?? action.destination, base));
  if (kind === "move") return parts("journal.will.move", { name, place, back: whole(within(went ? folderOf(went.path) : folderOf(action.origin ?? ""), base)) });
  if (kind === "link") return parts("journal.will.link", { name, place });
  if (isVersion(kind)) return parts("journal.will.version", { name });
  return [parts("journal.will.download", { name, place }), action.aside && [t("list.sentences"), parts("journal.will.aside", { name: whole(baseName(action.aside)) })]];
}
