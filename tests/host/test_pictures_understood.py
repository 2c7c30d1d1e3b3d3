"""The README's pictures of an explained workflow and of one that is fitted to 16 GB. How they are taken: test_pictures.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ..conftest import load_by_path
from . import test_pictures as pictures
from . import understand_place as place
from .fix_place import PREFIX

pytestmark = pictures.pytestmark
browser, keep, page_of_today, visit = pictures.browser, pictures.keep, pictures.page_of_today, pictures.visit


@pytest.fixture(scope="module")
def server(comfyui: ModuleType, page_of_today: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A ComfyUI with two workflows whose files are all here."""
    base: Path = tmp_path_factory.mktemp("understood") / "ComfyUI"
    place.lay_out(base, load_by_path("understand_files", pictures.ROOT / "benchmarks/memory_files.py"))
    quiet = load_by_path("picture_place", pictures.ROOT / "tests/host/picture_place.py").QUIET
    (base / "user/default/comfy.settings.json").write_text(json.dumps(quiet))
    with comfyui.running(base, {"ComfyFixerSmart": pictures.ROOT}, args=page_of_today) as running:
        place.until("the first check", lambda: set(place.listed(running).values()) == {"runnable"})
        yield running


def _explained(visit: Any, name: str) -> Any:
    """ComfyUI's page with the workflow on the canvas and its explanation beside it."""
    page = visit(*pictures.WINDOW, pictures.SCALE)
    pictures._open_workflow(page, name)
    page.evaluate("() => app.extensionManager.command.execute('ComfyFixerSmart.explain')")
    page.locator(".cfs-explained .cfs-stage").first.wait_for(timeout=60_000)
    return page


def _taken(page: Any) -> bytes:
    page.mouse.move(900, 870)
    page.evaluate(pictures.FIT)
    page.wait_for_timeout(800)
    return pictures._small_png(page.screenshot())


def test_picture_of_an_explained_workflow(visit: Any, keep: Any) -> None:
    def take() -> bytes:
        return _taken(_explained(visit, place.PAPERCUT))

    picture = keep(pictures.PICTURES / "panel-explain.png", pictures.README_LIMIT, take)
    assert picture.size == pictures.README_SIZE


def test_picture_of_a_workflow_that_is_fitted(visit: Any, keep: Any) -> None:
    def take() -> bytes:
        page = _explained(visit, place.FERN)
        page.locator(".cfs-part-fit [data-key=tune]").click()
        page.locator(".cfs-variant").first.wait_for(timeout=60_000)
        page.locator("[data-key=size-16]").click()
        page.locator("[data-key=size-16][aria-checked=true]").wait_for()
        page.locator("[data-variant=quality]").click()
        return _taken(page)

    picture = keep(pictures.PICTURES / "panel-tune.png", pictures.README_LIMIT, take)
    assert picture.size == pictures.README_SIZE


def test_the_panel_says_what_the_pictures_show(server: Any) -> None:
    """So that they are taken anew when it does not."""
    slug = place.slug_of(server, f"{place.PAPERCUT}.json")
    page = server.get(f"{PREFIX}/explain?slug={slug}")[1]["explanation"]["pages"]["newcomer"]
    assert [row["title"] for row in page["sections"][0]["rows"]] == [
        "Your sentence",
        "Blank canvas",
        "Sampling",
        "Decode and save",
    ]
