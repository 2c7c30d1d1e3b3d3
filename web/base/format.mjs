// Sizes, times, distances and verdicts in words. In English they read as core/reports/words.py writes them; a test
// compares the two. Times are seconds since the epoch; "now" is always given, since the server's clock counts.

import { said } from "./said.mjs";
import { lang, t } from "./texts.mjs";

const GOOD = new Set(["runnable", "needs_input"]);
const BAD = new Set(["blocked", "unreadable"]);
const CORE = "comfy-core"; // the pack name of ComfyUI's own nodes
export const isCore = (name) => name === CORE;
const DAY = 86400;

/** Bytes in decimal units: "6.7 GB", "254 MB"; one decimal from a gigabyte on. */
export function bytes(count) {
  let value = Math.max(Number(count) || 0, 0);
  if (value < 1000) return t("size.bytes", { n: Math.floor(value) });
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let at = -1, decimals = 0;
  do {
    value /= 1000;
    at += 1;
    decimals = at < 2 ? 0 : 1;
  } while (rounded(value, decimals) >= 1000 && at < units.length - 1);
  return `${rounded(value, decimals).toFixed(decimals)} ${units[at]}`;
}

/** Half to even, as the reports round. */
function rounded(value, decimals) {
  const scale = 10 ** decimals, near = Math.round(value * scale);
  const even = Math.abs(value * scale - Math.trunc(value * scale)) === 0.5 && near % 2 ? near - 1 : near;
  return even / scale;
}

const made = new Map();
function written(options, date) {
  const key = lang() + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(lang() === "en" ? "en-US" : lang(), options));
  return made.get(key).format(date);
}

function moment(when) {
  const date = typeof when === "number" ? new Date(when * 1000) : null;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}

/** "18:40"; "" when not known. */
export function clock(when) {
  const date = moment(when);
  return date ? written({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, date) : "";
}

/** "17 Nov", or "17 Nov 2024" with `year`. */
export function day(when, { year = false } = {}) {
  const date = moment(when);
  if (!date) return "";
  const values = { day: String(date.getDate()), month: written({ month: "short" }, date), year: String(date.getFullYear()) };
  return t(year ? "time.day_year" : "time.day", values);
}

/** "Tue 17 Nov". */
export function weekday(when) {
  const date = moment(when);
  return date ? t("time.weekday_day", { weekday: written({ weekday: "short" }, date), day: day(when) }) : "";
}

/** "just now", "12 min ago", "3 h ago", "Tue" within a week, "17 Nov", "17 Nov 2024". */
export function ago(when, now = Date.now() / 1000) {
  const date = moment(when), today = moment(now);
  if (!date || !today) return "";
  const seconds = now - when;
  if (seconds >= 0 && seconds < 60) return t("time.now");
  if (seconds >= 0 && seconds < 3600) return t("time.minutes", { n: Math.floor(seconds / 60) });
  if (seconds >= 0 && seconds < 12 * 3600) return t("time.hours", { n: Math.floor(seconds / 3600) });
  const days = midnight(today) - midnight(date);
  if (days >= 0 && days < 7) return written({ weekday: "short" }, date);
  return day(when, { year: date.getFullYear() !== today.getFullYear() });
}

const midnight = (date) => Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 1000 / DAY);

/** When something is due: "at 18:40" today, "Tue at 09:00" later. */
export function due(when, now = Date.now() / 1000) {
  const date = moment(when), today = moment(now);
  if (!date || !today) return "";
  if (midnight(date) === midnight(today)) return t("time.at", { time: clock(when) });
  return t("time.weekday_at", { weekday: written({ weekday: "short" }, date), time: clock(when) });
}

/** "about 4 s left", "about 2 min left". */
export function left(seconds) {
  return seconds < 90 ? t("time.left_s", { n: Math.max(1, Math.round(seconds)) }) : t("time.left_min", { n: Math.round(seconds / 60) });
}

/** "a", "a and b", "a, b and c". */
export function listed(things) {
  if (things.length < 2) return things.join("");
  return t("list.and", { first: things.slice(0, -1).join(t("list.comma")), last: things.at(-1) });
}

const NOTHING = { files: 0, bytes: 0, unsized: 0, packs: 0, local: 0, other: 0, inputs: 0, types: 0 };
const awayOf = (one) => ({ ...NOTHING, ...one });

/** Whether one of the packs it needs is ComfyUI itself in a newer version. `update` where the line says so. */
export function needsUpdate(workflow) {
  if (typeof workflow.update === "boolean") return workflow.update;
  const found = Array.isArray(workflow.findings) ? workflow.findings : [];
  return awayOf(workflow.distance).packs > 0 && found.some((one) => one.pack === CORE && one.weight === "blocked");
}

/** How far from runnable: "2 files · 6.8 GB · 1 pack", "0 downloads, 1 fix", "2 files, size not known". */
export function distance(given, { update = false } = {}) {
  const away = awayOf(given), out = [], packs = away.packs - (update ? 1 : 0);
  if (away.files) {
    const files = t("away.files", { n: away.files });
    if (away.unsized >= away.files || !away.bytes) out.push(t("away.unsized", { files }));
    else out.push(files, away.unsized ? t("away.over", { size: bytes(away.bytes) }) : bytes(away.bytes));
  }
  if (packs > 0) out.push(t("away.packs", { n: packs }));
  if (away.types) out.push(t("away.types", { n: away.types }));
  if (update) out.push(t("away.update"));
  if (away.other) out.push(t("away.settings", { n: away.other }));
  if (away.local) out.push(t(out.length ? "away.fixes" : "away.only_fixes", { n: away.local }));
  if (away.inputs) out.push(t("away.inputs", { n: away.inputs }));
  return out.join(" · ");
}

/** The first line about one workflow: "Blocked: 2 files and 1 node pack away". */
export function verdict(workflow) {
  const away = awayOf(workflow.distance), status = label(workflow.status);
  if (workflow.status === "runnable") return status;
  if (workflow.status === "blocked") return blocked(workflow, away, status);
  if (workflow.status === "needs_input") {
    const count = away.inputs || (workflow.findings ?? []).filter((one) => one.weight === "needs_input").length;
    return count ? t("verdict.needs_input", { n: count }) : status;
  }
  const reason = firstReason(workflow);
  return reason ? t("verdict.because", { status, reason: lowered(reason) }) : status;
}

function blocked(workflow, away, status) {
  const update = needsUpdate(workflow), packs = away.packs - (update ? 1 : 0), things = [];
  if (away.files) things.push(t("away.files", { n: away.files }));
  if (packs > 0) things.push(t("away.node_packs", { n: packs }));
  if (away.types) things.push(t("away.types", { n: away.types }));
  if (update) things.push(t("away.an_update"));
  if (away.other) things.push(t("away.settings", { n: away.other }));
  if (away.local) things.push(t("away.fixes_here", { n: away.local }));
  return things.length ? t("verdict.blocked", { things: listed(things) }) : status;
}

const lowered = (text) => text.slice(0, 1).toLowerCase() + text.slice(1);

/** Why it is unknown or unreadable, in the check's own words and without the full stop. */
export function firstReason(workflow) {
  const finding = (workflow.findings ?? []).find((one) => one.weight === workflow.status);
  const why = String(finding?.message ?? workflow.reason ?? "").replace(/[. ]+$/, "");
  return why && said(`${why}.`).replace(/[.。 ]+$/, "");
}

/** What stands in the distance column of a list. */
export function short(workflow) {
  if (workflow.status === "unreadable" || workflow.status === "unknown") return untold(workflow) || firstReason(workflow);
  return distance(workflow.distance, { update: needsUpdate(workflow) });
}

/** The same for a row of one line: what weighs most, and how many other things there are: "4 files · 6.8 GB +1". */
export function brief(workflow) {
  const whole = short(workflow);
  if (workflow.status === "unreadable" || workflow.status === "unknown") return whole;
  const { files, bytes: size, unsized } = awayOf(workflow.distance), parts = whole.split(" · ");
  const sized = files > 0 && size > 0 && unsized < files;
  const first = files > 0 && !sized ? t("away.files", { n: files }) : parts.slice(0, sized ? 2 : 1).join(" · ");
  const rest = parts.length - (sized ? 2 : 1);
  return rest > 0 ? `${first} +${rest}` : first;
}

/** "cannot tell: 2 models, 1 node type", from the counts that the line brings along. */
function untold({ status, unknown: counts }) {
  if (status !== "unknown" || !counts) return "";
  const kinds = [["models", "models"], ["types", "types"], ["other", "inputs"]].filter(([kind]) => counts[kind]);
  const out = kinds.map(([kind, word]) => t(`away.${word}`, { n: counts[kind] }));
  return out.length ? t("verdict.untold", { things: out.join(t("list.comma")) }) : "";
}

/** A status in words; an unknown word stays itself. */
export const label = (status) => (GOOD.has(status) || BAD.has(status) || status === "unknown" ? t(`status.${status}`) : String(status));

/** Sorts workflows by what is left to do; compares as core/reports/words.py `nearness` does. */
export function nearness(workflow) {
  const rank = { blocked: 0, unknown: 1, needs_input: 2, runnable: 3, unreadable: 4 }[workflow.status] ?? 5;
  const away = awayOf(workflow.distance);
  return [rank, away.files + 2 * (away.packs + away.types) + away.other, away.unsized, away.bytes, away.local, away.inputs];
}

/** A change as a badge: {text: "broke Tue", tone: "bad"}, {text: "runs again", tone: "good"}; null for any other. */
export function badge(change, now) {
  if (!change || now - change.when > 7 * DAY) return null; // a badge is for what changed this week
  const when = ago(change.when, now);
  if (BAD.has(change.after) && !BAD.has(change.before) && typeof change.last_good === "number") return { text: t("change.broke", { when }), tone: "bad" };
  if (GOOD.has(change.after) && !GOOD.has(change.before)) return { text: t("change.again"), tone: "good", when };
  return null;
}

/** A change as sentences: "Last runnable Sat 14 Nov. Blocked since Tue 17 Nov: umt5_xxl.safetensors missing." */
export function story(change) {
  if (!change) return "";
  const out = [];
  if (typeof change.last_good === "number" && !GOOD.has(change.after)) out.push(t("change.last_good", { day: weekday(change.last_good) }));
  const why = String(change.why ?? "").trim().replace(/\.$/, ""), values = { status: label(change.after), day: weekday(change.when), why };
  out.push(t(why ? "change.since_why" : "change.since", values));
  return out.join(t("list.sentences"));
}

/** A pack's name as people know it. */
export const pack = (name) => (name === CORE ? t("pack.core") : name ?? "");
