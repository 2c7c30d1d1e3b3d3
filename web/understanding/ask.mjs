// What the server understands of a workflow: explained, fitted to a memory, compared. Who asks is told errors as they come.

const MOST = 40; // explanations kept
const clients = new WeakMap(); // store -> Understanding

/** The one of this store. */
export function understandingOf(store) {
  if (!clients.has(store)) clients.set(store, new Understanding(store));
  return clients.get(store);
}

/**
 * What a page is about, as the routes want it: {slug} of a saved file, also where the canvas shows one unchanged, since only a
 * file can get a new version; else {workflow, name} of the canvas. Null where there is no graph.
 */
export function subjectOf(store, { page, slug }) {
  if (page !== "open") return { slug };
  const { host } = store, active = host.activeWorkflow(), workflow = host.graph();
  if (!workflow) return null;
  const saved = active && !active.modified && !active.temporary ? store.slugOf({ path: active.path }) : "";
  return saved ? { slug: saved } : { workflow, name: active?.name ?? "" };
}

class Understanding {
  constructor(store) {
    Object.assign(this, { store, api: store.host.api, kept: new Map(), revision: null, machine: null });
  }

  /** The explanation. That of a saved file is kept until the library is another; `fresh`: asked for all the same. */
  async explain(subject, { fresh = false } = {}) {
    const { explanation } = await (subject.slug ? this.saved(subject.slug, fresh) : this.api.post("explain", subject));
    this.machine = explanation.machine ?? this.machine;
    return explanation;
  }

  saved(slug, fresh) {
    const revision = this.store.state.library?.revision ?? "";
    if (this.revision !== revision || this.kept.size > MOST) this.kept.clear();
    this.revision = revision;
    if (fresh) this.kept.delete(slug);
    if (!this.kept.has(slug)) {
      const asked = this.api.get(`explain?slug=${encodeURIComponent(slug)}`);
      this.kept.set(slug, asked);
      asked.catch(() => this.kept.delete(slug));
    }
    return this.kept.get(slug);
  }

  /** The changes that would make it fit `gb`. */
  async tune(subject, gb) { return (await this.api.post("tune", { ...subject, memory_gb: gb })).tune; }

  /** What it would want with these changes (ids). */
  async estimate(subject, gb, changes) {
    return (await this.api.post("tune/estimate", { ...subject, memory_gb: gb, changes })).estimate;
  }

  /** The graph with these changes, to be opened: {workflow, name}. */
  edited(subject, gb, changes) { return this.api.post("tune/graph", { ...subject, memory_gb: gb, changes }); }

  /** Two versions compared; each a subject, the old one also {good: slug} for the last good version that was kept. */
  async compare(old, now) { return (await this.api.post("compare", { old, new: now })).comparison; }
}
