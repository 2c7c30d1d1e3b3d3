"""What feeds an input, seen through everything that exists only in the browser. Pure.

Follows links across subgraph borders, Reroutes, Get/Set pairs, PrimitiveNodes, bypassed and muted nodes
to the node that would really feed the input when ComfyUI runs the graph.
"""

from __future__ import annotations

from .raw import Json, Link
from .types import (
    BYPASSED,
    GETTERS,
    MUTED,
    PRIMITIVES,
    REROUTES,
    SETTERS,
    SUBGRAPH_INPUT,
    Literal,
    Node,
    Origin,
    Scope,
    Stored,
    Workflow,
)

MAX_HOPS = 1_000

Source = Origin | Literal | Stored | None


def source(workflow: Workflow, node: Node, name: str) -> Source:
    """What feeds input `name` of `node`; None when nothing does (not linked, cut by a muted node, or a loop).

    `Stored`: linked to a promoted widget without a value of its own. The widget of the node counts.
    """
    for slot in node.slots:
        if slot.name == name or slot.widget == name:
            if slot.link is not None:
                return follow(workflow, workflow.scopes[node.scope], slot.link, slot.widget is not None)
            break
    return workflow.broadcast.get((node.id, name))


def follow(workflow: Workflow, scope: Scope, link_id: str, widget: bool = False) -> Source:
    """The same for a link of `scope`. `widget`: the input that asks has a widget."""
    for _ in range(MAX_HOPS):
        link = scope.link(link_id)
        if link is None:
            return None
        step = _step(workflow, scope, link, widget)
        if not isinstance(step, _Next):
            return step
        scope, link_id = step.scope, step.link
    return None


def bypasses(workflow: Workflow, node: Node, name: str) -> bool:
    """Whether what feeds input `name` comes through a bypassed node: which of its inputs it hands on is the page's choice."""
    link_id = next((slot.link for slot in node.slots if slot.name == name), None)
    scope = workflow.scopes[node.scope]
    for _ in range(MAX_HOPS):
        link = scope.link(link_id) if link_id is not None else None
        if link is None:
            return False
        origin = scope.nodes.get(link.origin)
        if origin is not None and origin.mode == BYPASSED:
            return True
        step = _step(workflow, scope, link, False)
        if not isinstance(step, _Next):
            return False
        scope, link_id = step.scope, step.link
    return False


class _Next:
    """Go on with this link of this scope."""

    __slots__ = ("link", "scope")

    def __init__(self, scope: Scope, link: str) -> None:
        self.scope = scope
        self.link = link


def _step(workflow: Workflow, scope: Scope, link: Link, widget: bool) -> Source | _Next:
    if link.origin == SUBGRAPH_INPUT and scope.parent >= 0:
        return _through_host(workflow, scope, link.origin_slot, widget)
    origin = scope.nodes.get(link.origin)
    if isinstance(origin, Scope):
        return _into_instance(scope, origin, link)
    if origin is None or origin.mode == MUTED:
        return None
    if origin.mode == BYPASSED:
        return _past(scope, [(slot.type, slot.link) for slot in origin.slots], link)
    if origin.class_type in REROUTES:
        return _first_input(scope, origin)
    if origin.class_type in PRIMITIVES:
        return Literal(_first_value(origin), primitive=True)
    if origin.class_type in GETTERS:
        setter = _setter(workflow, scope, GETTERS[origin.class_type], _first_value(origin))
        return None if setter is None else _first_input(workflow.scopes[setter.scope], setter)
    if origin.class_type in SETTERS:
        return _first_input(scope, origin)
    return Origin(origin.id, link.origin_slot)


def _through_host(workflow: Workflow, scope: Scope, index: int, widget: bool) -> Source | _Next:
    """From the inside of an instance out to what its host feeds into that input.

    Where the host has no link and no value, it shows a widget if any input inside that hangs on it has one.
    """
    if not 0 <= index < len(scope.inputs):
        return None
    name = scope.inputs[index]
    for slot in scope.host_slots:
        if slot.name == name and slot.link is not None:
            return _Next(workflow.scopes[scope.parent], slot.link)
    if name in scope.host_values:
        return Literal(scope.host_values[name])
    return Stored() if widget or name in scope.widget_inputs else None


def _into_instance(scope: Scope, inner: Scope, link: Link) -> Source | _Next:
    """From a link that starts at an instance to the inner link that ends at this output."""
    if inner.mode == MUTED:
        return None
    if inner.mode == BYPASSED:
        return _past(scope, [(slot.type, slot.link) for slot in inner.host_slots], link)
    if inner.kind == "group":
        return Origin(inner.prefix[:-1], link.origin_slot)
    link_id = inner.outlets.get(link.origin_slot)
    return None if link_id is None else _Next(inner, link_id)


def _past(scope: Scope, inputs: list[tuple[str, str | None]], link: Link) -> _Next | None:
    """A bypassed node hands on one input: that of the output's place when its type fits, else the first of the
    same type, else the first that fits. When that one has no link, nothing comes through."""
    same = inputs[link.origin_slot : link.origin_slot + 1] if link.origin_slot >= 0 else []
    exact = [one for one in inputs if one[0] == link.type]
    for kind, link_id in (*same, *exact, *inputs):
        if _fits(kind, link.type):
            return _Next(scope, link_id) if link_id is not None else None
    return None


def _fits(kind: str, wanted: str) -> bool:
    """Types as the page compares them: `*` fits all, and of a comma list any part does."""
    if kind == wanted or kind in ("", "*") or wanted in ("", "*"):
        return True
    return not {part.strip().lower() for part in kind.split(",")}.isdisjoint(
        part.strip().lower() for part in wanted.split(",")
    )


def _first_input(scope: Scope, node: Node) -> _Next | None:
    for slot in node.slots:
        if slot.link is not None:
            return _Next(scope, slot.link)
    return None


def _first_value(node: Node) -> Json:
    widgets = node.widgets
    if isinstance(widgets, dict):
        return next(iter(widgets.values()), None)
    return widgets[0] if widgets else None


def _setter(workflow: Workflow, scope: Scope, class_type: str, name: Json) -> Node | None:
    """The Set node of this name in the same graph, else in a graph around it."""
    while True:
        for node in scope.nodes.values():
            if isinstance(node, Node) and node.class_type == class_type and _first_value(node) == name:
                return node
        if scope.parent < 0:
            return None
        scope = workflow.scopes[scope.parent]
