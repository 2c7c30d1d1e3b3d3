// Words and signs that plan, run and journal share: kinds, places, checks, amounts.

import { bytes, clock, due } from "../base/format.mjs";
import { visible, within } from "../base/names.mjs";
import { has, t } from "../base/texts.mjs";

const SIGNS = { move: "move", link: "link", download: "get", relink: "flow", write_version: "flow", enable_pack: "pack", install_pack: "pack" };
export const signOf = (kind) => SIGNS[kind] ?? "info";
export const isPack = (kind) => kind === "install_pack" || kind === "enable_pack";
export const isVersion = (kind) => kind === "relink" || kind === "write_version";

export const baseName = (path) => String(path ?? "").split(/[\\/]/).at(-1);
export const folderOf = (path) => String(path ?? "").replace(/[\\/][^\\/]*$/, "");

/** The folder of a path as people say it: "models/vae" below ComfyUI's own folder, else the whole of it. */
export const placeOf = (path, base) => within(folderOf(path), base);

/** The first eight digits of a digest, in two groups: "7f3a·c91e". */
export const mark = (digest) => `${digest.slice(0, 4)}·${digest.slice(4, 8)}`;

/** What stands at the right of an action of a plan: its size, or what is done. */
export function amountOf(action) {
  if (action.kind === "download") return action.size === null ? t("plan.no_size") : bytes(action.size);
  if (action.pack?.through === "command") return t("plan.kind.by_hand");
  return t(`plan.kind.${SIGNS[action.kind] ? action.kind : "other"}`);
}

/** What a fetched file turned out to be: "Verified", "Size matches only"; "" where nothing was checked. */
export const checkWord = (check) => (check && has(`check.${check}`) ? t(`check.${check}`) : "");
/** The same in a sentence. */
export const checkText = (check) => (check && has(`check.text.${check}`) ? t(`check.text.${check}`) : "");

/** "4.3 of 6.8 GB"; only what is there where the whole is not known. */
export function partOf(done, total) {
  if (!total) return bytes(done);
  const [some, unit] = cut(bytes(Math.min(done, total))), [all, of] = cut(bytes(total));
  return t("run.of", { done: unit === of ? some : bytes(Math.min(done, total)), total: `${all} ${of}` });
}

const cut = (text) => text.split(" ");

/** "48 MB/s". */
export const speedOf = (speed) => (speed > 0 ? t("run.speed", { speed: bytes(speed) }) : "");

/** "at 17:49" today, "Tue at 17:49" before. */
export const timeOf = (when, now) => due(when, now);
export { clock };

/** Who said yes: "you" in the panel, the command line, or another person by name. */
export function approvedBy(actor, user) {
  const [way, name] = [String(actor).split(":")[0], String(actor).split(":").slice(1).join(":")];
  if (way === "cli") return "cli";
  return name && name !== user ? visible(name) : "you";
}

/** What a person calls a pack of a plan: its name with its version. */
export const packName = ({ title, pack }) => (pack?.version && !title.includes(pack.version) ? `${title} ${pack.version}` : title);
