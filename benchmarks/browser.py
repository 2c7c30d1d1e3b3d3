"""Opens the dashboard in a headless Chromium and measures when it can be used."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def usable_after(page: Path, runs: int = 3) -> float | str:
    """Seconds from opening the file until a search has narrowed the list; a text says why it was not run."""
    browser = os.environ.get("COMFYFIXERSMART_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return "no Chromium found"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "the package playwright is not installed"
    times = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=browser, headless=True, viewport={"width": 1280, "height": 900}, args=ARGUMENTS
        )
        try:
            for _ in range(runs):
                tab = context.new_page()
                start = time.perf_counter()
                tab.goto(page.resolve().as_uri(), wait_until="domcontentloaded")
                search = tab.get_by_role("searchbox").first
                search.fill("0007")
                tab.wait_for_function("() => document.querySelectorAll('#rows > li').length === 1", timeout=20_000)
                times.append(time.perf_counter() - start)
                tab.close()
        finally:
            context.close()
    return min(times)
