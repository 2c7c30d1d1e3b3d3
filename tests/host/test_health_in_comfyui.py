"""A workflow that ran in the real ComfyUI and does not any more: when it broke, because of what, told everywhere alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import load_by_path
from . import understand_place as place
from .fix_place import PREFIX
from .understand_place import listed, posted, slug_of, until
from .understand_walk import Understanding

pytestmark = [pytest.mark.comfyui]

ROOT = Path(__file__).resolve().parents[2]
PACKS = {"ComfyFixerSmart": ROOT}
GONE_MODEL = "flux1-krea.safetensors"  # what FERN is edited to name


@pytest.fixture
def server(comfyui: Any, tmp_path: Path) -> Any:
    """A ComfyUI that has found both workflows runnable."""
    base = tmp_path / "base"
    place.lay_out(base, load_by_path("understand_files", ROOT / "benchmarks/memory_files.py"))
    with comfyui.running(base, PACKS) as running:
        until("the first check", lambda: set(listed(running).values()) == {"runnable"})
        yield running


def health(server: Any, name: str) -> Any:
    """What the workflow's page is told of its health."""
    status, answer = server.get(f"{PREFIX}/workflow?slug={slug_of(server, f'{name}.json')}")
    assert status == 200, answer
    return answer["workflow"]["health"]


def broken(server: Any, name: str) -> Any:
    """Wait for the next check to find it blocked; what its page is told then."""
    posted(server, "scan", {})
    until(f"{name} is blocked", lambda: listed(server).get(f"{name}.json") == "blocked")
    return health(server, name)["broke"]


def reported(server: Any, name: str) -> Any:
    """The same in the report that lies on the disk."""
    folder = server.base / "output/reports/workflows"
    return json.loads((folder / f"{slug_of(server, f'{name}.json')}.json").read_text())["workflow"]["health"]["broke"]


@pytest.mark.browser
def test_a_model_file_that_is_gone_is_the_cause_on_its_page_and_in_the_reports(server: Any, chromium: Any) -> None:
    assert health(server, place.PAPERCUT)["broke"] is None
    (server.base / "models/loras" / place.LORA).unlink()
    broke = broken(server, place.PAPERCUT)
    assert [one["cause"] for one in broke["because"]] == ["file_gone"] and broke["differences"] == 0
    assert place.LORA in broke["because"][0]["text"] and "MODEL001" in broke["because"][0]["evidence"]
    assert 0 < broke["last_good"] < broke["when"]
    assert reported(server, place.PAPERCUT)["because"] == broke["because"]
    dashboard = (server.base / "output/reports/workflows/dashboard.html").read_text()
    assert "Broke on" in dashboard and broke["because"][0]["text"] in dashboard
    assert health(server, place.FERN)["broke"] is None, "the other one is as it was"

    walk = Understanding(chromium.page, server.url)
    walk.begin()
    walk.to_the_workflow(place.PAPERCUT.rpartition("/")[2])
    said = walk.page.locator(".cfs-broke").inner_text()
    walk.shot("broke-file")
    assert said.startswith("Broke on") and "because" in said and f"{place.LORA} is gone" in said
    assert "models/loras" in said and str(server.base) not in said, "told from ComfyUI's folder on"
    walk.click("Compare with the last good version", walk.page.locator("[data-key=compare-good]"))
    walk.compared()
    assert "the reason lies outside of it" in walk.panel.inner_text()

    place.lora(server.base / "models/loras" / place.LORA, place.LORA)
    posted(server, "scan", {})
    until("it runs again", lambda: listed(server).get(f"{place.PAPERCUT}.json") == "runnable")
    assert health(server, place.PAPERCUT)["broke"] is None


@pytest.mark.browser
def test_an_edit_is_the_cause_with_what_was_changed(server: Any, chromium: Any) -> None:
    graph = place.fern()
    loader = next(one for one in graph["nodes"] if one["type"] == "UNETLoader")
    loader["widgets_values"][0] = GONE_MODEL
    place.save(server.base, place.FERN, graph)
    broke = broken(server, place.FERN)
    assert [one["cause"] for one in broke["because"]] == ["workflow_edited"] and broke["differences"] == 1
    assert place.FLUX in broke["because"][0]["text"] and GONE_MODEL in broke["because"][0]["text"]
    assert reported(server, place.FERN)["because"] == broke["because"]

    walk = Understanding(chromium.page, server.url)
    walk.begin()
    walk.to_the_workflow(place.FERN)
    walk.shot("broke-edit")
    walk.click("what would settle it", walk.page.locator(".cfs-broke .cfs-mend"))
    walk.compared()
    walk.shot("broke-edit-compared")
    groups = walk.page.locator(".cfs-diff-node")
    assert groups.count() == 1 and place.FLUX in groups.inner_text() and GONE_MODEL in groups.inner_text()
