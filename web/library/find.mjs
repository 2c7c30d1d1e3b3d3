// Searching, filtering and sorting the library's lines. Pure, on plain text that is made once per line.

import { STATUSES } from "../base/icons.mjs";
import { nearness } from "../base/format.mjs";

const plainOf = new WeakMap();

function plain(line) {
  let made = plainOf.get(line);
  if (!made) {
    const uses = (line.uses ?? []).map(String);
    made = { name: String(line.name).toLowerCase(), uses, all: uses.join("\n").toLowerCase(), item: { line, because: "" } };
    plainOf.set(line, made);
  }
  return made;
}

/** Whether every word occurs in the line; "" when its name has them all, else the model or node that has the word. */
function match(line, words) {
  const { name, uses, all } = plain(line);
  let because = "";
  for (const word of words) {
    if (name.includes(word)) continue;
    if (!all.includes(word)) return null;
    because ||= uses.find((one) => one.toLowerCase().includes(word)) ?? "";
  }
  return because;
}

function item(line, because) {
  const made = plain(line);
  if (made.item.because !== because) made.item = { line, because };
  return made.item;
}

/**
 * The lines to show: [{line, because}] in the given order, for a query and a set of statuses (empty: all). A line is the
 * same object as before while its `because` is, so that its row is not drawn again.
 */
export function find(lines, query, statuses) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean), found = [];
  for (const line of lines) {
    if (statuses.size && !statuses.has(line.status)) continue;
    const because = words.length ? match(line, words) : "";
    if (because !== null) found.push(item(line, because));
  }
  return found;
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const byName = (a, b) => names.compare(a.name, b.name);
const BAD = new Set(["blocked", "unreadable"]);
const brokeAt = ({ change }) => (change && BAD.has(change.after) && !BAD.has(change.before) ? change.when : 0);

function byNearness(a, b) {
  const left = nearness(a), right = nearness(b);
  const at = left.findIndex((one, place) => one !== right[place]);
  return at < 0 ? byName(a, b) : left[at] - right[at];
}

export const SORTS = {
  nearest: byNearness,
  name: byName,
  changed: (a, b) => (b.modified ?? 0) - (a.modified ?? 0) || byName(a, b),
  broke: (a, b) => brokeAt(b) - brokeAt(a) || byNearness(a, b),
};

/** The library's lines in the chosen order. */
export const sorted = (lines, sort) => [...lines].sort(SORTS[sort] ?? byNearness);

/** New lines at the places of the old ones (by slug), unknown ones at the end: nothing moves while a scan runs. */
export function inPlace(old, lines) {
  const fresh = new Map(lines.map((line) => [line.slug, line]));
  const kept = old.map((line) => fresh.get(line.slug)).filter(Boolean), seen = new Set(kept);
  return [...kept, ...lines.filter((line) => !seen.has(line))];
}

/** How many of each status, in the order people see. */
export function tally(lines) {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0]));
  for (const { status } of lines) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
