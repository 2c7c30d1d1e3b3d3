// The settings sheet (cadence and watching, each with where its value comes from) and the sheet about privacy.

import { h, say } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole, within } from "../base/names.mjs";
import { button, note, sheet } from "../base/parts.mjs";
import { plain } from "../base/store.mjs";
import { has, parts, t } from "../base/texts.mjs";
import { openServices } from "../lookup/consent.mjs";
import { allowed, loadServices } from "../lookup/services.mjs";

const HOURS = [0.25, 0.5, 1, 2, 4, 8, 12, 24, 48, 168];
const FIXED = new Set(["environment", "flag"]);

/** "Every 2 hours", "Every 15 minutes", "Every 10 seconds". */
function cadence(hours) {
  if (hours < 1 / 60) return t("settings.every_s", { n: Math.round(hours * 3600) });
  return hours < 1 ? t("settings.every_min", { n: Math.round(hours * 60) }) : t("settings.every_h", { n: hours });
}

/** Where a value comes from, in words; why it cannot be changed here, or "". */
const source = (from) => (has(`settings.from.${from}`) ? t(`settings.from.${from}`) : visible(from));
const fixed = (from) => (FIXED.has(from) ? t("settings.fixed") : "");

export async function openSettings(store, panel) {
  const body = h("div", { class: "cfs-form" }, h("p", { class: "cfs-muted" }, t("loading")));
  const close = sheet(panel.root, { title: t("settings.title"), body });
  try {
    await store.loadSettings();
    form(body, store, panel, close);
  } catch (error) {
    body.replaceChildren(failure(error));
  }
}

function failure(error) {
  const { message, hint } = plain(error);
  return note({ tone: "warn", name: "warn", title: t("settings.failed"), text: visible(message), hint: visible(hint) });
}

function form(body, store, panel, close) {
  const { values, from } = store.state.settings, refused = store.state.status?.may_change?.allowed === false ? store.state.status.may_change.error : null;
  const trouble = h("div", { role: "alert" });
  const save = async (change, field) => {
    field.disabled = true;
    try {
      await store.saveSettings(change);
      trouble.replaceChildren();
      form(body, store, panel, close);
      panel.announce(t("settings.saved"));
      body.querySelector(`[name="${field.name}"]`)?.focus();
    } catch (error) {
      trouble.replaceChildren(failure(error));
      field.disabled = false;
      field.focus();
    }
  };
  const off = (name) => Boolean(refused) || FIXED.has(from[name]);
  const hours = [...new Set([...HOURS, values.cycle_hours])].sort((a, b) => a - b);
  const every = h("select", { name: "cycle_hours", id: "cfs-cycle-hours", disabled: off("cycle_hours"), "aria-describedby": "cfs-from-cycle_hours", onchange: () => save({ cycle_hours: Number(every.value) }, every) },
    hours.map((one) => h("option", { value: one, selected: one === values.cycle_hours }, cadence(one))));
  const watch = h("input", { type: "checkbox", name: "watch", id: "cfs-watch", checked: values.watch === true, disabled: off("watch"), "aria-describedby": "cfs-from-watch", onchange: () => save({ watch: watch.checked }, watch) });
  const asked = services(store, panel, close);
  body.replaceChildren(
    refused ? note({ tone: "calm", name: "lock", title: t("settings.refused"), text: visible(refused.message), hint: visible(refused.hint) }) : "",
    h("div", { class: "cfs-setting" }, h("label", { for: "cfs-cycle-hours" }, t("settings.cycle")), h("span", { class: "cfs-select" }, every, icon("down")), origin("cycle_hours", from)),
    h("div", { class: "cfs-setting" }, h("label", { class: "cfs-check" }, watch, h("span", null, t("settings.watch"))), origin("watch", from)),
    asked,
    kept(store.state.settings, store.state.library?.place?.place), problems(store.state.settings), trouble);
}

/** Which services may be asked, and the way to the sheet that changes it: in place of this one, so that one is open. */
function services(store, panel, close) {
  const value = h("p", { class: "cfs-small cfs-muted" }, t("loading"));
  loadServices(store).then((all) => say(value, allowed(all)), (error) => say(value, visible(plain(error).message)));
  const change = button(t("action.change"), () => { close(); openServices(store, panel); }, {
    kind: "ghost", small: true, "aria-label": t("services.change") });
  return h("div", { class: "cfs-setting cfs-asks" }, h("b", null, t("services.title")), value, change);
}

const PROTECTED = [["allow_remote", "remote", "COMFYFIXERSMART_ALLOW_REMOTE"], ["allowed_hosts", "hosts", "COMFYFIXERSMART_ALLOWED_HOSTS"]];

/** What is not changed in the panel, with where it is. */
function kept({ values, from, file }, base) {
  const shown = PROTECTED.filter(([name]) => name in values).map(([name, word, variable]) => [
    h("dt", null, t(`settings.${word}`)),
    h("dd", null, worded(values[name]), h("p", { class: "cfs-small cfs-muted" }, h("code", null, variable), h("br"), h("code", null, name)),
      (from[name] ?? "default") !== "default" && h("p", { class: "cfs-small cfs-muted" }, source(from[name]))),
  ]);
  return shown.length ? h("section", { class: "cfs-setting cfs-kept" }, h("h3", null, t("settings.protected")),
    h("p", { class: "cfs-small cfs-muted" }, parts("settings.how", { file: whole(within(file || "settings.json", base)) })), h("dl", null, shown)) : "";
}

function worded(value) {
  if (Array.isArray(value)) return value.length ? visible(value.join(t("list.comma"))) : t("settings.none");
  return t(value ? "settings.yes" : "settings.no");
}

const problems = ({ problems: all = [] }) => (all.length
  ? note({ tone: "warn", name: "warn", title: t("settings.problems"), text: all.map((one) => h("span", { class: "cfs-line" }, visible(one))) }) : "");

function origin(name, from) {
  const line = h("p", { class: "cfs-small cfs-muted", id: `cfs-from-${name}` });
  say(line, [source(from[name]), fixed(from[name])].filter(Boolean).join(" "));
  return line;
}

/** Where things are stored, and that nothing leaves. */
export function about(store, panel) {
  const { status } = store.state;
  const facts = [
    [t("about.reports"), status?.reports?.folder && whole(status.reports.folder)], [t("about.state"), "user/__comfyfixersmart"],
    [t("about.version"), visible(status?.version ?? "")], ["ComfyUI", visible(status?.host?.comfyui ?? "")],
  ].filter(([, value]) => value);
  sheet(panel.root, {
    title: t("about.title"),
    body: [
      h("p", null, t("about.private")), h("p", { class: "cfs-muted" }, t("about.never")),
      h("dl", { class: "cfs-facts" }, facts.map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
      h("h3", null, t("about.keys")), h("dl", { class: "cfs-facts cfs-keys" }, keys()), h("p", { class: "cfs-small cfs-muted" }, t("about.anywhere")),
    ],
  });
}

const KEYS = [["/", "search"], ["↓ ↑  j k", "rows"], ["Enter", "open"], ["Esc", "back"], ["1 … 5", "status"], ["0", "all"], ["s", "sort"], ["r", "check"], ["g", "node"], ["e", "explain"], ["c", "copy"]];
const keys = () => KEYS.map(([key, name]) => [h("dt", null, key.split(/\s+/).map((one) => h("kbd", null, one))), h("dd", null, t(`keys.${name}`))]);
