"""One version as it is drawn, ready to be matched: nodes, what stands in their inputs, what feeds them. Pure.

Subgraphs are unfolded, and reroutes, Get/Set pairs and PrimitiveNodes looked through, so that none of them is a node
here. A muted or bypassed node is one, with its links: switching it off is one difference, not one per reader.
Where the two versions come in different formats, both are taken as ComfyUI would run them instead (`as_run`): an API
graph does not know what was switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..catalogue.build import CONTROL, CONTROL_WORDS
from ..catalogue.types import NodeCatalogue
from ..explanation.graph import Roles, View
from ..explanation.outline import NOTES
from ..requirements.values import Value
from ..workflow.raw import Json, Slot
from ..workflow.source import source
from ..workflow.types import BYPASSED, MUTED, PASSING, PRIMITIVES, Literal, Node, Origin, Scope, Workflow
from .trace import Hangs, Here, Tracer
from .values import frozen

_SKIPPED = 3  # entries without a value between two values of a node: a word of control, a button

ON = "on"
STATES = {MUTED: "muted", BYPASSED: "bypassed"}


class Linked(NamedTuple):
    """An input that a node feeds."""

    node: str
    slot: int


class Holds(NamedTuple):
    """An input that gets a value. `place`: where the value stands, when that is not the node itself: the id of a
    PrimitiveNode, or the prefix of a subgraph's instance ("12:") and the name of its input."""

    value: Json
    place: tuple[str, str] | None = None
    control: str = ""  # what happens to a seed after each run: "fixed", "randomize" …


Given = Linked | Holds


@dataclass(slots=True)
class Vertex:
    """A node of one version. `unnamed`: its values whose input cannot be told, in the file's order; `names`: of all that it
    stores, in that order, None for those. `state`: ON, "muted" or
    "bypassed"; `cause`: the prefix of the subgraph's instance that is switched off, where it is not the node itself."""

    id: str
    class_type: str
    title: str
    node: Node | None
    state: str = ON
    cause: str = ""
    inputs: dict[str, Given] = field(default_factory=dict)
    unnamed: tuple[Holds, ...] = ()
    names: tuple[str | None, ...] = ()
    exact: bool = True
    colour: int = 0  # given by the matching: equal for the same type with the same values


class Drawn:
    """All vertices of one version by id, in the file's order, and who reads whom."""

    def __init__(
        self, workflow: Workflow, catalogue: NodeCatalogue, roles: Roles, display: frozenset[str], *, as_run: bool
    ) -> None:
        self.workflow = workflow
        self.view = View(workflow, catalogue, roles)
        self.as_run = as_run
        self._display = display
        self._tracer = Tracer(workflow)
        self._unseen = catalogue.virtual | PASSING | PRIMITIVES | NOTES
        self.vertices: dict[str, Vertex] = {}
        for node in workflow.nodes:
            if node.class_type not in self._unseen and (node.active or not as_run):
                self._add(node)
        self._add_groups()
        for vertex in list(self.vertices.values()):
            self._fill(vertex)
        self.users = self._users()

    def effective(self, vertex: str, name: str) -> Linked | None:
        """The node that would really feed the input when ComfyUI runs it, past what is bypassed."""
        node = self.vertices[vertex].node
        fed = source(self.workflow, node, name) if node is not None else None
        return Linked(fed.node, fed.slot) if isinstance(fed, Origin) else None

    def scope(self, prefix: str) -> Scope | None:
        """The instance of a subgraph with this prefix ("12:")."""
        return next((one for one in self.workflow.scopes if one.prefix == prefix), None)

    def prefix(self, vertex: str) -> str:
        """The prefix of the instance that a vertex stands in; "" for the outermost graph."""
        node = self.vertices[vertex].node
        return self.workflow.scopes[node.scope].prefix if node is not None else ""

    def within(self, node: Node | None) -> tuple[str, ...]:
        """The names of the subgraphs around a node, the outermost first."""
        names: list[str] = []
        at = node.scope if node is not None else -1
        while at > 0:
            scope = self.workflow.scopes[at]
            title = scope.host.get("title")
            names.append(title if isinstance(title, str) and title.strip() else scope.name)
            at = scope.parent
        return tuple(reversed(names))

    # ---- nodes ------------------------------------------------------------------------------------------------

    def _add(self, node: Node) -> None:
        state, cause = self._state(node)
        self.vertices[node.id] = Vertex(node.id, node.class_type, _own_title(node.raw), node, state, cause)

    def _add_groups(self) -> None:
        """What comes out of an old group node is known only as coming from its host."""
        for scope in self.workflow.scopes:
            if scope.kind == "group" and (scope.active or not self.as_run):
                kind = scope.host.get("type")
                own = scope.prefix[:-1]
                self.vertices[own] = Vertex(own, str(kind), _own_title(scope.host), None, STATES.get(scope.mode, ON))
                slots = scope.host_slots
                self._link(self.vertices[own], scope.parent, slots)

    def _state(self, node: Node) -> tuple[str, str]:
        if node.active:
            return ON, ""
        if node.mode in STATES:
            return STATES[node.mode], ""
        at = node.scope
        while at > 0:
            scope = self.workflow.scopes[at]
            if scope.mode in STATES:
                return STATES[scope.mode], scope.prefix
            at = scope.parent
        return ON, ""

    # ---- inputs -----------------------------------------------------------------------------------------------

    def _fill(self, vertex: Vertex) -> None:
        node = vertex.node
        if node is None:
            return
        stored = self.view.stored(node)
        if node.class_type not in self._display:  # what such a node stores is the last result it showed
            vertex.exact = stored.exact
            vertex.names = tuple(item.name or None for item in stored.items)
            unnamed = []
            for item, control in zip(stored.items, _controls(node, stored.items), strict=True):
                held = Holds(item.value, None, control)
                if not item.name:
                    unnamed.append(held)
                elif item.name != CONTROL:
                    vertex.inputs[item.name] = held
            vertex.unnamed = tuple(unnamed)
        self._link(vertex, node.scope, node.slots)
        for (owner, name), origin in self.workflow.broadcast.items() if self.workflow.broadcast else ():
            if owner == vertex.id and not isinstance(vertex.inputs.get(name), Linked):
                self._feed(vertex, name, Linked(origin.node, origin.slot))

    def _link(self, vertex: Vertex, scope: int, slots: tuple[Slot, ...]) -> None:
        seen: dict[str, int] = {}
        for place, slot in enumerate(slots):
            if slot.link is None:
                continue
            name = slot.widget or slot.name or f"input {place + 1}"
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                name = f"{name} ({seen[name]})"
            if self.as_run and vertex.node is not None:
                self._run(vertex, slot, name)
                continue
            hangs = self._tracer.trace(scope, slot.link, slot.widget is not None)
            if isinstance(hangs, Hangs):
                self._feed(vertex, name, Linked(hangs.node, hangs.slot))
            elif isinstance(hangs, Here):
                own = vertex.inputs.get(name)
                control = hangs.control or (own.control if isinstance(own, Holds) else "")
                vertex.inputs[name] = Holds(hangs.value, hangs.place, control)

    def _run(self, vertex: Vertex, slot: Slot, name: str) -> None:
        assert vertex.node is not None
        fed = source(self.workflow, vertex.node, slot.name)
        own = vertex.inputs.get(name)
        if isinstance(fed, Origin):
            self._feed(vertex, name, Linked(fed.node, fed.slot))
        elif isinstance(fed, Literal):
            vertex.inputs[name] = Holds(fed.value, None, own.control if isinstance(own, Holds) else "")

    def _feed(self, vertex: Vertex, name: str, linked: Linked) -> None:
        """A node that only the browser knows but that is read all the same stands for itself."""
        if linked.node not in self.vertices and not self.as_run:
            node = self.workflow.by_id(linked.node)
            if node is None:
                return
            self._add(node)
            self._fill(self.vertices[node.id])
        if linked.node in self.vertices:
            vertex.inputs[name] = linked

    def _users(self) -> Mapping[str, list[tuple[str, str, int]]]:
        users: dict[str, list[tuple[str, str, int]]] = {}
        for vertex in self.vertices.values():
            for name, given in vertex.inputs.items():
                if isinstance(given, Linked):
                    users.setdefault(given.node, []).append((vertex.id, name, given.slot))
        return users

    def values(self, vertex: Vertex) -> Iterator[tuple[str, Holds]]:
        """The inputs of a vertex that hold a value."""
        return ((name, given) for name, given in vertex.inputs.items() if isinstance(given, Holds))

    def own(self, vertex: Vertex, *, titles: bool = False, states: bool = True) -> tuple[object, ...]:
        """Type and values as one hashable value, equal for nodes that are equal by themselves; with title and state or
        without."""
        values = sorted((name, frozen(given.value)) for name, given in self.values(vertex))
        title, state = vertex.title if titles else "", vertex.state if states else ""
        return vertex.class_type, title, state, tuple(values), tuple(frozen(one.value) for one in vertex.unnamed)


def _own_title(raw: Mapping[str, Json]) -> str:
    """The title that the file gives, "" for none."""
    meta = raw.get("_meta")
    title = raw.get("title") or (meta.get("title") if isinstance(meta, dict) else None)
    return title.strip() if isinstance(title, str) else ""


def _controls(node: Node, items: list[Value]) -> list[str]:
    """For each value its `control_after_generate`, the word that stands behind it in the file; "" where there is none."""
    if not isinstance(node.widgets, list):
        return [""] * len(items)
    promoted = (node.overrides or {}).get(CONTROL)
    found: list[str] = []
    place = 0
    for item in items:
        near = range(place, min(place + _SKIPPED, len(node.widgets)))
        at = next((at for at in near if node.widgets[at] is item.value), place)
        place = at + 1
        word = node.widgets[place] if place < len(node.widgets) else None
        number = isinstance(item.value, (int, float)) and not isinstance(item.value, bool)
        if number and isinstance(word, str) and word in CONTROL_WORDS:
            found.append(promoted if isinstance(promoted, str) else word)
        else:
            found.append("")
    return found


def named_alike(left: Vertex, right: Vertex) -> tuple[Vertex, Vertex]:
    """The two with the same names for their values, where only one version tells them: they stand in the same order."""
    if left.class_type != right.class_type or left.names == right.names or len(left.names) != len(right.names):
        return left, right
    pairs = list(zip(left.names, right.names, strict=True))
    if any(one is not None and other is not None and one != other for one, other in pairs):
        return left, right
    names = [one or other for one, other in pairs]
    return _renamed(left, names), _renamed(right, names)


def _renamed(vertex: Vertex, names: list[str | None]) -> Vertex:
    rest = iter(vertex.unnamed)
    inputs, unnamed = dict(vertex.inputs), []
    for own, name in zip(vertex.names, names, strict=True):
        if own is None:
            held = next(rest)
            if name is None:
                unnamed.append(held)
            else:
                inputs.setdefault(name, held)
    return replace(vertex, inputs=inputs, unnamed=tuple(unnamed))
