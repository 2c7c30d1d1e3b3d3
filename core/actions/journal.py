"""The journal: what was approved, begun, done and undone. Lines of JSON that are only ever added.

A line is written with a single call and is on the disk before `write` returns. A writer that was killed in the middle
leaves a torn last line: whoever writes next ends that line and says so in an entry, `torn`. Nothing in the file is ever
rewritten or removed; what is wrong is corrected by new entries.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import ComfyFixerError, UnreadableFile
from ..files import open_plain
from .audit import Audit
from .entries import EVENTS, Entry, Reading, Stamp, line_of, parse
from .moving import sync_folder
from .types import Action, Json, Offer, Output

__all__ = ["EVENTS", "Entry", "Journal", "Reading"]

NAME = "journal.jsonl"
OWNER_ONLY = 0o600


class Journal:
    """`journal.jsonl` in `folder`, and `audit.log` beside it. Any number of threads and processes may write at once."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.path = folder / NAME
        self._now = now
        self._audit = Audit(folder)

    def write(
        self,
        event: str,
        *,
        actor: str,
        run: str = "",
        plan: str = "",
        action: Action | None = None,
        inputs: Mapping[str, Any] | None = None,
        outputs: Iterable[Output] = (),
        check: str = "",
        consents: Iterable[Any] = (),
        error: ComfyFixerError | Mapping[str, Any] | None = None,
        about: Entry | None = None,
        text: str = "",
    ) -> Entry:
        """Add a line; it is on the disk when this returns. The action's first offer is the one it is attributed to.

        `about`: the entry that this one takes back, or failed to: its action, run and plan are meant. Raises OSError when
        it could not be written down: then what it says must not be done either.
        """
        touched = tuple(outputs)
        entry = Entry(
            secrets.token_hex(6),
            round(self._now(), 3),
            actor,
            event,
            about.run if about else run,
            about.plan if about else plan,
            about.action if about else _about(action),
            dict(inputs or {}),
            touched,
            _attribution(action.offers[0]) if action is not None and action.offers else None,
            check,
            tuple(consents),
            error.as_json() if isinstance(error, ComfyFixerError) else dict(error) if error else None,
            about.id if about else "",
            text,
            _stamps(touched),
        )
        self._add(entry)
        self._audit.add(entry)
        return entry

    def _add(self, entry: Entry) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
            flags |= getattr(os, name, 0)
        fd = os.open(self.path, flags, OWNER_ONLY)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "The journal is not a regular file", str(self.path))
            data = line_of(entry)
            if status.st_size and not _ended(fd, status.st_size):
                note = Entry(secrets.token_hex(6), entry.time, entry.actor, "torn", text=_TORN)
                data = b"\n" + line_of(note) + data
            if os.write(fd, data) != len(data):  # never in a second go: another writer's line may stand between
                raise OSError(errno.ENOSPC, "The journal could not be written to its end", str(self.path))
            os.fsync(fd)
        finally:
            os.close(fd)
        if not status.st_size:
            sync_folder(str(self.path.parent))

    def read(self) -> Reading:
        """All entries, oldest first. A journal that was never written has none. Raises UnreadableFile."""
        try:
            with open_plain(self.path) as (file, _):
                data = file.read()
        except UnreadableFile as error:
            if error.code == "vanished":
                return Reading()
            raise
        return parse(data)


_TORN = "The line before this one was not written to its end."


def _ended(fd: int, size: int) -> bool:
    """Whether the file ends in a newline."""
    os.lseek(fd, size - 1, os.SEEK_SET)
    return os.read(fd, 1) == b"\n"


# ---- what an entry holds ------------------------------------------------------------------------------------

_PATHS = ("root", "destination", "origin", "aside", "link")


def _about(action: Action | None) -> Json | None:
    if action is None:
        return None
    about = {"id": action.id, "kind": action.kind, "title": action.title, "folder": action.folder}
    return about | {name: value for name in _PATHS if (value := getattr(action, name))}


def _attribution(offer: Offer) -> Json:
    return {
        "author": offer.author,
        "source": offer.by,
        "licence": offer.licence,
        "page": without_query(offer.page),
        "url": without_query(offer.url),
    }


def without_query(address: str) -> str:
    """An address without what may be signed or secret: user, query and fragment."""
    try:
        parts = urlsplit(address)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return ""


def _stamps(outputs: Sequence[Output]) -> dict[str, Stamp]:
    """How the outputs lie there now: by that, undoing knows them again without reading gigabytes."""
    found = {}
    for one in outputs:
        with contextlib.suppress(OSError, ValueError):
            if one.after:
                status = os.lstat(one.path)
                found[one.path] = (status.st_size, status.st_mtime_ns)
    return found
