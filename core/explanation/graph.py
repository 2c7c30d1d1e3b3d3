"""The flat graph as everything that explains, estimates or compares asks it: named values and what feeds what. Pure.

A value is followed through links to where it stands: a PrimitiveNode, the host of a subgraph, a node that only holds
a value, the branch that a switch takes. What is worked out while the graph runs stays unknown: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..catalogue.types import NodeCatalogue, NodeType
from ..requirements.shapes import Shape
from ..requirements.values import Values, values
from ..workflow.raw import Json
from ..workflow.source import source
from ..workflow.types import Literal, Node, Origin, Stored, Workflow
from .forms import formed, role_type, sane, sharing

Roles = Mapping[str, Mapping[str, Any]]  # class_type → its line of `knowledge/roles.json`, "types"

_MOST_HOPS = 50


class Given(NamedTuple):
    """A value and where it stands: the node and input in which it would be changed.

    `input` is "" where no single input holds it: `node` works it out, by arithmetic on what stands in the graph (`value`
    is the result), or while the graph runs (`value` is None).
    """

    value: Json
    node: str
    input: str


class Feed(NamedTuple):
    """What feeds an input: a node that is sent to the server, and its output slot."""

    node: Node
    slot: int


Compute = Callable[[Node, int], Json]  # what an output slot holds, by arithmetic alone; None where that is not told


class View:
    """One workflow with one catalogue. Everything is worked out when it is first asked for, and kept.

    `nodes` are those that the server would get, in the file's order.
    """

    def __init__(self, workflow: Workflow, catalogue: NodeCatalogue, roles: Roles) -> None:
        self.workflow = workflow
        self.catalogue = catalogue
        self._roles = roles
        virtual = catalogue.virtual
        self.nodes = [node for node in workflow.nodes if node.active and node.class_type not in virtual]
        self.by_id = {node.id: node for node in self.nodes}
        self._values: dict[str, dict[str, Json]] = {}
        self._shapes: dict[str, Shape | None] = {}
        self._feeds: dict[str, dict[str, Feed]] = {}
        self._users: dict[str, list[tuple[Node, str, int]]] | None = None
        self._order: list[Node] | None = None
        self._asking: set[str] = set()
        self._given: dict[tuple[str, str], Given | None] = {}
        self._outs: dict[str, tuple[str, ...]] = {}
        self._kinds: dict[tuple[str, str], str] = {}
        self.compute: Compute | None = None

    # ---- what is known of a type ----------------------------------------------------------------------------

    def role(self, node: Node) -> Mapping[str, Any]:
        """The node's line of `knowledge/roles.json`; {} where there is none."""
        return self._roles.get(node.class_type, {})

    def known(self, node: Node) -> NodeType | None:
        """What the catalogue knows of the node's type."""
        return self.catalogue.get(node.class_type)

    def outputs(self, node: Node) -> tuple[str, ...]:
        """The link types that come out, by slot: as the file says, else as the definition does; () when neither does."""
        found = self._outs.get(node.id)
        if found is None:
            raw, known = node.raw.get("outputs"), self.known(node)
            if isinstance(raw, list) and raw:
                found = tuple(str(one.get("type", "")) if isinstance(one, dict) else "" for one in raw)
            elif known is not None and known.outputs:
                found = known.outputs
            else:
                found = tuple(self.role(node).get("outputs", ()))
            self._outs[node.id] = found
        return found

    # ---- values -----------------------------------------------------------------------------------------------

    def values(self, node: Node) -> Mapping[str, Json]:
        """The values stored in the node by the names of their inputs; those that cannot be named are left out."""
        found = self._values.get(node.id)
        if found is None:
            items = self.stored(node).items
            found = self._values[node.id] = {item.name: item.value for item in items if item.name is not None}
        return found

    def stored(self, node: Node) -> Values:
        """The same with those that cannot be named, in the file's order; the node need not be one that runs."""
        forms = self.role(node).get("forms")
        if forms and isinstance(node.widgets, list):
            return formed(node, node.widgets, forms)
        return sane(values(node, self._shape(node)))

    def value(self, node: Node, name: str) -> Given | None:
        """What input `name` gets, and where that stands; None where the node has no such value."""
        key = (node.id, name)
        if key in self._given:
            return self._given[key]
        found = self._value(node, name)
        if not self._asking:  # what is found on the way round a circle holds only there
            self._given[key] = found
        return found

    def _value(self, node: Node, name: str) -> Given | None:
        for _ in range(_MOST_HOPS):
            fed = source(self.workflow, node, name)
            if isinstance(fed, Literal):
                return Given(fed.value, node.id, name)
            if not isinstance(fed, Origin):
                return self._stored_at(node, name, fed)
            origin = self.by_id.get(fed.node)
            if origin is None:
                return None
            held = self._held(origin, fed.slot)
            if held is None:
                return Given(self._computed(origin, fed.slot), origin.id, "")
            node, name = origin, held
        return None

    def _stored_at(self, node: Node, name: str, fed: Stored | None) -> Given | None:
        """The node's own value, else the one it shares through the border of its subgraph."""
        if name not in self.values(node) and fed is not None:
            node, name = sharing(self.workflow, node, name) or (node, name)
        stored = self.values(node)
        return Given(stored[name], node.id, name) if name in stored and node.id in self.by_id else None

    def _computed(self, origin: Node, slot: int) -> Json:
        if self.compute is None or origin.id in self._asking:
            return None
        self._asking.add(origin.id)
        try:
            return self.compute(origin, slot)
        finally:
            self._asking.discard(origin.id)

    def _held(self, origin: Node, slot: int) -> str | None:
        """The input whose value comes out of this slot unchanged."""
        role = self.role(origin)
        holds = role.get("holds")
        if isinstance(holds, str):
            return holds if slot == 0 else None
        if isinstance(holds, Mapping):
            return holds.get(str(slot))
        return self.branch(origin) if "chooses" in role else None

    def branch(self, node: Node) -> str | None:
        """The input that a switch hands on; None where that is decided while the graph runs, or it is no switch.

        A line of the table says `by`, the input that decides, and `of`, which value takes which input (or `name`, a
        pattern such as "input{}"); or `first`: the first of its inputs that is linked to a node that runs.
        """
        chooses = self.role(node).get("chooses")
        if not chooses:
            return None
        if chooses.get("first"):
            linked = (slot.name for slot in node.slots if slot.link is not None)
            return next((name for name in linked if isinstance(source(self.workflow, node, name), Origin)), None)
        if node.id in self._asking:  # a switch that decides by itself
            return None
        self._asking.add(node.id)
        try:
            given = self.value(node, chooses["by"])
        finally:
            self._asking.discard(node.id)
        if given is None or isinstance(given.value, (dict, list)) or given.value is None:
            return None
        if "name" in chooses:
            return str(chooses["name"]).format(given.value)
        found = chooses["of"].get(str(given.value).lower())
        return str(found) if found is not None else None

    def _shape(self, node: Node) -> Shape | None:
        kind = node.class_type
        if kind not in self._shapes:
            known = self.known(node)
            if known is None or not known.inputs:
                known = role_type(kind, self._roles.get(kind, {})) or known
            self._shapes[kind] = Shape(known) if known is not None and known.inputs else None
        return self._shapes[kind]

    # ---- links ------------------------------------------------------------------------------------------------

    def feeds(self, node: Node) -> Mapping[str, Feed]:
        """Every linked input and what feeds it, switches looked through where they are settled."""
        found = self._feeds.get(node.id)
        if found is None:
            found = self._feeds[node.id] = {}
            names = [slot.name for slot in node.slots if slot.link is not None]
            names += [name for owner, name in self.workflow.broadcast if owner == node.id]
            for name in names:
                feed = self._feed(node, name)
                if feed is not None:
                    found[name] = feed
        return found

    def feed(self, node: Node, name: str) -> Feed | None:
        """What feeds one input."""
        return self.feeds(node).get(name)

    def _feed(self, node: Node, name: str) -> Feed | None:
        for _ in range(_MOST_HOPS):
            fed = source(self.workflow, node, name)
            origin = self.by_id.get(fed.node) if isinstance(fed, Origin) else None
            if origin is None or not isinstance(fed, Origin):
                return None
            branch = self.branch(origin) if "chooses" in self.role(origin) else None
            if branch is None:
                return Feed(origin, fed.slot)
            node, name = origin, branch
        return None

    def kind(self, node: Node, name: str) -> str:
        """The link type of what feeds an input: as the feeding output says, else the input; "" where neither tells."""
        key = (node.id, name)
        found = self._kinds.get(key)
        if found is None:
            found = self._kinds[key] = self._kind(node, name)
        return found

    def _kind(self, node: Node, name: str) -> str:
        feed = self.feed(node, name)
        if feed is None:
            return ""
        outs = self.outputs(feed.node)
        found = outs[feed.slot] if 0 <= feed.slot < len(outs) else ""
        if found in ("", "*") or found.startswith("COMFY_"):
            found = next((slot.type for slot in node.slots if slot.name == name), "")
        if found in ("", "*"):
            known = self.known(node)
            spec = known.input(name) if known is not None else None
            found = spec.type if spec is not None else ""
        return "" if found == "*" else found

    def users(self, node: Node) -> list[tuple[Node, str, int]]:
        """Who reads the node: the reading node, its input, and the output slot."""
        if self._users is None:
            self._users = {}
            for one in self.nodes:
                for name, feed in self.feeds(one).items():
                    self._users.setdefault(feed.node.id, []).append((one, name, feed.slot))
        return self._users.get(node.id, [])

    def above(self, node: Node) -> Iterator[Node]:
        """Every node that the node's result depends on, nearest first, the node itself not."""
        seen = {node.id}
        row = [node]
        while row:
            after: list[Node] = []
            for one in row:
                for feed in self.feeds(one).values():
                    if feed.node.id not in seen:
                        seen.add(feed.node.id)
                        after.append(feed.node)
                        yield feed.node
            row = after

    def order(self) -> list[Node]:
        """The nodes so that each stands behind what feeds it; nodes of a circle stand where the file has them."""
        if self._order is None:
            done: set[str] = set()
            self._order = []
            for node in self.nodes:
                self._visit(node, done)
        return self._order

    def _visit(self, start: Node, done: set[str]) -> None:
        assert self._order is not None
        stack: list[tuple[Node, Iterator[Feed]]] = []
        if start.id not in done:
            done.add(start.id)
            stack.append((start, iter(self.feeds(start).values())))
        while stack:
            node, rest = stack[-1]
            after = next((feed.node for feed in rest if feed.node.id not in done), None)
            if after is None:
                self._order.append(node)
                stack.pop()
            else:
                done.add(after.id)
                stack.append((after, iter(self.feeds(after).values())))
