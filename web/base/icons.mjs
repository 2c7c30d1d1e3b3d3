// Icons on a 16 px grid: line icons with a 1.5 px stroke, and one silhouette per status that grey alone tells apart.

import { h } from "./dom.mjs";
import { t } from "./texts.mjs";

const LINES = {
  again: "M13.4 6.2A5.6 5.6 0 1 0 13.6 9M13.6 2.6v3.7H9.9",
  board: "M2.2 13.6h11.6M4.2 13.4V9M8 13.4V3M11.8 13.4V6.2",
  book: "M8 4.2C6.6 3 4.6 2.6 2.2 2.6v9.8c2.4 0 4.4.4 5.8 1.6 1.4-1.2 3.4-1.6 5.8-1.6V2.6c-2.4 0-4.4.4-5.8 1.6zM8 4.2V14",
  chat: "M2.4 3h11.2v8H7.2L4 13.6V11H2.4z",
  check: "M3 8.6l3.2 3.2L13 4.6",
  compare: "M2 4.6h9.4M8.8 2l2.8 2.6-2.8 2.6M14 11.4H4.6M7.2 8.8l-2.8 2.6 2.8 2.6",
  copy: "M5.6 5.6h8v8.2h-8zM10.4 5.4V2.4H2.4v8h3",
  disk: "M2.4 9.2l1.8-6h7.6l1.8 6M2.4 9.2h11.2v4H2.4zM11.2 11.2h.01",
  down: "M4 6.2l4 4 4-4",
  explain: "M8 1.8a4.4 4.4 0 0 1 2.4 8.1v1.9H5.6V9.9A4.4 4.4 0 0 1 8 1.8zM6.2 14.2h3.6",
  file: "M3.4 1.8h5.8l3.4 3.4v9H3.4zM9 2v3.4h3.4",
  flow: "M1.8 3h4.4v3.4H1.8zM9.8 9.6h4.4V13H9.8zM6.2 4.7H8v6.6h1.8",
  folder: "M1.8 12.8V3.2h4.4l1.6 1.9h6.4v7.7z",
  gear: "M8 5.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6zM8 1.6v2M8 12.4v2M1.6 8h2M12.4 8h2M3.5 3.5l1.4 1.4M11.1 11.1l1.4 1.4M12.5 3.5l-1.4 1.4M4.9 11.1l-1.4 1.4",
  get: "M8 2v8M4.8 7L8 10.2 11.2 7M2.6 13.6h10.8",
  heart: "M1.4 8.6h3L6 5l3 6.6 1.8-4 .8 1h3",
  image: "M2 2.6h12v10.8H2zM2.4 11.6L6 8l2.6 2.6 2-1.8 3.2 3M10.8 5.8h.01",
  info: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7.4v3.6M8 5h.01",
  key: "M5 8a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM7.2 8.8l6.3-6.3M10.6 5.4l2.2 2.2",
  left: "M9.6 4l-4 4 4 4",
  link: "M6.6 9.4l2.8-2.8M7.4 4.8L9 3.2a2.7 2.7 0 0 1 3.8 3.8l-1.6 1.6M8.6 11.2L7 12.8A2.7 2.7 0 0 1 3.2 9l1.6-1.6",
  lock: "M3.6 7.2h8.8v6.6H3.6zM5.4 7V5.2a2.6 2.6 0 0 1 5.2 0V7",
  minus: "M3.6 8h8.8",
  more: "M3.2 8h.01M8 8h.01M12.8 8h.01",
  move: "M1.8 12.6V3.4h4l1.6 1.8h6.8V8M8.4 11.4h6M12 9l2.4 2.4-2.4 2.4",
  off: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM3.7 3.7l8.6 8.6",
  open: "M9.2 2.4h4.4v4.4M13.4 2.6L7.6 8.4M11.6 9.6v4H2.4V4.4h4",
  pack: "M8 1.8l5.6 3.1v6.2L8 14.2l-5.6-3.1V4.9zM2.6 5L8 7.9 13.4 5M8 7.9v6.1",
  pause: "M5.4 3.6v8.8M10.6 3.6v8.8",
  person: "M8 2.2a2.9 2.9 0 1 0 0 5.8 2.9 2.9 0 0 0 0-5.8zM2.6 14c.5-2.9 2.5-4.2 5.4-4.2s4.9 1.3 5.4 4.2",
  plug: "M5.4 1.8v3M10.6 1.8v3M3.8 4.8h8.4v2.4a4.2 4.2 0 0 1-8.4 0zM8 11.4v2.8",
  question: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM6.2 6.4c0-2.3 3.6-2.2 3.6-.1C9.8 7.7 8 7.7 8 9.1M8 11.4h.01",
  right: "M6.4 4l4 4-4 4",
  search: "M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2zM10.4 10.4L14 14",
  shield: "M8 1.6l5.4 2.1v4c0 3.3-2.3 5.5-5.4 6.6-3.1-1.1-5.4-3.3-5.4-6.6v-4zM5.6 8l1.8 1.8 3.2-3.4",
  sort: "M4.6 3v10M2.4 10.8L4.6 13l2.2-2.2M9 4.2h5M9 8h3.6M9 11.8h2.2",
  target: "M8 3.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM8 1.4v3M8 11.6v3M1.4 8h3M11.6 8h3",
  undo: "M5.6 3.2L2.4 6.4l3.2 3.2M2.6 6.4h7a3.9 3.9 0 0 1 0 7.8H6",
  warn: "M8 2.2l6.4 11.2H1.6zM8 6.6v3.2M8 11.6h.01",
  x: "M4 4l8 8M12 4l-8 8",
};
const HEAVY = new Set(["more", "pause"]);

/** A line icon, decoration only: the control that holds it carries the name. */
export function icon(name) {
  return h("svg", { class: "cfs-i", viewBox: "0 0 16 16", "aria-hidden": "true", "data-icon": name },
    h("path", { d: LINES[name] ?? LINES.info, "stroke-width": HEAVY.has(name) ? 2.4 : null }));
}

// b: the body in the status' colour; f: what is cut out of it, in the colour of what lies behind.
const STATUS = {
  blocked: [["path", { class: "b", d: "M8 1.7L15 14H1z", "stroke-width": 1.6 }], ["path", { class: "f", d: "M8 6v4.1M8 12.2h.01" }]],
  runnable: [["circle", { class: "b", cx: 8, cy: 8, r: 7.2 }], ["path", { class: "f", d: "M4.7 8.3l2.3 2.3 4.3-4.8" }]],
  needs_input: [["rect", { class: "b", x: 1.2, y: 1.2, width: 13.6, height: 13.6, rx: 3 }], ["path", { class: "f", d: "M8 3.8v5.8M5.4 7.2L8 9.8l2.6-2.6M4.4 12.4h7.2" }]],
  unknown: [["path", { class: "b", d: "M8 .6L15.4 8 8 15.4.6 8z", "stroke-width": 0.6 }], ["path", { class: "f", d: "M6.3 6.5c0-2.3 3.5-2.2 3.5-.1C9.8 7.8 8 7.7 8 9.2M8 11.5h.01" }]],
  unreadable: [["path", { class: "b", d: "M2.6 1h7l3.8 3.8V13l-1.8 1.6-1.8-1.4L8 14.8l-1.8-1.6-1.8 1.4L2.6 13z", "stroke-width": 0 }], ["path", { class: "f", d: "M5.7 5.6l4.6 4.6M10.3 5.6l-4.6 4.6" }]],
};
export const STATUSES = Object.keys(STATUS); // the order people see, everywhere

/** A status' silhouette, named by the status' word; `quiet` where the word stands beside it. */
export function statusIcon(status, { quiet = false } = {}) {
  const known = STATUS[status] ? status : "unknown";
  const name = quiet ? { "aria-hidden": "true" } : { role: "img", "aria-label": t(`status.${known}`) };
  return h("svg", { class: `cfs-st cfs-${known}`, viewBox: "0 0 16 16", ...name },
    STATUS[known].map(([tag, props]) => h(tag, props)));
}
