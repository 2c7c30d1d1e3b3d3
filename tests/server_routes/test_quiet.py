"""Quiet work: nothing stays switched off, nothing is leaked, nothing large is looked through."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest
from comfyfixersmart.server_routes.host.quiet import TURN, quietly, quietly_for_long, settle


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    gc.collect()
    turn = sys.getswitchinterval()
    yield
    gc.enable()
    sys.setswitchinterval(turn)


def passes() -> list[int]:
    return [int(one["collections"]) for one in gc.get_stats()]


def test_no_pass_meanwhile_and_the_garbage_is_gone_after() -> None:
    before = passes()
    with quietly():
        ring = weakref.ref(Ring())
        kept = [[number] for number in range(200_000)]
        assert passes() == before
        assert ring() is not None
    assert ring() is None and gc.isenabled() and len(kept) == 200_000
    assert passes()[2] == before[2]


def test_what_is_settled_is_old() -> None:
    with quietly():
        kept = [[number] for number in range(50_000)]
        settle()
        assert len(gc.get_objects(generation=0)) < 1000
        assert gc.get_freeze_count() == 0
        ring = weakref.ref(Ring())
    assert ring() is None and len(kept) == 50_000


def test_settled_garbage_is_found_by_a_full_pass() -> None:
    with quietly():
        ring = weakref.ref(Ring())
        settle()
    assert ring() is not None
    gc.collect()
    assert ring() is None


def test_a_fault_leaves_everything_as_it_was() -> None:
    turn = sys.getswitchinterval()
    with pytest.raises(ValueError, match="ours"), quietly():
        raise ValueError("ours")
    assert gc.isenabled() and sys.getswitchinterval() == turn


def test_who_had_it_off_keeps_it_off() -> None:
    gc.disable()
    sys.setswitchinterval(0.0005)
    with quietly():
        assert sys.getswitchinterval() == pytest.approx(0.0005)
    assert not gc.isenabled() and sys.getswitchinterval() == pytest.approx(0.0005)


def test_the_last_thread_switches_it_on_again() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with quietly():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with quietly():
        pass
    assert not gc.isenabled() and sys.getswitchinterval() == pytest.approx(TURN)
    leave.set()
    thread.join()
    assert gc.isenabled() and sys.getswitchinterval() > TURN


def test_long_work_lets_young_garbage_go_and_never_looks_through_all() -> None:
    before = passes()
    with quietly_for_long() as breathe, quietly_for_long(0.0) as breathe_now:
        ring = weakref.ref(Ring())
        breathe()
        assert ring() is not None, "not at every call"
        breathe_now()
        assert ring() is None and not gc.isenabled()
    assert gc.isenabled() and passes()[2] == before[2]


def test_nothing_is_settled_outside() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    settle()
    assert gc.get_freeze_count() == frozen
    gc.unfreeze()
