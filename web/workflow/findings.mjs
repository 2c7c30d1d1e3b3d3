// What was found in one workflow, in groups: name, code, message, the nodes, one evidence box per word, what to do.

import { h } from "../base/dom.mjs";
import { bytes, listed, pack } from "../base/format.mjs";
import { icon, statusIcon } from "../base/icons.mjs";
import { visible, whole, within } from "../base/names.mjs";
import { iconButton } from "../base/parts.mjs";
import { said } from "../base/said.mjs";
import { has, number, t } from "../base/texts.mjs";

const GROUPS = [["models", "file"], ["packs", "pack"], ["values", "link"], ["inputs", "image"], ["file", "warn"], ["know", "info"]];
const INPUTS = 3;
const KNOW = 5; // the group that informs and never colours the verdict
const NODES = 6; // shown before "and 3 more"
const WORDS = { "ON THIS DISK": ["here", "check"], "IN THE WORKFLOW": ["claimed", "file"] };
const FIXES = {
  move: "move", relink: "link", link: "link", download: "get", replace: "get", install_pack: "pack", enable_pack: "pack",
  update: "again", choose: "image", wait: "info",
};
const GETS = new Set(["download", "install_pack"]);

/**
 * The groups that have something, local fixes first as the server orders them.
 * `page`: {codes() → Promise of the paragraphs, node(node, how) → element, fold: Set of folded groups, copy(text, button),
 * base: ComfyUI's folder, more(finding) → a way on from a line of "Good to know", or null, verdict(finding) → the box of its look-up or null, at(finding) → its place in the report}.
 */
export function findingGroups(findings, page) {
  return GROUPS.flatMap(([name, sign], at) => {
    const mine = findings.filter((one) => one.group === at);
    return mine.length ? [group(name, sign, at, mine, page)] : [];
  });
}

function group(name, sign, at, mine, page) {
  const count = mine.reduce((sum, one) => sum + Math.max(one.names?.length ?? 1, 1), 0);
  const id = `cfs-group-${name}`;
  const body = h("div", { id, hidden: page.fold.has(name) }, mine.map((one) => (at === KNOW ? known(one, page) : finding(one, page))));
  const head = h("button", {
    type: "button", class: "cfs-group-head", "aria-expanded": !page.fold.has(name), "aria-controls": id, "data-key": id,
    onclick: () => {
      body.hidden = !body.hidden;
      head.setAttribute("aria-expanded", String(!body.hidden));
      page.fold[body.hidden ? "add" : "delete"](name);
    },
  }, icon(sign), t(`workflow.group.${name}`), h("span", { class: "cfs-count" }, number(count)), h("span", { class: "cfs-grow" }), icon("down"));
  return h("section", { class: `cfs-group cfs-group-${name}` }, h("h3", null, head), body);
}

// Several types that one pack brings are one finding under the pack's name.
const nameOf = (one) => ((one.names?.length ?? 0) > 1 && one.pack ? pack(one.pack) : one.name);

function finding(one, page) {
  const many = (one.names?.length ?? 0) > 1;
  return h("article", { class: "cfs-finding", "data-at": page.at(one) },
    h("div", { class: "cfs-finding-head" },
      h("h4", { tabindex: -1 }, one.weight === "unknown" && statusIcon("unknown"), whole(nameOf(one) || one.title)), code(one, page)),
    h("p", { class: "cfs-say" }, visible(said(one.message)), unsaid(one)),
    many && h("p", { class: "cfs-say" }, whole(one.names.join(", "))),
    nodes(one, page),
    boxes(one, page),
    page.verdict(one)?.element,
    one.fixes.length ? one.fixes.map((each) => fix(each.text, each.kind === "choose" && one.group !== INPUTS ? "" : FIXES[each.kind], GETS.has(each.kind) ? "cfs-gets" : "")) : next(one));
}

/** What to do where the check has no fix to offer: by code, else by the kind of answer. */
function next({ code: name, weight }) {
  const key = [`${name}_${weight}`, name].map((one) => `workflow.next.${one}`).find(has);
  return key ? fix(t(key), "", "cfs-next") : null;
}

/** A line of "Good to know": code and sentence. */
function known(one, page) {
  return h("article", { class: "cfs-finding cfs-known", "data-at": page.at(one) },
    h("div", { class: "cfs-finding-head" }, h("p", null, nameOf(one) && [h("b", null, whole(nameOf(one))), " "], visible(said(one.message))), code(one, page)),
    nodes(one, page), page.more?.(one));
}

/** The folders, where the message does not name them already. */
function unsaid({ message, folders }) {
  const left = (folders ?? []).filter((folder) => !message.includes(folder));
  return left.length > 0 && ` ${t("workflow.reads", { folders: listed(left.map(visible)) })}`;
}

/** The finding's code; pressed, its paragraph stands below the name. */
function code(one, page) {
  const button = h("button", {
    type: "button", class: "cfs-code", "aria-expanded": "false", title: one.title || null, "data-key": `code-${one.code}-${one.name}`,
    "aria-label": t("workflow.about_code", { code: one.code }),
    onclick: async () => {
      const head = button.closest(".cfs-finding-head"), old = head.nextElementSibling;
      if (old?.classList.contains("cfs-about")) {
        old.remove();
        return button.setAttribute("aria-expanded", "false");
      }
      const codes = await page.codes(), about = codes[one.code];
      if (button.getAttribute("aria-expanded") === "true") return;
      button.setAttribute("aria-expanded", "true");
      head.after(h("p", { class: "cfs-about" }, h("b", null, about?.title ?? one.title), " ", about?.text ?? t("workflow.no_code")));
    },
  }, one.code);
  return button;
}

function nodes({ nodes: all }, page) {
  if (!all?.length) return null;
  const list = h("ul", { class: "cfs-nodes" }, all.slice(0, NODES).map((node, at) => h("li", null, page.node(node, { quiet: at > 0 }))));
  if (all.length > NODES) {
    const more = h("button", { type: "button", class: "cfs-link", onclick: () => {
      more.parentNode.replaceWith(...all.slice(NODES).map((node) => h("li", null, page.node(node, { quiet: true }))));
      list.querySelectorAll("button")[NODES]?.focus();
    } }, t("workflow.more_nodes", { n: all.length - NODES }));
    list.append(h("li", null, more));
  }
  return list;
}

/** At most one evidence word per box; what the file claims comes after what this disk shows. */
function boxes(one, page) {
  // What lies on this disk needs no address any more.
  const claims = one.evidence.some((each) => each.word === "ON THIS DISK") ? [] : one.urls ?? [];
  const made = ["ON THIS DISK", "IN THE WORKFLOW", ""].flatMap((word) => {
    const mine = one.evidence.filter((each) => each.word === word);
    const urls = word === "IN THE WORKFLOW" ? claims : [];
    return mine.length || urls.length ? [{ word, mine, urls }] : [];
  });
  return made.map(({ word, mine, urls }, at) => h("div", { class: `cfs-evidence${word === "IN THE WORKFLOW" ? " cfs-claims" : ""}` },
    heading(word, at === 0 ? one.size : 0),
    mine.map((each) => h("p", null, whole(said(each.text)), ...place(each, page.base))),
    urls.map((url) => address(url, page))));
}

function heading(word, size) {
  if (!word && !size) return null;
  const [name, sign] = WORDS[word] ?? [];
  return h("p", { class: "cfs-evidence-head" },
    name && h("span", { class: `cfs-word cfs-word-${name}` }, icon(sign), t(`workflow.evidence.${name}`)),
    h("span", { class: "cfs-grow" }), size > 0 && h("span", null, bytes(size)));
}

const place = ({ text, path }, base) => (path && !text.includes(path)
  ? [h("br"), h("span", { class: "cfs-muted cfs-path", title: visible(path) }, whole(within(path, base)))] : []);

/** An address is text to copy: nothing of this page opens it. */
function address(url, page) {
  const button = iconButton("copy", t("workflow.copy_link"), () => page.copy(url, button));
  return h("div", { class: "cfs-address" }, h("p", null, h("span", { class: "cfs-muted" }, t("workflow.link")), h("span", { class: "cfs-url", title: visible(url), dir: "ltr" }, visible(url))), button);
}

/** `look`: "cfs-gets" where the box of a look-up says how to get it, "cfs-next" where any verdict says what to do. */
function fix(text, sign = "", look = "") {
  return h("p", { class: `cfs-fix ${look}` }, icon(sign || "right"), h("span", null, whole(said(text))));
}
