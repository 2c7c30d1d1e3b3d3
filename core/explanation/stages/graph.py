"""The graph of steps: nodes with a key put together, everything else looked through. Pure.

Two nodes of one key become one step where no other step lies between them. So the graph of steps never has a circle,
whatever the graph of nodes has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ...workflow.types import Node
from ..graph import View
from ..kinds.evidence import aside

MOST_STAGES = 9
MOST_ABOVE = 48  # steps remembered above one node: enough for what is shown, and the work stays linear
_NUMBERS = frozenset({"INT", "FLOAT", "BOOLEAN", "COMBO", "NUMBER", "SIGMAS", "SAMPLER", "NOISE"})
_APART = frozenset({"sample", "service", "upscale"})  # one behind the other they are two steps …
_MEDIA = ("VIDEO", "IMAGE", "AUDIO", "MESH", "VOXEL", "LATENT")  # … where one hands such a thing to the next
_ASIDE = frozenset({"save", "show"})  # what such a node hands on is what came to it
_LINKS = (*_MEDIA, "CONDITIONING", "MASK", "MODEL", "STRING")


class Group:
    """One step while it is being put together.

    `ids`: the nodes it is made of; `folded`, `took`: nodes and keys of steps that became part of it; `dropped`: steps
    before it that were left out; `name`: its own title, where the author gave one; `after`: what it feeds, and how.
    """

    def __init__(self, key: str, name: str = "") -> None:
        self.key = key
        self.name = name
        self.ids: list[str] = []
        self.folded: list[str] = []
        self.took: set[str] = set()
        self.dropped: list[Group] = []
        self.after: dict[int, tuple[Group, str]] = {}
        self.before: dict[int, Group] = {}
        self.depth = 0

    @property
    def nodes(self) -> list[str]:
        """All its nodes."""
        return [*self.ids, *self.folded]

    def link(self, other: Group, kind: str) -> None:
        """Joins two groups; of several link types the one that says most is kept."""
        if other is self:
            return
        old = self.after.get(id(other))
        if old is None or worth(kind) < worth(old[1]):
            self.after[id(other)] = (other, kind)
        other.before[id(self)] = self

    def above(self) -> Counter[str]:
        """How many steps of each key lead to this one."""
        return Counter(group.key for group in self.all_above())

    def all_above(self) -> list[Group]:
        """Every step that leads to this one."""
        found: dict[int, Group] = {}
        row = list(self.before.values())
        while row:
            group = row.pop()
            if id(group) not in found:
                found[id(group)] = group
                row += group.before.values()
        return list(found.values())


class Above(NamedTuple):
    """A step's node above another node, and the type of the link that leaves it."""

    node: str
    kind: str


def worth(kind: str) -> int:
    """The lower, the more a link says of what happens."""
    return _LINKS.index(kind) if kind in _LINKS else len(_LINKS)


class StageGraph:
    """The nodes that lead to an end, in the order of the data, with the steps' nodes above each."""

    def __init__(self, view: View, keys: Mapping[str, str], ends: Collection[str]) -> None:
        self.view = view
        self.keys = keys
        self.above: dict[str, tuple[Above, ...]] = {}
        self.used = self._used([node for node in view.nodes if node.id in ends] or view.nodes)
        for node in view.order():
            if node.id in self.used:
                self.above[node.id] = self._above(node)

    def _used(self, starts: Iterable[Node]) -> set[str]:
        row = list(starts)
        found: set[str] = set()
        while row:
            node = row.pop()
            if node.id not in found:
                found.add(node.id)
                row += [feed.node for feed in self.view.feeds(node).values()]
        return found

    def _above(self, node: Node) -> tuple[Above, ...]:
        found: dict[Above, None] = {}
        for name, feed in self.view.feeds(node).items():
            kind = self.view.kind(node, name).split(",")[0]
            if kind in _NUMBERS or (name in aside(node) and kind not in ("AUDIO", "VHS_AUDIO")):
                continue
            if self.keys.get(feed.node.id, "save") not in _ASIDE:
                found[Above(feed.node.id, kind)] = None
            else:
                found.update(dict.fromkeys(self.above.get(feed.node.id, ())))
        return tuple(found)[:MOST_ABOVE]

    def staged(self) -> list[Node]:
        """The nodes of steps, in the order of the data."""
        return [node for node in self.view.order() if node.id in self.used and node.id in self.keys]

    def groups(self) -> list[Group]:
        """One group per key and depth, in the order of the data."""
        rank: dict[str, int] = {}
        found: dict[tuple[str, int], Group] = {}
        where: dict[str, Group] = {}
        for node in self.staged():
            key = self.keys[node.id]
            above = [one for one in self.above[node.id] if one.node in rank]
            rank[node.id] = max((rank[one.node] + self._further(key, one) for one in above), default=0)
            group = where[node.id] = found.setdefault((key, rank[node.id]), Group(key))
            group.ids.append(node.id)
            for one in above:
                where[one.node].link(group, one.kind)
        return list(found.values())

    def _further(self, key: str, one: Above) -> bool:
        """Whether a node is a step further than the one above it."""
        return self.keys[one.node] != key or (key in _APART and one.kind in _MEDIA)


def apart(first: Group, second: Group) -> bool:
    """Whether two groups of one key are a step and the next."""
    if first.key not in _APART:
        return False
    links = (first.after.get(id(second)), second.after.get(id(first)))
    return any(link is not None and link[1] in _MEDIA for link in links)
