"""The browser fixture sees what the other browser tests rely on it to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_errors_and_requests_of_a_page_are_recorded(chromium: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<title>here</title><script>console.error('said'); throw Error('thrown')</script><img src='gone.png'>"
    )
    chromium.page.goto(page.as_uri(), wait_until="load")
    assert chromium.page.title() == "here"
    assert [kind for kind in ("console: said", "uncaught: thrown") if kind not in chromium.errors] == []
    assert any(each.startswith("request failed: file:") and "gone.png" in each for each in chromium.errors)
    assert [each.rsplit("/", 1)[1] for each in chromium.requests] == ["page.html", "gone.png"]


def test_a_quiet_page_records_nothing(chromium: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>calm</p>")
    chromium.page.goto(page.as_uri())
    assert chromium.errors == []
