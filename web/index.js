// The one file that ComfyUI loads by itself; everything else is imported on first use.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";

let started = false;
const ICON = "pi pi-wave-pulse";
const use = (name, ...args) => import("./entry.mjs").then((entry) => entry[name](...args));

const command = (id, label, icon) => ({ id: `ComfyFixerSmart.${id}`, label, icon, function: () => use(id) });
const commands = [
  command("open", "Readiness", ICON),
  command("explain", "Explain this workflow", "pi pi-book"),
  command("resolve", "Resolve missing", "pi pi-search"),
  command("check", "Check all workflows now", "pi pi-refresh"),
  command("dashboard", "Open the readiness dashboard", "pi pi-external-link"),
];

// Looks and cadence only, since the web can write these.
// Tooltips are in locales/, but shown only where one is given here too.
const setting = (name, text, defaultValue, more) => {
  const category = ["ComfyFixerSmart", "Readiness", name];
  return { id: `comfyfixersmart.${name}`, name: text, type: "boolean", defaultValue, tooltip: text, category, ...more };
};
const settings = [
  setting("badge", "Show a badge for broken workflows", true, { onChange: () => started && use("badge") }),
  setting("compact", "Compact rows", false),
  setting("watch", "Check again when a saved workflow changes", true),
  setting("cycleHours", "Hours between two checks of all workflows", 2, {
    type: "number",
    attrs: { min: 0.25, max: 168, step: 0.25 },
  }),
];

const menuItem = (each) => ({ content: each.label, callback: each.function });
const getCanvasMenuItems = () => [null, ...commands.slice(1, 3).map(menuItem)];

// From the start, before the websocket speaks: else the frontend calls our events unknown in its console.
for (const event of ["cycle", "resolve", "plan", "run"]) api.addEventListener(`comfyfixersmart.${event}`, () => {});
for (const event of ["comfyfixersmart.library", "reconnected"])
  api.addEventListener(event, () => started && use("badge"));

app.registerExtension({
  name: "ComfyFixerSmart.Readiness",
  commands,
  keybindings: [{ combo: { key: "r", shift: true }, commandId: "ComfyFixerSmart.open" }],
  menuCommands: [{ path: ["Extensions", "ComfyFixerSmart"], commands: commands.map((each) => each.id) }],
  settings,
  getCanvasMenuItems,
  afterConfigureGraph: () => api.dispatchEvent(new CustomEvent("comfyfixersmart.graph")),
  setup() {
    // Before 1.29 there is no getCanvasMenuItems; later, both would show the items twice.
    const [major, minor] = (window.__COMFYUI_FRONTEND_VERSION__ ?? "0.0").split(".").map(Number);
    if (major <= 1 && minor < 29) use("patchMenu", getCanvasMenuItems);
    app.extensionManager.registerSidebarTab({
      id: "comfyfixersmart.readiness",
      icon: ICON,
      title: "Readiness",
      tooltip: "Readiness",
      type: "custom",
      render: (element) => use("render", element),
      destroy: () => use("destroy"),
    });
    setTimeout(() => (started = true) && use("badge"), 1500);
  },
});
