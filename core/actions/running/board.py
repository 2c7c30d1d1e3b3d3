"""Where every action of a run stands, and what the person and its conductor do to that. Values and a lock; no disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ...errors import ComfyFixerError
from ..types import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    PAUSED,
    RUNNING,
    SKIPPED,
    VOIDED,
    WAITS,
    Json,
    Plan,
)
from .control import Handle, Told
from .items import Item, items, totals
from .order import ready, skip_lost
from .outcomes import Outcome
from .progress import Steady

ENDED = frozenset({DONE, FAILED, CANCELLED, VOIDED})


class Board:
    """The actions of one run. Every method takes the lock `changed` itself and is quick; waiting is done on it.

    `before`: the run as it was last written, for one that was begun earlier.
    """

    def __init__(self, plan: Plan, steady: Steady, before: Json | None = None) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.alive = False  # whether a thread conducts it
        self.stale = False  # something changed that was not written yet
        self.news = False  # bytes came in that were not told yet
        self._plan, self._steady = plan, steady
        self._cancelled = False
        self._unsaid: list[Item] = []  # cancelled without having run: the journal is to say so
        self.read(before or {})

    def read(self, old: Json) -> None:
        """Take over what a run's file says; {} is a new run."""
        with self.changed:
            self.state: str = old.get("state", RUNNING)
            self.error: dict[str, str] | None = old.get("error")
            self.restart = bool(old.get("needs_restart"))
            self._items = items(self._plan.actions, self._steady, old.get("actions", ()))

    def as_json(self) -> Json:
        """State, numbers and actions."""
        with self.changed:
            found = list(self._items.values())
            return {
                "state": self.standing,
                **totals(found),
                "needs_restart": self.restart,
                "error": self.error,
                "actions": [one.as_json() for one in found],
            }

    def brief(self) -> Json:
        """State, how many actions are done, and how many there are."""
        with self.changed:
            done = sum(one.state == DONE for one in self._items.values())
            return {"state": self.standing, "done": done, "total": len(self._items)}

    @property
    def standing(self) -> str:
        """RUNNING as long as anything goes on; INTERRUPTED where its process ended meanwhile."""
        return RUNNING if self.alive else INTERRUPTED if self.state == RUNNING else self.state

    # ---- what a person says ----------------------------------------------------------------------------

    def pause(self, action: str | None) -> list[Handle]:
        """One action or all are to stand; gives whom to stop."""
        with self.changed:
            handles = []
            for item in self._named(action):
                item.again = False
                if item.handle is not None:
                    item.note = "Pausing"
                    handles.append(item.handle)
                elif item.state == WAITS and self.alive:
                    item.state = PAUSED
            self._touch()
            return handles

    def open(self, action: str | None) -> list[Item]:
        """Of one action or all, what is not over. Raises ComfyFixerError `unknown_action`."""
        with self.changed:
            return [item for item in self._named(action) if not item.over]

    def cancel(self, action: str | None) -> list[Handle]:
        """One action or all are to end; gives whom to stop."""
        with self.changed:
            found = self.open(action)
            for item in found:
                item.again = False
                if item.handle is not None:
                    item.note = "Cancelling"
                else:
                    item.state, item.error, item.note = CANCELLED, None, ""
                    self._unsaid.append(item)
            self._cancelled |= action is None and bool(found)
            self._touch()
            return [item.handle for item in found if item.handle is not None]

    def resumable(self, action: str | None) -> list[Item]:
        """What `resume` would let go on: what is paused or about to be; one named action also where it failed.

        Raises ComfyFixerError `unknown_action`, `cannot_resume`.
        """
        with self.changed:
            if self.state == VOIDED:
                raise ComfyFixerError("cannot_resume", "This plan is void.", "Make a new plan.")
            states = {PAUSED} if action is None else {PAUSED, FAILED, WAITS}
            found = [item for item in self._named(action) if item.state in states or item.handle is not None]
            if not found and (action is not None or self.standing not in (RUNNING, PAUSED, INTERRUPTED)):
                raise ComfyFixerError("cannot_resume", "Nothing of this is paused.", "Make a new plan.")
            return found

    def resume(self, wanted: Sequence[Item]) -> None:
        """Let these go on."""
        with self.changed:
            for item in wanted:
                if item.handle is not None:  # it has not stopped yet
                    item.again = item.handle.stopped
                    continue
                if item.state == FAILED:
                    self._unskip({item.action.id})
                item.state, item.error, item.note, item.check = WAITS, None, "", ""
            self._cancelled = False
            self._touch()

    def _unskip(self, ids: set[str]) -> None:
        """What was skipped because of these waits for them again."""
        for item in self._items.values():
            if item.state == SKIPPED and ids & set(item.action.after):
                item.state, item.note = WAITS, ""
                self._unskip({item.action.id})

    def _named(self, action: str | None) -> list[Item]:
        if action is None:
            return list(self._items.values())
        if action not in self._items:
            raise ComfyFixerError("unknown_action", "There is no such action in this run.", "Reload the page.")
        return [self._items[action]]

    # ---- what its conductor says -----------------------------------------------------------------------

    def begin(self) -> None:
        """It goes on from here."""
        with self.changed:
            self.alive, self.stale = True, True
            self.state, self.error = RUNNING, None

    def next(self) -> list[Item]:
        """What is to begin now; each has its handle and counts as running. Nothing running afterwards: it stands now,
        and why is settled."""
        with self.changed:
            skip_lost(self._items)
            begun = [] if self.state == VOIDED else ready(self._items, max(1, self._plan.at_once))
            for item in begun:
                item.state, item.note, item.error = RUNNING, "", None
                item.handle = Handle(self._told(item))
                item.meter.reset()
            if not any(item.handle is not None for item in self._items.values()):
                self._conclude()
                self.alive = False
            if begun or not self.alive:
                self.stale = True
            return begun

    def settle(self, item: Item, outcome: Outcome) -> None:
        """What became of one that ran."""
        with self.changed:
            item.handle = None
            item.state, item.check, item.text = outcome.state, outcome.check, outcome.text
            item.error, item.note = outcome.error, ""
            self.restart |= outcome.restart
            if item.state == DONE and item.size is not None:
                item.bytes = item.size
            if item.state == PAUSED and item.again and outcome.error is None:
                item.state = WAITS
            item.again = False
            self._touch()

    def void(self, error: dict[str, str]) -> list[Handle]:
        """Nothing further begins; gives whom to stop."""
        with self.changed:
            if self.state != VOIDED:
                self.state = VOIDED
                self.error = {**error, "hint": "Make a new plan. What was fetched so far is kept."}
            for item in self._items.values():
                item.again = False
                if item.handle is None and item.state in (WAITS, PAUSED):
                    item.state, item.note = SKIPPED, "The plan is void."
            self._touch()
            return [item.handle for item in self._items.values() if item.handle is not None]

    def broke(self, error: dict[str, str]) -> list[Handle]:
        """The conductor itself failed; gives whom to stop."""
        with self.changed:
            self.alive, self.state, self.error = False, PAUSED, error
            return [item.handle for item in self._items.values() if item.handle is not None]

    def unsaid(self) -> list[Item]:
        """What was cancelled without having run, once."""
        with self.changed:
            found, self._unsaid = self._unsaid, []
            return found

    def _told(self, item: Item) -> Told:
        def told(done: int, total: int | None, note: str) -> None:
            with self.changed:
                item.told(done, total, note)
                self.news = True

        return told

    def _touch(self) -> None:
        self.stale = True
        self.changed.notify_all()

    def _conclude(self) -> None:
        """Nothing runs and nothing can begin: say what that is."""
        states = [one.state for one in self._items.values()]
        if self.state == VOIDED:
            return
        if PAUSED in states:
            self.state = PAUSED
            return
        for item in self._items.values():
            if item.state == WAITS:
                item.state, item.note = SKIPPED, "It waits for something that never comes."
        if self._cancelled and CANCELLED in states:
            self.state = CANCELLED
        elif FAILED in states:
            self.state = FAILED
        else:
            self.state = CANCELLED if CANCELLED in states and DONE not in states else DONE
