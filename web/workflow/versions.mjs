// The versions of one workflow: x.json, x.v2.json and so on. The library shows them as one row, its page lists them.

import { h } from "../base/dom.mjs";
import { icon, statusIcon } from "../base/icons.mjs";
import { middle, title, visible } from "../base/names.mjs";
import { link } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";

/** Its versions, the oldest first; none where there is only one. */
export const versionsOf = (workflow) => (workflow?.versions?.length > 1 ? [...workflow.versions].sort((a, b) => a.version - b.version) : []);

/** The name of a workflow without the number of its version, where the line below tells that: "i2v" of "i2v.v2". */
export function nameOf(workflow) {
  const [name] = title(workflow?.name);
  return versionsOf(workflow).length ? name.replace(new RegExp(`[.]v${Number(workflow.version)}(?=#|$)`, "i"), "") : name;
}

/** "version 2 of 2"; "" where there is only one. */
export function versionWords(workflow) {
  const all = versionsOf(workflow);
  return all.length ? t("versions.of", { version: workflow.version, last: all.at(-1).version }) : "";
}

/** The newest version, where the shown one is older; else null. */
export function newer(workflow) {
  const last = versionsOf(workflow).at(-1);
  return last && last.version > workflow.version ? last : null;
}

/** The list of the others, or null. `page`: the workflow's page: a row shows its version, or both compared. */
export function versionList(workflow, { store }) {
  const all = versionsOf(workflow).reverse(), mine = workflow.slug || all.find((one) => one.version === workflow.version)?.slug;
  const go = (view) => store.go({ page: "workflow", ...view });
  const compare = (one) => go({ focus: "compare", ...(one.version > workflow.version ? { slug: one.slug, old: mine } : { slug: mine, old: one.slug }) });
  if (!all.length) return null;
  return h("section", { class: "cfs-section cfs-versions" }, h("h3", null, t("versions.title")),
    h("ul", null, all.map((one) => {
      const shown = workflow.slug ? one.slug === workflow.slug : one.version === workflow.version, words = [statusIcon(one.status), h("b", { class: "cfs-num" }, t("versions.one", { version: one.version })), middle(title(one.name)[0], "cfs-grow cfs-muted")];
      if (shown) return h("li", { class: "cfs-step-row", "aria-current": "true" }, words, h("span", { class: "cfs-small cfs-muted" }, t("versions.shown")));
      return h("li", { class: "cfs-version" }, h("button", { type: "button", class: "cfs-step-row", title: visible(one.name), "data-key": `version-${one.version}`, onclick: () => go({ slug: one.slug }) }, words, icon("right")),
        mine && link(t("compare.short"), () => compare(one), { class: "cfs-link cfs-small", "aria-label": t("compare.version", { version: one.version }), "data-key": `compare-${one.version}` }));
    })));
}
