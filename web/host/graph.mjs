// The graph on the canvas: read it, hear it change, open another one.
import { app, comfyApi } from "./comfy.mjs";

const SETTLE = 400; // ms after the last sign of a change
const POLL = 1500; // ms between two looks for what no event told of
const TYPING = 1000; // ms without a key before a look

export const rootGraph = () => app.rootGraph ?? app.graph ?? null;

/** The open graph as UI JSON, as ComfyUI would save it now; null when there is none. */
export function graph() {
  try {
    return rootGraph()?.serialize() ?? null;
  } catch (error) {
    console.warn("ComfyFixerSmart: the open graph could not be read", error);
    return null;
  }
}

const workflows = () => app.extensionManager?.workflow;

/** The workflow of the active tab: {path: "workflows/x.json", name, modified, temporary}; null before one is there. */
export function activeWorkflow() {
  const active = workflows()?.activeWorkflow;
  if (!active) return null;
  const { path, filename, isModified, isTemporary } = active;
  return { path, name: filename ?? path, modified: Boolean(isModified), temporary: Boolean(isTemporary) };
}

/**
 * The open workflow as its file has it, before the frontend touched it; null when it was never saved. Frontend 1.58, on
 * a load, gives nodes inside subgraphs other ids where they equal outer ones, so reports about the file need it.
 */
export function savedGraph() {
  try {
    return JSON.parse(workflows().activeWorkflow.originalContent);
  } catch {
    return null;
  }
}

const allNodes = (level, seen = new Set()) => {
  if (!level || seen.has(level)) return [];
  seen.add(level);
  return (level.nodes ?? level._nodes ?? []).flatMap((node) => [node, ...allNodes(node.subgraph, seen)]);
};

/** A cheap mark of what the verdict depends on: types, modes, values and wires, not places. */
function digest() {
  const wired = (slots) => (slots ?? []).map((slot) => slot.link ?? "").join();
  const values = (node) => (node.widgets ?? []).map((widget) => String(widget.value)).join("\u0001");
  const nodes = allNodes(rootGraph()).map((node) => [node.id, node.type, node.mode, wired(node.inputs), values(node)]);
  return `${activeWorkflow()?.path}\u0002${nodes.join("\u0002")}`;
}

const listeners = new Set();
let stop = null;

/**
 * Hear that the open graph changed: load, edit, undo, switch of tab. Debounced by 400 ms. Gives back the function that
 * stops it.
 *
 * `graphChanged` comes with edits by hand and undo but not with a load; `comfyfixersmart.graph` is our own echo of
 * `afterConfigureGraph`, which comes with every load. Values set by another extension's code come with neither, so
 * the graph is also looked at every 1.5 s, while somebody listens and nobody types.
 */
export function onGraphChange(listener) {
  listeners.add(listener);
  stop ??= listen();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      stop?.();
      stop = null;
    }
  };
}

function listen() {
  let known = digest();
  let typed = 0;
  let timer = 0;
  const tell = () => {
    known = digest();
    for (const listener of [...listeners]) listener();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, SETTLE);
  };
  const key = () => (typed = performance.now());
  const look = () => {
    if (!document.hidden && performance.now() - typed > TYPING && digest() !== known) soon();
  };
  const poll = setInterval(look, POLL);
  const events = ["graphChanged", "comfyfixersmart.graph"];
  for (const event of events) comfyApi.addEventListener(event, soon);
  window.addEventListener("keydown", key, { capture: true, passive: true });
  return () => {
    clearTimeout(timer);
    clearInterval(poll);
    for (const event of events) comfyApi.removeEventListener(event, soon);
    window.removeEventListener("keydown", key, { capture: true });
  };
}

/** Show a saved workflow ("workflows/sub/x.json") in a tab; switches to it where it is open. False when it is gone. */
export async function openWorkflow(path) {
  const store = workflows();
  let workflow = store?.getWorkflowByPath?.(path);
  if (!workflow) {
    await learn(store);
    workflow = store?.getWorkflowByPath?.(path);
  }
  if (!workflow) return false;
  if (store.isActive(workflow)) return true;
  if (!workflow.isLoaded) await workflow.load();
  // Our page already says what is missing: the dialogs of older frontends over the canvas would say it again.
  const quiet = { showMissingNodesDialog: false, showMissingModelsDialog: false };
  await app.loadGraphData(workflow.activeState, true, true, workflow, quiet);
  return store.isActive(workflow);
}

/** Have the page know the files that came since. ComfyUI's own way drops what its open tabs hold, unsaved edits with it. */
async function learn(store) {
  const held = (store?.openWorkflows ?? []).filter((one) => one.isLoaded);
  for (const one of held) one.unload = () => {};
  try {
    await store?.syncWorkflows?.();
  } finally {
    for (const one of held) delete one.unload;
  }
}

/** Show a graph that is no file yet in a tab of its own, under this name or one that is free. False when it did not open. */
export async function loadGraph(workflow, name) {
  const store = workflows();
  const taken = (one) => Boolean(store?.getWorkflowByPath?.(`workflows/${one}.json`));
  let free = name;
  for (let at = 2; taken(free); at += 1) free = `${name} (${at})`;
  const quiet = { showMissingNodesDialog: false, showMissingModelsDialog: false };
  await app.loadGraphData(workflow, true, true, free, quiet);
  return true;
}

/**
 * Have the combos of the open graph know files that came since the page was loaded. Without ComfyUI's toast where that can
 * be: its own `refreshComboInNodes`, which every version has, shows one.
 */
export async function refreshDefinitions() {
  try {
    await reload();
  } catch (error) {
    if (!app.refreshComboInNodes) throw error;
    await app.refreshComboInNodes();
  }
}

async function reload() {
  if (app.reloadNodeDefs) return void (await app.reloadNodeDefs());
  const definitions = await comfyApi.getNodeDefs();
  for (const [name, definition] of Object.entries(definitions)) app.registerNodeDef?.(name, definition);
  for (const node of allNodes(rootGraph())) {
    node.refreshComboInNode?.(definitions);
    for (const widget of node.widgets ?? []) refreshOptions(widget, definitions[node.type]?.input);
  }
}

// An input is [[…options], {…}] or, in the newer form, ["COMBO", {options: […]}].
function refreshOptions(widget, inputs) {
  if (widget.type !== "combo") return;
  const [type, more] = inputs?.required?.[widget.name] ?? inputs?.optional?.[widget.name] ?? [];
  const options = Array.isArray(type) ? type : more?.options;
  if (Array.isArray(options)) widget.options.values = options;
}
