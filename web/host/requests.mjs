// Our own routes, and the events that the server pushes.
import { comfyApi } from "./comfy.mjs";

const PREFIX = "/comfyfixersmart/";

/** What the server said went wrong: `code` for the program, `message` and `hint` for the person. */
export class ApiError extends Error {
  constructor(status, { code = "failed", message = "", hint = "" } = {}) {
    super(message);
    Object.assign(this, { name: "ApiError", status, code, message, hint });
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await comfyApi.fetchApi(PREFIX + path, options);
  } catch (error) {
    throw new ApiError(0, { code: "unreachable", message: String(error?.message ?? error) });
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body !== null) return body;
  throw new ApiError(answer.status, body?.error ?? { code: answer.ok ? "no_json" : `http_${answer.status}` });
}

export const api = {
  /** GET one of our routes, e.g. `get("library")`; the decoded JSON. Throws ApiError. */
  get: (path) => ask(path),

  /** POST as our guard wants it: JSON, and a header that a foreign page cannot send. Throws ApiError. */
  post: (path, body = {}) =>
    ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-ComfyFixerSmart": "1" },
      body: JSON.stringify(body),
    }),

  /** Hear an event of the websocket, e.g. "comfyfixersmart.cycle"; gives back the function that stops it. */
  on(event, listener) {
    const hear = ({ detail }) => listener(detail);
    comfyApi.addEventListener(event, hear);
    return () => comfyApi.removeEventListener(event, hear);
  },
};
