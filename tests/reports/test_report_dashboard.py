from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import comfyfixersmart.core.reports as reports
import pytest
from comfyfixersmart.core.readiness.types import INFO, Need, UnlockStep
from comfyfixersmart.core.reports.dashboard import render
from comfyfixersmart.core.reports.overview import headline, percent, ring, step_title
from comfyfixersmart.core.reports.plot import plot, trend
from comfyfixersmart.core.reports.types import Library, Point
from comfyfixersmart.core.reports.words import counts
from report_samples import DAY, NOW, all_fine, empty, hostile, large, library, no_installation, showcase

TEMPLATES = Path(reports.__file__).parent / "templates"
SAMPLES = [library, empty, all_fine, no_installation, hostile]


class Page(HTMLParser):
    """The elements and attributes of a page, and the text of its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts.append(data)


def data(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("made", SAMPLES)
def test_the_page_is_one_file_that_loads_nothing(made: Callable[[], Library]) -> None:
    page = Page(render(made()))
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "base", "form", "img", "video", "audio"}
        assert "src" not in attributes and not any(name.startswith("on") for name in attributes), (tag, attributes)
        href = attributes.get("href")
        assert href is None or href.startswith("#") or href in ("data:,", "index.md"), href
    style = render(made()).split("<style>")[1].split("</style>")[0]
    assert "url(" not in style and "@import" not in style


@pytest.mark.parametrize("made", SAMPLES)
def test_only_the_pages_own_script_may_run(made: Callable[[], Library]) -> None:
    page = Page(render(made()))
    policies = [a["content"] or "" for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    script = page.scripts[-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert len(policies) == 1 and f"script-src 'sha256-{digest}';" in policies[0]
    assert policies[0].startswith("default-src 'none';") and "connect" not in policies[0]
    assert [tag for tag, _ in page.elements].count("script") == 2


def test_names_from_files_add_no_element_to_the_page() -> None:
    scan = hostile()
    tags = {tag for tag, _ in Page(render(scan)).elements}
    assert tags == {tag for tag, _ in Page(render(replace(library(), history=scan.history))).elements} | {"li"}
    assert not re.search(r"[<>&\u2028\u2029]", re.split(r'id="data">|</script>', render(scan))[1])


def test_no_script_turns_text_into_markup_or_code() -> None:
    for path in TEMPLATES.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text), (
            path
        )
        assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(|\.src\b", text), path
        assert len(text.splitlines()) <= 300, path


def test_every_text_is_written_once_and_every_place_exists() -> None:
    body = data(render(library()))
    assert len(body["texts"]) == len(set(body["texts"]))
    assert len(body["rows"]) == 146
    assert {one for row in body["rows"] for finding in row[10] for one in [finding[0]]} == set(body["codes"])
    assert body["steps"][0]["title"] == "These 3 files, 9.2 GB, make 12 workflows run"
    assert len(body["steps"][0]["rows"]) == 12


def test_the_steps_in_words() -> None:
    said = [step_title(step) for step in library().unlock]
    assert said[1] == "2 fixes on this disk make 3 workflows run, with nothing to download"
    assert said[2] == "1 file, 6.1 GB, makes 4 workflows run"
    assert said[3] == "1 file and 1 node pack make 3 workflows run"


def test_comfyui_itself_is_updated_not_installed() -> None:
    step = UnlockStep((Need("local", "a.safetensors", "vae"), Need("pack", "comfy-core")), ("w", "v"))
    assert step_title(step) == "A newer ComfyUI and 1 fix on this disk make 2 workflows run"
    assert step_title(UnlockStep((Need("pack", "comfy-core"),), ("w",))) == "A newer ComfyUI makes 1 workflow run"


def test_an_empty_library_says_what_to_do() -> None:
    html = render(replace(empty(), command="python -m comfyfixersmart"))
    assert "No workflow was found here" in html and "python -m comfyfixersmart scan FOLDER" in html
    assert 'id="rows"' not in html and data(html)["rows"] == []


def test_when_all_is_fine_the_page_is_quiet() -> None:
    html = render(all_fine())
    assert "24 of 24 run here" in html and "100 %" in html
    assert "shortest ways" not in html and "From the second check on" in html


def test_without_an_installation_the_page_says_so() -> None:
    html = render(no_installation())
    assert "No ComfyUI installation is known" in html and "What we could not tell" in html


def test_the_ring_closes_and_shows_even_the_smallest_share() -> None:
    for numbers in ([1, 999, 0, 0, 0], [34, 97, 8, 5, 2], [5, 0, 0, 0, 0], [1, 1, 1, 1, 1]):
        total = dict(zip(counts(()), numbers, strict=True))
        arcs = ring(total)
        assert len(arcs) == sum(count > 0 for count in numbers)
        assert all(length >= 0.6 for _, length, _ in arcs)
        assert sum(length for _, length, _ in arcs) + (len(arcs) if len(arcs) > 1 else 0) == pytest.approx(100, abs=0.1)
    assert ring(counts(())) == [] and percent(counts(())) == 0


def test_a_hundred_per_cent_only_when_every_one_runs() -> None:
    assert percent(counts(["runnable"] * 999 + ["blocked"])) == 99
    assert headline(counts(["runnable", "blocked"])) == "1 of 2 runs here"


def test_the_plot_needs_two_scans_and_says_itself_in_a_sentence() -> None:
    assert plot(()) is None and plot((Point(NOW, 3, 1),)) is None
    made = plot((Point(NOW - 10 * DAY, 10, 8), Point(NOW - 5 * DAY, 10, 5, 3, "heron missing"), Point(NOW, 10, 6)))
    assert made is not None
    assert made["sentence"] == (
        "Runnable workflows: 8 of 10 on Thu 12 Nov; 3 workflows broke on Tue 17 Nov, heron missing; 6 of 10 on Sun 22 Nov."
    )
    assert [ring["x"] for ring in made["rings"]] == ["50.00%"] and made["ticks"][0] == "12 Nov"
    assert plot((Point(NOW, 0, 0), Point(NOW, 0, 0))) is not None
    assert (
        trend((Point(NOW - 8 * DAY, 9, 9), Point(NOW, 9, 6, 3)), NOW)
        == "3 fewer than a week ago; 3 broke on Sun 22 Nov."
    )


def test_golden(golden: Callable[[str, str], None]) -> None:
    html = render(replace(library(), entries=(showcase(),), unused=library().unused[:8]))
    html = re.sub(r"<style>.*?</style>", "<style></style>", html, flags=re.S)
    html = re.sub(r"<script>.*?</script>", "<script></script>", html, flags=re.S)
    html = re.sub(r"<symbol.*</symbol>\n", "", html)
    html = re.sub(r"sha256-[\w+/=]+", "sha256-…", html)
    golden("dashboard.html", html)


def test_a_thousand_workflows_stay_small_and_quick() -> None:
    scan = large()
    render(scan)
    started = time.perf_counter()
    html = render(scan)
    assert time.perf_counter() - started < 1.0
    assert len(html.encode("utf-8", "replace")) < 4_000_000
    assert any(f.weight == INFO for e in scan.entries for f in e.readiness.findings)
