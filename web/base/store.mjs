// What the panel knows. One store per page: it outlives the panel's element, so opening the tab again shows the last
// good data at once. It asks the server by itself only for the status; the library only when its revision changed.

import { t } from "./texts.mjs";

const POLL = 30_000, RETRY = 5_000, EVENTS = ["comfyfixersmart.cycle", "comfyfixersmart.library"];
const LINE = ["reconnecting", "reconnected"]; // ComfyUI's own: its websocket broke, or is back

/**
 * `state`: `status` and `library` as the server gave them (kept when it stops answering), `error` the last status
 * failure {code, message, hint, status} or null, `libraryError` likewise, `refused` the last answer to something the
 * person pressed, `open` {active, result, checking, error} about the graph on the canvas, `view`, `settings`, `lookup`
 * {job, error} about the look-up of what is missing, `services` that may be asked, null until they are needed, `plan`
 * {plan, making, progress, error, what} and `run` {run, error, unseen} about what is to be done and what is being done.
 * Fires "change" with `detail.keys`, the changed parts, once per turn.
 */
export class Store extends EventTarget {
  constructor(host) {
    super();
    this.host = host;
    this.state = {
      status: null, library: null, error: null, libraryError: null, refused: null, settings: null, answered: 0,
      open: { active: null, result: null, checking: false, error: null }, view: { page: "library" },
      lookup: { job: null, error: null }, services: null,
      plan: { plan: null, making: false, progress: null, error: null, what: null }, run: { run: null, error: null, unseen: false },
    };
    this.clockAhead = 0; // seconds the server's clock is ahead of this one
    this.users = 0;
    this.off = [];
    this.changed = null;
    this.workflows = new Map();
    this.history = [];
  }

  /** The server's time in seconds: ages are told by the clock that wrote them. */
  now() { return Date.now() / 1000 + this.clockAhead; }

  /** Begins to listen and to ask; each `start` needs its `stop`. */
  start() {
    this.users += 1;
    if (this.users > 1) return;
    const { api } = this.host;
    this.off = [
      api.on(EVENTS[0], (data) => this.cycle(data)),
      api.on(EVENTS[1], () => { this.refreshLibrary(); this.refresh(); }),
      ...LINE.map((event) => api.on(event, () => this.refresh())),
    ];
    this.refresh();
  }

  stop() {
    this.users = Math.max(0, this.users - 1);
    if (this.users) return;
    clearTimeout(this.timer);
    for (const end of this.off) end?.();
    this.off = [];
  }

  /** Puts values into the state and tells the views. */
  put(values) {
    Object.assign(this.state, values);
    if (this.changed) { for (const key of Object.keys(values)) this.changed.add(key); return; }
    this.changed = new Set(Object.keys(values));
    queueMicrotask(() => {
      const keys = this.changed;
      this.changed = null;
      this.dispatchEvent(new CustomEvent("change", { detail: { keys } }));
    });
  }

  setOpen(values) { this.put({ open: { ...this.state.open, ...values } }); }

  /** Asks for the status now; the library follows when its revision is another. Never throws. */
  async refresh() {
    clearTimeout(this.timer);
    try {
      const status = await this.host.api.get("status");
      this.clockAhead = typeof status.now === "number" ? status.now - Date.now() / 1000 : 0;
      this.put({ status, error: null, answered: Date.now() / 1000 });
      const revision = status.library?.revision;
      if (revision && (revision !== this.state.library?.revision || this.state.libraryError)) await this.refreshLibrary();
    } catch (error) {
      this.put({ error: plain(error) });
    }
    if (this.users) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.refresh(), this.state.error ? RETRY : POLL);
    }
  }

  refreshLibrary() {
    this.asking ??= this.askLibrary().finally(() => { this.asking = null; });
    return this.asking;
  }

  async askLibrary() {
    try {
      const library = await this.host.api.get("library");
      if (library.revision !== this.state.library?.revision) this.workflows.clear();
      this.put({ library, libraryError: null });
    } catch (error) {
      const { code } = error;
      this.put({ libraryError: code === "no_report" ? null : plain(error) });
    }
  }

  cycle({ cycle } = {}) {
    const { status } = this.state;
    if (!cycle || !status) return void this.refresh();
    const ended = status.cycle?.state === "running" && cycle.state !== "running";
    this.put({ status: { ...status, cycle }, error: null });
    if (ended) this.refresh();
  }

  async ask(path, body) {
    try {
      const status = await this.host.api.post(path, body);
      this.put({ refused: null, ...(status?.cycle ? { status } : {}) });
      return status;
    } catch (error) {
      this.put({ refused: plain(error) });
      return null;
    }
  }

  scan() { return this.ask("scan", {}); }
  cancel() { return this.ask("cancel", {}); }

  /** One workflow's whole report, remembered until the library changes. Throws the server's error. */
  async workflow(slug) {
    if (!this.workflows.has(slug)) {
      const asked = this.host.api.get(`workflow?slug=${encodeURIComponent(slug)}`).then((answer) => answer.workflow);
      this.workflows.set(slug, asked);
      asked.catch(() => this.workflows.delete(slug));
    }
    return this.workflows.get(slug);
  }

  async loadSettings() { this.put({ settings: await this.host.api.get("settings") }); }

  /** Throws the server's error, so that the form can show it beside the field. */
  async saveSettings(values) { this.put({ settings: await this.host.api.post("settings", { values }) }); }

  /** Shows another view; `back` returns from it. */
  go(view) {
    const { view: from } = this.state, last = this.history.at(-1);
    if (view.page === "library") this.history = [];
    else if (last && subject(last) === subject(from) && place(last) === place(view)) this.history.pop(); // to the page one came from
    else if (place(from) !== place(view)) this.history.push(from);
    this.put({ view });
  }

  /** The page that `back` returns to: "library", "unlock", "journal", "workflow" or "open". */
  behind() { return this.history.at(-1)?.page ?? "library"; }

  back() {
    const view = this.history.pop() ?? { page: "library" };
    this.put({ view });
  }

  /** The library's line about the saved workflow that ComfyUI knows by this path, or null. */
  lineOf(path) {
    return (path && this.state.library?.workflows.find((one) => one.path === path)) || null;
  }

  /** The slug of the saved workflow of this path or name, older versions among them; "" where there is none. */
  slugOf({ path = null, name = null }) {
    const is = (one) => (path !== null && one.path === path) || (name !== null && one.name === name);
    const all = (this.state.library?.workflows ?? []).flatMap((line) => [line, ...(line.versions ?? [])]);
    return all.find(is)?.slug ?? "";
  }
}

const ASIDE = new Set(["explain", "tune", "compare"]); // pages of their own about one workflow
const subject = ({ page, slug = "" }) => `${page} ${slug}`;
const place = (view) => `${subject(view)} ${ASIDE.has(view.focus) ? view.focus : ""}`; // what one looks at, however

/** An error as plain values. `status` 0: nobody answered. */
export function plain(error) {
  const { code = "failed", message = "", hint = "", status = 0 } = error ?? {};
  if (code === "unreachable") return { code, message: `${t("error.offline.title")}.`, hint: t("error.offline.text"), status: 0 };
  return { code, message: String(message || error), hint: hint ?? "", status: Number(status) || 0 };
}

const stores = new WeakMap();

/** The one store of this page's host. */
export function storeFor(host) {
  if (!stores.has(host)) stores.set(host, new Store(host));
  return stores.get(host);
}
