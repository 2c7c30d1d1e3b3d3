"""The cycle inside ComfyUI, turn by turn with a clock of our own, over a stand-in for ComfyUI's modules."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.schedule import GRACE, PAUSE, QUIET, RETRY, Now
from comfyfixersmart.server_routes import cycle as cycle_module
from comfyfixersmart.server_routes import register
from comfyfixersmart.server_routes.cycle import LOOK, Cycle
from comfyfixersmart.server_routes.host import Host, Memory, User
from comfyfixersmart.server_routes.service import Service

HOUR = 3600.0


def _standin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("standin_for_cycles", Path(__file__).with_name("standin.py"))
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


standin = _standin()


def graph(checkpoint: str = "anything.safetensors", *, node: str = "CheckpointLoaderSimple") -> str:
    """A saved workflow: a loader that feeds nothing, and a picture that is loaded and saved."""
    loader = {"id": 1, "type": node, "mode": 0, "inputs": [], "outputs": [], "widgets_values": [checkpoint]}
    load = {
        "id": 2,
        "type": "LoadImage",
        "mode": 0,
        "inputs": [],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
        "widgets_values": ["harbour.png", "image"],
    }
    save = {
        "id": 3,
        "type": "SaveImage",
        "mode": 0,
        "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
        "outputs": [],
        "widgets_values": ["out"],
    }
    return json.dumps({"nodes": [loader, load, save], "links": [[1, 2, 0, 3, 0, "IMAGE"]], "version": 0.4})


def weights(padding: int = 0) -> bytes:
    """A whole safetensors file of one number."""
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode() + b" " * padding
    return len(head).to_bytes(8, "little") + head + b"\0\0\0\0"


WEIGHTS = weights()


class Place:
    """A stand-in with the extension in it, driven turn by turn."""

    def __init__(self, comfyui: Any) -> None:
        self.comfyui = comfyui
        self.wall, self.steady = 1_800_000_000.0, 100.0
        self.start()

    def start(self) -> None:
        """ComfyUI starts (again)."""
        self.service = Service(Host(self.comfyui.server), "0.0.0")
        self.cycle = Cycle(self.service, lambda: Now(self.wall, self.steady))
        self.cycle._load()

    def save(self, name: str, text: str, user: str = "default") -> None:
        self.comfyui.put(f"user/{user}/workflows/{name}", text)

    async def pass_(self, seconds: float) -> None:
        """Time goes by, with a turn every second as the task makes them, at most 150."""
        step = max(1.0, seconds / 150)
        while seconds > 0:
            self.wall += min(step, seconds)
            self.steady += min(step, seconds)
            seconds -= step
            await self.cycle.turn()

    @property
    def user(self) -> User:
        return self.service.host.users()[0]

    def cycles(self) -> dict[str, Any]:
        return self.service.status(self.user)["cycle"]

    def statuses(self) -> dict[str, str]:
        body = json.loads(self.service.library_json(self.user)[1])
        return {one["name"]: one["status"] for one in body["workflows"]}

    def events(self, name: str) -> list[Any]:
        return [data for event, data, _ in self.comfyui.server.sent if event == f"comfyfixersmart.{name}"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with standin.stand_in(tmp_path / "ComfyUI") as comfyui:
        comfyui.put("input/harbour.png")
        yield Place(comfyui)


async def test_the_first_cycle_checks_writes_and_tells(place: Place) -> None:
    place.save("one.json", graph())
    place.save("sub/two.json", graph(node="NobodysLoader"))
    with pytest.raises(ComfyFixerError, match="not been checked") as raised:
        place.service.library_json(place.user)
    assert raised.value.code == "no_report"
    await place.pass_(GRACE - 2)
    assert place.cycles()["why"]["code"] == "starting"
    await place.pass_(4)
    cycle = place.cycles()
    assert (cycle["state"], cycle["last"]["outcome"], cycle["last"]["reason"]) == ("idle", "done", "first")
    assert cycle["last"]["workflows"] == 2
    assert cycle["next"] == pytest.approx(cycle["last"]["started"] + 2 * HOUR)
    assert place.statuses() == {"one.json": "blocked", "sub/two.json": "blocked"}
    out = place.comfyui.base / "output/reports/workflows"
    assert {"dashboard.html", "index.json", "index.md", "one.json", "sub-two.md"} <= set(os.listdir(out))
    kept = place.comfyui.base / "user/__comfyfixersmart"
    assert {"snapshot.json", "schedule.json", "library.json", "history.json"} <= set(os.listdir(kept))
    states = [one["cycle"]["state"] for one in place.events("cycle")]
    assert states[0] == "waiting" and "running" in states and states[-1] == "idle"
    assert len(place.events("library")) == 1
    assert "two" not in json.dumps(place.events("cycle"))  # they go to every user


async def test_a_model_that_arrives_turns_its_workflow_green(place: Place) -> None:
    place.save("one.json", graph("sea.safetensors"))
    await place.pass_(GRACE + 2)
    assert place.statuses() == {"one.json": "blocked"}
    place.comfyui.put("models/checkpoints/sea.safetensors", WEIGHTS)
    await place.pass_(LOOK + QUIET + 2)
    assert place.cycles()["last"]["reason"] == "changed"
    assert place.statuses() == {"one.json": "runnable"}
    assert len({one["revision"] for one in place.events("library")}) == 2


async def test_a_file_that_is_still_being_copied_is_checked_when_it_is_whole(place: Place) -> None:
    place.save("one.json", graph("sea.safetensors"))
    await place.pass_(GRACE + 2)
    whole = weights(5000)
    for part in (100, 2000, len(whole)):
        place.comfyui.put("models/checkpoints/sea.safetensors", whole[:part])  # the folder's time changes but once
        await place.pass_(LOOK)
    await place.pass_(LOOK + QUIET + 2)
    assert place.statuses() == {"one.json": "runnable"}


async def test_saving_a_workflow_is_noticed_although_comfyui_writes_in_place(place: Place) -> None:
    place.save("one.json", graph("sea.safetensors"))
    place.comfyui.put("models/checkpoints/lake.safetensors", WEIGHTS)
    await place.pass_(GRACE + 2)
    place.save("one.json", graph("lake.safetensors"))
    place.save("two.json", graph("sea.safetensors"))
    await place.pass_(LOOK + QUIET + 2)
    assert place.statuses() == {"one.json": "runnable", "two.json": "blocked"}


async def test_versions_of_a_workflow_are_one_row(place: Place) -> None:
    place.save("one.json", graph("sea.safetensors"))
    place.save("other.json", graph("sea.safetensors"))
    place.comfyui.put("models/checkpoints/lake.safetensors", WEIGHTS)
    await place.pass_(GRACE + 2)
    place.save("one.v2.json", graph("lake.safetensors"))
    await place.pass_(LOOK + QUIET + 2)
    for restarted in (False, True):
        if restarted:
            place.start()
        assert place.statuses() == {"one.v2.json": "runnable", "other.json": "blocked"}
        told = place.service.status(place.user)["library"]["counts"]
        assert (told["runnable"], told["blocked"]) == (1, 1)
        row = next(
            one
            for one in json.loads(place.service.library_json(place.user)[1])["workflows"]
            if one["name"] == "one.v2.json"
        )
        assert [one["name"] for one in row["versions"]] == ["one.v2.json", "one.json"]
        for one in row["versions"]:
            page = place.service.workflow(place.user, one["slug"])
            assert (page["name"], page["version"], page["status"]) == (one["name"], one["version"], one["status"])
            assert page["versions"] == row["versions"]
        assert "versions" not in place.service.workflow(place.user, "other")


async def test_nothing_changes_nothing_runs(place: Place) -> None:
    place.save("one.json", graph())
    await place.pass_(GRACE + 2)
    told = len(place.comfyui.server.sent)
    await place.pass_(1.9 * HOUR)
    assert len(place.comfyui.server.sent) == told
    await place.pass_(0.2 * HOUR)
    assert place.cycles()["last"]["reason"] == "due"
    assert len(place.events("library")) == 1  # nothing new to show


async def test_with_watching_off_only_the_clock_counts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYFIXERSMART_WATCH", "0")
    await place.pass_(GRACE + 2)
    place.save("one.json", graph())
    await place.pass_(60)
    assert place.statuses() == {}
    await place.pass_(2 * HOUR)
    assert place.statuses() == {"one.json": "blocked"}


async def test_no_cycle_starts_during_a_prompt(place: Place) -> None:
    await place.pass_(GRACE + 2)
    place.comfyui.server.prompt_queue.running.append((1, "id", {}, {}, []))
    place.save("one.json", graph())
    place.service.request_scan(place.user)
    await place.pass_(3 * HOUR)
    assert place.cycles()["why"]["code"] == "prompt_running"
    assert place.statuses() == {}
    place.comfyui.server.prompt_queue.running.clear()
    await place.pass_(1)
    assert place.cycles()["last"]["reason"] == "asked"
    assert place.statuses() == {"one.json": "blocked"}
    before = place.cycles()["last"]["started"]
    await place.pass_(60)
    assert place.cycles()["last"]["started"] == before  # asked, due and changed: one cycle for all three


async def test_low_memory_waits_and_the_status_says_why(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = place.service.host.memory()._replace(ram_free=1000)
    monkeypatch.setattr(Host, "memory", lambda self: memory)
    place.save("one.json", graph())
    await place.pass_(GRACE + 20)
    assert place.cycles()["why"]["code"] == "low_memory"
    memory = memory._replace(ram_free=10**10)
    await place.pass_(LOOK + 1)
    assert place.statuses() == {"one.json": "blocked"}


async def test_a_restart_shows_the_last_list_and_keeps_the_due_time(place: Place) -> None:
    place.save("one.json", graph())
    await place.pass_(GRACE + 2)
    due = place.cycles()["next"]
    place.start()
    assert place.statuses() == {"one.json": "blocked"}
    await place.pass_(60)
    assert place.cycles()["last"]["reason"] == "first"
    assert place.cycles()["next"] == due
    page = place.service.workflow(place.user, "one")  # looked at now, although no cycle has run since the start
    assert page["status"] == "blocked" and page["path"] == "workflows/one.json"


async def test_a_pack_installed_while_comfyui_was_closed_is_noticed_at_the_start(place: Place) -> None:
    place.save("two.json", graph(node="HarbourLoader"))
    await place.pass_(GRACE + 2)
    assert place.statuses() == {"two.json": "blocked"}
    loader = place.comfyui.nodes.NODE_CLASS_MAPPINGS["CheckpointLoaderSimple"]
    place.comfyui.put("models/checkpoints/anything.safetensors", WEIGHTS)
    place.comfyui.load_pack("harbour", {"HarbourLoader": type("HarbourLoader", (loader,), {})})
    place.start()
    await place.pass_(GRACE + 2)
    assert place.cycles()["last"]["reason"] == "installation_changed"
    assert place.statuses() == {"two.json": "runnable"}


async def test_nine_hours_of_sleep_give_one_cycle(place: Place) -> None:
    await place.pass_(GRACE + 2)
    place.wall += 9 * HOUR
    started = set()
    for _ in range(100):
        await place.pass_(10)
        started.add(place.cycles()["last"]["started"])
    assert len(started) == 1


async def test_a_failing_cycle_says_so_and_leaves_the_last_list(place: Place) -> None:
    place.save("one.json", graph())
    await place.pass_(GRACE + 2)
    dashboard = place.comfyui.base / "output/reports/workflows/dashboard.html"
    dashboard.write_text("my own notes")
    place.service.request_scan(place.user)
    await place.pass_(1)
    last = place.cycles()["last"]
    assert (last["outcome"], last["error"]["code"]) == ("failed", "not_a_report")
    assert "dashboard.html" in last["error"]["message"] and last["error"]["hint"]
    assert dashboard.read_text() == "my own notes"
    assert place.statuses() == {"one.json": "blocked"}
    assert place.cycles()["next"] == pytest.approx(last["started"] + RETRY)
    dashboard.unlink()
    await place.pass_(RETRY)
    assert place.cycles()["last"]["outcome"] == "done"


async def test_what_cannot_be_kept_costs_neither_list_nor_reports(place: Place) -> None:
    place.save("one.json", graph())
    for name in ("snapshot.json", "library.json"):
        place.comfyui.put(f"user/__comfyfixersmart/{name}", '{"schema": 99}')
    await place.pass_(GRACE + 2)
    last = place.cycles()["last"]
    assert (last["outcome"], last["error"]["code"]) == ("failed", "newer_schema")
    assert place.statuses() == {"one.json": "blocked"} and place.events("library")
    assert (place.comfyui.base / "output/reports/workflows/dashboard.html").is_file()


async def test_a_pipe_in_a_reports_place_is_not_waited_for(place: Place) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    place.save("one.json", graph())
    folder = place.comfyui.base / "output/reports/workflows"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "dashboard.html")
    await asyncio.wait_for(place.pass_(GRACE + 2), 20)
    assert place.cycles()["last"]["error"]["code"] == "not_a_report" and place.statuses()


async def test_a_change_is_checked_although_reports_cannot_be_written(place: Place) -> None:
    place.comfyui.put("output/reports/workflows/dashboard.html", "my own")
    place.save("one.json", graph())
    await place.pass_(GRACE + 2)
    place.comfyui.put("models/checkpoints/anything.safetensors", WEIGHTS)
    await place.pass_(PAUSE + LOOK + QUIET)
    assert place.cycles()["last"]["outcome"] == "failed"
    assert place.statuses() != {"one.json": "blocked"}


async def test_memory_that_cannot_be_asked_stops_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "memory", lambda self: Memory(0, 0, None, None, "cpu"))
    place.save("one.json", graph())
    await place.pass_(GRACE + 2)
    assert place.statuses() == {"one.json": "blocked"}
    assert place.service.status(place.user)["host"]["ram_free"] is None


async def test_a_user_with_an_impossible_id_stops_nobody(tmp_path: Path) -> None:
    with standin.stand_in(tmp_path / "ComfyUI", multi_user=True) as comfyui:
        comfyui.server.user_manager.users.update({"ann_1": "Ann", "a?": "Odd", "con": "Device", "b\x07": "Bell"})
        place = Place(comfyui)
        place.save("anns.json", graph(), "ann_1")
        await place.pass_(GRACE + 2)
        assert [user.id for user in place.service.host.users()] == ["ann_1"]
        place.cycle._fault(OSError(5, "Input/output error", "/user/bob_2/workflows"))
        assert "bob_2" not in json.dumps(place.service.status(place.user)["parts"])
        assert place.cycles()["last"]["outcome"] == "done" and place.statuses()


async def test_a_damaged_schedule_of_several_users_does_not_hold_the_cycle(tmp_path: Path) -> None:
    with standin.stand_in(tmp_path / "ComfyUI", multi_user=True) as comfyui:
        comfyui.server.user_manager.users["ann_1"] = "Ann"
        kept = {"schema": 1, "due": 5, "last": [1, 2, "failed", "due", 1, 3, {"odd": "error"}]}
        comfyui.put("user/__comfyfixersmart/schedule.json", json.dumps(kept))
        place = Place(comfyui)
        await place.pass_(GRACE + 2)
        assert place.cycles()["last"]["outcome"] == "done"


async def test_a_fault_of_ours_never_ends_the_task(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle_module, "TICK", 0.01)
    monkeypatch.setattr(cycle_module, "AFTER_FAULT", 0.01)
    real = Service.look_at_machine
    faults = [ZeroDivisionError("one"), OSError(5, "Input/output error", "/models")]

    def sometimes(self: Service) -> None:
        if faults:
            raise faults.pop()
        real(self)

    monkeypatch.setattr(Service, "look_at_machine", sometimes)
    place.save("one.json", graph())
    place.service.parts["cycle"] = None
    place.steady += GRACE
    task = asyncio.create_task(place.cycle.run())
    for _ in range(300):
        await asyncio.sleep(0.01)
        place.steady += 0.1
        place.wall += 0.1
        if place.service.shelf(place.user).known:
            break
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert place.statuses() == {"one.json": "blocked"}
    assert place.service.parts["cycle"] is None  # what is over is no longer shown


async def test_a_running_cycle_can_be_cancelled(place: Place) -> None:
    for number in range(30):
        place.save(f"{number}.json", graph())
    await place.pass_(GRACE + 2)
    assert len(place.statuses()) == 30
    for number in range(30):
        place.save(f"{number}.json", graph("other.safetensors"))
    gone_on = threading.Event()
    say = place.cycle._say

    def stop_in_the_middle(phase: str, done: int, total: int) -> None:
        say(phase, done, total)
        if (phase, done) == ("checking", 10):
            place.service.cancel_scan(place.user)
        if (phase, done) == ("checking", 20):
            gone_on.set()

    place.cycle._say = stop_in_the_middle  # type: ignore[method-assign]
    place.service.request_scan(place.user)
    await place.pass_(1)
    assert place.cycles()["last"]["outcome"] == "cancelled" and not gone_on.is_set()
    assert len(place.statuses()) == 30


async def test_each_user_sees_only_their_own_workflows(tmp_path: Path) -> None:
    with standin.stand_in(tmp_path / "ComfyUI", multi_user=True) as comfyui:
        comfyui.server.user_manager.users.update({"ann_1": "Ann", "bob_2": "Bob"})
        comfyui.put("user/users.json", json.dumps(comfyui.server.user_manager.users))
        place = Place(comfyui)
        place.save("anns.json", graph(), "ann_1")
        place.save("bobs.json", graph(), "bob_2")
        await place.pass_(GRACE + 2)
        users = {user.name: user for user in place.service.host.users()}
        assert set(users) >= {"Ann", "Bob"}
        for name, file in (("Ann", "anns.json"), ("Bob", "bobs.json")):
            body = json.loads(place.service.library_json(users[name])[1])
            assert [one["name"] for one in body["workflows"]] == [file]
            page = place.service.report_file(users[name], "dashboard.html").read_text()
            other = "bobs" if name == "Ann" else "anns"
            assert file[:4] in page and other not in page
        with pytest.raises(ComfyFixerError):
            place.service.workflow(users["Ann"], "bobs")
        assert not list((comfyui.base / "output").rglob("*"))  # ComfyUI's /view shows that folder to everyone


async def test_the_graph_on_the_canvas_is_checked_before_any_cycle(place: Place) -> None:
    page = place.service.check_graph(place.user, json.loads(graph("sea.safetensors")), "Unsaved Workflow")
    assert page["status"] == "blocked" and page["name"] == "Unsaved Workflow" and page["path"] is None
    assert [one["code"] for one in page["findings"]] == ["MODEL001"]
    assert page["outline"]["outputs"][0]["class_type"] == "SaveImage"
    assert not (place.comfyui.base / "output/reports").exists()
    for nonsense in ({}, [], "text", 5, None, {"nodes": "x"}):
        assert place.service.check_graph(place.user, nonsense, "")["status"] == "unreadable"


def test_registering_twice_or_with_a_broken_part_never_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with standin.stand_in(tmp_path / "ComfyUI") as comfyui:
        before = len(comfyui.server.routes)
        register(comfyui.server, "1.0")
        count = len(comfyui.server.routes)
        assert count > before
        register(comfyui.server, "1.0")
        assert len(comfyui.server.routes) == count
    with standin.stand_in(tmp_path / "Other") as comfyui:
        comfyui.server.app = None
        register(comfyui.server, "1.0")
        service = comfyui.server._comfyfixersmart
        assert service.parts["routes"] is None
        assert service.parts["cycle"]["code"] == "part_failed"
        (user,) = service.host.users()
        assert [one["part"] for one in service.status(user)["parts"]] == ["routes", "cycle"]
    register(object(), "1.0")


async def test_a_request_can_be_taken_back_while_it_waits(place: Place) -> None:
    await place.pass_(GRACE + 2)
    place.comfyui.server.prompt_queue.running.append((1, "id", {}, {}, []))
    place.service.request_scan(place.user)
    await place.pass_(5)
    assert place.cycles()["why"]["code"] == "prompt_running"
    place.service.cancel_scan(place.user)
    place.comfyui.server.prompt_queue.running.clear()
    await place.pass_(60)
    assert (place.cycles()["state"], place.cycles()["last"]["reason"]) == ("idle", "first")
