// What a person does from a workflow's page: go to a node, open a workflow, copy something; and the line that answers.

import { h } from "../base/dom.mjs";
import { icon } from "../base/icons.mjs";
import { visible } from "../base/names.mjs";
import { t } from "../base/texts.mjs";

/** Of a page with {store, host, element, workflow, live, onCanvas(), draw()}. */
export class Deeds {
  /** A node's name: a button that goes there, or opens the workflow first; text where neither can be. */
  node({ id, title: name, class_type: type }, { quiet = false } = {}) {
    const called = name && name !== type ? name : this.host.displayName?.(type) ?? type;
    const label = [visible(called || t("workflow.node")), " ", h("span", { class: "cfs-id" }, id)];
    const here = this.onCanvas();
    if (!here && !this.path()) return h("span", { class: "cfs-node" }, h("span", null, label));
    const props = { type: "button", class: "cfs-node", "data-key": `node-${id}`, onclick: () => (here ? this.go(id) : this.open(id)) };
    if (here) return h("button", { ...props, title: t("workflow.go") }, icon("target"), h("span", null, label));
    return h("button", { ...props, title: t("workflow.open_first") }, icon("open"), h("span", null, !quiet && [h("span", { class: "cfs-id" }, t("workflow.open_word")), " "], label));
  }

  path() { return this.workflow?.path ?? null; }

  go(id) {
    if (!this.host.goToNode(id)) this.tell(t("workflow.gone", { id }));
  }

  async open(id = null) {
    try {
      if (!(await this.host.openWorkflow(this.path()))) return this.tell(t("workflow.not_opened"));
      this.draw();
      if (id !== null) this.go(id);
    } catch (error) {
      this.tell(t("workflow.not_opened"), error);
    }
  }

  async copy(text, from) {
    const done = await this.host.copy(text);
    this.tell(t(done ? "workflow.copied" : "workflow.not_copied"));
    if (!done) return;
    from.classList.add("cfs-done");
    setTimeout(() => from.classList.remove("cfs-done"), 1500);
  }

  /** Another version: on the canvas where this page follows the canvas, else its page. */
  async openVersion({ slug, path }) {
    if (!this.live || !path) return this.store.go({ page: "workflow", slug });
    const opened = await this.host.openWorkflow(path).catch(() => false);
    return opened || this.tell(t("workflow.not_opened"));
  }

  /** One line for the person, said to screen readers too; it goes away by itself. */
  tell(text, error = null) {
    if (error) console.warn("ComfyFixerSmart:", error);
    this.element.querySelector(".cfs-told")?.remove();
    const line = h("p", { class: "cfs-told", role: "status" });
    this.element.append(line);
    line.textContent = text;
    setTimeout(() => line.remove(), 4000);
  }
}
