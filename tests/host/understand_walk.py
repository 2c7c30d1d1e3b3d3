"""The ways through explain, tune and compare in ComfyUI's page, as a person clicks them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .fix_walk import Walk

_SHOW = """async (path) => {
    const store = app.extensionManager.workflow;
    const workflow = store.getWorkflowByPath(path);
    await workflow.load();
    await app.loadGraphData(workflow.activeState, true, true, workflow);
}"""
_SHOTS = os.environ.get("COMFYFIXERSMART_SHOTS")  # a folder for a picture of each step, to be looked at
_ACTIVE = "path => app.extensionManager.workflow.activeWorkflow?.path === path"


class Understanding(Walk):
    """A Walk with the pages about one workflow. Every method waits until what it does has happened."""

    def begin(self) -> None:
        """Open ComfyUI's page, and wait for the graph that it begins with."""
        super().begin()
        self.page.wait_for_function("() => app.graph.nodes.length > 3", timeout=60_000)

    def shot(self, name: str) -> None:
        """A picture, where one is asked for."""
        if _SHOTS:
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=Path(_SHOTS) / f"{name}.png")

    def show(self, name: str) -> None:
        """A saved workflow on the canvas."""
        path = f"workflows/{name}.json"
        self.page.evaluate(_SHOW, path)
        self.page.wait_for_function(_ACTIVE, arg=path, timeout=20_000)

    def explain_by_menu(self) -> None:
        """Right click on an empty place of the canvas, and its entry."""
        box = self.page.locator("#graph-canvas").bounding_box()
        self.page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.93, button="right")
        self.click("Explain this workflow", self.page.locator(".litemenu-entry", has_text="Explain this workflow"))
        self.explained()

    def explained(self) -> None:
        """Wait for the explanation."""
        self.page.locator(".cfs-explained .cfs-stage").first.wait_for(timeout=60_000)

    def section(self, key: str) -> str:
        """What a section of the page says."""
        said: str = self.page.locator(f".cfs-part-{key}").first.inner_text()
        return said

    def as_expert(self) -> None:
        """The other reader."""
        self.click("the reader", self.key("reader"))
        self.click("Expert", self.page.get_by_role("menuitemradio", name="Expert"))
        self.page.locator(".cfs-part-passes").wait_for()

    def copied(self) -> str:
        """Copy as Markdown; what is on the clipboard then."""
        self.page.evaluate("() => navigator.clipboard.writeText('')")
        self.click("Copy", self.key("copy"))
        self.page.wait_for_function("async () => (await navigator.clipboard.readText()).length > 0")
        text: str = self.page.evaluate("() => navigator.clipboard.readText()")
        return text

    def to_node(self, number: str) -> None:
        """The button with this node's number; the canvas shows the node with a ring."""
        self.click(f"node {number}", self.page.locator("button.cfs-at").get_by_text(number, exact=True))
        self.page.locator(".cfs-ring").wait_for()

    def fit_it(self) -> None:
        """From "Will it fit?" to the changes that help."""
        self.click("what would make it fit", self.page.locator(".cfs-part-fit [data-key=tune]"))
        self.tuned()

    def tuned(self) -> None:
        """Wait for what is proposed."""
        self.page.locator(".cfs-tuned .cfs-variant").first.wait_for(timeout=60_000)

    def variant(self, key: str) -> list[str]:
        """Choose a variant; the ids of its changes."""
        self.click(f"the variant {key}", self.page.locator(f"[data-variant={key}]"))
        box = "all => all.map((one) => one.dataset.change)"
        ids: list[str] = self.page.eval_on_selector_all("[data-change]:checked", box)
        return ids

    def make(self) -> None:
        """The new version with what was chosen."""
        self.click("Make the new version", self.page.locator("[data-key=make]"))

    def compared(self) -> None:
        """Wait for the comparison."""
        self.page.locator(".cfs-compared .cfs-verdict-line").wait_for(timeout=60_000)

    def take_back_one(self) -> None:
        """The journal, and the one action of the run in it."""
        self.click("Undo in journal", self.page.locator(".cfs-after [data-key='undo']"))
        entry = self.page.locator(".cfs-journal .cfs-entry").first
        self.click("Undo", entry.get_by_role("button", name="Undo"))
        self.click("Undo this", self.page.locator(".cfs-journal .cfs-undo-ask .cfs-btn-main"))
        self.page.locator(".cfs-journal .cfs-undo-ask").wait_for(state="detached", timeout=30_000)

    def prompt(self) -> dict[str, Any]:
        """What pressing Run would send."""
        sent: dict[str, Any] = json.loads(
            self.page.evaluate("async () => JSON.stringify((await app.graphToPrompt()).output)")
        )
        return sent
