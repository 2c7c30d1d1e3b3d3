"""What first_run.py takes from the tests: the real ComfyUI, its pages, the services, the workflow, the walk; and a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from browser import ARGUMENTS
from host_accuracy import _server_module as server_module

__all__ = ["chromium", "load", "page_folder", "server_module", "the_place", "the_walk"]

TESTS = Path(__file__).resolve().parent.parent / "tests"


def load(name: str) -> ModuleType:
    """A module of tests/replay, loaded once."""
    return _module(f"replay_{name}", TESTS / f"replay/{name}.py")


def the_place() -> Any:
    """tests/host/fix_place.py"""
    return _module("first_run_place", TESTS / "host/fix_place.py")


def the_walk() -> Any:
    """The class of tests/host/fix_walk.py that clicks."""
    return _module("first_run_walk", TESTS / "host/fix_walk.py").Walk


def page_folder(version: str) -> Path | str | None:
    """The folder of that version of ComfyUI's page; None for its own, a text why it cannot be had."""
    if not version:
        return None
    frontends = _module("first_run_frontends", TESTS / "host/frontends.py")
    try:
        found: Path = frontends.static_root(version)
    except frontends.FrontendUnavailable as absent:
        return f"page {version}: {absent}"
    return found


def chromium() -> Callable[[], AbstractContextManager[Any]] | str:
    """What opens a tab of a headless Chromium with an empty profile; a text says why there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("COMFYFIXERSMART_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        return "no Chromium found"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "the package playwright is not installed"

    @contextmanager
    def tab() -> Iterator[Any]:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="cfs-profile-") as profile:
            context = playwright.chromium.launch_persistent_context(
                profile,
                executable_path=program,
                headless=True,
                viewport={"width": 1400, "height": 900},
                args=ARGUMENTS,
            )
            try:
                yield context.pages[0]
            finally:
                context.close()

    return tab


def _module(name: str, path: Path) -> ModuleType:
    known = sys.modules.get(name)
    if known is None:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        known = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known
