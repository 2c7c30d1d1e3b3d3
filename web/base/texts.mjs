// The panel's words, from locales/<language>/main.json as ComfyUI's /i18n serves them.

const ROOT = "comfyfixersmart";
// When not even the texts can be had, these few still say what is wrong.
const LAST_RESORT = {
  "error.offline.title": "ComfyUI does not answer",
  "error.offline.text": "This page could not load its texts. Is ComfyUI still running?",
  "error.retry": "Try again",
};
let chosen = {}, english = {}, plurals = new Intl.PluralRules("en"), numbers = new Intl.NumberFormat("en"), language = "en";

/** Takes what `host.messages()` gave, {en: {…}, zh: {…}}, and the language ComfyUI is set to. */
export function setTexts(messages, wanted = "en") {
  const known = (name) => messages?.[name]?.[ROOT] ?? messages?.[name];
  const base = String(wanted).split("-")[0];
  language = known(wanted) ? wanted : known(base) ? base : "en";
  english = known("en") ?? {};
  chosen = known(language) ?? english;
  const tag = valid(language) ? language : "en";
  plurals = new Intl.PluralRules(tag);
  numbers = new Intl.NumberFormat(tag);
}

/** The language in use, "en" or "zh"; good for `lang` attributes and Intl. */
export const lang = () => (valid(language) ? language : "en");

function valid(tag) {
  try { return Intl.PluralRules.supportedLocalesOf(tag).length > 0; } catch { return false; }
}

function look(tree, key) {
  return key.split(".").reduce((at, part) => at?.[part], tree);
}

function form(entry, values) {
  if (entry === null || typeof entry !== "object") return entry;
  const count = values?.n ?? values?.count ?? 0;
  return entry[plurals.select(Number(count))] ?? entry.other;
}

const template = (key, values) => form(look(chosen, key), values) ?? form(look(english, key), values) ?? LAST_RESORT[key];

/** The English texts below `key`, whatever language is shown. */
export const inEnglish = (key) => look(english, key);

/** Whether a text with this key exists. */
export const has = (key) => template(key) !== undefined;

/** A count as people write it here: 1284 is "1,284". */
export const number = (value) => numbers.format(value);

/**
 * The text of `key`. `{name}` in it stands for `values.name`, put in as text; numbers are written as people write
 * them. A text with plural forms ({"one": …, "other": …}) is chosen by `values.n`. An unknown key is shown as it is.
 */
export function t(key, values) {
  return parts(key, values).join("");
}

/** As `t`, but a list in which values may be nodes: `h("p", null, parts("unlock.line", { needs: h("b", …) }))`. */
export function parts(key, values) {
  const text = template(key, values);
  if (typeof text !== "string") return [key];
  return pieces(text).map(({ piece, name }) => {
    const value = name === undefined ? undefined : values?.[name];
    if (value === undefined || value === null) return piece;
    return typeof value === "number" ? number(value) : value;
  });
}

const cut = new Map();

/** A text cut at its holes, once: [{piece: "{n}", name: "n"}, {piece: " files"}]. */
function pieces(text) {
  if (!cut.has(text)) {
    cut.set(text, text.split(/(\{\w+\})/).filter(Boolean).map((piece) => ({ piece, name: /^\{(\w+)\}$/.exec(piece)?.[1] })));
  }
  return cut.get(text);
}
