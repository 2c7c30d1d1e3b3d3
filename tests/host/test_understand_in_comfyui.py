"""Explain, fit and compare inside the real ComfyUI, whose own check has the last word; and why a workflow broke.

scripts/test -m comfyui tests/host/test_understand_in_comfyui.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conftest import load_by_path
from ..sources.conftest import load
from . import fix_place
from . import understand_place as place
from .fix_place import PREFIX
from .understand_place import listed, posted, slug_of, until
from .understand_walk import Understanding

pytestmark = [pytest.mark.comfyui]

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/host/packs"
PACKS = {"ComfyFixerSmart": ROOT, "oracle": HERE / "oracle", "impact": HERE / "impact"}
COMFYUI = ("https://api.comfy.org/",)


@pytest.fixture(scope="module")
def server(comfyui: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A ComfyUI with both workflows, after its first check. The services that may be asked note every request."""
    base = tmp_path_factory.mktemp("understand") / "base"
    place.lay_out(base, load_by_path("understand_files", ROOT / "benchmarks/memory_files.py"))
    with fix_place.services(load) as world, comfyui.running(base, PACKS, env=world.environment()) as running:
        until("the first check", lambda: set(listed(running).values()) == {"runnable"})
        yield running
        assert world.asked() == [], "no service was asked"
        assert_quiet(running)


@pytest.fixture
def walk(server: Any, chromium: Any) -> Iterator[Understanding]:
    """ComfyUI's page."""
    one = Understanding(chromium.page, server.url)
    chromium.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    one.begin()
    yield one
    assert not [each for each in chromium.errors if "comfyfixersmart" in each.lower()]
    far = {each for each in chromium.requests if not each.startswith((server.url, "data:", "blob:"))}
    assert {each for each in far if not each.startswith(COMFYUI)} == set(), "what ComfyUI's page asks is its own"


def verdict(server: Any, prompt: dict[str, Any]) -> tuple[bool, Any]:
    """Whether ComfyUI's own check accepts it, and what it says against it."""
    status, answers = server.post("/oracle/validate", {"prompts": [prompt]})
    assert status == 200
    return answers[0]["accepted"], answers[0]["node_errors"]


def assert_quiet(server: Any) -> None:
    """Nothing of this process spoke to another machine, and its log has no text or path of a workflow."""
    calls = server.get("/impact/calls")[1]
    assert [what for _, event, what, _, near in calls if event.startswith("socket.") and not near] == []
    ours = "\n".join(line for line in server.log_text().splitlines() if "comfyfixersmart" in line.lower())
    assert place.PROMPT not in server.log_text() and "cyanotype print" not in server.log_text()
    assert place.PAPERCUT not in ours and "safetensors" not in ours


# ---- explained ----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_explained_from_the_canvas_for_both_readers(server: Any, walk: Understanding) -> None:
    walk.show(place.PAPERCUT)
    walk.explain_by_menu()
    walk.shot("explain")
    assert (
        walk.page.locator(".cfs-stage").count() == 4 and walk.page.locator(".cfs-drawing svg, svg.cfs-drawing").count()
    )
    assert "1024 × 1024" in walk.section("how") and "28 steps" in walk.section("how")
    models, tune = walk.section("models"), walk.section("tune")
    assert place.CHECKPOINT in models and place.LORA in models and "6.9 GB" in models, "from the header's own sizes"
    assert [word for word in ("Prompt", "Steps", "28", "cfg", "6.5", "LoRA strength", "0.8") if word not in tune] == []

    walk.to_node("6")
    walk.shot("explain-node")
    assert "# " in (text := walk.copied()) and place.PROMPT in text and "## What to tune first" in text
    walk.as_expert()
    walk.shot("explain-expert")
    passes = walk.section("passes")
    assert all(word in passes for word in ("dpmpp_2m", "karras", "cfg 6.5", "482213907"))
    assert "## Passes" in walk.copied() and "## How it works" not in walk.copied()


@pytest.mark.browser
def test_whether_it_fits_is_told_of_the_headers_and_of_this_machine(server: Any, walk: Understanding) -> None:
    walk.show(place.PAPERCUT)
    walk.explain_by_menu()
    said = walk.section("fit")
    assert "CPU" in said and "GB" in said and "RAM" in said
    fit = server.get(f"{PREFIX}/explain?slug={slug_of(server, place.PAPERCUT + '.json')}")[1]["explanation"]["fit"]
    weights = [one for one in fit["weights"] if one["name"] == place.CHECKPOINT]
    assert {one["known_from"] for one in weights} == {"header"}
    assert {one["role"] for one in weights} == {"diffusion_model", "text_encoder", "vae"}
    size = (server.base / "models/checkpoints" / place.CHECKPOINT).stat().st_size
    assert sum(one["bytes"] for one in weights) == pytest.approx(size, rel=0.001), "the parts are the whole file"


# ---- fitted, compared, taken back -----------------------------------------------------------------------------------


@pytest.mark.browser
def test_fitted_to_8_gb_as_a_new_version_compared_and_taken_back(server: Any, walk: Understanding) -> None:
    first = place.saved(server.base, place.FERN)
    second = first.with_name(f"{place.FERN}.v2.json")
    before = first.read_bytes()
    walk.show(place.FERN)
    original = walk.prompt()
    assert verdict(server, original) == (True, {})
    walk.explain_by_menu()
    walk.fit_it()
    walk.shot("tune")
    assert "This machine" not in walk.page.locator(".cfs-sizes").inner_text(), "it has no GPU to fit it to"
    ids = walk.variant("quality")
    assert ids and "Writes fern.v2.json" in walk.page.locator(".cfs-tune-foot").inner_text()
    walk.shot("tune-chosen")
    slug = slug_of(server, f"{place.FERN}.json")
    tune = posted(server, "tune", {"slug": slug, "memory_gb": 8})["tune"]
    edits = [edit for one in tune["changes"] if one["id"] in ids for edit in one["edits"]]
    walk.make()
    said = walk.plan()
    walk.shot("tune-plan")
    assert "fern.v2.json" in said and not second.exists(), "nothing happened yet"
    walk.approve()
    walk.arrived()
    walk.shot("tune-done")
    assert second.is_file() and first.read_bytes() == before, "the original stays byte for byte"
    walk.runnable()
    walk.onto_the_canvas(second.name)
    walk.shot("version")
    held = "() => app.extensionManager.workflow.openWorkflows.every((one) => one.isLoaded)"
    assert walk.page.evaluate(held), "the tabs that were open keep what they hold"
    changed = walk.prompt()
    assert verdict(server, changed) == (True, {}), "ComfyUI accepts it as it accepts the original"
    assert {(node, name) for node, name, _ in against(original, changed)} == {
        (one["node"], one["input"]) for one in edits
    }
    assert_compared(server, walk, slug, slug_of(server, f"{place.FERN}.v2.json"), edits)

    walk.click("Back", walk.page.locator("[data-back]"))
    walk.take_back_one()
    walk.shot("taken-back")
    assert not second.exists() and first.read_bytes() == before


def against(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Which inputs of what is sent are not the same: node, input, new value. The seed is drawn anew by the page."""
    assert old.keys() == new.keys()
    found = []
    for node, one in old.items():
        other = new[node]["inputs"]
        assert one["class_type"] == new[node]["class_type"] and one["inputs"].keys() == other.keys()
        found += [(node, name, other[name]) for name in other if other[name] != one["inputs"][name] and name != "seed"]
    return found


def assert_compared(server: Any, walk: Understanding, old: str, new: str, edits: list[dict[str, Any]]) -> None:
    """The panel lists exactly the changes that were made, and so does the route."""
    told = posted(server, "compare", {"old": {"slug": old}, "new": {"slug": new}})["comparison"]
    rows = [(one["input"], one["before"], one["after"]) for one in told["differences"]]
    assert sorted(rows, key=str) == sorted(((one["input"], one["before"], one["after"]) for one in edits), key=str)
    walk.click("Compare versions", walk.key("compare"))
    walk.compared()
    walk.shot("compare")
    groups = walk.page.locator(".cfs-diff-node")
    assert groups.count() == len({one["node"] for one in edits})
    text = " ".join(groups.all_inner_texts())
    assert all(str(one["after"]) in text and one["input"] in text for one in edits)


@pytest.mark.browser
def test_a_graph_in_no_file_gets_its_variant_in_a_tab(server: Any, walk: Understanding) -> None:
    saved = server.base / "user/default/workflows"
    before = sorted(saved.rglob("*"))
    walk.page.evaluate("graph => app.loadGraphData(graph)", place.fern())
    walk.page.wait_for_function("() => app.graph.nodes.some((one) => one.type === 'FluxGuidance')")
    walk.explain_by_menu()
    walk.fit_it()
    walk.variant("quality")
    tabs = walk.page.evaluate("() => app.extensionManager.workflow.openWorkflows.length")
    walk.click("Open the variant", walk.page.locator("[data-key=make]"))
    walk.page.wait_for_function("n => app.extensionManager.workflow.openWorkflows.length === n + 1", arg=tabs)
    walk.shot("variant-tab")
    assert walk.page.evaluate("() => app.extensionManager.workflow.activeWorkflow.filename").endswith(".v2")
    sent = walk.prompt()
    loader = next(one for one in sent.values() if one["class_type"] == "UNETLoader")
    assert loader["inputs"]["weight_dtype"] == "fp8_e4m3fn" or loader["inputs"]["unet_name"] == place.FLUX_SMALL
    assert verdict(server, sent) == (True, {})
    assert sorted(saved.rglob("*")) == before, "nothing was written"
