"""Which node of the old version is which of the new one, whatever their ids. Pure.

In this order, each step on what is left:
1. where most of the nodes that are certain have kept their ids: the same id and type;
2. the certain ones, whose whole surroundings are equal (colours of many rounds: a node's colour is made of its own type
   and values and of its neighbours' colours); twins that nothing tells apart are paired so that their neighbours go along;
3. nodes whose surroundings are equal in ever fewer rounds, then equal but for values;
4. the most similar of the same type first, by values and by neighbours that are matched already (`nearest.py`);
5. another type in the same place: read by the same, fed by the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple

from .drawn import Drawn, Linked, Vertex
from .nearest import Nearest

_ROUNDS, _FEWER = 12, 6
_KEPT_IDS = 0.6  # of the nodes that are certain, so many have to have kept their ids before ids count as proof

_FEW = 3  # so many certain nodes are needed to judge by them


def match(old: Drawn, new: Drawn) -> dict[str, str]:
    """The nodes that are the same in both, or stand in the same place: id in the old version → id in the new one."""
    return _Matcher(old, new).all()


# Per node, by its place: what feeds it, and what reads it, as (the wire's number, shifted above any colour; place).
Net = list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]
_COLOUR_BITS = 32


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
        self._made: tuple[Net, Net] | None = None

    def all(self) -> dict[str, str]:
        titles = self.old.workflow.format == self.new.workflow.format
        full = self._rounds(lambda drawn, vertex: drawn.own(vertex, titles=titles))
        self._colour_vertices(full[0])
        sure = self._unique(full[-1])
        bare = self._rounds(_bare, _FEWER) if len(sure) < min(len(self.old.vertices), len(self.new.vertices)) else []
        if len(sure) < _FEW and bare:
            sure = self._unique(bare[-1]) or self._unique(bare[1])
        self.ids_hold = self._ids_hold(sure)
        if self.ids_hold:
            self._take_ids()
        self._take_unique(full[-1])
        self._take_twins(full[-1])
        if self._left():
            certain = frozenset(self.pairs)
            own = self._rounds(lambda drawn, vertex: drawn.own(vertex, states=False), _FEWER)
            for colours in reversed(own[2:]):
                self._take_unique(colours)
            for colours in reversed(bare[2:]):
                self._take_unique(colours)
            for colours in reversed(own[:2]):
                self._take_only(colours)
            nearest = Nearest(self.old, self.new, self.pairs, self.back, certain, ids_hold=self.ids_hold)
            nearest.take()
            self._take_replaced()
            nearest.take()  # what only hangs on a node that was replaced
            nearest.swap()
        return self.pairs

    # ---- colours ----------------------------------------------------------------------------------------------

    def _rounds(self, own: Callable[[Drawn, Vertex], Hashable], most: int = _ROUNDS) -> list[Colours]:
        """Colours after 0, 1, 2 … rounds, until they tell no more nodes apart."""
        known: dict[Hashable, int] = {}

        def number(key: Hashable) -> int:
            return known.setdefault(key, len(known))

        nets = self._nets()
        last = [[number(own(drawn, one)) for one in drawn.vertices.values()] for drawn in (self.old, self.new)]
        rounds = [self._named(last)]
        kinds = 0
        while len(rounds) <= most:
            last = [_next(net, colours, number) for net, colours in zip(nets, last, strict=True)]
            rounds.append(self._named(last))
            now = sum(len(set(colours)) for colours in last)
            if now == kinds and len(rounds) > 2:
                break
            kinds = now
        return rounds

    def _named(self, colours: list[list[int]]) -> Colours:
        return Colours(
            dict(zip(self.old.vertices, colours[0], strict=True)), dict(zip(self.new.vertices, colours[1], strict=True))
        )

    def _nets(self) -> tuple[Net, Net]:
        """The links of both versions, by the places of the nodes; made once."""
        if self._made is None:
            names: dict[tuple[str, int], int] = {}
            self._made = _net(self.old, names), _net(self.new, names)
        return self._made

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

    def _take_unique(self, colours: Colours) -> None:
        for one, other in self._unique(colours):
            self.take(one, other)

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
            matched = self.pairs.get(given.node) if isinstance(given, Linked) else None
            if matched is not None and (not isinstance(fed, Linked) or matched != fed.node):
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
        """Whether ids can be believed: most nodes that are certain have kept theirs; where few are certain, the same ids
        have the same types far more often than chance would have it."""
        if len(sure) >= _FEW:
            return sum(one == other for one, other in sure) >= _KEPT_IDS * len(sure)
        old, new = self.old.vertices, self.new.vertices
        kept = sum(one in new and vertex.class_type == new[one].class_type for one, vertex in old.items())
        kinds = Counter(vertex.class_type for vertex in old.values())
        chance = sum(count * count for count in kinds.values()) / max(len(old), 1) ** 2
        return kept >= min(max(_KEPT_IDS, chance + 0.3), 0.95) * max(min(len(old), len(new)), 1)

    def _take_ids(self) -> None:
        for one, vertex in self.old.vertices.items():
            same = self.new.vertices.get(one)
            if same is not None and same.class_type == vertex.class_type:
                self.take(one, one)

    # ---- replaced ---------------------------------------------------------------------------------------------

    def _take_replaced(self) -> None:
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
        for _, _, left, right in sorted(scored):
            if left not in self.pairs and right not in self.back:
                self.take(left, right)

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


def _net(drawn: Drawn, names: dict[tuple[str, int], int]) -> Net:
    place = {one: at for at, one in enumerate(drawn.vertices)}
    feeds: Net = [([], []) for _ in place]
    for vertex in drawn.vertices.values():
        for name, given in vertex.inputs.items():
            if isinstance(given, Linked):
                wire = names.setdefault((name, given.slot), len(names)) << _COLOUR_BITS
                feeds[place[vertex.id]][0].append((wire, place[given.node]))
                feeds[place[given.node]][1].append((wire, place[vertex.id]))
    return feeds


def _next(net: Net, colours: list[int], number: Callable[[Hashable], int]) -> list[int]:
    """The colours one round on: a node's own, with those that feed it and those that read it."""
    return [
        number(
            (
                colours[at],
                tuple(sorted([wire | colours[one] for wire, one in feeds])),
                tuple(sorted([wire | colours[one] for wire, one in readers])),
            )
        )
        for at, (feeds, readers) in enumerate(net)
    ]
