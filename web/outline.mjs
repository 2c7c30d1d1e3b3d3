// What the graph says of itself: its author's notes, what goes in and comes out, its models by role, packs, counts.

import { h } from "./dom.mjs";
import { pack } from "./format.mjs";
import { icon } from "./icons.mjs";
import { visible, whole } from "./names.mjs";
import { has, number, t } from "./texts.mjs";

const SHOWN = 400; // characters of a note before it is folded

/** The sections of the explanation. `page.node(node)` gives the element that goes to a node. */
export function outlineSections(outline, page) {
  if (!outline) return [h("p", { class: "cfs-section cfs-muted" }, t("workflow.explain.none"))];
  const { counts, notes, groups, models, inputs, outputs, packs } = outline;
  return [
    section("inputs", inputs.map((one) => line(one.name || t("workflow.explain.chosen_later"), page.node(asNode(one)))), t("workflow.explain.no_inputs")),
    section("outputs", outputs.map((one) => h("li", null, page.node(asNode(one)))), t("workflow.explain.no_outputs")),
    section("models", models.map((one) => model(one, page))),
    section("notes", notes.map((one) => note(one, page))),
    section("groups", groups.map((title) => h("li", null, icon("flow"), h("span", null, visible(title)))), "", "cfs-plain"),
    section("packs", packs.map((one) => line(one.name ? pack(one.name) : t("workflow.explain.unknown_pack"), t("workflow.nodes", { n: one.nodes })))),
    h("section", { class: "cfs-section" }, h("p", { class: "cfs-muted" }, size(counts), " ", t("workflow.explain.source"))),
  ].filter(Boolean);
}

function section(name, rows, empty = "", look = "cfs-table") {
  if (!rows.length && !empty) return null;
  return h("section", { class: "cfs-section" },
    h("h3", null, t(`workflow.explain.${name}`), rows.length > 1 && h("span", { class: "cfs-count" }, number(rows.length))),
    rows.length ? h("ul", { class: look }, rows) : h("p", { class: "cfs-muted" }, empty));
}

const asNode = (one) => ({ id: one.node_id, title: one.title, class_type: one.class_type });

const line = (name, ...about) => h("li", null, h("b", null, whole(name)), h("span", { class: "cfs-muted" }, ...about));

/** A file and its role: what the folder it is read from holds. */
function model(one, page) {
  const [folder] = one.folders, role = `workflow.role.${folder}`;
  const about = folder ? (has(role) ? t(role) : visible(folder)) : t("workflow.explain.no_folder");
  return h("li", { class: one.active ? null : "cfs-off" },
    h("b", null, whole(one.name)),
    h("span", { class: "cfs-muted" }, about, !one.active && ` · ${t("workflow.explain.off")}`),
    page.node({ id: one.node_id, title: one.class_type, class_type: one.class_type }));
}

function note(one, page) {
  const text = one.text.split(/\r?\n/).map((row) => visible(row.replaceAll("\t", "  "))).join("\n"), long = text.length > SHOWN;
  const body = h("p", { class: "cfs-note-text", dir: "auto" }, long ? `${text.slice(0, SHOWN)}…` : text);
  const more = long && h("button", { type: "button", class: "cfs-link", "aria-expanded": "false", onclick: () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    body.textContent = open ? text : `${text.slice(0, SHOWN)}…`;
    more.setAttribute("aria-expanded", String(open));
    more.textContent = t(open ? "workflow.explain.less" : "workflow.explain.all");
  } }, t("workflow.explain.all"));
  return h("li", null, page.node({ id: one.id, title: one.title || t("workflow.explain.note"), class_type: "" }), body, more);
}

function size(counts) {
  const off = counts.muted + counts.bypassed, out = [t("workflow.nodes", { n: counts.nodes })];
  if (off) out.push(t("workflow.explain.switched_off", { n: off }));
  if (counts.subgraphs) out.push(t("workflow.explain.subgraphs", { n: counts.subgraphs }));
  return `${out.join(" · ")}.`;
}
