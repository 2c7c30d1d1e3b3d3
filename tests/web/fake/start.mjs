// Opens the panel as web/entry.mjs does. The address says how: ?scenario=library&tone=light&width=460&locale=zh
import { mount } from "/web/panel.mjs";
import { storeFor } from "/web/base/store.mjs";
import { watchOpen } from "/web/workflow/live.mjs";
import * as host from "./host.mjs";

const asked = new URL(location.href).searchParams;
document.documentElement.className = asked.get("tone") ?? "dark";
const sidebar = document.getElementById("sidebar");
sidebar.style.width = `${asked.get("width") ?? 320}px`;
const view = asked.get("view");
window.host = host;
window.remount = () => (window.panel = mount(sidebar, host));
window.unwatch = watchOpen(storeFor(host), host);
window.panel = mount(sidebar, host, view ? { open: JSON.parse(view) } : {});
