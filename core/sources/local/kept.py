"""What each file said, remembered by (path, size, mtime_ns): 644 templates are 30 MB that nobody wants to parse twice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import NewerSchema
from ...files import read_json, write_json
from .said import MOST_SAID, Said

SCHEMA = 1  # also raised when something else is read from the same file
MAX_ENTRIES = 50_000
MAX_BYTES = 64 << 20

GRAPH, LIST = "graph", "list"  # how a file is read: as a workflow, as ComfyUI-Manager's list


class Kept:
    """The cache `claims.json`; `path` None remembers nothing.

    A damaged file or entry is made again, one from a newer version is left untouched. Entries of files that nobody
    asked for this time (another user's workflows) stay while those files are there.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._old = self._load()
        self._new: dict[str, dict[str, Any]] = {}
        self._changed = False

    def of(
        self, path: str, size: int, mtime_ns: int, kind: str, read: Callable[[str], list[Said] | None]
    ) -> list[Said]:
        """What the file says: remembered, else `read(path)`. Where that gives None nothing is said, nor remembered."""
        known = self._known(path, size, mtime_ns, kind)
        if known is not None:
            return known
        found = read(path)
        if found is None:
            return []
        if self.path is not None:
            self._new[path] = {
                "size": size,
                "mtime_ns": mtime_ns,
                "kind": kind,
                "said": [list(one) for one in found],
            }
            self._changed = True
        return found

    def save(self) -> None:
        """Write what is new, if anything is. A folder that cannot be written costs time at the next start, nothing else."""
        if self.path is None or not self._changed:
            return
        others = {path: entry for path, entry in self._old.items() if path not in self._new and os.path.lexists(path)}
        files = dict(list({**others, **self._new}.items())[-MAX_ENTRIES:])
        with contextlib.suppress(OSError, NewerSchema):
            write_json(self.path, SCHEMA, {"files": files})

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            if self.path is None or os.stat(self.path).st_size > MAX_BYTES:
                return {}
            body = read_json(self.path, SCHEMA)
        except NewerSchema:
            self.path = None
            return {}
        except OSError:
            return {}
        files = (body or {}).get("files")
        if not isinstance(files, dict):
            return {}
        return {path: entry for path, entry in files.items() if isinstance(entry, dict)}

    def _known(self, path: str, size: int, mtime_ns: int, kind: str) -> list[Said] | None:
        entry = self._old.get(path)
        if entry is None or (entry.get("size"), entry.get("mtime_ns"), entry.get("kind")) != (size, mtime_ns, kind):
            return None
        found = _decode(entry.get("said"))
        if found is not None:
            self._new[path] = entry
        return found


def _decode(raw: Any) -> list[Said] | None:
    """What was said as it was written; None when any of it is damaged."""
    if not isinstance(raw, list) or len(raw) > MOST_SAID:
        return None
    found = []
    for one in raw:
        if not isinstance(one, list) or len(one) != len(Said._fields):
            return None
        name, url, folder, sha256, size, note = one
        texts = all(isinstance(text, str) for text in (name, url, folder))
        if (
            not texts
            or not isinstance(sha256, str | None)
            or type(size) not in (int, type(None))
            or note not in (True, False)
        ):
            return None
        found.append(Said(name, url, folder, sha256, size, bool(note)))
    return found
