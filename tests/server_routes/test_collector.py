"""The pause of the garbage collector: nothing stays switched off, nothing is leaked, nothing large is looked through."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from comfyfixersmart.server_routes.host import collector


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.collect()
    yield
    gc.enable()


def passes(of: int) -> int:
    return int(gc.get_stats()[of]["collections"])


def test_no_pass_while_paused_and_the_garbage_is_gone_after() -> None:
    before = [passes(0), passes(1), passes(2)]
    with collector.paused():
        ring = weakref.ref(Ring())
        kept = [[number] for number in range(200_000)]
        assert [passes(0), passes(1), passes(2)] == before
        assert ring() is not None
    assert ring() is None and gc.isenabled() and len(kept) == 200_000
    assert passes(2) == before[2]


def test_what_is_settled_is_old() -> None:
    with collector.paused():
        kept = [[number] for number in range(50_000)]
        collector.settle()
        assert len(gc.get_objects(generation=0)) < 1000
        assert gc.get_freeze_count() == 0
        ring = weakref.ref(Ring())
    assert ring() is None and len(kept) == 50_000


def test_settled_garbage_is_found_by_a_full_pass() -> None:
    with collector.paused():
        ring = weakref.ref(Ring())
        collector.settle()
    assert ring() is not None
    gc.collect()
    assert ring() is None


def test_a_fault_leaves_the_collector_on() -> None:
    with pytest.raises(ValueError, match="ours"), collector.paused():
        raise ValueError("ours")
    assert gc.isenabled()


def test_who_had_it_off_keeps_it_off() -> None:
    gc.disable()
    with collector.paused():
        pass
    assert not gc.isenabled()


def test_nothing_is_settled_outside_a_pause() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    collector.settle()
    assert gc.get_freeze_count() == frozen
    gc.unfreeze()
