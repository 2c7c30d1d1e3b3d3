"""A download as it should go, and how it goes on after the network failed."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import SIZE_ONLY, UNVERIFIABLE, VERIFIED, Output, Quiet, Stopped
from comfyfixersmart.core.http import Clock, Timeouts

faults = sys.modules["faults_scripted"]
cut, usual, drops, answer, says = faults.cut, faults.usual, faults.drops, faults.answer, faults.says


def test_a_file_comes_whole_verified_and_alone(bench: Any) -> None:
    done = bench.fetch()
    assert bench.whole() and bench.lies() == [bench.path.name]
    assert (done.check, done.text, done.offer) == (VERIFIED, "Now in " + "/".join(bench.models.parts[-2:]), "direct:1")
    sha256 = bench.action().sha256
    assert done.outputs == (Output(str(bench.path), False, True, len(bench.data), sha256),)
    told = bench.control.told
    assert told[-1] == (len(bench.data), len(bench.data), "") and len(told) < 20
    assert bench.server.asks[0].headers["accept-encoding"] == "identity" and "range" not in bench.server.asks[0].headers


def test_without_a_hash_only_its_size_is_known(bench: Any) -> None:
    assert bench.fetch(bench.action(sha256=None)).check == SIZE_ONLY and bench.whole()


def test_without_a_size_the_source_tells_it(bench: Any) -> None:
    assert bench.fetch(bench.action(sha256=None, size=None)).check == SIZE_ONLY and bench.whole()


def test_without_anything_the_header_tells_where_it_ends(bench: Any) -> None:
    bench.server.always = answer(chunked=True)
    assert bench.fetch(bench.action(sha256=None, size=None)).check == UNVERIFIABLE and bench.whole()


@pytest.mark.parametrize("rst", [False, True])
def test_a_cut_is_gone_on_with(bench: Any, rst: bool) -> None:
    bench.server.then(cut(100_000, rst=rst), cut(50_000, rst=rst), drops, usual)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.lies() == [bench.path.name]
    first, *rest = bench.server.asks
    assert first.start is None and rest[0].headers["if-range"] == '"one"'
    if not rst:  # a reset may throw away what was on its way
        assert bench.server.starts == [None, 100_000, 150_000, 150_000] and bench.server.served == len(bench.data)


def test_silence_is_a_cut(bench: Any) -> None:
    bench.timeouts = Timeouts(connect=1.0, read=0.3, whole=2.0)
    hold = bench.server.hold_at(100_000)
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert hold.reached.is_set() and bench.server.starts == [None, 100_000]


def test_five_tries_without_a_byte_more_and_it_pauses(bench: Any) -> None:
    bench.server.then(cut(100_000))
    bench.server.always = cut(0)
    failed = bench.fails()
    assert (failed.code, failed.pauses, failed.voids) == ("cut_off", True, False)
    assert len(bench.server.asks) == 6 and bench.part.stat().st_size == 100_000
    assert 4 <= bench.clock.slept <= 60 and any(note == "waiting for Hugging Face" for _, _, note in bench.control.told)
    bench.server.always = usual
    bench.server.asks.clear()
    assert bench.fetch().check == VERIFIED and bench.server.starts == [100_000]


def test_progress_begins_the_count_anew(bench: Any) -> None:
    bench.server.then(*[one for _ in range(6) for one in (cut(10_000), drops, drops)], usual)
    assert bench.fetch().check == VERIFIED and bench.server.served == len(bench.data)


def test_a_source_that_begins_at_0_each_time_does_not_keep_us_for_ever(bench: Any) -> None:
    bench.server.always = cut(100_000, ranges=False)
    failed = bench.fails()
    assert failed.pauses and len(bench.server.asks) == 6
    bench.server.always = usual
    assert bench.fetch().check == VERIFIED and bench.whole()


def test_what_is_here_is_hashed_again_and_finishes_without_the_network(bench: Any) -> None:
    bench.begin(200_000)
    bench.part.write_bytes(bench.data)  # the rest came, and then the process was killed
    assert bench.fetch().check == VERIFIED and bench.whole() and not bench.server.asks
    assert any(note == "checking what is here" for _, _, note in bench.control.told)


class Stopping(Quiet):
    """Stopped once so much is here."""

    def __init__(self, at: int, *, cancelled: bool) -> None:
        super().__init__()
        self.at, self.cancelled, self.seen = at, cancelled, 0

    def tell(self, done: int, total: int | None, note: str = "") -> None:
        self.seen = done

    def check(self) -> None:
        if self.seen >= self.at:
            raise Stopped(self.cancelled)


@pytest.mark.parametrize("cancelled", [False, True])
def test_pause_and_cancel_keep_what_is_here(bench: Any, cancelled: bool) -> None:
    bench.clock = Clock()
    hold = bench.server.hold_at(100_000)
    with pytest.raises(Stopped) as caught:
        bench.fetch(control=Stopping(1, cancelled=cancelled))
    hold.release()
    assert caught.value.cancelled is cancelled and bench.part.stat().st_size > 0
    assert bench.lies() == [bench.part.name, bench.part.name + ".json"]
    sent = bench.part.stat().st_size
    bench.server.asks.clear()
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [sent]


def test_a_stop_wakes_a_read_that_waits(bench: Any) -> None:
    bench.timeouts = Timeouts(connect=9.0, read=60.0, whole=60.0)
    bench.server.hold_at(100_000)
    control = Woken()

    def stop() -> None:
        while not (bench.part.exists() and bench.part.stat().st_size == 100_000):
            time.sleep(0.005)
        control.stop()

    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    with pytest.raises(Stopped):
        bench.fetch(control=control)
    thread.join(9)
    assert bench.part.stat().st_size == 100_000


class Woken(Quiet):
    """Stopped by another thread, which wakes it."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False
        self.wake: Any = None

    def stop(self) -> None:
        self.stopped = True
        if self.wake is not None:
            self.wake()

    def check(self) -> None:
        if self.stopped:
            raise Stopped(False)

    def on_stop(self, wake: Any) -> None:
        self.wake = wake


def test_rests_that_a_source_asks_for(bench: Any) -> None:
    """Seconds, a date, senseless ones and too long ones: honoured up to five minutes, without a busy loop."""
    bench.server.then(says(429, Retry_After="20"), says(503, Retry_After="-5"), says(429, Retry_After="soon"), usual)
    assert bench.fetch().check == VERIFIED and 20 <= bench.clock.slept < 200 and len(bench.server.asks) == 4


def test_a_rest_that_is_too_long_pauses(bench: Any) -> None:
    bench.server.always = says(429, Retry_After="1000000000")
    failed = bench.fails()
    assert (failed.code, failed.pauses) == ("rate_limited", True) and len(bench.server.asks) == 1
    assert bench.clock.slept < 1 and bench.lies() == []


def test_a_storm_ends(bench: Any) -> None:
    bench.server.always = says(503, Retry_After="90")
    failed = bench.fails()
    assert failed.code == "rate_limited" and failed.pauses and len(bench.server.asks) <= 15
    assert bench.clock.slept >= 90
