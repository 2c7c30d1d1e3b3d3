"""When did it break: one small file that remembers each scan's counts and each workflow's last change."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..files import read_json, write_json
from ..readiness.types import INFO, RUNNABLE, STATUSES, UNKNOWN, Readiness
from .rows import newest
from .types import Change, Point
from .words import BAD, GOOD, listed, visible

SCHEMA = 1
MOST_POINTS = 400
_DAY = 86_400.0
_RECENT = 2 * _DAY  # scans younger than this are all kept, older ones one a day
_FORGET = 90 * _DAY  # a workflow not seen for so long is dropped; a drive that is away for a week is not
_MOST_WORKFLOWS = 20_000
_MOST_REASONS = 12
_MOST_TEXT = 200

_SAYS = {
    "NODE001": "{} not installed",
    "NODE002": "{} failed to import",
    "NODE003": "{} is disabled",
    "MODEL001": "{} missing",
    "MODEL002": "{} in a wrong folder",
    "MODEL003": "{} here under another name",
    "MODEL004": "{} incomplete",
    "VALUE001": "{} no longer offered",
    "VALUE002": "{} out of range",
    "LINK001": "{} not connected",
    "LINK002": "no output node",
    "LINK003": "{} wrongly linked",
    "INPUT001": "{} not in the input folder",
    "FILE001": "the file cannot be read",
}


def reasons(readiness: Readiness) -> tuple[str, ...]:
    """What keeps a workflow from running, in short words that stay the same from scan to scan."""
    found: dict[str, None] = {}
    for finding in readiness.findings:
        if finding.weight == INFO or finding.code not in _SAYS:
            continue
        by_pack = finding.pack and finding.code.startswith("NODE")
        subject = f"pack {finding.pack}" if by_pack else finding.name
        found.setdefault(_SAYS[finding.code].format(visible(subject))[:_MOST_TEXT])
    return tuple(found)[:_MOST_REASONS]


@dataclass(frozen=True, slots=True)
class _Record:
    """What is remembered of one workflow. `good` outlives scans that could not tell (status unknown)."""

    status: str
    since: float
    seen: float
    good: bool = False  # the last status that was known was a good one
    good_at: float | None = None
    good_reasons: tuple[str, ...] = ()
    change: Change | None = None


class History:
    """The scans of one library. Load it, record a scan, save it; ask for the plot's points and each last change.

    Bounded: every scan of two days, then one a day, 400 in all; one change per workflow. A damaged file
    is an empty history, since nothing depends on it; a file of a newer schema raises NewerSchema.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scans: list[Point] = []
        self._workflows: dict[str, _Record] = {}

    @classmethod
    def load(cls, path: Path) -> History:
        """The history kept at `path`; whatever in it cannot be understood is left out."""
        history = cls(path)
        body = read_json(path, SCHEMA) or {}
        scans, workflows = body.get("scans"), body.get("workflows")
        if isinstance(scans, list):
            points = (_point(item) for item in scans)
            history._scans = sorted(p for p in points if p is not None)
        if isinstance(workflows, dict):
            records = ((name, _record(item)) for name, item in workflows.items())
            history._workflows = {name: record for name, record in records if record is not None}
        return history

    def record(self, when: float, workflows: dict[str, tuple[str, tuple[str, ...]]]) -> None:
        """Add one scan: `when` in seconds since the epoch, per workflow its status and reasons. Older versions of a
        workflow are remembered, but not counted."""
        counted = frozenset(newest(workflows))
        broke: Counter[str] = Counter()
        total = 0
        for name, (status, why) in workflows.items():
            before = self._workflows.get(name)
            after = _advance(before, when, status, why)
            self._workflows[name] = after
            if before is not None and before.good and status in BAD and name in counted:
                total += 1
                broke.update(after.change.why.split("; ")[:1] if after.change and after.change.why else ())
        runnable = sum(workflows[name][0] == RUNNABLE for name in counted)
        said = [f"{why} ({count})" if total > 1 else why for why, count in broke.most_common(2)]
        self._scans = [p for p in self._scans if p.when != when]
        self._scans.append(Point(when, len(counted), runnable, total, listed(said)))
        self._scans = _thinned(_flattened(sorted(self._scans)))
        self._forget(when)

    def save(self) -> None:
        """Write the file atomically. Raises OSError, and NewerSchema when a newer version wrote it meanwhile."""
        workflows = {name: _as_json(record) for name, record in self._workflows.items()}
        write_json(self.path, SCHEMA, {"scans": [list(p) for p in self._scans], "workflows": workflows})

    def points(self) -> tuple[Point, ...]:
        """The scans, oldest first."""
        return tuple(self._scans)

    def change(self, name: str) -> Change | None:
        """The last change of this workflow's status, or None when it never changed."""
        record = self._workflows.get(name)
        return record.change if record else None

    def _forget(self, now: float) -> None:
        kept = {name: r for name, r in self._workflows.items() if now - r.seen < _FORGET}
        if len(kept) > _MOST_WORKFLOWS:
            newest = sorted(kept, key=lambda name: kept[name].seen, reverse=True)[:_MOST_WORKFLOWS]
            kept = {name: kept[name] for name in newest}
        self._workflows = kept


def _advance(before: _Record | None, when: float, status: str, why: tuple[str, ...]) -> _Record:
    """What is remembered after one more scan."""
    if before is None:
        after = _Record(status, when, when)
    elif before.status == status:
        after = replace(before, seen=when)
    else:
        last_good = before.good_at if before.good or status in BAD else None
        change = Change(when, before.status, status, _difference(before, status, why), last_good)
        after = replace(before, status=status, since=when, seen=when, change=change)
    if status in GOOD:
        return replace(after, good=True, good_at=when, good_reasons=why)
    return after if status == UNKNOWN else replace(after, good=False)


def _difference(before: _Record, status: str, why: tuple[str, ...]) -> str:
    """What is new compared with the last good scan; nothing to say when it runs again."""
    if status in GOOD:
        return ""
    new = [reason for reason in why if reason not in before.good_reasons]
    more = len(new) - 3
    return "; ".join(new[:3]) + (f"; {more} more" if more > 0 else "")


def _flattened(scans: list[Point]) -> list[Point]:
    """Of a recent stretch in which nothing changed, its first and its last scan: inside ComfyUI every save brings one."""
    kept: list[Point] = []
    recent = scans[-1].when - _RECENT
    for scan in scans:
        same = [one.broke == 0 and one[1:3] == scan[1:3] and one.when > recent for one in kept[-2:]]
        if len(same) == 2 and all(same) and not scan.broke:
            kept.pop()
        kept.append(scan)
    return kept


def _thinned(scans: list[Point]) -> list[Point]:
    """Every recent scan, then one a day; a day's breakages are added up, its largest gives the reason."""
    newest = scans[-1].when
    days: dict[float, Point] = {}
    for scan in scans:
        key = scan.when if newest - scan.when < _RECENT else math.floor(scan.when / _DAY)
        held = days.get(key)
        if held is not None:
            why = scan.why if scan.broke >= held.broke and scan.why else held.why
            scan = scan._replace(broke=scan.broke + held.broke, why=why)
        days[key] = scan
    return sorted(days.values())[-MOST_POINTS:]


def _as_json(record: _Record) -> dict[str, Any]:
    out: dict[str, Any] = {"status": record.status, "since": record.since, "seen": record.seen}
    if record.good_at is not None:
        out |= {"good": record.good, "good_at": record.good_at, "good_reasons": list(record.good_reasons)}
    if record.change is not None:
        out["change"] = list(record.change)
    return out


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _text(value: Any) -> str:
    return value[: 4 * _MOST_TEXT] if isinstance(value, str) else ""


def _point(item: Any) -> Point | None:
    if not isinstance(item, list) or len(item) != 5:
        return None
    when, total, runnable, broke = (_number(value) for value in item[:4])
    if when is None or total is None or runnable is None or broke is None:
        return None
    return Point(when, int(total), int(runnable), int(broke), _text(item[4]))


def _record(item: Any) -> _Record | None:
    if not isinstance(item, dict) or item.get("status") not in STATUSES:
        return None
    since, seen = _number(item.get("since")), _number(item.get("seen"))
    if since is None or seen is None:
        return None
    why = item.get("good_reasons")
    return _Record(
        item["status"],
        since,
        seen,
        item.get("good") is True,
        _number(item.get("good_at")),
        tuple(_text(reason) for reason in why[:_MOST_REASONS]) if isinstance(why, list) else (),
        _change(item.get("change")),
    )


def _change(item: Any) -> Change | None:
    if not isinstance(item, list) or len(item) != 5:
        return None
    when = _number(item[0])
    if when is None or item[1] not in STATUSES or item[2] not in STATUSES:
        return None
    return Change(when, item[1], item[2], _text(item[3]), _number(item[4]))
