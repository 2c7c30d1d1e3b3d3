// The one sheet about services: which may be asked, what exactly each of them is sent, and the person's own keys.
// Opening and reading it sends nothing to anybody but this ComfyUI.

import { h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { visible, whole } from "../base/names.mjs";
import { button, note, sheet } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { plain } from "../base/store.mjs";
import { has, parts, t } from "../base/texts.mjs";
import { ownKeys } from "./keys.mjs";
import { allow, loadServices } from "./services.mjs";

const NAMES = 8; // shown of what is missing, before "and 3 more"

/** Opens the sheet with the services as they are now; says in it what is wrong where they cannot be had. */
export async function openServices(store, panel) {
  const body = h("div", { class: "cfs-consent" }, h("p", { class: "cfs-muted" }, t("loading")));
  const close = sheet(panel.root, { title: t("services.title"), body });
  try {
    await loadServices(store);
  } catch (error) {
    return body.isConnected && body.replaceChildren(trouble(error));
  }
  if (!body.isConnected) return undefined; // closed meanwhile
  close();
  return askConsent(store, panel);
}

/** The sheet. `then`: what to do once the person has chosen; without it the choice is only kept. */
export function askConsent(store, panel, { names = [], then = null } = {}) {
  const { fixed, discovery, never } = store.state.services;
  const wrong = h("div", { class: "cfs-wrong", role: "alert" }), list = h("ul", { class: "cfs-services" });
  const ticked = new Set(store.state.services.sources.filter(beginsTicked(store.state.services)).map((one) => one.name));
  const ask = button(t(then ? "consent.ask" : "consent.save"), () => keep([...ticked]), { kind: "main" });
  const here = button(t("consent.only_here"), () => keep([]), { kind: "ghost" });
  const cycles = h("input", { type: "checkbox", checked: discovery === true, disabled: Boolean(fixed) });

  const draw = () => list.replaceChildren(...store.state.services.sources.map((one) => service(one)));
  const keys = ownKeys(store, { panel, changed: draw, trouble });
  const service = (one) => h("li", { class: "cfs-service" }, box(one),
    h("div", { class: "cfs-service-about" }, h("p", null, visible(said(one.purpose))),
      h("p", null, h("span", { class: "cfs-sends" }, t("consent.sends", { host: visible(said(one.host)) })), " ", visible(said(one.sends))),
      one.needs && !one.configured && h("p", null, needs(one))));
  const box = (one) => {
    const lacks = Boolean(one.needs) && !one.configured;
    const tick = h("input", { type: "checkbox", name: one.name, checked: ticked.has(one.name) && !lacks, disabled: lacks || Boolean(fixed),
      onchange: () => { ticked[tick.checked ? "add" : "delete"](one.name); mark(); } });
    return h("label", { class: "cfs-check" }, tick, h("b", null, visible(said(one.label))));
  };
  /** Nothing ticked is the same as looking here only, and that button says so. */
  function mark() {
    const none = then && ticked.size === 0;
    ask.title = none ? t("consent.none") : "";
    if (none) ask.setAttribute("aria-disabled", "true"); else ask.removeAttribute("aria-disabled");
  }
  async function keep(sources) {
    if (then && sources.length === 0 && ask.contains(document.activeElement)) return wrong.replaceChildren(note({ title: t("consent.none") }));
    for (const one of [ask, here]) one.disabled = true;
    try {
      await allow(store, sources, cycles.checked);
    } catch (error) {
      for (const one of [ask, here]) one.disabled = false;
      wrong.replaceChildren(trouble(error));
      return ask.focus();
    }
    close();
    if (then) return then();
    return panel.announce(t("settings.saved"));
  }

  draw();
  mark();
  const close = sheet(panel.root, {
    title: t(then ? "consent.title" : "services.title"),
    body: [
      h("p", { class: "cfs-muted" }, t(then ? "consent.text" : "services.text")),
      h("p", { class: "cfs-never" }, icon("off"), h("span", null, t("consent.never", { things: (never ?? []).map(thing).join(t("list.comma")) }))),
      fixed && note({ name: "lock", title: t("services.fixed"), text: parts("services.fixed_text", { name: h("code", null, visible(fixed)) }) }),
      list, asked(names),
      h("div", { class: "cfs-setting cfs-each-check" }, h("label", { class: "cfs-check" }, cycles, h("span", null, t("consent.discovery"))),
        h("p", { class: "cfs-small cfs-muted" }, t("consent.discovery_text"))),
      keys,
    ],
    foot: fixed ? [] : [wrong, ask, here],
  });
}

/** On first sight what is suggested, later what is allowed; never what cannot work. */
const beginsTicked = ({ consent }) => (one) => (consent ? one.enabled : one.suggested) && (!one.needs || one.configured);

const needs = (one) => h("span", null, t(has(`consent.needs.${one.needs}`) ? `consent.needs.${one.needs}` : "consent.needs.other"));

function thing(name) {
  const key = `consent.thing.${String(name).replace(/\W+/g, "_")}`;
  return has(key) ? t(key) : visible(name);
}

/** What would be asked about from here: names without folders, for that is all that a service may see of them. */
function asked(names) {
  const bare = [...new Set(names.map((name) => visible(name).split(/[\\/]/).at(-1)))];
  if (!bare.length) return null;
  return h("div", { class: "cfs-asked" }, h("h3", null, t("consent.about")),
    h("ul", null, bare.slice(0, NAMES).map((name) => h("li", null, whole(name)))),
    bare.length > NAMES && h("p", { class: "cfs-small cfs-muted" }, t("workflow.more_nodes", { n: bare.length - NAMES })));
}

function trouble(error) {
  const { message, hint } = plain(error);
  return note({ tone: "warn", name: "warn", title: t("services.failed"), text: visible(message), hint: visible(hint) });
}
