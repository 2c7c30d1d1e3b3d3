// Names as they may be shown: nothing hidden in them, beginning and end kept, right-to-left scripts left whole.

import { h } from "./dom.mjs";

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
// Characters that turn text around or hide in it: they make one file name look like another. The joiners stay:
// emoji and several scripts are spelt with them.
const HIDDEN = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]|(?![\u200c\u200d])\p{Cf}/gu;
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const PLAIN = /^[\x20-\x7e]*$/;
const TAIL = 12, SHORT = 15;
const pieces = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The text with every character that cannot be seen or turns text around written as its code: "\u202e". */
export function visible(text) {
  const given = String(text ?? "");
  return PLAIN.test(given) ? given : given.replace(HIDDEN, (char) => ESCAPES[char] ?? code(char.codePointAt(0)));
}

const code = (point) => (point < 0x10000 ? `\\u${point.toString(16).padStart(4, "0")}` : `\\U${point.toString(16).padStart(8, "0")}`);

/** A workflow's path as name and folder: "video/wan/i2v.json" is ["i2v", "video/wan"]; "#2" stays at the name. */
export function title(name) {
  const path = String(name ?? ""), slash = path.lastIndexOf("/");
  const folder = path.slice(0, Math.max(slash, 0)), last = path.slice(slash + 1);
  const [, base, number] = /^(.*?)(#\d+)?$/su.exec(last);
  const stem = base.toLowerCase().endsWith(".json") && base.length > 5 ? base.slice(0, -5) : base;
  return [stem + (number ?? ""), folder];
}

/** A long name in one line that keeps its beginning and its end; the whole of it is in the title. */
export function middle(name, className = "") {
  const shown = visible(name);
  if (RIGHT_TO_LEFT.test(shown)) return h("span", { class: `cfs-mid cfs-rtl ${className}`, title: shown, dir: "auto" }, shown);
  const [head, tail] = halves(shown);
  return h("span", { class: `cfs-mid ${className}`, title: shown }, h("span", null, head), tail && h("span", null, tail));
}

function halves(text) {
  if (text.length < SHORT) return [text, ""];
  const length = Math.min(TAIL, Math.floor(text.length / 3));
  const tail = PLAIN.test(text) ? text.slice(-length) : Array.from(pieces.segment(text.slice(-6 * TAIL)), (one) => one.segment).slice(-length).join("");
  return [text.slice(0, text.length - tail.length), tail];
}

/** A path as it is under ComfyUI's folder `base`: "models/vae/x.safetensors". One outside of it stays as it is. */
export function within(path, base) {
  const from = String(path ?? ""), root = String(base ?? "").replace(/[\\/]+$/, "");
  const inside = root !== "" && from.startsWith(root) && /^[\\/]./.test(from.slice(root.length));
  return inside ? from.slice(root.length + 1).replaceAll("\\", root.includes("\\") ? "/" : "\\") : from;
}

/** A whole name that may break after `_`, `/`, `-` and `.`, but not in "15.5", and anywhere when it must. */
export function whole(name) {
  const words = visible(name).split(/(?<=.[_/\\.-])(?=[^_/\\.-])(?!(?<=\d\.)\d)/su);
  return h("span", { class: "cfs-whole", dir: "auto" }, words.flatMap((word, at) => (at ? [h("wbr"), word] : [word])));
}
