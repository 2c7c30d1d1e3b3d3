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
_OPEN = """async text => {
    const { app } = window;
    const quiet = { showMissingNodesDialog: false, showMissingModelsDialog: false };
    // Into the tab that is open: with a tab for each of hundreds of workflows the page gets slower and slower.
    const tab = app.extensionManager.workflow.activeWorkflow;
    await app.loadGraphData(JSON.parse(text), true, false, tab, quiet);
}"""
_SEND = """() => {
    const { app } = window;
    const find = id => {
        let graph = app.rootGraph ?? app.graph, node = null;
        for (const part of String(id).split(":")) { node = graph?.getNodeById(part); graph = node?.subgraph; }
        return node;
    };
    // As text: what is sent is JSON, in which NaN is null and undefined is left out.
    return app.graphToPrompt().then(({ output }) => JSON.stringify({
        prompt: output,
        types: Object.fromEntries(Object.keys(output).map(id => [id, find(id)?.type ?? null])),
    }));
}"""


class Sent(NamedTuple):
    """What the page sends for one workflow. `types`: node id → the node's type, also where it sends none."""

    prompt: dict[str, Any]
    types: dict[str, str | None]


class Page:
    """One open page. Raises what Playwright raises when the page cannot load a graph."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def sent(self, graph: dict[str, Any]) -> Sent:
        """The prompt of a workflow in UI format."""
        self._page.evaluate(_OPEN, json.dumps(graph))
        return Sent(**json.loads(self._page.evaluate(_SEND)))


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
            yield Page(page)
        finally:
            context.close()


def _executable() -> str | None:
    return os.environ.get("COMFYFIXERSMART_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
