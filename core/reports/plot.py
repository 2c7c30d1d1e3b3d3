"""The history plot as plain shapes in a 1000 × 100 space, and what it says in words. Pure.

The page stretches the shapes to any width; labels and rings are placed in percent, so that they keep
their size on a phone.
"""

from __future__ import annotations

from typing import Any

from . import words
from .types import Point

WIDTH, HEIGHT = 1000.0, 100.0
_DAY = 86_400.0
_MOST_RINGS = 6


def plot(points: tuple[Point, ...]) -> dict[str, Any] | None:
    """Paths, ticks, rings and the sentence for the history card; None with fewer than two scans."""
    if len(points) < 2:
        return None
    first, last = points[0], points[-1]
    span = max(last.when - first.when, 1.0)
    step, top = _scale(max(max(p.total, p.runnable) for p in points))

    def place(when: float, count: int) -> tuple[float, float]:
        return (when - first.when) / span * WIDTH, HEIGHT - count / top * HEIGHT

    line = _path([place(p.when, p.runnable) for p in points])
    rings = [_ring(point, place) for point in points if point.broke][-_MOST_RINGS:]
    for number, ring in enumerate(rings, 1):
        ring["number"] = number
    return {
        "line": line,
        "area": f"{line}L{WIDTH:g} {HEIGHT:g}L0 {HEIGHT:g}z",
        "total": _path([place(p.when, p.total) for p in points]) if _differs(points) else "",
        "grid": [(count, _percent(place(0, count)[1], HEIGHT)) for count in range(0, top + 1, step)],
        "ticks": _ticks(first.when, last.when),
        "rings": rings,
        "now": last,
        "now_y": _percent(place(0, last.runnable)[1], HEIGHT),
        "total_y": _percent(place(0, last.total)[1], HEIGHT),
        "room_below": last.runnable / top > 0.3,
        "apart": (last.total - last.runnable) / top > 0.16,
        "span": _span_words(span),
        "sentence": _sentence(points),
    }


def trend(points: tuple[Point, ...], now: float) -> str:
    """ "9 fewer than a week ago; 7 broke on Tue 17 Nov."; "" when there is nothing to compare with."""
    if not points:
        return ""
    parts = []
    week_ago = [p for p in points if 6.5 * _DAY <= now - p.when <= 15 * _DAY]
    if week_ago:
        change = points[-1].runnable - week_ago[-1].runnable
        parts.append(
            f"{abs(change)} {'more' if change > 0 else 'fewer'} than a week ago" if change else "As a week ago"
        )
    broke = [p for p in points if p.broke and now - p.when <= 7 * _DAY]
    if broke:
        parts.append(f"{broke[-1].broke} broke on {words.weekday(broke[-1].when)}")
    return "; ".join(parts) + "." if parts else ""


def _scale(most: int) -> tuple[int, int]:
    """A round step and the top of the axis: three to five lines."""
    step = 1
    for candidate in (c * 10**power for power in range(7) for c in (1, 2, 4, 5)):
        step = candidate
        if most <= 4 * step:
            break
    return step, max(step * -(-most // step), step)


def _path(places: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _percent(value: float, whole: float) -> str:
    return f"{100 * value / whole:.2f}%"


def _ring(point: Point, place: Any) -> dict[str, Any]:
    x, y = place(point.when, point.runnable)
    return {
        "x": _percent(x, WIDTH),
        "y": _percent(y, HEIGHT),
        "date": words.weekday(point.when),
        "broke": point.broke,
        "why": words.visible(point.why),
    }


def _differs(points: tuple[Point, ...]) -> bool:
    return any(p.total != p.runnable for p in points)


def _ticks(first: float, last: float) -> list[str]:
    """Four dates along the axis; clock times when all scans are of one or two days."""
    moments = [first + (last - first) * n / 3 for n in range(4)]
    if last - first < 2 * _DAY:
        stamps = [words.moment(moment) for moment in moments]
        return [f"{stamp:%H:%M}" if stamp else "" for stamp in stamps]
    return [words.date(moment) for moment in moments[:3]] + [words.date(last)]


def _span_words(span: float) -> str:
    days = round(span / _DAY)
    if days <= 1:
        return "The last day" if span > _DAY / 2 else "The last hours"
    if days < 14:
        return f"The last {days} days"
    return f"The last {round(days / 7)} weeks" if days < 90 else f"The last {round(days / 30)} months"


def _sentence(points: tuple[Point, ...]) -> str:
    first, last = points[0], points[-1]
    parts = [f"Runnable workflows: {first.runnable} of {first.total} on {words.weekday(first.when)}"]
    parts += [
        f"{words.plural(p.broke, 'workflow')} broke on {words.weekday(p.when)}{f', {p.why}' if p.why else ''}"
        for p in [p for p in points if p.broke][-_MOST_RINGS:]
    ]
    parts.append(f"{last.runnable} of {last.total} on {words.weekday(last.when)}")
    return words.visible("; ".join(parts) + ".")
