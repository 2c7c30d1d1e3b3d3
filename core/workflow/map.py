"""A drawn map of a workflow: boxes and curves in a small integer space. Pure; no I/O."""

from __future__ import annotations

from typing import NamedTuple


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
