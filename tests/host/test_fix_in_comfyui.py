"""From blocked to runnable and back inside the real ComfyUI, whose own check has the last word; and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..sources.conftest import load
from . import fix_place
from .fix_place import CANARY, GLOW, GLOW_HERE, INK, LANTERN, OURS, PREFIX, PROMPT, WRONG_FOLDER, World
from .fix_walk import Walk

pytestmark = [pytest.mark.comfyui]

ROOT = Path(__file__).resolve().parents[2]
PACKS = {"ComfyFixerSmart": ROOT}
CONSENT = {"COMFYFIXERSMART_SOURCES": ",".join(fix_place.SERVICES)}
MB = 1 << 20
BIG = 24 * MB
SOCKETS = 4 * MB  # what a kill may cost: one MiB of ours, and what lay in the sockets


@pytest.fixture
def world(request: Any) -> Iterator[World]:
    """The services; a test may say how large the checkpoint is."""
    with fix_place.services(load, getattr(request, "param", fix_place.SIZE)) as one:
        yield one


# ---- by its routes ------------------------------------------------------------------------------------------------


def until(what: str, ready: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not in time: {what}")


def listed(server: Any) -> dict[str, Any]:
    """Status by file name, once there is a library."""
    status, answer = server.get(f"{PREFIX}/library")
    return {one["name"]: one["status"] for one in answer["workflows"]} if status == 200 else {}


def looked_up(server: Any) -> str:
    """Look up what the only workflow lacks; its slug."""
    until("the first cycle", lambda: listed(server))
    slug: str = server.get(f"{PREFIX}/library")[1]["workflows"][0]["slug"]
    assert server.post(f"{PREFIX}/resolve", {"slug": slug}, OURS)[0] == 200
    job = until("the look-up", lambda: over(server.get(f"{PREFIX}/resolve")[1]["job"]), 120)
    assert (job["state"], job["counts"]["RESOLVED"]) == ("done", 1), job
    return slug


def over(one: Any) -> Any:
    return one if one and one["state"] != "running" else None


def planned(server: Any, slug: str) -> dict[str, Any]:
    status, answer = server.post(f"{PREFIX}/plan", {"slug": slug}, OURS)
    assert status == 200, answer
    plan: dict[str, Any] = answer["plan"]
    return plan


def approved(server: Any, plan: dict[str, Any]) -> dict[str, Any]:
    """Approve it, with every consent that it asks for; the run."""
    consents = {
        one["id"]: [risk["code"] for risk in one["risks"] if risk["consent"]]
        for one in plan["actions"]
        if any(risk["consent"] for risk in one["risks"])
    }
    status, answer = server.post(f"{PREFIX}/approve", {"digest": plan["digest"], "consents": consents}, OURS)
    assert status == 200, answer
    run: dict[str, Any] = answer["run"]
    return run


def run_of(server: Any) -> Any:
    return server.get(f"{PREFIX}/run")[1]["run"]


def ended(server: Any, seconds: float = 60) -> dict[str, Any]:
    run: dict[str, Any] = until("the run's end", lambda: over(run_of(server)), seconds)
    return run


def errors_of(run: dict[str, Any]) -> list[Any]:
    """What went wrong, for the message of a failed test."""
    return [(one["kind"], one["state"], one["error"]) for one in run["actions"]]


def offered(server: Any, node: str, name: str) -> list[str]:
    """The choices of an input, as ComfyUI's own list has them."""
    info = server.get(f"/object_info/{node}")[1][node]["input"]["required"][name]
    choices: list[str] = info[0] if isinstance(info[0], list) else info[1]["options"]
    return choices


def test_by_its_routes_from_blocked_to_runnable_and_back(comfyui: Any, world: World, tmp_path: Path) -> None:
    base = tmp_path / "base"
    fix_place.lay_out(base, load)
    models = base / "models"
    first = fix_place.newest(base)
    with comfyui.running(base, PACKS, env=world.environment() | CONSENT) as server:
        slug = looked_up(server)
        errors = fix_place.lacking(fix_place.refused(server, first))
        assert errors == {"ckpt_name": INK, "lora_name": LANTERN, "vae_name": GLOW}
        plan = planned(server, slug)
        assert [one["kind"] for one in plan["actions"]] == ["move", "download", "relink"] and not plan["left_out"]
        assert plan["bytes"] == fix_place.SIZE and not world.served(), "a plan fetches nothing"
        assert not (models / "checkpoints" / INK).exists() and not (models / "loras" / LANTERN).exists()

        approved(server, plan)
        run = ended(server)
        assert (run["state"], run["done"], run["failed"]) == ("done", 3, 0), errors_of(run)
        told = {one["kind"]: one for one in run["actions"]}
        assert told["download"]["check"] == "verified" and world.served() == fix_place.SIZE
        assert INK in offered(server, "CheckpointLoaderSimple", "ckpt_name")
        assert LANTERN in offered(server, "LoraLoader", "lora_name")
        newest = fix_place.newest(base)
        assert newest.name == f"{fix_place.NAME}.v2.json" and GLOW in first.read_text()
        assert fix_place.refused(server, newest) == {}, "ComfyUI itself takes it now"
        until("the library is looked at again", lambda: "runnable" in listed(server).values())
        assert_discreet(server, world)

        undone = server.post(f"{PREFIX}/undo", {"run": run["id"]}, OURS)[1]["undone"]
        assert len(undone) == 3 and all(one["ok"] for one in undone), undone
        assert not (models / "checkpoints" / INK).exists() and (models / WRONG_FOLDER / LANTERN).exists()
        assert not newest.exists() and (models / "vae" / GLOW_HERE).exists()
        brought = [one for one in base.rglob(f"*{INK}*") if one.is_file() and one.stat().st_size == fix_place.SIZE]
        assert len(brought) == 1, "what was brought lies in the undo folder"
        assert fix_place.lacking(fix_place.refused(server, first)) == errors
        until("it is blocked again", lambda: set(listed(server).values()) == {"blocked"})
        assert_discreet(server, world)


def assert_discreet(server: Any, world: World) -> None:
    """No prompt leaves this computer; the key goes to its service alone, and is written nowhere."""
    sent = "\n".join(f"{one.raw} {one.body!r} {one.headers}" for one in world.asked())
    assert PROMPT not in sent and "lighthouse" not in sent and str(server.base) not in sent
    others = [one for name, one in world.hosts.items() if name != "huggingface"]
    assert CANARY not in str([(one.raw, one.headers) for host in others for one in host.log])
    assert any(CANARY in one.headers.get("authorization", "") for one in world.hub.log), "its own service gets it"
    state = server.base / "user/__comfyfixersmart"
    written = {one: one.read_text(errors="replace") for one in state.rglob("*") if one.is_file()}
    kept = {path: text for path, text in written.items() if {"journal", "runs", "plans"} & set(path.parts)}
    assert kept and any("audit" in path.name for path in written), sorted(map(str, written))
    for path, text in {**written, server.log: server.log_text()}.items():
        assert CANARY not in text and "Signature=" not in text, path
    for path, text in {**kept, server.log: server.log_text()}.items():
        assert "lighthouse" not in text, path
    for route in ("run", "journal", "sources", "settings"):
        assert CANARY not in json.dumps(server.get(f"{PREFIX}/{route}")[1]), route


# ---- by its page --------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_by_its_page_from_blocked_to_runnable_and_back(
    comfyui: Any, world: World, tmp_path: Path, chromium: Any
) -> None:
    base = tmp_path / "base"
    fix_place.lay_out(base, load)
    models, first = base / "models", fix_place.newest(base)
    with comfyui.running(base, PACKS, env=world.environment()) as server:
        until("the first cycle", lambda: listed(server))
        walk = Walk(chromium.page, server.url)
        walk.begin()
        until("the graph that ComfyUI begins with", lambda: walk.page.evaluate("() => app.graph.nodes.length > 3"))
        walk.to_the_workflow(fix_place.NAME)
        walk.ask()
        said = walk.plan()
        assert all(name in said for name in (INK, LANTERN, GLOW, "brushworks/inkwash-xl", "models/checkpoints"))
        assert not world.served() and INK not in walk.choices("CheckpointLoaderSimple"), "nothing happened yet"
        walk.approve()
        walk.arrived()
        walk.runnable()
        assert world.served() == fix_place.SIZE
        until("the page's own lists", lambda: INK in walk.choices("CheckpointLoaderSimple"))
        newest = fix_place.newest(base)
        assert newest.name == f"{fix_place.NAME}.v2.json"
        walk.onto_the_canvas(newest.name)
        assert walk.sent() == fix_place.prompt(newest)
        assert fix_place.refused(server, newest) == {}, "ComfyUI itself takes it now"
        assert len(walk.clicks) <= 6, walk.clicks

        walk.take_back()
        assert not (models / "checkpoints" / INK).exists() and (models / WRONG_FOLDER / LANTERN).exists()
        assert not newest.exists() and fix_place.lacking(fix_place.refused(server, first))["ckpt_name"] == INK
        until("it is blocked again", lambda: set(listed(server).values()) == {"blocked"})
        assert_discreet(server, world)
    assert not [
        one for one in chromium.errors if "comfyfixersmart" in one.lower()
    ]  # ComfyUI's page has some of its own


# ---- kills, and two at once ---------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("world", [BIG], indirect=True)
def test_killed_in_the_middle_of_a_download_it_goes_on(
    comfyui: Any, world: World, tmp_path: Path, chromium: Any
) -> None:
    base = tmp_path / "base"
    fix_place.lay_out(base, load)
    hold = world.store.hold(world.ink, BIG // 2)
    env = world.environment() | CONSENT
    with comfyui.running(base, PACKS, env=env) as server:
        run = approved(server, planned(server, looked_up(server)))
        assert hold.reached.wait(30)
        until("half of it is on the disk", lambda: part_of(base) >= BIG // 2 - SOCKETS)
        os.kill(server.pid, signal.SIGKILL)
    hold.release()
    assert not (base / "models/checkpoints" / INK).exists()
    with comfyui.running(base, env=env) as server:
        found = run_of(server)
        assert (found["id"], found["state"], found["can_resume"]) == (run["id"], "interrupted", True), found
        walk = Walk(chromium.page, server.url)
        walk.begin()
        walk.go_on()
        done = until("the run's end", lambda: one if (one := run_of(server))["state"] == "done" else None)
        assert (done["id"], done["state"], done["done"]) == (run["id"], "done", 3), errors_of(done)
        assert (base / "models/checkpoints" / INK).read_bytes() == world.store.files[world.ink]
        assert fix_place.refused(server, fix_place.newest(base)) == {}
    assert world.served() <= BIG + SOCKETS, "what was fetched before the kill is not fetched again"
    left = [one.name for one in (base / "models/checkpoints").iterdir()]
    assert left == [INK], "nothing of the transfer stays"


def part_of(base: Path) -> int:
    """Bytes of the checkpoint that lie in its folder."""
    return max((one.stat().st_size for one in (base / "models/checkpoints").glob(f"{INK}*.part")), default=0)


@pytest.mark.parametrize("world", [BIG], indirect=True)
def test_two_comfyui_that_share_a_folder_fetch_it_once(comfyui: Any, world: World, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for base in (one, two):
        fix_place.lay_out(base, load)
    shared = one / "models"
    for path in sorted((two / "models").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (two / "models").rmdir()
    (two / "models").symlink_to(shared, target_is_directory=True)
    hold, env = world.store.hold(world.ink, BIG // 2), world.environment() | CONSENT
    with comfyui.running(one, PACKS, env=env) as first, comfyui.running(two, PACKS, env=env) as second:
        plans = [planned(server, looked_up(server)) for server in (first, second)]
        for server, plan in zip((first, second), plans, strict=True):
            approved(server, plan)
        assert hold.reached.wait(30)
        until("the second waits for the first", lambda: waits(run_of(second)) or waits(run_of(first)))
        hold.release()
        for server in (first, second):
            run = ended(server)
            told = {action["kind"]: action for action in run["actions"]}
            assert told["download"]["state"] == "done", errors_of(run)
            assert INK in offered(server, "CheckpointLoaderSimple", "ckpt_name")
    assert world.served() == BIG, "one transfer"
    assert (shared / "checkpoints" / INK).read_bytes() == world.store.files[world.ink]
    assert [one.name for one in (shared / "checkpoints").iterdir()] == [INK], "nothing of the transfer stays"


def waits(run: Any) -> bool:
    """Whether its download has a note, which says for whom it waits."""
    return any(one["kind"] == "download" and one["note"] for one in run["actions"])
