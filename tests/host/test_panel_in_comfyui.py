"""The panel in the real ComfyUI's own page, on each pinned version of it. One server and one page per version."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TAB = "comfyfixersmart.readiness"
ITEMS = ("Explain this workflow", "Resolve missing")
COMMANDS = ("open", "explain", "resolve", "check", "dashboard")
# People clone into any folder name. (Of a name with a space ComfyUI 0.3.75 serves no web file, whatever the pack.)
FOLDER = {"1.32.9": "Comfy.Fixer-Smart_x"}
CHROMIUM = os.environ.get("COMFYFIXERSMART_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]

pytestmark = [pytest.mark.comfyui, pytest.mark.browser]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"panel_host_{name}", HERE / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


frontends, sketches = _load("frontends"), _load("sketches")


@dataclass
class Place:
    """A ComfyUI with one version of its page open, and everything that page said and asked for."""

    server: Any
    version: str
    folder: str
    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def panel(self) -> Any:
        return self.page.locator(".cfs")

    def js(self, code: str) -> Any:
        return self.page.evaluate(code)

    def until(self, code: str, seconds: float = 20) -> None:
        self.page.wait_for_function(code, timeout=seconds * 1000)

    def open_panel(self) -> None:
        if not self.panel.count():
            self.page.get_by_label("Readiness", exact=True).first.click()
        self.panel.wait_for()

    def close_panel(self) -> None:
        if self.panel.count():
            self.js(f"app.extensionManager.command.execute('Workspace.ToggleSidebarTab.{TAB}')")
            self.panel.wait_for(state="detached")

    def open_page_of(self, name: str) -> None:
        """The page of a saved workflow, through the list."""
        self.open_panel()
        while self.page.locator("[data-back]").count():
            self.page.locator("[data-back]").click()
            self.page.wait_for_timeout(100)
        self.panel.get_by_text(name, exact=True).first.click()
        self.page.locator(".cfs-workflow .cfs-card").wait_for()

    def show(self, name: str) -> None:
        """A saved workflow on the canvas."""
        opened = "async ([at, path]) => (await import(at)).openWorkflow(path)"
        assert self.page.evaluate(opened, [self.module("host.mjs"), f"workflows/{name}.json"])

    def module(self, name: str) -> str:
        """The address under which the page already has a module of ours."""
        return next(url for url in self.asked if url.split("?")[0].endswith(f"/{name}"))

    def go(self, node: str) -> bool:
        return bool(
            self.page.evaluate("async ([at, id]) => (await import(at)).goToNode(id)", [self.module("host.mjs"), node])
        )

    def menu(self) -> list[str]:
        """Right click on an empty place of the canvas: the entries."""
        box = self.page.locator("#graph-canvas").bounding_box()
        self.page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.88, button="right")
        self.page.locator(".litecontextmenu").wait_for()
        return [one.strip() for one in self.page.locator(".litecontextmenu .litemenu-entry").all_inner_texts()]

    def broken_on_badge(self) -> str:
        tab = self.js(f"app.extensionManager.getSidebarTabs().find((one) => one.id === '{TAB}').iconBadge")
        return str(tab)


@pytest.fixture(scope="module", params=frontends.versions())
def place(request: Any, comfyui: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        root = frontends.static_root(request.param)
    except frontends.FrontendUnavailable as absent:
        pytest.skip(f"no frontend {request.param} here: {absent}")
    with opened(comfyui, request.param, root, tmp_path_factory.mktemp("panel")) as one:
        yield one


@contextmanager
def opened(comfyui: ModuleType, version: str, root: Path, base: Path) -> Iterator[Place]:
    """ComfyUI in `base` with the page in `root`, opened, after its first check."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium found; install it, or name one in COMFYFIXERSMART_CHROMIUM")
    folder = FOLDER.get(version, "ComfyFixerSmart")
    comfyui.lay_out(base)
    sketches.write_all(base / "user/default/workflows")
    with (
        comfyui.running(base, {folder: ROOT}, args=["--front-end-root", str(root)]) as server,
        playwright.sync_playwright() as play,
    ):
        context = play.chromium.launch_persistent_context(
            base / "profile",
            executable_path=CHROMIUM,
            headless=True,
            viewport={"width": 1400, "height": 900},
            args=ARGS,
        )
        one = Place(server, version, folder, context.pages[0])
        _record(one)
        one.page.goto(server.url, wait_until="domcontentloaded")
        one.until(f"window.app?.extensionManager?.getSidebarTabs?.().some((one) => one.id === '{TAB}')", 90)
        _wait_for_first_check(server)
        yield one
        context.close()


def _record(one: Place) -> None:
    page = one.page
    page.on("console", lambda said: one.said.append(f"{said.type}: {said.text} [{said.location.get('url')}]"))
    page.on("pageerror", lambda error: one.said.append(f"uncaught: {error} {error.stack}"))
    page.on("request", lambda asked: one.asked.append(asked.url))


def _wait_for_first_check(server: Any, revision: str = "", seconds: float = 90) -> str:
    """Until there is a report (other than `revision`); its revision. A change that does not settle takes up to 60 s."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        library = server.get("/comfyfixersmart/status")[1].get("library")
        if library and library["revision"] != revision:
            return str(library["revision"])
        time.sleep(0.25)
    raise AssertionError(f"no new report within {seconds} s: {server.get('/comfyfixersmart/status')}")


@pytest.fixture(autouse=True)
def shown_when_it_fails(place: Place, request: Any, tmp_path: Path) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        place.page.screenshot(path=tmp_path / "page.png")
        print(f"picture: {tmp_path / 'page.png'}", *[each[:300] for each in place.said[-12:]], sep="\n")
    place.page.keyboard.press("Escape")  # a menu that a failed test left open


def test_the_page_is_the_pinned_one_and_only_the_entry_was_loaded(place: Place) -> None:
    assert place.js("window.__COMFYUI_FRONTEND_VERSION__") == place.version
    place.until("window.app.canvas && document.querySelector('#graph-canvas')")
    prefix = "/extensions/"
    ours = {url.split(prefix)[1].split("?")[0] for url in place.asked if prefix in url and "omfy" in url}
    assert any(url.endswith("/index.js") for url in ours)
    assert not [url for url in ours if url.endswith(("panel.mjs", "workflow.mjs", "library.mjs", ".css"))]


def test_the_badge_counts_what_is_broken(place: Place) -> None:
    place.until(f"app.extensionManager.getSidebarTabs().find((one) => one.id === '{TAB}').iconBadge === '3'")
    place.js("app.extensionManager.setting.set('comfyfixersmart.badge', false)")
    place.until(f"!app.extensionManager.getSidebarTabs().find((one) => one.id === '{TAB}').iconBadge")
    place.js("app.extensionManager.setting.set('comfyfixersmart.badge', true)")
    place.until(f"app.extensionManager.getSidebarTabs().find((one) => one.id === '{TAB}').iconBadge === '3'")


def test_the_tab_opens_and_lists_the_saved_workflows(place: Place) -> None:
    place.open_panel()
    for name in ("harbour_invert", "heron_upscale", "heron_shimmer", "osprey_subgraph"):
        place.panel.get_by_text(name, exact=True).first.wait_for()
    box, tab = place.panel.bounding_box(), place.page.viewport_size
    assert box["height"] > tab["height"] * 0.75, "it fills the tab"


def test_an_update_of_the_panel_is_seen_at_once(place: Place) -> None:
    """ComfyUI keeps browsers from keeping .js and .css, not .mjs: half of the panel would be of the older version."""
    kept = "async (url) => (await fetch(url)).headers.get('cache-control')"
    assert [place.page.evaluate(kept, place.module(name)) for name in ("panel.mjs", "host.mjs")] == ["no-cache"] * 2


def test_the_tab_survives_being_closed_and_opened(place: Place) -> None:
    place.open_page_of("heron_upscale")
    place.close_panel()
    place.open_panel()
    place.page.locator(".cfs-workflow .cfs-card").wait_for()
    assert place.panel.count() == 1
    place.page.locator("[data-back]").click()
    place.panel.get_by_text("harbour_invert", exact=True).first.wait_for()


def test_menu_items_stand_once_and_open_their_pages(place: Place) -> None:
    place.show("harbour_invert")
    place.close_panel()
    entries = place.menu()
    assert [entries.count(item) for item in ITEMS] == [1, 1]
    place.page.locator(".litemenu-entry", has_text=ITEMS[0]).click()
    place.page.get_by_role("heading", name="How it works").wait_for()
    assert place.menu().count(ITEMS[1]) == 1
    place.page.locator(".litemenu-entry", has_text=ITEMS[1]).click()
    place.page.locator(".cfs-missing").wait_for()
    assert "nothing is downloaded" in place.page.locator(".cfs-missing").inner_text()


def test_commands_menu_settings_and_key_are_registered(place: Place) -> None:
    commands = place.js("app.extensionManager.command.commands.map((one) => one.id)")
    assert [commands.count(f"ComfyFixerSmart.{name}") for name in COMMANDS] == [1] * len(COMMANDS)
    combos = place.js(
        "app.extensionManager.command.commands.filter((one) => one.keybinding)"
        ".map((one) => [one.id, one.keybinding.combo.toString().toUpperCase()])"
    )
    assert len(combos) > 15, "ComfyUI's own keys are seen too"
    assert [name for name, combo in combos if combo == "SHIFT + R"] == ["ComfyFixerSmart.open"]
    values = place.js(
        "['badge', 'compact', 'watch', 'cycleHours'].map((one) => app.extensionManager.setting.get('comfyfixersmart.' + one))"
    )
    assert values == [True, False, True, 2]


def test_the_key_opens_and_closes_but_never_while_typing(place: Place) -> None:
    place.close_panel()
    place.js("document.activeElement?.blur?.()")
    place.page.keyboard.press("Shift+R")
    place.panel.wait_for()
    place.until("document.activeElement.closest('.cfs')", 5)  # who opens it by a key goes on by keys
    field = place.panel.locator("input[type=search], input[type=text]").first
    while not field.count() and place.page.locator("[data-back]").count():  # the explanation stands behind the findings
        place.page.locator("[data-back]").click()
        place.page.wait_for_timeout(300)
    field.click()
    place.page.keyboard.press("Shift+R")
    assert field.input_value() == "R"
    field.fill("")


def test_a_node_of_another_workflow_opens_it_first_and_inside_a_subgraph(place: Place) -> None:
    place.open_page_of("osprey_subgraph")
    node = place.page.locator("button.cfs-node").first
    assert "Open workflow" in node.inner_text() and "12:3" in node.inner_text()
    node.click()
    place.until("app.extensionManager.workflow.activeWorkflow?.path === 'workflows/osprey_subgraph.json'")
    place.until("app.canvas.graph !== (app.rootGraph ?? app.graph) && app.canvas.graph.name === 'Sharpener'")
    place.page.locator(".cfs-ring").wait_for()
    # Frontend 1.58 gives inner nodes other numbers where they equal outer ones; the file still says "12:3".
    place.until(_in_the_middle("UpscaleModelLoader"))
    place.page.locator(".cfs-ring").wait_for(state="detached", timeout=5000)


def test_a_node_of_the_open_graph_is_gone_to_from_inside_a_subgraph(place: Place) -> None:
    place.js("window.app.canvas.ds.scale = 0.2")
    assert place.go("1")
    place.until("app.canvas.graph === (app.rootGraph ?? app.graph)")
    place.until(_in_the_middle("EmptyImage"))
    assert place.js("app.canvas.ds.scale") >= 0.6, "large enough to read"
    assert not place.go("77:1") and not place.go("12:77") and not place.go("")


def _in_the_middle(kind: str) -> str:
    return f"""(() => {{
        const canvas = app.canvas, node = canvas.graph.nodes.find((one) => one.type === '{kind}');
        const box = canvas.canvas.getBoundingClientRect(), panel = document.querySelector('.cfs').getBoundingClientRect();
        const x = box.left + (node.pos[0] + node.size[0] / 2 + canvas.ds.offset[0]) * canvas.ds.scale;
        const left = Math.max(box.left, panel.right);
        return Math.abs(x - (left + box.right) / 2) < 8;
    }})()"""


def test_an_edit_changes_the_verdict_before_it_is_saved(place: Place) -> None:
    place.show("harbour_invert")
    place.js("app.extensionManager.command.execute('ComfyFixerSmart.explain')")
    place.page.locator(".cfs-workflow [data-key=explain]").click()
    place.page.locator(".cfs-lead .cfs-runnable").wait_for()
    place.js(
        """(() => { const graph = app.rootGraph ?? app.graph, node = LiteGraph.createNode('UpscaleModelLoader');
        graph.add(node); node.pos = [80, 400]; node.widgets[0].value = 'gull.safetensors';
        const work = LiteGraph.createNode('ImageUpscaleWithModel'); graph.add(work); node.connect(0, work, 0);
        graph.nodes.find((one) => one.type === 'EmptyImage').connect(0, work, 1);
        const out = LiteGraph.createNode('PreviewImage'); graph.add(out); work.connect(0, out, 0); })()"""
    )
    place.page.locator(".cfs-lead .cfs-blocked").wait_for(timeout=20000)
    assert "gull.safetensors" in place.panel.inner_text()
    place.js(
        """(() => { const graph = app.rootGraph ?? app.graph;
        for (const one of graph.nodes.filter((node) => /Upscale|Preview/.test(node.type))) graph.remove(one); })()"""
    )
    place.page.locator(".cfs-lead .cfs-runnable").wait_for(timeout=20000)
    saved = (place.server.base / "user/default/workflows/harbour_invert.json").read_text()
    assert "gull" not in saved


def test_a_file_that_arrives_turns_the_workflow_green_without_a_reload(place: Place) -> None:
    place.show("sketches/heron_upscale")
    place.js("window.comfyfixersmartSameDocument = true")
    place.open_page_of("heron_upscale")
    place.page.locator(".cfs-lead .cfs-blocked").wait_for()
    sketches.write_model(place.server.base / "models/upscale_models" / sketches.HERON)
    place.page.locator(".cfs-lead .cfs-runnable").wait_for(timeout=90000)
    assert place.js("window.comfyfixersmartSameDocument")
    place.until(f"app.extensionManager.getSidebarTabs().find((one) => one.id === '{TAB}').iconBadge === '2'")
    options = (
        "(app.rootGraph ?? app.graph).nodes.find((one) => one.type === 'UpscaleModelLoader').widgets[0].options.values"
    )
    place.until(
        f"((values) => (typeof values === 'function' ? values() : values).includes('{sketches.HERON}'))({options})"
    )


def test_the_report_is_copied_as_markdown(place: Place) -> None:
    place.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=place.server.url)
    place.open_page_of("heron_shimmer")
    place.page.locator("[data-key=copy]").click()
    place.page.get_by_text("Copied.").wait_for()
    text = place.js("navigator.clipboard.readText()")
    assert text.startswith("# heron") and "NODE001" in text


def test_a_code_opens_its_paragraph_and_the_dashboard_opens_from_here(place: Place) -> None:
    place.open_page_of("heron_shimmer")
    place.page.locator(".cfs-code").first.click()
    place.page.locator(".cfs-about").wait_for()
    assert len(place.page.locator(".cfs-about").inner_text()) > 40
    with place.page.context.expect_page() as opened:
        place.page.locator("[data-key=dashboard]").click()
    opened.value.wait_for_load_state()
    assert opened.value.url.startswith(place.server.url)
    assert opened.value.locator("text=heron_shimmer").count()
    opened.value.close()


@pytest.mark.parametrize("palette", ["dark", "light"])
def test_axe_finds_nothing(place: Place, palette: str, axe_source: str) -> None:
    place.open_panel()
    place.js(f"app.extensionManager.setting.set('Comfy.ColorPalette', '{palette}')")
    place.until(f"document.querySelector('.cfs')?.dataset.tone === '{palette}'")
    place.open_page_of("heron_shimmer")
    place.js(axe_source)
    found = list(_axe(place))
    place.page.locator("[data-key=explain]").click()
    place.page.get_by_role("heading", name="How it works").wait_for()
    found += _axe(place)
    place.page.locator("[data-back]").click()
    place.page.locator(".cfs-workflow .cfs-card").wait_for()
    place.page.locator("[data-back]").click()
    place.panel.get_by_text("harbour_invert", exact=True).first.wait_for()
    found += _axe(place)
    place.js("app.extensionManager.setting.set('Comfy.ColorPalette', 'dark')")
    assert found == []


def _axe(place: Place) -> list[str]:
    place.page.wait_for_timeout(200)  # hover and fold take 120 ms
    found = place.js("axe.run('.cfs', { resultTypes: ['violations'] })")["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {[n['html'][:140] + n['failureSummary'][:200] for n in v['nodes'][:3]]}" for v in serious]


def test_chinese_in_comfyuis_own_places(place: Place) -> None:
    place.close_panel()
    place.js("app.extensionManager.setting.set('Comfy.Locale', 'zh')")
    if place.version != "1.32.9":  # it forgets the texts of packs when a language is switched on the open page
        place.page.get_by_label("可运行性", exact=True).first.wait_for()
        assert place.menu().count("说明此工作流") == 1
        place.page.keyboard.press("Escape")
    place.js("app.extensionManager.command.execute('ComfyFixerSmart.explain')")
    place.panel.get_by_text("如何运作").wait_for()
    place.close_panel()
    place.js("app.extensionManager.setting.set('Comfy.Locale', 'en')")
    place.page.get_by_label("Readiness", exact=True).first.wait_for()


def test_nothing_went_wrong_and_nobody_else_was_asked(place: Place) -> None:
    """Stands last: over everything the tests above did. ComfyUI's own page is not silent, so only what is ours counts."""
    mine = f"/extensions/{place.folder}/"
    names = (mine, "omfyFixer", "comfyfixer")
    bad = [
        said
        for said in place.said
        if said.startswith(("error", "warning", "uncaught")) and any(n in said for n in names)
    ]
    assert bad == []
    other = [url for url in place.asked if not url.startswith((place.server.url, "data:", "blob:"))]
    assert [url for url in other if "api.comfy.org" not in url] == [], "the host's own look-ups apart"
