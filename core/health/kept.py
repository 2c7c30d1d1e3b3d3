"""`health.json`: by workflow, what it relied on when it last ran here, since when it does not, and what was reviewed of it.

Bounded, written in one step, and rebuilt when it is damaged. A file of a newer version is refused and left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..files import read_json, write_json
from .review import Review
from .stamp import Stamp
from .types import Cause

SCHEMA = 1
MOST_WORKFLOWS = 5_000
FORGET = 90 * 86_400.0  # seconds without being seen
_EXACT = 600.0  # seconds: that nothing changed since is not written more often


class Why(NamedTuple):
    """The causes that were found, and the `key` of what they were found in."""

    key: str
    causes: tuple[Cause, ...]
    differences: int

    def as_json(self) -> list[Any]:
        """As plain JSON values."""
        return [self.key, [list(one) for one in self.causes], self.differences]

    @classmethod
    def from_json(cls, raw: Any) -> Why | None:
        """What `as_json` gave; None where any of it is not as it was written."""
        try:
            key, causes, differences = raw
            return cls(str(key), tuple(Cause(*map(str, one)) for one in causes), int(differences))
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of one workflow. Times in seconds since the epoch; `since`: the first check that found it broken."""

    seen: float
    stamp: Stamp | None = None
    since: float | None = None
    why: Why | None = None
    review: Review | None = None

    @property
    def lasting(self) -> Record:
        """The same without the times at which it was looked at."""
        return replace(self, seen=0.0, stamp=self.stamp and self.stamp._replace(when=0.0))


class Kept:
    """All records of one library. Raises NewerSchema when it is loaded or saved over a file of a newer version."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        body = (read_json(path, SCHEMA) if path is not None else None) or {}
        raw = body.get("workflows")
        self._records: dict[str, Record] = {}
        for name, item in raw.items() if isinstance(raw, dict) else ():
            record = _record(item)
            if record is not None:
                self._records[name] = record
        self._dirty = False

    def get(self, name: str) -> Record | None:
        """What is kept of this workflow."""
        return self._records.get(name)

    def put(self, name: str, record: Record) -> None:
        """Keep this of it."""
        before = self._records.get(name)
        self._records[name] = record
        self._dirty |= before is None or before.lasting != record.lasting or record.seen - before.seen > _EXACT

    def save(self, now: float) -> None:
        """Write what is new. Raises OSError."""
        if self.path is None or not self._dirty:
            return
        kept = {name: one for name, one in self._records.items() if now - one.seen < FORGET}
        if len(kept) > MOST_WORKFLOWS:
            newest = sorted(kept, key=lambda name: kept[name].seen, reverse=True)[:MOST_WORKFLOWS]
            kept = {name: kept[name] for name in newest}
        self._records = kept
        write_json(self.path, SCHEMA, {"workflows": {name: _as_json(one) for name, one in kept.items()}})
        self._dirty = False


def _as_json(record: Record) -> dict[str, Any]:
    return {
        "seen": record.seen,
        "stamp": record.stamp.as_json() if record.stamp else None,
        "since": record.since,
        "why": record.why.as_json() if record.why else None,
        "review": record.review.as_json() if record.review else None,
    }


def _record(item: Any) -> Record | None:
    if not isinstance(item, dict) or not isinstance(item.get("seen"), int | float):
        return None
    since = item.get("since")
    return Record(
        float(item["seen"]),
        Stamp.from_json(item.get("stamp")),
        float(since) if isinstance(since, int | float) and not isinstance(since, bool) else None,
        Why.from_json(item.get("why")),
        Review.from_json(item.get("review")),
    )
