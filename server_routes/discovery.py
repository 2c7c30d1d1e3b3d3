"""Looks up what is missing on its own, after each finished cycle, where the person switched that on.

`core/schedule.py` decides when. It happens in the search's thread, and ends at once for a prompt or a person's own search.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import schedule as plan
from ..core.schedule import CANCELLED, DONE, FAILED, PAUSED, Now, Step
from .host.quiet import quietly_for_long
from .search import allowed, said

if TYPE_CHECKING:
    from ..core.resolution.session import Session
    from ..core.resolution.types import Want
    from ..core.settings import Values
    from .service import Service
    from .shelf import Shelf


class _Run:
    """A look-up under way. `stop`: PAUSED or CANCELLED, once it is to end; `outcome` is there when it did."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.allowed = allowed(values)
        self.stop = ""
        self.done = 0
        self.total = 0
        self.counted = False  # whether `total` is all there is
        self.ended: _Ended | None = None


class _Ended(NamedTuple):
    outcome: str
    error: dict[str, str] | None = None


class Discovery:
    """The cycle calls `turn` with the moment; all else happens in the search's thread."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._plan = plan.Discovery()
        self._values: Values | None = None
        self._step = Step(plan.IDLE)
        self._run: _Run | None = None

    # ---- what the cycle calls --------------------------------------------------------------------------

    def load(self, body: Any) -> None:
        """What `to_json` gave before a restart."""
        self._plan = plan.Discovery.from_json(body)

    def to_json(self) -> dict[str, Any]:
        """What a restart needs."""
        return self._plan.to_json()

    def cycle_ended(self) -> None:
        """A cycle was finished."""
        self._plan.cycle_ended()

    def turn(self, moment: Now) -> bool:
        """Begin, or note the end, as the plan says; whether something ended that is to be kept."""
        ended = self._finish(moment)
        values = self._values
        self._step = self._plan.decide(
            moment,
            on=self.on,
            prompts=self._service.host.busy(),
            searching=self._service.search.running,
            free=self._service.machine.get("ram_free"),
        )
        if self._step.action == plan.RUN and values is not None:
            self._plan.start(moment)
            run = self._run = _Run(values)
            self._service.search.worker.do(lambda: self._look_up(run))
        return ended

    def _finish(self, moment: Now) -> bool:
        run = self._run
        if run is None or run.ended is None:
            return False
        self._run = None
        left = run.total - run.done
        self._plan.finish(run.ended.outcome, moment, looked_up=run.done, left=left, error=run.ended.error)
        return True

    # ---- what others call ------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a look-up is under way."""
        return self._run is not None

    @property
    def on(self) -> bool:
        """Whether the person switched it on, and said who may be asked."""
        values = self._values
        return values is not None and values.discovery and values.sources is not None

    def heed(self, values: Values) -> None:
        """The settings that hold now. Whom the person takes off the list is asked no longer."""
        self._values = values
        run = self._run
        if run is not None and not (self.on and run.allowed <= allowed(values)):
            self._stop(CANCELLED)

    def pause(self) -> None:
        """Let a person's own search go first."""
        self._stop(PAUSED)

    def end(self) -> None:
        """ComfyUI is ending."""
        self._stop(CANCELLED)

    def _stop(self, why: str) -> None:
        run = self._run
        if run is not None:
            run.stop = run.stop or why

    def as_json(self, due: float | None) -> dict[str, Any]:
        """For the status, which every user sees: no names. `due`: when the next cycle is."""
        run, last, step = self._run, self._plan.last, self._step
        waiting = run is None and step.action == plan.WAIT
        shown = last._asdict() if last else None
        if shown and shown["error"] and self._service.host.multi_user():
            shown["error"] = {**shown["error"], "message": "The search failed.", "hint": "ComfyUI's log says more."}
        return {
            "on": self.on,
            "state": "running" if run else "waiting" if waiting else "idle",
            "why": step.why if waiting else None,
            "done": run.done if run else 0,
            "total": run.total if run else 0,
            "last": shown,
            "next": due if self.on else None,
        }

    # ---- in the search's thread ------------------------------------------------------------------------

    def _look_up(self, run: _Run) -> None:
        try:
            with quietly_for_long() as breathe, ExitStack() as sessions:
                for shelf, session, wants in self._due(run, sessions):
                    if self._found(run, session, wants, breathe):
                        self._service.search.show(shelf)
            whole = run.counted and run.done == run.total
            run.ended = _Ended(DONE if whole or not run.stop else run.stop)
        except Exception as raised:
            run.ended = _Ended(FAILED, said(raised))

    def _due(self, run: _Run, sessions: ExitStack) -> list[tuple[Shelf, Session, list[Want]]]:
        """What is to be looked up for each user: what has no verdict yet, or one whose time is over."""
        found = []
        app = self._service.app()
        for user in self._service.host.users():
            shelf = self._service.shelf(user)
            if shelf.last is None or run.stop:
                continue
            session = sessions.enter_context(closing(self._service.search.open(app, shelf, run.values)))
            wants = session.due(want for one in shelf.last.checked for want in app.wants(one).values())
            found.append((shelf, session, wants))
            run.total += len(wants)
        run.counted = not run.stop
        return found

    def _found(self, run: _Run, session: Session, wants: list[Want], breathe: Callable[[], None]) -> int:
        """How many of them were looked up before it had to stop."""
        before = run.done

        def progress(done: int, total: int, want: Want, did: str) -> None:
            run.done = before + done

        def cancel() -> bool:
            breathe()
            if self._service.search.running or self._service.host.busy():
                self._stop(PAUSED)
            return bool(run.stop)

        if not wants or cancel():
            return 0
        session.resolve(wants, progress=progress, cancel=cancel)
        return run.done - before
