"""The steps as dots from left to right, with links in the colours of their types. Pure.

Steps that start late stand just before what they feed, and dots of one column lie above each other. The panel draws a
link as a curve that leaves and arrives level; the order within the columns is chosen so that no curve runs through a
dot and few cross. A label stands above or below its dot, where it touches no other one, and is shortened if need be.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from ..graph import View
from ..types import Anatomy, Dot, Drawing
from .build import StageStep, stages

WIDTH = 288  # px: the panel at its narrowest
RADIUS = 11
LETTER = 6.2  # width of a letter of the labels, at their 11 px
MOST_LETTERS = 12
LINE = 13  # height that a label takes
LABEL = 23  # from the middle of a dot to that of its label
_MARGIN, _ROW = 26, 46
_WIDEST = 104  # between two columns
_SIDE = 30  # room for the labels above the first and below the last row
_NEAR = 0.4  # rows: a curve that near runs through a dot
_SWEEPS = 3
_MOST_TRIED = 4  # dots of one column whose every order is tried

Place = tuple[float, float]


def drawing(anatomy: Anatomy, view: View) -> Drawing:
    """The drawn overview, `WIDTH` units wide. Without any step it has no dots."""
    return draw(stages(anatomy, view))


def draw(steps: Sequence[StageStep], loaders: Sequence[tuple[str, ...]] = ()) -> Drawing:
    """The drawing of these steps. `loaders`: by step, the nodes that load its models."""
    if not steps:
        return Drawing(WIDTH, 0, (), ())
    place = {step.number: at for at, step in enumerate(steps)}
    links = [(place[one.number], place[to], kind) for one in steps for to, kind in one.feeds if to in place]
    columns = _columns(len(steps), links)
    rows = _rows(columns, links)
    xs = _spread(columns)
    low = min(rows)
    points = [(xs[column], _SIDE + (row - low) * _ROW) for column, row in zip(columns, rows, strict=True)]
    labels, above = _labels([_short(step.label, MOST_LETTERS) for step in steps], points, columns)
    dots = tuple(
        Dot(step.number, *points[at], labels[at], step.key, step.nodes, above[at], loaders[at] if loaders else ())
        for at, step in enumerate(steps)
    )
    height = max(y for _, y in points) + _SIDE
    return Drawing(WIDTH, height, dots, tuple(links))


def _columns(count: int, links: Sequence[tuple[int, int, str]]) -> list[int]:
    """The column of each step: as far right as what it feeds allows, ends in the last one."""
    depth = [0] * count
    for start, end, _ in sorted(links):
        depth[end] = max(depth[end], depth[start] + 1)
    last = max(depth)
    fed = {end for _, end, _ in links}
    columns = list(depth)
    for at in reversed(range(count)):
        after = [columns[end] for start, end, _ in links if start == at]
        if after and at not in fed:
            columns[at] = min(after) - 1
        elif not after and at in fed:
            columns[at] = last
    return columns


def _spread(columns: Sequence[int]) -> list[int]:
    """Where each column stands."""
    last = max(columns)
    if last == 0:
        return [WIDTH // 2]
    gap = min((WIDTH - 2 * _MARGIN) / last, _WIDEST)
    start = (WIDTH - gap * last) / 2
    return [round(start + gap * column) for column in range(last + 1)]


# ---- rows --------------------------------------------------------------------------------------------------


def _rows(columns: Sequence[int], links: Sequence[tuple[int, int, str]]) -> list[int]:
    """The row of each step. Orders within a column are tried, the best of a few sweeps stays."""
    count = max(columns) + 1
    members = [[at for at, own in enumerate(columns) if own == column] for column in range(count)]
    most = max(len(own) for own in members)
    rows = [0] * len(columns)
    for own in members:
        for at, row in zip(own, _slots(len(own)), strict=True):
            rows[at] = row
    for _ in range(_SWEEPS):
        for own in members:
            _settle(own, most, columns, rows, links)
    return rows


def _slots(count: int) -> list[int]:
    return [place - count // 2 for place in range(count)]


def _settle(
    own: Sequence[int], most: int, columns: Sequence[int], rows: list[int], links: Sequence[tuple[int, int, str]]
) -> None:
    """The best rows for the dots of one column while all others stay."""
    shifts = range(-most, most + 1)
    orders = list(permutations(own)) if len(own) <= _MOST_TRIED else [tuple(own)]
    best: tuple[float, list[int]] | None = None
    for order in orders:
        for shift in shifts:
            for at, row in zip(order, _slots(len(own)), strict=True):
                rows[at] = row + shift
            cost = _cost(columns, rows, links)
            if best is None or cost < best[0]:
                best = (cost, list(rows))
    if best is not None:
        rows[:] = best[1]


def _cost(columns: Sequence[int], rows: Sequence[int], links: Sequence[tuple[int, int, str]]) -> float:
    """Curves through dots weigh most, then crossings, then height, then bends."""
    cost = 3.0 * (max(rows) - min(rows))
    for start, end, _ in links:
        cost += abs(rows[start] - rows[end])
        for at, column in enumerate(columns):
            if columns[start] < column < columns[end]:
                part = (column - columns[start]) / (columns[end] - columns[start])
                cost += 50.0 * (abs(_curve(rows[start], rows[end], part) - rows[at]) < _NEAR)
    for first, (a, b, _) in enumerate(links):
        for c, d, _ in links[first + 1 :]:
            if columns[a] == columns[c] and columns[b] == columns[d]:
                cost += 8.0 * ((rows[a] - rows[c]) * (rows[b] - rows[d]) < 0)
    return cost


def _curve(start: float, end: float, part: float) -> float:
    """Height of a curve that leaves and arrives level."""
    return start + (end - start) * part * part * (3 - 2 * part)


# ---- labels ------------------------------------------------------------------------------------------------


def _labels(words: Sequence[str], points: Sequence[Place], columns: Sequence[int]) -> tuple[list[str], list[bool]]:
    """The labels as far as they fit, and whether each stands above its dot."""
    middle = (min(y for _, y in points) + max(y for _, y in points)) / 2
    labels, above = [], []
    taken: list[tuple[float, float, float]] = []  # left, right, height
    for at in sorted(range(len(words)), key=lambda at: points[at]):
        x, y = points[at]
        word = words[at]
        first = y < middle if y != middle else columns[at] % 2 == 0
        side, room = max(((up, _room(x, y, up, taken, points)) for up in (first, not first)), key=lambda one: one[1])
        if _room(x, y, first, taken, points) >= len(word) * LETTER / 2:
            side, room = first, _room(x, y, first, taken, points)
        word = _short(word, int(2 * room / LETTER))
        half = len(word) * LETTER / 2
        taken.append((x - half, x + half, _height(y, side)))
        labels.append((at, word))
        above.append((at, side))
    return [word for _, word in sorted(labels)], [side for _, side in sorted(above)]


def _short(word: str, letters: int) -> str:
    """As much of a word as fits; "" where that would be a single letter."""
    if len(word) <= letters:
        return word
    return word[: letters - 1].rstrip() + "…" if letters > 2 else ""


def _height(y: float, above: bool) -> float:
    return y - LABEL if above else y + LABEL


def _room(
    x: float, y: float, above: bool, taken: Sequence[tuple[float, float, float]], points: Sequence[Place]
) -> float:
    """Half the width that a label can have here."""
    height = _height(y, above)
    room = min(x, WIDTH - x)
    for left, right, other in taken:
        if abs(other - height) < LINE:
            room = min(room, x - right - 3 if left < x else left - x - 3)
    for px, py in points:
        if (px, py) != (x, y) and abs(py - height) < RADIUS + LINE / 2:
            room = min(room, abs(px - x) - RADIUS - 2)
    return max(room, 0.0)
