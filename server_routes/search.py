"""Looks up what is missing when a person asks: one search at a time, in a thread of its own.

What is found is kept at once, so a kill, a cancel or an error loses nothing.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import ComfyFixerError
from ..core.schedule import CANCELLED, DONE, FAILED
from .checks import split
from .host.quiet import quietly_for_long
from .job import LIBRARY, OPEN, WORKFLOW, Job
from .worker import Worker

if TYPE_CHECKING:
    from ..core.app import App
    from ..core.resolution.session import Session
    from ..core.resolution.types import Resolution, Want
    from ..core.settings import Values
    from .host import User
    from .service import Service
    from .shelf import Shelf

_log = logging.getLogger("comfyfixersmart.search")

TELL = 0.25  # seconds between two progress events
EVENT = "comfyfixersmart.resolve"
Json = dict[str, Any]


class Asked(NamedTuple):
    """What a person wants looked up: one listed workflow, the graph on the canvas, or (neither) the whole library."""

    slug: str | None = None
    workflow: Json | None = None
    name: str = ""
    again: bool = False

    @property
    def scope(self) -> str:
        return WORKFLOW if self.slug is not None else OPEN if self.workflow is not None else LIBRARY


class Search:
    """The one place that searches. `session` makes what a run needs; tests put their own in its place."""

    def __init__(self, service: Service, session: Callable[..., Session] | None = None) -> None:
        self._service = service
        self._session = session or _session
        self.worker = Worker("comfyfixersmart-resolve")
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._job: Job | None = None
        self._told = 0.0

    # ---- what the routes ask, in threads ---------------------------------------------------------------

    def start(self, user: User, asked: Asked) -> Json:
        """Begin a search. Raises ComfyFixerError `no_consent`, `busy`, `unknown_workflow`, and what reading settings raises."""
        values = self._service.preferences.resolved().values
        if values.sources is None:
            raise ComfyFixerError(
                "no_consent",
                "You have not said yet which services may be asked.",
                "Choose them in the panel, or set COMFYFIXERSMART_SOURCES; with none, only this computer is searched.",
            )
        shelf = self._service.shelf(user)
        if asked.slug is not None:
            shelf.find(asked.slug)
        with self._lock:
            if self.running:
                raise ComfyFixerError("busy", "A search is running already.", "Wait for its end, or cancel it.")
            job = self._job = Job(next(self._ids), user.id, asked.scope, asked.slug, allowed(values))
        self._service.discovery.pause()  # a person goes first; the same thread does both, one after the other
        self._tell(job)
        self.worker.do(lambda: self._run(job, shelf, asked, values))
        return {"job": job.as_json(results=False)}

    def cancel(self, user: User) -> Json:
        """End the running search; what it found stays. Raises ComfyFixerError `not_yours` for that of another user."""
        with self._lock:
            job = self._job
            if job is not None and job.running:
                if self._foreign(job, user):
                    raise ComfyFixerError("not_yours", "Another user began this search.", "Wait for its end.")
                job.end(CANCELLED)
        if job is not None:
            self._tell(job)
        return {"job": self._view(job, user, results=False)}

    def job(self, user: User) -> Json:
        """The running search, else the last one since ComfyUI started; of another user's only how far it is."""
        return {"job": self._view(self._job, user)}

    def choose(self, user: User, key: str, candidate: str | None, reason: str) -> Json:
        """Remember which candidate the person takes. Raises what `Store.choose` raises."""
        from ..core.resolution.types import to_json

        shelf = self._service.shelf(user)
        with self._lock:  # else a search that begins now could read the choices before this one is among them
            chosen = shelf.found.choose(key, candidate, reason)
        self.worker.do(lambda: self.show(shelf))
        return {"resolution": to_json(chosen)}

    # ---- what others ask -------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a search that a person asked for is under way."""
        return self._job is not None and self._job.running

    def heed(self, values: Values) -> None:
        """Ask nobody any longer whom the person has just taken off the list, nor at an address that they took back."""
        with self._lock:
            job = self._job
            stop = job is not None and job.running and not job.allowed <= allowed(values)
            if job is not None and stop:
                job.end(CANCELLED)
        if job is not None and stop:
            self._tell(job)

    def end(self) -> None:
        """Let the running search end: ComfyUI is ending."""
        with self._lock:
            if self._job is not None:
                self._job.end(CANCELLED)

    # ---- in the search's thread ------------------------------------------------------------------------

    def _run(self, job: Job, shelf: Shelf, asked: Asked, values: Values) -> None:
        outcome, error = DONE, None
        try:
            with quietly_for_long() as breathe:
                job.took(self._look_up(job, shelf, asked, values, breathe))
        except Exception as raised:
            outcome, error = FAILED, said(raised) if job.running else None
        self._tried(lambda: self._service.checks.announce(shelf))  # first, since who hears of the end looks at the list
        with self._lock:
            job.end(outcome, error)
        self._tell(job)
        self._tried(lambda: self._service.checks.write_reports(shelf))

    def _look_up(
        self, job: Job, shelf: Shelf, asked: Asked, values: Values, breathe: Callable[[], None]
    ) -> list[Resolution]:
        app = self._service.app()
        wants = self._wants(app, shelf, asked, lambda: not job.running)
        with closing(self.open(app, shelf, values)) as session:

            def progress(done: int, total: int, want: Want, did: str) -> None:
                found = session.store.get(want.key) if done > job.done else None
                job.at(done, total, want.name, did, found)
                if job.running and time.monotonic() - self._told >= TELL:
                    self._tell(job)

            def cancel() -> bool:
                breathe()
                return not job.running

            return session.resolve(wants, again=asked.again, progress=progress, cancel=cancel)

    def _wants(self, app: App, shelf: Shelf, asked: Asked, cancel: Callable[[], bool]) -> list[Want]:
        if asked.slug is not None:
            checked = [app.look_at(*shelf.find(asked.slug))[0]]
        elif asked.workflow is not None:
            checked = [app.look_at_graph(asked.workflow, asked.name)[0]]
        else:
            checked = list(split(self._service.checks.check(shelf, cancel))[0])
        return [want for one in checked for want in app.wants(one).values()]

    def open(self, app: App, shelf: Shelf, values: Values) -> Session:
        """What one run for this person needs; to be closed. Raises what reading the keys raises."""
        session = self._session(
            app,
            state=shelf.state,
            shared=self._service.host.state_folder(),
            values=values,
            keys=self._service.preferences.keys().read(),
            workflows=shelf.files([]),
        )
        with self._lock:
            shelf.found = session.store  # what it finds is seen at once
        return session

    def show(self, shelf: Shelf) -> None:
        """List and reports with what was found."""
        self._tried(lambda: self._service.checks.announce(shelf))
        self._tried(lambda: self._service.checks.write_reports(shelf))

    def _tried(self, write: Callable[[], None]) -> None:
        """What was found is kept already, and what keeps this from being written is shown by the next cycle too."""
        try:
            write()
        except Exception as error:
            said(error)

    # ---- what others see -------------------------------------------------------------------------------

    def _tell(self, job: Job) -> None:
        """To every user's pages, so it holds no names."""
        self._told = time.monotonic()
        self._service.host.send(EVENT, {"job": job.as_event(private=self._service.host.multi_user())})

    def _view(self, job: Job | None, user: User, *, results: bool = True) -> Json | None:
        if job is None:
            return None
        return job.as_foreign() if self._foreign(job, user) else job.as_json(results=results)

    def _foreign(self, job: Job, user: User) -> bool:
        return self._service.host.multi_user() and job.owner != user.id


def _session(app: App, **given: Any) -> Session:
    from ..core.resolution.session import Session

    return Session(app, **given)


def allowed(values: Values) -> frozenset[str]:
    """Whom the person lets us ask, and where. A run may go on while all that it began with is still among it."""
    addresses = (f"{name}={address}" for name, address in values.endpoints.items())
    return frozenset((*(values.sources or ()), *addresses))


def said(error: Exception) -> dict[str, str]:
    """Any error as code, message and hint; it is logged as well."""
    from .cycle import as_error

    told = as_error(error)
    surprising = not isinstance(error, ComfyFixerError | OSError)
    _log.warning("Looking up what is missing: %s", told["message"], exc_info=error if surprising else None)
    return told
