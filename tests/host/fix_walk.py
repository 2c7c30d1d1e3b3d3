"""The way through the panel from a blocked workflow to a runnable one and back, as a person clicks it. Clicks are kept."""

from __future__ import annotations

import json
from typing import Any

READY = "() => window.app?.graph && window.app?.extensionManager?.command"
LOOKED_UP = 180  # seconds for the first look-up, whose pace Hugging Face sets
ENDED = 120
# Choices of the first list of a node on the canvas, as the page has them.
_CHOICES = """type => (app.rootGraph ?? app.graph).nodes.filter((one) => one.type === type)
    .flatMap((one) => one.widgets[0].options.values ?? [])"""
_SENT = "async () => JSON.stringify((await app.graphToPrompt()).output)"
_ON_CANVAS = "name => app.extensionManager.workflow.activeWorkflow?.path?.endsWith(name)"


class Walk:
    """`page` is Playwright's. Every method waits until what it does has happened."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.clicks: list[str] = []

    @property
    def panel(self) -> Any:
        return self.page.locator(".cfs")

    def click(self, what: str, place: Any, seconds: float = 20) -> None:
        """One click of the person."""
        place.first.click(timeout=seconds * 1000)
        self.clicks.append(what)

    def key(self, name: str) -> Any:
        """Something of the panel by its `data-key`."""
        return self.page.locator(f".cfs [data-key='{name}'], .cfs-sheet [data-key='{name}']")

    def begin(self) -> None:
        """Open ComfyUI's page."""
        self.page.goto(self.url, wait_until="domcontentloaded")
        self.page.wait_for_function(READY, timeout=90_000)

    def to_the_workflow(self, name: str) -> None:
        """The tab, and the workflow's line in it."""
        self.click("the tab Readiness", self.page.get_by_label("Readiness", exact=True))
        line = self.panel.get_by_text(name, exact=True)
        line.first.wait_for(timeout=60_000)
        self.click("the workflow", line)
        self.page.locator(".cfs-workflow .cfs-card").first.wait_for(timeout=20_000)

    def ask(self) -> None:
        """Resolve missing, and who may be asked."""
        self.click("Resolve missing", self.panel.get_by_role("button", name="Resolve missing"))
        self.click("Ask these services", self.page.get_by_role("button", name="Ask these services"))

    def plan(self) -> str:
        """Wait for the plan; what it says."""
        self.key("approve").first.wait_for(timeout=LOOKED_UP * 1000)
        said: str = self.page.locator(".cfs-work-sheet").inner_text()
        return said

    def go_on(self) -> None:
        """The tab, and "Go on" in the line about the run that was interrupted."""
        self.click("the tab Readiness", self.page.get_by_label("Readiness", exact=True))
        self.click("Go on", self.page.locator(".cfs-strip").get_by_text("Go on", exact=True))

    def approve(self) -> None:
        """The yes."""
        self.click("Approve", self.key("approve"))

    def arrived(self) -> None:
        """Wait until the run is over, its sheet made room, and the page says what it left."""
        self.page.locator(".cfs-after").first.wait_for(timeout=ENDED * 1000)
        self.page.locator(".cfs-work-sheet").wait_for(state="detached", timeout=20_000)

    def runnable(self) -> None:
        """Wait until the page says so, of the version that the run wrote: it goes on to that by itself."""
        says = self.page.locator(".cfs-workflow").get_by_text("Runnable", exact=True)
        says.first.wait_for(timeout=60_000)

    def onto_the_canvas(self, file: str) -> None:
        """Open the version of which the panel has the page."""
        self.click("Open workflow", self.panel.get_by_role("button", name="Open workflow"))
        self.page.wait_for_function(_ON_CANVAS, arg=file, timeout=20_000)

    def sent(self) -> Any:
        """What pressing Run would send."""
        nodes = json.loads(self.page.evaluate(_SENT))
        return {number: {key: node[key] for key in ("class_type", "inputs")} for number, node in nodes.items()}

    def choices(self, type: str) -> list[str]:
        """What the list of a node of this type on the canvas offers."""
        found: list[str] = self.page.evaluate(_CHOICES, type)
        return found

    def take_back(self) -> None:
        """The journal, and all of the run in it."""
        self.click("Undo", self.page.locator(".cfs-after [data-key='undo']"))
        self.click("Undo all", self.page.locator(".cfs-journal .cfs-undo-all button"))
        self.click("Undo these", self.page.locator(".cfs-journal .cfs-undo-ask .cfs-btn-main"))
        self.page.locator(".cfs-journal .cfs-undo-ask").wait_for(state="detached", timeout=30_000)
