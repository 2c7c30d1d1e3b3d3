"""One check after the other: what is kept while a workflow runs, when it broke, and what a review hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from comfyfixersmart.core.comparison.types import NOTED, RENAMED, SEED, Difference, Side
from comfyfixersmart.core.health.checkup import NotNow, checkup, health_of, key_of
from comfyfixersmart.core.health.kept import Kept, Record
from comfyfixersmart.core.health.review import Review
from comfyfixersmart.core.health.stamp import Here
from comfyfixersmart.core.health.types import Health
from comfyfixersmart.core.readiness.index import build_index
from comfyfixersmart.core.readiness.types import (
    BLOCKED,
    NEEDS_INPUT,
    RUNNABLE,
    UNKNOWN,
    Finding,
    Readiness,
)

from ..readiness.places import file, place

MOSS = "moss.safetensors"
WITH, WITHOUT = place(models={"checkpoints": [file(MOSS, 7)]}, digest="a"), place(digest="b")


class Looked(NamedTuple):
    """A verdict as a scan gives it."""

    readiness: Readiness
    name: str = "moor.json"
    path: str = "/flows/moor.json"
    modified: float | None = 5.0
    uses: tuple[str, ...] = ("HeronSink",)
    models: tuple[str, ...] = (MOSS,)


def looked(status: str, **more: Any) -> Looked:
    findings = (Finding("MODEL001", BLOCKED, MOSS, "Missing."),) if status == BLOCKED else ()
    return Looked(Readiness("moor.json", status, findings), **more)


class Scans:
    """Checks at moments, over what is kept from one to the next."""

    def __init__(self, differences: Sequence[Difference] | None = ()) -> None:
        self.kept = Kept(None)
        self.differences = differences
        self.compared = 0

    def __call__(self, when: float, one: Looked, inventory: Any = WITH) -> Health:
        def compare(name: str, path: str) -> Sequence[Difference] | None:
            self.compared += 1
            return self.differences

        here = Here(build_index(inventory))
        return checkup([one], here, self.kept, when, good=lambda _name: "a" * 64, compare=compare)[one.name]


def test_it_broke_when_it_was_first_seen_broken() -> None:
    scan = Scans()
    assert scan(10, looked(RUNNABLE)).broke is None
    assert scan(20, looked(NEEDS_INPUT)).broke is None
    broke = scan(30, looked(BLOCKED), WITHOUT).broke
    assert broke is not None
    assert (broke.when, broke.last_good, [one.cause for one in broke.because]) == (30, 20, ["file_gone"])
    again = scan(40, looked(BLOCKED), WITHOUT).broke
    assert again == broke, "it stays that moment"
    assert scan(50, looked(RUNNABLE)).broke is None
    later = scan(60, looked(BLOCKED), WITHOUT).broke
    assert later is not None and (later.when, later.last_good) == (60, 50)


def test_what_never_ran_here_did_not_break() -> None:
    scan = Scans()
    assert scan(10, looked(BLOCKED), WITHOUT).broke is None
    assert scan(20, looked(BLOCKED), WITHOUT).broke is None


def test_what_cannot_be_told_neither_breaks_nor_mends() -> None:
    scan = Scans()
    scan(10, looked(RUNNABLE))
    assert scan(20, looked(UNKNOWN), WITHOUT).broke is None
    broke = scan(30, looked(BLOCKED), WITHOUT).broke
    assert broke is not None and broke.last_good == 10
    assert scan(40, looked(UNKNOWN), WITHOUT).broke is None
    broke = scan(50, looked(BLOCKED), WITHOUT).broke
    assert broke is not None and broke.when == 30


def test_a_file_is_compared_once_for_each_state() -> None:
    side = Side("3", "LoadBramble", "Loader")
    scan = Scans((Difference("changed", side, side, "file", "a", "b", "file: a → b"),))
    scan(10, looked(RUNNABLE))
    scan(20, looked(BLOCKED), WITHOUT)
    assert scan.compared == 0, "the file is the one that ran"
    for when in (30, 40):
        broke = scan(when, looked(BLOCKED, modified=6.0), WITHOUT).broke
        assert broke is not None and broke.differences == 1
    assert scan.compared == 1
    scan(50, looked(BLOCKED, modified=7.0), WITHOUT)
    assert scan.compared == 2


def test_a_fault_of_ours_ends_nothing() -> None:
    scan = Scans(differences=7)  # type: ignore[arg-type]  # what no comparison gives
    scan(10, looked(RUNNABLE))
    assert scan(20, looked(BLOCKED, modified=6.0), WITHOUT).broke is None
    assert scan(30, looked(RUNNABLE)).broke is None


def test_a_review_counts_while_nothing_changes() -> None:
    here, one = Here(build_index(WITH)), looked(RUNNABLE)
    record = Record(1.0, review=Review(key_of(one, here), fit="Fits"))
    assert health_of(record, RUNNABLE, key_of(one, here)).fit == "Fits"
    other = (
        key_of(looked(RUNNABLE, modified=6.0), here),
        key_of(one, Here(build_index(WITHOUT))),
        key_of(one, Here(build_index(place(models=WITH.models, comfyui_version="9")))),
        key_of(one, Here(build_index(place(models=WITH.models, hardware={"devices": [{"vram_total": 8}]})))),
    )
    assert len({*other, key_of(one, here)}) == 5
    for key in other:
        assert health_of(record, RUNNABLE, key).fit == ""
    assert health_of(None, RUNNABLE, "x") == Health()


def test_where_there_is_no_time_it_is_compared_next_time() -> None:
    side = Side("3", "LoadBramble", "Loader")
    scan, busy = Scans((Difference("changed", side, side, "file", "a", "b", "file: a → b"),)), [True]

    def compare(name: str, path: str) -> Sequence[Difference] | None:
        if busy[0]:
            raise NotNow
        return scan.differences

    def look(when: float) -> Any:
        here = Here(build_index(WITHOUT))
        one = looked(BLOCKED, modified=6.0)
        return checkup([one], here, scan.kept, when, good=lambda _name: "a" * 64, compare=compare)["moor.json"].broke

    scan(10, looked(RUNNABLE))
    assert (look(20).when, look(20).differences) == (20, 0)
    busy[0] = False
    assert (look(30).when, look(30).differences) == (20, 1)


def test_what_changes_nothing_that_runs_is_no_edit() -> None:
    side = Side("3", "LoadBramble", "Loader")
    idle = [Difference(kind, side, side, "seed", 1, 2, "seed: 1 → 2") for kind in (SEED, RENAMED, NOTED)]
    scan = Scans(idle)
    scan(10, looked(RUNNABLE))
    broke = scan(20, looked(BLOCKED, modified=6.0), WITHOUT).broke
    assert broke is not None
    assert (broke.differences, [one.cause for one in broke.because]) == (0, ["file_gone"])


def test_a_clock_that_was_set_back() -> None:
    scan = Scans()
    scan(5_000, looked(RUNNABLE))
    broke = scan(20, looked(BLOCKED), WITHOUT).broke
    assert broke is not None and broke.last_good <= broke.when == 20
