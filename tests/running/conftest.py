"""Runs over executors of our own: each action does what its test says, step by step, and no disk but the state folder."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from comfyfixersmart.core.actions.running.approval import Approval
from comfyfixersmart.core.actions.running.claims import Claims
from comfyfixersmart.core.actions.running.outcomes import Tools
from comfyfixersmart.core.actions.running.records import Records
from comfyfixersmart.core.actions.running.run import Means, Run
from comfyfixersmart.core.actions.types import DOWNLOAD, KINDS, Action, Done, Output, Plan, digest
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.http import Clock

NOW = 1_800_000_000.0
SOON = 10.0  # seconds that a test waits at most for what comes at once


class Line(NamedTuple):
    """What the journal was told."""

    event: str
    action: str
    told: Mapping[str, Any]


class FakeJournal:
    """Remembers every line; `fails` lets it refuse those of an event."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.fails: dict[str, Exception] = {}

    def write(self, event: str, **told: Any) -> None:
        if event in self.fails:
            raise self.fails[event]
        action = told.get("action")
        self.lines.append(Line(event, action.id if action is not None else "", told))

    @property
    def told(self) -> list[str]:
        """ "event action" per line."""
        return [f"{one.event} {one.action}".strip() for one in self.lines]


class Deeds:
    """The executors. An action in `held` waits until it is let go, stopped or told what to raise."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.at_once = 0  # most at the same time
        self.raises: dict[str, BaseException] = {}
        self.gives: dict[str, Done] = {}
        self.before: Callable[[Action, Any], None] = lambda action, control: None
        self._held: dict[str, threading.Event] = {}
        self._here: dict[str, threading.Event] = {}
        self._now: set[str] = set()
        self._lock = threading.Lock()

    def hold(self, *ids: str) -> None:
        for id in ids:
            self._held[id], self._here[id] = threading.Event(), threading.Event()

    def reached(self, *ids: str) -> None:
        """Wait until these have begun and wait."""
        for id in ids:
            assert self._here[id].wait(SOON), f"{id} did not begin"

    def let_go(self, *ids: str) -> None:
        for id in ids:
            self._held[id].set()

    def let_all_go(self) -> None:
        for event in self._held.values():
            event.set()

    def __call__(self, action: Action, control: Any, tools: Any) -> Done:
        with self._lock:
            self.begun.append(action.id)
            self._now.add(action.id)
            self.at_once = max(self.at_once, len(self._now))
        try:
            return self._do(action, control)
        finally:
            with self._lock:
                self._now.discard(action.id)

    def _do(self, action: Action, control: Any) -> Done:
        self.before(action, control)
        held = self._held.get(action.id)
        if held is not None and not held.is_set():
            control.on_stop(held.set)
            self._here[action.id].set()
            assert held.wait(SOON), f"{action.id} was never let go"
            control.on_stop(None)
            if control.stopped:
                held.clear()  # it is held again when it goes on
            control.check()
        if action.id in self.raises:
            raise self.raises[action.id]
        usual = Done(
            (Output(action.destination, False, True, action.size, action.sha256),), "verified", f"{action.id}!"
        )
        return self.gives.get(action.id, usual)


def act(id: str, kind: str = DOWNLOAD, **changes: Any) -> Action:
    size = 100 if kind == DOWNLOAD else None
    return Action(
        id, kind, f"{id}.safetensors", f"/models/{id}.safetensors", "/models", "vae", **{"size": size, **changes}
    )


def plan_of(actions: Sequence[Action], *, at_once: int = 2, made: float = NOW, **changes: Any) -> Plan:
    return Plan(made, made + 3600, "/place", ("one.json",), tuple(actions), at_once=at_once, nonce="n", **changes)


class Bench:
    """A state folder, and what runs need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deeds, self.journal = Deeds(), FakeJournal()
        self.now = NOW
        self.told: list[dict[str, Any]] = []
        self.refuses: Exception | None = None  # what is raised before a run may go on
        self.clock = Clock()
        self.clock.now = lambda: self.now  # type: ignore[method-assign]
        self.records = Records(folder / "runs", now=lambda: self.now)
        self.claims = Claims(folder / "runs")
        self._runs: list[Run] = []

    @property
    def means(self) -> Means:
        tools = Tools(lambda cancel: None, lambda cancel: None)  # type: ignore[arg-type, return-value]
        executors = dict.fromkeys(KINDS, self.deeds)
        return Means(self.records, self.claims, self.journal, executors, tools, self.clock, "panel")

    def run(self, *actions: Action, begin: bool = True, **changes: Any) -> Run:
        """A run of these actions, begun."""
        plan = plan_of(actions, **changes)
        name = digest(plan)
        run = self._made(plan, Approval(name, "panel", self.now, self.now + 900, {}, "n"), self.records.new())
        if begin:
            run.begin(self.claims.take(run.id))
        return run

    def again(self, old: Run) -> Run:
        """The same run, from its file, as another start of ComfyUI finds it."""
        record = self.records.read(old.id)
        return self._made(old.plan, record.approval, old.id, record.run)

    def _made(self, plan: Plan, approval: Approval, id: str, before: Any = None) -> Run:
        run = Run(
            plan, approval, id, self.means, self.told.append, again=self._may, until=self.now + 1000, before=before
        )
        self._runs.append(run)
        return run

    def _may(self) -> None:
        if self.refuses is not None:
            raise self.refuses

    def states(self, run: Run) -> dict[str, str]:
        return {one["id"]: one["state"] for one in run.as_json()["actions"]}

    def ended(self, run: Run) -> dict[str, Any]:
        """The run, once it stands."""
        assert run.wait(SOON), f"it goes on: {run.as_json()}"
        return run.as_json()

    def kept(self, run: Run) -> dict[str, Any]:
        """The run as its file has it."""
        return self.records.read(run.id).run

    def close(self) -> None:
        for run in self._runs:
            with contextlib.suppress(ComfyFixerError):  # another object of the same run has it in hand
                run.cancel()
        self.deeds.let_all_go()
        for run in self._runs:
            assert run.wait(SOON)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()
