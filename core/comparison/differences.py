"""What is not as it was, given which node is which. Pure."""

from __future__ import annotations

from itertools import zip_longest

from ..catalogue.build import CONTROL, CONTROL_WORDS
from ..catalogue.types import NodeCatalogue
from ..workflow.raw import Json
from .drawn import Drawn, Given, Holds, Linked, Vertex, named_alike
from .types import (
    ADDED,
    CHANGED,
    MODEL,
    PROMPT,
    REMOVED,
    RENAMED,
    REPLACED,
    REWIRED,
    SEED,
    SWITCHED,
    Difference,
    Side,
)
from .values import equal, inside, is_model, is_prose, word_diff
from .words import default_title, says

_SEEDS = frozenset({"seed", "noise_seed", "rand_seed"})
NOTHING = "nothing"


class Differences:
    """Collects what differs between two drawn versions; `rows` is the result, in the order in which data flows."""

    def __init__(self, old: Drawn, new: Drawn, pairs: dict[str, str], catalogue: NodeCatalogue) -> None:
        self.old, self.new = old, new
        self.pairs = pairs
        self.back = {other: one for one, other in self.pairs.items()}
        self.catalogue = catalogue
        self.rows: list[Difference] = []
        self._told: set[tuple[object, ...]] = set()  # values at a place of their own and switched subgraphs: told once
        self._place: dict[str, int] = {}  # "-id" of a removed and "+id" of an added node → its difference

    def all(self) -> list[Difference]:
        """Every difference; what follows from another stands behind it all and names it."""
        for vertex in self.old.vertices.values():
            if vertex.id not in self.pairs:
                self._place[f"-{vertex.id}"] = len(self.rows)
                self._add(REMOVED, self.side(self.old, vertex), None)
        for vertex in self.new.vertices.values():
            if vertex.id not in self.back:
                self._place[f"+{vertex.id}"] = len(self.rows)
                self._add(ADDED, None, self.side(self.new, vertex))
        for one, vertex in self.old.vertices.items():
            if one in self.pairs:
                self._pair(vertex, self.new.vertices[self.pairs[one]])
        self._instances()
        return self.rows

    def side(self, drawn: Drawn, vertex: Vertex) -> Side:
        """The node as people know it."""
        within = drawn.within(vertex.node)
        return Side(vertex.id, vertex.class_type, vertex.title or vertex.class_type, within)

    def _add(
        self, kind: str, old: Side | None, new: Side | None, name: str = "", before: Json = None, after: Json = None,
        what: str = "", words: tuple[tuple[str, str], ...] = (), follows: int = -1,
    ) -> None:  # fmt: skip
        row = Difference(kind, old, new, name, before, after, "", what, words, follows)
        self.rows.append(row._replace(text=says(row)))

    # ---- one pair ---------------------------------------------------------------------------------------------

    def _pair(self, left: Vertex, right: Vertex) -> None:
        sides = self.side(self.old, left), self.side(self.new, right)
        if left.class_type != right.class_type:
            self._add(REPLACED, *sides, before=left.class_type, after=right.class_type)
        if left.state != right.state:
            self._switched(left, right, sides)
        self._titles(left, right, sides)
        left, right = named_alike(left, right)
        for name in [*left.inputs, *(name for name in right.inputs if name not in left.inputs)]:
            self._input(left, right, sides, name)
        if left.class_type == right.class_type:
            self._unnamed(left, right, sides)

    def _switched(self, left: Vertex, right: Vertex, sides: tuple[Side, Side]) -> None:
        cause = (left.cause, right.cause)
        if any(cause):
            key = ("switched", cause, left.state, right.state)
            hosts = tuple(self._host(drawn, prefix) for drawn, prefix in zip((self.old, self.new), self._causes(left, right), strict=True))  # fmt: skip
            if hosts[0] and hosts[1]:
                if key not in self._told:
                    self._told.add(key)
                    self._add(SWITCHED, hosts[0], hosts[1], "", left.state, right.state)
                return
        self._add(SWITCHED, *sides, "", left.state, right.state)

    def _causes(self, left: Vertex, right: Vertex) -> tuple[str, str]:
        """The prefix of the switched instance in both versions: in the one where it is on, the one at the same level."""

        def level(drawn: Drawn, vertex: Vertex, depth: int) -> str:
            prefixes = []
            at = vertex.node.scope if vertex.node is not None else 0
            while at > 0:
                prefixes.append(drawn.workflow.scopes[at].prefix)
                at = drawn.workflow.scopes[at].parent
            return prefixes[-depth] if 0 < depth <= len(prefixes) else ""

        depth = (left.cause or right.cause).count(":")
        return left.cause or level(self.old, left, depth), right.cause or level(self.new, right, depth)

    def _host(self, drawn: Drawn, prefix: str) -> Side | None:
        scope = drawn.scope(prefix) if prefix else None
        if scope is None:
            return None
        title = scope.host.get("title")
        return Side(prefix[:-1], scope.name, title if isinstance(title, str) and title.strip() else scope.name)

    def _titles(self, left: Vertex, right: Vertex, sides: tuple[Side, Side]) -> None:
        """A title that one version leaves out is the type's own name where it reads like it, or the format has none."""
        before, after = left.title, right.title
        if before == after or left.class_type != right.class_type:
            return
        if not before or not after:
            mixed = self.old.workflow.format != self.new.workflow.format
            if mixed or default_title(before or after, left.class_type):
                return
        self._add(RENAMED, *sides, "", before or left.class_type, after or right.class_type)

    def _instances(self) -> None:
        """Titles of subgraphs, where the nodes of one are those of the other: which nodes one gathers never counts."""
        found: dict[str, set[str]] = {}
        back: dict[str, set[str]] = {}
        for one, other in self.pairs.items():
            around = self.old.prefix(one), self.new.prefix(other)
            found.setdefault(around[0], set()).add(around[1])
            back.setdefault(around[1], set()).add(around[0])
        for before, afters in found.items():
            after = next(iter(afters))
            if before and after and len(afters) == len(back[after]) == 1:
                hosts = self._host(self.old, before), self._host(self.new, after)
                if hosts[0] is not None and hosts[1] is not None and hosts[0].title != hosts[1].title:
                    self._add(RENAMED, *hosts, "", hosts[0].title, hosts[1].title)

    # ---- inputs -----------------------------------------------------------------------------------------------

    def _input(self, left: Vertex, right: Vertex, sides: tuple[Side, Side], name: str) -> None:
        before, after = left.inputs.get(name), right.inputs.get(name)
        if left.class_type != right.class_type and not self._comparable(left, right, before, after):
            return
        if isinstance(before, Linked) or isinstance(after, Linked):
            self._fed(left, right, sides, name)
        elif isinstance(before, Holds) and isinstance(after, Holds):
            if not equal(before.value, after.value):
                self._value(left, sides, name, before, after)
            if before.control != after.control and before.control and after.control:
                self._changed(left, sides, CONTROL, Holds(before.control), Holds(after.control))
        elif self._matters(left, right, name, before or after):
            known = before.value if isinstance(before, Holds) else None
            now = after.value if isinstance(after, Holds) else None
            self._value(left, sides, name, Holds(known), Holds(now))

    def _comparable(self, left: Vertex, right: Vertex, before: Given | None, after: Given | None) -> bool:
        """Whether an input of a replaced node can be compared: both types have it. Values only where both types are known."""
        if before is None or after is None:
            return False
        known = (self.catalogue.get(left.class_type), self.catalogue.get(right.class_type))
        return isinstance(before, Linked) or all(one is not None and one.inputs for one in known)

    def _matters(self, left: Vertex, right: Vertex, name: str, only: Given | None) -> bool:
        """Whether a value that one version alone stores says something: its default does not, and neither does a value
        that the other stores without a name."""
        known = self.catalogue.get(left.class_type)
        spec = known.input(name) if known is not None else None
        if not isinstance(only, Holds) or only.value is None:
            return False
        if self.old.as_run and left.exact and right.exact:
            return False  # an API graph stores what buttons and players hold too
        if spec is not None and spec.default is not None and equal(spec.default, only.value):
            return False
        return not any(equal(only.value, one.value) for one in (*left.unnamed, *right.unnamed))

    def _value(self, vertex: Vertex, sides: tuple[Side, Side], name: str, before: Holds, after: Holds) -> None:
        if before.place and after.place and bool(before.place[1]) == bool(after.place[1]):
            key = ("value", before.place, after.place)
            if key in self._told:
                return
            self._told.add(key)
            places = self._at(self.old, before.place), self._at(self.new, after.place)
            if places[0] is not None and places[1] is not None:
                sides, name = (places[0], places[1]), before.place[1] or name
        self._changed(vertex, sides, name, before, after)

    def _at(self, drawn: Drawn, place: tuple[str, str]) -> Side | None:
        """Where a value stands: a PrimitiveNode, or the host of a subgraph."""
        if place[1]:
            return self._host(drawn, place[0])
        node = drawn.workflow.by_id(place[0])
        return Side(node.id, node.class_type, node.title, drawn.within(node)) if node is not None else None

    def _changed(self, vertex: Vertex, sides: tuple[Side, Side], name: str, before: Holds, after: Holds) -> None:
        if {str(before.value), str(after.value)} <= CONTROL_WORDS:
            key = ("control", vertex.id)
            if key in self._told:
                return
            self._told.add(key)
            name = CONTROL
        kind, what = CHANGED, ""
        words: tuple[tuple[str, str], ...] = ()
        if self._is_seed(vertex, name, before) and {before.control, after.control} - {"", "fixed"}:
            kind = SEED
        elif self._is_model(vertex, name) or is_model(before.value) or is_model(after.value):
            what = MODEL
        elif is_prose(before.value) or is_prose(after.value):
            what = PROMPT
            if isinstance(before.value, str) and isinstance(after.value, str):
                words = word_diff(before.value, after.value)
        if isinstance(before.value, (dict, list)) and type(before.value) is type(after.value):
            for path, was, now in inside(before.value, after.value)[:20]:
                part = f"{name}.{path}" if path else name
                self._add(kind, *sides, part, was, now, MODEL if is_model(was) or is_model(now) else what)
            return
        self._add(kind, *sides, name, before.value, after.value, what, words)

    def _is_seed(self, vertex: Vertex, name: str, given: Holds) -> bool:
        known = self.catalogue.get(vertex.class_type)
        spec = known.input(name) if known is not None else None
        return name in _SEEDS or bool(given.control) or (spec is not None and spec.control)

    def _is_model(self, vertex: Vertex, name: str) -> bool:
        known = self.catalogue.get(vertex.class_type)
        spec = known.input(name) if known is not None else None
        return spec is not None and bool(spec.folders)

    def _unnamed(self, left: Vertex, right: Vertex, sides: tuple[Side, Side]) -> None:
        """Values without a name, by position. A value that only one version has is a button's where all others have names."""
        if len(left.unnamed) != len(right.unnamed) and (left.exact or right.exact):
            return
        nothing = Holds(None)
        for place, (before, after) in enumerate(zip_longest(left.unnamed, right.unnamed, fillvalue=nothing)):
            if not equal(before.value, after.value):
                self._changed(left, sides, f"value {place + 1}", before, after)

    # ---- links ------------------------------------------------------------------------------------------------

    def _fed(self, left: Vertex, right: Vertex, sides: tuple[Side, Side], name: str) -> None:
        before, after = left.inputs.get(name), right.inputs.get(name)
        if isinstance(before, Linked) and isinstance(after, Linked) and self._same(before, after):
            return
        real = self.old.effective(left.id, name), self.new.effective(right.id, name)
        if real[0] is not None and real[1] is not None and self._same(real[0], real[1]):
            return  # only what is bypassed stands between
        follows = -1
        if isinstance(before, Linked):
            follows = self._place.get(f"-{before.node}", -1)
        if isinstance(after, Linked) and follows < 0:
            follows = self._place.get(f"+{after.node}", -1)
        self._add(REWIRED, *sides, name, self._source(self.old, before), self._source(self.new, after), follows=follows)

    def _same(self, before: Linked, after: Linked) -> bool:
        return self.pairs.get(before.node) == after.node and before.slot == after.slot

    def _source(self, drawn: Drawn, given: Given | None) -> Json:
        """What feeds an input, in words."""
        if isinstance(given, Linked):
            vertex = drawn.vertices[given.node]
            output = ""
            if vertex.node is not None:
                raw = vertex.node.raw.get("outputs")
                names = raw if isinstance(raw, list) else []
                slot = names[given.slot] if 0 <= given.slot < len(names) else None
                output = str(slot.get("name") or slot.get("type") or "") if isinstance(slot, dict) else ""
                kinds = drawn.view.outputs(vertex.node)
                output = output or (kinds[given.slot] if 0 <= given.slot < len(kinds) else "")
            return f"{output or f'output {given.slot + 1}'} of {vertex.title or vertex.class_type} ({given.node})"
        if isinstance(given, Holds):
            from .values import shown

            return f"the value {shown(given.value)}"
        return NOTHING
