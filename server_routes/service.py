"""Everything the panel can ask for, over one App. Its methods are called in threads; `status` also on the event loop."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ComfyFixerError
from ..core.files import safe_join
from .actions import Acting
from .checks import Checks
from .discovery import Discovery
from .host.quiet import quietly
from .planning import Planning
from .preferences import Preferences
from .search import Search
from .shelf import Shelf
from .understanding import Understand

if TYPE_CHECKING:
    from ..core.app import App
    from ..core.explanation.outline import Outline
    from ..core.inventory.types import Inventory
    from ..core.record import Checked
    from ..core.settings import Values
    from .host import Host, User

Cancel = Callable[[], bool]


class Service:
    """The one object behind the routes. `cycle` is set by `register`; without it, nothing is scheduled."""

    def __init__(self, host: Host, version: str) -> None:
        self.host = host
        self.version = version
        self.started = time.time()  # of this ComfyUI: what needed a restart before has had it
        self.parts: dict[str, dict[str, str] | None] = {}
        self.ask: Callable[[], None] = lambda: None  # the cycle's: a person wants a check now
        self.stop: Callable[[], None] = lambda: None  # the cycle's: let the running one end
        self.cycle_json: Callable[[], dict[str, Any]] = _no_cycle
        self._app: App | None = None
        self._app_lock = threading.Lock()
        self._shelves: dict[str, Shelf] = {}
        self.machine: dict[str, Any] = {}
        self.preferences = Preferences(host)
        self.checks = Checks(self)
        self.search = Search(self)
        self.discovery = Discovery(self)
        self.planning = Planning(self)
        self.acting = Acting(self)
        self.understanding = Understand(self)
        self.preferences.on_change.append(lambda: self.heed(self.preferences.resolved().values))

    # ---- what the routes ask ---------------------------------------------------------------------------

    def status(self, user: User) -> dict[str, Any]:
        """How things stand. Touches no disk where it `knows` the user, and waits for nothing."""
        shelf = self.shelf(user)
        listed = shelf.known
        cycle = self.cycle_json()
        return {
            "version": self.version,
            "parts": [{"part": part, "error": error} for part, error in self.parts.items()],
            "user": user.name,
            "multi_user": self.host.multi_user(),
            "cycle": cycle,
            "discovery": self.discovery.as_json(cycle["next"]),
            "library": {"revision": listed.revision, "when": listed.when, "counts": listed.counts} if listed else None,
            "reports": {"folder": str(shelf.reports)},
            "run": self.acting.brief(user),
            "host": self.machine,
            "started": self.started,
            "now": time.time(),
        }

    def knows(self, user: User) -> bool:
        """Whether the list of this user's last cycle was read, and their last run."""
        shelf = self._shelves.get(user.id)
        return shelf is not None and shelf.loaded and self.acting.knows(user)

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

    def check_graph(self, user: User, graph: Any, name: str) -> dict[str, Any]:
        """The verdict on a graph as it stands on the canvas; nothing is written."""
        app = self.app()
        with quietly():
            return self._page(self.shelf(user), *app.look_at_graph(graph, name or "the open graph"), "")

    def request_scan(self, user: User) -> dict[str, Any]:
        """Ask for a cycle now; gives the status."""
        self.ask()
        return self.status(user)

    def cancel_scan(self, user: User) -> dict[str, Any]:
        """Let the running cycle end; gives the status."""
        self.stop()
        return self.status(user)

    def heed(self, values: Values) -> None:
        """The settings that hold from now on."""
        self.search.heed(values)
        self.discovery.heed(values)

    def report_file(self, user: User, name: str) -> Path:
        """One file of the report folder. Raises ComfyFixerError `no_report`, `unsafe_name`."""
        return self.shelf(user).report(name)

    def codes(self) -> dict[str, Any]:
        """The documented finding codes."""
        from ..core.reports.panel import codes_body

        return codes_body()

    # ---- what is installed -------------------------------------------------------------------------------

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

    # ---- users -------------------------------------------------------------------------------------

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

    def _page(self, shelf: Shelf, checked: Checked, said: Outline | None, slug: str) -> dict[str, Any]:
        """A workflow's page; no `slug` for a graph that lies nowhere."""
        from ..core.actions.credits import credits
        from ..core.record import entry
        from ..core.reports.history import History
        from ..core.reports.panel import workflow_body

        change = health = None
        if slug:
            with contextlib.suppress(ComfyFixerError):
                change = History.load(shelf.state / "history.json").change(checked.name)
            health = self.app().health(checked, record=shelf.state)
        path = shelf.page_path(checked.path) if slug else None
        listed = shelf.listed
        versions = listed.versions.get(slug, ()) if listed is not None and slug else ()
        verdict = entry(checked, change, self.app().resolutions(checked, shelf.found), credits(shelf.state), health)
        return workflow_body(verdict, slug, path, said, versions)


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
