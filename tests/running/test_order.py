"""What may begin next, for plans of any shape: walked to their end, step by step, with failures and pauses in between."""

from __future__ import annotations

from typing import Any

from comfyfixersmart.core.actions.running.board import Board
from comfyfixersmart.core.actions.running.items import Item
from comfyfixersmart.core.actions.running.order import LOCAL, PACKS
from comfyfixersmart.core.actions.running.outcomes import Outcome
from comfyfixersmart.core.actions.types import CANCELLED, DONE, DOWNLOAD, FAILED, KINDS, PAUSED, SKIPPED, WAITS
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import act, plan_of


@st.composite
def plans(draw: Any) -> Any:
    """Some actions; each may wait for earlier ones."""
    count = draw(st.integers(0, 9))
    actions = []
    for at in range(count):
        after = draw(st.sets(st.integers(0, at - 1), max_size=2)) if at else set()
        actions.append(act(str(at), draw(st.sampled_from(KINDS)), after=tuple(map(str, sorted(after)))))
    return plan_of(actions, at_once=draw(st.integers(1, 3)))


OUTCOMES = st.sampled_from([DONE] * 6 + [FAILED, PAUSED, CANCELLED])


@settings(max_examples=300, deadline=None)
@given(plans(), st.data())
def test_every_run_comes_to_its_end_in_order(plan: Any, data: Any) -> None:
    board = Board(plan, lambda: 0.0)
    board.begin()
    running: list[Item] = []
    steps = 0
    while board.alive:
        begun = board.next()
        running += begun
        for item in begun:
            assert all(board._items[id].state == DONE for id in item.action.after)
        downloads = [one for one in running if one.action.kind == DOWNLOAD]
        assert len(downloads) <= plan.at_once and len(running) - len(downloads) <= 1
        if any(one.action.kind in PACKS for one in running):
            assert all(one.action.kind in PACKS for one in running), "packs come last"
        if any(one.action.kind == DOWNLOAD for one in begun):
            assert not any(one.action.kind in LOCAL for one in running), "local actions come first"
        if not running:
            assert not board.alive
            break
        item = running.pop(data.draw(st.integers(0, len(running) - 1)))
        board.settle(item, Outcome(data.draw(OUTCOMES)))
        steps += 1
        assert steps <= len(plan.actions), "nothing is done twice"
    items = list(board._items.values())
    states = {one.state for one in items}
    for one in items:
        needs = [board._items[id].state for id in one.action.after]
        if one.state == SKIPPED:
            assert set(needs) & {FAILED, CANCELLED, SKIPPED} and one.note
        if one.state == WAITS:
            assert board.state == PAUSED and set(needs) & {PAUSED, WAITS}
    expected = PAUSED if PAUSED in states else FAILED if FAILED in states else DONE
    if expected == DONE and states and DONE not in states:
        expected = CANCELLED
    assert board.state == expected


@settings(max_examples=100, deadline=None)
@given(plans(), st.data())
def test_a_void_plan_begins_nothing_further(plan: Any, data: Any) -> None:
    board = Board(plan, lambda: 0.0)
    board.begin()
    running = board.next()
    if not running:
        return
    item = running.pop(data.draw(st.integers(0, len(running) - 1)))
    stopped = board.void({"code": "changed", "message": "m", "hint": "h"})
    assert {id(one) for one in stopped} == {id(one.handle) for one in [item, *running]}
    board.settle(item, Outcome(FAILED, voids=True))
    for one in running:
        assert board.next() == [] and board.alive
        board.settle(one, Outcome(PAUSED))
    assert board.next() == [] and not board.alive
    told = board.as_json()
    assert told["state"] == "voided" and told["error"]["code"] == "changed"
    assert {one["state"] for one in told["actions"]} <= {"failed", "paused", "skipped"}
