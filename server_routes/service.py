"""Everything the panel can ask for, over one App. Its methods are called in threads; `status` also on the event loop."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ComfyFixerError
from ..core.files import safe_join
from .host.quiet import quietly, settle
from .shelf import Shelf

if TYPE_CHECKING:
    from ..core.app import App
    from ..core.explanation.outline import Outline
    from ..core.inventory.types import Inventory
    from ..core.record import Checked
    from ..core.settings import Settings
    from .host import Host, User

_log = logging.getLogger("comfyfixersmart.service")

INVENTORY, CHECKING, REPORTS = "inventory", "checking", "reports"  # the phases of a cycle, in order
Cancel = Callable[[], bool]
Say = Callable[[str, int, int], None]  # phase, done, total


class Service:
    """The one object behind the routes. `cycle` is set by `register`; without it, nothing is scheduled."""

    def __init__(self, host: Host, version: str) -> None:
        self.host = host
        self.version = version
        self.parts: dict[str, dict[str, str] | None] = {}
        self.ask: Callable[[], None] = lambda: None  # the cycle's: a person wants a check now
        self.stop: Callable[[], None] = lambda: None  # the cycle's: let the running one end
        self.settings_changed: Callable[[], None] = lambda: None
        self.cycle_json: Callable[[], dict[str, Any]] = _no_cycle
        self._app: App | None = None
        self._app_lock = threading.Lock()
        self._shelves: dict[str, Shelf] = {}
        self.machine: dict[str, Any] = {}

    # ---- what the routes ask ---------------------------------------------------------------------------

    def status(self, user: User) -> dict[str, Any]:
        """How things stand. Touches no disk where it `knows` the user, and waits for nothing."""
        shelf = self.shelf(user)
        listed = shelf.known
        return {
            "version": self.version,
            "parts": [{"part": part, "error": error} for part, error in self.parts.items()],
            "user": user.name,
            "multi_user": self.host.multi_user(),
            "cycle": self.cycle_json(),
            "library": {"revision": listed.revision, "when": listed.when, "counts": listed.counts} if listed else None,
            "reports": {"folder": str(shelf.reports)},
            "host": self.machine,
            "now": time.time(),
        }

    def knows(self, user: User) -> bool:
        """Whether the list of this user's last cycle was read."""
        shelf = self._shelves.get(user.id)
        return shelf is not None and shelf.loaded

    def library_json(self, user: User) -> tuple[str, bytes]:
        """Revision and JSON of the list. Raises ComfyFixerError `no_report` before the first cycle."""
        listed = self.shelf(user).listed
        if listed is None:
            raise ComfyFixerError("no_report", "Your workflows have not been checked yet.", "Check them now.")
        return f"{listed.revision}-{listed.when:.0f}", listed.body

    def workflow(self, user: User, slug: str) -> dict[str, Any]:
        """One listed workflow, looked at now. Raises ComfyFixerError `unknown_workflow`."""
        shelf = self.shelf(user)
        file, name = shelf.find(slug)
        app = self.app()
        with quietly():
            return self._page(shelf, *app.look_at(file, name), slug)

    def check_graph(self, graph: Any, name: str) -> dict[str, Any]:
        """The verdict on a graph as it stands on the canvas; nothing is written."""
        app = self.app()
        with quietly():
            return self._page(None, *app.look_at_graph(graph, name or "the open graph"), "")

    def request_scan(self, user: User) -> dict[str, Any]:
        """Ask for a cycle now; gives the status."""
        self.ask()
        return self.status(user)

    def cancel_scan(self, user: User) -> dict[str, Any]:
        """Let the running cycle end; gives the status."""
        self.stop()
        return self.status(user)

    def settings(self) -> dict[str, Any]:
        """The settings that hold and where each comes from."""
        found = self.resolved()
        return {
            "values": found.values.model_dump(mode="json"),
            "from": found.origin,
            "problems": list(found.problems),
            "file": str(self.host.state_folder() / "settings.json"),
        }

    def change_settings(self, values: dict[str, Any]) -> dict[str, Any]:
        """Write values to the protected file. Raises ComfyFixerError `bad_setting`, `fixed_setting`, `damaged_settings`."""
        self._file().change(values, self.resolved().origin)
        self.settings_changed()
        return self.settings()

    def report_file(self, user: User, name: str) -> Path:
        """One file of the report folder. Raises ComfyFixerError `no_report`, `unsafe_name`."""
        return self.shelf(user).report(name)

    def codes(self) -> dict[str, Any]:
        """The documented finding codes."""
        from ..core.reports.panel import codes_body

        return codes_body()

    # ---- the cycle -------------------------------------------------------------------------------------

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
        app = self.app(fresh=True, progress=lambda done, total, _: say(INVENTORY, done, total), cancel=cancel)
        with _noted(failed):
            write_snapshot(self.host.state_folder() / "snapshot.json", app.inventory)
        self.look_at_machine()
        total = 0
        for user in self.host.users():
            if cancel():
                break
            with _noted(failed):
                total += self._check_shelf(app, self.shelf(user), say, cancel, total, failed)
        app.forget()
        return total

    def _check_shelf(
        self, app: App, shelf: Shelf, say: Say, cancel: Cancel, before: int, failed: list[Exception]
    ) -> int:
        from ..core.reports.write import write_reports

        unread: list[str] = []
        files = shelf.files(unread)
        say(CHECKING, before, before + len(files))
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
        library = app.library(checked, unread=unread, record=shelf.state)
        old = shelf.known
        with _noted(failed):
            shelf.publish(library)
        new = shelf.known
        if new is not None and (old is None or old.revision != new.revision):
            self.host.send("comfyfixersmart.library", {"revision": new.revision})
        with _noted(failed):
            write_reports(library, shelf.reports)
        return len(checked)

    def app(
        self,
        *,
        fresh: bool = False,
        progress: Callable[[int, int, str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> App:
        """The App over what is installed; made when it is first needed, renewed when `fresh`."""
        if self._app is not None and not fresh:
            return self._app
        with self._app_lock:
            if self._app is not None and not fresh:
                return self._app
            inventory = self._inventory(progress, cancel)
            if self._app is None:
                from ..core.app import App

                self._app = App(inventory, state=self.host.state_folder())
            else:
                self._app.refresh(inventory)
            return self._app

    def _inventory(self, progress: Callable[[int, int, str], None] | None, cancel: Cancel | None) -> Inventory:
        return self.host.inventory(self.host.state_folder(), progress, cancel)

    def look_at_machine(self) -> None:
        """Memory and disk as they are now, for the status."""
        memory = self.host.memory()
        free: int | None = None
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self.host.directories().get("base") or os.curdir).free
        self.machine = {
            "comfyui": self._app.inventory.comfyui_version if self._app else "",
            "device": memory.device,
            "ram_free": memory.ram_free if memory.ram_total else None,  # 0 of 0: it could not be asked
            "vram_free": memory.vram_free,
            "disk_free": free,
        }

    # ---- users and settings ----------------------------------------------------------------------------

    def shelf(self, user: User) -> Shelf:
        """The library of one user. With several users, reports lie in the protected folder: ComfyUI shows the output
        folder to everyone."""
        several = self.host.multi_user()
        state = self.host.state_folder()
        if several:
            state = safe_join(state / "users", user.id)
            reports = state / "reports"
        else:
            reports = Path(self.host.directories()["output"]) / "reports" / "workflows"
        known = self._shelves.get(user.id)
        if known is None or (known.user, known.state, known.reports) != (user, state, reports):
            known = self._shelves[user.id] = Shelf(user, state, reports)
            _ = known.listed
        return known

    def resolved(self) -> Settings:
        """The settings that hold. A damaged file counts as absent, and is named among the problems."""
        from ..core.settings import resolve

        file: dict[str, Any] = {}
        problem: tuple[str, ...] = ()
        try:
            file = self._file().read()
        except ComfyFixerError as error:
            problem = (f"{error.message}. {error.hint}",)
        dialog: dict[str, Any] = {}
        if not self.host.multi_user():  # with several users, nobody's dialog speaks for all
            dialog = next((self.host.dialog_settings(user) for user in self.host.users()), {})
        found = resolve(environment=os.environ, file=file, dialog=dialog)
        return found._replace(problems=(*problem, *found.problems))

    def _file(self) -> Any:
        from ..core.settings import SettingsFile

        return SettingsFile(self.host.state_folder() / "settings.json")

    def _page(self, shelf: Shelf | None, checked: Checked, said: Outline | None, slug: str) -> dict[str, Any]:
        from ..core.record import entry
        from ..core.reports.history import History
        from ..core.reports.panel import workflow_body

        change = None
        if shelf is not None:
            with contextlib.suppress(ComfyFixerError):
                change = History.load(shelf.state / "history.json").change(checked.name)
        path = shelf.page_path(checked.path) if shelf is not None else None
        return workflow_body(entry(checked, change), slug, path, said)


@contextlib.contextmanager
def _noted(failed: list[Exception]) -> Iterator[None]:
    """What goes wrong in here is added to `failed`, and the rest goes on."""
    try:
        yield
    except Exception as error:
        failed.append(error)


def _no_cycle() -> dict[str, Any]:
    return {
        "state": "idle",
        "why": None,
        "reason": None,
        "done": 0,
        "total": 0,
        "phase": None,
        "last": None,
        "next": None,
        "every": 0,
    }
