// One action of a plan: what it does, from where, whereto, and what is known of it. Everything in it comes from outside.

import { h } from "../base/dom.mjs";
import { bytes, listed } from "../base/format.mjs";
import { icon } from "../base/icons.mjs";
import { title as workflowTitle, visible, whole, within } from "../base/names.mjs";
import { iconButton, link } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { parts, t } from "../base/texts.mjs";
import { amountOf, baseName, isPack, packName, placeOf, signOf } from "./words.mjs";

const EDITS = 3, NAMED = 2; // shown of changes and of workflows before "and 3 more"

/**
 * The action as a list item. `view`: {plan, base, copy(text, button), leave(action), prefer(action, kind), confirm(action),
 * open(url), candidates(action) → how many there were to choose from, details: Set of unfolded ids}.
 */
export function actionRow(action, view) {
  const name = isPack(action.kind) ? packName(action) : action.title;
  return h("li", { class: `cfs-act cfs-act-${action.kind}`, "data-id": action.id },
    h("span", { class: "cfs-act-sign" }, icon(signOf(action.kind))),
    h("h3", { class: "cfs-act-name" }, whole(name)),
    h("span", { class: "cfs-act-word cfs-num" }, amountOf(action)),
    h("div", { class: "cfs-act-about" },
      h("dl", { class: "cfs-facts" }, facts(action, view)), mind(action, view), command(action, view), ways(action, view)));
}

const fact = (name, ...value) => [h("dt", null, t(`plan.fact.${name}`)), h("dd", null, ...value)];
const aside = (text) => h("span", { class: "cfs-aside-line" }, text);

function facts(action, view) {
  const { kind } = action;
  if (kind === "download") return download(action, view);
  if (kind === "move" || kind === "link") return local(action, view);
  return isPack(kind) ? pack(action, view) : version(action, view);
}

function download(action, view) {
  const [first] = action.offers, licence = first?.licence;
  return [
    first && fact("from", whole(from(first)), foreign(first) && aside(t("resolution.by", { author: visible(first.author) })), action.chosen && aside(chosen(action, view))),
    fact("to", whole(placeOf(action.destination, view.base))),
    action.aside && fact("there", t("plan.aside", { name: visible(baseName(action.aside)) })),
    fact("licence", licence ? whole(licence) : h("span", { class: "cfs-muted" }, t("resolution.no_licence"))),
    fact("check", checks(action)),
    neededBy(action, view),
  ];
}

const from = ({ by, repo }) => [visible(by), visible(repo)].filter(Boolean).join(t("list.comma"));
const foreign = ({ author, repo }) => Boolean(author) && !String(repo).startsWith(`${author}/`);

function chosen(action, view) {
  const n = view.candidates(action);
  return n > 1 ? t("plan.chosen_of", { n }) : t("plan.chosen");
}

/** How it will be known to be the right file. */
function checks({ sha256, size, format }) {
  const way = sha256 ? "hash" : size !== null ? "size" : "none";
  return format === "pickle" ? t("plan.check.pickle", { check: t(`plan.check.${way}_short`) }) : t(`plan.check.${way}`);
}

function local({ kind, origin, destination, link: how, title, workflows }, view) {
  const now = baseName(origin) === title ? placeOf(origin, view.base) : within(origin, view.base);
  return [
    fact("from", whole(now), kind === "link" && aside(t(how === "symbolic" ? "plan.link.symbolic" : "plan.link.hard"))),
    fact("to", whole(placeOf(destination, view.base))),
    fact("undo", t("plan.undo")),
    neededBy({ workflows }, view),
  ];
}

function version({ kind, origin, edits, workflows, why }, view) {
  const entire = kind === "write_version" && !edits.length; // its reason says what is changed, and that the original stays
  const seen = new Map(edits.map((one) => [`${one.before}\n${one.after}`, one])), changes = [...seen.values()];
  return [
    changes.length > 0 && fact("changes", changes.slice(0, EDITS).map(({ before, after }) => h("span", { class: "cfs-edit" },
      whole(after), h("span", { class: "cfs-aside-line" }, parts("plan.instead", { name: whole(before) })))),
    changes.length > EDITS && aside(t("workflow.more_nodes", { n: changes.length - EDITS }))),
    entire && fact("changes", visible(said(why)) || t("plan.whole_version")),
    origin && !(entire && why) && fact("original", t("plan.stays")),
    workflows.length > 1 && neededBy({ workflows }, view),
  ];
}

function pack({ pack: task, kind, workflows }, view) {
  const way = task?.through === "command" ? "plan.through.command" : "plan.through.manager";
  return [
    fact("through", t(way)),
    task?.status && fact("flags", task.status.toLowerCase() === "active" ? t("plan.no_flags") : visible(task.status)),
    kind === "enable_pack" && task?.folder && fact("lies", whole(within(task.folder, view.base))),
    neededBy({ workflows }, view),
  ];
}

/** Which workflows need it: only a plan for several says so. */
function neededBy({ workflows }, view) {
  if (view.plan.workflows.length < 2 || !workflows.length) return null;
  const names = workflows.slice(0, NAMED).map((one) => visible(workflowTitle(one)[0]));
  if (workflows.length > NAMED) names.push(t("plan.more", { n: workflows.length - NAMED }));
  return fact("needed", h("span", { title: workflows.slice(0, 20).map(visible).join("\n") }, whole(listed(names))));
}

/** What to know of it: a sentence to read, and a way to what has to be confirmed. */
function mind(action, view) {
  if (!action.risks.length) return null;
  const asks = action.risks.filter((one) => one.consent), tells = action.risks.filter((one) => !one.consent);
  return h("ul", { class: "cfs-minds" },
    tells.map((one) => h("li", null, icon("warn"), h("span", null, visible(said(one.text))))),
    asks.length > 0 && h("li", null, icon("lock"), link(t("plan.asks", { n: asks.length }), () => view.confirm(action), {
      "data-key": `to-${action.id}`, "aria-label": t("plan.asks_of", { name: visible(action.title) }) })));
}

/** The command for what nobody here does for the person. */
export function command({ pack: task, title }, view) {
  if (task?.through !== "command") return null;
  if (!task.command) return h("p", { class: "cfs-small" }, t("plan.no_command"));
  return commandBox(task.command, visible(title), view);
}

export function commandBox(text, name, view) {
  const lines = String(text).split("\n").filter(Boolean);
  const press = iconButton("copy", t("plan.copy_command_of", { name }), () => view.copy(text, press), { "data-key": `copy-${name}` });
  return h("div", { class: "cfs-command" },
    h("p", { class: "cfs-small" }, t("plan.by_hand")),
    h("div", { class: "cfs-command-box" }, h("pre", { class: "cfs-raw", tabindex: 0, role: "region", "aria-label": t("plan.command_of", { name }) }, lines.map((line) => h("code", null, visible(line), "\n"))), press));
}

/** What a person can do about it: see all of it, have it linked instead, leave it out. */
function ways(action, view) {
  const { id, kind, title } = action, name = visible(title);
  const other = { move: "link", link: view.linked?.(action) ? "move" : "" }[kind];
  const more = h("div", { class: "cfs-act-more", hidden: true });
  const show = () => {
    const open = view.details.has(id);
    if (open && !more.hasChildNodes()) more.append(everything(action, view));
    more.hidden = !open;
    fold.setAttribute("aria-expanded", String(open));
  };
  const fold = link(t("plan.details"), () => { view.details[view.details.has(id) ? "delete" : "add"](id); show(); }, {
    "data-key": `details-${id}`, "aria-expanded": "false", "aria-label": t("plan.details_of", { name }) });
  show();
  return [
    h("p", { class: "cfs-act-ways" }, fold,
      view.leave && other && link(t(`plan.prefer.${other}`), () => view.prefer(action, other), { "data-key": `prefer-${id}`, "aria-label": t(`plan.prefer.${other}_of`, { name }) }),
      view.leave && link(t("plan.leave"), () => view.leave(action), { "data-key": `leave-${id}`, "aria-label": t("plan.leave_of", { name }) })),
    more];
}

/** All of it: what the digest stands for. */
function everything({ why, destination, origin, sha256, size, offers, pack: task }, view) {
  const address = (one) => h("span", { class: "cfs-offer" }, h("span", null, visible(one.by)), mono(one.url),
    one.page && link(t("resolution.open"), () => view.open(one.page), { "aria-label": t("resolution.open_of", { name: visible(one.repo || one.by) }) }));
  return h("dl", { class: "cfs-facts" },
    why && fact("why", visible(said(why))),
    destination && fact("file", mono(destination)),
    origin && fact("lies", mono(origin)),
    sha256 && fact("sha256", mono(sha256)),
    size > 0 && fact("size", t("plan.bytes", { n: size, size: bytes(size) })),
    offers.length > 0 && fact(offers.length > 1 ? "addresses" : "address", offers.map(address)),
    task?.registry_id && fact("id", mono(task.registry_id)),
    task?.repo && fact("repo", mono(task.repo)));
}

const mono = (text) => h("span", { class: "cfs-mono", dir: "ltr" }, whole(text));
