// Whether ComfyUI's palette is light or dark, told by the colour itself, since palettes can be anybody's own.

import { perFrame } from "./dom.mjs";

/** Relative luminance of "rgb(…)" or "color(srgb …)" as computed styles write colours; null for another form. */
function luminance(colour) {
  const numbers = colour.match(/-?[\d.]+(e-?\d+)?/g)?.slice(0, 3).map(Number);
  if (!numbers || numbers.length < 3) return null;
  const scale = colour.startsWith("color(") ? 1 : 255;
  const [r, g, b] = numbers.map((one) => one / scale).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Keeps `data-tone` of the panel's element at "light" or "dark"; returns a function that ends it. */
export function followPalette(element) {
  const look = () => {
    const found = luminance(getComputedStyle(element).backgroundColor);
    if (found !== null) element.dataset.tone = found > 0.3 ? "light" : "dark";
  };
  const soon = perFrame(look);
  const watcher = new MutationObserver(soon);
  for (const one of [document.documentElement, document.body]) watcher.observe(one, { attributes: true, attributeFilter: ["class", "style"] });
  look();
  return () => { watcher.disconnect(); soon.cancel(); };
}

const SHEETS = ["style.css", "../lookup/lookup.css", "../actions/actions.css"];
let sheetsReady = null;

/** Puts our stylesheets into the page once; resolves when they are applied, or have failed. */
export function loadStyle() {
  sheetsReady ??= Promise.all(SHEETS.map((name) => new Promise((done) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(name, import.meta.url).href;
    link.onload = link.onerror = () => done();
    document.head.append(link);
  })));
  return sheetsReady;
}
