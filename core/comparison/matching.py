"""Which node of the old version is which of the new one, whatever their ids. Pure.

In this order, each step on what is left:
1. nodes whose whole surroundings are equal (colours of many rounds: a node's colour is made of its own type and
   values and of its neighbours' colours); twins that nothing tells apart are paired so that their neighbours go along;
2. where most of those kept their ids, the same id and type;
3. nodes whose surroundings are equal but for values, then of ever fewer rounds;
4. the most similar of the same type first, by values and by neighbours that are matched already (`nearest.py`);
5. another type in the same place: read by the same, fed by the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple

from .drawn import Drawn, Linked, Vertex
from .nearest import Nearest

_ROUNDS = 12
_KEPT_IDS = 0.6  # of the nodes that are certain, so many have to have kept their ids before ids count as proof


class Matching(NamedTuple):
    """`pairs`: id in the old version → id in the new one. `replaced`: those of them whose type is another."""

    pairs: dict[str, str]
    replaced: frozenset[str]


def match(old: Drawn, new: Drawn) -> Matching:
    """The nodes that are the same in both."""
    return _Matcher(old, new).all()


class Colours(NamedTuple):
    """One colour per vertex of each version."""

    old: dict[str, int]
    new: dict[str, int]


class _Matcher:
    def __init__(self, old: Drawn, new: Drawn) -> None:
        self.old, self.new = old, new
        self.pairs: dict[str, str] = {}
        self.back: dict[str, str] = {}
        self.ids_hold = False

    def all(self) -> Matching:
        titled = self.old.workflow.format == self.new.workflow.format
        full = self._rounds(lambda drawn, vertex: drawn.own(vertex, titles=titled))
        self._colour_vertices(full[0])
        sure = self._take_unique(full[-1])
        self._take_twins(full[-1])
        if self._left():
            bare = self._rounds(_bare)
            self.ids_hold = self._ids_hold(sure or self._unique(bare[-1]) or self._unique(bare[1]))
            if self.ids_hold:
                self._take_ids()
            own = self._rounds(lambda drawn, vertex: drawn.own(vertex, states=False))
            for colours in reversed(own[2:]):
                self._take_unique(colours)
            for colours in reversed(bare[2:]):
                self._take_unique(colours)
            for colours in reversed(own[:2]):
                self._take_only(colours)
            Nearest(self.old, self.new, self.pairs, self.back, ids_hold=self.ids_hold).take()
        return Matching(self.pairs, self._take_replaced())

    # ---- colours ----------------------------------------------------------------------------------------------

    def _rounds(self, own: Callable[[Drawn, Vertex], Hashable]) -> list[Colours]:
        """Colours after 0, 1, 2 … rounds, until they tell no more nodes apart."""
        known: dict[Hashable, int] = {}

        def number(key: Hashable) -> int:
            return known.setdefault(key, len(known))

        def first(drawn: Drawn) -> dict[str, int]:
            return {vertex.id: number(own(drawn, vertex)) for vertex in drawn.vertices.values()}

        rounds = [Colours(first(self.old), first(self.new))]
        kinds = 0
        while len(rounds) <= _ROUNDS:
            last = rounds[-1]
            rounds.append(Colours(_next(self.old, last.old, number), _next(self.new, last.new, number)))
            now = len(set(rounds[-1].old.values())) + len(set(rounds[-1].new.values()))
            if now == kinds and len(rounds) > 2:
                break
            kinds = now
        return rounds

    def _colour_vertices(self, colours: Colours) -> None:
        for drawn, colour in ((self.old, colours.old), (self.new, colours.new)):
            for vertex in drawn.vertices.values():
                vertex.colour = colour[vertex.id]

    # ---- taking -----------------------------------------------------------------------------------------------

    def _left(self) -> bool:
        return len(self.pairs) < max(len(self.old.vertices), len(self.new.vertices))

    def take(self, one: str, other: str) -> None:
        self.pairs[one] = other
        self.back[other] = one

    def _groups(self, colours: Colours) -> dict[int, tuple[list[str], list[str]]]:
        """Colour → the nodes of it that are left in both versions."""
        groups: dict[int, tuple[list[str], list[str]]] = {}
        for vertex, colour in colours.old.items():
            if vertex not in self.pairs:
                groups.setdefault(colour, ([], []))[0].append(vertex)
        for vertex, colour in colours.new.items():
            if vertex not in self.back and colour in groups:
                groups[colour][1].append(vertex)
        return groups

    def _unique(self, colours: Colours) -> list[tuple[str, str]]:
        groups = self._groups(colours).values()
        return [(ones[0], others[0]) for ones, others in groups if len(ones) == len(others) == 1]

    def _take_unique(self, colours: Colours) -> list[tuple[str, str]]:
        found = self._unique(colours)
        for one, other in found:
            self.take(one, other)
        return found

    def _take_only(self, colours: Colours) -> None:
        """Nodes of which each version has exactly one, with those that are matched already."""
        counts = Counter(colours.old.values()), Counter(colours.new.values())
        for one, other in self._unique(colours):
            if counts[0][colours.old[one]] == counts[1][colours.new[other]] == 1:
                self.take(one, other)

    def _take_twins(self, colours: Colours) -> None:
        """Nodes that nothing tells apart: after each pair, the neighbours of the two are paired with each other."""
        for ones, others in list(self._groups(colours).values()):
            if len(ones) != len(others):
                continue
            free = dict.fromkeys(others)
            for one in ones:
                if one in self.pairs:
                    continue
                open_ = [other for other in free if other not in self.back]
                open_.sort(key=lambda other: (not self._fits(one, other), other != one))
                self._spread(one, open_[0], colours)

    def _spread(self, one: str, other: str, colours: Colours) -> None:
        self.take(one, other)
        stack = [(one, other)]
        while stack:
            one, other = stack.pop()
            for near, far in self._beside(one, other):
                free = near not in self.pairs and far not in self.back and colours.old[near] == colours.new[far]
                if free and self._fits(near, far):
                    self.take(near, far)
                    stack.append((near, far))

    def _fits(self, one: str, other: str) -> bool:
        """Whether no neighbour that is matched already stands against this pair."""
        right = self.new.vertices[other].inputs
        for name, given in self.old.vertices[one].inputs.items():
            fed = right.get(name)
            if isinstance(given, Linked) and given.node in self.pairs:
                if not isinstance(fed, Linked) or self.pairs[given.node] != fed.node:
                    return False
        for reader, name, _ in self.old.users.get(one, ()):
            if reader in self.pairs:
                fed = self.new.vertices[self.pairs[reader]].inputs.get(name)
                if not isinstance(fed, Linked) or fed.node != other:
                    return False
        return True

    def _beside(self, one: str, other: str) -> list[tuple[str, str]]:
        """Neighbours of a pair that stand in the same place."""
        found = []
        left, right = self.old.vertices[one].inputs, self.new.vertices[other].inputs
        for name, given in left.items():
            fed = right.get(name)
            if isinstance(given, Linked) and isinstance(fed, Linked) and given.slot == fed.slot:
                found.append((given.node, fed.node))
        readers: dict[tuple[str, int], list[str]] = {}
        for reader, name, slot in self.new.users.get(other, ()):
            readers.setdefault((name, slot), []).append(reader)
        for reader, name, slot in self.old.users.get(one, ()):
            found += [(reader, far) for far in readers.get((name, slot), ())]
        return found

    # ---- ids --------------------------------------------------------------------------------------------------

    def _ids_hold(self, sure: list[tuple[str, str]]) -> bool:
        """Whether ids can be believed: most nodes that are certain have kept theirs."""
        if sure:
            return sum(one == other for one, other in sure) >= _KEPT_IDS * len(sure)
        same = [one for one in self.old.vertices if one in self.new.vertices]
        kept = sum(self.old.vertices[one].class_type == self.new.vertices[one].class_type for one in same)
        return kept >= _KEPT_IDS * max(min(len(self.old.vertices), len(self.new.vertices)), 1)

    def _take_ids(self) -> None:
        for one, vertex in self.old.vertices.items():
            other = self.new.vertices.get(one)
            free = other is not None and one not in self.pairs and one not in self.back
            if free and other is not None and other.class_type == vertex.class_type:
                self.take(one, one)

    # ---- replaced ---------------------------------------------------------------------------------------------

    def _take_replaced(self) -> frozenset[str]:
        """Another type where one was: at least half of the links of each are the same."""
        gone = [vertex for vertex in self.old.vertices.values() if vertex.id not in self.pairs]
        come = [vertex for vertex in self.new.vertices.values() if vertex.id not in self.back]
        by_link: dict[tuple[str, ...], list[Vertex]] = {}
        for vertex in come:
            for link in self._links(self.new, vertex, {}):
                by_link.setdefault(link[:3], []).append(vertex)
        scored: list[tuple[float, int, str, str]] = []
        for place, vertex in enumerate(gone):
            links = self._links(self.old, vertex, self.pairs)
            near = {one.id: one for link in links for one in by_link.get(link[:3], ())}
            for other in near.values():
                score = self._place(links, self._links(self.new, other, {}))
                if score >= 0.5:
                    scored.append((-score - 0.01 * (vertex.id == other.id), place, vertex.id, other.id))
        replaced = []
        for _, _, one, other in sorted(scored):
            if one not in self.pairs and other not in self.back:
                self.take(one, other)
                replaced.append(one)
        return frozenset(
            one
            for one in replaced
            if self.old.vertices[one].class_type != self.new.vertices[self.pairs[one]].class_type
        )

    def _links(self, drawn: Drawn, vertex: Vertex, names: dict[str, str]) -> list[tuple[str, ...]]:
        """The links of a node as the new version would name them: ("from", node, slot) and ("to", node, input)."""
        is_old = drawn is self.old
        found: list[tuple[str, ...]] = []
        for given in vertex.inputs.values():
            if isinstance(given, Linked):
                at = names.get(given.node) if is_old else given.node
                found.append(("from", at or f"\0{given.node}", str(given.slot)))
        for reader, name, _ in drawn.users.get(vertex.id, ()):
            at = names.get(reader) if is_old else reader
            found.append(("to", at or f"\0{reader}", name))
        return found

    @staticmethod
    def _place(left: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> float:
        """The share of links that both have; 0 where the one is read but the other by nobody in common."""
        common = Counter(left) & Counter(right)
        read, both = (any(link[0] == "to" for link in links) for links in (left, common))
        return common.total() / max(len(left), len(right), 1) if both or not read else 0.0


def _bare(drawn: Drawn, vertex: Vertex) -> Hashable:
    """A node's type; a node without links has no surroundings that could tell, so it stands for itself."""
    linked = drawn.users.get(vertex.id) or any(isinstance(given, Linked) for given in vertex.inputs.values())
    return vertex.class_type if linked else drawn.own(vertex, states=False)


def _next(drawn: Drawn, colours: dict[str, int], number: Callable[[Hashable], int]) -> dict[str, int]:
    """The colours one round on: a node's own, with those that feed it and those that read it."""
    result = {}
    for vertex in drawn.vertices.values():
        feeds = sorted(
            (name, given.slot, colours[given.node])
            for name, given in vertex.inputs.items()
            if isinstance(given, Linked)
        )
        users = sorted((name, slot, colours[reader]) for reader, name, slot in drawn.users.get(vertex.id, ()))
        result[vertex.id] = number((colours[vertex.id], tuple(feeds), tuple(users)))
    return result
