// "Will it fit?": a bar of what is on the GPU at the heaviest moment, against the memory there is, and a sentence.

import { h } from "../base/dom.mjs";
import { bytes } from "../base/format.mjs";
import { visible, whole } from "../base/names.mjs";
import { said } from "../base/said.mjs";
import { t } from "../base/texts.mjs";
import { sentences } from "./rows.mjs";

const GB = 1e9;
export const SIZES = [6, 8, 12, 16, 24]; // GB that a person may ask about
export const OWN = 0; // instead of a size: what this machine has
const PARTS = ["diffusion", "text_encoder", "vae", "other"];
const TONES = { whole: "good", cpu: "", parts: "warn", tight: "warn", not: "bad", unsure: "warn" };

const sum = (all) => all.reduce((total, one) => total + one.bytes, 0);
const likely = (range) => range?.[1] ?? 0;
const whole1 = (range) => likely(range?.weights) + likely(range?.working);

/** The moment at which most is on the GPU; null where none was counted, and where there is no GPU: then all of it counts. */
const heaviest = (fit) => fit.fit === "cpu" ? null : fit.stages.reduce((best, one) => (best && whole1(best) >= whole1(one) ? best : one), null);

/** Of which parts the weights of that moment are: the choice of parts that adds up to them; null where none does. */
function partsOf(fit, weights) {
  const there = PARTS.filter((key) => likely(fit.parts[key]) > 0);
  let best = null;
  for (let mask = 0; mask < 2 ** there.length; mask += 1) {
    const keys = there.filter((_, at) => mask & (1 << at)), off = Math.abs(keys.reduce((sum, key) => sum + likely(fit.parts[key]), 0) - weights);
    if (!best || off < best.off) best = { keys, off };
  }
  return best && best.off <= Math.max(weights * 0.03, 1e6) ? best.keys : null;
}

/** What it comes to: of the GPU's memory, or of RAM where there is no GPU. */
export const wants = (fit) => (fit.fit === "cpu" ? fit.ram : fit.peak);

/** What stands in the bar: [{key, bytes}], weights before working memory; "more" is what it may come to beyond. */
export function segments(fit) {
  const stage = heaviest(fit), weights = likely(stage?.weights), working = stage?.working ?? fit.parts.working ?? [0, 0, 0];
  const keys = stage ? partsOf(fit, weights) : fit.fit === "cpu" ? PARTS : null;
  const held = keys ? keys.map((key) => ({ key, bytes: likely(fit.parts[key]) })) : [{ key: "weights", bytes: weights || likely(wants(fit)) - working[1] }];
  return [...held, { key: "working", bytes: working[0], all: working }, { key: "more", bytes: wants(fit)[2] - sum(held) - working[0] }].filter((one) => one.bytes > 0);
}

/** Parts that are not there at the heaviest moment. */
function elsewhere(fit) {
  const stage = heaviest(fit), keys = stage && partsOf(fit, likely(stage.weights));
  return keys ? PARTS.filter((key) => likely(fit.parts[key]) > 0 && !keys.includes(key)) : [];
}

/** The memory of a GPU as its box says it, which counts in powers of two: 17,179,869,184 bytes are "16 GB". */
export function gpuSize(count) {
  const near = Math.round(count / 2 ** 30), off = Math.abs(count / 2 ** 30 - near);
  return near > 0 && off < 0.03 * near && count % GB ? t("tune.size", { n: near }) : bytes(count);
}

/** Bytes of the machine's GPU; null where there is none or it is not known. */
export const gpuMemory = (machine) => (machine?.kind !== "cpu" && machine?.memory) || null;

const inGb = (count) => (count / GB).toFixed(1);

/** "13.0 to 14.4 GB", "about 9.1 GB"; "" where nothing was counted. */
export function range([low, , high] = [0, 0, 0]) {
  if (!high) return "";
  if (high < GB) return low === high ? bytes(high) : t("understanding.fit.range", { low: bytes(low), high: bytes(high) });
  return inGb(low) === inGb(high) ? bytes(high) : t("understanding.fit.range", { low: inGb(low), high: bytes(high) });
}

/** The bar alone; a sentence is its name. */
export function bar(fit, { small = false } = {}) {
  if (!wants(fit)[2]) return null;
  const all = segments(fit), most = sum(all), memory = fit.against || 0, scale = Math.max(memory * (most > memory ? 1.04 : 1), most, 1);
  const share = (count) => `${((100 * count) / scale).toFixed(2)}%`;
  return h("div", { class: `cfs-memory${small ? " cfs-memory-small" : ""}`, role: "img", "aria-label": barName(fit, all) },
    h("div", { class: "cfs-memory-bar" }, all.map((one) => h("i", { class: `cfs-mem-${one.key}`, style: { width: share(one.bytes) } })), memory > 0 && most > memory && [h("b", { class: "cfs-memory-over", style: { left: share(memory) } }), h("b", { class: "cfs-memory-end", style: { left: share(memory) } })]));
}

function barName(fit, all) {
  const parts = all.filter((one) => one.key !== "more").map((one) => `${t(`understanding.fit.part.${one.key}`)} ${one.key === "working" ? range(one.all) : bytes(one.bytes)}`).join(t("list.comma"));
  const wanted = range(wants(fit));
  return fit.against ? t("understanding.fit.bar_of", { wanted, parts, memory: gpuSize(fit.against) }) : t("understanding.fit.bar", { wanted, parts });
}

function legend(fit) {
  const all = segments(fit);
  const told = sum(all.filter((one) => !["working", "more"].includes(one.key))) + (all.find((one) => one.key === "working")?.all[2] ?? 0);
  const open = wants(fit)[2] > told * 1.03; // else the range of the working memory says it
  return h("ul", { class: "cfs-memory-legend" }, all.filter((one) => one.key !== "more" || open).map((one) => h("li", null, h("i", { class: `cfs-mem-${one.key}` }),
    h("span", { class: "cfs-num" }, one.key === "more" ? t("understanding.fit.most", { size: bytes(wants(fit)[2]) }) : `${t(`understanding.fit.part.${one.key}`)} ${one.key === "working" ? range(one.all) : bytes(one.bytes)}`))));
}

/** Yes, partly, no: in one word where the estimate says which, with what is wanted. */
function answer(fit) {
  const line = fit.line && said(fit.line);
  if (line) return line;
  const wanted = range(wants(fit));
  return wanted ? t("understanding.fit.wanted", { wanted }) : t("understanding.fit.nothing");
}

/**
 * The block of an explained workflow. `machine`: {name, kind, memory, …} or null; `tune(gb)` opens what would make it fit;
 * null where nothing can be tuned.
 */
export function fitBlock(fit, machine, tune) {
  const away = elsewhere(fit), drawn = bar(fit), target = wantedSize(fit, machine);
  const more = [fit.note && said(fit.note), !fit.note && away.length > 0 && t("understanding.fit.elsewhere", { parts: away.map((key) => `${t(`understanding.fit.part.${key}`)} (${bytes(likely(fit.parts[key]))})`).join(t("list.comma")) })].filter(Boolean);
  return [
    h("div", { class: "cfs-fit-head" }, h("p", { class: `cfs-strong cfs-fit-${TONES[fit.fit] || "plain"}` }, visible(answer(fit))), h("p", { class: "cfs-muted cfs-small" }, drawn && (machine?.name ? whole(machine.name) : t("understanding.fit.no_machine")))),
    drawn, drawn && legend(fit),
    (more.length > 0 || (tune && drawn)) && h("p", { class: "cfs-small cfs-muted cfs-fit-note" }, sentences(more.map(visible)), more.length > 0 && " ",
      tune && drawn && h("button", { type: "button", class: "cfs-link", "data-key": "tune", onclick: () => tune(target) }, target === OWN ? t("understanding.fit.tune_own") : target ? t("understanding.fit.tune", { n: target }) : t("understanding.fit.tune_any"))),
    doubts(fit),
  ];
}

/** The memory to propose, in GB: the machine's own where it does not fit whole, else a smaller one that people have. */
function wantedSize(fit, machine) {
  if (fit.fit && fit.fit !== "whole" && fit.fit !== "cpu" && machine?.memory) return OWN;
  const low = fit.peak[0] / GB, smaller = SIZES.filter((one) => one < low);
  return smaller.length ? (smaller.includes(8) ? 8 : smaller.at(-1)) : null;
}

/** What was not counted, and what was taken for granted: folded, since most never ask. */
function doubts({ unknown, assumed, sources }) {
  const rows = [["unknown", unknown], ["assumed", assumed], ["sources", sources]].filter(([, all]) => all?.length);
  if (!rows.length) return null;
  const open = unknown?.length > 0, body = h("dl", { class: "cfs-doubts", hidden: true }, rows.map(([key, all]) => [h("dt", null, t(`understanding.fit.${key}`)), all.map((one) => h("dd", null, visible(said(one))))]));
  const head = h("button", { type: "button", class: "cfs-link cfs-quiet-link", "aria-expanded": "false", onclick: () => {
    body.hidden = !body.hidden;
    head.setAttribute("aria-expanded", String(!body.hidden));
  } }, t(open ? "understanding.fit.doubts" : "understanding.fit.how"));
  return h("div", { class: "cfs-fit-doubts" }, head, body);
}
