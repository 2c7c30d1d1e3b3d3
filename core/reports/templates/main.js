// Wires the page: theme, buttons, keys. Everything works from a file on disk.
function theme(to) {
  if (to) document.documentElement.dataset.theme = to; else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-to]")) button.setAttribute("aria-pressed", String(button.dataset.themeTo === to));
}
const KEPT = "comfyfixersmart.theme";
function themeButtons() {
  let kept = "";
  try { kept = localStorage.getItem(KEPT) || ""; } catch { /* storage may be forbidden: then nothing is kept */ }
  theme(kept === "light" || kept === "dark" ? kept : "");
  for (const button of document.querySelectorAll("[data-theme-to]")) button.addEventListener("click", () => {
    theme(button.dataset.themeTo);
    try { localStorage.setItem(KEPT, button.dataset.themeTo); } catch { /* as above */ }
  });
}
function age() {
  const days = Math.floor((Date.now() / 1000 - data.when) / 86400);
  if (days >= 2) $("age").textContent = `, ${plural(days, "day")} ago`;
}
function step(by) {
  const shown = state.shown.slice(0, state.limit);
  if (!shown.length) return;
  const inside = list.contains(document.activeElement);
  const at = shown.indexOf(state.current);
  const to = shown[Math.min(Math.max(inside ? at + by : at, 0), shown.length - 1)];
  to.button.focus();
}
const sorts = ["near", "name", "status", "changed"];
function back() {
  const row = state.current;
  const within = row && row.element && row.element.contains(document.activeElement);
  if (within && row.detail) { toggle(row, false); row.button.focus(); }
  else if (state.words.length || state.only.size || state.step !== null) clear();
}
const keys = {
  "/": () => $("q").focus(),
  j: () => step(1), k: () => step(-1),
  s: () => setSort(sorts[(sorts.indexOf(state.sort) + 1) % sorts.length]),
  0: () => toggleStatus(null),
  c: () => {
    const row = state.current;
    const button = row && row.detail && row.detail.querySelector("[data-report]");
    if (button) button.click();
  },
  Escape: back,
};
for (let number = 1; number <= 5; number += 1) keys[number] = () => toggleStatus(number - 1);

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const field = event.target.closest("input, select, textarea");
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (field && field.id === "q") {
    if (event.key === "Escape") { if (field.value) { field.value = ""; search(); } else field.blur(); }
    else if (arrow === 1) step(1);
    else return;
  } else if (field) return;
  // The arrows scroll the page, as everywhere, until focus is in the list.
  else if (arrow && event.target.classList.contains("hit")) step(arrow);
  else if (Object.hasOwn(keys, event.key)) keys[event.key]();
  else return;
  event.preventDefault();
}
function search() {
  state.words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
  draw();
}
function start() {
  themeButtons();
  age();
  for (const button of document.querySelectorAll("[data-copy-step]"))
    button.addEventListener("click", () => copy(data.steps[button.dataset.copyStep].text, button));
  if (!list) return;
  $("q").addEventListener("input", search);
  $("order").addEventListener("change", event => setSort(event.target.value));
  $("all").addEventListener("click", () => { state.limit = Infinity; draw(); });
  for (const chip of document.querySelectorAll(".chip"))
    chip.addEventListener("click", () => toggleStatus(chip.dataset.status === "" ? null : Number(chip.dataset.status)));
  for (const head of document.querySelectorAll("[data-sort]")) head.addEventListener("click", () => setSort(head.dataset.sort));
  for (const button of document.querySelectorAll("[data-step]")) button.addEventListener("click", () => {
    setStep(Number(button.dataset.step));
    $("t-list").scrollIntoView({ block: "start" });
    if (state.current) state.current.button.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", () => { for (const place of [...waiting.keys()]) drawThumb(place); });
  marks();
  draw();
  follow();
}
start();
