"""What ComfyUI did with each pack: from its own tables, from its folders, and from the log of its start."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from .definitions import classes, module_of
from .folders import folder_table
from .modules import argument, module, text

if TYPE_CHECKING:
    from ...core.inventory.packs.running import Loading

MAX_LOG = 1 << 20  # characters of ComfyUI's buffer that are looked at


class Start:
    """What was seen while ComfyUI started: the entries of custom_nodes, and why packs failed.

    ComfyUI keeps its last 300 lines only, and packs may load after ours. So `capture` keeps what is there and
    listens from then on; `settle` ends that, and reads it all.
    """

    def __init__(self) -> None:
        self.time = time.time()
        self.before: frozenset[str] | None = None
        self.failures: dict[str, str] = {}
        self.built_in: tuple[str, ...] = ()
        self._said = ""
        self._listener: _Listener | None = None

    def capture(self) -> None:
        """Costs next to nothing, so that it can be called at our import, and again at the server's start."""
        if self.before is None:
            self.before = frozenset(_names())
            self._said = _buffer()
        if self._listener is None:
            self._listener = _Listener()
            logging.getLogger().addHandler(self._listener)

    def settle(self) -> None:
        """Every pack is loaded: read what was kept and heard, and stop listening."""
        from ...core.inventory.packs.log import built_in_failures, import_failures

        heard = ""
        if self._listener is not None:
            logging.getLogger().removeHandler(self._listener)
            heard = "\n".join(self._listener.lines)
            self._listener.lines.clear()
        for said in filter(None, (self._said, _buffer(), heard)):
            self.failures.update({os.path.normpath(path): why for path, why in import_failures(said).items()})
            self.built_in = tuple(dict.fromkeys((*self.built_in, *built_in_failures(said))))
        self._said = ""
        self.failures.update(_errors())


class _Listener(logging.Handler):
    """Keeps what ComfyUI says about imports that fail, with the traceback that it says just before."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage()
        except Exception:  # a record of somebody else's that does not format
            return
        if said.startswith(
            ("Cannot import ", "Error while calling comfy_entrypoint", "comfy_entrypoint ", "IMPORT FAILED")
        ):
            self.lines += [self._last, said]
        self._last = said[-4000:] if said.startswith("Traceback") else ""


def loading(start: Start) -> Loading:
    """ComfyUI's tables of packs as plain values."""
    from ...core.inventory.packs.running import Loading

    types: dict[str, set[str]] = {}
    for class_type, cls in classes().items():
        top, _, pack = module_of(cls).partition(".")
        if top == "custom_nodes":
            types.setdefault(pack, set()).add(class_type)
    loaded = getattr(module("nodes"), "LOADED_MODULE_DIRS", None)
    allowed = frozenset(argument("whitelist_custom_nodes", None) or ())
    return Loading(
        {name: text(path) for name, path in list(loaded.items())} if isinstance(loaded, dict) else {},
        {pack: frozenset(names) for pack, names in types.items()},
        start.failures,
        start.before,
        start.time,
        allowed if argument("disable_all_custom_nodes", False) else None,
    )


def states() -> list[tuple[Any, ...]]:
    """Each entry of custom_nodes and each loaded pack in a few cheap words: for the fingerprint."""
    loaded = getattr(module("nodes"), "LOADED_MODULE_DIRS", None)
    found: list[tuple[Any, ...]] = [("loaded", name) for name in (loaded if isinstance(loaded, dict) else ())]
    for path in _entries():
        stamps = (_stamp(path), _stamp(os.path.join(path, "__init__.py")), _stamp(os.path.join(path, "pyproject.toml")))
        found.append(("entry", path, *stamps))
    return sorted(found, key=repr)


def _names() -> list[str]:
    """The paths of all that lies in custom_nodes, whatever it is."""
    found: list[str] = []
    table = getattr(module("folder_paths"), "folder_names_and_paths", {})
    for root in table["custom_nodes"][0] if "custom_nodes" in table else ():
        try:
            found += [os.path.join(os.path.normpath(root), name) for name in os.listdir(root)]
        except OSError:
            continue
    return found


def _entries() -> list[str]:
    """The paths of what lies in custom_nodes, disabled packs too."""
    from ...core.inventory.packs.entries import entries

    found: list[str] = []
    folder = folder_table().get("custom_nodes")
    for root in folder.paths if folder else ():
        try:
            found += [entry.path for entry in entries(root)]
        except OSError:
            continue
    return found


def _stamp(path: str) -> tuple[int, int] | None:
    """Size and time of a file; None for a folder, whose time changes with its caches."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return None if os.path.isdir(path) else (status.st_size, status.st_mtime_ns)


def _buffer() -> str:
    """ComfyUI's own buffer of its last lines (`app.logger`), "" where this version has none."""
    logs = getattr(module("app.logger"), "get_logs", None)
    try:
        kept = list(logs() or ()) if callable(logs) else []
    except RuntimeError:  # it grew while it was copied
        return ""
    return "".join(text(one.get("m")) for one in kept if isinstance(one, dict))[-MAX_LOG:]


def _errors() -> dict[str, str]:
    """Newer ComfyUI keeps the errors of its start in a table: path → reason."""
    from ...core.inventory.packs.log import reason_of

    table = getattr(module("nodes"), "NODE_STARTUP_ERRORS", None)
    kept = [one for one in list(table.values()) if isinstance(one, dict)] if isinstance(table, dict) else []
    return {
        os.path.normpath(text(one["module_path"])): reason_of(text(one.get("error")), text(one.get("traceback")))
        for one in kept
        if one.get("source") == "custom_nodes" and text(one.get("module_path"))
    }
