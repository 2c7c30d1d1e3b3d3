// Builds the page. Text only ever becomes text and addresses are checked, so no name in a workflow can become markup.

const SVG = "http://www.w3.org/2000/svg"; // the name of a vocabulary, never asked for
const SVG_TAGS = new Set(["svg", "path", "circle", "rect", "g", "line", "polyline", "polygon", "text", "title", "ellipse"]);
const SAFE_ADDRESS = /^(https?:|blob:|#|\.{0,2}\/|[\w.-]+(\/|$))/i;

/**
 * Makes an element: `h("button", { class: "x", onclick: fn, "aria-label": "…" }, "text", child, [more])`.
 * Properties: `on…` functions become listeners, `true` an empty attribute, `null`, `undefined` and `false` none
 * (`aria-*` keep "false"), `style` is an object of CSS properties, `ref` is called with the element.
 * Children: nodes, texts, numbers, nested lists; `null`, `undefined`, `false` and `true` are left out.
 */
export function h(tag, props, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  append(element, children);
  props?.ref?.(element);
  return element;
}

/** Sets one property as `h` does; `null` removes an attribute. */
export function set(element, name, value) {
  if (name === "ref") return;
  if (name.startsWith("on")) {
    if (typeof value === "function") element.addEventListener(name.slice(2).toLowerCase(), value);
    return; // a text would be code
  }
  if (name === "style") {
    for (const [property, one] of Object.entries(value ?? {})) element.style.setProperty(property, String(one));
    return;
  }
  const shown = name.startsWith("aria-") && typeof value === "boolean" ? String(value) : value;
  if (shown === null || shown === undefined || shown === false) return element.removeAttribute(name);
  if ((name === "href" || name === "src") && !SAFE_ADDRESS.test(String(shown))) return;
  if (name === "srcdoc") return;
  element.setAttribute(name, shown === true ? "" : String(shown));
}

export function append(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || typeof child === "boolean") continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Puts these children in place of what is there. */
export function fill(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

/** Changes an element's text only when it differs, so that a screen reader is not told twice. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Calls `work` once per frame, however often it is asked. */
export function perFrame(work) {
  let asked = 0;
  const run = () => { asked = 0; work(); };
  const ask = () => { if (!asked) asked = requestAnimationFrame(run); };
  ask.cancel = () => { cancelAnimationFrame(asked); asked = 0; };
  return ask;
}

/**
 * A place whose content is made anew only when its `signature` changed: what is being read or pressed stays put.
 * An element with the same `data-focus` gets the focus back. Empty content hides the place.
 */
export function slot(tag, props) {
  const element = h(tag, { hidden: true, ...props });
  let known;
  const update = (signature, build) => {
    const text = JSON.stringify(signature);
    if (text === known) return;
    known = text;
    const held = element.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    fill(element, build());
    element.hidden = !element.hasChildNodes();
    if (held) [...element.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === held)?.focus({ preventScroll: true });
  };
  return { element, update };
}
