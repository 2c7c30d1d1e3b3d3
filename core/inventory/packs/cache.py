"""Pack source, read at most once per state of its files: the cache in front of the source reader.

`sources.json` in the state folder keeps what was read of each pack and of ComfyUI itself, under a stamp of
the sizes and mtimes of the files. Parsing a large pack takes seconds; checking its stamp, milliseconds.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import NewerSchema
from ...files import read_json, write_json
from ..encode import decode_types, encode_types
from ..source import Host, SourceFolder, SourcePack, SourceTable, read_core, read_folder_table, read_pack
from .stamps import core_stamp, pack_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = 1
_READER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "source")


class Sources:
    """Reads packs and ComfyUI's own source. `code` is ComfyUI's folder ("" when unknown), `state` keeps the cache."""

    def __init__(self, code: str, state: Path | None) -> None:
        self.code = code
        self.path = state / "sources.json" if state is not None else None
        # A change of ComfyUI or of the reader changes what can be read of every pack.
        self.core_stamp, self.core_newest = core_stamp(code) if code else ("", 0)  # newest: mtime_ns
        self.stamp = f"{self.core_stamp}:{pack_stamp(_READER)[0]}"
        self.stamps: list[str] = [self.core_stamp]
        self._host: Host | None = None
        self._old = self._load()
        self._new: dict[str, dict[str, Any]] = {}

    def host(self) -> Host | None:
        """ComfyUI's own modules, read once for all packs."""
        if self._host is None and self.code:
            self._host = Host(Path(self.code))
        return self._host

    def table(self) -> SourceTable:
        """The table in ComfyUI's own folder_paths.py."""
        if not self.code:
            return SourceTable(failed="not there")
        entry = self._old.get("core/table")
        found = _decode_table(entry) if isinstance(entry, dict) and entry.get("stamp") == self.core_stamp else None
        if found is None:
            found = read_folder_table(Path(self.code), self.host())
            entry = {"stamp": self.core_stamp, **_encode_table(found)}
        self._new["core/table"] = entry or {}
        return found

    def core(self) -> tuple[SourcePack, SourcePack]:
        """ComfyUI's nodes with its extras, and its partner nodes."""
        found = [self._known(f"core/{part}", self.core_stamp) for part in ("own", "partner")]
        own, partner = found
        if own is None or partner is None:
            own, partner = read_core(Path(self.code), self.host())
            self._keep("core/own", self.core_stamp, own)
            self._keep("core/partner", self.core_stamp, partner)
        return own, partner

    def pack(self, path: str) -> SourcePack:
        """One entry of custom_nodes. Never raises for what it contains."""
        stamp = pack_stamp(path)[0]
        self.stamps.append(stamp)
        found = self._known(path, stamp)
        if found is None:
            try:
                found = read_pack(Path(path), self.host())
            except (OSError, ValueError) as error:
                found = SourcePack(os.path.basename(path), complete=False, reasons=(f"it cannot be read: {error}",))
            self._keep(path, stamp, found)
        return found

    def has(self, path: str | None) -> bool:
        """Whether this pack, or ComfyUI itself for None, need not be read again."""
        if path is not None:
            return self._entry(path, pack_stamp(path)[0]) is not None
        return all(self._entry(f"core/{part}", self.core_stamp) is not None for part in ("own", "partner"))

    def reload(self) -> None:
        """Take what another process has read into the same cache meanwhile."""
        self._old = self._load()

    def save(self, *, others: bool = False) -> None:
        """Write the cache when anything in it changed. Packs that were not asked for fall out of it, unless `others`
        says that only some were asked for: then those of them that are still there are kept."""
        if others:
            self._new = {**{key: old for key, old in self._old.items() if _lasts(key)}, **self._new}
        if self.path is None or self._new == self._old:
            return
        # A state folder that cannot be written costs time at the next scan, nothing else.
        with contextlib.suppress(OSError, NewerSchema):
            write_json(self.path, SCHEMA, {"stamp": self.stamp, "packs": self._new})

    def _load(self) -> dict[str, dict[str, Any]]:
        body = None
        if self.path is not None:
            with contextlib.suppress(NewerSchema):
                body = read_json(self.path, SCHEMA)
        packs = body.get("packs") if body is not None and body.get("stamp") == self.stamp else None
        return packs if isinstance(packs, dict) else {}

    def _entry(self, key: str, stamp: str) -> dict[str, Any] | None:
        entry = self._old.get(key)
        return entry if isinstance(entry, dict) and entry.get("stamp") == stamp else None

    def _known(self, key: str, stamp: str) -> SourcePack | None:
        entry = self._entry(key, stamp)
        if entry is None:
            return None
        found = _decode(entry)
        if found is not None:
            self._new[key] = entry
        return found

    def _keep(self, key: str, stamp: str, pack: SourcePack) -> None:
        if self.path is not None:
            self._new[key] = {"stamp": stamp, **_encode(pack)}


def _lasts(key: str) -> bool:
    return key.startswith("core/") or os.path.exists(key)


def _encode(pack: SourcePack) -> dict[str, Any]:
    return {
        "name": pack.name,
        "types": encode_types(pack.definitions),
        "complete": pack.complete,
        "reasons": list(pack.reasons),
        "folders": _encode_folders(pack.folders),
        "failed": pack.failed,
        "imports": sorted(pack.imports),
        "unsure": sorted(pack.unsure),
        "needs": {name: sorted(modules) for name, modules in pack.needs.items()},
        "patches": sorted(pack.patches),
    }


def _decode(raw: dict[str, Any]) -> SourcePack | None:
    """The pack as `_encode` wrote it; None when any of it is damaged."""
    types = decode_types(raw.get("types"))
    try:
        if types is None:
            return None
        return SourcePack(
            str(raw["name"]),
            types,
            raw["complete"] is True,
            _texts(raw["reasons"]),
            _decode_folders(raw["folders"]),
            str(raw["failed"]),
            frozenset(_texts(raw["imports"])),
            frozenset(_texts(raw["unsure"])),
            {str(name): frozenset(_texts(modules)) for name, modules in raw["needs"].items()},
            frozenset(_texts(raw["patches"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _encode_table(table: SourceTable) -> dict[str, Any]:
    return {"folders": _encode_folders(table.folders), "aliases": table.aliases, "failed": table.failed}


def _decode_table(raw: dict[str, Any]) -> SourceTable | None:
    try:
        aliases = {str(old): str(new) for old, new in raw["aliases"].items()}
        return SourceTable(_decode_folders(raw["folders"]), aliases, str(raw["failed"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _encode_folders(folders: dict[str, SourceFolder]) -> list[list[Any]]:
    return [
        [f.name, list(f.paths), None if f.suffixes is None else sorted(f.suffixes), f.replaces, f.complete]
        for f in folders.values()
    ]


def _decode_folders(raw: Any) -> dict[str, SourceFolder]:
    """The folders by name. Raises TypeError or ValueError when damaged."""
    found = {}
    for name, paths, suffixes, replaces, complete in raw:
        known = None if suffixes is None else frozenset(_texts(suffixes))
        found[str(name)] = SourceFolder(str(name), _texts(paths), known, bool(replaces), bool(complete))
    return found


def _texts(raw: Iterable[Any]) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise TypeError("a list was expected")
    return tuple(str(one) for one in raw)
