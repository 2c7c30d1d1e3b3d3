"""A drawn map of a workflow: boxes and curves in a small integer space. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from .raw import Json
from .types import Node, Scope, Workflow


class Box(NamedTuple):
    """One node: place and size in map units, its flat id, and what it is."""

    x: int
    y: int
    w: int
    h: int
    id: str
    label: str
    kind: str  # "node", "group" (a subgraph instance), "note" or "off" (muted, bypassed)


class GraphMap(NamedTuple):
    """One graph level fitted into `width` × `height` map units. `links` are pairs of indices into `boxes`.

    `title` is "" for the root, else the subgraph's name. `outside` counts marked nodes on other levels.
    `more` counts boxes left out because the graph is too large to draw.
    """

    title: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    links: tuple[tuple[int, int], ...]
    marked: frozenset[int]  # indices of boxes with a missing thing
    outside: int = 0
    more: int = 0


MAX_BOXES, MAX_LINKS = 160, 320
_WIDTH, _HEIGHT = 480, 240  # map units: twice the largest drawn thumbnail, so whole numbers are fine enough
_MARGIN = 8


def graph_map(workflow: Workflow, marked: Collection[str]) -> GraphMap:
    """The level that shows most of the marked nodes (flat ids), else the root.

    An instance counts as marked when a node inside it is. API graphs hold no places: their nodes are laid
    out in columns by their distance from the inputs.
    """
    owners = _owners(workflow, marked)
    scope = _level(workflow, owners)
    inside = owners.get(scope.prefix, {})
    raws = _members(scope)
    places = _places(raws) if scope.kind not in ("api", "group") else _columns(scope, [own for own, _ in raws])
    if not places:
        return GraphMap(scope.name, _WIDTH, _HEIGHT, (), (), frozenset(), len(marked))
    keep = sorted(places, key=lambda own: own not in inside)[:MAX_BOXES]
    boxes = _fit(scope, {own: places[own] for own in keep}, dict(raws))
    index = {own: at for at, own in enumerate(keep)}
    links = {
        (index[link.origin], index[link.target])
        for link in scope.links.values()
        if link.origin in index and link.target in index and link.origin != link.target
    }
    return GraphMap(
        scope.name,
        _WIDTH,
        _HEIGHT,
        tuple(boxes),
        tuple(sorted(links))[:MAX_LINKS],
        frozenset(index[own] for own in inside if own in index),
        len(marked) - sum(inside.values()),
        len(places) - len(keep),
    )


def _owners(workflow: Workflow, marked: Collection[str]) -> dict[str, dict[str, int]]:
    """Scope prefix → raw id at that level → how many marked nodes it is or holds."""
    owners: dict[str, dict[str, int]] = {}
    if workflow.format == "api":
        return {"": dict.fromkeys(marked, 1)}
    for flat in marked:
        parts = flat.split(":")
        for depth, own in enumerate(parts):
            level = owners.setdefault("".join(f"{part}:" for part in parts[:depth]), {})
            level[own] = level.get(own, 0) + 1
    return owners


def _level(workflow: Workflow, owners: dict[str, dict[str, int]]) -> Scope:
    """The innermost level that still holds more marked boxes than the one around it."""
    best = workflow.root
    count = len(owners.get("", {}))
    for scope in workflow.scopes[1:]:
        here = len(owners.get(scope.prefix, {}))
        if here > count:
            best, count = scope, here
    if best is workflow.root and count == 1 and len(workflow.root.nodes) <= 4:
        only = next(iter(owners.get("", {})))
        inner = workflow.root.nodes.get(only)
        if isinstance(inner, Scope):  # everything happens inside the one subgraph: draw that
            return inner
    return best


def _members(scope: Scope) -> list[tuple[str, dict[str, Json]]]:
    return [(own, one.host if isinstance(one, Scope) else one.raw) for own, one in scope.nodes.items()]


def _places(raws: list[tuple[str, dict[str, Json]]]) -> dict[str, tuple[float, float, float, float]]:
    """x, y, w, h of every node that has a usable place. Places are lists or objects with the keys "0" and "1"."""
    found = {}
    for own, raw in raws:
        pos, size = _pair(raw.get("pos")), _pair(raw.get("size"))
        if pos is not None:
            w, h = size or (200.0, 80.0)
            found[own] = (pos[0], pos[1], min(max(w, 20.0), 4000.0), min(max(h, 20.0), 4000.0))
    return found


def _pair(value: Json) -> tuple[float, float] | None:
    parts = [value.get("0"), value.get("1")] if isinstance(value, dict) else value
    if not isinstance(parts, list) or len(parts) < 2:
        return None
    x, y = parts[0], parts[1]
    if type(x) not in (int, float) or type(y) not in (int, float) or not (abs(x) < 1e7 and abs(y) < 1e7):
        return None
    return float(x), float(y)


def _columns(scope: Scope, ids: list[str]) -> dict[str, tuple[float, float, float, float]]:
    """A simple layered layout for graphs without places."""
    feeds: dict[str, list[str]] = {own: [] for own in ids}
    for link in scope.links.values():
        if link.target in feeds and link.origin in feeds:
            feeds[link.target].append(link.origin)
    depth: dict[str, int] = dict.fromkeys(ids, 0)
    for _ in range(min(len(ids), 40)):  # relaxation: bounded, so a loop in a damaged graph ends too
        changed = False
        for own, origins in feeds.items():
            wanted = min(max((depth[origin] + 1 for origin in origins), default=0), 40)
            if wanted > depth[own]:
                depth[own], changed = wanted, True
        if not changed:
            break
    rows: dict[int, int] = {}
    places = {}
    for own in ids:
        column = depth[own]
        row = rows[column] = rows.get(column, -1) + 1
        places[own] = (column * 260.0, row * 130.0, 200.0, 90.0)
    return places


def _fit(
    scope: Scope, places: dict[str, tuple[float, float, float, float]], raws: dict[str, dict[str, Json]]
) -> list[Box]:
    left = min(x for x, _, _, _ in places.values())
    top = min(y for _, y, _, _ in places.values())
    right = max(x + w for x, _, w, _ in places.values())
    bottom = max(y + h for _, y, _, h in places.values())
    scale = min((_WIDTH - 2 * _MARGIN) / max(right - left, 1.0), (_HEIGHT - 2 * _MARGIN) / max(bottom - top, 1.0), 0.4)
    dx = (_WIDTH - (right - left) * scale) / 2
    dy = (_HEIGHT - (bottom - top) * scale) / 2
    boxes = []
    for own, (x, y, w, h) in places.items():
        one = scope.nodes[own]
        label, kind = _look(one, raws[own])
        place = (round(dx + (x - left) * scale), round(dy + (y - top) * scale))
        boxes.append(Box(*place, max(round(w * scale), 3), max(round(h * scale), 3), scope.prefix + own, label, kind))
    return boxes


def _look(one: Node | Scope, raw: dict[str, Json]) -> tuple[str, str]:
    if isinstance(one, Scope):
        return one.name[:60], "off" if one.mode else "group"
    if one.mode:
        return one.title[:60], "off"
    return one.title[:60], "note" if one.class_type in ("Note", "MarkdownNote") else "node"
