"""One object that stands for the ComfyUI we run in."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import definitions, folders, machine, packs, quiet, users
from .machine import Memory
from .modules import argument, module, text, version
from .users import User

if TYPE_CHECKING:
    from ...core.inventory.types import Inventory, Pack

Progress = Callable[[int, int, str], None]  # done, in all, the name of the thing at hand
Cancel = Callable[[], bool]

log = logging.getLogger("comfyfixersmart.host")


class Host:
    """ComfyUI as plain values. Made once per process; `server` is `PromptServer.instance`.

    Whatever this ComfyUI lacks or fails at becomes a gap of the inventory; only what is said raises.
    """

    def __init__(self, server: Any) -> None:
        self.server = server
        self.start = packs.Start()

    def capture_log(self) -> None:
        """Keep why packs failed to import before ComfyUI forgets it: as soon as we are loaded, and at the server's start."""
        try:
            self.start.capture()
        except Exception:
            log.warning("ComfyUI's log could not be read", exc_info=True)

    def inventory(
        self, cache: Path | None, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Inventory:
        """Everything installed, for a worker thread: a second or so for a large installation.

        `cache`: the state folder. Raises InventoryError (`cancelled`) when `cancel` says so.
        """
        with quiet.quietly():
            found = self._inventory(cache, progress, cancel)
            quiet.settle()
            return found

    def _inventory(self, cache: Path | None, progress: Progress | None, cancel: Cancel | None) -> Inventory:
        from ...core.inventory.host import Facts, host_inventory
        from ...core.inventory.inputs import list_inputs
        from ...core.inventory.models import list_models
        from ...core.inventory.packs.cache import Sources
        from ...core.inventory.seen import remember
        from ...core.knowledge import document

        gaps: list[str] = []
        with contextlib.suppress(Exception):
            self.start.settle()
        if self.start.built_in:
            gaps.append(f"ComfyUI could not import some of its own nodes: {', '.join(self.start.built_in[:5])}")
        code = os.path.dirname(os.path.abspath(text(getattr(module("nodes"), "__file__", "")) or os.sep))
        sources = Sources(code, cache)
        types = definitions.read_classes(_step(progress, cancel))
        table = folders.folder_table(gaps)
        directories = self.directories()
        facts = Facts(
            base=directories.get("base", ""),
            code=code,
            version=version(),
            taken=time.time(),
            started=self.start.time,
            types=types,
            folders=table,
            files=folders.file_lists(table, gaps),
            aliases=folders.aliases(document("folders")["aliases"]),
            directories=directories,
            packs=self._packs(table, gaps),
            gaps=gaps,
            hardware=self._hardware(),
            partners=not (argument("disable_api_nodes", False) or argument("offline", False)),
        )
        listing = list_models(table.values())
        facts.files |= {name: [file.name for file in listing.models[name]] for name in ("diffusers",) if name in table}
        seen = remember(cache, listing) if cache is not None else {}
        found = host_inventory(facts, listing, list_inputs(directories.get("input", "")), sources, seen, cancel)
        sources.save(others=True)
        return found

    def fingerprint(self) -> str:
        """Changes when something is installed, removed, switched off or updated; the same after a mere restart."""
        table = [(one.name, one.paths, sorted(one.suffixes)) for one in folders.folder_table().values()]
        names = sorted(definitions.classes())
        state = hashlib.sha256()
        for part in (version(), len(names), names, packs.states(), table):
            state.update(repr(part).encode("utf-8", "surrogatepass"))
        return state.hexdigest()

    def model_roots(self) -> tuple[str, ...]:
        """All directories that hold model files."""
        return folders.roots()

    def directories(self) -> dict[str, str]:
        """`input`, `output`, `temp`, `user`, `base` → path."""
        return folders.directories()

    def busy(self) -> int:
        """Prompts running and waiting."""
        return machine.busy(self.server)

    def memory(self) -> Memory:
        """Free and total memory now, in bytes."""
        return machine.memory()

    def multi_user(self) -> bool:
        """Whether ComfyUI tells users apart."""
        return users.multi_user()

    def users(self) -> tuple[User, ...]:
        """Everyone with a folder here; one, "default", in a ComfyUI for one person."""
        return users.users(self.server)

    def user_of(self, request: Any) -> User:
        """Who sent this request. Raises ComfyFixerError (`unknown_user`)."""
        return users.user_of(self.server, request)

    def state_folder(self) -> Path:
        """Our protected folder, which no route of ComfyUI serves. It need not exist yet."""
        return folders.state_folder()

    def dialog_settings(self, user: User) -> dict[str, Any]:
        """What the user set for us in ComfyUI's settings dialog, by full id."""
        return users.dialog_settings(user)

    def listen(self) -> tuple[str, ...]:
        """The addresses the server is bound to."""
        return machine.listen()

    def address(self) -> str:
        """Where this very computer reaches the server: "http://127.0.0.1:8188"; "" before it listens."""
        return machine.address(self.server)

    def send(self, event: str, data: dict[str, Any]) -> None:
        """Over the websocket to every page. Safe in any thread; what cannot be sent is dropped."""
        try:
            self.server.send_sync(event, data)
        except Exception:  # no loop any more, a socket that closes
            log.debug("%s was not sent", event, exc_info=True)

    def _packs(self, table: dict[str, Any], gaps: list[str]) -> list[Pack]:
        from ...core.inventory.packs.running import running_packs

        custom = table.get("custom_nodes")
        return running_packs(custom.paths if custom else (), packs.loading(self.start), gaps)

    def _hardware(self) -> dict[str, object]:
        from ...core.inventory.hardware import read_hardware

        found = read_hardware(text(getattr(module("folder_paths"), "models_dir", "")))
        own, state = machine.devices(), machine.memory_state()
        listed = found.get("sources")
        sources = ["ComfyUI"] * bool(own or state) + (listed if isinstance(listed, list) else [])
        return {**found, **state, **({"devices": own} if own else {}), "sources": sources}


def _step(progress: Progress | None, cancel: Cancel | None) -> Progress:
    """Called before each class: says how far it is, and ends the reading when it is no longer wanted."""

    def step(done: int, total: int, name: str) -> None:
        if cancel is not None and cancel():
            from ...core.errors import InventoryError

            raise InventoryError("cancelled", "Reading the installation was cancelled.")
        if progress is not None:
            progress(done, total, name)

    return step
