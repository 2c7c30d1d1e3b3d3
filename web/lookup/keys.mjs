// A person's own keys for services: whether there is one, a field to enter one, and taking it away.
// A key goes to the server once and never comes back: nothing here can show it.

import { h } from "../base/dom.mjs";
import { visible } from "../base/names.mjs";
import { button, link } from "../base/parts.mjs";
import { t } from "../base/texts.mjs";
import { keepKey } from "./services.mjs";

const OF_WEB = { brave: "Brave", tavily: "Tavily" }; // web search goes through a service of the person's choice

/** All keys that the services can use. `changed()` after one was kept or removed, `trouble(error)` makes a note where it was not. */
export function ownKeys(store, told) {
  const all = store.state.services.sources.flatMap((one) => (one.keys ?? []).map((key) => ({ name: key.name, label: OF_WEB[key.name] ?? visible(one.label) })));
  if (!all.length) return null;
  const wrong = h("div", { class: "cfs-wrong", role: "alert" });
  const failed = (error) => wrong.replaceChildren(...(error ? [told.trouble(error)] : []));
  return h("section", { class: "cfs-own-keys" }, h("h3", null, t("keys_own.title")), h("p", { class: "cfs-small cfs-muted" }, t("keys_own.text")),
    wrong, h("ul", null, all.map((one) => row(store, one, { ...told, failed }))));
}

/** Where a key comes from: "file", "environment" or null. */
const comesFrom = (store, name) => store.state.services.sources.flatMap((one) => one.keys ?? []).find((key) => key.name === name)?.from ?? null;

function row(store, { name, label }, { changed, failed, panel }) {
  const place = h("li", { class: "cfs-key" });
  const send = async (key, done) => {
    try {
      await keepKey(store, name, key);
    } catch (error) {
      return failed(error);
    }
    failed(null);
    changed();
    rest();
    place.querySelector("button")?.focus();
    return panel.announce(t(done));
  };

  function rest() {
    const from = comesFrom(store, name);
    place.replaceChildren(h("b", null, label), ...(from ? [h("span", { class: "cfs-muted" }, t(from === "environment" ? "keys_own.environment" : "keys_own.set"))] : []), ...action(from));
  }

  function action(from) {
    if (from === "environment") return [];
    if (from) return [link(t("keys_own.remove"), () => send(null, "keys_own.removed"), { "aria-label": t("keys_own.remove_of", { label }) })];
    return [link(t("keys_own.enter"), enter, { "aria-label": t("keys_own.enter_of", { label }) })];
  }

  function enter() {
    const field = h("input", { type: "password", class: "cfs-input", autocomplete: "new-password", spellcheck: "false", maxlength: 512, "aria-label": t("keys_own.field", { label }) });
    const back = () => { rest(); place.querySelector("button").focus(); };
    const form = h("form", { class: "cfs-key-form", onsubmit: async (event) => {
      event.preventDefault();
      const key = field.value.trim();
      field.value = "";
      if (key) await send(key, "keys_own.kept");
      if (form.isConnected) field.focus();
    } }, field, button(t("keys_own.save"), null, { small: true, type: "submit", "aria-label": t("keys_own.save_of", { label }) }), link(t("keys_own.not_now"), back));
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); back(); } });
    place.replaceChildren(h("b", null, label), form);
    field.focus();
  }

  rest();
  return place;
}
