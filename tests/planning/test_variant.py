"""A new version of a workflow as an action, and a plan with it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.planning.variant import version_action, with_version
from comfyfixersmart.core.actions.types import DOWNLOAD, WRITE_VERSION, Action, Control, Plan, canonical, digest, load
from comfyfixersmart.core.actions.versions import write_version
from comfyfixersmart.core.errors import ComfyFixerError

DATA = '{"nodes": [], "note": "Möwe"}'.encode()


class Free(Control):
    """Nobody interrupts."""

    def check(self) -> None: ...

    def tell(self, done: int, total: int | None) -> None: ...


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "moor.json"
    path.write_text("{}")
    return path


def test_the_action_writes_just_that(flow: Path) -> None:
    action = version_action(str(flow), DATA, "moor.json", ["Fewer steps", "Smaller", "Fewer steps", "Tiled", "Half"])
    assert (action.kind, action.title, action.destination) == (
        WRITE_VERSION,
        "moor.v2.json",
        str(flow.with_name("moor.v2.json")),
    )
    assert action.sha256 == hashlib.sha256(DATA).hexdigest() and action.size == len(DATA)
    assert action.why.startswith("A new version: Fewer steps; Smaller; Tiled; 1 more.")
    write_version(action, Free())
    assert flow.with_name("moor.v2.json").read_bytes() == DATA and flow.read_text() == "{}"
    assert version_action(str(flow), DATA, "moor.json", []).title == "moor.v3.json"


def test_it_survives_the_way_through_a_plan_s_bytes(flow: Path) -> None:
    plan = with_version(Plan(1.0, 2.0, "/here", (), ()), version_action(str(flow), DATA, "moor.json", ["Smaller"]))
    assert plan.workflows == ("moor.json",)
    assert load(canonical(plan), digest(plan)) == plan


def test_it_waits_for_what_it_names(flow: Path) -> None:
    action = version_action(str(flow), DATA, "moor.json", [])
    needs = Plan(1.0, 2.0, "/here", ("moor.json",), (Action("a", DOWNLOAD, "x.safetensors"),))
    made = with_version(needs, action)
    assert made.workflows == ("moor.json",)
    assert made.actions == (*needs.actions, replace(action, after=("a",)))


@pytest.mark.parametrize(
    "name, data", [("moor.png", DATA), ("gone.json", DATA), ("moor.json", b"\xff\xfe{\0}\0"), ("", DATA)]
)
def test_where_no_version_can_be_written(flow: Path, name: str, data: bytes) -> None:
    with pytest.raises(ComfyFixerError) as error:
        version_action(str(flow.with_name(name)) if name else "", data, "moor.json", [])
    assert error.value.code == "no_version" and error.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(flow: Path) -> None:
    flow.parent.chmod(0o555)
    try:
        with pytest.raises(ComfyFixerError):
            version_action(str(flow), DATA, "moor.json", [])
    finally:
        flow.parent.chmod(0o755)
