"""kill -9 at any moment, and an end between any two steps: the next call comes to the same end, and little is sent twice."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import VERIFIED, Output

MIB = 1 << 20
ALLOWED = 4 * MIB  # that one kill may cost: a piece of 1 MiB and what lies in the buffers of two sockets


def killed(bench: Any, zygote: Any, kills: int) -> list[int]:
    """Fetch in spite of `kills` kills at random places. Bytes that were sent twice for each."""
    chance = random.Random(kills)
    size = len(bench.data)
    for place in sorted(chance.randrange(1, size) for _ in range(kills)):
        hold = bench.server.hold_at(place)
        started = zygote.start(bench.action())
        assert hold.reached.wait(30)
        os.kill(started[0], signal.SIGKILL)
        assert zygote.wait(started) == -signal.SIGKILL and not bench.path.exists()
        hold.release()
        bench.server.asks[-1].ended.wait(30)
    result = zygote.fetch(bench.action())
    assert result["check"] == VERIFIED and bench.whole() and bench.lies() == [bench.path.name]
    asks = bench.server.asks
    ends = [(ask.start or 0) + ask.sent for ask in asks]
    return [end - (after.start or 0) for end, after in zip(ends, asks[1:], strict=False)]


def prepared(bench: Any, size: int, make: Any) -> None:
    bench.data = make("killed", size)
    bench.server.data = bench.data


def test_twenty_kills(bench: Any, zygote: Any, make_file: Any) -> None:
    prepared(bench, 8 * MIB, make_file)
    again = killed(bench, zygote, 20)
    assert len(again) == 20 and max(again) <= ALLOWED and bench.server.served == len(bench.data) + sum(again)


@pytest.mark.slow
def test_two_hundred_kills(bench: Any, zygote: Any, make_file: Any) -> None:
    prepared(bench, 64 * MIB, make_file)
    again = killed(bench, zygote, 200)
    assert len(again) == 200 and max(again) <= ALLOWED and sum(again) <= 200 * ALLOWED


# ---- between two steps --------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("damaged", [pytest.param(False, marks=pytest.mark.slow), True])  # True: these steps, and more
def test_an_end_at_every_step(bench: Any, zygote: Any, make_file: Any, when: str, damaged: bool) -> None:
    """The process ends itself before, or after, each single call that changes the disk."""
    prepared(bench, 20_000, make_file)
    steps, at, brought = 1, 0, 0
    while at < steps:
        at += 1
        action = new_folder(bench, at, damaged)
        ended = zygote.fetch(action, exit=[at, when])
        if ended != 99:  # a step that is taken only when some time has passed was taken in the run that was counted
            assert ended["steps"] < at and at >= steps - 1, "it came to its end without that step"
            break
        result = zygote.fetch(action, look=0.05, exit=[0, when])
        assert result["check"] == VERIFIED and bench.whole()
        assert bench.lies() == sorted([bench.path.name, *([Path(action.aside).name] if damaged else [])])
        assert not damaged or Path(action.aside).read_bytes() == b"damaged"
        brought += not result["outputs"][0]["before"] or damaged
        if at == 1:
            steps = zygote.fetch(new_folder(bench, 0, damaged), exit=[0, when])["steps"]
    assert 20 <= steps < 60, "each step was visited"
    # At the very end nothing tells any more that it was us; nothing has to be done then either.
    assert brought >= steps - 3


def new_folder(bench: Any, number: int, damaged: bool) -> Any:
    bench.models = bench.models.parent / f"models-{number}"
    bench.models.mkdir()
    if not damaged:
        return bench.action()
    bench.path.write_bytes(b"damaged")
    status = bench.path.stat()
    aside = f"{bench.path}.damaged-0a1b2c3d"
    return bench.action(aside=aside, origin_size=status.st_size, origin_mtime_ns=status.st_mtime_ns)


def test_what_a_killed_process_had_finished_is_still_ours(bench: Any, zygote: Any, make_file: Any) -> None:
    """Killed right after the file got its name: it was not there before, and so undoing may take it back."""
    prepared(bench, 20_000, make_file)
    action = bench.action()
    for at in range(1, 60):
        assert zygote.fetch(action, exit=[at, "after"], look=0.05) == 99
        if bench.path.exists():
            break
        for name in bench.lies():
            (bench.models / name).unlink()
    assert zygote.fetch(action)["outputs"] == [Output(str(bench.path), False, True, 20_000, action.sha256)._asdict()]
