// One action of a run: how far it is, what became of it, and what can be done now. It changes in place, its row never moves.

import { fill, h, say, set } from "../base/dom.mjs";
import { bytes } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { button, link, progress } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { has, t } from "../base/texts.mjs";
import { commandBox } from "./action.mjs";
import { byHand } from "./state.mjs";
import { checkText, checkWord, isPack, packName, partOf, placeOf, signOf, speedOf } from "./words.mjs";

const KEY = new Set(["gated", "login_required", "key_refused"]);
const PAGE = new Set(["gated", "login_required", "early_access", "not_found", "archived", "refused", "not_a_model", "mismatch", "unusable_answer"]);
const OTHER = new Set(["early_access", "not_found", "archived", "refused", "not_a_model", "mismatch", "source_changed", "unusable_answer", "too_large"]);
const FINAL = new Set(["by_hand", "pack_refused", "pack_is_checkout", "pack_gone", "unsafe_name", "bad_action", "unknown_kind", "source_changed", "mismatch"]); // trying again changes nothing

/**
 * The row: {element, update(item)}. `view`: {base, steer(act, id), open(url), copy(text, button), services(), reveal(item) →
 * function or null, planned(id) → the action of the plan or null, ended() → whether the run is over, voided()}.
 */
export function itemRow(first, view) {
  const { id } = first, planned = () => view.planned(id);
  const sign = h("span", { class: "cfs-act-sign" }), word = h("span", { class: "cfs-act-word cfs-num" });
  const name = h("h3", { class: "cfs-act-name" });
  const bar = progress(null, "", visible(first.title)), some = h("span"), pace = h("span", { class: "cfs-muted" });
  const stop = link(t("run.cancel_this"), () => view.steer("cancel", id), { "data-key": `stop-${id}`, "aria-label": t("run.cancel_of", { name: visible(first.title) }) });
  const line = h("p", { class: "cfs-small cfs-muted cfs-num cfs-item-line" }, some, pace, stop);
  const more = h("div", { class: "cfs-item-more" });
  const about = h("div", { class: "cfs-act-about" }, bar, line, more);
  const element = h("li", { class: "cfs-act", "data-id": id }, sign, name, word, about);
  let known = "", called = "";

  function update(item) {
    const title = isPack(item.kind) ? packName({ ...item, pack: planned()?.pack }) : item.title;
    if (title !== called) { called = title; fill(name, whole(title)); }
    const look = lookOf(item);
    if (sign.dataset.look !== look.sign) { sign.dataset.look = look.sign; fill(sign, icon(look.sign)); }
    set(sign, "data-tone", look.tone || null);
    set(word, "data-tone", look.tone || null);
    set(element, "data-state", item.state);
    say(word, wordOf(item));
    moving(item);
    below(item);
  }

  /** What changes several times a second. */
  function moving(item) {
    const runs = item.state === "running" || (item.state === "paused" && item.bytes > 0), fetching = item.kind === "download";
    bar.hidden = !runs;
    if (runs) {
      const share = item.size && fetching ? Math.min(100, Math.floor(item.bytes / item.size * 100)) : null;
      bar.firstChild.style.setProperty("width", `${share ?? 4}%`);
      set(bar, "aria-valuenow", share);
      set(bar, "aria-valuetext", wordOf(item));
    }
    say(some, runs && fetching && (item.bytes > 0 || !item.note) ? partOf(item.bytes, item.size) : "");
    say(pace, item.note ? visible(said(item.note)) : item.state === "running" ? speedOf(item.speed) : waits(item));
    stop.hidden = !["running", "paused", "waits"].includes(item.state) || view.ended();
    line.hidden = stop.hidden && !some.textContent && !pace.textContent;
  }

  /** What became of it and the ways on: made anew only when it says something else. */
  function below(item) {
    const signature = JSON.stringify([item.state, item.error, item.check, item.text, Boolean(planned()), view.ended(), view.voided()]);
    if (signature === known) return;
    known = signature;
    const held = more.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    fill(more, outcome(item), item.error && (byHand(item) ? hand(item, view) : failure(item, view, planned())));
    more.hidden = !more.hasChildNodes();
    about.hidden = more.hidden && bar.hidden && line.hidden;
    if (held) more.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  function outcome(item) {
    const text = outcomeOf(item, view);
    return text && h("p", { class: "cfs-small cfs-muted" }, text);
  }

  update(first);
  return { element, update: (item) => { update(item); about.hidden = more.hidden && bar.hidden && line.hidden; } };
}

function lookOf({ state, kind, error, check }) {
  if (state === "done") return { sign: "check", tone: !check || check === "verified" ? "good" : check === "unverifiable" ? "warn" : "" };
  if (state === "failed") return error?.code === "by_hand" ? { sign: "person", tone: "warn" } : { sign: "warn", tone: "bad" };
  if (state === "paused") return { sign: "pause", tone: error ? "warn" : "" };
  if (state === "cancelled" || state === "skipped") return { sign: "minus", tone: "" };
  return { sign: signOf(kind), tone: "" };
}

/** The word at the right. */
function wordOf(item) {
  const { state, kind, check, bytes: done, size } = item;
  if (check === "mismatch") return checkWord(check);
  if (state === "done") return (kind === "download" && checkWord(check)) || t(`run.done.${has(`run.done.${kind}`) ? kind : "other"}`);
  if (state === "failed") return t(byHand(item) ? "run.state.by_hand" : "run.state.failed");
  if (state === "running" && kind === "download" && size) return t("summary.percent", { share: Math.min(100, Math.floor(done / size * 100)) });
  return has(`run.state.${state}`) ? t(`run.state.${state}`) : visible(state);
}

/** "67 MB, the sha256 is as announced", "Now in models/vae". */
function outcomeOf({ state, kind, check, size, destination, text }, { base }) {
  if (state !== "done") return "";
  if (kind === "download") return [t("run.now_in", { place: visible(placeOf(destination, base)) }), size ? bytes(size) : "", checkText(check)].filter(Boolean).join(t("list.comma"));
  if (kind === "move" || kind === "link") return t("run.now_in", { place: visible(placeOf(destination, base)) });
  return visible(said(text));
}

const waits = ({ state, kind }) => (state === "waits" && isPack(kind) ? t("run.last") : "");

/** The person's own to do: the very command. */
function hand(item, view) {
  if (item.command) return commandBox(item.command, visible(item.title), view);
  return h("p", { class: "cfs-small" }, visible(said(item.error.message)), " ", visible(said(item.error.hint)));
}

function failure(item, view, planned) {
  const { error: { code, message, hint }, id, title } = item, name = visible(title), page = planned?.offers.find((one) => one.page)?.page;
  const other = OTHER.has(code) ? view.reveal(item, planned) : null;
  const again = item.state === "paused" ? !view.ended() : !FINAL.has(code) && !view.voided();
  const ways = [
    again && button(t("run.again"), () => view.steer("resume", id), { small: true, name: "again", "data-key": `again-${id}`, "aria-label": t("run.again_of", { name }) }),
    KEY.has(code) && button(t("keys_own.enter"), () => view.services(), { small: true, name: "key", "data-key": `key-${id}` }),
    PAGE.has(code) && page && button(t("resolution.open"), () => view.open(page), { small: true, name: "open", "data-key": `page-${id}`, "aria-label": t("resolution.open_of", { name }) }),
    other && button(t("run.choose_other"), other, { small: true, name: "search", "data-key": `other-${id}`, "aria-label": t("run.choose_other_of", { name }) }),
  ].filter(Boolean);
  return h("div", { class: "cfs-item-error" },
    h("p", null, visible(said(message))), hint && h("p", { class: "cfs-muted" }, visible(said(hint))),
    ways.length > 0 && h("div", { class: "cfs-acts" }, ways));
}
