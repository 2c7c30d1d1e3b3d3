"""The graph of steps: nodes with a key put together, everything else looked through. Pure.

Two nodes of one key become one step where no other step lies between them. So the graph of steps never has a circle,
whatever the graph of nodes has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ..workflow.types import Node
from .graph import View
from .kind_evidence import aside

MOST_STAGES = 9
_MOST_ABOVE = 48  # steps remembered above one node: enough for what is shown, and the work stays linear
_NUMBERS = frozenset({"INT", "FLOAT", "BOOLEAN", "COMBO", "NUMBER", "SIGMAS", "SAMPLER", "NOISE"})
_APART = frozenset({"sample", "service", "upscale"})  # one behind the other they are two steps
_LINKS = ("VIDEO", "IMAGE", "AUDIO", "MESH", "LATENT", "CONDITIONING", "MASK", "MODEL", "STRING")


class Group:
    """One step while it is being put together. `after`: what it feeds, and the link's type; `took`: keys folded in."""

    def __init__(self, key: str, ids: Iterable[str]) -> None:
        self.key = key
        self.ids = list(ids)  # the nodes it is made of
        self.folded: list[str] = []  # nodes of steps that were folded in
        self.took: set[str] = set()
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
        if old is None or _worth(kind) < _worth(old[1]):
            self.after[id(other)] = (other, kind)
        other.before[id(self)] = self


class Above(NamedTuple):
    """A step's node above another node, and the type of the link that leaves it."""

    node: str
    kind: str


def _worth(kind: str) -> int:
    return _LINKS.index(kind) if kind in _LINKS else len(_LINKS)


class StageGraph:
    """The nodes that lead to an output, in the order of the data, with the steps' nodes above each."""

    def __init__(self, view: View, keys: Mapping[str, str], outputs: Collection[str]) -> None:
        self.view = view
        self.keys = keys
        self.above: dict[str, tuple[Above, ...]] = {}
        self.used = self._used([node for node in view.nodes if node.id in outputs] or view.nodes)
        for node in view.order():
            if node.id in self.used:
                self.above[node.id] = self._above(node)

    def _used(self, starts: Iterable[Node]) -> set[str]:
        row, found = list(starts), set()
        while row:
            node = row.pop()
            if node.id not in found:
                found.add(node.id)
                row += [feed.node for feed in self.view.feeds(node).values()]
        return found

    def _above(self, node: Node) -> tuple[Above, ...]:
        found: dict[Above, None] = {}
        for name, feed in self.view.feeds(node).items():
            kinds = self.view.outputs(feed.node)
            kind = kinds[feed.slot] if feed.slot < len(kinds) else ""
            if kind in _NUMBERS or name in aside(node):
                continue
            if feed.node.id in self.keys:
                found[Above(feed.node.id, kind)] = None
            else:
                found.update(dict.fromkeys(self.above.get(feed.node.id, ())))
        return tuple(found)[:_MOST_ABOVE]

    def groups(self) -> list[Group]:
        """One group per key and depth, in the order of the data."""
        rank: dict[str, int] = {}
        found: dict[tuple[str, int], Group] = {}
        where: dict[str, Group] = {}
        for node in self.view.order():
            key = self.keys.get(node.id)
            if key is None or node.id not in self.used:
                continue
            above = [one for one in self.above[node.id] if one.node in rank]
            same = key not in _APART
            rank[node.id] = max(
                (rank[one.node] + (0 if same and self.keys[one.node] == key else 1) for one in above), default=0
            )
            group = found.setdefault((key, rank[node.id]), Group(key, ()))
            group.ids.append(node.id)
            where[node.id] = group
            for one in above:
                where[one.node].link(group, one.kind)
        return list(found.values())


# ---- fewer and fewer steps ---------------------------------------------------------------------------------


def merged(groups: list[Group]) -> list[Group]:
    """Groups of one key put together where no way leads from one to the other through a third."""
    done: list[Group] = []
    for group in ordered(groups):
        twin = next((one for one in done if one.key == group.key and _may_join(one, group)), None)
        if twin is None:
            done.append(group)
        else:
            _join(twin, group)
    return ordered(done)


def joined(groups: list[Group]) -> list[Group]:
    """A step that only makes ready for the next, or only hands over to the one that saves, becomes part of it."""
    for group in list(groups):
        if group.key in ("decode", "video") and _only(group, ("save", "show", "video")):
            _fold(groups, group, next(iter(group.after.values()))[0])
        elif group.key == "prepare" and len(group.before) == 1:
            (before,) = group.before.values()
            if before.key in ("picture", "video_in", "decode", "service"):
                _fold(groups, group, before)
    return ordered(groups)


def limited(groups: list[Group], weakness: Mapping[str, int]) -> list[Group]:
    """At most `MOST_STAGES`: the weakest are looked through first, then what lies deepest inside."""
    rest = sorted((one for one in groups if one.key in weakness), key=lambda one: weakness[one.key])
    for group in rest:
        if len(groups) <= MOST_STAGES:
            break
        _drop(groups, group)
    while len(groups) > MOST_STAGES:
        inner = [one for one in groups if one.before and one.after] or groups
        _drop(groups, min(inner, key=lambda one: len(one.nodes)))
    return ordered(groups)


def ordered(groups: list[Group]) -> list[Group]:
    """By depth, each behind all that feed it; sets the depth."""
    rest = {id(group): len(group.before) for group in groups}
    for group in groups:
        group.depth = 0
    row = [group for group in groups if not rest[id(group)]]
    done: list[Group] = []
    while row:
        group = row.pop(0)
        done.append(group)
        for after, _ in group.after.values():
            after.depth = max(after.depth, group.depth + 1)
            rest[id(after)] -= 1
            if not rest[id(after)]:
                row.append(after)
    return sorted(done, key=lambda group: group.depth)


def _may_join(first: Group, second: Group) -> bool:
    if first.key in _APART and (id(second) in first.after or id(first) in second.after):
        return False
    return not (_leads(first, second) or _leads(second, first))


def _leads(first: Group, second: Group) -> bool:
    """Whether a way leads from one to the other through a third."""
    row = [after for after, _ in first.after.values() if after is not second]
    seen = set()
    while row:
        group = row.pop()
        if group is second:
            return True
        if id(group) not in seen:
            seen.add(id(group))
            row += [after for after, _ in group.after.values()]
    return False


def _join(twin: Group, group: Group) -> None:
    twin.ids += group.ids
    twin.folded += group.folded
    twin.took |= group.took
    _rewire(group, twin, twin)


def _fold(groups: list[Group], group: Group, into: Group) -> None:
    if _leads(group, into) or _leads(into, group):
        return
    groups.remove(group)
    into.folded += group.nodes
    into.took |= {group.key, *group.took}
    _rewire(group, into, into)


def _drop(groups: list[Group], group: Group) -> None:
    groups.remove(group)
    for before in group.before.values():
        kind = before.after.pop(id(group))[1]
        for after, _ in group.after.values():
            before.link(after, kind)
    for after, _ in group.after.values():
        after.before.pop(id(group), None)


def _rewire(group: Group, start: Group, end: Group) -> None:
    for before in group.before.values():
        _, kind = before.after.pop(id(group))
        before.link(end, kind)
    for after, kind in group.after.values():
        after.before.pop(id(group), None)
        start.link(after, kind)


def _only(group: Group, keys: Collection[str]) -> bool:
    return len(group.after) == 1 and all(after.key in keys for after, _ in group.after.values())
