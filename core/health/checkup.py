"""One check of a library, seen by its health: what broke since it last ran, and why; what was reviewed of it before."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from ..comparison.types import Difference
from ..readiness.types import BLOCKED, NEEDS_INPUT, RUNNABLE, UNREADABLE, Readiness
from .causes import Edited, because
from .kept import Kept, Record, Why
from .stamp import Here, Stamp
from .types import Broke, Health

_log = logging.getLogger("comfyfixersmart.core")

GOOD, BAD = frozenset({RUNNABLE, NEEDS_INPUT}), frozenset({BLOCKED, UNREADABLE})

# name, path → what is not the same in the file as it lies there now, compared with the version that ran; None: not to be
# told. Raises NotNow where there is no time for it in this check.
Compare = Callable[[str, str], "Sequence[Difference] | None"]


class NotNow(Exception):
    """It is to be asked again at the next check."""


class Checked(Protocol):
    """What of a verdict is needed here."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def readiness(self) -> Readiness: ...
    @property
    def modified(self) -> float | None: ...
    @property
    def uses(self) -> tuple[str, ...]: ...
    @property
    def models(self) -> tuple[str, ...]: ...


def checkup(
    checked: Iterable[Checked],
    here: Here,
    kept: Kept,
    now: float,
    *,
    good: Callable[[str], str],
    compare: Compare,
) -> dict[str, Health]:
    """The health of every workflow of one check, by name; `kept` learns what is new.

    `good`: name → hash of the last good version that is kept, "" for none. `compare`: name and path → the differences
    between that version and the file, asked only where the file was changed since.
    """
    found = {}
    for one in checked:
        record = kept.get(one.name) or Record(now)
        try:
            record = _advance(record, one, here, now, good, compare)
        except Exception:  # a fault of ours in one workflow ends no scan
            _log.debug("fault while looking at the health of %r", one.path, exc_info=True)
        kept.put(one.name, record)
        found[one.name] = health_of(record, one.readiness.status, key_of(one, here))
    return found


def health_of(record: Record | None, status: str, key: str) -> Health:
    """What is kept of a workflow as its page shows it. `key`: of its review, which counts only while nothing changed."""
    if record is None:
        return Health()
    stamp, why, since = record.stamp, record.why, record.since
    broke = None
    if status in BAD and stamp is not None and since is not None and why is not None:
        broke = Broke(since, min(stamp.when, since), why.causes, why.differences)  # a clock may be set back
    review = record.review
    if review is None or review.key != key:
        return Health(broke)
    return Health(broke, review.practice, review.fit, review.heavy, review.line, review.text)


def key_of(one: Checked, here: Here) -> str:
    """Changes whenever a review would: with the file's time, its model files, ComfyUI, or the machine's memory."""
    from .review import RULES

    devices = here.inventory.hardware.get("devices")
    told = [
        RULES,
        one.path,
        one.modified,
        here.inventory.comfyui_version,
        [here.file(name) for name in one.models],
        [device.get("vram_total") for device in devices if isinstance(device, dict)]
        if isinstance(devices, list)
        else [],
        here.inventory.hardware.get("ram_total"),
    ]
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _advance(
    record: Record, one: Checked, here: Here, now: float, good: Callable[[str], str], compare: Compare
) -> Record:
    status, stamp = one.readiness.status, record.stamp
    record = replace(record, seen=now)
    if status in GOOD:
        made = here.stamp(one.uses, one.models, now, one.modified, good(one.name))
        return replace(record, stamp=made, since=None, why=None)
    if status not in BAD or stamp is None:
        return record
    why = record.why
    key = _key(one, stamp, here)
    if why is None or why.key != key:
        why = _why(key, one, stamp, here, compare)
    return replace(record, since=record.since if record.since is not None else now, why=why)


def _why(key: str, one: Checked, stamp: Stamp, here: Here, compare: Compare) -> Why:
    edited = None
    if one.modified != stamp.modified:
        try:
            told = compare(one.name, one.path) if stamp.sha256 else None
        except NotNow:
            key, told = "", None  # a key that no state has: the next check looks again
        differences = None if told is None else [each for each in told if each.counts]
        same = differences is not None and not differences
        edited = None if same else Edited(tuple(differences) if differences is not None else None)
    count = len(edited.differences or ()) if edited is not None else 0
    return Why(key, because(one.readiness, stamp, here, edited, one.path), count)


def _key(one: Checked, stamp: Stamp, here: Here) -> str:
    told = (one.readiness.findings, one.modified, stamp._replace(when=0.0), here.inventory.digest)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]
