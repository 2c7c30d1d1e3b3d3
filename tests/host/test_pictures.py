"""The pictures of the README and of the examples: taken of the real ComfyUI with `--update-golden`, else looked after.

    scripts/test -m "comfyui and browser" tests/host/test_pictures.py --update-golden

Look at each picture that changed before you commit it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from ..sources.conftest import load as services
from . import fix_place

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests/golden/pictures"
EXAMPLES = sorted((ROOT / "example_workflows").glob("*.json"))
PAGE = "1.58.1"  # of the pinned pages the one that people with a current ComfyUI see
README_LIMIT, EXAMPLE_LIMIT = 200 << 10, 60 << 10  # bytes of a picture
EXAMPLE_SIZE = (960, 540)
WINDOW, SCALE = (1200, 880), 1.5  # CSS pixels, and how many of the picture's make one
README_SIZE = (1800, 1320)
CHECK_LIMIT = 60  # seconds
HOME = "/home/ada/ComfyUI"
OURS = {"X-ComfyFixerSmart": "1"}
# Around the graph, everything that is not the graph.
ONLY_THE_CANVAS = """
    * { visibility: hidden }
    canvas, .dom-widget, .dom-widget * { visibility: visible }
    #vue-app canvas:not(#graph-canvas) { visibility: hidden }
"""
# The whole graph with a margin in the middle of what the panel leaves free; from its left edge on where it would be
# too small to read.
FIT = """() => {
    const nodes = [...app.graph._nodes, ...app.graph._groups];
    const TITLE = 30, MARGIN = 40, READABLE = 0.75;
    const left = Math.min(...nodes.map((one) => one.pos[0])), right = Math.max(...nodes.map((one) => one.pos[0] + one.size[0]));
    const top = Math.min(...nodes.map((one) => one.pos[1])) - TITLE, bottom = Math.max(...nodes.map((one) => one.pos[1] + one.size[1]));
    const { ds, canvas } = app.canvas, { x, width, height } = canvas.getBoundingClientRect();
    const taken = Math.max(0, (document.querySelector(".cfs")?.getBoundingClientRect().right ?? 0) - x);
    const whole = Math.min((width - taken - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top));
    ds.scale = Math.max(whole, READABLE);
    const middle = (width + taken) / 2 / ds.scale - (left + right) / 2;
    ds.offset[0] = whole < READABLE ? (taken + MARGIN) / ds.scale - left : middle;
    ds.offset[1] = height / 2 / ds.scale - (top + bottom) / 2;
    app.canvas.setDirty(true, true);
}"""

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [pytest.mark.comfyui, pytest.mark.browser, pytest.mark.filterwarnings("default")]


def load(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path)
    assert spec and spec.loader
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page_of_today(comfyui: ModuleType) -> list[str]:
    """ComfyUI's arguments for that page."""
    pages = load("picture_frontends", ROOT / "tests/host/frontends.py")
    try:
        return ["--front-end-root", str(pages.static_root(PAGE))]
    except pages.FrontendUnavailable as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def server(comfyui: ModuleType, page_of_today: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A ComfyUI that has checked the sample library twice; one workflow broke in between."""
    place = load("picture_place", ROOT / "tests/host/picture_place.py")
    base = tmp_path_factory.mktemp("pictures") / "ComfyUI"
    place.build(base, load("picture_sample", ROOT / "scripts/sample_installation.py"))
    with comfyui.running(base, {"ComfyFixerSmart": ROOT}, args=page_of_today) as running:
        _checked_since(running, 0.0)
        (base / "models" / place.LOST).unlink()
        _checked_since(running, running.get("/comfyfixersmart/status")[1]["now"])
        yield running


def _checked_since(running: Any, moment: float) -> None:
    """Wait until a check that began after `moment` is done."""
    if moment:
        running.post("/comfyfixersmart/scan", {}, OURS)
    deadline = time.monotonic() + CHECK_LIMIT
    while time.monotonic() < deadline:
        last = running.get("/comfyfixersmart/status")[1]["cycle"]["last"]
        if last and last["started"] >= moment:
            assert last["outcome"] == "done", last
            return
        time.sleep(0.5)
    raise AssertionError(f"no check was done within {CHECK_LIMIT} s")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    executable = os.environ.get("COMFYFIXERSMART_CHROMIUM", "/usr/bin/chromium")
    if not Path(executable).exists():
        pytest.skip(f"no Chromium at {executable}")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(server: Any, browser: Any) -> Iterator[Callable[..., Any]]:
    """`visit(width, height)`: ComfyUI's page, ready, in the early afternoon, with nothing moving."""
    contexts: list[Any] = []

    def open_page(width: int, height: int, scale: float = 1, at: Any = server) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            reduced_motion="reduce",
            timezone_id=_where_it_is_afternoon(),
        )
        contexts.append(context)
        page = context.new_page()
        page.route("**/comfyfixersmart/**", lambda route: _at_home(route, at))
        page.goto(at.url, wait_until="domcontentloaded")
        page.wait_for_function(
            "window.app?.extensionManager?.workflow?.activeWorkflow && window.app.graph?._nodes.length"
        )
        page.wait_for_timeout(1500)  # the page puts its own notices and the badge
        return page

    yield open_page
    for context in contexts:
        context.close()


def _at_home(route: Any, server: Any) -> None:
    """The server's answer with a person's ComfyUI folder in place of the temporary one of this test."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace(str(server.base), HOME))


def _where_it_is_afternoon() -> str:
    """A zone in which it is about two o'clock: clock times in a picture should look like somebody's working day."""
    ahead = 14 - datetime.now(timezone.utc).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"  # the sign in these names is turned round


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[Path, int, Callable[[], bytes]], Image.Image]:
    """`keep(path, limit, take)`: with `--update-golden` the picture that `take` gives is written; then it is opened."""

    def check(path: Path, limit: int, take: Callable[[], bytes]) -> Image.Image:
        if request.config.getoption("--update-golden"):
            path.write_bytes(take())
        assert path.is_file(), f"{path.name} is missing: run with --update-golden and look at it"
        assert path.stat().st_size <= limit, f"{path.name} is too large"
        picture = Image.open(io.BytesIO(path.read_bytes()))
        picture.load()
        return picture

    return check


def _small_png(screenshot: bytes) -> bytes:
    """A palette made for rare colours, so that a status icon keeps its own beside a picture on the canvas."""
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def _small_jpeg(screenshot: bytes) -> bytes:
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB").resize(EXAMPLE_SIZE, Image.Resampling.LANCZOS)
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def _open_workflow(page: Any, name: str) -> None:
    page.evaluate(
        """async (path) => {
            const store = app.extensionManager.workflow;
            await store.syncWorkflows();
            const workflow = store.getWorkflowByPath(path);
            await workflow.load();
            await app.loadGraphData(workflow.activeState, true, true, workflow);
        }""",
        f"workflows/{name}.json",
    )
    page.wait_for_timeout(1500)


def _open_panel(page: Any) -> None:
    page.get_by_label("Readiness").first.click()
    page.locator(".cfs-row").first.wait_for()
    page.mouse.move(900, 890)


def test_picture_of_the_library(visit: Any, keep: Any) -> None:
    page = visit(*WINDOW, SCALE)
    _open_workflow(page, "harbour with the right vae")
    _open_panel(page)
    page.evaluate(FIT)
    page.wait_for_timeout(800)
    said = page.locator(".cfs").inner_text()
    assert [word for word in ("Blocked", "Runnable", "Needs input", "Unknown", "Unreadable") if word not in said] == []
    picture = keep(PICTURES / "panel-library.png", README_LIMIT, lambda: _small_png(page.screenshot()))
    assert picture.size == README_SIZE


def test_picture_of_a_workflow_and_its_node(visit: Any, keep: Any) -> None:
    page = visit(*WINDOW, SCALE)
    _open_panel(page)
    page.locator(".cfs-row", has_text="harbour at dusk").click()
    page.get_by_role("button", name="Open workflow").first.click()
    page.wait_for_function("app.extensionManager.workflow.activeWorkflow.path.endsWith('harbour at dusk.json')")
    page.wait_for_timeout(1500)
    page.locator("button.cfs-node").first.click()
    page.locator(".cfs-ring").wait_for()
    page.wait_for_timeout(300)
    picture = keep(PICTURES / "panel-workflow.png", README_LIMIT, lambda: _small_png(page.screenshot()))
    assert picture.size == README_SIZE


@pytest.fixture
def wanting(comfyui: ModuleType, page_of_today: list[str], tmp_path: Path) -> Iterator[Any]:
    """A ComfyUI whose workflow lacks three things, and services that have them."""
    base = tmp_path / "ComfyUI"
    with fix_place.services(services, 96 << 20) as world:
        fix_place.lay_out(base, services)
        (base / "user/default/comfy.settings.json").write_text(
            json.dumps(load("picture_place", ROOT / "tests/host/picture_place.py").QUIET)
        )
        env = world.environment() | {"COMFYFIXERSMART_SOURCES": "huggingface"}
        with comfyui.running(base, {"ComfyFixerSmart": ROOT}, args=page_of_today, env=env) as running:
            _checked_since(running, 0.0)
            yield running


def test_picture_of_a_plan(request: pytest.FixtureRequest, visit: Any, keep: Any) -> None:
    """The way there is walked in test_fix_in_comfyui.py; here only for a new picture."""

    def take() -> bytes:
        page = visit(*WINDOW, SCALE, at=request.getfixturevalue("wanting"))
        _open_workflow(page, fix_place.NAME)
        _open_panel(page)
        page.locator(".cfs-row").first.click()
        page.locator(".cfs").get_by_role("button", name="Resolve missing").first.click()
        page.locator(".cfs-sheet [data-key='approve']").first.wait_for(timeout=90_000)
        page.mouse.move(900, 890)
        page.evaluate(FIT)
        page.wait_for_timeout(800)
        return _small_png(page.screenshot())

    picture = keep(PICTURES / "panel-plan.png", README_LIMIT, take)
    assert picture.size == README_SIZE


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_picture_of_an_example(path: Path, visit: Any, keep: Any) -> None:
    def take() -> bytes:
        page = visit(1920, 1080)
        page.evaluate("graph => app.loadGraphData(graph)", json.loads(path.read_text()))
        page.add_style_tag(content=ONLY_THE_CANVAS)
        page.wait_for_timeout(1500)  # LoadImage grows when its picture has come
        page.evaluate(FIT)
        page.wait_for_timeout(500)
        return _small_jpeg(page.screenshot())

    picture = keep(path.with_suffix(".jpg"), EXAMPLE_LIMIT, take)
    assert picture.size == EXAMPLE_SIZE
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 500  # no blank sheet


def test_comfyui_offers_the_examples_with_their_pictures(server: Any) -> None:
    status, offered = server.get("/api/workflow_templates")
    assert (status, sorted(offered["ComfyFixerSmart"])) == (200, [path.stem for path in EXAMPLES])
    for path in EXAMPLES:  # the page asks for NAME.jpg, in all pinned versions
        status, body = server.get(f"/api/workflow_templates/ComfyFixerSmart/{path.stem}.jpg")
        assert (status, Image.open(io.BytesIO(body)).format) == (200, "JPEG")
