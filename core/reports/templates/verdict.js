// Where a missing thing can be had, as far as the evidence goes: RESOLVED, UNCERTAIN or NOT FOUND.
const FOUND = 0, UNSURE = 1, NOWHERE = 2;
const LOOKS = [["found", "shield"], ["unsure", "circle"], ["nowhere", "struck"]];
const SHOWN = 3;

function verdictBox(found) {
  const [look, sign] = LOOKS[found.state];
  const settled = found.state === FOUND && found.offers.length > 0;
  return h("div", { class: "box verdict" },
    h("p", { class: "word " + look }, h("span", null, icon(sign), data.words[found.state]), h("span", { class: "num" }, found.aside)),
    settled ? settledBy(found) : [h("p", { class: "why" }, found.why), candidates(found.offers)],
    found.silent.map(one => h("p", { class: "silent" }, icon("silent"), h("span", null, whole(one)))),
    found.places.length > 0 && h("ul", { class: "places" }, found.places.map(([place, heard]) => h("li", null, h("span", null, place), h("span", { class: "muted" }, whole(heard))))),
    found.settle.length > 0 && h("div", { class: "settle" }, h("p", null, "What would settle it"), h("ul", null, found.settle.map(one => h("li", null, one)))),
    how(found));
}
function settledBy(found) {
  const [one] = found.offers;
  return [
    h("p", { class: "where" }, pageLink(one)), one.file && h("p", { class: "muted" }, whole(one.file)),
    h("p", null, one.about, found.belongs && " " + found.belongs),
    h("p", { class: "muted why" }, "Why: ", found.why, found.chosen && " " + found.chosen),
    one.against && h("p", null, h("b", { class: "against" }, "Mind: "), one.against),
    found.mirrors.length > 0 && h("p", { class: "muted" }, "The very same file: ", found.mirrors.join("; ") + "."),
  ];
}
// Ranked, and none is chosen for the person.
function candidates(offers) {
  if (!offers.length) return null;
  const item = one => h("li", null,
    h("p", { class: "where" }, h("span", null, pageLink(one)), h("span", { class: "num" }, one.amount)),
    one.file && h("p", { class: "muted" }, whole(one.file)),
    one.fits && h("p", null, h("b", { class: "fits" }, "Fits: "), one.fits),
    one.against && h("p", null, h("b", { class: "against" }, "Against: "), one.against),
    h("p", { class: "muted" }, one.about));
  const rest = offers.slice(SHOWN);
  return [h("ol", { class: "offers" }, offers.slice(0, SHOWN).map(item)),
    rest.length > 0 && h("details", { class: "how" }, h("summary", null, `${rest.length} more`), h("ol", { class: "offers", start: SHOWN + 1 }, rest.map(item)))];
}
// Only the web's own schemes become links, and no address that hides its host behind a user name.
function pageLink(one) {
  let fine = false;
  try {
    const { protocol, host, username, password } = new URL(one.page);
    fine = (protocol === "https:" || protocol === "http:") && host && !username && !password;
  } catch { /* not an address */ }
  if (!fine) return whole(one.title);
  return h("a", { class: "link", href: one.page, rel: "noopener noreferrer", target: "_blank", title: one.page }, whole(one.title));
}
function how(found) {
  if (!found.steps.length) return null;
  return h("details", { class: "how" }, h("summary", null, found.state === NOWHERE ? "How it was looked for" : "How it was found"), found.looked && h("p", { class: "muted" }, found.looked),
    h("ol", null, found.steps.map(one => h("li", { class: one.mute ? "mute" : null },
      h("b", null, one.source), " ", whole(one.did), " ", h("span", { class: "muted" }, "→ ", whole(one.outcome))))),
    found.more > 0 && h("p", { class: "muted" }, `and ${found.more} more, all in the JSON report`));
}
// The same in one line, for the report to copy.
function verdictLine(found) {
  const [one] = found.offers;
  const said = found.state === FOUND && one ? [one.title, one.amount].filter(Boolean).join(", ") : [found.aside, found.why].filter(Boolean).join(": ");
  return `${data.words[found.state].toLowerCase()}: ${said}`;
}
