"""A run of one approved plan. One thread conducts it; each action has a thread of its own. All are daemon threads.

What fails stops nothing but what needs it, unless a source serves something else than what was approved: then nothing
further begins. Every write to the journal happens before what it says is said anywhere else. Executors recognise their
own finished work, so whatever was not said to be done is simply done again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ...errors import ComfyFixerError
from ...http import Clock
from ..process import stand_back
from ..types import CANCELLED, DONE, INTERRUPTED, PAUSED, Action, Json, Plan
from .approval import Approval
from .board import ENDED, Board
from .claims import Claim, Claims
from .control import Handle
from .items import Item
from .outcomes import Executor, Outcome, Tools, Writes, inputs, perform, said, served_by
from .progress import TELL, Throttle
from .records import Records

_log = logging.getLogger("comfyfixersmart.actions")  # a fixed name: inside ComfyUI, __name__ is a file path

SILENCE = 1.0  # seconds after which a run from which nothing comes is told all the same
SETTLE = 20.0  # seconds to wait for the end of a run that is to go on
OnChange = Callable[[Json], None]


class Means(NamedTuple):
    """What every run of a session works with."""

    records: Records
    claims: Claims
    journal: Writes
    executors: Mapping[str, Executor]
    tools: Tools
    clock: Clock
    actor: str


class Run:
    """`on_change` gets the run as JSON at each change of state and, while bytes come in, at most four times a second.

    `again` is asked before a run that stands goes on; it raises where that may not be. `until`: when it may no longer
    go on, seconds since the epoch. `before`: the run's file, for one that was begun earlier.
    """

    def __init__(
        self,
        plan: Plan,
        approval: Approval,
        id: str,
        means: Means,
        on_change: OnChange,
        *,
        again: Callable[[], object],
        until: float,
        before: Json | None = None,
    ) -> None:
        old = before or {}
        self.id, self.plan = id, plan
        self._approval, self._means, self._on_change = approval, means, on_change
        self._again, self._until = again, until
        self._board = Board(plan, means.clock.steady, before)
        self._started: float = old.get("started", means.clock.now())
        self._ended: float | None = old.get("ended")
        self._throttle = Throttle(means.clock.steady)
        self._quiet = time.monotonic()  # when something was told last
        self._settled, self._over = threading.Event(), threading.Event()
        self._settled.set()
        self._over.set()

    # ---- what a person can do --------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """RUNNING as long as anything goes on."""
        return self._board.standing

    def as_json(self) -> Json:
        """The run for panel, command line and file."""
        board, clock = self._board.as_json(), self._means.clock
        return {
            "id": self.id,
            "digest": self._approval.plan,
            "actor": self._approval.by,
            "started": self._started,
            "ended": self._ended,
            "workflows": list(self.plan.workflows),
            "can_resume": board["state"] in (PAUSED, INTERRUPTED) and clock.now() < self._until,
            **board,
        }

    def brief(self) -> Json:
        """The run in a few words: id, state, done, total."""
        return {"id": self.id, **self._board.brief()}

    def pause(self, action: str | None = None) -> None:
        """Let one action or all stop where they are; what was fetched is kept. Raises ComfyFixerError `unknown_action`."""
        for handle in self._board.pause(action):
            handle.stop(cancelled=False)

    def cancel(self, action: str | None = None) -> None:
        """Let one action or all end for good; what is done stays. Raises ComfyFixerError `unknown_action`, `run_in_hand`."""
        with self._board.changed:
            stands = not self._board.alive
            handles = [] if stands else self._board.cancel(action)
            if stands and not self._board.open(action):
                return
        for handle in handles:
            handle.stop(cancelled=True)
        if stands:  # to note it and, if nothing is left, to end
            self._take_in_hand(lambda: self._board.cancel(action))

    def resume(self, action: str | None = None) -> None:
        """Let what is paused go on, or one action, which may also have failed.

        Raises ComfyFixerError `unknown_action`, `cannot_resume`, `resume_too_late`, `plan_changed`, `run_in_hand`.
        """
        with self._board.changed:
            wanted = self._board.resumable(action)
            if self._board.alive:
                self._board.resume(wanted)
                return
        self._again()
        self._take_in_hand(lambda: self._board.resume(self._board.resumable(action)))

    def _take_in_hand(self, change: Callable[[], object]) -> None:
        """Go on after this change. Somebody else may have had the run in hand meanwhile, so its file counts."""
        self._settled.wait(SETTLE)
        claim = self._means.claims.take(self.id)
        try:
            with contextlib.suppress(ComfyFixerError):  # it could never be written
                self._board.read(self._means.records.read(self.id).run)
            change()
        except BaseException:
            claim.release()
            raise
        self.begin(claim)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it stands, paused or ended, and that was told; False when the time is over first."""
        return self._over.wait(seconds)

    def begin(self, claim: Claim) -> None:
        """Let it begin, or go on, under a claim that is given back when it stands."""
        self._settled.clear()
        self._over.clear()
        self._ended = None
        self._board.begin()
        name = f"comfyfixersmart-run-{self.id}"
        threading.Thread(target=self._conduct, args=(claim,), name=name, daemon=True).start()

    # ---- in the conductor's thread ---------------------------------------------------------------------

    def _conduct(self, claim: Claim) -> None:
        try:
            while self._turn():
                claim.beat()
        except BaseException as error:
            _log.warning("A run broke off. That is our fault; please report it.", exc_info=True)
            for handle in self._board.broke(said(error)):
                handle.stop(cancelled=False)
        finally:
            claim.release()
            self._settled.set()
            self._tell()
            self._over.set()

    def _turn(self) -> bool:
        """Begin what may begin, write, tell, wait for the next change; False when it stands."""
        board = self._board
        begun = board.next()
        for item in board.unsaid():
            self._note(CANCELLED, item.action)
        if not board.alive:
            self._end()
            return False
        if board.stale:
            begun = self._written(begun)
            self._tell()
        for item in begun:
            thread = threading.Thread(target=self._work, args=(item,), name=f"comfyfixersmart-{item.action.kind}")
            thread.daemon = True
            try:
                thread.start()
            except RuntimeError as error:  # no more threads, or Python is ending
                board.settle(item, Outcome(PAUSED, error=said(error)))
        with board.changed:
            board.changed.wait_for(lambda: board.stale, TELL)
        silent = time.monotonic() - self._quiet > SILENCE
        if not board.stale and (board.news or silent) and not self._throttle.wait():
            self._tell()
        return True

    def _written(self, begun: list[Item]) -> list[Item]:
        """The run's file says what is begun. Where it cannot, nothing begins."""
        self._board.stale = False
        try:
            self._means.records.write(self.as_json(), self._approval)
            return begun
        except (OSError, ComfyFixerError) as error:
            _log.warning("The run could not be written down: %s", error)
            for item in begun:
                self._board.settle(item, Outcome(PAUSED, error=_unwritten(error)))
            return []

    def _end(self) -> None:
        """Say how it stands: in the journal where it is over, and in its file."""
        state = self._board.state
        if state in ENDED:
            self._ended = self._means.clock.now()
            told = self._board.as_json()
            text = f"{state}: {told['done']} of {told['total']} done, {told['failed']} failed"
            self._note("ended", None, error=told["error"], text=text)
        self._written([])

    def _tell(self) -> None:
        self._board.news = False
        self._throttle.told()
        self._quiet = time.monotonic()
        try:
            self._on_change(self.as_json())
        except Exception:
            _log.warning("The progress of a run could not be told.", exc_info=True)

    # ---- in an action's thread -------------------------------------------------------------------------

    def _work(self, item: Item) -> None:
        stand_back()
        handle = item.handle
        assert handle is not None
        outcome = self._performed(item.action, handle)
        if outcome.voids and outcome.error:
            for other in self._board.void(outcome.error):
                if other is not handle:
                    other.stop(cancelled=False)
        self._board.settle(item, outcome)

    def _performed(self, action: Action, handle: Handle) -> Outcome:
        """Journal, do, journal. What cannot be journalled is not begun, and not said to be done."""
        means = self._means
        try:
            self._write("begun", action)
        except Exception as error:
            return Outcome(PAUSED, error=_unwritten(error))
        outcome = perform(means.executors.get(action.kind), action, handle, means.tools)
        served = served_by(action, outcome.offer)
        told = {"outputs": outcome.outputs, "check": outcome.check, "error": outcome.error, "text": outcome.text}
        if outcome.state != DONE:
            self._note(outcome.state, served, **told)
            return outcome
        try:
            self._write(DONE, served, **told)
        except Exception as error:
            return Outcome(PAUSED, outcome.check, error=_unwritten(error))
        return outcome

    # ---- the journal -----------------------------------------------------------------------------------

    def _note(self, event: str, action: Action | None, **told: object) -> None:
        """A line that is missed, but without which all the same nothing false is said."""
        try:
            self._write(event, action, **told)
        except Exception as error:
            _log.warning("The journal could not be written: %s", error)

    def _write(self, event: str, action: Action | None, **told: object) -> None:
        means, approval = self._means, self._approval
        given = inputs(action) if action is not None and event == "begun" else {}
        means.journal.write(
            event,
            actor=means.actor,
            run=self.id,
            plan=approval.plan,
            action=action,
            inputs=given,
            **told,  # type: ignore[arg-type]
        )


def _unwritten(error: Exception) -> dict[str, str]:
    told = said(error)
    hint = "Free some space, or mend the folder, then resume."
    return {"code": "not_written", "message": f"It could not be written down: {told['message']}", "hint": hint}
