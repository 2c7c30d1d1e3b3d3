"""The panel in a real browser, on a page that holds it as ComfyUI does, before a server that answers as ours does."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"panel_{name}", HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_load("serve")  # tests are imported one by one, so helper modules beside them have to be named


@pytest.fixture(scope="session")
def scenarios() -> ModuleType:
    return _load("scenarios")


class Shown:
    """One page with the panel, and what went wrong on it: console messages, errors, requests to another place."""

    def __init__(self, browser: Any, server: Any, wanted: dict[str, Any], context: dict[str, Any]) -> None:
        self.server = server
        width = int(wanted.get("width", 320))
        self.context = browser.new_context(
            **{"viewport": {"width": width + 100, "height": 900}, "timezone_id": "UTC", **context}
        )
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.page.on(
            "console", lambda said: self.trouble.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.trouble.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda asked: self._asked(asked.url))
        query = "&".join(f"{key}={json.dumps(one) if isinstance(one, dict) else one}" for key, one in wanted.items())
        self.page.goto(f"{server.address}/?{query}")
        self.page.wait_for_selector(".cfs[data-tone]")
        self.page.wait_for_function("!document.querySelector('.cfs-loading')")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.server.address, "data:")):
            self.trouble.append(url)

    @property
    def scenario(self) -> Any:
        return self.server.scenario(self.page.evaluate("new URL(location.href).searchParams.get('scenario')"))

    def count(self, selector: str) -> int:
        return int(self.page.locator(selector).count())

    def names(self) -> list[str]:
        return list(self.page.eval_on_selector_all(".cfs-row .cfs-name", "all => all.map(one => one.title)"))

    def focused(self) -> str:
        return str(
            self.page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
            )
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def push(self, event: str, data: dict[str, Any]) -> None:
        self.page.evaluate("([event, data]) => host.push(event, data)", [event, data])

    def calls(self) -> list[Any]:
        return list(self.page.evaluate("host.calls"))

    def posts(self) -> list[Any]:
        """What was sent to the server to change something, as [route, body]."""
        return [call[1:] for call in self.calls() if call[0] == "post" and call[1] != "check"]

    def click(self, name: str) -> None:
        """The first button of this name."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def box(self, name: str) -> Any:
        """The evidence box of the look-up, below the finding of this name."""
        heading = self.page.get_by_role("heading", name=name, exact=True)
        return self.page.locator(".cfs-finding", has=heading).locator(".cfs-verdict")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = os.environ.get("COMFYFIXERSMART_CHROMIUM", "/usr/bin/chromium")
    if not Path(chromium).exists():
        pytest.skip(f"no Chromium at {chromium}")
    with api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def server(scenarios: ModuleType) -> Iterator[Any]:
    """Fresh scenarios for each test: tests change them."""
    with sys.modules["panel_serve"].serving(scenarios.MAKE) as started:
        yield started


@pytest.fixture
def show(browser: Any, server: Any) -> Iterator[Any]:
    """`show("library", width=460, tone="light")`: a page; at the end of the test nothing may have gone wrong on it.

    `faults`: texts that console messages may hold, for scenarios where the server refuses.
    """
    opened: list[tuple[Shown, tuple[str, ...]]] = []

    def make(
        scenario: str, *, faults: tuple[str, ...] = (), context: dict[str, Any] | None = None, **wanted: Any
    ) -> Shown:
        one = Shown(browser, server, {"scenario": scenario, **wanted}, context or {})
        opened.append((one, faults))
        return one

    yield make
    for one, faults in opened:
        trouble = [text for text in one.trouble if not any(fault in text for fault in faults)]
        one.context.close()
        assert trouble == []


@pytest.fixture
def missing(show: Any) -> Any:
    """`missing("looked")`: the page of a workflow that lacks much, of every kind."""

    def make(scenario: str = "looked", **wanted: Any) -> Shown:
        one: Shown = show(scenario, **{"view": {"page": "workflow", "slug": "video-heron-much-is-missing"}, **wanted})
        one.page.locator(".cfs-workflow .cfs-lead").wait_for()
        return one

    return make


@pytest.fixture
def axe(axe_source: str) -> Any:
    """`axe(shown)`: what axe-core finds wrong on the page, in words."""

    def find(one: Shown) -> list[str]:
        one.page.evaluate(axe_source)
        found = one.page.evaluate("axe.run('#sidebar', { resultTypes: ['violations'] })")["violations"]
        return [
            f"{v['id']}: {v['help']} {[n['html'][:120] + n['failureSummary'][:200] for n in v['nodes'][:3]]}"
            for v in found
        ]

    return find
