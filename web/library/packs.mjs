// Node packs that are installed and did not load: one line in the library, and a sheet with what ComfyUI said of each.

import { h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { sheet } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";

/** The line, or null where every pack loaded. `root`: the panel's element, over which the sheet lies. */
export function packsLine(library, root) {
  const failed = library?.place?.packs_failed ?? [];
  if (!failed.length) return null;
  return h("button", { type: "button", class: "cfs-failed", "aria-haspopup": "dialog", "data-focus": "packs", onclick: () => told(failed, root) },
    icon("pack"), h("span", { class: "cfs-grow" }, t("packs.line", { n: failed.length })), icon("right"));
}

function told(failed, root) {
  sheet(root, {
    title: t("packs.title"),
    body: [
      h("p", { class: "cfs-muted" }, t("packs.text")),
      failed.map(([name, reason]) => h("section", null, h("h3", null, whole(name)), h("pre", { class: "cfs-raw" }, visible(reason) || t("packs.no_reason")))),
      h("p", null, t("packs.hint")),
    ],
  });
}
