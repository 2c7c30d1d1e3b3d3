// The list: search, filters, sort, rows that open. Only what is shown is built.
const PAGE = 100;
const state = { words: [], only: new Set(), sort: "near", step: null, limit: PAGE, current: null, shown: [] };
const list = $("rows");

const lazy = "IntersectionObserver" in window
  ? new IntersectionObserver(seen => { for (const one of seen) if (one.isIntersecting) drawThumb(one.target); }, { rootMargin: "300px" })
  : null;
const waiting = new Map();
function drawThumb(place) {
  const row = waiting.get(place);
  if (lazy) lazy.unobserve(place);
  if (row && waiting.delete(place)) place.replaceWith(thumb(row));
}
function build(row) {
  const status = data.order[row.status];
  const place = s("svg", { class: "thumb", "aria-hidden": "true" });
  const path = h("span", { class: "path" });
  const button = h("button", { type: "button", class: "hit", tabindex: "-1", "aria-expanded": "false", onclick: () => toggle(row), onfocus: () => setCurrent(row) },
    place, h("span", { class: "what" }, middle(row.name, "name"), path),
    h("span", { class: "is", "data-away": tight(row.away) }, mark(status), data.labels[status]),
    h("span", { class: "away num" }, tight(row.away)),
    h("span", { class: "when" }, row.tag && h("span", { class: "tag " + row.tag.tone, title: new Date(row.tag.when * 1000).toLocaleString() }, row.tag.label)),
    icon("fold"));
  row.button = button;
  row.path = path;
  row.element = h("li", null, button);
  waiting.set(place, row);
  if (lazy) lazy.observe(place); else drawThumb(place);
  return row.element;
}
function showPath(row, because) {
  if (row.because === because) return;
  row.because = because;
  row.path.replaceChildren(...(because ? [row.folder ? row.folder + " · " : "", h("b", null, because)] : [row.folder || " "]));
  row.path.title = row.folder;
}
const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;
const orders = {
  near: (a, b) => a.near - b.near,
  name: (a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()) || a.near - b.near,
  status: (a, b) => a.status - b.status || a.near - b.near,
  changed: (a, b) => (b.tag ? b.tag.when : 0) - (a.tag ? a.tag.when : 0) || a.near - b.near,
};
function draw() {
  const { words, only, step } = state;
  const found = [];
  for (const row of rows) {
    if (only.size && !only.has(row.status)) continue;
    if (step !== null && !data.steps[step].rows.includes(row.near)) continue;
    const hit = words.length ? match(row, words) : { because: "" };
    if (hit) { found.push(row); row.hit = hit.because; }
  }
  state.shown = found.sort(orders[state.sort]);
  const visible = found.slice(0, state.limit);
  const elements = visible.map(row => row.element || build(row));
  for (const row of visible) showPath(row, row.hit);
  list.replaceChildren(...elements);
  if (!visible.includes(state.current)) setCurrent(visible[0] || null);
  describe(found.length, visible.length);
}
function describe(count, visible) {
  $("shown").textContent = count ? `${visible.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown.` : "";
  $("all").hidden = visible >= count;
  $("all").textContent = `Show all ${count.toLocaleString("en")}`;
  const none = $("none");
  none.hidden = count > 0;
  if (!count) none.replaceChildren(state.words.length ? `No workflow matches “${$("q").value.trim()}”. ` : "No workflow has this status. ",
    h("button", { type: "button", class: "link", onclick: clear }, "Clear the filter"));
  say(count ? `${plural(count, "workflow")} shown` : "No workflow matches.");
}
function setCurrent(row) {
  if (state.current && state.current.button) state.current.button.tabIndex = -1;
  state.current = row;
  if (row && row.button) row.button.tabIndex = 0;
}
function toggle(row, open = !row.detail) {
  if (open === Boolean(row.detail)) return;
  row.element.classList.toggle("open", open);
  row.button.setAttribute("aria-expanded", String(open));
  if (open) {
    row.detail = detail(row);
    row.element.append(row.detail);
    row.button.setAttribute("aria-controls", row.detail.id);
    remember("#w=" + encodeURIComponent(row.slug));
  } else {
    row.detail.remove();
    row.detail = null;
    row.button.removeAttribute("aria-controls");
    if (location.hash === "#w=" + encodeURIComponent(row.slug)) remember("#");
  }
}
function remember(hash) {
  try { history.replaceState(null, "", hash); } catch { /* some browsers forbid it for files on disk */ }
}
// A link to one workflow: clear what would hide it, open it, bring it into view.
function follow() {
  const found = /^#w=(.+)$/.exec(location.hash);
  let row = null;
  try { row = found && bySlug.get(decodeURIComponent(found[1])); } catch { /* a damaged link leads nowhere */ }
  if (!row) return;
  if (!state.shown.includes(row)) clear();
  if (state.shown.indexOf(row) >= state.limit) { state.limit = Infinity; draw(); }
  toggle(row, true);
  row.element.scrollIntoView({ block: "start" });
  row.button.focus({ preventScroll: true });
}
function clear() {
  state.words = [];
  state.only.clear();
  state.step = null;
  $("q").value = "";
  marks();
  draw();
}
function setSort(sort) {
  state.sort = sort;
  marks();
  draw();
}
function toggleStatus(status) {
  if (status === null) state.only.clear();
  else if (!state.only.delete(status)) state.only.add(status);
  marks();
  draw();
}
function setStep(step) {
  state.step = step;
  marks();
  draw();
}
// The buttons show what the state says.
function marks() {
  for (const chip of document.querySelectorAll(".chip"))
    chip.setAttribute("aria-pressed", String(chip.dataset.status === "" ? !state.only.size : state.only.has(Number(chip.dataset.status))));
  for (const head of document.querySelectorAll("[data-sort]")) head.setAttribute("aria-pressed", String(head.dataset.sort === state.sort));
  $("order").value = state.sort;
  const place = $("step");
  place.hidden = state.step === null;
  if (state.step !== null) place.replaceChildren(h("span", { class: "muted" }, "Only those that run after"),
    h("button", { type: "button", title: "Show all again", onclick: () => setStep(null) }, data.steps[state.step].title, icon("x")));
}
