"""One visit of ComfyUI's page with our panel, and every request it made to another machine, with who caused it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from browser import ARGUMENTS
from oracle_page import READY, _executable, absent

__all__ = ["Visit", "absent", "visit"]

OURS = "/extensions/ComfyFixerSmart/"
SETTLED = 3000  # ms; what appears by itself comes within


@dataclass
class Visit:
    """What was seen. `ours`: requests to other machines with a script of ours among their callers; `others`: the rest."""

    requests: int = 0
    ours: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    shown: str = ""  # what the panel's list said first


def visit(url: str) -> Visit:
    """Open the page, the panel, and the page of its first workflow. Raises what Playwright raises."""
    from playwright.sync_api import sync_playwright

    seen = Visit()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="cfs-impact-page-") as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=_executable(),
            headless=True,
            viewport={"width": 1400, "height": 900},
            args=ARGUMENTS,
        )
        try:
            page = context.pages[0]
            session = context.new_cdp_session(page)
            session.on("Network.requestWillBeSent", lambda event: _note(seen, event, url))
            session.send("Network.enable")
            page.goto(url, wait_until="domcontentloaded")
            page.wait_for_function(READY, timeout=90_000)
            page.wait_for_timeout(SETTLED)
            page.get_by_label("Readiness", exact=True).first.click()
            row = page.locator(".cfs-list > li").first
            row.wait_for(timeout=20_000)
            seen.shown = " ".join((row.text_content() or "").split())[:40]
            row.click()
            page.locator(".cfs-workflow .cfs-card").first.wait_for(timeout=20_000)
            page.wait_for_timeout(SETTLED)
        finally:
            context.close()
    return seen


def _note(seen: Visit, event: dict[str, Any], url: str) -> None:
    asked = event["request"]["url"]
    seen.requests += 1
    if asked.startswith(("data:", "blob:")) or urlsplit(asked).netloc == urlsplit(url).netloc:
        return
    (seen.ours if OURS in str(event.get("initiator", "")) + event.get("documentURL", "") else seen.others).append(asked)
