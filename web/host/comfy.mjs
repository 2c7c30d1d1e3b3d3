// ComfyUI's two public objects. The path holds for a file one folder below WEB_DIRECTORY, whatever our folder is called.
export { app } from "../../../scripts/app.js";
export { api as comfyApi } from "../../../scripts/api.js";
