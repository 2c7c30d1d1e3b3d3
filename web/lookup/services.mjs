// The services that may be asked, as the server lists them, and what each place is called.

import { visible } from "../base/names.mjs";
import { said } from "../base/said.mjs";
import { has, t } from "../base/texts.mjs";

/** Asks for the list: {consent, sources, never, discovery, fixed}. Throws the server's error. */
export async function loadServices(store) {
  store.put({ services: await store.host.api.get("sources") });
  return store.state.services;
}

/** Asks for the list once, for the names in it; without it the names in our own texts do. */
export function wantServices(store) {
  if (store.state.services || wanted.has(store)) return;
  wanted.add(store);
  loadServices(store).catch(() => {}).finally(() => wanted.delete(store));
}

const wanted = new WeakSet();

/** Remembers which services may be asked (a list of names, none for this computer only). Throws the server's error. */
export async function allow(store, sources, discovery = null) {
  store.put({ services: await store.host.api.post("consent", { sources, discovery }) });
}

/** Keeps a key of the person's own for a service; null removes it. The key is not kept here. Throws the server's error. */
export async function keepKey(store, source, key) {
  store.put({ services: await store.host.api.post("key", { source, key }) });
}

/** What people call a service, or a catalogue on this disk. */
export function placeName(store, name) {
  const known = store.state.services?.sources.find((one) => one.name === name);
  return known ? visible(said(known.label)) : has(`place.${name}`) ? t(`place.${name}`) : visible(name);
}

/** Which services may be asked, in words. */
export function allowed({ consent, sources }) {
  if (!consent) return t("services.never_asked");
  const names = sources.filter((one) => one.enabled).map((one) => visible(said(one.label)));
  return names.length ? names.join(t("list.comma")) : t("services.only_here");
}
