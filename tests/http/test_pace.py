"""How fast a host is asked: never faster than its limit, by whichever clock."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from comfyfixersmart.core.http import Clock, Http, Limit, NoAnswer
from comfyfixersmart.core.http.pace import SHARED, USUAL, Gate, Gates, back_off
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_RATES = st.floats(0.05, 50)
_PAUSES = st.lists(st.one_of(st.just(0.0), st.floats(0, 5), st.floats(0, 100)), min_size=1, max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(rate=_RATES, burst=st.integers(1, 20), pauses=_PAUSES)
def test_no_stretch_of_time_holds_more_than_the_limit(clock: Any, rate: float, burst: int, pauses: list[float]) -> None:
    gate = Gate("host", Limit(rate, burst), clock)
    sent: list[float] = []
    for pause in pauses:
        clock.forward(pause)
        gate.enter(clock.sleep)
        sent.append(clock.passed)
    for first, begun in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + rate * (sent[last] - begun) + 1e-3
    least = max(0.0, (len(sent) - burst) / rate)
    assert clock.passed - sent[0] <= sum(pauses) + least + 1 / rate + 1e-3, "and nobody waits longer than that"
    clock.forward(1e6)


def test_by_the_real_clock_and_by_several_threads(client: Any, replay: Any) -> None:
    http = client(clock=Clock(), limits={replay.host: Limit(50, 5)})
    threads = [
        threading.Thread(target=lambda: [http.json(replay.address + "/thing") for _ in range(6)]) for _ in range(5)
    ]
    begun = time.monotonic()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    sent = [one.when for one in replay.log]
    assert len(sent) == 30 and time.monotonic() - begun >= 25 / 50 - 0.01
    assert max(sent) - begun < 3


def test_each_host_has_its_own_limit(client: Any, replay: Any, other: Any, clock: Any) -> None:
    http = client(trusted={replay.host, other.host}, limits={replay.host: Limit(1, 1), other.host: Limit(100, 10)})
    http.json(replay.address + "/thing")
    for _ in range(10):
        http.json(other.address + "/thing")
    assert clock.slept == 0
    http.json(replay.address + "/thing")
    assert clock.slept == pytest.approx(1)


def test_every_try_and_every_hop_counts(client: Any, replay: Any, clock: Any) -> None:
    http = client(limits={replay.host: Limit(0.1, 1)})
    replay.fault("/old", replay.Fault.redirect("/thing"))
    http.json(replay.address + "/old")
    assert clock.slept == pytest.approx(10)
    replay.fault("/thing", replay.Fault.status(500), times=1)
    http.json(replay.address + "/thing")
    assert clock.slept == pytest.approx(30)


def test_hosts_without_a_limit_get_a_modest_one(replay: Any, clock: Any) -> None:
    http = Http(trusted={replay.host}, clock=clock)
    for _ in range(USUAL.burst + 4):
        http.json(replay.address + "/thing")
    assert clock.slept == pytest.approx(4 / USUAL.rate)
    http.close()


def test_limits_that_make_no_sense_do_no_harm(clock: Any) -> None:
    gate = Gate("host", Limit(0, 0), clock)
    gate.enter(clock.sleep)
    gate.enter(clock.sleep)
    assert clock.passed == pytest.approx(1000)


def test_all_wait_while_a_host_asks_for_it(clock: Any) -> None:
    gate = Gate("host", Limit(10, 10), clock)
    gate.slow_down(7)
    gate.slow_down(3)
    gate.enter(clock.sleep)
    assert clock.passed == pytest.approx(7)


def test_back_off_grows_and_stays_below_half_a_minute() -> None:
    for tried, about in ((1, 1), (2, 4), (3, 16), (4, 30), (9, 30)):
        assert all(about <= back_off(tried) <= min(30, about * 1.5) for _ in range(50)), "never sooner than a second"
    assert len({back_off(1) for _ in range(20)}) > 10, "not all come back at once"


def test_clients_of_one_process_share_what_a_host_asked_for(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run must not ask the host that sent the first one away; one that only failed may be tried anew."""
    monkeypatch.setattr("comfyfixersmart.core.http.client.SHARED", gates := Gates(clock))
    first = Http(shared=True, limits={"a.example": Limit(1, 1)})
    gate = gates.of("a.example", {"a.example", "a.example:443"})
    gate.rest(600, NoAnswer("rate_limited", "it asks us to slow down"))
    down = gates.of("b.example", {"b.example"})
    for _ in range(3):
        down.failed(NoAnswer("timeout", "it took longer than 15 seconds"))
    with pytest.raises(NoAnswer, match="longer"):
        down.enter(clock.sleep)
    second = Http(shared=True, limits={"A.example": Limit(5, 2)})
    with pytest.raises(NoAnswer, match="slow down"):
        gates.of("a.example", set()).enter(clock.sleep)
    down.enter(clock.sleep)
    assert first._gates is second._gates and Http()._gates not in (gates, SHARED)
