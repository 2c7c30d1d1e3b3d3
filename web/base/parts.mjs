// The panel's small parts: buttons, bars, notes, menus and sheets. Each returns a node.

import { h } from "./dom.mjs";
import { icon } from "./icons.mjs";
import { t } from "./texts.mjs";

/** A square button with an icon; its name is the label. `reason`: why it cannot be used now; it stays reachable. */
export function iconButton(name, label, onclick, { reason = "", ...props } = {}) {
  return h("button", {
    type: "button", class: "cfs-ib", "aria-label": label, title: reason ? `${label}. ${reason}` : label,
    "aria-disabled": reason ? "true" : null, onclick, ...props,
  }, icon(name));
}

/** A button with words. `kind`: "main", "plain" or "ghost". */
export function button(label, onclick, { kind = "plain", name = "", small = false, reason = "", ...props } = {}) {
  return h("button", {
    type: "button", class: `cfs-btn cfs-btn-${kind}${small ? " cfs-small-btn" : ""}`, onclick,
    title: reason || null, "aria-disabled": reason ? "true" : null, ...props,
  }, name && icon(name), label);
}

/** Words that act: blue, without a box. */
export const link = (label, onclick, props) => h("button", { type: "button", class: "cfs-link", onclick, ...props }, label);

/** The line at the top of a page. `back`: [label, function] in place of the title. */
export function bar({ title = "", back = null, actions = [] }) {
  const lead = back
    ? h("button", { type: "button", class: "cfs-back", onclick: back[1], "data-back": true }, icon("left"), h("span", null, back[0]))
    : h("h2", { class: "cfs-bar-title" }, title);
  return h("header", { class: "cfs-bar" }, lead, h("span", { class: "cfs-grow" }), actions);
}

/** Something to know, in place: what happened, what to do now. `tone`: "warn", "bad" or "calm". */
export function note({ tone = "calm", name = "info", title = "", text = "", hint = "", raw = "", actions = [] }) {
  return h("div", { class: `cfs-note cfs-note-${tone}`, role: tone === "calm" ? null : "group", "aria-label": tone === "calm" ? null : title },
    icon(name),
    h("div", { class: "cfs-note-body" },
      title && h("p", { class: "cfs-strong" }, title),
      text && h("p", null, text),
      raw && h("pre", { class: "cfs-raw" }, raw),
      hint && h("p", { class: "cfs-muted" }, hint),
      actions.length > 0 && h("div", { class: "cfs-acts" }, actions)));
}

/** A bar that fills; `share` 0 to 1, or null while nothing can be counted. `words` is what a screen reader says of `label`. */
export function progress(share, words, label = t("cycle.progress")) {
  const at = share === null ? null : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return h("div", {
    class: "cfs-progress", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100,
    "aria-valuenow": at, "aria-valuetext": words,
  }, h("i", { style: { width: `${at ?? 4}%` } }));
}

/**
 * Opens a menu under `anchor` (a button). Items: {label, icon, run, checked, kind: "radio" | "check", reason, rule}.
 * Arrows move, Enter chooses, Esc closes; the focus returns to the anchor.
 */
export function menu(anchor, items, { label = "" } = {}) {
  const root = anchor.closest(".cfs");
  if (anchor.getAttribute("aria-expanded") === "true") return;
  const close = (refocus = true) => {
    box.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (refocus) anchor.focus();
  };
  const outside = (event) => { if (!box.contains(event.target) && !anchor.contains(event.target)) close(false); };
  const box = h("div", { class: "cfs-menu", role: "menu", "aria-label": label || anchor.getAttribute("aria-label") },
    items.map((item) => (item.rule ? h("div", { class: "cfs-rule", role: "separator" }) : menuItem(item, close))));
  box.addEventListener("keydown", (event) => menuKey(event, box, close));
  box.addEventListener("focusout", (event) => { if (event.relatedTarget && !box.contains(event.relatedTarget)) close(false); });
  anchor.setAttribute("aria-expanded", "true");
  place(box, anchor, root);
  document.addEventListener("pointerdown", outside, true);
  (box.querySelector("[aria-checked=true]") ?? box.querySelector("[role^=menuitem]"))?.focus();
}

function menuItem({ label, name, run, checked, kind, reason }, close) {
  const role = kind === "radio" ? "menuitemradio" : kind === "check" ? "menuitemcheckbox" : "menuitem";
  return h("button", {
    type: "button", class: "cfs-menu-item", role, tabindex: -1, "aria-checked": kind ? Boolean(checked) : null,
    "aria-disabled": reason ? "true" : null, title: reason || null,
    onclick: () => { if (!reason) { close(); run(); } },
  }, icon(kind ? (checked ? "check" : "none") : name), h("span", null, label, reason && h("small", null, reason)));
}

function menuKey(event, box, close) {
  const all = [...box.querySelectorAll("[role^=menuitem]")], at = all.indexOf(document.activeElement);
  const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Escape") close();
  else if (event.key === "Tab") return close();
  else if (to !== undefined) all[to].focus();
  else if (event.key !== "Enter" && event.key !== " ") return event.stopPropagation();
  else return event.stopPropagation();
  event.preventDefault();
  event.stopPropagation();
}

function place(box, anchor, root) {
  root.append(box);
  const at = anchor.getBoundingClientRect(), all = root.getBoundingClientRect();
  const x = at.left - all.left, y = at.bottom - all.top + 4, above = y - at.height - box.offsetHeight - 8;
  const room = root.offsetWidth - box.offsetWidth - 8, below = root.clientHeight - y - 8;
  box.style.setProperty("left", `${Math.max(8, Math.min(x, room))}px`);
  box.style.setProperty("top", `${box.offsetHeight > below && above > 8 ? above : y}px`);
}

/**
 * A sheet over the panel only, never over the canvas. `body` are its nodes; Esc and the button close it, and the focus
 * returns to what opened it. Returns a function that closes it.
 */
export function sheet(root, { title, body, foot = [], onclose = null }) {
  const close = () => layer.close();
  const layer = layered(root, title, [
    h("header", { class: "cfs-sheet-bar" }, h("h2", null, title), iconButton("x", t("sheet.close"), close)),
    h("div", { class: "cfs-sheet-body", tabindex: -1 }, body),
    foot.length > 0 && h("footer", { class: "cfs-sheet-foot" }, foot)], onclose);
  return close;
}

/** What every sheet is: a dialog with any content. Returns {element, close()}; `element` holds the content. */
export function layered(root, label, content, onclose = null) {
  const opener = document.activeElement;
  const below = [...root.children].filter((one) => !one.inert && !one.matches(".cfs-live")); // a sheet may lie over a sheet
  const close = () => {
    if (!layer.isConnected) return;
    layer.remove();
    for (const one of below) one.inert = false;
    onclose?.();
    const next = root.querySelector(":scope > .cfs-layer > .cfs-sheet") ?? root.querySelector(".cfs-main button");
    if (opener?.isConnected && opener !== document.body) opener.focus(); else next?.focus();
  };
  const element = h("section", { class: "cfs-sheet", role: "dialog", "aria-modal": "true", "aria-label": label, tabindex: -1 }, content);
  const layer = h("div", { class: "cfs-layer", onclick: (event) => { if (event.target === layer) close(); } }, element);
  layer.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
    else if (event.key === "Tab") keepInside(event, layer);
    else if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  for (const one of below) one.inert = true;
  root.append(layer);
  (layer.querySelector("[data-first]") ?? element).focus();
  return { element, close };
}

function keepInside(event, layer) {
  const all = [...layer.querySelectorAll("button, input, select, textarea, a[href]")].filter((one) => !one.disabled);
  const edge = event.shiftKey ? all[0] : all.at(-1);
  const atEdge = document.activeElement === edge || !layer.contains(document.activeElement) || (event.shiftKey && document.activeElement.getAttribute("role") === "dialog");
  if (!atEdge) return;
  event.preventDefault();
  (event.shiftKey ? all.at(-1) : all[0])?.focus();
}
