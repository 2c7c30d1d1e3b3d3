"""Steps by the author's own groups, for workflows too large for steps by what nodes do. Pure.

A node belongs to the smallest group that it stands in; a node inside a subgraph stands where its subgraph does. Groups
count where they hold most of what happens, and where no way leads out of one and back into it.
"""

from __future__ import annotations

from typing import NamedTuple

from ...workflow.types import Node
from ..graph import View
from .graph import MOST_ABOVE, Above, Group, StageGraph

_ENOUGH = 0.6  # of the steps' nodes that have to stand in groups
_LEAST, _MOST = 3, 40  # groups


class Box(NamedTuple):
    """A group on the canvas."""

    title: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """Its size, to tell inner from outer."""
        return (self.right - self.left) * (self.bottom - self.top)


def by_groups(view: View, graph: StageGraph) -> list[Group] | None:
    """One step per group of the author, and the ends; None where the groups do not tell the way."""
    boxes = sorted(_boxes(view), key=lambda box: box.area)
    if not _LEAST <= len(boxes) <= _MOST:
        return None
    staged = graph.staged()
    where: dict[str, Group] = {}
    made: dict[str, Group] = {}
    for node in staged:
        box = next((box for box in boxes if _inside(view, node, box)), None)
        if box is not None:
            where[node.id] = made.setdefault(box.title, Group("group", box.title))
            where[node.id].ids.append(node.id)
    if len(where) < _ENOUGH * len(staged) or len(made) < _LEAST:
        return None
    _link(graph, staged, where)
    groups = list(made.values())
    return None if _circle(groups) else groups


def _link(graph: StageGraph, staged: list[Node], where: dict[str, Group]) -> None:
    """Joins the groups, through nodes that stand in none."""
    above: dict[str, dict[Above, None]] = {}
    for node in staged:
        found = above[node.id] = {}
        for one in graph.above[node.id]:
            found.update({one: None} if one.node in where else above.get(one.node, {}))
        for one in list(found)[:MOST_ABOVE]:
            if node.id in where:
                where[one.node].link(where[node.id], one.kind)


def _boxes(view: View) -> list[Box]:
    found = []
    raw = view.workflow.root.raw.get("groups")
    for group in raw if isinstance(raw, list) else ():
        if not isinstance(group, dict):
            continue
        title, bounds = group.get("title"), _numbers(group.get("bounding"), 4)
        if isinstance(title, str) and title.strip() and bounds:
            left, top, width, height = bounds
            found.append(Box(title.strip(), left, top, left + width, top + height))
    return found


def _inside(view: View, node: Node, box: Box) -> bool:
    scope = view.workflow.scopes[node.scope]
    raw = node.raw
    while scope.parent >= 0:
        raw, scope = scope.host, view.workflow.scopes[scope.parent]
    place = raw.get("pos")
    if isinstance(place, dict):
        place = [place.get("0"), place.get("1")]
    at = _numbers(place, 2)
    return at is not None and box.left <= at[0] <= box.right and box.top <= at[1] <= box.bottom


def _numbers(value: object, count: int) -> list[float] | None:
    if not isinstance(value, list) or len(value) < count:
        return None
    found = [float(one) for one in value[:count] if isinstance(one, (int, float)) and abs(one) < 1e9]
    return found if len(found) == count else None


def _circle(groups: list[Group]) -> bool:
    """Whether a way leads out of a group and back."""
    rest = {id(group): len(group.before) for group in groups}
    row = [group for group in groups if not group.before]
    done = 0
    while row:
        group = row.pop()
        done += 1
        for after, _ in group.after.values():
            rest[id(after)] -= 1
            if not rest[id(after)]:
                row.append(after)
    return done < len(groups)
