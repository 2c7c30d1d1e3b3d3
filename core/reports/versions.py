"""The last good version of each workflow, kept for later comparison: content-addressed and bounded."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import zlib
from pathlib import Path
from typing import Any

from ..files import read_json, write_atomic, write_json

SCHEMA = 1
MAX_BYTES = 64 << 20  # of all kept versions together, compressed
MAX_VERSIONS = 5_000
MAX_COPY = 8 << 20  # bytes of one version: larger graphs are never read


class GoodVersions:
    """`good/index.json` names, for each workflow, the SHA-256 of the bytes that last ran here; the bytes lie beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        body = read_json(folder / "index.json", SCHEMA) or {}
        items = body.get("workflows")
        self._items: dict[str, dict[str, Any]] = {}
        for name, item in items.items() if isinstance(items, dict) else ():
            if isinstance(item, dict) and _is_hash(item.get("sha256")) and isinstance(item.get("when"), (int, float)):
                self._items[name] = item
        self._dirty = False

    def keep(self, name: str, data: bytes, when: float) -> None:
        """Remember these bytes as the last version of `name` that runs here. Raises OSError."""
        digest = hashlib.sha256(data).hexdigest()
        known = self._items.get(name)
        path = self._path(digest)
        there = path.exists()
        if there and known is not None and known["sha256"] == digest:
            return
        if not there:
            write_atomic(path, gzip.compress(data, 6, mtime=0))
        self._items.pop(name, None)
        self._items[name] = {"sha256": digest, "when": when, "size": len(data)}
        self._dirty = True

    def sha256(self, name: str) -> str | None:
        """The hash of the last good version of `name`, if one is kept."""
        item = self._items.get(name)
        return str(item["sha256"]) if item else None

    def read(self, name: str) -> bytes | None:
        """The bytes of the last good version, or None when none is kept or the copy is damaged."""
        digest = self.sha256(name)
        if digest is None:
            return None
        try:
            with gzip.open(self._path(digest)) as file:
                data = file.read(MAX_COPY + 1)  # nothing larger was ever kept
        except (OSError, EOFError, zlib.error):
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def save(self) -> None:
        """Write the index; drop the oldest versions beyond the bounds. Raises OSError and NewerSchema."""
        if not self._dirty:
            return
        while len(self._items) > MAX_VERSIONS:
            del self._items[min(self._items, key=lambda name: self._items[name]["when"])]
        self._shrink()
        write_json(self._folder / "index.json", SCHEMA, {"workflows": self._items})
        self._dirty = False

    def _shrink(self) -> None:
        """Remove copies that nothing names; then the oldest ones until all fit."""
        sizes: dict[str, int] = {}
        used = {item["sha256"] for item in self._items.values()}
        for entry in os.scandir(self._folder) if self._folder.is_dir() else ():
            digest = entry.name.removesuffix(".json.gz")
            if not entry.name.endswith(".json.gz") or not _is_hash(digest):
                continue
            if digest in used:
                sizes[digest] = entry.stat().st_size
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
        for name in sorted(self._items, key=lambda name: self._items[name]["when"]):
            if sum(sizes.values()) <= MAX_BYTES:
                break
            digest = self._items.pop(name)["sha256"]
            if digest not in {item["sha256"] for item in self._items.values()} and sizes.pop(digest, 0):
                with contextlib.suppress(OSError):
                    self._path(digest).unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json.gz"


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)
