"""ComfyUI's own page in a headless Chromium: what it would send for a workflow, as when a person presses Run."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from browser import ARGUMENTS

READY = "window.app?.graph && window.app.extensionManager"
SETTLED = 3000  # ms; the default graph is loaded a moment after the page is ready, over ours
# Nobody looks: a page that is not laid out takes half the time.
_HIDE = "() => { document.body.style.display = 'none'; }"
_OPEN = """async text => {
    const { app } = window;
    const quiet = { showMissingNodesDialog: false, showMissingModelsDialog: false };
    // Into the tab that is open: with a tab for each of hundreds of workflows the page gets slower and slower.
    const tab = app.extensionManager.workflow.activeWorkflow;
    await app.loadGraphData(JSON.parse(text), true, false, tab, quiet);
}"""
# Answers are texts: what is sent is JSON, in which NaN is null and undefined is left out.
_SEND = """async () => {
    const { app } = window;
    const root = app.rootGraph ?? app.graph;
    const find = id => {
        let graph = root, node = null;
        for (const part of String(id).split(":")) { node = graph?.getNodeById(part); graph = node?.subgraph; }
        return node;
    };
    const running = graph => graph.nodes.filter(node => node.mode !== 2 && node.mode !== 4)
        .flatMap(node => node.subgraph ? running(node.subgraph) : node.isVirtualNode ? [] : [node.type]);
    try {
        const { output } = await app.graphToPrompt();
        return JSON.stringify({ prompt: output, types: Object.keys(output).map(id => find(id)?.type ?? null), fault: "" });
    } catch (error) {
        return JSON.stringify({ prompt: {}, types: running(root), fault: String(error) });
    }
}"""
# One change each, as a person makes it on the canvas; `turn` varies which node is meant.
_EDIT = """async ([turn]) => {
    const { app } = window;
    const graph = app.rootGraph ?? app.graph;
    const edits = [];
    const keep = async (kind, what) => {
        const { output } = await app.graphToPrompt();
        edits.push({ kind, what, prompt: output, graph: graph.serialize() });
    };
    const nodes = graph.nodes.filter(node => node.mode === 0);
    const linked = (node, widget) => node.inputs?.some(one => one.widget?.name === widget.name && one.link != null);
    const widgets = (type, fits) => nodes.flatMap(node => (node.widgets ?? [])
        .filter(one => one.type === type && fits(one) && !linked(node, one)).map(one => [node, one]));
    const pick = list => list.length ? [list[turn % list.length]] : [];
    for (const [node, one] of pick(widgets("number", one => Math.abs(one.options?.max) < 1e9))) {
        const before = one.value;
        one.value = one.options.max;
        await keep("number at its limit", `${node.id} ${one.name}`);
        one.value = one.options.max + 1;
        await keep("number beyond its limit", `${node.id} ${one.name}`);
        one.value = before;
    }
    for (const [node, one] of pick(widgets("combo", one => Array.isArray(one.options?.values)))) {
        const before = one.value;
        one.value = "oracle: no such choice";
        await keep("choice that is not offered", `${node.id} ${one.name}`);
        one.value = before;
    }
    for (const [command, kind] of [["Mute", "node muted"], ["Bypass", "node bypassed"]]) {
        const toggle = () => app.extensionManager.command.execute(`Comfy.Canvas.ToggleSelectedNodes.${command}`);
        for (const node of pick(nodes.filter(one => !one.isVirtualNode || one.subgraph))) {
            app.canvas.deselectAll();
            app.canvas.select(node);
            await toggle();  // the page's own command: for a subgraph it switches the nodes inside too
            await keep(kind, `${node.id} ${node.type}`);
            await toggle();
        }
    }
    const sockets = nodes.flatMap(node => (node.inputs ?? []).map((input, place) => [node, input, place]))
        .filter(([, input]) => input.link != null && !input.widget);
    for (const [node, input, place] of pick(sockets)) {  // last: nothing is put back
        node.disconnectInput(place);
        await keep("link cut", `${node.id} ${input.name}`);
    }
    return JSON.stringify(edits);
}"""


class Sent(NamedTuple):
    """What the page sends for one workflow. `types`: those of the nodes sent, also where the page leaves them out.

    `fault`: why the page could send nothing; then `types` are those of the nodes that run.
    """

    prompt: dict[str, Any]
    types: list[str | None]
    fault: str


class Edit(NamedTuple):
    """The workflow on the canvas after one change, and what the page sends then."""

    kind: str
    what: str
    prompt: dict[str, Any]
    graph: dict[str, Any]


class Page:
    """One open page. Raises what Playwright raises when the page cannot load a graph."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def types(self) -> set[str]:
        """The node types it knows, the browser's own among them."""
        return set(self._page.evaluate("() => Object.keys(window.LiteGraph.registered_node_types)"))

    def sent(self, data: bytes) -> Sent:
        """The prompt of a workflow in UI format."""
        self._page.evaluate(_OPEN, data.decode())
        return Sent(**json.loads(self._page.evaluate(_SEND)))

    def edits(self, data: bytes, turn: int) -> list[Edit]:
        """Single changes to a workflow; `turn` is a number that varies which node they are made to."""
        self._page.evaluate(_OPEN, data.decode())
        return [Edit(**one) for one in json.loads(self._page.evaluate(_EDIT, [turn]))]


def absent() -> str:
    """Why there is no page to ask, or ""."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the package playwright is not installed"
    return "" if _executable() else "no Chromium found"


@contextmanager
def open_page(url: str) -> Iterator[Page]:
    """ComfyUI's page at `url`, ready for graphs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="cfs-oracle-") as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=_executable(),
            headless=True,
            viewport={"width": 1280, "height": 900},
            args=ARGUMENTS,
        )
        try:
            page = context.pages[0]
            page.goto(url, wait_until="domcontentloaded")
            page.wait_for_function(READY, timeout=90_000)
            page.wait_for_timeout(SETTLED)
            page.evaluate(_HIDE)
            yield Page(page)
        finally:
            context.close()


def _executable() -> str | None:
    return os.environ.get("COMFYFIXERSMART_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
