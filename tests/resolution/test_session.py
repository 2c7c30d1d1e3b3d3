"""A whole run against services of our own: from a workflow's file to kept verdicts, and what leaves the computer."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from comfyfixersmart.core.app import App
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.types import Folder, Pack
from comfyfixersmart.core.library import find
from comfyfixersmart.core.resolution.session import Session
from comfyfixersmart.core.resolution.types import (
    AUTHOR_LINK,
    CLASS_LOOKUP,
    EXACT_NAME,
    NOT_FOUND,
    RESOLVED,
    UNCERTAIN,
    Resolution,
    to_json,
)
from comfyfixersmart.core.settings import Values

from ..sources.conftest import clock, load, other, replay  # noqa: F401
from ..workflow.graphs import graph, node

CANARY = "canary-0123456789abcdef-key"
PROMPT = "a secret prompt of mine about a lighthouse"
ALL = ("huggingface", "civitai", "modelscope", "registry")
MISSING = "inkwash_xl_v4.safetensors"


class World:
    """An installation without any model, one workflow that lacks four things, and services that have three of them."""

    def __init__(self, tmp_path: Path, service: Any, time: Any) -> None:
        self.service, self.clock, self.state = service, time, tmp_path / "state"
        self.folder = tmp_path / "library of a person"
        self.folder.mkdir(parents=True, exist_ok=True)
        flow = graph(
            node(1, "CheckpointLoaderSimple", "private sub-folder/" + MISSING),
            node(2, "LoraLoader", "paper-lantern_r8.safetensors", 1, 1),
            node(3, "VAELoader", "nowhere_to_be_found_vae.safetensors"),
            node(4, "InkWash", PROMPT),
            node(5, "CLIPTextEncode", PROMPT),
            node(6, "Note", "The LoRA: https://civitai.com/models/1200?modelVersionId=2201"),
        )
        (self.folder / "flow.json").write_text(json.dumps(flow))
        hub, desk = load("huggingface").Hub(), load("registry").Desk()
        hub.repo("brushworks/inkwash-xl", {MISSING: load("huggingface").weights("ink", 6_500_000_000)})
        hub.repo("someone/else", {"other.safetensors": load("huggingface").weights("x")})
        hub.serve(service)
        load("civitai").Shop().serve(service)
        load("modelscope").Hall().serve(service)
        desk.pack("inkwell-nodes", repo="https://github.com/brushworks/Inkwell-Nodes", classes=["InkWash"])
        desk.serve(service)

    def app(self) -> App:
        """Everything is known of the installation, and nothing is there."""
        kinds = frozenset({"CheckpointLoaderSimple", "LoraLoader", "VAELoader", "CLIPTextEncode"})
        inventory = nothing("")
        inventory.packs = (Pack("comfy-core", "loaded", kinds),)
        inventory.types_known = inventory.models_known = inventory.inputs_known = True
        inventory.folders = {
            name: Folder(name, (), frozenset({".safetensors"})) for name in ("checkpoints", "loras", "vae")
        }
        return App(inventory)

    def session(self, *, sources: tuple[str, ...] = ALL, offline: bool = False) -> Session:
        endpoints = dict.fromkeys(ALL, self.service.address)
        values = Values(sources=sources, endpoints=endpoints)
        keys = dict.fromkeys(("huggingface", "civitai", "modelscope"), CANARY)
        files = list(find([str(self.folder)]))
        return Session(
            self.app(),
            state=self.state,
            values=values,
            keys=keys,
            offline=offline,
            workflows=files,
            clock=self.clock,
        )

    def run(self, session: Session, **more: Any) -> dict[str, Resolution]:
        app = self.app()
        (checked,) = app.check(find([str(self.folder)]))
        found = session.resolve(session.wants(checked), **more)
        session.close()
        return {one.name.rpartition("/")[2]: one for one in found}


@pytest.fixture
def world(tmp_path: Path, replay: Any, clock: Any) -> World:  # noqa: F811
    return World(tmp_path, replay, clock)


def test_a_workflow_is_resolved_from_its_file_on(world: World) -> None:
    told: list[tuple[int, int, str]] = []
    found = world.run(world.session(), progress=lambda done, total, want, step: told.append((done, total, step)))
    assert {name: (one.state, one.rung) for name, one in found.items()} == {
        MISSING: (RESOLVED, EXACT_NAME),
        "paper-lantern_r8.safetensors": (RESOLVED, AUTHOR_LINK),
        "nowhere_to_be_found_vae.safetensors": (NOT_FOUND, ""),
        "InkWash": (RESOLVED, CLASS_LOOKUP),
    }
    assert found[MISSING].folder == "checkpoints" and found["paper-lantern_r8.safetensors"].folder == "loras"
    assert told[0][:2] == (0, 4) and told[-1][:2] == (4, 4) and any(step for _, _, step in told)
    assert not world.service.unknown, "every request is one that the services know"


def test_what_leaves_the_computer(world: World) -> None:
    world.run(world.session())
    sent = "\n".join(f"{one.method} {one.path} {one.query} {one.body!r}" for one in world.service.log)
    for never in (PROMPT, "lighthouse", "private sub-folder", str(world.folder), "library of a person", CANARY):
        assert never not in sent
    assert {one.headers.get("authorization") for one in world.service.log} == {f"Bearer {CANARY}"}


def test_a_key_shows_up_nowhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    world.service.fault("/api/v1/*", world.service.Fault.status(401), times=4)
    session = world.session()
    found = world.run(session)
    written = "".join(path.read_text() for path in world.state.rglob("*") if path.is_file())
    shown = json.dumps([to_json(one) for one in found.values()])
    for place in (written, shown, repr(session.__dict__), caplog.text, repr(session.sources)):
        assert CANARY not in place


def test_the_second_run_asks_nobody(world: World) -> None:
    first = world.run(world.session())
    before = len(world.service.log)
    assert world.run(world.session()) == first
    assert len(world.service.log) == before
    assert world.run(world.session(), again=True)[MISSING].steps[-1].age is not None
    assert len(world.service.log) == before, "asked anew within their time, the answers come from the disk"


def test_a_run_that_was_ended_goes_on_where_it_was(world: World) -> None:
    done: list[int] = []
    found = world.run(
        world.session(), progress=lambda at, *_: done.append(at), cancel=lambda: bool(done) and done[-1] >= 2
    )
    assert len(found) == 2
    whole = world.run(world.session())
    assert len(whole) == 4
    again = World(world.folder.parent / "second", world.service, world.clock)
    before = len(world.service.log)
    again.run(again.session())
    undisturbed = len(world.service.log) - before
    assert before <= undisturbed + 1


def test_a_service_that_is_down_is_named_and_costs_only_its_own_answer(world: World) -> None:
    world.service.fault("/api/v1/models*", world.service.Fault.status(503))
    found = world.run(world.session())
    assert (found[MISSING].state, [one.source for one in found[MISSING].silent]) == (UNCERTAIN, ["civitai"])
    assert found["InkWash"].state == RESOLVED
    assert found["nowhere_to_be_found_vae.safetensors"].state == UNCERTAIN
    world.service.mend()
    world.clock.sleep(2 * 3600)
    assert world.run(world.session())[MISSING].state == RESOLVED


def test_offline_nobody_is_asked(world: World) -> None:
    found = world.run(world.session(offline=True))
    assert not world.service.log
    assert {one.state for one in found.values()} == {UNCERTAIN}
    (said, *_) = found["paper-lantern_r8.safetensors"].steps
    assert (said.source, said.outcome) == ("note", "its page was not asked") and "civitai.com/models/1200" in said.did


def test_only_what_the_person_ticked_is_asked(world: World) -> None:
    found = world.run(world.session(sources=("registry",)))
    assert {one.path.split("/")[1] for one in world.service.log} <= {"comfy-nodes", "nodes"}
    assert found["InkWash"].state == RESOLVED and found[MISSING].state == UNCERTAIN


def test_a_hostile_service_changes_nothing_but_its_own_candidates(world: World, other: Any) -> None:  # noqa: F811
    """Huge answers, deep ones, other hosts and lies from one service: the others' verdicts stay what they were."""
    honest = world.run(world.session())
    faults = world.service.Fault
    for number, fault in enumerate(
        (faults.huge(100 << 20), faults.deep(100_000), faults.redirect(other.address), faults.html)
    ):
        again = World(world.folder.parent / f"hostile-{number}", world.service, world.clock)
        again.service.fault("/api/v1/*", fault)
        found = again.run(again.session())
        again.service.mend()
        assert found["InkWash"].state == RESOLVED
        assert found[MISSING].state == UNCERTAIN
        assert found[MISSING].candidates[0].candidate.id == honest[MISSING].candidates[0].candidate.id
        assert {one.source for one in found[MISSING].silent} == {"civitai"}
    assert not any(one.headers.get("authorization") for one in other.log)


def test_a_wrong_size_or_hash_stays_with_its_candidate(world: World) -> None:
    def lie(body: Any) -> None:
        for one in body.get("items", []):
            for version in one["modelVersions"]:
                for file in version["files"]:
                    file["sizeKB"] = 1e300
                    file["name"] = "../../" + MISSING
                    file["downloadUrl"] = "http://169.254.169.254/latest"

    world.service.fault("/api/v1/models", world.service.Fault.drift(lie))
    found = world.run(world.session())[MISSING]
    assert "169.254" not in json.dumps(to_json(found))
    assert all(".." not in one.candidate.file for one in found.candidates)  # type: ignore[union-attr]


def test_settings_and_app_are_all_a_session_needs(world: World) -> None:
    session = Session(SimpleNamespace(inventory=nothing(""), wants=lambda _: {}), state=None, values=Values(), keys={})  # type: ignore[arg-type]
    assert session.resolve([]) == [] and session.requests == {}
    session.close()


def test_without_the_client_it_says_what_to_install(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ComfyFixerError) as error:
        world.session()
    assert error.value.code == "no_client" and "pip install" in error.value.hint
    world.session(offline=True).close()
