"""A person's plans and runs from approval to undo, with the real executors, and what no approval lets happen."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from comfyfixersmart.core.actions.running.kept import RESUME, Kept
from comfyfixersmart.core.actions.running.session import Actions
from comfyfixersmart.core.actions.types import (
    DOWNLOAD,
    KINDS,
    MOVE,
    WRITE_VERSION,
    Action,
    ActionFailed,
    Offer,
    Plan,
    Risk,
    canonical,
    digest,
)
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.http import Clock
from comfyfixersmart.core.settings import Values
from comfyfixersmart.core.sources.roster import download_client

from ..sources.conftest import load, other, replay  # noqa: F401
from .conftest import NOW, SOON, Deeds, act, plan_of
from .test_plans import MUTATIONS, full_plan, mutated

CANARY = "canary-0123456789abcdef-key"


class Desk:
    """One person's session, with executors of the test's own where it says so."""

    def __init__(self, folder: Path, **given: Any) -> None:
        self.state, self.now = folder / "state", NOW
        self.deeds = Deeds()
        self.clock = Clock()
        self.clock.now = lambda: self.now  # type: ignore[method-assign]
        self.told: list[Any] = []
        self._given = given
        self.actions = self.start()

    def start(self, **given: Any) -> Actions:
        """Another start of ComfyUI."""
        app: Any = SimpleNamespace(inventory=SimpleNamespace(folders={}, directories={}))
        usual = {"values": Values(), "keys": {}, "actor": "cli", "executors": dict.fromkeys(KINDS, self.deeds)}
        return Actions(app, state=self.state, clock=self.clock, **{**usual, **self._given, **given})

    def keep(self, plan: Plan) -> str:
        return self.actions.kept.plans.keep(plan)

    def code(self, call: Any, *given: Any) -> str:
        with pytest.raises(ComfyFixerError) as raised:
            call(*given)
        return raised.value.code

    def ended(self, run: Any) -> Any:
        assert run.wait(SOON)
        return run.as_json()

    def journal(self) -> list[Any]:
        return list(self.actions.journal.read().entries)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.deeds.let_all_go()
    made.actions.close()


# ---- approvals ---------------------------------------------------------------------------------------------


def test_approve_start_done(desk: Desk) -> None:
    risky = act("file", risks=(Risk("pickle", "It can run code.", "I trust it."),))
    name = desk.keep(plan_of([risky, act("move", MOVE)]))
    assert desk.code(desk.actions.start, name, print) == "not_approved"
    assert desk.code(desk.actions.approve, name, {}) == "consent_missing"
    assert not desk.journal() and not desk.deeds.begun
    desk.actions.approve(name, {"file": ["pickle"]}, by="ann")
    assert desk.code(desk.actions.approve, name, {"file": ["pickle"]}) == "already_approved"
    told = desk.ended(desk.actions.start(name, desk.told.append))
    assert (told["state"], told["done"], told["actor"], told["digest"]) == ("done", 2, "ann", name)
    assert desk.told[-1] == told
    assert desk.code(desk.actions.start, name, print) == "approval_used"
    approved, *_ = lines = desk.journal()
    assert [one.event for one in lines] == ["approved", "begun", "done", "begun", "done", "ended"]
    assert (approved.actor, approved.plan) == ("ann", name)
    assert approved.consents == (
        {"action": "file", "title": "file.safetensors", "code": "pickle", "text": "I trust it."},
    )
    assert {one.run for one in lines[1:]} == {told["id"]} and {one.actor for one in lines[1:]} == {"cli"}
    assert desk.actions.last() == {**told, "speed": None, "left": None}


@pytest.mark.parametrize("name", ["0" * 64, "", "../x", "A" * 64])
def test_unknown_plans(desk: Desk, name: str) -> None:
    desk.keep(full_plan())
    for call in (lambda: desk.actions.approve(name, {}), lambda: desk.actions.start(name, print)):
        assert desk.code(call) == "unknown_plan"
    assert desk.code(desk.actions.resume, "20261129-101500-0123abcd", print) == "unknown_run"
    assert desk.code(desk.actions.resume, "../runs/x", print) == "unknown_run"


def test_times(desk: Desk) -> None:
    one, two, three = (desk.keep(plan_of([act(id)])) for id in "abc")
    desk.actions.approve(one, {})
    desk.now = NOW + desk.actions.policy.approval_minutes * 60
    assert desk.code(desk.actions.start, one, print) == "approval_expired"
    desk.actions.approve(two, {})
    desk.now = NOW + 3599
    assert desk.code(desk.actions.approve, one, {}) == "already_approved"
    desk.now = NOW + 3600
    assert desk.code(desk.actions.approve, three, {}) == "plan_expired"
    assert not desk.deeds.begun


def test_an_approval_that_cannot_be_journalled_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    name = desk.keep(plan_of([act("file")]))
    with monkeypatch.context() as patch:
        patch.setattr(type(desk.actions.journal), "write", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            desk.actions.approve(name, {})
    assert desk.code(desk.actions.start, name, print) == "not_approved"
    desk.actions.approve(name, {})


def test_none_of_a_thousand_mutated_plans_starts(desk: Desk) -> None:
    """Whatever becomes of the file after the yes: not one action begins, and the yes to the true plan is not used up."""
    plan = full_plan()
    name = desk.keep(plan)
    desk.actions.approve(name, {"file": ["pickle"]})
    path, data = desk.state / "plans" / f"{name}.json", canonical(plan)
    tried = 0
    for changed in mutated(data, canonical(plan_of([act("x")]))):
        if changed != data:
            path.write_bytes(changed)
            with pytest.raises(ComfyFixerError) as raised:
                desk.actions.start(name, print)
            assert raised.value.code == "plan_changed"
            tried += 1
        if tried == MUTATIONS:
            break
    assert tried == MUTATIONS and not desk.deeds.begun and not (desk.state / "runs").exists()
    path.unlink()
    assert desk.code(desk.actions.start, name, print) == "unknown_plan"
    path.write_bytes(data)
    assert desk.ended(desk.actions.start(name, print))["state"] == "done"


def test_another_approved_plans_file_in_its_place(desk: Desk) -> None:
    one, two = (desk.keep(plan_of([act(id)])) for id in ("one", "two"))
    desk.actions.approve(one, {})
    desk.actions.approve(two, {})
    plans, approvals = desk.state / "plans", desk.state / "approvals"
    texts = [(folder / f"{name}.json").read_bytes() for folder in (plans, approvals) for name in (one, two)]
    (plans / f"{one}.json").write_bytes(texts[1])
    assert desk.code(desk.actions.start, one, print) == "plan_changed"
    (plans / f"{one}.json").write_bytes(texts[0])
    (approvals / f"{one}.json").write_bytes(texts[3])
    assert desk.code(desk.actions.start, one, print) == "not_approved"
    assert not desk.deeds.begun


def test_without_a_folder_nothing_is_approved_or_run(tmp_path: Path) -> None:
    app: Any = SimpleNamespace(inventory=None)
    actions = Actions(app, state=None, values=Values(), keys={}, actor="cli")
    assert actions.last() is None
    for call in (
        lambda: actions.approve("0" * 64, {}),
        lambda: actions.start("0" * 64, print),
        lambda: actions.journal,
    ):
        with pytest.raises(ComfyFixerError) as raised:
            call()
        assert raised.value.code == "no_state"
    actions.close()


# ---- going on ----------------------------------------------------------------------------------------------


def paused(desk: Desk) -> Any:
    """A run that stands because a disk is full."""
    name = desk.keep(plan_of([act("file"), act("other")]))
    desk.actions.approve(name, {})
    desk.deeds.raises["file"] = ActionFailed("disk_full", "The disk is full.", "Make room.", pauses=True)
    run = desk.actions.start(name, print)
    assert desk.ended(run)["can_resume"]
    desk.deeds.raises.clear()
    return run


def test_a_week_and_no_longer(desk: Desk) -> None:
    run = paused(desk)
    desk.now = NOW + RESUME
    assert desk.code(run.resume) == desk.code(desk.actions.resume, run.id, print) == "resume_too_late"
    assert desk.actions.last()["can_resume"] is False
    desk.now = NOW - 301
    with pytest.raises(ComfyFixerError, match="clock was set back") as raised:
        run.resume()
    assert raised.value.code == "resume_too_late" and desk.actions.last()["can_resume"] is False
    desk.now = NOW - 1
    assert desk.actions.last()["can_resume"] is True, "clocks are put right by a second now and then"
    desk.now = NOW + RESUME - 1
    assert desk.actions.last()["can_resume"] is True
    assert desk.ended(desk.start().resume(run.id, print))["state"] == "done"
    assert sorted(desk.deeds.begun) == ["file", "file", "other"]


def test_only_with_the_very_plan(desk: Desk) -> None:
    run = paused(desk)
    path = desk.state / "plans" / f"{digest(run.plan)}.json"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"file", b"fine", 1))
    assert desk.code(run.resume) == desk.code(desk.start().resume, run.id, print) == "plan_changed"
    assert desk.actions.last()["can_resume"] is False and run.state == "paused"
    path.unlink()
    assert desk.code(run.resume) == "unknown_plan"
    path.write_bytes(data)
    run.resume()
    assert desk.ended(run)["state"] == "done"


def test_what_another_session_has_done_meanwhile_counts(desk: Desk) -> None:
    run = paused(desk)
    desk.ended(desk.start().resume(run.id, print))
    assert desk.code(run.resume) == "cannot_resume"
    assert run.as_json()["state"] == "done" and desk.deeds.begun.count("file") == 2


def test_a_run_file_that_was_changed_is_no_run(desk: Desk) -> None:
    run = paused(desk)
    path = desk.state / "runs" / f"{run.id}.json"
    body = json.loads(path.read_text())
    for changed in (
        {**body, "approval": None},
        {**body, "run": {**body["run"], "id": "x"}},
        {**body, "run": {**body["run"], "digest": "0" * 64}},
        {**body, "run": {**body["run"], "actions": [1]}},
        {**body, "schema": 0},
        [],
    ):
        path.write_text(json.dumps(changed))
        assert desk.code(desk.start().resume, run.id, print) == "unknown_run"
        assert desk.actions.last() is None
    path.write_text(json.dumps({**body, "schema": 2}))
    assert desk.code(desk.start().resume, run.id, print) == "newer_schema"
    states = [{"id": "file", "state": "rubbish", "bytes": "x", "error": 5}, {"id": "unknown", "state": "done"}]
    path.write_text(json.dumps({**body, "run": {**body["run"], "actions": states}}))
    assert desk.ended(desk.start().resume(run.id, print))["state"] == "done", "what it does not say is done again"


def test_closing_lets_a_run_stand(desk: Desk) -> None:
    name = desk.keep(plan_of([act("file")]))
    desk.actions.approve(name, {})
    desk.deeds.hold("file")
    run = desk.actions.start(name, print)
    desk.deeds.reached("file")
    desk.actions.close()
    assert run.state == "paused" and desk.actions.last()["can_resume"]
    assert not [one for one in threading.enumerate() if run.id in one.name]


def test_old_plans_are_tidied_up_but_not_those_of_runs(desk: Desk) -> None:
    run, old = paused(desk), desk.keep(plan_of([act("old")]))
    for path in (desk.state / "plans").iterdir():
        os.utime(path, (NOW, NOW))
    desk.now = NOW + 8 * 86400
    desk.actions.kept.tidy()
    assert [path.stem for path in (desk.state / "plans").iterdir()] == [digest(run.plan)] != [old]


# ---- with the real executors -------------------------------------------------------------------------------


class World:
    """Some files to move and to fetch, for real."""

    def __init__(self, folder: Path, service: Any) -> None:
        self.folder, self.service = folder, service
        self.models, self.flows = folder / "models/vae", folder / "flows"
        self.models.mkdir(parents=True)
        self.flows.mkdir()
        self.store = load("files").Store(service)
        self.bytes = {name: load("files").safetensors(name, 700_000) for name in ("ink", "glow")}

    def plan(self, now: float) -> Plan:
        """Two moves, two downloads, and a version that waits for one of them."""
        actions = []
        for name in ("a", "b"):
            (self.folder / f"{name}.bin").write_bytes(name.encode() * 100)
            status = (self.folder / f"{name}.bin").stat()
            moved = {"origin": str(self.folder / f"{name}.bin"), "origin_size": 200 // 2}
            actions.append(
                Action(
                    f"move-{name}", MOVE, f"{name}.bin", str(self.models / f"{name}.bin"), str(self.models), "vae",
                    **{**moved, "origin_mtime_ns": status.st_mtime_ns},
                )
            )  # fmt: skip
        for name, data in self.bytes.items():
            file, sha256 = f"{name}.safetensors", self.store.add(data)
            offer = Offer(f"huggingface:{name}", "huggingface", "Hugging Face", self.store.link(sha256, file))
            actions.append(
                Action(
                    f"get-{name}", DOWNLOAD, file, str(self.models / file), str(self.models), "vae",
                    len(data), sha256, (offer,), "safetensors",
                )
            )  # fmt: skip
        content = '{"nodes": []}'
        actions.append(
            Action(
                "version", WRITE_VERSION, "one.v2.json", str(self.flows / "one.v2.json"), str(self.flows),
                sha256=hashlib.sha256(content.encode()).hexdigest(), content=content, after=("get-ink",),
            )
        )  # fmt: skip
        return Plan(now, now + 3600, str(self.folder), ("one.json",), tuple(actions), nonce="n")

    def missing(self) -> list[str]:
        """What is not as it should be when all is done."""
        wanted = {self.models / f"{name}.bin": name.encode() * 100 for name in ("a", "b")}
        wanted |= {self.models / f"{name}.safetensors": data for name, data in self.bytes.items()}
        wanted[self.flows / "one.v2.json"] = b'{"nodes": []}'
        wrong = [str(path) for path, data in wanted.items() if not path.is_file() or path.read_bytes() != data]
        known = {path.name for path in wanted}
        found = {path.name for path in (*self.models.iterdir(), *self.flows.iterdir())}
        return wrong + [name for name in found - known if not name.endswith(".tmp")]  # those are swept an hour later

    def actions(self, state: Path) -> Actions:
        app: Any = SimpleNamespace(inventory=SimpleNamespace(folders={}, directories={}))
        values = Values(endpoints={"huggingface": self.service.address})
        return Actions(app, state=state, values=values, keys={}, actor="cli")


@pytest.fixture
def world(tmp_path: Path, replay: Any) -> World:  # noqa: F811
    return World(tmp_path, replay)


def test_real_files_come_and_go(world: World, tmp_path: Path) -> None:
    actions = world.actions(tmp_path / "state")
    plan = world.plan(actions._clock.now())
    name = actions.kept.plans.keep(plan)
    actions.approve(name, {})
    run = actions.start(name, lambda told: None)
    assert run.wait(SOON)
    told = run.as_json()
    assert told["state"] == "done" and not world.missing(), told
    assert [one["check"] for one in told["actions"]] == ["", "", "verified", "verified", ""]
    undone = actions.undo(run.id)
    assert [one.ok for one in undone] == [True] * 5
    assert len(world.missing()) >= 5 and (tmp_path / "a.bin").read_bytes() == b"a" * 100
    actions.close()


def test_a_source_that_serves_another_file_voids_the_plan(world: World, tmp_path: Path) -> None:
    actions = world.actions(tmp_path / "state")
    plan = world.plan(actions._clock.now())
    name = actions.kept.plans.keep(plan)
    actions.approve(name, {})
    sha256 = hashlib.sha256(world.bytes["ink"]).hexdigest()
    world.store.files[sha256] = load("files").safetensors("another", 700_000 + 4096)
    run = actions.start(name, lambda told: None)
    assert run.wait(SOON)
    told = run.as_json()
    states = {one["id"]: one["state"] for one in told["actions"]}
    assert told["state"] == "voided" and states["get-ink"] == "failed" and states["version"] == "skipped", told
    assert "new plan" in told["error"]["hint"] and not (world.models / "ink.safetensors").exists()
    actions.close()


CHILD = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from comfyfixersmart.core.actions.journal import Journal
from comfyfixersmart.core.actions.running.records import Records
from comfyfixersmart.core.actions.running.session import Actions
from comfyfixersmart.core.settings import Values

state, address, digest, step = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
at = 0

def dying(write):
    def written(*given, **more):
        global at
        at += 1
        if at == step:
            os._exit(9)
        told = write(*given, **more)
        at += 1
        if at == step:
            os._exit(9)
        return told
    return written

Journal.write, Records.write = dying(Journal.write), dying(Records.write)
app = SimpleNamespace(inventory=SimpleNamespace(folders={}, directories={}))
actions = Actions(app, state=state, values=Values(endpoints={"huggingface": address}), keys={}, actor="cli")
run = actions.start(digest, lambda told: None)
run.wait(30)
print(at, run.state)
"""
EVERY, SOME = range(1, 45), (1, 3, 4, 9, 16, 25, 36)


def dies_at(step: int, world: World, state: Path) -> None:
    """A run that is killed at this step of what it writes down, and what another process makes of it."""
    actions = world.actions(state)
    plan = world.plan(actions._clock.now())
    name = actions.kept.plans.keep(plan)
    actions.approve(name, {})
    child = [sys.executable, "-c", CHILD, str(state), world.service.address, name, str(step)]
    done = subprocess.run(child, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        steps, state_now = done.stdout.split()
        assert state_now == "done" and not world.missing() and int(steps) < max(EVERY), "each step is tried"
        return
    assert done.returncode == 9, done.stderr
    last = actions.last()
    if last is None:
        assert step == 1 and (world.folder / "a.bin").exists(), "nothing was begun"
        return
    told = {one["id"]: one["state"] for one in last["actions"]}
    journal = [(one.event, one.action["id"]) for one in actions.journal.read().entries if one.action]
    assert {id for id, state in told.items() if state == "done"} <= {id for event, id in journal if event == "done"}
    assert last["state"] in ("interrupted", "done")
    if last["state"] == "interrupted":
        assert last["can_resume"]
        run = actions.resume(last["id"], lambda told: None)
        assert run.wait(SOON) and run.as_json()["state"] == "done", run.as_json()
    assert not world.missing()
    entries = actions.journal.read()
    assert not entries.damage and {one.action["id"] for one in entries.entries if one.event == "done"} == set(told)
    actions.close()


@pytest.mark.parametrize("step", SOME)
def test_killed_at_some_steps(step: int, world: World, tmp_path: Path) -> None:
    dies_at(step, world, tmp_path / "state")


@pytest.mark.slow
@pytest.mark.parametrize("step", EVERY)
def test_killed_at_every_step(step: int, world: World, tmp_path: Path) -> None:
    dies_at(step, world, tmp_path / "state")


# ---- whose key goes where ----------------------------------------------------------------------------------


def test_a_key_goes_to_its_own_service_whether_or_not_that_may_be_asked(replay: Any, other: Any) -> None:  # noqa: F811
    for one in (replay, other):
        one.add(
            "GET", "/file", lambda request, one=one: one.Reply(b"x", headers={"Content-Type": "binary/octet-stream"})
        )
    replay.add("GET", "/away", lambda request: replay.Reply(None, 302, {"Location": f"{other.address}/file"}))
    keys = {"huggingface": CANARY, "civitai": "another-key-of-mine", "brave": "a-third-key-of-mine"}
    endpoints = {"huggingface": replay.address, "modelscope": other.address, "searxng": "http://127.0.0.1:9"}
    http = download_client(endpoints, keys)
    http.range0(f"{replay.address}/file")
    http.range0(f"{other.address}/file")
    http.range0(f"{replay.address}/away")
    assert [one.headers.get("authorization") for one in replay.log] == [f"Bearer {CANARY}"] * 2
    assert [one.headers.get("authorization") for one in other.log] == [None, None]
    with pytest.raises(ComfyFixerError):
        http.range0("http://127.0.0.1:9/file")
    http.close()


def test_what_is_kept_needs_no_installation(desk: Desk) -> None:
    run = paused(desk)
    kept = Kept(desk.state, desk.clock)
    assert kept.last()["id"] == run.id and kept.plans.load(digest(run.plan)) == run.plan
    assert kept.journal.read().entries[0].event == "approved"
    assert Kept(desk.state / "nowhere").last() is None
