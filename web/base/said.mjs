// The check's own sentences in the person's language. They come in English, each from a fixed form with names in it;
// `said` in locales/en/main.json holds these forms, so that what one of them matches can be said in another language.

import { has, inEnglish, lang, t } from "./texts.mjs";

const HOLE = /\{(\w+)\}/;
let known = null; // [{key, names, pattern}], the most words first

function forms() {
  known ??= Object.entries(inEnglish("said") ?? {})
    .sort(([, a], [, b]) => bare(b) - bare(a))
    .map(([name, text]) => {
      const parts = text.split(HOLE); // words and holes by turns
      const pattern = parts.map((part, at) => (at % 2 ? "(.+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("");
      return { key: `said.${name}`, names: parts.filter((_, at) => at % 2), pattern: new RegExp(`^${pattern}$`, "s") };
    });
  return known;
}

const bare = (text) => text.replace(new RegExp(HOLE, "g"), "").length;

/** One form, with what stands in its holes translated too: a hole may hold "the folder vae". */
function one(text) {
  for (const { key, names, pattern } of forms()) {
    const found = pattern.exec(text);
    if (found) return t(key, Object.fromEntries(names.map((name, at) => [name, one(found[at + 1]) ?? found[at + 1]])));
  }
  return null;
}

const cached = new Map(); // sentence -> what is said; a list of hundreds says the same few things
const MOST = 2000;

/** The message of a finding, a piece of evidence or a fix in the language of the page; what no form fits stays English. */
export function said(text) {
  const given = String(text ?? "");
  if (lang() === "en" || !given || !has("said.missing")) return given;
  const key = `${lang()} ${given}`;
  if (!cached.has(key)) {
    if (cached.size >= MOST) cached.clear();
    cached.set(key, translated(given));
  }
  return cached.get(key);
}

function translated(given) {
  const whole = one(given);
  if (whole !== null) return whole;
  const sentences = given.split(/(?<=[.]) (?=[A-Z])/);
  const made = sentences.map((each) => one(each));
  return made.map((each, at) => each ?? sentences[at]).join(made.every(Boolean) ? t("list.sentences") : " ");
}
