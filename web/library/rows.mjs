// A list of any length: rows have one fixed height, so only those in view and half a screen on either side exist.

import { h, perFrame } from "../base/dom.mjs";

export class Rows {
  /**
   * `draw(item) -> node` makes the content of a row's button, `name(item)` its accessible name, `key(item)` a stable
   * key, `open(item)` what Enter and a click do. `scroller` is the element that scrolls, `above()` the height of what
   * covers its top.
   */
  constructor({ draw, name, key, open, scroller, above = () => 0, label = "" }) {
    Object.assign(this, { draw, name, key, open, scroller, above });
    this.items = [];
    this.height = 48;
    this.active = 0; // the one row that Tab reaches
    this.shown = new Map(); // key -> {element, item}
    this.element = h("ul", { class: "cfs-list", "aria-label": label });
    this.soon = perFrame(() => this.paint());
    this.element.addEventListener("focusin", (event) => this.focused(event.target));
    document.addEventListener("scroll", this.soon, { capture: true, passive: true });
    window.addEventListener("resize", this.soon);
    this.watcher = new ResizeObserver(this.soon);
    this.watcher.observe(scroller);
  }

  destroy() {
    document.removeEventListener("scroll", this.soon, { capture: true });
    window.removeEventListener("resize", this.soon);
    this.watcher.disconnect();
    this.soon.cancel();
  }

  /** Shows these items. The active row follows its item; where that is gone, the row at its place takes over. */
  set(items, { height = this.height, redraw = false } = {}) {
    const was = this.items[this.active] && this.key(this.items[this.active]);
    const held = this.element.contains(document.activeElement);
    this.items = items;
    this.height = height;
    this.places = new Map(items.map((item, at) => [this.key(item), at]));
    this.active = this.places.get(was) ?? Math.min(this.active, Math.max(0, items.length - 1));
    this.element.style.setProperty("height", `${items.length * height}px`);
    if (redraw) for (const one of this.shown.values()) one.item = null;
    this.paint();
    if (held && !this.element.contains(document.activeElement)) this.focus();
  }

  paint() {
    const [first, last] = this.range(), wanted = new Set();
    const held = document.activeElement;
    for (let at = first; at < last; at += 1) wanted.add(at);
    if (this.items.length) wanted.add(this.active); // Tab must find it wherever the list is scrolled to
    const order = [...wanted].sort((a, b) => a - b), keep = new Set(order.map((at) => this.key(this.items[at])));
    for (const [key, one] of this.shown) if (!keep.has(key)) { one.element.remove(); this.shown.delete(key); }
    let cursor = this.element.firstChild;
    for (const at of order) {
      const { element } = this.row(at);
      if (element === cursor) cursor = cursor.nextSibling;
      else this.element.insertBefore(element, cursor);
    }
    if (held !== document.activeElement && held?.isConnected && this.element.contains(held)) held.focus({ preventScroll: true });
  }

  range() {
    const box = this.element.getBoundingClientRect(), view = this.scroller.getBoundingClientRect();
    const top = Math.max(view.top, 0), bottom = Math.min(view.bottom, window.innerHeight), screen = Math.max(bottom - top, 200) / 2;
    const first = Math.floor((top - screen - box.top) / this.height), last = Math.ceil((bottom + screen - box.top) / this.height);
    return [Math.min(Math.max(0, first), this.items.length), Math.max(0, Math.min(this.items.length, last))];
  }

  row(at) {
    const item = this.items[at], key = this.key(item);
    let one = this.shown.get(key);
    if (!one) {
      const button = h("button", { type: "button", class: "cfs-row" });
      one = { element: h("li", null, button), button, item: null };
      button.addEventListener("click", () => this.open(one.item));
      one.element.dataset.key = key;
      this.shown.set(key, one);
    }
    if (one.item !== item) {
      one.item = item;
      one.button.replaceChildren(this.draw(item));
      one.button.setAttribute("aria-label", this.name(item));
    }
    one.element.style.setProperty("top", `${at * this.height}px`);
    one.element.style.setProperty("height", `${this.height}px`);
    one.element.setAttribute("aria-setsize", this.items.length);
    one.element.setAttribute("aria-posinset", at + 1);
    one.button.tabIndex = at === this.active ? 0 : -1;
    return one;
  }

  focused(target) {
    const at = this.places?.get(target.closest("li")?.dataset.key);
    if (at === undefined || at === this.active) return;
    this.active = at;
    this.paint();
  }

  /** Moves the focus to a row, by default the active one, and brings it into view. */
  focus(at = this.active) {
    if (!this.items.length) return false;
    this.active = Math.max(0, Math.min(this.items.length - 1, at));
    this.reveal(this.active);
    this.paint();
    this.shown.get(this.key(this.items[this.active]))?.button.focus({ preventScroll: true });
    return true;
  }

  focusKey(key) {
    const at = this.places?.get(key);
    return at !== undefined && this.focus(at);
  }

  reveal(at) {
    const { scroller } = this, view = scroller.getBoundingClientRect(), box = this.element.getBoundingClientRect();
    const top = box.top - view.top + at * this.height, cover = this.above();
    if (top < cover) scroller.scrollTop += Math.floor(top - cover); // whole pixels, so that no part of it stays covered
    else if (top + this.height > scroller.clientHeight) scroller.scrollTop += top + this.height - scroller.clientHeight;
  }

  /** Arrow keys and their kin; true when the key was one of them. */
  keydown(event) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.height) - 2);
    const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return false;
    const inside = this.element.contains(document.activeElement);
    const to = inside ? Math.min(Math.max(this.active + by, 0), this.items.length - 1) : this.active;
    return this.focus(to);
  }
}
