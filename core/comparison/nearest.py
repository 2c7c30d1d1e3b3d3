"""The nodes that are left, the most similar of the same type first. Pure.

Similar are nodes with equal values, and with neighbours that are matched already in the same place; every pair that is
taken makes its neighbours more certain. At the end, two pairs of one type swap partners where that leaves fewer
differences.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from heapq import heappop, heappush

from .drawn import Drawn, Holds, Linked, Vertex, named_alike
from .values import alike

_MOST_PAIRS = 4_000  # of one type that are all looked at; beyond, only those with something in common
_LONGEST_CHAIN = 40
_MOST_SWAPS = 60  # nodes of one type that are tried with swapped partners
_MOST_COSTS = 40_000  # looks at a pair for all swaps of a graph: half a second


class Nearest:
    """Extends `pairs` (old id → new id) and `back` (the reverse). `certain`: those that are never given up again."""

    def __init__(
        self, old: Drawn, new: Drawn, pairs: dict[str, str], back: dict[str, str], certain: frozenset[str], *,
        ids_hold: bool,
    ) -> None:  # fmt: skip
        self.old, self.new = old, new
        self.pairs, self.back = pairs, back
        self.ids_hold = ids_hold
        self._heap: list[tuple[float, int, int, str, str]] = []
        self._rank_old = {one: place for place, one in enumerate(old.vertices)}
        self._rank_new = {one: place for place, one in enumerate(new.vertices)}
        self._certain = certain
        self._costs = 0

    def take(self) -> None:
        """Match what can be matched."""
        for one, other in self._candidates():
            self._push(one, other)
        doubtful: deque[tuple[str, str]] = deque()
        while self._heap or doubtful:
            if not self._heap:
                one, other = doubtful.popleft()
                if one not in self.pairs and other not in self.back:
                    self._take(one, other)
                continue
            best = self._best()
            counts = Counter(one for one, _ in best), Counter(other for _, other in best)
            for one, other in best:
                if counts[0][one] == counts[1][other] == 1:
                    self._take(one, other)
                else:  # two are equally good: what is sure comes first, and may tell them apart
                    doubtful.append((one, other))

    def _best(self) -> list[tuple[str, str]]:
        """The pairs with the highest score of all, each once."""
        found: dict[tuple[str, str], None] = {}
        top: float | None = None
        while self._heap and (top is None or self._heap[0][0] < top + 1e-9):
            score, _, _, one, other = heappop(self._heap)
            if one in self.pairs or other in self.back or (one, other) in found:
                continue
            if self._score(one, other) < -score - 1e-9:
                self._push(one, other)
                continue
            top = score if top is None else top
            found[one, other] = None
        return list(found)

    def _take(self, one: str, other: str) -> None:
        self.pairs[one] = other
        self.back[other] = one
        for near, far in self._neighbours(one, other):
            self._push(near, far)

    # ---- candidates -------------------------------------------------------------------------------------------

    def _candidates(self) -> list[tuple[str, str]]:
        left: dict[str, tuple[list[Vertex], list[Vertex]]] = {}
        for vertex in self.old.vertices.values():
            if vertex.id not in self.pairs:
                left.setdefault(vertex.class_type, ([], []))[0].append(vertex)
        for vertex in self.new.vertices.values():
            if vertex.id not in self.back and vertex.class_type in left:
                left[vertex.class_type][1].append(vertex)
        found: dict[tuple[str, str], None] = {}
        for ones, others in left.values():
            if len(ones) * len(others) <= _MOST_PAIRS:
                found.update(dict.fromkeys((one.id, other.id) for one in ones for other in others))
                continue
            by_colour: dict[object, list[Vertex]] = {}
            for other in others:
                for key in (other.colour, other.id, other.title):
                    if key != "":
                        by_colour.setdefault(key, []).append(other)
            for one in ones:
                for key in (one.colour, one.id, one.title):
                    found.update(dict.fromkeys((one.id, other.id) for other in by_colour.get(key, ())[:20]))
        for pair in self.pairs.items():
            if len(found) < 50 * _MOST_PAIRS:
                found.update(dict.fromkeys(self._neighbours(*pair)))
        return list(found)

    def _neighbours(self, one: str, other: str) -> list[tuple[str, str]]:
        """Unmatched neighbours of a pair that stand in the same place and have the same type."""
        found = []
        right = self.new.vertices[other].inputs
        for name, given in self.old.vertices[one].inputs.items():
            fed = right.get(name)
            if isinstance(given, Linked) and isinstance(fed, Linked):
                found.append((given.node, fed.node))
        mine = [row for row in self.old.users.get(one, ()) if row[0] not in self.pairs]
        theirs = [row for row in self.new.users.get(other, ()) if row[0] not in self.back] if mine else []
        found += [(m[0], t[0]) for m in mine[:40] for t in theirs[:40] if m[1] == t[1]]
        return [pair for pair in found if self._free(*pair)]

    def _free(self, one: str, other: str) -> bool:
        kinds = self.old.vertices[one].class_type == self.new.vertices[other].class_type
        return kinds and one not in self.pairs and other not in self.back

    # ---- how similar ------------------------------------------------------------------------------------------

    def _push(self, one: str, other: str) -> None:
        score = self._score(one, other)
        if score > 0:
            heappush(self._heap, (-score, self._rank_old[one], self._rank_new[other], one, other))

    def _score(self, one: str, other: str) -> float:
        """0 where nothing but the type is the same."""
        left, right = self.old.vertices[one], self.new.vertices[other]
        shared, sure, total, off = self._links(left, right)
        same, values = self._values(left, right)
        titled = bool(left.title) and left.title == right.title
        alone = total == 0 and 2 * same >= values - 1 and not self.ids_hold
        evidence = sure > 0 or titled or alone or (same == values and off <= 1) or (self.ids_hold and one == other)
        if not evidence:
            return 0.0
        links = shared / total if total else 1.0
        held = same / values if values else 1.0
        score = 3 * links + 2 * held + 0.5 * titled + 0.3 * (left.state == right.state)
        return score + 0.2 * (one == other) + 0.1 * (one.rpartition(":")[2] == other.rpartition(":")[2])

    def _links(self, left: Vertex, right: Vertex) -> tuple[float, int, int, int]:
        """How many links are the same (a neighbour that is not matched yet counts for less, more with the same type), how many
        of them surely, how many there are, and how many inputs are fed by another."""
        shared, sure, total, off = 0.0, 0, 0, 0
        for name in left.inputs.keys() | right.inputs.keys():
            a, b = left.inputs.get(name), right.inputs.get(name)
            if not isinstance(a, Linked) and not isinstance(b, Linked):
                continue
            both = isinstance(a, Linked) and isinstance(b, Linked) and a.slot == b.slot
            worth = self._worth(a.node, b.node) if both else 0.0  # type: ignore[union-attr]
            total += 1
            shared += worth
            sure += worth == 1
            off += worth <= 0.1
        mine, theirs = self.old.users.get(left.id, ()), self.new.users.get(right.id, ())
        total += max(len(mine), len(theirs))
        by_place: dict[tuple[str, int], list[str]] = {}
        for reader, name, slot in theirs:
            by_place.setdefault((name, slot), []).append(reader)
        for reader, name, slot in mine:
            others = by_place.get((name, slot), [])
            worth = max((self._worth(reader, one) for one in others[:40]), default=0.0)
            shared += worth
            sure += worth == 1
        return shared, sure, total, off

    def _worth(self, one: str, other: str) -> float:
        if one in self.pairs:
            return 1.0 if self.pairs[one] == other else 0.0
        if other in self.back:
            return 0.0
        return 0.3 if self.old.vertices[one].class_type == self.new.vertices[other].class_type else 0.1

    @staticmethod
    def _values(left: Vertex, right: Vertex) -> tuple[float, int]:
        """How many values are the same, of how many; a text of which most words are counts for most of one."""
        if left.colour == right.colour:
            count = len(left.unnamed) + sum(isinstance(one, Holds) for one in left.inputs.values())
            return count, count
        left, right = named_alike(left, right)
        same, count = 0.0, 0
        for name in left.inputs.keys() | right.inputs.keys():
            a, b = left.inputs.get(name), right.inputs.get(name)
            if isinstance(a, Holds) and isinstance(b, Holds):
                count += 1
                same += alike(a.value, b.value)
        count += max(len(left.unnamed), len(right.unnamed))
        return same + sum(alike(a.value, b.value) for a, b in zip(left.unnamed, right.unnamed, strict=False)), count

    # ---- second thoughts --------------------------------------------------------------------------------------

    def swap(self) -> None:
        """Second thoughts: pairs of one type, and whole branches that are alike, swap partners where that is better."""
        by_type: dict[str, list[str]] = {}
        for one in self.pairs:
            if one not in self._certain and self._cost(one):
                by_type.setdefault(self.old.vertices[one].class_type, []).append(one)
        for group in by_type.values():
            group = group[:_MOST_SWAPS]
            for place, one in enumerate(group):
                for two in group[place + 1 :]:
                    if not self._try([(one, two)]):
                        self._try(self._chain([(one, two)]))
            for one in group:
                if crossed := self._crossed(one):
                    self._try(self._chain(crossed, readers=False))

    def _try(self, swaps: list[tuple[str, str]]) -> bool:
        """Swaps the partners of each two, and back again where that leaves no fewer differences. True also where enough
        was tried."""
        if self._costs > _MOST_COSTS:
            return True
        self._costs += 4 * len(swaps)
        nodes = dict.fromkeys(node for swap in swaps for node in swap)
        before = sum(map(self._cost, nodes))
        self._exchange(swaps)
        better = sum(map(self._cost, nodes)) < before - 1e-9
        if not better:
            self._exchange(swaps)
        return better

    def _exchange(self, swaps: list[tuple[str, str]]) -> None:
        for one, two in swaps:
            self.pairs[one], self.pairs[two] = self.pairs[two], self.pairs[one]
            self.back[self.pairs[one]], self.back[self.pairs[two]] = one, two

    def _crossed(self, one: str) -> list[tuple[str, str]]:
        """Nodes that feed a node, each with the one whose partner feeds its partner instead."""
        found = []
        right = self.new.vertices[self.pairs[one]].inputs
        for name, given in self.old.vertices[one].inputs.items():
            fed = right.get(name)
            if isinstance(given, Linked) and isinstance(fed, Linked) and fed.node in self.back:
                found += (
                    [(given.node, self.back[fed.node])] if self._free_to_swap(given.node, self.back[fed.node]) else []
                )
        return [two for two in dict.fromkeys(found) if sum(not set(two).isdisjoint(other) for other in set(found)) == 1]

    def _free_to_swap(self, one: str, two: str) -> bool:
        kinds = self.old.vertices[one].class_type == self.old.vertices[two].class_type
        matched = one in self.pairs and two in self.pairs and self._certain.isdisjoint((one, two))
        return one != two and kinds and matched

    def _chain(self, starts: list[tuple[str, str]], *, readers: bool = True) -> list[tuple[str, str]]:
        """The two of each start with their neighbours of the same place and type, and theirs: whole branches that are
        alike."""
        found = list(starts)
        seen = {one for two in starts for one in two}
        for left, right in found:
            for near, far in self._parallel(left, right, readers=readers):
                if self._free_to_swap(near, far) and seen.isdisjoint((near, far)) and len(found) < _LONGEST_CHAIN:
                    seen |= {near, far}
                    found.append((near, far))
        return found

    def _parallel(self, left: str, right: str, *, readers: bool) -> Iterator[tuple[str, str]]:
        """Neighbours of two nodes of the old version that stand in the same place."""
        inputs = self.old.vertices[right].inputs
        for name, given in self.old.vertices[left].inputs.items():
            fed = inputs.get(name)
            if isinstance(given, Linked) and isinstance(fed, Linked) and given.slot == fed.slot:
                yield given.node, fed.node
        others = {(name, slot): reader for reader, name, slot in self.old.users.get(right, ())} if readers else {}
        for reader, name, slot in self.old.users.get(left, ()):
            if (name, slot) in others:
                yield reader, others[name, slot]

    def _cost(self, one: str) -> float:
        """How many differences a node brings with the partner that it has now."""
        left, right = self.old.vertices[one], self.new.vertices[self.pairs[one]]
        shared, _, total, _ = self._links(left, right)
        same, values = self._values(left, right)
        return (total - shared) + (values - same) + (left.state != right.state) + (left.title != right.title)
