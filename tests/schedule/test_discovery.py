"""When what is missing is looked up on its own: only when switched on, after a cycle, and never in anybody's way."""

from __future__ import annotations

import json
import math

import pytest
from comfyfixersmart.core.schedule import (
    CANCELLED,
    DONE,
    FAILED,
    IDLE,
    LOW_MEMORY,
    MEMORY_TO_CHECK,
    PAUSED,
    PROMPT_RUNNING,
    RETRY,
    RUN,
    SEARCHING,
    WAIT,
    Discovery,
    LookedUp,
    Now,
    Step,
)

MORNING = Now(1_800_000_000.0, 500.0)


def after(seconds: float) -> Now:
    return Now(MORNING.wall + seconds, MORNING.steady + seconds)


@pytest.fixture
def due() -> Discovery:
    """A cycle has just ended."""
    plan = Discovery()
    plan.cycle_ended()
    return plan


def test_switched_off_nothing_is_ever_looked_up(due: Discovery) -> None:
    for second in range(100):
        assert due.decide(after(second), on=False) == Step(IDLE)
    assert due.decide(after(100), on=True) == Step(RUN), "a switch that is turned on counts for the last cycle too"


def test_once_for_each_cycle(due: Discovery) -> None:
    assert Discovery().decide(MORNING, on=True) == Step(IDLE)
    assert due.decide(MORNING, on=True) == Step(RUN)
    due.start(MORNING)
    assert due.running and due.decide(after(1), on=True) == Step(IDLE)
    due.finish(DONE, after(2), looked_up=3)
    assert due.last == LookedUp(MORNING.wall, MORNING.wall + 2, DONE, 3)
    assert not due.running and due.decide(after(3), on=True) == Step(IDLE)
    due.cycle_ended()
    assert due.decide(after(4), on=True) == Step(RUN)


def test_a_cycle_that_ends_meanwhile_makes_another_one(due: Discovery) -> None:
    due.start(MORNING)
    due.cycle_ended()
    due.finish(DONE, after(1))
    assert due.decide(after(1), on=True) == Step(RUN)


def test_prompts_and_people_go_first(due: Discovery) -> None:
    assert due.decide(MORNING, on=True, prompts=1) == Step(WAIT, PROMPT_RUNNING)
    assert due.decide(MORNING, on=True, prompts=1, searching=True) == Step(WAIT, SEARCHING)
    assert due.decide(MORNING, on=True, free=MEMORY_TO_CHECK - 1) == Step(WAIT, LOW_MEMORY)
    assert due.decide(MORNING, on=True, free=MEMORY_TO_CHECK) == Step(RUN)


def test_what_was_paused_goes_on_as_soon_as_it_may(due: Discovery) -> None:
    due.start(MORNING)
    due.finish(PAUSED, after(1), looked_up=2, left=5)
    assert due.last is not None and (due.last.outcome, due.last.left) == (PAUSED, 5)
    assert due.decide(after(1), on=True, prompts=1) == Step(WAIT, PROMPT_RUNNING)
    assert due.decide(after(2), on=True) == Step(RUN)


@pytest.mark.parametrize("outcome", [DONE, CANCELLED])
def test_what_ended_waits_for_the_next_cycle(due: Discovery, outcome: str) -> None:
    due.start(MORNING)
    due.finish(outcome, after(1))
    assert due.decide(after(1e6), on=True) == Step(IDLE)


def test_a_failure_is_not_repeated_at_every_cycle(due: Discovery) -> None:
    error = {"code": "os_error", "message": "The disk is full.", "hint": ""}
    due.start(MORNING)
    due.finish(FAILED, MORNING, error=error)
    for second in range(0, int(RETRY), 10):
        due.cycle_ended()
        assert due.decide(after(second), on=True) == Step(IDLE)
    assert due.decide(after(RETRY), on=True) == Step(RUN)
    assert due.last is not None and due.last.error == error


def test_how_the_last_one_went_survives_a_restart(due: Discovery) -> None:
    due.start(MORNING)
    due.finish(FAILED, after(9), looked_up=1, left=2, error={"code": "a", "message": "b", "hint": "c"})
    again = Discovery.from_json(json.loads(json.dumps(due.to_json())))
    assert again.last == due.last and not again.running
    assert again.decide(after(20), on=True) == Step(IDLE), "the first cycle makes it due"


@pytest.mark.parametrize(
    "body",
    [
        *(None, [], "x", {}, {"last": 5}, {"last": [1] * 5}, {"last": [1, 2, "odd", 0, 0, None]}),
        *({"last": ["a", 2, DONE, 0, 0, None]}, {"last": [math.nan, 2, DONE, 0, 0, None]}),
        *(
            {"last": [1, 2, DONE, 0.5, 0, None]},
            {"last": [1, 2, DONE, True, 0, None]},
            {"last": [1, -2, DONE, 0, 0, None]},
        ),
    ],
)
def test_a_damaged_file_is_a_first_start(body: object) -> None:
    assert Discovery.from_json(body).last is None
