// The panel's host as a test wants it: our routes over HTTP, everything else remembered in `calls`.
const asked = new URL(location.href).searchParams;
const scenario = asked.get("scenario") ?? "library";
const listeners = new Map();

export const calls = [];
export const active = { path: "workflows/video/heron/video_heron2_2_14B_i2v.json", name: "video_heron2_2_14B_i2v", modified: true, temporary: false };
const changed = new Set();
const settings = new Map();

class ApiError extends Error {
  constructor(status, { code = "failed", message = "", hint = "" } = {}) {
    super(message);
    Object.assign(this, { status, code, hint });
  }
}

async function ask(path, options) {
  const url = `/comfyfixersmart/${path}${path.includes("?") ? "&" : "?"}scenario=${scenario}`;
  let answer;
  try {
    answer = await fetch(url, options);
  } catch (error) {
    throw new ApiError(0, { code: "unreachable", message: String(error.message) });
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  throw new ApiError(answer.status, body?.error ?? {});
}

export const api = {
  get: (path) => (window.unplugged ? Promise.reject(new ApiError(0, { code: "unreachable", message: "no answer" })) : ask(path)),
  post(path, body = {}) {
    calls.push(["post", path, body]);
    return ask(path, { method: "POST", headers: { "Content-Type": "application/json", "X-ComfyFixerSmart": "1" }, body: JSON.stringify(body) });
  },
  on(event, listener) {
    if (!listeners.has(event)) listeners.set(event, new Set());
    listeners.get(event).add(listener);
    return () => listeners.get(event).delete(listener);
  },
};
/** The server's push. */
export const push = (event, data) => { for (const listener of listeners.get(event) ?? []) listener(data); };
export const listening = () => [...listeners.values()].reduce((sum, one) => sum + one.size, 0) + changed.size;

export const graph = () => (asked.has("canvas") ? { nodes: [], links: [] } : null);
export const activeWorkflow = () => (asked.has("canvas") ? active : null);
export const onGraphChange = (fn) => { changed.add(fn); return () => changed.delete(fn); };
/** The person changed the graph, or its tab. */
export const edited = () => { for (const listener of [...changed]) listener(); };
export const goToNode = (id) => { calls.push(["goToNode", id]); return true; };
export const linkColour = () => undefined;
export const loadGraph = async (workflow, name) => { calls.push(["loadGraph", workflow, name]); return true; };
export const openWorkflow = async (path) => { calls.push(["openWorkflow", path]); return true; };
export const locale = () => asked.get("locale") ?? "en";
export async function messages() {
  const load = async (name) => (await (await fetch(`/locales/${name}/main.json`)).json()).comfyfixersmart;
  return { en: await load("en"), zh: await load("zh") };
}
export const setting = (id, fallback) => (settings.has(id) ? settings.get(id) : asked.get(id) === "true" || fallback);
export const changeSetting = (id, value) => { settings.set(id, value); };
export const onSetting = () => () => {};
export const copy = async (text) => { calls.push(["copy", text]); return true; };
export const openUrl = (url) => { calls.push(["openUrl", url]); return true; };
export const openPage = (url) => { calls.push(["openPage", url]); return true; };
export const refreshDefinitions = async () => { calls.push(["refreshDefinitions"]); };
