"""Fixtures for what is not Python of ours: the real ComfyUI and the browser. Both skip with the reason where absent."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
AXE = "axe-core@4.10.3"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# What a browser does on its own in the background would be seen as the page's requests.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()


def load_by_path(name: str, path: Path) -> ModuleType:
    """A module of the tests or scripts, loaded without its folder coming onto sys.path."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def golden_file(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden_file(name, text)`: the text equals the file `tests/golden/name`."""

    def check(name: str, text: str) -> None:
        path = Path(__file__).resolve().parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.is_file(), f"{path.name} is missing: run with --update-golden and read the difference"
        assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: run with --update-golden if it should"

    return check


@pytest.fixture(scope="session")
def comfyui() -> ModuleType:
    """`tests/host/server.py` with ComfyUI installed: `comfyui.running(base, packs)` starts one of your own."""
    module = load_by_path("comfyui_host_server", ROOT / "tests/host/server.py")
    try:
        module.installer.install(say=lambda line: print(line, file=sys.stderr))
    except module.HostUnavailable as absent:
        pytest.skip(f"no real ComfyUI here: {absent}")
    return module


@pytest.fixture(scope="session")
def comfyui_host(comfyui: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The one real ComfyUI that host tests share, with this checkout as its only pack. See `Server` in host/server.py."""
    starting: AbstractContextManager[Any] = comfyui.running(
        tmp_path_factory.mktemp("comfyui"), {"ComfyFixerSmart": ROOT}
    )
    with starting as server:
        yield server


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core's code, to be evaluated in a page: from the user's cache, else fetched once through npm."""
    home = load_by_path("cache_folder", ROOT / "scripts/cache_folder.py").cache_root() / "axe" / AXE
    source = home / "axe.min.js"
    if not source.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(f"{AXE} is not in the cache, and there is no npm to fetch it")
        home.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run([npm, "pack", AXE, "--silent"], cwd=home, check=True, capture_output=True, timeout=60)
            with tarfile.open(next(home.glob("*.tgz"))) as archive:
                member = archive.extractfile("package/axe.min.js")
                assert member is not None
                source.write_bytes(member.read())
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"{AXE} could not be fetched: {error}")
    return source.read_text(encoding="utf-8")


@dataclass
class Chromium:
    """A headless browser with an empty profile. `page` is open; the lists grow with what it does."""

    page: Any
    errors: list[str] = field(default_factory=list)  # console errors, uncaught exceptions, failed requests
    requests: list[str] = field(default_factory=list)  # every address asked for


@pytest.fixture
def chromium(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Chromium]:
    """A page in Debian's Chromium, driven by Playwright. Started per test: a running Playwright blocks asyncio tests."""
    playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    executable = os.environ.get("COMFYFIXERSMART_CHROMIUM") or next(
        filter(None, map(shutil.which, CHROMIUM_NAMES)), None
    )
    if executable is None:
        pytest.skip("no Chromium found; install it, or name one in COMFYFIXERSMART_CHROMIUM")
    with playwright_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "chromium-profile",
            executable_path=executable,
            headless=True,
            viewport={"width": 1400, "height": 900},
            args=CHROMIUM_ARGS,
        )
        browser = Chromium(context.pages[0])
        _record(browser)
        yield browser
        if _failed(request.node):
            _show(browser, tmp_path)
        context.close()


def _record(browser: Chromium) -> None:
    page, errors = browser.page, browser.errors
    page.on("console", lambda said: errors.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(f"uncaught: {error}"))
    page.on("requestfailed", lambda asked: errors.append(f"request failed: {asked.url} {asked.failure}"))
    page.on("request", lambda asked: browser.requests.append(asked.url))


def _show(browser: Chromium, folder: Path) -> None:
    """What pytest prints under "Captured stdout teardown" of the failed test."""
    picture = folder / "page.png"
    browser.page.screenshot(path=picture)
    print(f"page: {browser.page.url}\npicture: {picture}", *browser.errors, sep="\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fixtures cannot see whether their test failed; this leaves the report where `_failed` finds it."""
    report = yield
    item.stash.setdefault(_REPORTS, {})[report.when] = report
    return report


def _failed(item: pytest.Item) -> bool:
    report = item.stash.get(_REPORTS, {}).get("call")
    return report is not None and report.failed
