// Small services of the page: language, settings, clipboard, links.
import { app, comfyApi } from "./comfy.mjs";

/** A setting of ComfyUI's dialog; `fallback` where it is not there. */
export function setting(id, fallback) {
  try {
    return app.extensionManager.setting.get(id) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Change a setting of ComfyUI's dialog; it is kept there. */
export const changeSetting = (id, value) => app.extensionManager.setting.set?.(id, value);

/** Hear one setting change: `listener(value)`. Gives back the function that stops it. */
export function onSetting(id, listener) {
  const events = app.ui?.settings;
  const hear = ({ detail }) => listener(detail?.value);
  events?.addEventListener?.(`${id}.change`, hear);
  return () => events?.removeEventListener?.(`${id}.change`, hear);
}

/** ComfyUI's language: "en", "zh", "zh-TW" … */
export const locale = () => String(setting("Comfy.Locale", "") || document.documentElement.lang || "en");

/** Our own texts in every language: ComfyUI serves `locales/*\/main.json` of all packs, merged, under /i18n. */
export async function messages() {
  const answer = await comfyApi.fetchApi("/i18n");
  const all = answer.ok ? await answer.json() : {};
  return Object.fromEntries(
    Object.entries(all).flatMap(([language, texts]) =>
      texts?.comfyfixersmart ? [[language, texts.comfyfixersmart]] : [],
    ),
  );
}

/** What ComfyUI calls a node type in the person's language; undefined for a type it does not have. */
export const displayName = (type) => window.LiteGraph?.registered_node_types?.[type]?.title;

/** Put text on the clipboard; false where the browser does not let us (no secure context, no permission). */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Over plain http on a LAN address there is no navigator.clipboard.
function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.cssText = "position:fixed;opacity:0";
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus?.();
  return done;
}

/**
 * Open a page of another place in a new tab, which learns nothing of this one. Only http and https, and no address with
 * a user in it, which could look like another host (false).
 */
export function openPage(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  if (!["http:", "https:"].includes(url.protocol) || url.username || url.password) return false;
  window.open(url, "_blank", "noopener,noreferrer");
  return true;
}

/** Open an address of this very server in a new tab; anything else is refused (false). */
export function openUrl(path) {
  const url = new URL(path.startsWith("/") ? comfyApi.apiURL(path) : path, location.href);
  if (url.origin !== location.origin) return false;
  window.open(url, "_blank", "noopener");
  return true;
}
