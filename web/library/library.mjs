// The library: the answer, what would help most, the workflow on the canvas, and every workflow with its distance.

import { controls } from "./controls.mjs";
import { h, set, slot } from "../base/dom.mjs";
import { find, inPlace, sorted, tally } from "./find.mjs";
import { firstRun, firstScan, loading, noWorkflows } from "./first.mjs";
import { short } from "../base/format.mjs";
import { icon, statusIcon, STATUSES } from "../base/icons.mjs";
import { middle, title, visible } from "../base/names.mjs";
import { bar, iconButton, link, menu } from "../base/parts.mjs";
import { row, rowName } from "./row.mjs";
import { Rows } from "./rows.mjs";
import { about, openSettings } from "./settings.mjs";
import { summary } from "./summary.mjs";
import { t } from "../base/texts.mjs";
import { troubles, troubleSignature } from "./troubles.mjs";
import { packsLine } from "./packs.mjs";
import { unlockLine } from "./unlock.mjs";
import { afterRun, afterSignature } from "../actions/after.mjs";
import { isRunning } from "../lookup/job.mjs";
import { wholeLibrary } from "../lookup/whole.mjs";

const COMPACT = "comfyfixersmart.compact";
const HEIGHT = { roomy: 48, compact: 32 };

/** What the person chose here; it lives as long as the store. */
const fresh = (host) => ({ query: "", statuses: new Set(), sort: "nearest", compact: Boolean(host.setting?.(COMPACT, false)), scroll: 0, slug: null });

/** The page. `panel`: {root, announce(text)}. */
export function libraryPage(store, host, panel) {
  const { state } = store, ui = (store.ui ??= fresh(host));
  let lines = [], shown = [], orderedBy = "", known = null;

  const refusal = () => (state.status?.may_change?.allowed === false ? state.status.may_change.error ?? { message: t("refused.unknown"), hint: "" } : null);
  const running = () => state.status?.cycle?.state === "running";
  const openDashboard = () => host.openUrl("/comfyfixersmart/report/dashboard.html");

  const again = iconButton("again", t("action.check"), () => check(), { "data-first": true });
  const board = iconButton("board", t("action.dashboard"), openDashboard);
  const more = iconButton("more", t("action.more"), () => moreMenu(), { "aria-haspopup": "menu", "aria-expanded": "false" });
  const head = bar({ title: t("title"), actions: [again, board, more] });

  const notes = slot("div", { class: "cfs-notes" }), sum = slot("section", { class: "cfs-sum", "aria-label": t("summary.label") });
  const unlock = slot("div"), after = slot("div", { class: "cfs-after-place" }), packs = slot("div"), canvas = slot("div"), whole = slot("div"), nothing = slot("div", { class: "cfs-nothing" });
  const tools = controls(ui, (change) => filter(change));
  const element = h("div", { class: "cfs-page cfs-library" }, head, notes.element, sum.element, after.element, unlock.element, packs.element, canvas.element, whole.element);
  const rows = new Rows({
    draw: (item) => row(item, store.now(), ui), name: (item) => rowName(item, store.now()), key: (item) => item.line.slug,
    open: (item) => { ui.slug = item.line.slug; store.go({ page: "workflow", slug: item.line.slug }); },
    scroller: element, above: () => tools.search.offsetHeight, label: t("list.label"),
  });
  const listing = h("div", { class: "cfs-listing", hidden: true }, tools.search, tools.legend, tools.line, nothing.element, rows.element);
  element.append(listing);
  let gone = false;
  const missing = wholeLibrary(store, panel, { focus: () => again.focus(), stale: () => gone });
  sum.element.after(missing.element);

  function check() {
    const why = refusal();
    if (why) return store.put({ refused: { code: "refused", message: why.message, hint: why.hint, status: 403 } });
    return running() ? store.cancel() : store.scan();
  }

  function moreMenu() {
    const why = refusal()?.message ?? "";
    menu(more, [
      state.status && { label: t("action.check"), name: "again", run: () => store.scan(), reason: why },
      state.library?.workflows.length > 0 && { label: t("lookup.all"), name: "search", run: () => missing.begin(), reason: why || (isRunning(state.lookup.job) ? t("lookup.running") : "") },
      state.library && { label: t("action.dashboard"), name: "board", run: openDashboard },
      state.status && { label: t("journal.title"), name: "undo", run: () => store.go({ page: "journal" }) },
      (state.status || state.library) && { rule: true },
      { label: t("action.compact"), kind: "check", checked: ui.compact, run: () => compact(!ui.compact) },
      { label: t("action.settings"), name: "gear", run: () => openSettings(store, panel) },
      { label: t("action.about"), name: "shield", run: () => about(store, panel) },
    ].filter(Boolean));
  }

  function compact(on) {
    ui.compact = on;
    host.changeSetting?.(COMPACT, on);
    list({ redraw: true });
  }

  /** Orders the library's lines; while a check runs they keep their places. */
  function order() {
    const now = state.library?.workflows ?? [];
    lines = running() && lines.length && orderedBy === ui.sort ? inPlace(lines, now) : sorted(now, ui.sort);
    orderedBy = ui.sort;
  }

  function filter({ sorted: resort = false } = {}) {
    if (resort) order();
    list();
    element.scrollTop = Math.min(element.scrollTop, tools.search.offsetTop);
    panel.announce(t("list.some", { found: shown.length, n: lines.length }));
  }

  function list({ redraw = false } = {}) {
    shown = find(lines, ui.query, ui.statuses);
    element.classList.toggle("cfs-compact", ui.compact);
    rows.set(shown, { height: ui.compact ? HEIGHT.compact : HEIGHT.roomy, redraw });
    tools.show(tally(lines), lines.length, shown.length);
    nothing.update([shown.length > 0, ui.query, [...ui.statuses]], () => (shown.length ? [] : [
      h("p", null, ui.query ? t("list.no_match", { query: visible(ui.query) }) : t("list.no_status", { statuses: [...ui.statuses].map((one) => t(`status.${one}`)).join(t("list.comma")) })),
      link(t("search.clear"), () => tools.clear()),
    ]));
  }

  function header() {
    const { cycle } = state.status ?? {}, why = refusal(), first = !state.library;
    const label = running() ? t("action.cancel") : t("action.check");
    if (again.getAttribute("aria-label") !== label) { again.replaceChildren(icon(running() ? "x" : "again")); set(again, "aria-label", label); }
    set(again, "title", why ? `${label}. ${why.message}` : label);
    set(again, "aria-disabled", why ? "true" : null);
    again.hidden = !cycle || (first && cycle.state !== "running");
    board.hidden = first;
  }

  /** Where there is no list: the first run, an empty library, or nothing known yet. */
  function instead() {
    const { status, library, error, libraryError } = state;
    if (library?.workflows.length) return whole.update("list", () => []);
    if (library && running()) return whole.update(["scan", status.cycle], () => firstScan(status.cycle));
    if (library) return whole.update("none", noWorkflows);
    if (!status) return whole.update(["loading", Boolean(error)], () => (error ? [] : loading()));
    if (status.library) return whole.update(["waiting", Boolean(libraryError)], () => (libraryError ? [] : loading()));
    return whole.update(["first", status.cycle, status.may_change], () => firstRun({
      cycle: status.cycle, refusal: refusal(), check: () => store.scan(), change: () => openSettings(store, panel),
    }));
  }

  function top() {
    const { status, library } = state, { cycle } = status ?? {}, total = library?.workflows.length ?? 0;
    header();
    notes.update(troubleSignature(store), () => troubles(store));
    const counts = library?.counts ?? {};
    const minute = Math.floor(store.now() / 20); // "12 min ago" moves on by itself
    sum.update([total, counts, cycle, minute, Boolean(state.error), library?.when], () => (total
      ? summary({ counts, total, cycle: state.error ? null : cycle, began: store.began, now: store.now(), when: library.when }) : []));
    after.update([afterSignature(store), ui.told], () => afterRun(store, { ui, away: () => { top(); again.focus(); } }) ?? []);
    unlock.update([library?.unlock?.[0], running(), isRunning(state.lookup.job), missing.label()], () => unlockLine(library, () => store.go({ page: "unlock" }), {
      label: missing.label(), run: () => missing.begin(), reason: isRunning(state.lookup.job) ? t("lookup.running") : "" }) ?? []);
    packs.update([library?.place?.packs_failed], () => packsLine(library, panel.root) ?? []);
    canvas.update([state.open.active, state.open.result?.status, state.open.result?.distance, state.open.checking, state.open.error, library?.revision], () => onCanvas());
    instead();
    listing.hidden = !total;
  }

  /** The workflow on the canvas with its live verdict, or that of its saved version while it is unchanged. */
  function onCanvas() {
    const { active, result, checking } = state.open;
    if (!active || !state.library) return [];
    const one = result ?? (active.modified ? null : store.lineOf(active.path));
    const [name] = title(active.name || active.path || "");
    const left = one ? visible(short(one)) : checking ? t("canvas.checking") : "";
    const where = active.temporary ? "canvas.unsaved" : active.modified ? "canvas.changed" : "canvas.saved";
    return h("button", { type: "button", class: "cfs-canvas", "data-focus": "canvas", "aria-busy": checking ? "true" : null, onclick: () => store.go({ page: "open" }) },
      one ? statusIcon(one.status) : h("i", { class: "cfs-all", "aria-hidden": "true" }),
      h("span", { class: "cfs-grow" },
        h("span", { class: "cfs-label cfs-cut" }, t(where)), middle(name, "cfs-name cfs-strong"),
        left && h("span", { class: "cfs-away cfs-canvas-away" }, left)),
      icon("right"));
  }

  function update(keys) {
    const ended = known === "running" && !running();
    known = state.status?.cycle?.state ?? null;
    if (keys.has("library") || ended) { order(); list(); }
    if (keys.has("lookup") || keys.has("plan")) missing.update();
    top();
  }

  function key(event) {
    const { key: pressed } = event, typing = event.target === tools.field;
    if (typing) return typed(pressed, event);
    if (pressed === "Escape" && (ui.query || ui.statuses.size)) { tools.clear(); return true; }
    if (listing.hidden) return pressed === "r" && (check(), true);
    if (pressed === "/") return tools.field.focus(), tools.field.select(), true;
    if (pressed === "s") return tools.sortMenu(), true;
    if (pressed === "r") return check(), true;
    if (pressed === "0") return tools.only(), true;
    if (/^[1-5]$/.test(pressed)) return tools.toggle(STATUSES[pressed - 1]), true;
    return rows.keydown(event);
  }

  function typed(pressed) {
    if (pressed === "ArrowDown" || pressed === "Enter") return rows.focus(0);
    if (pressed !== "Escape") return false;
    if (!ui.query) return rows.focus() || (again.focus(), true);
    tools.clear();
    return true;
  }

  order();
  list();
  top();
  const off = host.onSetting?.(COMPACT, (on) => { ui.compact = Boolean(on); list({ redraw: true }); });
  const clock = setInterval(top, 20_000);
  return {
    element, update, key,
    focus: () => (ui.slug && rows.focusKey(ui.slug)) || element.querySelector("[data-first]:not([hidden])")?.focus(),
    leave: () => { ui.scroll = element.scrollTop; },
    enter: () => { element.scrollTop = ui.scroll; rows.paint(); },
    destroy: () => { gone = true; clearInterval(clock); off?.(); rows.destroy(); },
  };
}
