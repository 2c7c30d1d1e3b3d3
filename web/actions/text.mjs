// A plan as plain text, to be kept or printed: the dry run. It says the same as the sheet, and all of every address.

import { bytes } from "../base/format.mjs";
import { visible, within } from "../base/names.mjs";
import { said } from "../base/said.mjs";
import { t } from "../base/texts.mjs";
import { toDownload } from "./totals.mjs";
import { amountOf, clock, isPack, packName } from "./words.mjs";

/** The whole plan. `base`: ComfyUI's own folder. */
export function planText(plan, base) {
  const head = [t("plan.title"), t("plan.nothing_yet", { n: plan.actions.length }), t("plan.digest", { digest: plan.digest }), t("plan.until_text", { time: clock(plan.expires) })];
  const actions = plan.actions.map((one, at) => [`${at + 1}. ${visible(isPack(one.kind) ? packName(one) : one.title)} — ${amountOf(one)}`, ...lines(one, base).map((line) => `   ${line}`)].join("\n"));
  const disks = plan.volumes.map((one) => t("plan.disk_said", { place: visible(within(one.path, base)), total: bytes(one.total), used: bytes(one.total - one.free), needed: bytes(one.needed), free: bytes(Math.max(0, one.free - one.needed)) }));
  const left = plan.left_out.map((one) => `- ${visible(one.name)}: ${[said(one.why), said(one.hint)].filter(Boolean).map(visible).join(t("list.sentences"))}`);
  return [head.join("\n"), ...actions, [toDownload(plan), ...disks].join("\n"), left.length && [t("plan.left_out", { n: left.length }), ...left].join("\n")].filter(Boolean).join("\n\n") + "\n";
}

function lines(one, base) {
  const line = (name, value) => value && t("plan.line", { name: t(`plan.fact.${name}`), value });
  const task = one.pack ?? {};
  return [
    line("lies", one.origin && visible(within(one.origin, base))),
    line("to", one.destination && visible(within(one.destination, base))),
    line("there", one.aside && visible(within(one.aside, base))),
    ...one.offers.map((offer) => line("from", visible([offer.by, offer.repo, offer.url].filter(Boolean).join(", ")))),
    line("licence", visible(one.offers[0]?.licence)),
    line("sha256", visible(one.sha256)),
    ...one.edits.map(({ before, after }) => line("changes", `${visible(before)} → ${visible(after)}`)),
    line("through", one.pack && t(`plan.through.${task.through === "command" ? "command" : "manager"}`)),
    ...String(task.through === "command" ? task.command : "").split("\n").filter(Boolean).map((each) => `$ ${visible(each)}`),
    line("why", visible(said(one.why))),
    ...one.risks.map((risk) => line("mind", visible([said(risk.text), said(risk.consent), ...risk.help].filter(Boolean).join(" ")))),
  ].filter(Boolean);
}
