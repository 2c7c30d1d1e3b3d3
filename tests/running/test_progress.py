"""Speed and time left as functions of a clock of the test's own, and how often progress is told."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.actions.running.items import Item, totals
from comfyfixersmart.core.actions.running.progress import TELL, WINDOW, Meter, Throttle, left
from comfyfixersmart.core.actions.types import DONE, FAILED, RUNNING, WAITS
from hypothesis import given
from hypothesis import strategies as st

from .conftest import act


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_an_even_stream(time: Time) -> None:
    meter = Meter(time)
    assert meter.speed() is None
    for step in range(200):
        meter.at(step * 50)
        time.now += 0.05
    assert meter.speed() == pytest.approx(1000, rel=0.02)


def test_what_is_there_already_is_no_speed(time: Time) -> None:
    meter = Meter(time)
    meter.at(3_000_000_000)
    time.now += 0.4
    assert meter.speed() is None
    time.now += 0.6
    meter.at(3_000_001_000)
    assert meter.speed() == pytest.approx(1000)


def test_the_last_seconds_count(time: Time) -> None:
    meter = Meter(time)
    done = 0
    for speed in (100, 100, 100, 100, 100, 100, 900, 900, 900, 900, 900):
        meter.at(done)
        done += speed
        time.now += 1
    meter.at(done)
    assert meter.speed() == pytest.approx(900)


def test_a_silence_slows_it_down_and_ends_it(time: Time) -> None:
    meter = Meter(time)
    meter.at(0)
    time.now += 1
    meter.at(1000)
    assert meter.speed() == pytest.approx(1000)
    time.now += 3
    assert meter.speed() == pytest.approx(250)
    time.now += WINDOW
    assert meter.speed() == 0.0
    time.now += 60
    meter.at(2000)
    assert meter.speed() == pytest.approx(1000 / WINDOW), "what came after it is not spread over the silence"


def test_it_begins_anew(time: Time) -> None:
    meter = Meter(time)
    meter.at(1_000_000)
    time.now += 2
    meter.at(5)
    assert meter.speed() is None, "the source began at 0 again"
    time.now += 1
    meter.at(105)
    assert meter.speed() == pytest.approx(100)
    meter.reset()
    assert meter.speed() is None


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 10**12)), max_size=60))
def test_it_is_never_negative_and_keeps_few_marks(steps: list[tuple[float, int]]) -> None:
    time = Time()
    meter = Meter(time)
    for seconds, done in steps:
        time.now += seconds
        meter.at(done)
        speed = meter.speed()
        assert speed is None or speed >= 0
    assert len(meter._marks) <= WINDOW / 0.1 + 3


def test_time_left() -> None:
    assert left(1000, 100) == 10
    assert left(-5, 100) == 0
    assert left(1000, None) is left(1000, 0) is left(None, 5) is None


def test_throttle(time: Time) -> None:
    throttle = Throttle(time)
    assert throttle.wait() == 0
    throttle.told()
    assert throttle.wait() == TELL
    time.now += TELL / 2
    assert throttle.wait() == pytest.approx(TELL / 2)
    time.now += TELL
    assert throttle.wait() == 0


def test_the_numbers_of_a_run(time: Time) -> None:
    one, two, three, four = (Item(act(id), Meter(time)) for id in ("a", "b", "c", "d"))
    one.state = two.state = RUNNING
    for _ in range(10):
        one.told(one.bytes + 5, 100, "")
        two.told(two.bytes + 2, 100, "")
        time.now += 1
    three.state, three.bytes, four.state = DONE, 100, WAITS
    found = totals([one, two, three, four])
    assert (found["done"], found["failed"], found["total"]) == (1, 0, 4)
    assert (found["bytes"], found["bytes_total"]) == (50 + 20 + 100, 400)
    assert found["speed"] == pytest.approx(7 * 4 / 5)
    assert found["left"] == pytest.approx((50 + 80 + 100) / found["speed"])
    shown = one.as_json()
    assert shown["left"] == pytest.approx(50 / shown["speed"])
    two.told(20, 100, "Checking what is here")
    assert two.as_json()["speed"] is None and two.as_json()["note"] == "Checking what is here"
    four.action = act("d", size=None)
    found = totals([one, two, three, four])
    assert found["left"] is None and found["bytes_total"] == 300, "nobody knows how much it is"
    four.state = FAILED
    assert totals([one, two, three, four])["left"] is not None
