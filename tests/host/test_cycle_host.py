"""The cycle in the real ComfyUI at an interval of ten seconds, for three minutes, while prompts come and go."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKS = {"ComfyFixerSmart": ROOT, "impact": ROOT / "tests/host/packs/impact"}
EVERY = 10.0  # seconds between two cycles
MINUTES = 3
SLACK = 4.0  # seconds from the moment on which a cycle may run until it does: a tick, and a machine that is busy
# When prompts are sent, in seconds after the first cycle, and how long each runs: over one due time or two, right after
# one another, short ones across a due time, and some at the very moment a cycle is due.
PROMPTS = (
    *((12.0, (8.0,)), (35.0, (6.0, 6.0)), (62.0, (12.0,)), (88.0, (1.0,)), (89.7, (1.5,)), (99.9, (0.5,))),
    *((110.0, (0.3,)), (119.95, (2.0,)), (132.0, (6.0, 0.5, 6.0)), (160.0, (3.0,))),
)

pytestmark = [pytest.mark.comfyui, pytest.mark.slow]


class Busy(NamedTuple):
    """ComfyUI had something to do from `start` to `end`, seconds since the epoch."""

    start: float
    end: float


class Run(NamedTuple):
    """One cycle, as the status told of it."""

    started: float
    finished: float
    outcome: str
    reason: str


def test_no_cycle_starts_during_a_prompt_none_is_lost_none_doubled(comfyui: ModuleType, tmp_path: Path) -> None:
    base = tmp_path / "base"
    comfyui.lay_out(base)
    (base / "input/3d").mkdir()  # else ComfyUI makes it when its node types are first asked, and that is a change
    for number in range(20):
        (base / f"user/default/workflows/{number:02}.json").write_text(json.dumps(_graph(number)))
    with comfyui.running(base, PACKS, env={"COMFYFIXERSMART_CYCLE_HOURS": str(10 / 3600)}) as server:
        cycles, sent = _watch(server)
        ran = [Busy(*one) for one in server.get("/impact/runs")[1]]
    busy = _busy(sent, ran)
    told = f"\ncycles {_short(cycles)}\nprompts {_short(busy)}"
    assert len(ran) == sum(len(lengths) for _, lengths in PROMPTS)
    assert {one.outcome for one in cycles} == {"done"}, told
    assert [one.reason for one in cycles[1:]] == ["due"] * (len(cycles) - 1), told
    for one in cycles:
        during = [each for each in busy if each.start < one.started < each.end]
        assert not during, f"a cycle started during a prompt: {_short([one])} in {_short(during)}{told}"
    for one, following in pairwise(cycles):
        due = one.started + EVERY
        assert following.started >= due - 0.05, f"doubled: {_short([one, following])}{told}"
        free = _free_from(due, busy)
        assert following.started <= free + SLACK, f"lost: due {due % 1000:.1f}, free {free % 1000:.1f}{told}"
    last = cycles[-1].started + EVERY
    assert _free_from(last, busy) + SLACK >= cycles[0].started + MINUTES * 60, f"lost at the end{told}"
    assert len(cycles) >= 12, told


def _watch(server: Any) -> tuple[list[Run], list[Busy]]:
    """Three minutes from the first cycle on: every cycle, and from when to when each prompt was being sent."""
    cycles: list[Run] = []
    sent: list[Busy] = []
    todo = list(PROMPTS)
    deadline = time.time() + 60
    while time.time() < deadline:
        last = server.get("/comfyfixersmart/status")[1]["cycle"]["last"]
        if last and (not cycles or last["started"] != cycles[-1].started):
            if not cycles:
                deadline = last["started"] + MINUTES * 60
            cycles.append(Run(last["started"], last["finished"], last["outcome"], last["reason"]))
        if cycles and todo and time.time() >= cycles[0].started + todo[0][0]:
            for seconds in todo.pop(0)[1]:
                sent.append(_send(server, seconds, len(sent)))
        time.sleep(0.1)
    assert cycles, "no cycle ran within a minute"
    return cycles, sent


def _send(server: Any, seconds: float, number: int) -> Busy:
    prompt = {"1": {"class_type": "ImpactSleep", "inputs": {"seconds": seconds, "seed": number}}}
    before = time.time()
    status, said = server.post("/prompt", {"prompt": prompt})
    assert status == 200, said
    return Busy(before, time.time())


def _busy(sent: list[Busy], ran: list[Busy]) -> list[Busy]:
    """When ComfyUI surely had a prompt: from the answer that it was taken until its node ended, one joined to the next."""
    joined: list[Busy] = []
    for start, end in sorted((taken.end, run.end) for taken, run in zip(sent, sorted(ran), strict=True)):
        if joined and start <= joined[-1].end:
            joined[-1] = Busy(joined[-1].start, max(joined[-1].end, end))
        else:
            joined.append(Busy(start, end))
    return joined


def _free_from(moment: float, busy: list[Busy]) -> float:
    """The first moment from then on without a prompt that lasts as long as a look at the queue may take."""
    for one in busy:
        if one.start - 1.5 <= moment < one.end:
            moment = one.end
    return moment


def _graph(number: int) -> dict[str, Any]:
    loader = {"id": 1, "type": "CheckpointLoaderSimple", "mode": 0, "inputs": [], "outputs": []}
    return {"nodes": [{**loader, "widgets_values": [f"model {number}.safetensors"]}], "links": [], "version": 0.4}


def _short(rows: list[Any]) -> list[tuple[Any, ...]]:
    return [tuple(round(one % 1000, 2) if isinstance(one, float) else one for one in row) for row in rows]
