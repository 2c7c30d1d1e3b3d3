// What would make the most workflows run, and which: the line in the library and the page behind it.

import { bytes, isCore, listed, pack } from "../base/format.mjs";
import { h, say, set } from "../base/dom.mjs";
import { icon, statusIcon } from "../base/icons.mjs";
import { middle, title, visible, whole } from "../base/names.mjs";
import { bar, button } from "../base/parts.mjs";
import { parts, t } from "../base/texts.mjs";
import { isRunning } from "../lookup/job.mjs";
import { wholeLibrary } from "../lookup/whole.mjs";

const SHOWN = 12; // workflows per step before "all of them"

/** "3 files, 9.2 GB", "1 file and 2 packs": what has to come. */
export function needs(step) {
  const kinds = ["file", "pack", "type", "core", "local"].map((kind) => [kind, step.needs.filter((need) => kindOf(need) === kind)]);
  const things = kinds.filter(([, some]) => some.length).map(([kind, some]) => t(`unlock.${kind}`, { n: some.length }));
  const files = step.needs.filter((need) => need.kind === "file");
  const size = files.reduce((sum, need) => sum + (need.size ?? 0), 0);
  if (!size) return listed(things);
  const unsized = files.some((need) => !need.size);
  return t("unlock.sized", { things: listed(things), size: unsized ? t("away.over", { size: unbroken(size) }) : unbroken(size) });
}

const unbroken = (size) => bytes(size).replace(" ", "\u00a0");

/** The line in the library, or null where nothing would help. `resolve`: {label, run(), reason} of the button for all of it. */
export function unlockLine(library, open, resolve) {
  const [first] = library?.unlock ?? [];
  if (!first) return null;
  return h("div", { class: "cfs-unlock-card" },
    h("button", { type: "button", class: "cfs-unlock", onclick: open, "data-focus": "unlock" },
      icon("key"), h("span", { class: "cfs-grow" }, parts("unlock.line", { needs: h("b", null, needs(first)), n: first.workflows.length })), icon("right")),
    button(resolve.label, () => { if (!resolve.reason) resolve.run(); }, { small: true, reason: resolve.reason, "data-focus": "resolve-all" }));
}

/** The page: each step with its needs and the workflows it makes run. */
export function unlockPage(store, panel) {
  let gone = false;
  const press = button("", () => { if (!isRunning(store.state.lookup.job)) missing.begin(); }, { kind: "main", "data-key": "resolve-all" });
  const missing = wholeLibrary(store, panel, { focus: () => press.focus(), stale: () => gone });
  const text = h("p", { class: "cfs-muted" }), list = h("div"), top = h("div", { class: "cfs-pad" }, press);
  const element = h("div", { class: "cfs-page" }, bar({ back: [t("page.library"), () => store.back()] }),
    h("div", { class: "cfs-title" }, h("h2", { tabindex: -1, "data-first": true }, t("unlock.title")), text), top, missing.element, list);
  const draw = () => {
    const steps = store.state.library?.unlock ?? [];
    say(text, t(steps.length ? "unlock.text" : "unlock.none"));
    top.hidden = !steps.length;
    list.replaceChildren(...steps.map((one, at) => step(one, at, store)));
  };
  const label = () => {
    const busy = isRunning(store.state.lookup.job) ? t("lookup.running") : null;
    say(press, missing.label());
    set(press, "aria-disabled", busy && "true");
    set(press, "title", busy);
  };
  draw();
  label();
  return {
    element, destroy() { gone = true; }, focus: () => element.querySelector("[data-first]").focus(),
    update(keys) {
      if (keys.has("library")) draw();
      if (keys.has("lookup") || keys.has("plan")) missing.update();
      label();
    },
  };
}

function step(one, at, store) {
  const lines = new Map((store.state.library?.workflows ?? []).map((line) => [line.name, line]));
  const items = one.workflows.map((name) => workflow(lines.get(name), name, store));
  const list = h("ul", { class: "cfs-plain" }, items.slice(0, SHOWN));
  const more = items.length > SHOWN && button(t("unlock.all", { n: items.length }), () => { list.append(...items.slice(SHOWN)); more.remove(); items[SHOWN].querySelector("button")?.focus(); }, { kind: "ghost", small: true });
  return h("section", { class: "cfs-sec", "aria-label": t("unlock.step", { n: at + 1 }) },
    h("h3", { class: "cfs-step-title" }, parts("unlock.line", { needs: needs(one), n: one.workflows.length })),
    h("ul", { class: "cfs-needs" }, one.needs.map(need)), list, more);
}

const KIND_ICONS = { file: "file", pack: "pack", type: "pack", core: "pack", local: "move" };

/** ComfyUI's own nodes count as a pack for the planner, but nobody installs them as one. */
const kindOf = (one) => (one.kind === "pack" && isCore(one.name) ? "core" : KIND_ICONS[one.kind] ? one.kind : "file");

function need(one) {
  const kind = kindOf(one);
  return h("li", null, icon(KIND_ICONS[kind]),
    h("span", { class: "cfs-need-words" }, whole(pack(one.name)), h("span", { class: "cfs-small cfs-muted" }, t(`unlock.kind.${kind}`, { folder: visible(one.folder) || t("unlock.any_folder") }))),
    h("span", { class: "cfs-num" }, one.size ? bytes(one.size) : ""));
}

function workflow(line, name, store) {
  const [stem, folder] = title(name), words = [middle(stem, "cfs-name"), h("span", { class: "cfs-small cfs-muted cfs-cut" }, visible(folder))];
  if (!line) return h("li", { class: "cfs-step-row" }, h("span", { class: "cfs-grow" }, words));
  return h("li", null, h("button", { type: "button", class: "cfs-step-row", title: visible(name), onclick: () => store.go({ page: "workflow", slug: line.slug }) },
    statusIcon(line.status), h("span", { class: "cfs-grow" }, words), icon("right")));
}
