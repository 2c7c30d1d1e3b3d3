// What index.js calls: the tab, the commands, the badge. Loaded on the first of them.
import * as host from "./host.mjs";
import { app } from "./host/comfy.mjs";

export { patchMenu } from "./host/old_menu.mjs";

const TAB = "comfyfixersmart.readiness";
const BROKEN = ["blocked", "unreadable"];

let mounted = null; // {element, panel, unwatch}
let wanted = null; // the view to show when the tab is drawn
let inside = false; // whether the focus goes into it then: it does where a command opened it

/** Draw the panel into the tab's element. ComfyUI may call it again on the same element. */
export async function render(element) {
  if (mounted?.element === element) return;
  destroy();
  const [{ mount }, { storeFor }, { watchOpen }] = await Promise.all([
    import("./panel.mjs"),
    import("./base/store.mjs"),
    import("./workflow/live.mjs"),
  ]);
  if (!element.isConnected || mounted?.element === element) return;
  element.style.height = "100%"; // ComfyUI's own element is only as high as what is in it
  mounted = { element, panel: mount(element, host, { open: wanted, focus: inside }), unwatch: watchOpen(storeFor(host), host) };
  wanted = null;
  inside = false;
}

export function destroy() {
  mounted?.panel.destroy();
  mounted?.unwatch();
  mounted = null;
}

async function show(view) {
  if (mounted?.element.isConnected) return mounted.panel.show(view);
  wanted = view;
  if (!isOpen()) await open();
}

const isOpen = () => app.extensionManager.sidebarTab?.activeSidebarTabId === TAB;

/** Open the panel, or close it where it is open. */
export async function open() {
  inside = !isOpen();
  await app.extensionManager.command.execute(`Workspace.ToggleSidebarTab.${TAB}`);
}

export const explain = () => show({ page: "open", focus: "explain" });
export const resolve = () => show({ page: "open", focus: "missing" });

/** Check every saved workflow now, with the panel open so that the progress is seen. */
export async function check() {
  await show({ page: "library" });
  await host.api.post("scan");
}

export const dashboard = () => host.openUrl("/comfyfixersmart/report/dashboard.html");

/** Show how many workflows are broken on the tab's icon; nothing where none is, or where it is not known. */
export async function badge() {
  const tab = app.extensionManager.getSidebarTabs().find((each) => each.id === TAB);
  if (!tab) return;
  const broken = host.setting("comfyfixersmart.badge", true) ? await countBroken() : 0;
  tab.iconBadge = broken ? String(broken) : "";
}

async function countBroken() {
  try {
    const { library } = await host.api.get("status");
    return BROKEN.reduce((sum, status) => sum + (library?.counts?.[status] ?? 0), 0);
  } catch {
    return 0; // the panel says what is wrong with the server; a badge cannot
  }
}
