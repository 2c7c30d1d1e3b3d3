// The journal: what was done here and by whom, newest first, with the way to take it back. It is only ever added to.

import { fill, h } from "../base/dom.mjs";
import { clock, weekday } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole, within } from "../base/names.mjs";
import { bar, button, note } from "../base/parts.mjs";
import { plain } from "../base/store.mjs";
import { number, parts, t } from "../base/texts.mjs";
import { entryRow, undoer } from "./entry.mjs";
import { actionsOf, isGoing } from "./state.mjs";
import { approvedBy } from "./words.mjs";

const PAGE = 100; // entries asked for at once
const LINES = 8; // numbers of damaged lines that are told

/** `view`: {page: "journal"}, with `run` the id of a run to begin at. `panel`: {root, announce}. */
export function journalPage(store, host, view, panel) {
  const actions = actionsOf(store);
  const list = h("div", { class: "cfs-journal-list" }), notes = h("div", { class: "cfs-notes", hidden: true }), foot = h("div", { class: "cfs-journal-foot" });
  const about = h("p", { class: "cfs-muted cfs-small" });
  const element = h("div", { class: "cfs-page cfs-journal" },
    bar({ back: [t(behind(store)), () => store.back()] }),
    h("div", { class: "cfs-title" }, h("h2", { tabindex: -1, "data-first": true }, t("journal.title")), about),
    notes, list, foot);
  let entries = [], groups = [], asking = null, gone = false, more = false, known = mark(), base = "";

  function mark() { return `${actions.run?.id} ${actions.run?.state}`; }

  /** Asks for the next page; `anew`: for the first one again, in place of what is shown. */
  function load({ anew = false } = {}) {
    asking ??= ask(anew).finally(() => { asking = null; });
    return asking;
  }

  async function ask(anew) {
    try {
      if (!store.state.status) await store.refresh(); // paths are told from ComfyUI's folder on, which the library names
      const before = anew || !entries.length ? "" : `&before=${encodeURIComponent(entries.at(-1).id)}`;
      const answer = await host.api.get(`journal?limit=${PAGE}${before}`);
      if (gone) return;
      if (anew) { entries = []; groups = []; list.replaceChildren(); }
      entries.push(...answer.entries);
      more = answer.more && answer.entries.length > 0;
      warn(answer);
      fill(about, parts("journal.text", { folder: whole(within(answer.folder, tools.base)) }));
      base = tools.base;
      take(answer.entries);
      end();
      if (anew) begin();
    } catch (error) {
      if (!gone) failed(plain(error));
    }
  }

  /** Puts entries behind those that are shown: each with those of its run, as long as nothing else came between. */
  function take(fresh) {
    for (const entry of fresh) {
      const key = entry.plan || entry.run || entry.id, last = groups.at(-1);
      if (last?.key === key) last.add(entry);
      else { const made = group(key, entry); groups.push(made); list.append(made.element); }
    }
  }

  function group(key, first) {
    const rows = h("ol", { class: "cfs-entries" }), head = h("header", { class: "cfs-group-top" }), place = h("div", { class: "cfs-undo-all" });
    const mine = [], ended = new Set();
    const name = () => runName(mine, store);
    const made = { key, run: first.run, element: h("section", { class: "cfs-journal-group", "data-run": first.run || null }, head, place, rows), add };
    function add(entry) {
      mine.push(entry);
      made.run ||= entry.run;
      if (made.run) made.element.dataset.run = made.run;
      const subject = entry.action?.id ?? "";
      // What an action came to says more than that it was begun; alone, the beginning is all that is known of it.
      if (entry.event === "begun" && ended.has(subject)) return draw();
      if (subject) ended.add(subject);
      const row = entryRow(entry, tools);
      if (row) rows.append(row);
      return draw();
    }
    function draw() {
      const open = mine.filter((one) => one.can_undo), { title, text } = name();
      fill(head, h("h3", null, title), text && h("p", { class: "cfs-small cfs-muted" }, text));
      made.element.setAttribute("aria-label", [title, text].filter(Boolean).join(t("list.comma")));
      if (open.length > 1 && made.run) {
        if (!place.hasChildNodes()) place.append(undoer({ all: () => all(made) }, tools));
      } else if (!place.contains(document.activeElement)) place.replaceChildren();
    }
    made.open = () => mine.filter((one) => one.can_undo);
    add(first);
    return made;
  }

  /** All of a group that can be taken back, with what was not asked for yet. */
  async function all(made) {
    while (more && groups.at(-1) === made && !gone) {
      const before = entries.length;
      await load();
      if (entries.length === before) break; // it could not be had
    }
    return made.open();
  }

  const tools = {
    get base() { return store.state.library?.place?.place ?? ""; },
    going: (run) => actions.run?.id === run && isGoing(actions.run),
    open: (url) => { if (!host.openPage(url)) panel?.announce?.(t("resolution.not_opened")); },
    undo: (what) => actions.undo(what),
    refused: () => (store.state.status?.may_change?.allowed === false ? store.state.status.may_change.error ?? { message: t("refused.unknown"), hint: "" } : null),
    announce: (text) => panel?.announce?.(text),
    /** Shows what the journal says now, from its newest line on. */
    again: async () => { await asking; await load({ anew: true }); element.scrollTop = 0; element.querySelector("[data-first]").focus(); },
  };

  function warn({ damage = [] }) {
    fill(notes, damage.length > 0 && note({
      tone: "warn", name: "warn", title: t("journal.damage", { n: damage.length }),
      text: t("journal.damage_text", { lines: [...damage.slice(0, LINES).map(number), ...(damage.length > LINES ? ["…"] : [])].join(t("list.comma")) }), hint: t("journal.damage_hint") }));
    notes.hidden = !notes.hasChildNodes();
  }

  function failed({ message, hint, status, code }) {
    fill(notes, note({ tone: "warn", name: status === 0 ? "plug" : "warn", title: t("journal.failed"), text: visible(message || t("error.code", { code })), hint: visible(hint),
      actions: [button(t("error.retry"), () => load({ anew: !entries.length }), { small: true, name: "again" })] }));
    notes.hidden = false;
    end();
  }

  function end() {
    if (!entries.length && !notes.hidden) return fill(foot);
    if (!entries.length) return fill(foot, h("div", { class: "cfs-empty" }, icon("book"), h("h3", null, t("journal.none")), h("p", { class: "cfs-muted" }, t("journal.none_text"))));
    if (!more) return fill(foot, h("p", { class: "cfs-small cfs-muted" }, t("journal.begins")));
    return fill(foot, button(t("journal.older"), () => load(), { kind: "ghost", "data-key": "older" }));
  }

  /** At the run that one came for. */
  function begin() {
    if (!view.run || view.reached) return;
    view.reached = true;
    const found = groups.find((one) => one.run === view.run);
    found?.element.classList.add("cfs-wanted");
    if (found && found !== groups[0]) found.element.scrollIntoView({ block: "start" });
  }

  const near = new IntersectionObserver((seen) => { if (more && entries.length && seen.some((one) => one.isIntersecting)) load(); }, { root: null, rootMargin: "600px" });
  near.observe(foot);
  fill(foot, h("p", { class: "cfs-muted", role: "status" }, t("loading")));
  load({ anew: true });
  return {
    element, focus: () => element.querySelector("[data-first]").focus(),
    update(keys) {
      if (!(keys.has("run") && known !== mark()) && !(keys.has("library") && base !== tools.base)) return;
      if (list.querySelector(".cfs-undo-ask")) return; // somebody is about to answer
      known = mark();
      load({ anew: true });
    },
    destroy() { gone = true; near.disconnect(); },
  };
}

const behind = (store) => ({ library: "page.library", unlock: "unlock.title" }[store.behind()] ?? "page.back");

/** "Tue 17 Nov, 17:49" and whose yes it was. */
function runName(entries, store) {
  const last = entries.at(-1), yes = entries.find((one) => one.event === "approved");
  const by = approvedBy(last.actor, store.state.status?.user);
  const title = t("journal.when", { day: weekday(last.time), time: clock(last.time) });
  const who = by === "you" ? "journal.by_you" : by === "cli" ? "journal.by_cli" : "journal.by";
  const undone = entries.every((one) => one.event === "undone" || one.event === "undo_failed");
  return { title, text: [t(undone ? "journal.taken_back" : yes ? "journal.approved" : "journal.run"), t(who, { name: by })].join(" ") };
}
