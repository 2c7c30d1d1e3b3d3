"""One line of the journal: what it holds, how it is written, and what can be told of many that are read. Pure.

A line carries a checksum over all of it, in every version of the format, so that one changed byte is seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

from .types import Json, Output

SCHEMA = 1
EVENTS = (
    "approved",
    "begun",
    "done",
    "failed",
    "paused",
    "cancelled",
    "skipped",
    "ended",
    "undone",
    "undo_failed",
    "torn",
)

_SUM = re.compile(rb',"sum":"([0-9a-f]{16})"\}')
_HEAD = b'{"schema":'

Stamp = tuple[int, int]  # size in bytes, mtime in nanoseconds


class Entry(NamedTuple):
    """One line. `time` in seconds since the epoch.

    `action`: id, kind, title and folder, and the paths that undoing needs. `stamps`: by path, how each output lay there
    when this was written. `line`: its number in the file, from 1.
    """

    id: str
    time: float
    actor: str
    event: str
    run: str = ""
    plan: str = ""  # digest
    action: Json | None = None
    inputs: Json = {}  # noqa: RUF012  # the default of a tuple, never changed
    outputs: tuple[Output, ...] = ()
    attribution: Json | None = None  # author, source, licence, page, url
    check: str = ""
    consents: tuple[Any, ...] = ()
    error: Json | None = None
    undoes: str = ""  # id of the entry that this one takes back
    text: str = ""
    stamps: dict[str, Stamp] = {}  # noqa: RUF012
    line: int = 0

    @property
    def kind(self) -> str:
        """The kind of its action, "" where it is about none."""
        return str(self.action.get("kind", "")) if self.action else ""

    def as_json(self) -> Json:
        """For panel and command line."""
        body = self._asdict()
        del body["stamps"], body["line"]
        return {**body, "outputs": [one._asdict() for one in self.outputs], "consents": list(self.consents)}


class Reading(NamedTuple):
    """All that can be read, oldest first, and what cannot, as line numbers.

    `torn`: ends of lines that a killed writer left; what they would have said never happened for the journal. `newer`:
    written by a newer version. `damage`: changed after they were written.
    """

    entries: tuple[Entry, ...] = ()
    torn: tuple[int, ...] = ()
    damage: tuple[int, ...] = ()
    newer: tuple[int, ...] = ()

    def unread_after(self, entry: Entry) -> tuple[int, ...]:
        """The lines behind an entry that cannot be read: what became of it may stand there."""
        return tuple(sorted(line for line in (*self.damage, *self.newer) if line > entry.line))


def parse(data: bytes) -> Reading:
    """What the bytes of a journal say. Nothing that was changed is ever taken for an entry."""
    lines = data.split(b"\n")
    entries: list[Entry] = []
    newer: list[int] = []
    unread: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        # A writer that was killed leaves the beginning of a line; another that wrote at that moment goes on behind it.
        starts = [0, line.rfind(_HEAD)] if line.rfind(_HEAD) > 0 else [0]
        at, body = next(((at, found) for at in starts if (found := _body(line[at:])) is not None), (0, None))
        entry = _entry(body, number) if body is not None and body["schema"] == SCHEMA else None
        if entry is not None:
            entries.append(entry)
        later = body is not None and body["schema"] > SCHEMA
        if later:
            newer.append(number)
        if at or (entry is None and not later):
            unread.append(number)
    noted = {entry.line - 1 for entry in entries if entry.event == "torn"} | ({len(lines)} if lines[-1] else set())
    torn = tuple(one for one in unread if one in noted and not _whole(lines[one - 1]))
    return Reading(tuple(entries), torn, tuple(one for one in unread if one not in torn), tuple(newer))


def _whole(line: bytes) -> bool:
    """Whether a line that cannot be read begins with one that was written to its end: then it is not torn but changed."""
    found = _SUM.search(line)
    return found is not None and _checksum(line[: found.start()]) == found[1]


def _body(line: bytes) -> Json | None:
    """The values of a line whose checksum fits, whatever version wrote it; None for anything else."""
    found = _SUM.search(line, max(0, len(line) - 26))
    if found is None or found.end() != len(line) or _checksum(line[: found.start()]) != found[1]:
        return None
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return None
    sound = isinstance(body, dict) and type(body.get("schema")) is int
    return body if sound else None


def _entry(body: Json, number: int) -> Entry | None:
    """The entry of a line of our schema; None where its checksum fits and its values do not."""
    try:
        told = {name: value for name, value in body.items() if name not in ("schema", "sum")}
        told["outputs"] = tuple(Output(**one) for one in body["outputs"])
        told["consents"] = tuple(body["consents"])
        told["stamps"] = {path: (size, when) for path, (size, when) in body["stamps"].items()}
        return Entry(**told, line=number)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def line_of(entry: Entry) -> bytes:
    body = entry._asdict()
    del body["line"]
    body["outputs"] = [one._asdict() for one in entry.outputs]
    text = json.dumps({"schema": SCHEMA, **body}, separators=(",", ":"))[:-1].encode("ascii")
    return text + b',"sum":"' + _checksum(text) + b'"}\n'


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii")
