"""Plans on the disk: exactly their canonical bytes, found by their digest alone, and no changed byte passes."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.running.plans import KEPT, Plans
from comfyfixersmart.core.actions.types import RELINK, Edit, LeftOut, Offer, Plan, Risk, Volume, canonical, digest
from comfyfixersmart.core.errors import ComfyFixerError

from .conftest import NOW, act, plan_of

MUTATIONS = 1000


def full_plan() -> Plan:
    """A plan with something in every field."""
    offer = Offer("civitai:1/2", "civitai", "Civitai", "https://civitai.red/api/1", "https://civitai.red/models/1")
    risk = Risk("pickle", "It can run code.", "I trust it.", ("https://help.example",))
    return plan_of(
        [
            act("file", offers=(offer,), risks=(risk,), sha256="ab" * 32, chosen=True, why="Its name — Größe."),
            act("relink", RELINK, after=("file",), edits=(Edit("/nodes/0", "a", "b"),), origin="/w/one.json"),
        ],
        left_out=(LeftOut("x", "file", "MODEL001", "Why.", help=("https://a",)),),
        volumes=(Volume("/", 100, 50, 10),),
    )


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path / "plans", now=lambda: NOW)


def code(call: Any, *given: Any) -> str:
    with pytest.raises(ComfyFixerError) as raised:
        call(*given)
    return raised.value.code


def test_what_is_kept_is_given_back(plans: Plans, tmp_path: Path) -> None:
    plan = full_plan()
    name = plans.keep(plan)
    path = tmp_path / "plans" / f"{name}.json"
    assert name == digest(plan) and path.read_bytes() == canonical(plan)
    assert path.stat().st_mode & 0o777 == 0o600
    assert plans.load(name) == plan
    assert plans.keep(plan) == name, "a second time changes nothing"


@pytest.mark.parametrize(
    "name",
    ["", "0" * 64, "../plans/" + "0" * 64, "a" * 63, "A" * 64, "0" * 65, "..", "x\0", "0" * 63 + "/", "\u0660" * 64],
)
def test_any_other_name_is_no_plan(plans: Plans, name: str) -> None:
    plans.keep(full_plan())
    assert code(plans.load, name) == "unknown_plan"


def mutated(data: bytes, other: bytes) -> Iterator[bytes]:
    """The plan with flipped bits, changed, missing, doubled and added bytes, cut short, and other plans in its place."""
    chance = random.Random(5)
    yield from (b"", b"{}", b"[]", b"null", data[::-1], other, data + data, b"\xef\xbb\xbf" + data, data.upper())
    yield from (data + tail for tail in (b" ", b"\n", b"\0", b"}", b"//", b',"x":1'))
    yield data.replace(b":", b": ", 1)
    yield data.replace(b'"schema":1', b'"schema":2')
    yield data.replace(b'"size":100', b'"size":1e2')
    yield data.replace(b'"made":1800000000.0', b'"made":1800000000')
    yield data[:-1] + b',"made":1800000000.0}'
    while True:
        at, kind = chance.randrange(len(data)), chance.randrange(6)
        piece = bytes([chance.randrange(256)])
        if kind == 0:
            yield data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        elif kind == 1:
            yield data[:at] + piece + data[at + 1 :]
        elif kind == 2:
            yield data[:at] + data[at + 1 :]
        elif kind == 3:
            yield data[:at] + piece + data[at:]
        elif kind == 4:
            yield data[:at]
        else:
            end = chance.randrange(at, len(data)) + 1
            yield data[:at] + data[at:end] + data[at:end] + data[end:]


def test_no_mutated_plan_is_read(plans: Plans, tmp_path: Path) -> None:
    plan = full_plan()
    name = plans.keep(plan)
    path, data = tmp_path / "plans" / f"{name}.json", canonical(plan)
    tried = 0
    for changed in mutated(data, canonical(plan_of([act("x")]))):
        if changed == data:
            continue
        path.write_bytes(changed)
        assert code(plans.load, name) == "plan_changed", changed[:200]
        tried += 1
        if tried == MUTATIONS:
            break
    path.write_bytes(data)
    assert plans.load(name) == plan and tried == MUTATIONS


def test_what_is_no_file_is_no_plan(plans: Plans, tmp_path: Path) -> None:
    name = digest(full_plan())
    (tmp_path / "plans").mkdir()
    os.mkfifo(tmp_path / "plans" / f"{name}.json")
    with pytest.raises(ComfyFixerError):
        plans.load(name)


def test_old_plans_go_and_nothing_else(tmp_path: Path) -> None:
    now = NOW
    plans = Plans(tmp_path, now=lambda: now)
    kept = {word: plans.keep(plan_of([act(word)])) for word in ("old", "run")}
    new = plans.keep(plan_of([act("new")], made=NOW + KEPT))
    changed = plans.keep(plan_of([act("changed")]))
    (tmp_path / f"{changed}.json").write_bytes(b"{}")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "0.json").write_text("mine")
    for path in tmp_path.iterdir():
        os.utime(path, (NOW - 10, NOW - 10))
    plans.tidy({kept["run"]})
    assert len(list(tmp_path.iterdir())) == 6, "it expired an hour after it was made, and stays a week"
    now = NOW + 3600 + KEPT + 1
    plans.tidy({kept["run"]})
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{kept['run']}.json", f"{new}.json", f"{changed}.json", "notes.txt", "0.json"}
