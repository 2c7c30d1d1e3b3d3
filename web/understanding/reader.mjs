// For whom a workflow is explained: a newcomer or an expert. Remembered by this browser.

import { icon } from "../base/icons.mjs";
import { h } from "../base/dom.mjs";
import { menu } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";

export const READERS = ["newcomer", "expert"];
const KEY = "comfyfixersmart.reader";
let chosen = "";

export function reader() {
  if (!chosen) {
    try { chosen = localStorage.getItem(KEY) ?? ""; } catch { /* a browser that keeps nothing */ }
    if (!READERS.includes(chosen)) [chosen] = READERS;
  }
  return chosen;
}

function choose(one) {
  chosen = one;
  try { localStorage.setItem(KEY, one); } catch { /* then for as long as this page is open */ }
}

/** The button with the choice; `changed()` is called after another was chosen. */
export function readerSwitch(changed) {
  const items = () => READERS.map((one) => ({ label: t(`understanding.reader.${one}`), kind: "radio", checked: one === reader(), run: () => { choose(one); changed(); } }));
  const name = t(`understanding.reader.${reader()}`);
  const button = h("button", { type: "button", class: "cfs-reader", "aria-haspopup": "menu", "aria-expanded": "false", "data-key": "reader",
    "aria-label": t("understanding.reader.label", { name }), onclick: () => menu(button, items(), { label: t("understanding.reader.menu") }) }, h("span", null, name), icon("down"));
  return button;
}
