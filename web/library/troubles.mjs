// What is wrong, said once and in place, with what to do now. The last good data stays below it.

import { ago } from "../base/format.mjs";
import { visible } from "../base/names.mjs";
import { button, note } from "../base/parts.mjs";
import { has, t } from "../base/texts.mjs";

/** The notes to show above the library, the worst first. */
export function troubles(store) {
  const { state } = store;
  return [
    state.error ? silent(state.error, store) : null,
    !state.error && state.libraryError ? told("trouble.library", state.libraryError, [retry(store)]) : null,
    ...(state.status?.parts ?? []).filter((part) => part.error).map(partFailed),
    lastFailed(store),
    state.refused ? told("trouble.refused", state.refused, [button(t("trouble.dismiss"), () => store.put({ refused: null }), { small: true, "data-focus": "dismiss" })]) : null,
  ].filter(Boolean);
}

/** What `troubles` depends on, so that it is drawn anew only when that changed. */
export function troubleSignature({ state }) {
  const { last } = state.status?.cycle ?? {};
  return [state.error, state.libraryError, state.status?.parts, last?.outcome, last?.error, state.refused, Boolean(state.library)];
}

const retry = (store) => button(t("error.retry"), () => { store.refresh(); store.refreshLibrary(); }, { small: true, name: "again", "data-focus": "retry" });

function silent(error, store) {
  const { answered, library } = store.state;
  if (error.status === 0) {
    return note({
      tone: "warn", name: "plug", title: t("error.offline.title"),
      text: library ? t("error.offline.old", { when: ago(answered, Date.now() / 1000) }) : t("error.offline.text"),
      hint: t("error.offline.hint"), actions: [retry(store)],
    });
  }
  if (error.status === 404) {
    return note({ tone: "warn", name: "plug", title: t("error.absent.title"), text: t("error.absent.text"), hint: t("error.absent.hint"), actions: [retry(store)] });
  }
  if (error.status === 403) return told("error.forbidden", error, [retry(store)], "lock");
  return told("error.failed", error, [retry(store)]);
}

/** A note about an error of the server: our title, its message and hint. */
function told(key, error, actions, name = "warn") {
  return note({ tone: "warn", name, title: t(`${key}.title`), text: visible(error.message || t("error.code", { code: error.code })), hint: visible(error.hint), actions });
}

function partFailed({ part, error }) {
  const name = has(`part.${part}`) ? t(`part.${part}`) : visible(part);
  return note({ tone: "warn", name: "pack", title: t("trouble.part", { part: name }), text: visible(error.message), hint: visible(error.hint) });
}

function lastFailed(store) {
  const { cycle } = store.state.status ?? {};
  if (cycle?.last?.outcome !== "failed" || cycle.state === "running") return null;
  const { message = "", hint = "" } = cycle.last.error ?? {};
  return note({
    tone: "warn", name: "warn", title: t("trouble.cycle", { when: ago(cycle.last.finished, store.now()) }), text: visible(message), hint: visible(hint),
    actions: [button(t("action.check_again"), () => store.scan(), { small: true, name: "again", "data-focus": "again" })],
  });
}
