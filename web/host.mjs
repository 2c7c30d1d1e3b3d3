// All that the panel knows of ComfyUI's page. The panel's modules get this as an object, so tests can give another.
export { api, ApiError } from "./host/requests.mjs";
export { activeWorkflow, graph, loadGraph, onGraphChange, openWorkflow, refreshDefinitions } from "./host/graph.mjs";
export { goToNode, linkColour } from "./host/canvas.mjs";
export { changeSetting, copy, displayName, locale, messages, onSetting, openPage, openUrl, setting } from "./host/page.mjs";
