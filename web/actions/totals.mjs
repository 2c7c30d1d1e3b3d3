// What a plan costs: how much comes in, and what is left of each disk it writes to.

import { h } from "../base/dom.mjs";
import { bytes } from "../base/format.mjs";
import { visible, whole, within } from "../base/names.mjs";
import { t } from "../base/texts.mjs";

const LEAST = 0.6; // percent of a disk's bar that even a small plan gets, so that it is seen

/** "6.8 GB to download", "Nothing to download". */
export function toDownload({ bytes: size, unsized, actions }) {
  const many = actions.filter((one) => one.kind === "download").length;
  if (!many) return t("plan.no_download");
  if (unsized >= many || !size) return t("plan.download_unsized", { n: many });
  return unsized ? t("plan.download_over", { size: bytes(size), n: unsized }) : t("plan.download", { size: bytes(size) });
}

/** The block, or null where nothing is written but names. */
export function totals(plan, base) {
  const [first, ...others] = plan.volumes, alone = first && !others.length;
  return h("section", { class: "cfs-totals", "aria-label": t("plan.totals") },
    h("p", { class: "cfs-totals-head" }, h("b", { class: "cfs-strong" }, toDownload(plan)), alone && h("span", { class: "cfs-muted cfs-num" }, after(first))),
    plan.volumes.map((one) => volume(one, base, alone)));
}

const after = ({ free, needed }) => t("plan.free_after", { size: bytes(Math.max(0, free - needed)) });

function volume({ path, total, free, needed }, base, alone) {
  const place = visible(within(path, base));
  const used = Math.max(0, total - free), share = (some) => `${total > 0 ? Math.min(100, some / total * 100) : 0}%`;
  const said = t("plan.disk_said", { place, total: bytes(total), used: bytes(used), needed: bytes(needed), free: bytes(Math.max(0, free - needed)) });
  const width = needed > 0 && total > 0 ? `${Math.max(LEAST, Math.min(100, needed / total * 100))}%` : "0%";
  return h("div", { class: "cfs-volume" },
    !alone && h("p", { class: "cfs-pair cfs-small" }, h("span", null, whole(t("plan.disk", { place }))), h("span", { class: "cfs-muted" }, after({ free, needed }))),
    h("div", { class: "cfs-disk", role: "img", "aria-label": said },
      h("i", { class: "cfs-disk-used", style: { width: share(used) } }), h("i", { class: "cfs-disk-plan", style: { width } })),
    h("p", { class: "cfs-small cfs-muted cfs-num" }, alone
      ? whole(t("plan.disk_now", { place, total: bytes(total), free: bytes(free) }))
      : t("plan.disk_takes", { needed: bytes(needed), total: bytes(total), free: bytes(free) })));
}
