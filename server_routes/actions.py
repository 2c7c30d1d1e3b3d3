"""Approvals, runs and the journal for the people of this ComfyUI: one run at a time, in threads of its own.

Whatever happens to ComfyUI meanwhile, nothing is lost: a run that was interrupted is found again in its owner's folder.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import ComfyFixerError
from .host.quiet import BREATH, quietly_for_long
from .worker import Worker

if TYPE_CHECKING:
    from ..core.actions.running.kept import Kept
    from ..core.actions.running.run import Run
    from ..core.actions.running.session import Actions
    from ..core.app import App
    from .host import User
    from .service import Service
    from .shelf import Shelf

_log = logging.getLogger("comfyfixersmart.actions")

EVENT = "comfyfixersmart.run"
SETTLE = 10.0  # seconds
PAGE = 200  # entries of the journal at once, at the most
RUNNING, PAUSE, RESUME, CANCEL = "running", "pause", "resume", "cancel"
Json = dict[str, Any]


class _Current(NamedTuple):
    """The run that goes on, or went on last, in this process."""

    user: User
    session: Actions
    run: Run


class Acting:
    """The one place that changes anything. `session` makes what a run needs; tests put their own in its place."""

    def __init__(self, service: Service, session: Callable[..., Actions] | None = None) -> None:
        self._service = service
        self._session = session or _session
        self._watcher = Worker("comfyfixersmart-run")
        self._lock = threading.Lock()  # one thing begins or ends at a time
        self._current: _Current | None = None
        self._undoing = False
        self._seen: dict[str, Json | None] = {}  # by user: the run of an earlier start, as the status shows it

    # ---- runs ------------------------------------------------------------------------------------------

    def approve(self, user: User, digest: str, consents: Mapping[str, Sequence[str]]) -> Json:
        """The person's yes to a plan, and its run. Raises ComfyFixerError `busy`, and what `Actions.approve` and `start` raise."""

        def begin(session: Actions) -> Run:
            session.approve(digest, consents)
            return session.start(digest, self._teller(user))

        return self._begin(user, begin)

    def steer(self, user: User, do: str, action: str | None) -> Json:
        """Pause, resume or cancel the run or one of its actions.

        Raises ComfyFixerError `no_run`, `not_yours`, `busy`, `unknown_action`, and what `Actions.resume` raises.
        """
        with self._lock:
            current = self._current
            if current is not None and current.run.state == RUNNING:
                if self._foreign(current.user, user):
                    raise ComfyFixerError("not_yours", "Another user began this run.", "Wait for its end.")
                {PAUSE: current.run.pause, RESUME: current.run.resume, CANCEL: current.run.cancel}[do](action)
                return {"run": current.run.as_json()}
        last = self.run(user)["run"]
        if last is None:
            raise ComfyFixerError("no_run", "There is no run.", "Make a plan first.")
        if do == PAUSE:
            return {"run": last}

        def begin(session: Actions) -> Run:
            run = session.take(last["id"], self._teller(user))
            (run.resume if do == RESUME else run.cancel)(action)
            return run

        return self._begin(user, begin)

    def _begin(self, user: User, begin: Callable[[Actions], Run]) -> Json:
        with self._lock:
            self._refuse_busy()
            if self._current is not None:
                self._current.run.wait(SETTLE)  # it stands, but may be writing its last lines
            session = self.open(user, self._service.shelf(user))
            current = self._current = _Current(user, session, begin(session))
            self._seen.pop(user.id, None)
        self._watcher.do(lambda: self._watch(current))
        return {"run": current.run.as_json()}

    def run(self, user: User) -> Json:
        """The run that goes on; else the last one of this person, as it stands. Of another's only how far it is."""
        current = self._shown(user)
        if current is not None:
            run = current.run.as_json()
            return {"run": foreign(run) if self._foreign(current.user, user) else run}
        last = self.kept(user).last()
        self._seen[user.id] = _brief(last) if last is not None else None
        return {"run": last}

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._current is not None and self._current.run.state == RUNNING

    def _shown(self, user: User) -> _Current | None:
        """The run of this process that this person sees: their own last one, or whatever goes on."""
        current = self._current
        own = current is not None and current.user.id == user.id
        return current if own or (current is not None and current.run.state == RUNNING) else None

    def _refuse_busy(self) -> None:
        if self.running or self._undoing:
            raise ComfyFixerError("busy", "Something is being done already.", "Wait for its end, or cancel it.")

    def end(self) -> None:
        """ComfyUI is ending: let the run stand."""
        current = self._current
        if current is not None:
            current.run.pause()

    # ---- for the status, which waits for nothing -------------------------------------------------------

    def knows(self, user: User) -> bool:
        """Whether `brief` needs no look at the disk."""
        return user.id in self._seen or self._shown(user) is not None

    def brief(self, user: User) -> Json | None:
        """The run in a few words."""
        current = self._shown(user)
        if current is not None:
            return current.run.brief()
        if user.id not in self._seen:
            try:
                self.run(user)
            except (OSError, ComfyFixerError):
                self._seen[user.id] = None
        return self._seen[user.id]

    # ---- the journal -----------------------------------------------------------------------------------

    def journal(self, user: User, before: str, limit: int) -> Json:
        """What was done here, newest first, from behind the entry `before` on. Raises UnreadableFile."""
        from ..core.actions.undo import can_undo

        journal = self.kept(user).journal
        reading = journal.read()
        found = reading.entries[::-1]
        if before:
            found = found[next((at + 1 for at, one in enumerate(found) if one.id == before), len(found)) :]
        limit = max(1, min(limit, PAGE))
        return {
            "entries": [{**one.as_json(), "can_undo": can_undo(one, reading.entries)} for one in found[:limit]],
            "more": len(found) > limit,
            "damage": list(reading.damage),
            "folder": str(journal.path.parent),
        }

    def undo(self, user: User, entries: Sequence[str], run: str) -> Json:
        """Take entries back, or all of one run. Raises ComfyFixerError `busy`, and what undoing raises."""
        with self._lock:
            self._refuse_busy()
            self._undoing = True
        try:
            with quietly_for_long(), closing(self.open(user, self._service.shelf(user))) as session:
                undone = session.undo(run or entries)
        finally:
            self._undoing = False
        if any(one.ok for one in undone):
            self._service.ask()
        return {"undone": [{"entry": one.entry, "ok": one.ok, "text": one.text, "error": one.error} for one in undone]}

    # ---- in the watcher's thread -----------------------------------------------------------------------

    def _watch(self, current: _Current) -> None:
        """Until it stands; then the library is looked at again."""
        with quietly_for_long() as breathe:
            while not current.run.wait(BREATH):
                breathe()
        current.session.close()
        if any(one["state"] == "done" for one in current.run.as_json()["actions"]):
            self._service.ask()

    # ---- what others are made of -----------------------------------------------------------------------

    def open(self, user: User, shelf: Shelf) -> Actions:
        """What this person's plans and runs need; to be closed. Raises what reading the keys raises."""
        service = self._service
        return self._session(
            service.app(),
            state=shelf.state,
            shared=service.host.state_folder(),
            values=service.preferences.resolved().values,
            keys=service.preferences.keys().read(),
            actor=f"panel:{user.name}" if service.host.multi_user() else "panel",
            manager_url=service.host.address(),
        )

    def kept(self, user: User) -> Kept:
        """What this person's folder keeps; needs no look at what is installed."""
        from ..core.actions.running.kept import Kept

        return Kept(self._service.shelf(user).state)

    def _teller(self, user: User) -> Callable[[Json], None]:
        """To every user's pages: with several, no names."""

        def tell(run: Json) -> None:
            private = self._service.host.multi_user()
            self._service.host.send(EVENT, {"run": foreign(run) if private else run})

        return tell

    def _foreign(self, owner: User, user: User) -> bool:
        return self._service.host.multi_user() and owner.id != user.id


def foreign(run: Json) -> Json:
    """How far a run is, and no name of anything."""
    error = run["error"] and {"code": run["error"]["code"], "message": "The run failed.", "hint": ""}
    hidden: Json = {"digest": "", "actor": "", "workflows": [], "actions": [], "error": error, "can_resume": False}
    return {**run, **hidden}


def _brief(run: Json) -> Json:
    return {name: run[name] for name in ("id", "state", "done", "total")}


def _session(app: App, **given: Any) -> Actions:
    from ..core.actions.running.session import Actions

    return Actions(app, **given)
