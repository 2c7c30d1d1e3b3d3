"""`audit.log`: the journal for people's eyes, one line per entry. It is bounded; the journal is the record."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import visible

if TYPE_CHECKING:
    from .entries import Entry

NAME = "audit.log"
MOST = 1 << 20  # bytes of one file
KEPT = 5  # older files beside it: audit.log.1 … audit.log.5
LONGEST = 4000  # characters of one line


class Audit:
    """`audit.log` in `folder`. What cannot be written is let go: the journal has it."""

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        self.path = folder / NAME
        self._most = most

    def add(self, entry: Entry) -> None:
        """One line about this entry."""
        with contextlib.suppress(OSError):
            self._rotate()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
                flags |= getattr(os, name, 0)
            fd = os.open(self.path, flags, 0o600)
            try:
                os.write(fd, line(entry).encode("utf-8", "replace"))
            finally:
                os.close(fd)

    def _rotate(self) -> None:
        """Two processes may do this at once: then one file comes out short, and no line is written twice."""
        try:
            if os.stat(self.path).st_size < self._most:
                return
        except FileNotFoundError:
            return
        for number in range(KEPT - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}.{number}", f"{self.path}.{number + 1}")
        os.replace(self.path, f"{self.path}.1")


def line(entry: Entry) -> str:
    """An entry as one line in which every character can be seen, with its newline."""
    when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(max(0.0, min(entry.time, 253402300799.0))))
    about = entry.action or {}
    what = f"{about.get('kind', '')} {about.get('title', '')!s}".strip()
    parts = [f"{when} {entry.event}", what, entry.check, entry.text]
    parts += [f"by {entry.actor}" if entry.actor else "", f"run {entry.run}" if entry.run else ""]
    parts += [f"plan {entry.plan[:12]}" if entry.plan else "", f"undoes {entry.undoes}" if entry.undoes else ""]
    if entry.error:
        parts.append(f"{entry.error.get('code', '')}: {entry.error.get('message', '')}")
    for one in entry.outputs:
        size = f", {one.size:,} bytes" if one.size is not None else ""
        digest = f", sha256 {one.sha256}" if one.sha256 else ""
        became = "now" if one.after else "no longer"
        parts.append(f"{became} at {one.path}{size}{digest}")
    if entry.attribution:
        named = [str(entry.attribution.get(key) or "") for key in ("author", "source", "licence", "page")]
        parts.append(", ".join(filter(None, named)))
    return visible(" | ".join(filter(None, parts)))[:LONGEST] + "\n"
