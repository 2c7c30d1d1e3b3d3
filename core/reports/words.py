"""The words of the reports: sizes, times, counts, distances, names. One place, so that all reports speak alike.

Pure: the time zone is this machine's, but the moment is always given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..files import visible as visible  # every report shows names through this module
from ..readiness.types import BLOCKED, NEEDS_INPUT, RUNNABLE, UNKNOWN, UNREADABLE, Distance, Readiness
from .types import Change

ORDER = (BLOCKED, RUNNABLE, NEEDS_INPUT, UNKNOWN, UNREADABLE)  # the order people see, everywhere
LABEL = {
    BLOCKED: "Blocked",
    RUNNABLE: "Runnable",
    NEEDS_INPUT: "Needs input",
    UNKNOWN: "Unknown",
    UNREADABLE: "Unreadable",
}
MEANING = {
    BLOCKED: "parts missing",
    RUNNABLE: "",
    NEEDS_INPUT: "your own files",
    UNKNOWN: "cannot tell yet",
    UNREADABLE: "broken files",
}
GOOD = frozenset({RUNNABLE, NEEDS_INPUT})
BAD = frozenset({BLOCKED, UNREADABLE})

CORE = "comfy-core"  # the pack name of ComfyUI's own nodes

_UNITS = ("kB", "MB", "GB", "TB", "PB")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def size(count: int) -> str:
    """Bytes in decimal units: "6.7 GB", "254 MB", "12 kB". One decimal from a gigabyte on, none below."""
    value = float(max(count, 0))
    if value < 1000:
        return plural(int(value), "byte")
    for unit in _UNITS:
        value /= 1000
        decimals = 0 if unit in ("kB", "MB") else 1
        if round(value, decimals) < 1000 or unit == _UNITS[-1]:
            break
    return f"{value:.{decimals}f} {unit}"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 file", "2 files", "1,284 files"; `many` where an s is not enough."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def moment(when: float | None) -> datetime | None:
    """Seconds since the epoch as local time; None for what no calendar holds (a damaged file may say anything)."""
    try:
        return None if when is None else datetime.fromtimestamp(when)
    except (OverflowError, OSError, ValueError):
        return None


def date(when: float | None, *, year: bool = False, clock: bool = False) -> str:
    """ "17 Nov", with `year` "Sun 22 Nov 2026", with `clock` also ", 16:40"; "" when not known."""
    found = moment(when)
    if found is None:
        return ""
    text = f"{found.day} {_MONTHS[found.month - 1]}"
    if year:
        text = f"{_DAYS[found.weekday()]} {text} {found.year}"
    return f"{text}, {found:%H:%M}" if clock else text


def weekday(when: float | None) -> str:
    """ "Tue 17 Nov"; "" when not known."""
    found = moment(when)
    return f"{_DAYS[found.weekday()]} {date(when)}" if found else ""


def ago(when: float | None, now: float) -> str:
    """How long before `now`: "just now", "12 min ago", "3 h ago", "Tue" within a week, "17 Nov", "17 Nov 2024"."""
    found, today = moment(when), moment(now)
    if found is None or today is None or when is None:
        return ""
    seconds = now - when
    if 0 <= seconds < 60:
        return "just now"
    if 0 <= seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if 0 <= seconds < 12 * 3600:
        return f"{int(seconds // 3600)} h ago"
    if 0 <= (today.date() - found.date()).days < 7:
        return _DAYS[found.weekday()]
    return date(when) + (f" {found.year}" if found.year != today.year else "")


def span(seconds: float) -> str:
    """A length of time: "less than a minute", "12 min", "3 h", "4 days"."""
    if not seconds >= 60:  # what is not a number too
        return "less than a minute"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    return f"{int(seconds // 3600)} h" if seconds < 48 * 3600 else plural(int(min(seconds, 1e15) // 86_400), "day")


def distance(away: Distance, *, update: bool = False) -> str:
    """How far from runnable: "2 files · 6.8 GB · 1 pack", "0 downloads, 1 fix", "2 files, size not known".

    `update`: one of the packs is ComfyUI itself.
    """
    parts = []
    if away.files:
        files = plural(away.files, "file")
        if away.unsized >= away.files or not away.bytes:
            parts.append(f"{files}, size not known")
        else:
            parts += [files, f"{'over ' if away.unsized else ''}{size(away.bytes)}"]
    if away.packs - update > 0:
        parts.append(plural(away.packs - update, "pack"))
    if away.types:
        parts.append(plural(away.types, "node type"))
    if update:
        parts.append("update ComfyUI")
    if away.other:
        parts.append(plural(away.other, "edit"))
    if away.local:
        fix = plural(away.local, "fix", "fixes")
        parts.append(fix if parts else f"0 downloads, {fix}")
    if away.inputs:
        parts.append(plural(away.inputs, "file of yours", "files of yours"))
    return " · ".join(parts)


def verdict(readiness: Readiness) -> str:
    """The first line about one workflow: "Blocked: 2 files and 1 node pack away"."""
    away = readiness.distance
    if readiness.status == RUNNABLE:
        return "Runnable"
    if readiness.status == BLOCKED:
        things = [plural(away.files, "file")] if away.files else []
        update = needs_update(readiness)
        things += [plural(away.packs - update, "node pack")] if away.packs - update > 0 else []
        things += [plural(away.types, "node type")] if away.types else []
        things += ["an update of ComfyUI"] if update else []
        things += [plural(away.other, "edit")] if away.other else []
        things += [plural(away.local, "fix", "fixes") + " on this disk"] if away.local else []
        return f"Blocked: {listed(things)} away" if things else "Blocked"
    if readiness.status == NEEDS_INPUT:
        count = away.inputs or sum(f.weight == NEEDS_INPUT for f in readiness.findings)
        return f"Needs input: {plural(count, 'file')} of your own to choose" if count else "Needs input"
    reason = first_reason(readiness)
    label = LABEL.get(readiness.status, readiness.status)
    return f"{label}: {reason[:1].lower()}{reason[1:]}" if reason else label


def needs_update(readiness: Readiness) -> bool:
    """Whether one of the packs it needs is ComfyUI itself, in a newer version."""
    return any(f.pack == CORE and f.weight == BLOCKED for f in readiness.findings) and readiness.distance.packs > 0


def first_reason(readiness: Readiness) -> str:
    """The message of the first finding that carries the verdict, without its full stop."""
    for finding in readiness.findings:
        if finding.weight == readiness.status:
            return finding.message.rstrip(". ")
    return ""


def short(readiness: Readiness) -> str:
    """What stands in the distance column of a list."""
    if readiness.status == UNREADABLE:
        return first_reason(readiness)
    if readiness.status == UNKNOWN:
        return _untold(readiness)
    return distance(readiness.distance, update=needs_update(readiness))


def _untold(readiness: Readiness) -> str:
    """ "cannot tell: 2 models, 1 node type"."""
    codes = [finding.code for finding in readiness.findings if finding.weight == UNKNOWN]
    models, types = sum(c.startswith("MODEL") for c in codes), sum(c.startswith("NODE") for c in codes)
    parts = [plural(models, "model")] if models else []
    parts += [plural(types, "node type")] if types else []
    other = len(codes) - models - types
    parts += [plural(other, "file of yours", "files of yours")] if other else []
    return f"cannot tell: {', '.join(parts)}" if parts else ""


def nearness(readiness: Readiness) -> tuple[int, ...]:
    """Sorts workflows by what is left to do: blocked ones nearest first, then those nobody can help from here."""
    rank = {BLOCKED: 0, UNKNOWN: 1, NEEDS_INPUT: 2, RUNNABLE: 3, UNREADABLE: 4}.get(readiness.status, 5)
    away = readiness.distance
    things = away.files + 2 * (away.packs + away.types) + away.other
    return rank, things, away.unsized, away.bytes, away.local, away.inputs


def changed(change: Change | None, now: float) -> tuple[str, str]:
    """A change as a small label and its tone: ("broke Tue", "bad"), ("runs again", "good"), ("", "")."""
    if change is None:
        return "", ""
    when = ago(change.when, now)
    if change.after in BAD and change.before not in BAD and change.last_good is not None:
        return f"broke {when}".strip(), "bad"
    if change.after in GOOD and change.before not in GOOD:
        return f"runs again {when}".strip(), "good"
    return f"changed {when}".strip(), ""


def story(change: Change | None) -> str:
    """A change as sentences: "Last runnable Sat 14 Nov. Blocked since Tue 17 Nov: umt5_xxl.safetensors missing."."""
    if change is None:
        return ""
    parts = []
    if change.last_good is not None and change.after not in GOOD:
        parts.append(f"Last runnable {weekday(change.last_good)}.")
    why = change.why.strip().rstrip(".")
    since = f"{LABEL.get(change.after, change.after)} since {weekday(change.when)}"
    parts.append(f"{since}: {why}." if why else f"{since}.")
    return " ".join(parts)


def pack(name: str | None) -> str:
    """A node pack's name as people know it; ComfyUI's own nodes carry a pack name too."""
    return "ComfyUI itself" if name == CORE else name or ""


def title(name: str) -> tuple[str, str]:
    """A workflow's path as name and folder: "video/wan/i2v.json" is ("i2v", "video/wan")."""
    folder, _, last = name.rpartition("/")
    base, hash_sign, number = last.rpartition("#")
    stem, tail = (base, hash_sign + number) if hash_sign and number.isdigit() else (last, "")
    if stem.lower().endswith(".json") and len(stem) > 5:
        stem = stem[:-5]
    return stem + tail, folder


def counts(statuses: Iterable[str]) -> dict[str, int]:
    """How many of each status, every status present, in the order people see."""
    found = dict.fromkeys(ORDER, 0)
    for status in statuses:
        found[status] = found.get(status, 0) + 1
    return found
