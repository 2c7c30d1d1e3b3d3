"""What lies beside a file while it comes: `<name>.<id>.part`, and `….part.json`, which says how far that can be trusted."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

from ..process import boot, same_boot
from ..types import Action, ActionFailed
from .place import Place

SCHEMA = 1
_ROOM = 34  # bytes that the longest name of ours adds to the file's
_LONGEST = 255
_MOST = 64 << 10  # bytes of a control file
_WRITE = getattr(os, "pwrite", None)


class Names(NamedTuple):
    """The names of ours for one file. `mismatch`: without its suffix."""

    part: str
    control: str
    fresh: str
    owner: str
    mismatch: str


def names_of(action: Action, name: str) -> Names:
    """They follow from the content that is wanted, so that all who want the same meet at the same part."""
    kept = _shortened(name)
    id = _content_id(action)
    part = f"{kept}.{id}.part"
    return Names(part, f"{part}.json", f"{part}.json.new", f"{part}.owner", f"{kept}.{id}")


def _content_id(action: Action) -> str:
    """12 hex digits."""
    if action.sha256:
        return action.sha256[:12]
    url = action.offers[0].url if action.offers else ""
    return hashlib.sha256(f"{url} {action.size}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _shortened(name: str) -> str:
    """The name, cut in front of its suffix where ours would not fit after it."""
    room = _LONGEST - _ROOM
    if len(name.encode("utf-8")) <= room:
        return name
    stem, suffix = os.path.splitext(name)
    suffix = suffix if len(suffix.encode("utf-8")) <= 20 else ""
    kept = stem.encode("utf-8")[: room - len(suffix.encode("utf-8")) - 1].decode("utf-8", "ignore")
    return f"{kept}~{suffix}"


class Kept(NamedTuple):
    """What a control file says. `committed`: bytes that survive a power cut; `boot`: who wrote the rest of them, and when.

    `url` has no query. `ready`: all of it was verified, and it was to get its name next.
    """

    url: str = ""
    etag: str = ""
    size: int | None = None
    sha256: str | None = None
    committed: int = 0
    boot: str = ""
    ready: bool = False


class Part:
    """The part file, open for one writer. `length`: bytes of it that count. Everything raises OSError.

    `touched`: somebody else wrote into it, so that only what lies on the disk can tell what it holds.
    """

    def __init__(self, place: Place, names: Names) -> None:
        self.place = place
        self.names = names
        self.kept = self._read()
        self.known = self.kept is not None
        self.length = 0
        self.touched = False
        self._fd = -1
        self._seen = (0, 0)  # times in nanoseconds, and names, after our own last change

    def open(self, *, hashed: bool) -> None:
        """Open it, made where it is absent, and settle how much of it counts. `hashed`: the plan knows its SHA-256.

        A part that this system wrote since it was switched on is whole up to its last byte. After a power cut only what
        was committed is; where even that cannot be told, the hash will.
        """
        self._fd = self.place.open(self.names.part, os.O_RDWR | os.O_CREAT)
        if os.fstat(self._fd).st_nlink > 1:  # somebody's copy holds the same bytes: it must not change with ours
            self.close()
            self.place.unlink(self.names.part)
            self._fd = self.place.open(self.names.part, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        length = os.fstat(self._fd).st_size
        if self.kept is None:
            self.length = length if hashed else 0
        elif same_boot(self.kept.boot, boot()):
            self.length = length
        else:
            self.length = min(length, self.kept.committed)
        self.cut(self.length)
        self.look()

    def read(self, view: memoryview, at: int) -> int:
        """Bytes from `at` on, at most what counts."""
        os.lseek(self._fd, at, os.SEEK_SET)
        return os.readv(self._fd, [view]) if hasattr(os, "readv") else _copied(view, os.read(self._fd, len(view)))

    def append(self, data: memoryview) -> None:
        """Write behind what counts. What fits is kept even when the disk is full. Raises ActionFailed as `check` does."""
        self.check()
        try:
            self._append(data)
        finally:
            self.look()

    def _append(self, data: memoryview) -> None:
        while data:
            if _WRITE is not None:
                wrote = _WRITE(self._fd, data, self.length)
            else:
                os.lseek(self._fd, self.length, os.SEEK_SET)
                wrote = os.write(self._fd, data)
            self.length += wrote
            data = data[wrote:]

    def cut(self, length: int) -> None:
        """Forget what lies behind `length`."""
        self.length = length
        if os.fstat(self._fd).st_size != length:
            os.ftruncate(self._fd, length)
            self.look()

    def check(self, *, named: bool = False) -> None:
        """Raise ActionFailed `place_changed` where somebody took it away, or bytes of it. `named`: look at its name, too.

        Else there would be a hole where those bytes were. Who only writes into it is seen by its time: `touched`.
        """
        status = os.fstat(self._fd)
        gone = (status.st_nlink == 0 and self._seen[1] > 0) or (named and not self._has_name(status))
        if gone or status.st_size > self.length or (status.st_size < self.length and self._is_short()):
            what = "removed or renamed" if gone else "cut or added to"
            text = f"{self.place.path(self.names.part)} was {what} by another program while the file came."
            raise ActionFailed("place_changed", text, "See which program does that, then resume.", pauses=True)
        self.touched = self.touched or status.st_mtime_ns != self._seen[0]

    def _is_short(self) -> bool:
        """Some network shares are late in saying how long a file is: its last byte tells."""
        return not self.read(memoryview(bytearray(1)), self.length - 1)

    def look(self) -> None:
        """Whatever was done to it until now is known, and done by us."""
        status = os.fstat(self._fd)
        self._seen = (status.st_mtime_ns, status.st_nlink)

    def _has_name(self, status: os.stat_result) -> bool:
        lies = self.place.status(self.names.part)
        return lies is not None and os.path.samestat(lies, status)

    def still_counts(self) -> bool:
        """Whether it may be gone on with another time, whatever was done to it; `length` is put right."""
        status = os.fstat(self._fd)
        self.length = min(self.length, status.st_size)
        return self._has_name(status) and self.length > 0

    def head(self, most: int) -> bytes:
        """Its first bytes."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        return os.read(self._fd, most)

    def copy_fd(self) -> int:
        """A descriptor of the same file, at its beginning, for who closes what it reads."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        return os.dup(self._fd)

    def commit(self, kept: Kept) -> None:
        """Everything up to here is on the disk, and the control file says so, when this returns."""
        self.touched = self.touched or os.fstat(self._fd).st_mtime_ns != self._seen[0]
        getattr(os, "fdatasync", os.fsync)(self._fd)
        self.look()  # a network share may only now say its own time of our writing
        self.note(kept._replace(committed=self.length))

    def note(self, kept: Kept) -> None:
        """Write the control file."""
        self.kept = kept._replace(boot=boot())
        self.place.write(self.names.fresh, _written(self.kept))
        self.place.replace(self.names.fresh, self.names.control)

    def seal(self) -> os.stat_result:
        """All of it, its size too, is on the disk. It is closed then: some systems rename no open file.

        Raises ActionFailed as `check` does.
        """
        self.check(named=True)
        os.fsync(self._fd)
        status = os.fstat(self._fd)
        self.close()
        return status

    def fileno(self) -> int:
        return self._fd

    def forget(self) -> None:
        """Take it away, but nothing that somebody put in its place."""
        if self._has_name(os.fstat(self._fd)):
            self.place.unlink(self.names.part)
        self.close()
        for name in (self.names.fresh, self.names.control):
            self.place.unlink(name)

    def remove(self) -> None:
        """Take all our names away, but the owner's."""
        for name in (self.names.part, self.names.fresh, self.names.control):
            self.place.unlink(name)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _read(self) -> Kept | None:
        """What the control file says; None where there is none or it is damaged. Raises ActionFailed for a newer one."""
        raw = self.place.read(self.names.control, _MOST)
        try:
            body = json.loads(raw or b"")
            sound = body.pop("sum") == _sum(body)
            schema = body.pop("schema")
            if sound and schema == SCHEMA:
                return Kept(**body)
            newer = sound and schema > SCHEMA
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        if not newer:
            return None
        raise ActionFailed(
            "newer_schema",
            f"{self.place.path(self.names.control)} was written by a newer version.",
            "Update ComfyFixerSmart, or move that file and the part beside it away.",
        )


def _written(kept: Kept) -> bytes:
    body = {"schema": SCHEMA, **kept._asdict()}
    return json.dumps({**body, "sum": _sum(body)}).encode("ascii") + b"\n"


def _sum(body: dict[str, Any]) -> str:
    """Of all fields, so that one changed byte is seen."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode("ascii")).hexdigest()[:16]


def _copied(view: memoryview, data: bytes) -> int:
    view[: len(data)] = data
    return len(data)


def plain_url(url: str) -> str:
    """The address without its query, which may be a secret."""
    return url.partition("#")[0].partition("?")[0]
