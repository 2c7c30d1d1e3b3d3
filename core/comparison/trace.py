"""What a link hangs on as it is drawn: like `workflow.source`, but a node that is switched off is not looked through. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.build import CONTROL_WORDS
from ..workflow.raw import Json, Link
from ..workflow.types import (
    GETTERS,
    MUTED,
    PRIMITIVES,
    REROUTES,
    SETTERS,
    SUBGRAPH_INPUT,
    Node,
    Scope,
    Workflow,
)

_MOST_HOPS = 1_000


class Hangs(NamedTuple):
    """On this output of this node."""

    node: str
    slot: int


class Here(NamedTuple):
    """On a value that stands in a PrimitiveNode (`place` is its id and "") or at the host of a subgraph (its instance's
    prefix and the input's name). `control`: what happens to it after each run."""

    value: Json
    place: tuple[str, str]
    control: str = ""


Found = Hangs | Here | None  # None: on nothing, or on the node's own stored value


class Tracer:
    """Follows links of one workflow. Answers are kept: many links leave the same output."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._index = {scope.prefix: place for place, scope in enumerate(workflow.scopes)}
        self._setters: dict[tuple[int, str, str], Node] | None = None

    def trace(self, at: int, link_id: str, widget: bool = False) -> Found:
        """What link `link_id` of scope number `at` starts from. `widget`: the input that asks has a widget."""
        for _ in range(_MOST_HOPS):
            scope = self._workflow.scopes[at]
            link = scope.link(link_id)
            if link is None:
                return None
            step = self._step(at, scope, link)
            if step is None or not isinstance(step, _Next):
                return step
            at, link_id = step.at, step.link
        return None

    def _step(self, at: int, scope: Scope, link: Link) -> Found | _Next:
        if link.origin == SUBGRAPH_INPUT and scope.parent >= 0:
            return self._host(scope, link.origin_slot)
        origin = scope.nodes.get(link.origin)
        if isinstance(origin, Scope):
            if origin.kind == "group":
                return Hangs(origin.prefix[:-1], link.origin_slot)
            inner = origin.outlets.get(link.origin_slot)
            return None if inner is None else _Next(self._index[origin.prefix], inner)
        if origin is None:
            return None
        kind = origin.class_type
        if kind in PRIMITIVES:
            value, control = _first(origin)
            return None if origin.mode == MUTED else Here(value, (origin.id, ""), control)
        if kind in GETTERS:
            setter = self._setter(at, GETTERS[kind], str(_first(origin)[0]))
            return None if setter is None else self._first_input(setter)
        if kind in REROUTES or kind in SETTERS:
            return self._first_input(origin)
        return Hangs(origin.id, link.origin_slot)

    def _host(self, scope: Scope, index: int) -> Found | _Next:
        if not 0 <= index < len(scope.inputs):
            return None
        name = scope.inputs[index]
        for slot in scope.host_slots:
            if slot.name == name and slot.link is not None:
                return _Next(scope.parent, slot.link)
        return Here(scope.host_values[name], (scope.prefix, name)) if name in scope.host_values else None

    def _first_input(self, node: Node) -> _Next | None:
        if node.mode == MUTED:
            return None
        return next((_Next(node.scope, slot.link) for slot in node.slots if slot.link is not None), None)

    def _setter(self, at: int, kind: str, name: str) -> Node | None:
        """The Set node of this name in the same graph, else in a graph around it."""
        if self._setters is None:
            self._setters = {}
            for node in self._workflow.nodes:
                if node.class_type in SETTERS:
                    self._setters.setdefault((node.scope, node.class_type, str(_first(node)[0])), node)
        while at >= 0:
            found = self._setters.get((at, kind, name))
            if found is not None:
                return found
            at = self._workflow.scopes[at].parent
        return None


class _Next(NamedTuple):
    """Go on with this link of this scope."""

    at: int
    link: str


def _first(node: Node) -> tuple[Json, str]:
    """The value that a node holds, and its `control_after_generate`."""
    held = list(node.widgets.values()) if isinstance(node.widgets, dict) else node.widgets
    word = held[1] if len(held) > 1 else ""
    return (held[0] if held else None), (word if isinstance(word, str) and word in CONTROL_WORDS else "")
