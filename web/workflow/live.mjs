// The graph on the canvas, checked as it is edited. What comes out lies in `store.state.open`.

import { plain } from "../base/store.mjs";

const GOOD = new Set(["runnable", "needs_input"]);
const watchers = new WeakMap(); // store -> Watcher

/** Keep `store.state.open` true to the canvas until the function given back is called; counted, so many may ask. */
export function watchOpen(store, host) {
  if (!watchers.has(store)) watchers.set(store, new Watcher(store, host));
  const watcher = watchers.get(store);
  watcher.start();
  let over = false;
  return () => {
    if (!over) watcher.stop();
    over = true;
  };
}

/** Check the open graph again now, e.g. after an error. */
export const checkOpen = (store) => watchers.get(store)?.check();

class Watcher {
  constructor(store, host) {
    Object.assign(this, { store, host, users: 0, off: [], asking: false, again: false, path: null });
  }

  start() {
    this.users += 1;
    if (this.users > 1) return;
    this.off = [
      this.host.onGraphChange(() => this.check()),
      // Files came or went: the graph is the same, the answer may not be.
      this.host.api.on("comfyfixersmart.library", () => this.check()),
      this.host.api.on("reconnected", () => this.check()),
    ];
    this.check();
  }

  stop() {
    this.users -= 1;
    if (this.users > 0) return;
    for (const end of this.off) end?.();
    this.off = [];
  }

  /** One request in flight; what changes meanwhile is asked for after it, and the answer that came late is dropped. */
  async check() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    do {
      this.again = false;
      await this.ask();
    } while (this.again && this.users > 0);
    this.asking = false;
  }

  async ask() {
    const { store, host } = this;
    const active = host.activeWorkflow();
    const workflow = host.graph();
    if (!workflow) return store.setOpen({ active, result: null, checking: false, error: null });
    const before = store.state.open.result;
    const same = this.path === (active?.path ?? null); // whose answer `before` is
    this.path = active?.path ?? null;
    store.setOpen({ active, checking: true, ...(same ? {} : { result: null, error: null }) });
    try {
      const { workflow: result } = await host.api.post("check", { workflow, name: active?.name ?? "" });
      if (this.again) return;
      store.setOpen({ active: host.activeWorkflow(), result, checking: false, error: null });
      if (same && lost(before, result)) await host.refreshDefinitions();
    } catch (error) {
      if (!this.again) store.setOpen({ checking: false, error: plain(error) });
    }
  }
}

/** Whether files that were missing are here now: then ComfyUI's drop-downs should list them too. */
function lost(before, after) {
  if (!before || before.status === after.status || !GOOD.has(after.status)) return false;
  return (before.distance?.files ?? 0) + (before.distance?.local ?? 0) > (after.distance?.files ?? 0) + (after.distance?.local ?? 0);
}
