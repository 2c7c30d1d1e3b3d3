// Building the page: text only ever becomes text, so a file name can never become markup.
const $ = id => document.getElementById(id);

function put(node, props, children) {
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return node;
}
const h = (tag, props, ...children) => put(document.createElement(tag), props, children);
const s = (tag, props, ...children) => put(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
const use = (name, kind) => s("svg", { class: kind, "aria-hidden": "true" }, s("use", { href: "#" + name }));
const icon = name => use("i-" + name, "i");
const mark = status => use("st-" + status, "st " + status);

// A name in one line that keeps its beginning and its end; the whole of it is in the title.
function middle(text, kind) {
  const letters = [...text];
  const suffix = /\.[a-z]{2,11}$/i.exec(text);
  const tail = letters.length > 24 ? Math.min(10 + (suffix ? suffix[0].length : 0), letters.length - 8) : 0;
  return h("span", { class: "mid " + kind, title: tail ? text : null },
    h("span", null, letters.slice(0, letters.length - tail).join("")), h("span", null, tail ? letters.slice(-tail).join("") : ""));
}
// A name in full, which may break after _ / and \.
function whole(text) {
  return !text.trim() ? "(no name)" : text.split(/(?<=[_/\\])/u).flatMap((part, at) => at ? [h("wbr"), part] : [part]);
}
// "2 files · 6.8 GB" breaks at its dots only.
const tight = text => text.includes(" · ") ? text.split(" · ").map(part => part.replaceAll(" ", "\u00a0")).join(" · ") : text;
const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many || one + "s"}`;

let sayTimer = 0;
function say(text) {
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => { const place = $("say"); if (place) place.textContent = text; }, 250);
}
async function copy(text, button) {
  let done = false;
  try { await navigator.clipboard.writeText(text); done = true; } catch { done = copyByHand(text); }
  say(done ? "Copied." : "The browser did not allow copying.");
  const label = button && button.lastChild;
  if (!label || label.nodeType !== 3 || button.dataset.busy) return;
  const before = label.data;
  button.dataset.busy = "1";
  label.data = done ? "Copied" : "Not allowed";
  setTimeout(() => { label.data = before; delete button.dataset.busy; }, 1600);
}
function copyByHand(text) {
  const field = h("textarea", { class: "sr", readonly: true });
  const focus = document.activeElement;
  field.value = text;
  document.body.append(field);
  field.select();
  let done = false;
  try { done = document.execCommand("copy"); } catch { /* not offered: said below */ }
  field.remove();
  if (focus) focus.focus();
  return done;
}
