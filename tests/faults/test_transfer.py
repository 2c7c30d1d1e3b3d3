"""A download as it should go, and how it goes on after the network failed."""

from __future__ import annotations

import sys
import threading
import time
from email.utils import formatdate
from itertools import pairwise
from typing import Any

import pytest
from comfyfixersmart.core.actions.download import fetch_file
from comfyfixersmart.core.actions.types import SIZE_ONLY, UNVERIFIABLE, VERIFIED, Output, Quiet, Stopped
from comfyfixersmart.core.http import Clock, Http, Limit, Timeouts
from comfyfixersmart.core.http.fetching import USUAL

faults = sys.modules["faults_scripted"]
VirtualClock = sys.modules["faults_clocks"].VirtualClock
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


@pytest.mark.parametrize("size", [1, 511, 513, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_sizes_about_a_piece(bench: Any, size: int) -> None:
    """With and without a hash, with and without a length."""
    bench.data = bench.server.data = bytes(range(1, 252)) * (size // 251) + bytes(range(1, 1 + size % 251))
    path = bench.models / "any.bin"
    for how in ({}, {"chunked": True}, {"plain": True}):
        bench.server.always = answer(**how)
        for more in ({}, {"sha256": None}, {"size": None}):
            done = bench.fetch(bench.action(destination=str(path), **more))
            assert done.check == (SIZE_ONLY if "sha256" in more else VERIFIED) and done.text != "Was here already"
            assert path.read_bytes() == bench.data
            path.unlink()
    assert len(bench.server.asks) == 9 and bench.lies() == []


def test_an_empty_answer_is_no_model(bench: Any) -> None:
    bench.server.data = b""
    for more in ({"size": None}, {"size": None, "sha256": None}, {"size": 0, "sha256": None}):
        failed = bench.fails(bench.action(destination=str(bench.models / "any.bin"), **more))
        assert failed.code == "mismatch" and not (bench.models / "any.bin").exists()


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
    assert USUAL.read <= 30, "a stall is seen within half a minute"
    hold = bench.server.hold_at(100_000)
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert hold.reached.is_set() and bench.server.starts == [None, 100_000]


def test_five_tries_without_a_byte_more_and_it_pauses(bench: Any) -> None:
    bench.server.then(cut(100_000))
    bench.server.always = cut(0)
    failed = bench.fails()
    assert (failed.code, failed.pauses, failed.voids) == ("cut_off", True, False)
    assert len(bench.server.asks) == 6 and bench.part.stat().st_size == 100_000
    assert 8 <= bench.clock.slept <= 60 and any(note == "waiting for Hugging Face" for _, _, note in bench.control.told)
    bench.server.always = usual
    bench.server.asks.clear()
    assert bench.fetch().check == VERIFIED and bench.server.starts == [100_000]


def test_progress_begins_the_count_anew(bench: Any) -> None:
    bench.server.then(*[one for _ in range(6) for one in (cut(10_000), drops, drops)], usual)
    assert bench.fetch().check == VERIFIED and bench.server.served == len(bench.data)


def test_a_byte_each_time_comes_to_an_end(bench: Any) -> None:
    """Progress begins the count anew, but not for ever: the pauses grow, and after fifty it stands."""
    bench.server.then(cut(1000))
    bench.server.always = cut(1)
    failed = bench.fails()
    assert (failed.code, failed.pauses) == ("cut_off", True) and len(bench.server.asks) == 50
    assert bench.part.stat().st_size == 1049 and 300 <= bench.clock.slept <= 1500
    bench.server.always = usual
    assert bench.fetch().check == VERIFIED and bench.whole()


def test_parts_of_a_byte_come_to_an_end(bench: Any) -> None:
    def crumb(wire: Any) -> None:
        start = wire.ask.start or 0
        end = start + (1 if start else 600)
        told = {"Content-Range": f"bytes {start}-{end - 1}/{len(bench.data)}", "Content-Length": end - start}
        wire.head(206, told)
        wire.body(bench.data[start:end], at=start)

    bench.server.always = crumb
    assert bench.fails().pauses and len(bench.server.asks) == 50


def test_the_last_byte_never_comes(bench: Any) -> None:
    bench.server.always = lambda wire: wire.serve(cut=len(bench.data) - 1 - (wire.ask.start or 0))
    failed = bench.fails()
    assert (failed.code, failed.pauses) == ("cut_off", True) and len(bench.server.asks) == 6
    assert bench.part.stat().st_size == len(bench.data) - 1 and not bench.path.exists()


@pytest.mark.parametrize("begun", [0, 600])
def test_a_drip_is_as_good_as_silence(bench: Any, begun: int) -> None:
    """A byte every ten seconds: no single pause is long, and it would take a month."""

    def drip(wire: Any) -> None:
        wire.head(200, {"Content-Length": len(bench.data)})
        wire.raw(bench.data[:begun])
        for at in range(begun, begun + 40):
            bench.clock.forward(10)
            wire.raw(bench.data[at : at + 1])
            time.sleep(0.002)  # else they come together
        wire.ask.ended.wait(0.2)

    bench.server.then(*[drip] * 3, usual)
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert len(bench.server.asks) == 4
    bench.path.unlink()
    bench.server.always = drip
    failed = bench.fails()
    assert (failed.code, failed.pauses) == ("timeout", True) and "less than 1 kB a second" in failed.message


def test_a_storm_at_one_source_holds_up_no_other(bench: Any, serve: Any) -> None:
    """Each host has its own pace; who waits for one takes nothing from who fetches from another."""
    other = serve(bench.data)
    bench.server.always = says(429, Retry_After="30")
    hosts = {bench.server.host, other.host}
    http = Http(trusted=hosts, limits=dict.fromkeys(hosts, Limit(1000.0, 1000)), clock=Clock(), patience=60.0)
    slow = Woken()
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(Stopped):
            fetch_file(bench.action(), http, slow)
        ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    while not bench.server.asks:
        time.sleep(0.005)
    path = bench.models / "other.safetensors"
    assert fetch_file(bench.action(other, destination=str(path)), http, Quiet()).check == VERIFIED
    assert path.read_bytes() == bench.data and not ended.is_set() and len(bench.server.asks) == 1
    slow.stop()
    assert ended.wait(2), "a person who stops it need not wait for the source"
    thread.join(9)
    http.close()


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


def test_a_rest_until_a_moment(bench: Any) -> None:
    """Read against the source's own clock, which may be days off."""
    now = bench.clock.now() + 3 * 86_400
    told = {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + 40, usegmt=True)}
    bench.server.then(says(503, **{name.replace("-", "_"): value for name, value in told.items()}), usual)
    assert bench.fetch().check == VERIFIED and 40 <= bench.clock.slept < 42 and len(bench.server.asks) == 2


@pytest.mark.parametrize("told", [{}, {"Retry_After": "1"}, {"Retry_After": "0"}, {"Retry_After": "-1"}])
@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_is_met_with_a_question_a_second_at_most(bench: Any, status: int, told: dict[str, str]) -> None:
    """For as long as it lasts, and never in a busy loop."""
    moments: list[float] = []

    def no(wire: Any) -> None:
        moments.append(bench.clock.steady())
        says(status, **told)(wire)

    bench.server.always = no
    failed = bench.fails()
    assert failed.pauses and failed.code in ("rate_limited", "server_error") and 3 <= len(moments) <= 15
    assert min(later - sooner for sooner, later in pairwise(moments)) > 0.99


class Jumping(VirtualClock):
    """The time of day is a day off now and then: a person sets the clock, or summer ends."""

    def now(self) -> float:
        days = (0, 1, -1, -1, 1)[int(self.passed * 3) % 5]
        return super().now() + days * 86_400


def test_the_clock_is_set_meanwhile(bench: Any) -> None:
    """What is waited for is measured by a clock that nobody sets."""
    bench.clock = Jumping()
    bench.server.then(cut(50_000), says(429, Retry_After="20"), drops, cut(50_000), says(503, Retry_After="7"), usual)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.lies() == [bench.path.name]
    assert 20 <= bench.clock.slept < 60 and bench.server.served == len(bench.data)


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
