"""SHA-256 and header facts of model files, remembered by (path, size, mtime_ns).

Both are lazy: nothing here runs during a scan. A 6 GB checkpoint takes seconds to hash, so ask only
for files whose size already agrees.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import NewerSchema
from ..files import read_json, write_json
from .headers import header_facts
from .parts import read_parts
from .types import HeaderFacts, Parts

SCHEMA = 1
MAX_ENTRIES = 50_000
_PIECE = 1 << 20

Progress = Callable[[int, int], None]  # bytes done, bytes in all
Cancel = Callable[[], bool]


class HashCache:
    """Hashes and header facts of files, kept in one JSON file. Safe to use from several threads.

    An entry counts only while size and mtime_ns are unchanged. A damaged cache file is rebuilt; one
    from a newer version is left untouched, and this cache then lives in memory only.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = Path(path) if path is not None else None
        self._lock = threading.Lock()
        self._dirty: set[str] = set()
        self._entries = self._load()

    def sha256(self, path: str, progress: Progress | None = None, cancel: Cancel | None = None) -> str | None:
        """Lower-case hex SHA-256 of the file, or None when it cannot be read, changes meanwhile, or was cancelled.

        `progress` is called after every MiB; `cancel` is asked as often.
        """
        before = _status(path)
        if before is None:
            return None
        known = self._known(path, before).get("sha256")
        if isinstance(known, str):
            return known
        digest = _hash(path, before[0], progress, cancel)
        if digest is None or _status(path) != before:
            return None
        self._keep(path, before, {"sha256": digest})
        return digest

    def known_sha256(self, path: str, size: int, mtime_ns: int) -> str | None:
        """The remembered SHA-256 of that very state of the file; nothing is read."""
        found = self._known(path, (size, mtime_ns)).get("sha256")
        return found if isinstance(found, str) else None

    def facts(self, path: str) -> HeaderFacts | None:
        """The header facts of the file, or None when it cannot be read."""
        status = _status(path)
        if status is None:
            return None
        known = _facts_from(self._known(path, status).get("header"))
        if known is not None:
            return known
        try:
            found = header_facts(path)
        except OSError:
            return None
        self._keep(path, status, {"header": asdict(found)})
        return found

    def parts(self, path: str) -> Parts | None:
        """What the file's header says of its parts, or None when it cannot be read or has no such header."""
        status = _status(path)
        if status is None:
            return None
        known = Parts.from_json(self._known(path, status).get("parts"))
        if known is not None:
            return known
        try:
            found = read_parts(path)
        except OSError:
            return None
        self._keep(path, status, {"parts": found.as_json()})
        return found

    def save(self) -> None:
        """Write what is new. What another process wrote meanwhile is kept. Raises OSError."""
        with self._lock:
            if self.path is None or not self._dirty:
                return
            merged = {**self._load(), **{path: e for path, e in self._entries.items() if path in self._dirty}}
            self._entries = dict(list(merged.items())[-MAX_ENTRIES:])
            try:
                write_json(self.path, SCHEMA, {"files": self._entries})
            except NewerSchema:
                self.path = None
            self._dirty.clear()

    def _load(self) -> dict[str, dict[str, Any]]:
        if self.path is None:
            return {}
        try:
            body = read_json(self.path, SCHEMA)
        except NewerSchema:
            self.path = None
            return {}
        files = (body or {}).get("files")
        if not isinstance(files, dict):
            return {}
        return {path: entry for path, entry in files.items() if isinstance(entry, dict)}

    def _known(self, path: str, status: tuple[int, int]) -> dict[str, Any]:
        with self._lock:
            entry = self._entries.get(path, {})
            return entry if (entry.get("size"), entry.get("mtime_ns")) == status else {}

    def _keep(self, path: str, status: tuple[int, int], facts: dict[str, Any]) -> None:
        with self._lock:
            entry = self._entries.pop(path, {})  # the newest stands last, the oldest is dropped first
            if (entry.get("size"), entry.get("mtime_ns")) != status:
                entry = {"size": status[0], "mtime_ns": status[1]}
            self._entries[path] = {**entry, **facts}
            self._dirty.add(path)
            while len(self._entries) > MAX_ENTRIES:
                self._entries.pop(next(iter(self._entries)))


def _hash(path: str, size: int, progress: Progress | None, cancel: Cancel | None) -> str | None:
    digest = hashlib.sha256()
    done = 0
    try:
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                done += len(piece)
                if progress is not None:
                    progress(done, size)
                if cancel is not None and cancel():
                    return None
    except OSError:
        return None
    return digest.hexdigest()


def _status(path: str) -> tuple[int, int] | None:
    """Size and mtime_ns of a plain file; None for everything else (opening a FIFO would hang)."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _facts_from(raw: Any) -> HeaderFacts | None:
    """Facts as `asdict` wrote them; None when the entry is damaged."""
    if not isinstance(raw, dict):
        return None
    try:
        facts = HeaderFacts(**raw)
    except TypeError:
        return None
    sound = (
        isinstance(facts.format, str)
        and isinstance(facts.size, int)
        and isinstance(facts.true_size, int | None)
        and isinstance(facts.complete, bool | None)
        and isinstance(facts.problem, str)
        and isinstance(facts.sha256, str)
        and isinstance(facts.tensors, int)
        and isinstance(facts.dtypes, dict)
        and isinstance(facts.metadata, dict)
    )
    return facts if sound else None
