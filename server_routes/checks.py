"""Goes through everyone's saved workflows: a whole cycle, the list once more, the reports. Called in threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.errors import ComfyFixerError
from .host.quiet import quietly, quietly_for_long, settle
from .shelf import Last, Shelf

if TYPE_CHECKING:
    from ..core.app import App
    from ..core.record import Checked
    from ..core.reports.types import Library
    from .service import Service

INVENTORY, CHECKING, REPORTS = "inventory", "checking", "reports"  # the phases of a cycle, in order
REVIEW = 20.0  # seconds for reviews behind a cycle
Cancel = Callable[[], bool]
Say = Callable[[str, int, int], None]  # phase, done, total


class Checks:
    """All that reads or writes a whole library. One thread at a time goes through the files."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._checking = threading.Lock()  # what App keeps of files is for one thread at a time
        self._writing = threading.Lock()

    def scan(self, say: Say, cancel: Cancel) -> int:
        """One cycle: take the inventory, check every user's workflows, write reports; how many workflows there are.

        What cannot be written keeps nothing else from being done, and no user from theirs: the first such error is
        raised at the end.
        """
        with quietly():
            failed: list[Exception] = []
            total = self._scan(say, cancel, failed)
            if failed:
                raise failed[0]
            return total

    def _scan(self, say: Say, cancel: Cancel, failed: list[Exception]) -> int:
        from ..core.inventory.snapshot import write_snapshot

        say(INVENTORY, 0, 0)
        app = self._service.app(fresh=True, progress=lambda done, total, _: say(INVENTORY, done, total), cancel=cancel)
        with _noted(failed):
            write_snapshot(self._service.host.state_folder() / "snapshot.json", app.inventory)
        self._service.look_at_machine()
        total = 0
        for user in self._service.host.users():
            if cancel():
                break
            with _noted(failed):
                total += self._check_shelf(app, self._service.shelf(user), say, cancel, total, failed)
        with self._alone(cancel):
            app.forget()
        return total

    def _check_shelf(
        self, app: App, shelf: Shelf, say: Say, cancel: Cancel, before: int, failed: list[Exception]
    ) -> int:
        unread: list[str] = []
        if not (self._service.search.running or self._service.discovery.running):
            shelf.found = None
        files = shelf.files(unread)
        say(CHECKING, before, before + len(files))
        with self._alone(cancel):
            checked = app.check(
                files,
                maps=True,
                progress=lambda done, total, _: say(CHECKING, before + done, before + total),
                cancel=cancel,
            )
            settle()  # up to here nothing cyclic is made; the reports' JSON and template leave some
            if cancel():
                return len(checked)
            say(REPORTS, before + len(files), before + len(files))
            library = app.library(checked, unread=unread, record=shelf.state, found=shelf.found)
            shelf.last = Last(library, tuple(checked))
            with _noted(failed):
                self._publish(shelf, library)
        with _noted(failed):
            self.write_reports(shelf)
        with _noted(failed):
            self._review(app, shelf, cancel)
        return len(checked)

    def _review(self, app: App, shelf: Shelf, cancel: Cancel) -> None:
        """Behind the reports, which nobody waits for any more: notes on the workflows that changed, until a prompt comes or the
        time is up. What is left is looked at after the next cycle."""
        if shelf.last is None:
            return
        library, checked = shelf.last
        host = self._service.host
        with quietly_for_long(0.0) as breathe:  # a pass over a second of reviews would hold up the event loop

            def end() -> bool:
                breathe()
                return cancel() or bool(host.busy())

            found = app.review(library, checked, seconds=REVIEW, record=shelf.state, cancel=end)
        if found is not library:
            with self._alone(cancel):
                shelf.last = Last(found, checked)
                self._publish(shelf, found)
            self.write_reports(shelf)

    def check(self, shelf: Shelf, cancel: Cancel) -> list[Checked]:
        """All of one person's workflows as they are now; what did not change costs nothing. Nothing is written."""
        app = self._service.app()
        with self._alone(cancel), quietly():
            return app.check(shelf.files([]), maps=True, cancel=cancel)

    def announce(self, shelf: Shelf) -> None:
        """The last list once more, with what was found since. Where no cycle has made one yet, that is asked for.

        Raises OSError and NewerSchema where it cannot be kept for a restart.
        """
        from ..core.record import entry

        with self._alone(_never), quietly():
            if shelf.last is None:
                self._service.ask()
                return
            app, (library, checked) = self._service.app(), shelf.last
            entries = tuple(
                entry(one, old.change, app.resolutions(one, shelf.found), old.credits, old.health)
                for old, one in zip(library.entries, checked, strict=True)
            )
            library = replace(library, entries=entries)
            shelf.last = Last(library, checked)
            self._publish(shelf, library)

    def _publish(self, shelf: Shelf, library: Library) -> None:
        old = shelf.known
        try:
            shelf.publish(library)
        finally:
            new = shelf.known
            if new is not None and (old is None or old.revision != new.revision):
                self._service.host.send("comfyfixersmart.library", {"revision": new.revision})

    def write_reports(self, shelf: Shelf) -> None:
        """The reports of one person's last list. Raises OSError and what `core/reports/write.py` refuses."""
        from ..core.reports.write import write_reports

        with self._writing, quietly():  # who comes last writes the newest
            if shelf.last is not None:
                write_reports(shelf.last.library, shelf.reports)

    @contextlib.contextmanager
    def _alone(self, cancel: Cancel) -> Iterator[None]:
        """One thread at a time goes through the files. Raises ComfyFixerError `cancelled` when that comes first."""
        while not self._checking.acquire(timeout=0.2):
            if cancel():
                raise ComfyFixerError("cancelled", "The check was cancelled.")
        try:
            yield
        finally:
            self._checking.release()


@contextlib.contextmanager
def _noted(failed: list[Exception]) -> Iterator[None]:
    """What goes wrong in here is added to `failed`, and the rest goes on."""
    try:
        yield
    except Exception as error:
        failed.append(error)


def _never() -> bool:
    return False


def split(checked: Sequence[Checked]) -> tuple[Sequence[Checked], Sequence[Checked]]:
    """Of each workflow the newest version, which a plan for the library is for; and the older ones."""
    from ..core.reports.rows import newest

    names = frozenset(newest(one.name for one in checked))
    return [one for one in checked if one.name in names], [one for one in checked if one.name not in names]
