// The first lines of a workflow's page: status, what is left to do in a sentence, and what happened to it.

import { h } from "../base/dom.mjs";
import { bytes, story, verdict } from "../base/format.mjs";
import { statusIcon } from "../base/icons.mjs";
import { visible } from "../base/names.mjs";
import { t } from "../base/texts.mjs";

/** The status' silhouette, the verdict, and below it the sentence about the distance. */
export function lead(workflow) {
  const about = sentence(workflow);
  return h("div", { class: "cfs-lead" },
    statusIcon(workflow.status, { quiet: true }),
    h("div", null, h("h3", null, verdict(workflow)), about && h("p", { class: "cfs-muted" }, about)));
}

/** "6.8 GB to download. 2 more are already on this disk." */
function sentence(workflow) {
  const { files = 0, bytes: size = 0, unsized = 0, packs = 0, types = 0, other = 0, local = 0 } = workflow.distance ?? {}, out = [];
  if (workflow.status === "runnable") out.push(t("workflow.complete"), facts(workflow));
  if (files && size) out.push(t(unsized ? "workflow.to_get_over" : "workflow.to_get", { size: bytes(size) }));
  else if (files) out.push(t("workflow.to_get_unsized"));
  if (local && files) out.push(t("workflow.more_here", { n: local }));
  else if (local && !(packs + types + other)) out.push(t("workflow.here", { n: local })); // else the line above says it
  if (workflow.status === "unknown") out.push(t("workflow.cannot_tell"));
  return out.filter(Boolean).join(t("list.sentences"));
}

function facts({ nodes, models }) {
  if (!nodes) return "";
  const parts = [t("workflow.nodes", { n: nodes }), models ? t("workflow.models", { n: models }) : ""].filter(Boolean);
  return `${parts.join(t("list.comma"))}${t("workflow.stop")}`;
}

/** When it broke, and why; or when it began to run again. */
export function storyLine({ change }) {
  if (!change) return null;
  return h("p", { class: "cfs-story" }, visible(story(change)));
}

/** What was left out of the count is said. */
export function ignoredLine({ ignored }) {
  return ignored > 0 && h("p", { class: "cfs-ignored cfs-muted" }, t("workflow.ignored", { n: ignored }));
}

export function warningList({ warnings }) {
  return warnings?.length > 0 && h("section", { class: "cfs-section" }, h("h3", null, t("workflow.warnings")),
    h("ul", { class: "cfs-plain" }, warnings.map((one) => h("li", null, h("span", null, visible(one))))));
}

