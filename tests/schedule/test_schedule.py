"""When a cycle is due: restarts, sleep, clocks that jump, prompts, memory, failures. The clock is handed in."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from comfyfixersmart.core.schedule import (
    ASKED,
    CANCELLED,
    CHANGED,
    DONE,
    DUE,
    FAILED,
    FIRST,
    GRACE,
    IDLE,
    INSTALLATION,
    LOW_MEMORY,
    MEMORY_TO_CHECK,
    PATIENCE,
    PROMPT_RUNNING,
    QUIET,
    RETRY,
    RUN,
    SETTLING,
    STARTING,
    WAIT,
    Now,
    Schedule,
    Step,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HOUR = 3600.0
EVERY = 2 * HOUR
MORNING = 1_800_000_000.0


class Clock:
    """Both clocks of a machine. `sleep` is a suspended machine: only the wall clock goes on."""

    def __init__(self) -> None:
        self.wall, self.steady = MORNING, 500.0

    @property
    def now(self) -> Now:
        return Now(self.wall, self.steady)

    def pass_(self, seconds: float) -> Now:
        self.wall += seconds
        self.steady += seconds
        return self.now

    def sleep(self, seconds: float) -> Now:
        self.wall += seconds
        return self.now


def run_one(plan: Schedule, clock: Clock, *, took: float = 3.0, outcome: str = DONE, prompts: int = 0) -> str:
    """Decide, and if a cycle is due, run it; its reason, or "" when none was due."""
    step = plan.decide(clock.now, prompts=prompts)
    if step.action != RUN:
        return ""
    plan.start(step.why, clock.now)
    plan.finish(outcome, clock.pass_(took), workflows=5)
    return step.why


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settled(clock: Clock) -> Schedule:
    """A schedule after its first cycle, which began at MORNING + GRACE and took 3 s."""
    plan = Schedule(EVERY)
    plan.see("files", clock.now, installed="packs")
    assert plan.decide(clock.now) == Step(WAIT, STARTING)
    clock.pass_(GRACE)
    assert run_one(plan, clock) == FIRST
    return plan


def restarted(plan: Schedule, clock: Clock) -> Schedule:
    body = json.loads(json.dumps(plan.to_json()))
    again = Schedule.from_json(body, plan.every)
    assert again.decide(clock.now).action != RUN  # never in the first moment
    return again


def test_one_cycle_every_period(settled: Schedule, clock: Clock) -> None:
    starts = []
    for _ in range(int(24 * HOUR)):
        if run_one(settled, clock):
            starts.append(clock.wall)
        clock.pass_(1)
    assert len(starts) == 12
    assert {round(b - a) for a, b in itertools.pairwise(starts)} <= {int(EVERY), int(EVERY) + 1}


def test_a_due_time_survives_a_restart(settled: Schedule, clock: Clock) -> None:
    clock.pass_(HOUR)
    plan = restarted(settled, clock)
    assert plan.due == settled.due
    plan.see("files", clock.pass_(GRACE), installed="packs")
    assert plan.decide(clock.now) == Step(IDLE)
    clock.pass_(HOUR)
    assert run_one(plan, clock) == DUE


def test_a_period_that_ended_while_comfyui_was_closed_gives_one_cycle_after_the_start(
    settled: Schedule, clock: Clock
) -> None:
    clock.pass_(50 * HOUR)
    plan = restarted(settled, clock)
    assert plan.decide(clock.now) == Step(WAIT, STARTING)
    clock.pass_(GRACE)
    assert run_one(plan, clock) == DUE
    assert plan.decide(clock.pass_(60)) == Step(IDLE)


def test_nine_hours_of_sleep_give_one_cycle(settled: Schedule, clock: Clock) -> None:
    clock.sleep(9 * HOUR)
    reasons = []
    for _ in range(int(HOUR)):
        reasons.append(run_one(settled, clock))
        clock.pass_(1)
    assert [one for one in reasons if one] == [DUE]


def test_a_clock_set_back_postpones_by_one_period_at_most(settled: Schedule, clock: Clock) -> None:
    clock.wall -= 30 * 24 * HOUR
    assert settled.decide(clock.now) == Step(IDLE)
    assert settled.due == clock.wall + EVERY
    clock.pass_(EVERY)
    assert run_one(settled, clock) == DUE


def test_a_clock_set_forward_gives_one_cycle(settled: Schedule, clock: Clock) -> None:
    clock.wall += 30 * 24 * HOUR
    assert run_one(settled, clock) == DUE
    assert run_one(settled, clock) == ""
    clock.wall -= 30 * 24 * HOUR  # and back again: not before its time
    assert run_one(settled, clock) == ""
    clock.pass_(EVERY)
    assert run_one(settled, clock) == DUE


def test_no_cycle_starts_during_a_prompt_and_none_is_lost(settled: Schedule, clock: Clock) -> None:
    clock.pass_(EVERY)
    for _ in range(100):
        assert settled.decide(clock.pass_(1), prompts=1) == Step(WAIT, PROMPT_RUNNING)
    settled.ask()
    assert settled.decide(clock.now, prompts=2) == Step(WAIT, PROMPT_RUNNING)
    assert run_one(settled, clock) == ASKED
    assert settled.decide(clock.pass_(1)) == Step(IDLE)


def test_low_memory_waits_and_says_so(settled: Schedule, clock: Clock) -> None:
    clock.pass_(EVERY)
    assert settled.decide(clock.now, free=MEMORY_TO_CHECK - 1) == Step(WAIT, LOW_MEMORY)
    assert settled.decide(clock.now, free=MEMORY_TO_CHECK) == Step(RUN, DUE)
    assert settled.decide(clock.now, free=None) == Step(RUN, DUE)


def test_a_failing_cycle_is_tried_again_ever_later(settled: Schedule, clock: Clock) -> None:
    clock.pass_(EVERY)
    waits = []
    for _ in range(8):
        began = clock.wall
        assert run_one(settled, clock, outcome=FAILED) == DUE
        assert settled.due is not None
        waits.append(settled.due - began)
        settled.see(f"a change at {clock.wall}", clock.now)
        assert settled.decide(clock.pass_(QUIET)).action != RUN  # a change does not bring it back at once
        clock.pass_(settled.due - clock.wall)
    assert waits == [min(RETRY * 2**n, EVERY) for n in range(8)]
    assert settled.failures == 8
    assert run_one(settled, clock) == DUE
    assert settled.failures == 0 and settled.due == pytest.approx(clock.wall - 3 + EVERY)


def test_a_cancelled_cycle_waits_for_its_next_time(settled: Schedule, clock: Clock) -> None:
    settled.ask()
    assert run_one(settled, clock, outcome=CANCELLED) == ASKED
    assert settled.last is not None and settled.last.outcome == CANCELLED
    assert settled.decide(clock.pass_(60)) == Step(IDLE)


def test_a_change_is_looked_at_once_it_is_quiet(settled: Schedule, clock: Clock) -> None:
    settled.see("other files", clock.pass_(1))
    assert settled.decide(clock.now) == Step(WAIT, SETTLING)
    settled.see("yet others", clock.pass_(1))
    assert settled.decide(clock.pass_(QUIET / 2)) == Step(WAIT, SETTLING)
    clock.pass_(QUIET / 2)
    assert run_one(settled, clock) == CHANGED
    settled.see("yet others", clock.pass_(1))
    assert settled.decide(clock.now) == Step(IDLE)


def test_a_change_that_never_settles_is_looked_at_all_the_same(settled: Schedule, clock: Clock) -> None:
    began = clock.wall
    for step in range(int(PATIENCE) + 5):
        settled.see(f"files {step}", clock.pass_(1))
        if run_one(settled, clock):
            break
    assert PATIENCE <= clock.wall - began <= PATIENCE + 6


def test_a_change_during_a_cycle_is_looked_at_after_it(settled: Schedule, clock: Clock) -> None:
    settled.ask()
    settled.start(settled.decide(clock.now).why, clock.now)
    settled.see("saved while checking", clock.pass_(1))
    assert settled.decide(clock.now) == Step(IDLE)  # one at a time
    settled.finish(DONE, clock.pass_(1))
    clock.pass_(QUIET)
    assert run_one(settled, clock) == CHANGED
    assert run_one(settled, clock) == ""


def test_a_change_while_comfyui_was_closed_is_seen(settled: Schedule, clock: Clock) -> None:
    plan = restarted(settled, clock)
    plan.see("another workflow", clock.pass_(GRACE), installed="packs")
    clock.pass_(QUIET)
    assert run_one(plan, clock) == CHANGED


def test_another_installation_after_a_restart_is_looked_at(settled: Schedule, clock: Clock) -> None:
    plan = restarted(settled, clock)
    plan.see("files", clock.pass_(GRACE), installed="one pack more")
    assert run_one(plan, clock) == INSTALLATION
    assert run_one(plan, clock) == ""


def test_asking_twice_gives_one_cycle_and_asking_during_one_gives_none_more(settled: Schedule, clock: Clock) -> None:
    settled.ask()
    settled.ask()
    settled.start(settled.decide(clock.now).why, clock.now)
    settled.ask()
    settled.finish(DONE, clock.pass_(1))
    assert settled.decide(clock.pass_(1)) == Step(IDLE)


def test_what_was_asked_for_survives_a_kill(settled: Schedule, clock: Clock) -> None:
    settled.ask()
    again = Schedule.from_json(settled.to_json(), EVERY)
    assert again.decide(clock.now) == Step(RUN, ASKED)


def test_a_shorter_period_counts_from_the_last_start(settled: Schedule, clock: Clock) -> None:
    clock.pass_(HOUR)
    settled.use(HOUR / 2, clock.now)
    assert run_one(settled, clock) == DUE
    settled.use(4 * HOUR, clock.now)
    clock.pass_(2 * HOUR)
    assert run_one(settled, clock) == ""


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"due": "soon", "last": 5, "failures": -1, "checked": 7},
        {"due": math.nan, "last": ["a"] * 7},
        {"due": True, "failures": 10**9, "last": [1, 2, "done", "due", 3, 4]},
    ],
)
def test_a_damaged_file_is_a_first_start(body: object, clock: Clock) -> None:
    plan = Schedule.from_json(body, EVERY)
    assert (plan.due, plan.last, plan.failures, plan.checked) == (None, None, 0, "")
    plan.decide(clock.now)
    assert plan.decide(clock.pass_(GRACE)) == Step(RUN, FIRST)


happening = st.one_of(
    st.tuples(st.just("pass"), st.floats(0.1, 3 * HOUR)),
    st.tuples(st.just("sleep"), st.floats(1, 20 * HOUR)),
    st.tuples(st.just("jump"), st.floats(-40 * HOUR, 40 * HOUR)),
    st.tuples(st.just("prompt"), st.integers(0, 2)),
    st.tuples(st.just("change"), st.integers(0, 5)),
    st.tuples(st.just("ask"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(happening, max_size=40))
def test_whatever_happens_no_cycle_overlaps_a_prompt_and_every_due_one_comes(
    happenings: list[tuple[str, float]],
) -> None:
    clock, plan, prompts = Clock(), Schedule(EVERY), 0
    plan.see("0", clock.now)
    for kind, amount in happenings:
        if kind == "pass":
            clock.pass_(amount)
        elif kind == "sleep":
            clock.sleep(amount)
        elif kind == "jump":
            clock.wall = max(1.0, clock.wall + amount)
        elif kind == "prompt":
            prompts = int(amount)
        elif kind == "change":
            plan.see(str(amount), clock.now)
        elif kind == "ask":
            plan.ask()
        else:
            plan = Schedule.from_json(plan.to_json(), EVERY)
        step = plan.decide(clock.now, prompts=prompts)
        assert step.action != RUN or prompts == 0
        if step.action == RUN:
            plan.start(step.why, clock.now)
            assert plan.decide(clock.now).action != RUN
            plan.finish(DONE, clock.pass_(2))
        assert plan.due is None or plan.due - clock.wall <= EVERY + 1e-6 or step.action != RUN
    plan.decide(clock.now)
    clock.pass_(EVERY + GRACE)
    assert plan.decide(clock.now).action == RUN or run_one(plan, clock) == ""
    ran = run_one(plan, clock)
    assert ran, "a full period went by without a prompt, and no cycle came"
