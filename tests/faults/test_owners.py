"""One writer, among all threads and processes, of this computer and of others that share the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.download.owner import Lost, Owner
from comfyfixersmart.core.actions.download.place import opened
from comfyfixersmart.core.actions.process import Process, began, boot, same_boot, this_process
from comfyfixersmart.core.actions.types import VERIFIED, Quiet, Stopped
from comfyfixersmart.core.http import Clock

faults = sys.modules["faults_scripted"]
NOW_IN, WAS_HERE = "Now in", "Was here already"


def two_processes(bench: Any, zygote: Any, runs: int, **more: Any) -> None:
    for run in range(runs):
        bench.server.asks.clear()
        hold = bench.server.hold_at(100_000 + run)
        started = [zygote.start(bench.action(), **more) for _ in range(2)]
        assert hold.reached.wait(30)
        hold.release()
        results = [zygote.wait(one) for one in started]
        assert [one["check"] for one in results] == [VERIFIED] * 2 and bench.whole()
        assert sorted(one["text"][:6] for one in results) == [NOW_IN, WAS_HERE[:6]]
        assert bench.server.served == len(bench.data) and bench.lies() == [bench.path.name]
        bench.path.unlink()


@pytest.mark.parametrize("flock", [False, True])
def test_two_processes_one_transfer(bench: Any, zygote: Any, flock: bool) -> None:
    two_processes(bench, zygote, 3, flock=flock)


@pytest.mark.slow
@pytest.mark.parametrize("flock", [False, True])
def test_two_processes_a_hundred_times(bench: Any, zygote: Any, flock: bool) -> None:
    two_processes(bench, zygote, 100, flock=flock)


def test_two_threads_one_transfer(bench: Any) -> None:
    bench.clock = Clock()
    hold = bench.server.hold_at(100_000)
    controls = [Quiet(), Quiet()]
    found: list[Any] = []

    def work(control: Quiet) -> None:
        found.append(bench.fetch(control=control))

    threads = [threading.Thread(target=work, args=(one,)) for one in controls]
    for thread in threads:
        thread.start()
    assert hold.reached.wait(30)
    while not any(note for one in controls for _, _, note in one.told):
        time.sleep(0.005)
    hold.release()
    for thread in threads:
        thread.join(30)
    assert sorted(one.text[:6] for one in found) == [NOW_IN, WAS_HERE[:6]]
    assert bench.server.served == len(bench.data) and bench.whole()
    assert any(note == "it is being fetched already" for one in controls for _, _, note in one.told)


def test_the_second_process_goes_on_when_the_first_is_killed(bench: Any, zygote: Any) -> None:
    hold = bench.server.hold_at(100_000)
    first = zygote.start(bench.action())
    assert hold.reached.wait(30)
    second = zygote.start(bench.action())
    while not (bench.part.exists() and bench.part.stat().st_size == 100_000):
        time.sleep(0.005)
    os.kill(first[0], 9)
    assert zygote.wait(first) == -9
    assert zygote.wait(second)["check"] == VERIFIED and bench.whole() and bench.server.starts == [None, 100_000]


# ---- owners that are gone -----------------------------------------------------------------------------------


def owned(bench: Any, **more: Any) -> Path:
    """An owner file of somebody else."""
    path = Path(f"{bench.part}.owner")
    path.write_text(json.dumps({"schema": 1, **this_process()._asdict(), "nonce": "feed", **more}))
    os.utime(path, (bench.clock.now(),) * 2)
    return path


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    "who",
    [
        lambda: {"pid": dead_pid()},
        lambda: {"pid": os.getppid(), "began": "5"},  # the number was given out again
        lambda: {"pid": os.getppid(), "began": ""},
        lambda: {"pid": "odd"},
        dict,  # a thread of this very process that died
    ],
)
def test_an_owner_that_is_surely_gone(bench: Any, who: Callable[[], dict[str, Any]]) -> None:
    owned(bench, **who())
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.lies() == [bench.path.name]
    assert bench.clock.slept < 5


@pytest.mark.parametrize("other", [{"host": "other"}, {"boot": "other"}, {"space": "pid:[1]"}])
@pytest.mark.parametrize(("age", "waits"), [(0, 60), (120, 10), (-86400, 60)])
def test_an_owner_that_cannot_be_asked(bench: Any, other: dict[str, str], age: float, waits: float) -> None:
    """Another computer's: it counts no more without a sign of life; its clock may be another one."""
    os.utime(owned(bench, **other), (bench.clock.now() - age,) * 2)
    assert bench.fetch().check == VERIFIED and waits <= bench.clock.slept < waits + 2
    assert (0, len(bench.data), "another ComfyUI is fetching it") in bench.control.told


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', "\x00" * 9])
def test_an_owner_file_that_says_nothing(bench: Any, text: str) -> None:
    owned(bench).write_text(text)
    assert bench.fetch().check == VERIFIED and 10 <= bench.clock.slept < 12


class Patient(Quiet):
    """Stops after so many words, and does something at each."""

    def __init__(self, most: int, each: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.most, self.each = most, each

    def tell(self, done: int, total: int | None, note: str = "") -> None:
        super().tell(done, total, note)
        self.each()

    def check(self) -> None:
        if len(self.told) >= self.most:
            raise Stopped(False)


def test_an_owner_that_lives_is_waited_for(bench: Any) -> None:
    """Of this computer, and of another one that gives signs of life, whatever its clock says."""
    path = owned(bench, pid=os.getppid(), began=began(os.getppid()))
    with pytest.raises(Stopped):
        bench.fetch(control=Patient(2000))
    assert bench.clock.slept > 300 and not bench.server.asks and bench.lies() == [path.name]
    path = owned(bench, host="other")
    beats = iter(range(10**6))
    with pytest.raises(Stopped):
        bench.fetch(control=Patient(2000, lambda: os.utime(path, (next(beats) // 20,) * 2)))
    assert bench.clock.slept > 600 and not bench.server.asks and bench.lies() == [path.name]


def test_the_clock_is_set_while_another_one_has_it(bench: Any) -> None:
    """A day later all of a sudden, its last sign of life is old: it is watched first, and gives another one."""
    path = owned(bench, host="other")
    beats = iter(range(10**6))

    def each() -> None:
        at = next(beats)
        if at % 20 == 0:
            os.utime(path, (bench.clock.now() - at % 2,) * 2)
        bench.clock.start += {500: 86_400, 1000: -2 * 86_400, 1500: 86_400}.get(at, 0)

    with pytest.raises(Stopped):
        bench.fetch(control=Patient(2000, each))
    assert bench.clock.slept > 300 and not bench.server.asks and bench.lies() == [path.name]


def test_another_one_takes_it_midway(bench: Any) -> None:
    """We stop writing at once, wait for it, and go on when it is gone."""
    bench.clock = Clock()
    hold = bench.server.hold_at(100_000)
    control = Quiet()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(bench.fetch(control=control)))
    thread.start()
    while not (bench.part.exists() and bench.part.stat().st_size == 100_000):
        time.sleep(0.005)
    owner = Path(f"{bench.part}.owner")
    owner.rename(owner.with_suffix(".away"))
    owned(bench, pid=os.getppid(), began=began(os.getppid()))
    hold.release()
    while not any(note == "another ComfyUI is fetching it" for _, _, note in control.told):
        time.sleep(0.005)
    assert bench.part.stat().st_size == 100_000
    owner.unlink()
    thread.join(30)
    assert found[0].check == VERIFIED and bench.whole() and bench.server.starts == [None, 100_000]


# ---- taking over ----------------------------------------------------------------------------------------------


def test_of_two_who_take_over_one_has_it(bench: Any) -> None:
    with opened(str(bench.models), str(bench.path)) as place:
        for _ in range(100):
            owned(bench, pid=2**22 + 1)
            owners = [Owner(place, f"{bench.part.name}.owner", Clock()) for _ in range(3)]
            start = threading.Barrier(3)
            taken: list[Owner] = []

            def work(owner: Owner, start: threading.Barrier = start, taken: list[Owner] = taken) -> None:
                start.wait()
                if owner.take():
                    taken.append(owner)

            threads = [threading.Thread(target=work, args=(one,)) for one in owners]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for one in owners:
                if one not in taken:
                    with pytest.raises(Lost):
                        one.confirm()
            assert sum(holds(one) for one in taken) <= 1
            for one in owners:
                one.release()
            for name in place.names(""):
                place.unlink(name)


def holds(owner: Owner) -> bool:
    try:
        owner.check()
    except Lost:
        return False
    return True


def test_a_new_owner_that_was_taken_for_the_old_one_gets_its_file_back(bench: Any) -> None:
    with opened(str(bench.models), str(bench.path)) as place:
        name = f"{bench.part.name}.owner"
        owned(bench, pid=2**22 + 1)
        slow, quick = Owner(place, name, bench.clock), Owner(place, name, bench.clock)
        stale = slow._sign()
        assert stale is not None and quick.take()
        slow._take_away(stale)
        quick.check()
        quick.confirm()
        assert not slow.take() and place.names(name) == [name]
        quick.release()
        assert slow.take() and not place.names(name + ".")
        slow.release()


def test_processes_are_told_apart() -> None:
    me = this_process()
    assert isinstance(me, Process) and me.pid == os.getpid() and me.began == began(me.pid) != ""
    assert began(dead_pid()) == "" and began(0) == "" and began(-5) == ""
    assert same_boot(boot(), boot()) and not same_boot("", "") and not same_boot("a", "b")
    assert same_boot("1700000000", "1700000003") and not same_boot("1700000000", "1700000300")
