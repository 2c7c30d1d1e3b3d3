"""The look-up inside the real ComfyUI, in its real page, against services of our own: from the first question to a choice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..sources.conftest import load

pytestmark = [pytest.mark.comfyui, pytest.mark.browser]

ROOT = Path(__file__).resolve().parents[2]
OURS = {"X-ComfyFixerSmart": "1"}
PREFIX = "/comfyfixersmart"
CANARY = "canary-0123456789abcdef-key"
PROMPT = "a lighthouse that nobody outside may hear of"
INK, TWINS, GONE = "inkwash_xl_v4.safetensors", "twin_rivers.safetensors", "nowhere_to_be_found.safetensors"
FLOW = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "pos": [0, 0], "size": [300, 100], "mode": 0, "widgets_values": [INK]},
        {"id": 2, "type": "LoraLoader", "pos": [400, 0], "size": [300, 130], "mode": 0, "widgets_values": [TWINS, 1, 1]},
        {"id": 3, "type": "VAELoader", "pos": [0, 200], "size": [300, 60], "mode": 0, "widgets_values": [GONE]},
        {"id": 4, "type": "InkWash", "pos": [400, 200], "size": [300, 60], "mode": 0, "widgets_values": [PROMPT]},
    ],
    "links": [],
    "version": 0.4,
}  # fmt: skip


def services(replay: Any) -> None:
    """One file for certain, one name with two contents, one that is nowhere, and the pack of a class."""
    weights, hub, desk = load("huggingface").weights, load("huggingface").Hub(), load("registry").Desk()
    hub.repo("brushworks/inkwash-xl", {INK: weights("ink", 6_500_000_000)})
    hub.repo("someone/twin_rivers", {TWINS: weights("left", 228_000_000)})
    hub.repo("other/twin-rivers", {TWINS: weights("right", 228_000_001)})
    hub.serve(replay)
    load("civitai").Shop().serve(replay)
    load("modelscope").Hall().serve(replay)
    desk.pack("inkwell-nodes", repo="https://github.com/brushworks/Inkwell-Nodes", classes=["InkWash"])
    desk.serve(replay)


@pytest.fixture(scope="module")
def replay() -> Iterator[Any]:
    with load("server").serving() as one:
        services(one)
        yield one


@pytest.fixture(scope="module")
def host(comfyui: Any, replay: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    base = tmp_path_factory.mktemp("resolve")
    names = ("huggingface", "civitai", "modelscope", "registry")
    env = {
        "COMFYFIXERSMART_ENDPOINTS": ",".join(f"{name}={replay.address}" for name in names),
        "COMFYFIXERSMART_CIVITAI_KEY": CANARY,
    }
    saved = base / "user/default/workflows"
    saved.mkdir(parents=True)
    (saved / "much is missing.json").write_text(json.dumps(FLOW))
    with comfyui.running(base, {"ComfyFixerSmart": ROOT}, env=env) as server:
        yield server


def until(what: str, ready: Any, seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not in time: {what}")


def test_from_the_first_question_to_a_choice(host: Any, replay: Any, chromium: Any) -> None:
    page = chromium.page
    library = until("the first cycle", lambda: (answer := host.get(f"{PREFIX}/library"))[0] == 200 and answer[1])
    assert host.post(f"{PREFIX}/resolve", {}, OURS)[1]["error"]["code"] == "no_consent"
    assert not replay.log, "nobody is asked before the person said so"

    page.goto(host.url)
    page.wait_for_function("() => window.app?.extensionManager?.command", timeout=60_000)
    page.get_by_label("Readiness", exact=True).first.click()
    panel = page.locator(".cfs")
    panel.get_by_text("much is missing", exact=True).first.click()
    page.locator(".cfs-workflow .cfs-card").wait_for()
    panel.get_by_role("button", name="Resolve missing").first.click()
    sheet = page.get_by_role("dialog")
    sheet.wait_for()
    assert not replay.log and "Words of the missing file's name" in sheet.inner_text()
    sheet.get_by_role("button", name="Ask these services").click()

    job = until("the look-up", lambda: _over(host))
    assert (job["state"], job["counts"]) == ("done", {"RESOLVED": 2, "UNCERTAIN": 1, "NOT_FOUND": 1}), job
    plan = page.locator(".cfs-work-sheet")
    plan.get_by_text(INK).first.wait_for(timeout=20_000)
    assert TWINS not in plan.locator(".cfs-act-list").inner_text(), "what is uncertain is in no plan"
    page.keyboard.press("Escape")
    plan.wait_for(state="detached")
    for word, name in (("RESOLVED", INK), ("UNCERTAIN", TWINS), ("NOT FOUND", GONE)):
        panel.get_by_text(word, exact=True).first.wait_for(timeout=20_000)
        assert panel.get_by_text(name).count(), name
    panel.get_by_role("button", name="Use this one").first.click()
    panel.locator(".cfs-why input").fill("the author said so")
    panel.locator(".cfs-why input").press("Enter")
    panel.get_by_text("CHOSEN BY YOU", exact=True).first.wait_for(timeout=20_000)

    slug = library["workflows"][0]["slug"]
    shown = host.get(f"{PREFIX}/workflow?slug={slug}")[1]["workflow"]["findings"]
    states = {one["name"]: one["resolution"]["state"] for one in shown if one["resolution"]}
    assert states == {INK: "RESOLVED", TWINS: "RESOLVED", GONE: "NOT_FOUND", "InkWash": "RESOLVED"}
    report = until("the report", lambda: _told(host, slug, INK))
    assert "brushworks/inkwash-xl" in report and "inkwell-nodes" in report

    sent = "\n".join(f"{one.path} {one.query} {one.body!r}" for one in replay.log)
    assert PROMPT not in sent and "lighthouse" not in sent and str(host.base) not in sent and CANARY not in sent
    written = "".join(one.read_text(errors="replace") for one in host.base.rglob("*.json"))
    assert CANARY not in written + host.log_text() + json.dumps(host.get(f"{PREFIX}/sources")[1])
    assert not [
        one for one in chromium.errors if "comfyfixersmart" in one.lower()
    ]  # ComfyUI's page has some of its own


def _over(host: Any) -> Any:
    job = host.get(f"{PREFIX}/resolve")[1]["job"]
    return job if job and job["state"] != "running" else None


def _told(host: Any, slug: str, name: str) -> str:
    path = host.base / f"output/reports/workflows/{slug}.md"
    text = path.read_text() if path.is_file() else ""
    return text if "RESOLVED" in text and name.rpartition(".")[0].replace("_", "") in text.replace("_", "") else ""
