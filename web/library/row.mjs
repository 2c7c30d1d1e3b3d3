// One workflow in the library's list, and its accessible name.

import { badge, brief, short } from "../base/format.mjs";
import { h } from "../base/dom.mjs";
import { statusIcon } from "../base/icons.mjs";
import { middle, title, visible } from "../base/names.mjs";
import { t } from "../base/texts.mjs";
import { nameOf, versionWords } from "../workflow/versions.mjs";

/** The content of a row. `because`: the model or node that the search found, shown in place of the folder; `compact`: in one line. */
export function row({ line, because }, now, { compact = false } = {}) {
  const name = nameOf(line), [, folder] = title(line.name), away = visible(short(line)), change = badge(line.change, now);
  const below = because ? [t("row.uses"), " ", h("b", null, visible(because))] : [[visible(folder), versionWords(line)].filter(Boolean).join(" · ")];
  const tag = change && h("span", { class: `cfs-tag${change.tone === "good" ? " cfs-good" : ""}`, title: change.text }, h("span", null, change.text));
  const lone = below[0] || because ? "" : away ? " cfs-homeless" : " cfs-homeless cfs-bare"; // no second line to stand above
  return h("span", { class: `cfs-row-in${lone}${tag ? " cfs-changed" : ""}${because ? " cfs-found" : ""}` },
    statusIcon(line.status, { quiet: true }),
    h("span", { class: "cfs-row-words" },
      middle(name, "cfs-name"),
      h("span", { class: "cfs-row-sub" },
        away && h("span", { class: "cfs-away cfs-narrow", title: away }, compact ? visible(brief(line)) : away),
        h("span", { class: "cfs-folder" }, below))),
    h("span", { class: "cfs-row-end" }, tag, away && h("span", { class: "cfs-away cfs-wide", title: away }, away)));
}

/** What a screen reader says of it: name, status, distance, folder, change. */
export function rowName({ line, because }, now) {
  const name = nameOf(line), [, folder] = title(line.name), change = badge(line.change, now);
  return [visible(name), t(`status.${line.status}`), visible(short(line)), visible(folder), versionWords(line), because && `${t("row.uses")} ${visible(because)}`, change?.text]
    .filter(Boolean).join(", ");
}
