"""Everything one run of look-ups needs, for one installation: sources, catalogues, kept verdicts, progress.

session = Session(app, state=…, values=settings, keys=keys.read(), workflows=paths)
for one in session.resolve(session.wants(checked)): print(one.state, one.why)
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ComfyFixerError
from ..http import NoAnswer
from ..knowledge import document
from ..sources.answers import Answers
from ..sources.asking import Asker
from ..sources.roster import build_sources
from .search import Resolver
from .store import Store
from .types import Resolution, Want

if TYPE_CHECKING:
    from ..http import Clock
    from ..inventory.types import Inventory
    from ..settings import Values
    from ..sources.local import Claims, Listed, PackMap
    from ..sources.roster import Sources

Progress = Callable[[int, int, Want, str], None]  # looked up so far, in all, what is at hand, the step just done


class Installed(Protocol):
    """What of an App is needed here."""

    @property
    def inventory(self) -> Inventory: ...

    def wants(self, checked: Any) -> dict[int, Want]: ...


class Session:
    """One run. `state`: where verdicts and choices of this person lie; `shared`: where answers and catalogues lie, by
    default the same folder. `workflows`: all saved workflows, which know where other files came from.
    `offline`: only this disk is looked at. Close it to end its connections. Raises ComfyFixerError `no_client`.
    """

    def __init__(
        self,
        app: Installed,
        *,
        state: Path | None,
        values: Values,
        keys: Mapping[str, str],
        offline: bool = False,
        shared: Path | None = None,
        workflows: Iterable[Listed] = (),
        clock: Clock | None = None,
    ) -> None:
        self._app = app
        self._shared = shared or state
        self._workflows = tuple(workflows)
        self._cancel: Callable[[], bool] = lambda: False
        enabled = () if offline else (values.sources or ())
        if enabled and importlib.util.find_spec("httpx") is None:
            raise ComfyFixerError(
                "no_client",
                "The Python package httpx is missing where ComfyUI runs, so no service can be asked.",
                "Install it with ComfyUI's own Python: pip install -r requirements.txt in the folder of ComfyFixerSmart.",
            )
        endpoints = {str(name): str(one) for name, one in values.endpoints.items()}
        self.sources: Sources = build_sources(enabled, endpoints, keys, clock=clock, cancel=lambda: self._cancel())
        now = {"now": clock.now} if clock is not None else {}
        answers = Answers(self._shared / "answers" if self._shared is not None else None, **now)
        self.asker = Asker(self.sources.http, answers)
        self.store = Store(state, **now)
        self._resolver: Resolver | None = None

    @property
    def requests(self) -> dict[str, int]:
        """Requests sent so far, by host."""
        return dict(self.sources.http.counts)

    def close(self) -> None:
        """End the connections."""
        self.sources.http.close()

    def wants(self, checked: Any) -> list[Want]:
        """What is missing in one checked workflow and has to come from outside."""
        return list(self._app.wants(checked).values())

    def due(self, wants: Iterable[Want]) -> list[Want]:
        """Those of them whose kept verdict is absent or too old to stand, each question once."""
        once = {want.key: want for want in wants}
        return [want for want in once.values() if self.store.fresh(want, self.sources.names) is None]

    def resolve(
        self,
        wants: Sequence[Want],
        *,
        again: bool = False,
        progress: Progress | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> list[Resolution]:
        """The verdicts, in the order of the wants and each question once. Each is kept the moment it is found, so that a
        killed or cancelled run goes on where it was.

        `again` asks anew what has a verdict already, as far as the answers' own time is over. A cancelled run gives what
        it has. Raises OSError and NewerSchema where verdicts cannot be kept.
        """
        self._cancel = cancel or (lambda: False)
        once = list({want.key: want for want in wants}.values())
        found: list[Resolution] = []
        for done, want in enumerate(once):
            if self._cancel():
                break
            kept = None if again else self.store.fresh(want, self.sources.names)
            if kept is None:
                if progress is not None:
                    self.asker.told = _telling(progress, done, len(once), want)
                    progress(done, len(once), want, "")
                try:
                    kept = self.store.put(self.resolver().resolve(want), self.sources.names)
                except NoAnswer:  # cancelled
                    break
            found.append(kept)
            if progress is not None:
                progress(done + 1, len(once), want, "")
        with contextlib.suppress(OSError):
            self.store.tidy()
        return found

    def resolver(self) -> Resolver:
        """The search, made when it is first needed: the catalogues on this disk are read then."""
        if self._resolver is None:
            claims, packs = self._catalogues()
            self._resolver = Resolver(
                self.sources,
                claims,
                packs,
                self.store,
                self.asker,
                frozenset(document("references")["generic_names"]),
                inventory=self._app.inventory,
                free=self._free,
            )
        return self._resolver

    def _catalogues(self) -> tuple[Claims, PackMap]:
        from ..sources.local import Claims, PackMap, find_places, own_site_packages

        inventory = self._app.inventory
        places = find_places(
            inventory.directories.get("base", ""),
            user=inventory.directories.get("user", ""),
            custom_nodes=sorted({os.path.dirname(pack.path) for pack in inventory.packs if pack.path}),
            site_packages=own_site_packages() if inventory.origin == "host" else (),
        )
        return Claims.gather(self._workflows, places, state=self._shared, cancel=lambda: self._cancel()), PackMap(
            places
        )

    def _free(self, folder: str) -> int | None:
        """Free bytes on the volume where a file for this folder would go."""
        known = self._app.inventory.folders.get(folder)
        for path in (
            known.paths if known is not None and self._app.inventory.origin in ("disk", "host", "snapshot") else ()
        ):
            with contextlib.suppress(OSError, ValueError):
                return shutil.disk_usage(path if os.path.isdir(path) else os.path.dirname(path)).free
        return None


def _telling(progress: Progress, done: int, total: int, want: Want) -> Callable[[str], None]:
    return lambda step: progress(done, total, want, step)
