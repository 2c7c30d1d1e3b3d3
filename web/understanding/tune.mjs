// "Fit it to N GB": which changes would make a workflow smaller or faster, what each costs, and the new version with those chosen.

import { fill, h } from "../base/dom.mjs";
import { listed } from "../base/format.mjs";
import { visible, whole } from "../base/names.mjs";
import { button, iconButton, note } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { plain } from "../base/store.mjs";
import { has, number, t } from "../base/texts.mjs";
import { leadOn } from "../actions/onward.mjs";
import { changeRow, effects } from "./changes.mjs";
import { newer } from "../workflow/versions.mjs";
import { bar, gpuMemory, gpuSize, OWN, range, SIZES, wants } from "./fit.mjs";
import { Understood, began } from "./frame.mjs";
import { source } from "./health.mjs";
import { folded, part, sentences } from "./rows.mjs";

const PAUSE = 250; // ms after the last tick before the server is asked what it would come to
const USUAL = 8; // GB, proposed where nothing is known of the machine

/** `view`: {page, slug, focus: "tune"}, with `memory` in GB to begin with; 0 is that of this machine. */
export const tunePage = (store, host, view, panel) => began(new Tune(store, host, view, panel, "tuned"));

const variantName = ({ key, title }) => t(`tune.variant.${has(`tune.variant.${key}`) ? key : "other"}`, { name: said(title) });
const ADDRESS = /^(.*?):? (https?:\/\/\S+)$/s; // a source with its page behind it

function withPage(text) {
  const [, words, url] = ADDRESS.exec(text ?? "") ?? [];
  return url ? { source: words, url } : { source: text, url: "" };
}

class Tune extends Understood {
  begin() {
    const { kept, view } = this;
    kept.memory = view.memory ?? kept.memory ?? null;
    kept.chosen ??= new Set();
    Object.assign(this, { estimate: null, failed: null, guess: 0, timer: 0, opening: false });
    this.foot = h("section", { class: "cfs-tune-foot", "aria-label": t("tune.chosen"), hidden: true });
    super.begin();
  }

  destroy() {
    super.destroy();
    clearTimeout(this.timer);
  }

  /** GB to fit it to; null for what this machine has. */
  get gb() { return this.kept.memory || null; }

  async ask(subject) {
    const { client, kept } = this;
    if (!client.machine) await client.explain(subject).catch(() => null); // for the name and the memory of the machine
    kept.memory ??= gpuMemory(client.machine) ? OWN : USUAL;
    if (kept.about !== this.about) kept.chosen.clear(); // another graph on the canvas
    kept.about = this.about;
    this.asking = subject;
    const answer = await client.tune(subject, this.gb);
    const known = new Set(answer.changes.map((one) => one.id));
    for (const id of kept.chosen) if (!known.has(id)) kept.chosen.delete(id);
    return answer;
  }

  update(keys) {
    super.update(keys);
    const about = this.saved();
    if (about) leadOn(this.store, this.view, about, { held: Boolean(this.panel?.work?.open) });
  }

  head() { return [iconButton("book", t("understanding.title"), () => this.explain(), { "aria-pressed": false, "data-key": "explain" })]; }

  body() {
    const { answer } = this, instead = this.instead();
    const top = [this.title(t("tune.title")), this.sizes()];
    if (instead) return [...top, instead];
    if (!answer) return [...top, h("div", { class: "cfs-notes" }, note({ name: "info", title: t("understanding.empty.title"), text: t("understanding.empty.canvas") }))];
    queueMicrotask(() => this.reckon());
    return [...top, this.error && this.trouble(), this.newer(), this.before(), this.none(), this.variants(), this.changes(), this.advice(), this.foot];
  }

  // ---- the memory ------------------------------------------------------------------------------------------

  sizes() {
    const { machine } = this.client, own = gpuMemory(machine), name = machine?.name ? visible(machine.name) : "";
    const all = [...(own ? [OWN] : []), ...SIZES], chosen = this.kept.memory;
    const chip = (size) => h("button", { type: "button", class: "cfs-size", role: "radio", "aria-checked": size === chosen, tabindex: size === chosen || (chosen === null && size === all[0]) ? 0 : -1, "data-key": `size-${size}`, title: size === OWN ? name || null : null,
      onclick: () => this.choose(size) }, size === OWN ? t("tune.machine", { size: gpuSize(own) }) : t("tune.size", { n: size }));
    return h("div", { class: "cfs-sizes", role: "radiogroup", "aria-label": t("tune.memory"), onkeydown: (event) => this.moveSize(event, all) }, all.map(chip));
  }

  moveSize(event, all) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[(all.indexOf(this.kept.memory) + step + all.length) % all.length];
    this.choose(next);
    this.element.querySelector(`[data-key="size-${next}"]`)?.focus({ preventScroll: true });
  }

  choose(size) {
    if (size === this.kept.memory) return;
    this.kept.memory = size;
    Object.assign(this, { answer: null, error: null, estimate: null, failed: null });
    this.load();
  }

  marks() { return [this.kept.memory, this.client.machine]; }

  // ---- what it wants now, and what is proposed ----------------------------------------------------------------

  before() {
    const { before } = this.answer, line = before.line && said(before.line), wanted = range(wants(before));
    return h("section", { class: "cfs-section cfs-before" }, h("h3", null, t("tune.before")),
      h("p", { class: "cfs-strong cfs-num" }, visible(line || (wanted ? t("understanding.fit.wanted", { wanted }) : t("understanding.fit.nothing")))), bar(before),
      before.note && h("p", { class: "cfs-small cfs-muted" }, visible(said(before.note))));
  }

  /** The saved file with its versions; of a graph on the canvas, the file that it is. Null where there is none. */
  saved() {
    if (!this.live) return this.workflow;
    const slug = this.asking?.slug, line = slug && (this.store.state.library?.workflows ?? []).find((one) => one.slug === slug || one.versions?.some((each) => each.slug === slug));
    return line ? { ...line, ...(line.versions ?? []).find((one) => one.slug === slug), versions: line.versions } : null;
  }

  /** A version beside it that is newer: this one may have been made a moment ago. */
  newer() {
    const next = newer(this.saved());
    return next && h("div", { class: "cfs-notes" }, note({ name: "info", title: t("tune.newer", { version: next.version }), actions: [button(t("versions.open", { version: next.version }), () => this.openVersion(next), { small: true, "data-key": "open-version" })] }));
  }

  none() {
    const { none } = this.answer;
    return none && h("div", { class: "cfs-notes" }, note({ name: "info", title: t("tune.none", { size: this.gb ? t("tune.size", { n: this.gb }) : t("tune.this_machine") }), text: visible(said(none)) }));
  }

  variants() {
    const all = this.merged();
    return all.length > 0 && part("variants", t("tune.variants"), h("ul", { class: "cfs-variants" }, all.map((one) => this.variant(one))));
  }

  /** Variants of the same changes are one card. */
  merged() {
    const cards = new Map();
    for (const one of this.answer.variants) {
      const key = [...one.changes].sort().join("\n");
      if (cards.has(key)) cards.get(key).names.push(variantName(one));
      else cards.set(key, { ...one, names: [variantName(one)] });
    }
    return [...cards.values()];
  }

  variant(one) {
    const known = new Map(this.answer.changes.map((each) => [each.id, each])), mine = one.changes.map((id) => known.get(id)).filter(Boolean);
    const name = listed(one.names);
    return h("li", null, h("button", { type: "button", class: "cfs-variant", "aria-pressed": this.isChosen(one), "data-variant": one.key, "data-key": `variant-${one.key}`, onclick: () => this.take(one.changes, name) },
      h("span", { class: "cfs-variant-head" }, h("b", null, visible(name)), h("span", { class: "cfs-num cfs-small" }, range(one.estimate.peak))),
      h("span", { class: "cfs-small cfs-muted" }, visible(said(one.why))),
      bar({ ...one.estimate, against: this.answer.target }, { small: true }),
      h("span", { class: "cfs-variant-list" }, mine.map((each) => h("span", null, whole(said(each.title))))),
      h("span", { class: "cfs-small cfs-muted" }, effects(mine))));
  }

  isChosen({ changes }) { return changes.length === this.kept.chosen.size && changes.every((id) => this.kept.chosen.has(id)); }

  changes() {
    const { changes } = this.answer;
    return changes.length > 0 && part("changes", [t("tune.changes"), changes.length > 1 && h("span", { class: "cfs-count" }, number(changes.length))], folded(changes, (one) => changeRow(one, this.tools()), { look: "cfs-changes" }));
  }

  tools() {
    return {
      host: this.host, tell: (text) => this.tell(text), at: (nodes) => this.at(nodes),
      chosen: (id) => this.kept.chosen.has(id), tick: (one, on) => this.tick(one, on), opened: this.kept.open,
    };
  }

  advice() {
    const { advice } = this.answer;
    return advice.length > 0 && part("advice", t("tune.advice"), h("ul", { class: "cfs-advice" }, advice.map(([text, from]) => h("li", null, h("p", null, visible(said(text))), h("p", { class: "cfs-small cfs-muted" }, source(withPage(from), this))))));
  }

  // ---- the choice --------------------------------------------------------------------------------------------

  take(ids, name) {
    const same = this.isChosen({ changes: ids });
    this.kept.chosen = new Set(same ? [] : ids);
    this.chose();
    if (!same) this.panel?.announce?.(t("tune.taken", { name, n: ids.length }));
  }

  /** One more or one less; what cannot go together with it loses its tick, and that is said. */
  tick(one, on) {
    const { chosen } = this.kept;
    if (!on) chosen.delete(one.id);
    else {
      const off = this.answer.changes.filter((each) => chosen.has(each.id) && (one.excludes.includes(each.id) || each.excludes.includes(one.id)));
      for (const each of off) chosen.delete(each.id);
      chosen.add(one.id);
      if (off.length) this.tell(t("tune.instead", { names: off.map((each) => visible(said(each.title))).join(t("list.comma")) }));
    }
    this.chose();
  }

  /** Marks and boxes follow the choice, in their place. */
  chose() {
    for (const box of this.element.querySelectorAll("[data-change]")) box.checked = this.kept.chosen.has(box.dataset.change);
    for (const card of this.element.querySelectorAll("[data-variant]")) card.setAttribute("aria-pressed", String(this.isChosen(this.answer.variants.find((one) => one.key === card.dataset.variant))));
    this.reckon();
  }

  /** What the chosen changes come to: a variant says it already, else the server is asked. */
  reckon() {
    if (this.over || !this.answer) return undefined;
    const ids = this.ids(), mark = JSON.stringify(ids);
    if (mark === this.reckoned && this.answer === this.of) return this.footing();
    Object.assign(this, { reckoned: mark, of: this.answer });
    const told = this.answer.variants.find((one) => this.isChosen(one))?.estimate, turn = (this.guess += 1);
    clearTimeout(this.timer);
    Object.assign(this, { estimate: ids.length ? told ?? this.estimate : null, failed: null, reckoning: ids.length > 0 && !told });
    this.footing();
    if (!this.reckoning) return undefined;
    this.timer = setTimeout(async () => {
      const got = await this.client.estimate(this.asking, this.gb, ids).then((estimate) => ({ estimate }), (error) => ({ failed: plain(error), estimate: null }));
      if (this.over || turn !== this.guess) return;
      Object.assign(this, got, { reckoning: false });
      this.footing();
      if (got.estimate) this.panel?.announce?.(t("tune.comes_to", { n: ids.length, wanted: range(got.estimate.peak) }));
    }, PAUSE);
    return undefined;
  }

  ids() { return this.answer.changes.filter((one) => this.kept.chosen.has(one.id)).map((one) => one.id); }

  footing() {
    const { foot, answer, estimate, failed } = this, ids = this.ids(), held = foot.contains(document.activeElement);
    foot.hidden = !ids.length;
    foot.setAttribute("aria-busy", String(Boolean(this.reckoning)));
    if (!ids.length) return;
    const mine = answer.changes.filter((one) => ids.includes(one.id)), wanted = estimate ? range(estimate.peak) : "";
    const lacking = mine.filter((one) => one.needs && !one.needs.here).length;
    const press = answer.slug && answer.file ? button(t("tune.make"), () => this.make(ids), { kind: "main", "data-key": "make" })
      : this.asking.workflow ? button(t("tune.open"), () => this.variantOpened(ids), { kind: "main", "data-key": "make", "aria-disabled": this.opening ? "true" : null }) : null;
    const about = press ? (answer.file && answer.slug ? t("tune.writes", { file: visible(answer.file) }) : t("tune.opens")) : visible(said(answer.why_not || ""));
    fill(foot, h("p", { class: "cfs-pair" }, h("b", null, t("tune.with", { n: ids.length })), h("span", { class: this.reckoning ? "cfs-muted" : "cfs-strong" }, this.reckoning ? t("tune.reckoning") : wanted)),
      estimate && bar({ ...estimate, against: answer.target }, { small: true }),
      failed && h("p", { class: "cfs-small" }, visible(said(failed.message)), " ", visible(said(failed.hint))),
      effects(mine) && h("p", { class: "cfs-small cfs-muted" }, effects(mine)),
      press, h("p", { class: "cfs-small cfs-muted" }, sentences([about, lacking > 0 && t("tune.to_fetch", { n: lacking })])));
    if (held) foot.querySelector("[data-key=make]")?.focus({ preventScroll: true });
  }

  /** The plan of the new version, to be read and approved like any other. */
  make(ids) { this.panel?.work?.plan({ slug: this.answer.slug, tune: { memory_gb: this.gb, changes: ids } }); }

  /** A graph that is in no file gets its variant in a tab beside it. */
  async variantOpened(ids) {
    if (this.opening) return;
    this.opening = true;
    try {
      const { workflow, name } = await this.client.edited(this.asking, this.gb, ids);
      const opened = await this.host.loadGraph(workflow, name);
      this.tell(opened ? t("tune.opened", { name: visible(name) }) : t("workflow.not_opened"));
    } catch (error) {
      const { message, hint } = plain(error);
      this.tell(sentences([message || t("workflow.not_opened"), hint].map((one) => visible(said(one)))));
    }
    this.opening = false;
  }
}
