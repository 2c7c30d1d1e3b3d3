"""A person or another program lays hands on what is being fetched: whatever has the final name is what came, all of it."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import SIZE_ONLY, VERIFIED, ActionFailed, Done

faults = sys.modules["faults_scripted"]
MIDDLE = 200_000  # bytes that are here when it happens


@pytest.fixture(params=[True, False], ids=["hashed", "unhashed"])
def midway(bench: Any, request: pytest.FixtureRequest) -> Callable[..., Done | ActionFailed]:
    """`midway(meddle)`: what comes of a download into which `meddle(part)` happens while it waits for more bytes."""
    bench.planned = bench.action() if request.param else bench.action(sha256=None)
    bench.check = VERIFIED if request.param else SIZE_ONLY

    def run(meddle: Callable[[Path], object], at: int = MIDDLE) -> Done | ActionFailed:
        hold = bench.server.hold_at(at)
        ended: list[Done | ActionFailed] = []

        def fetch() -> None:
            try:
                ended.append(bench.fetch(bench.planned))
            except ActionFailed as failed:
                ended.append(failed)

        thread = threading.Thread(target=fetch, daemon=True)
        thread.start()
        part = waited_for(bench.models, at)
        meddle(part)
        hold.release()
        thread.join(30)
        return ended[0]

    return run


def waited_for(folder: Path, size: int) -> Path:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = [one for one in folder.glob("*.part") if one.stat().st_size == size]
        if found:
            return found[0]
        time.sleep(0.005)
    raise AssertionError("it did not come so far")


def again(bench: Any) -> None:
    """The same once more, undisturbed."""
    assert bench.fetch(bench.planned).check == bench.check and bench.whole()


def without(path: Path) -> None:
    path.unlink()


def renamed(path: Path) -> None:
    path.rename(path.with_suffix(".mine"))


def replaced(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"somebody's")


@pytest.mark.parametrize("meddle", [without, renamed, replaced])
def test_the_part_is_taken_away(bench: Any, midway: Any, meddle: Any) -> None:
    failed = midway(meddle)
    assert (failed.code, failed.pauses) == ("place_changed", True) and "removed or renamed" in failed.message
    left = {without: [], renamed: [".mine"], replaced: [".part"]}[meddle]
    assert [os.path.splitext(name)[1] for name in bench.lies()] == left, "nothing but what somebody put there"
    if meddle is replaced:
        [name] = bench.lies()
        assert (bench.models / name).read_bytes() == b"somebody's"
        (bench.models / name).unlink()
    again(bench)


def shortened(path: Path) -> None:
    os.truncate(path, 100_000)


def lengthened(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(bytes(50_000))


def test_bytes_of_the_part_are_taken_away(bench: Any, midway: Any) -> None:
    """Written on behind them, there would be a hole under a name that says verified."""
    failed = midway(shortened)
    assert (failed.code, failed.pauses) == ("place_changed", True) and not bench.path.exists()
    bench.server.asks.clear()
    again(bench)
    assert bench.server.starts == [100_000], "what is left of it is gone on with"


def test_bytes_are_added_to_the_part(bench: Any, midway: Any) -> None:
    failed = midway(lengthened)
    assert (failed.code, failed.pauses) == ("place_changed", True) and not bench.path.exists()


def test_a_share_that_is_late_with_its_sizes(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are all there, and that is what counts."""
    real = os.fstat

    def late(fd: int) -> Any:
        status = real(fd)
        told = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        return SimpleNamespace(**{**told, "st_size": max(0, status.st_size - 9)})

    bench.server.then(faults.cut(MIDDLE), faults.usual)
    monkeypatch.setattr(os, "fstat", late)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [None, MIDDLE]


def scribble(path: Path) -> None:
    """Another program writes into it; its time is set, as some systems' clocks for files tick slowly."""
    with open(path, "r+b") as file:
        file.seek(1000)
        file.write(b"scribble")
    os.utime(path)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def test_something_is_written_into_the_part(bench: Any, midway: Any) -> None:
    """What came was right, and what lies there is not: it is fetched once more."""
    assert midway(scribble).check == bench.check and bench.whole()
    assert bench.server.starts == [None, None]


def test_a_time_alone_costs_a_look(bench: Any, midway: Any) -> None:
    """A network share may have a clock of its own."""
    assert midway(lambda path: os.utime(path, (1, 1))).check == bench.check and bench.whole()
    assert bench.server.starts == [None]


def test_something_is_written_into_it_each_time(bench: Any, midway: Any) -> None:
    """Whoever does that is told of, instead of the source."""

    def second(wire: Any) -> None:
        hold = bench.server.hold_at(MIDDLE)

        def once_more() -> None:
            hold.reached.wait(30)
            scribble(waited_for(bench.models, MIDDLE))
            hold.release()

        threading.Thread(target=once_more, daemon=True).start()
        wire.serve()

    bench.server.then(faults.usual, second)
    failed = midway(scribble)
    assert (failed.code, failed.pauses) == ("place_changed", True) and "writes into" in failed.message
    assert not bench.path.exists() and not list(bench.models.glob("*.mismatch"))


def test_it_stops_after_somebody_wrote_into_it(bench: Any, midway: Any) -> None:
    """Without a hash nothing would ever find it: then what is here is worth nothing."""

    def and_no_more(part: Path) -> None:
        scribble(part)
        bench.server.always = faults.says(403)

    bench.server.then(faults.cut(MIDDLE + 1))
    assert midway(and_no_more).code == "refused" and not bench.path.exists()
    assert (bench.lies() == []) == (bench.check == SIZE_ONLY)
    bench.server.always = faults.usual
    again(bench)


@pytest.mark.parametrize("which", ["owner", "json"])
def test_what_lies_beside_the_part_is_taken_away(bench: Any, midway: Any, which: str) -> None:
    assert midway(lambda part: Path(f"{part}.{which}").unlink()).check == bench.check and bench.whole()
    assert bench.lies() == [bench.path.name] and bench.server.served < 2 * len(bench.data)


def test_the_folder_is_moved_away(bench: Any, midway: Any) -> None:
    elsewhere = bench.models.with_name("elsewhere")
    failed = midway(lambda _: bench.models.rename(elsewhere))
    assert failed.code == "place_changed" and not (elsewhere / bench.path.name).exists()


def test_the_folder_is_removed(bench: Any, midway: Any) -> None:
    failed = midway(lambda _: shutil.rmtree(bench.models))
    assert (failed.code, failed.pauses) == ("no_folder", True) and "not there any more" in failed.message
    again(bench)
