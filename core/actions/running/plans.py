"""The plans that a person was shown, each in a file that is exactly its canonical bytes, under its digest's name."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path

from ...errors import ComfyFixerError, UnreadableFile
from ...files import read_small, sweep, write_atomic
from ..types import Plan, canonical, digest, load

MOST = 64 << 20  # bytes of one plan
KEPT = 7 * 86400.0  # seconds that an expired plan without a run is kept
OWNER_ONLY = 0o600

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Plans:
    """Kept in `folder`. Safe to use from several threads and processes: a file is written once and never changed."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def keep(self, plan: Plan) -> str:
        """Write the plan; gives its digest. Raises OSError."""
        name = digest(plan)
        write_atomic(self._folder / f"{name}.json", canonical(plan), mode=OWNER_ONLY)
        return name

    def load(self, name: str) -> Plan:
        """The plan of this digest. Raises ComfyFixerError `unknown_plan`, and `plan_changed` where any byte differs."""
        return load(self._read(name), name)

    def _read(self, name: str) -> bytes:
        data: bytes | None = None
        if _DIGEST.fullmatch(name):  # anything else could be a path
            try:
                data = read_small(self._folder / f"{name}.json", MOST)
            except UnreadableFile as error:
                if error.code != "vanished":
                    raise
        if data is None:
            raise ComfyFixerError("unknown_plan", "There is no such plan any more.", "Make a new plan.")
        return data

    def tidy(self, in_use: Collection[str]) -> None:
        """Remove plans that expired long ago, unless they are `in_use` (digests). Nothing else is touched."""
        sweep(self._folder)
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                name = entry.name.removesuffix(".json")
                if _DIGEST.fullmatch(name) and name not in in_use and self._old(entry, name):
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)

    def _old(self, entry: os.DirEntry[str], name: str) -> bool:
        """By the plan's own word; a file that is not the plan it was is left for a person to look at."""
        try:
            if self._now() - entry.stat(follow_symlinks=False).st_mtime < KEPT:
                return False  # spares the reading
            return self._now() - self.load(name).expires > KEPT
        except (OSError, ComfyFixerError):
            return False
