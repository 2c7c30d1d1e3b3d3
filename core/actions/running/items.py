"""One action of a run and how far it is; the numbers of a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..types import (
    CANCELLED,
    DONE,
    DOWNLOAD,
    FAILED,
    PAUSED,
    RUNNING,
    SKIPPED,
    WAITS,
    Action,
    Json,
)
from .control import Handle
from .progress import Meter, Steady, left

OVER = frozenset({DONE, FAILED, CANCELLED, SKIPPED})  # nothing comes after these by itself
STATES = OVER | {WAITS, RUNNING, PAUSED}


@dataclass(slots=True)
class Item:
    """Changed only by who holds the run's lock. `handle` is there while it runs."""

    action: Action
    meter: Meter
    state: str = WAITS
    check: str = ""
    bytes: int = 0
    total: int | None = None  # bytes, where the plan names no size
    note: str = ""
    text: str = ""
    error: dict[str, str] | None = None
    handle: Handle | None = None
    again: bool = False  # it is to go on as soon as it has stopped

    @property
    def size(self) -> int | None:
        return self.action.size if self.action.size is not None else self.total

    @property
    def over(self) -> bool:
        return self.state in OVER

    def told(self, done: int, total: int | None, note: str) -> None:
        """What its executor says."""
        self.bytes, self.total, self.note = done, total, note
        if note:
            self.meter.reset()  # looking through what is there already goes faster than fetching
        else:
            self.meter.at(done)

    def speed(self) -> float | None:
        return self.meter.speed() if self.state == RUNNING and self.action.kind == DOWNLOAD else None

    def as_json(self) -> Json:
        action, speed = self.action, self.speed()
        return {
            "id": action.id,
            "kind": action.kind,
            "title": action.title,
            "folder": action.folder,
            "destination": action.destination,
            "state": self.state,
            "check": self.check,
            "bytes": self.bytes,
            "size": self.size,
            "speed": speed,
            "left": left(self.size - self.bytes, speed) if self.size is not None else None,
            "note": self.note,
            "text": self.text,
            "command": action.pack.command if action.pack is not None else "",
            "error": self.error,
        }


def items(actions: Sequence[Action], steady: Steady, before: Sequence[Json] = ()) -> dict[str, Item]:
    """The actions by id, as they were in a run's file. What ran when it was written waits again."""
    known = {one["id"]: one for one in before}
    found = {}
    for action in actions:
        item = found[action.id] = Item(action, Meter(steady))
        old = known.get(action.id)
        if old is not None:
            state = old.get("state")
            item.state = state if state in OVER or state == PAUSED else WAITS
            item.check, item.text, item.note = (_text(old.get(name)) for name in ("check", "text", "note"))
            item.bytes = old["bytes"] if isinstance(old.get("bytes"), int) else 0
            error = old.get("error")
            item.error = {name: _text(error.get(name)) for name in _ERROR} if isinstance(error, dict) else None
    return found


_ERROR = ("code", "message", "hint")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def totals(found: Sequence[Item]) -> Json:
    """done, failed, total; bytes of downloads, their speed and what is left of them."""
    downloads = [one for one in found if one.action.kind == DOWNLOAD]
    speeds = [speed for one in downloads if (speed := one.speed()) is not None]
    speed = sum(speeds) if speeds else None
    ahead = [one for one in downloads if not one.over]
    unsized = any(one.size is None for one in ahead)
    remaining = None if unsized or not ahead else sum((one.size or 0) - one.bytes for one in ahead)
    return {
        "done": sum(one.state == DONE for one in found),
        "failed": sum(one.state == FAILED for one in found),
        "total": len(found),
        "bytes": sum(one.bytes for one in downloads),
        "bytes_total": sum(one.size or 0 for one in downloads),
        "speed": speed,
        "left": left(remaining, speed),
    }
