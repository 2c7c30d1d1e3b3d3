"""What `knowledge/roles.json` says of the widgets of a type that is not installed, or whose widgets change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalogue.build import from_knowledge
from ..catalogue.types import NodeType
from ..requirements.values import Value, Values
from ..workflow.raw import Json
from ..workflow.types import SUBGRAPH_INPUT, Node, Scope, Workflow

_SEEDS = frozenset({"seed", "noise_seed"})
_PROMPTS = frozenset({"prompt", "negative_prompt", "system_prompt"})


def formed(node: Node, stored: list[Json], forms: Mapping[str, list[str]]) -> Values:
    """The values of a node whose widgets depend on its first one. `forms`: that one's value, or "*" → their names."""
    first = stored[0] if stored else None
    names = forms.get(first) if isinstance(first, str) else None
    names = names or forms.get("*", [])
    own = node.overrides or {}
    items = [Value(name, own.get(name, value)) for name, value in zip(names, stored, strict=False)]
    items += [Value(None, value) for value in stored[len(names) :]]
    items += [Value(name, value) for name, value in own.items() if name not in names]
    return Values(items, len(names) == len(stored))


def sane(found: Values) -> Values:
    """The same, without names where one of them cannot be true: the values were stored in another order than is known."""
    if any(_contradicts(item) for item in found.items):
        return Values([Value(None, item.value) for item in found.items], False)
    return found


def _contradicts(item: Value) -> bool:
    """Whether a seed holds words, or a prompt is switched on or off."""
    if item.name in _SEEDS and isinstance(item.value, str):
        return bool(item.value) and not item.value.strip().lstrip("-").isdecimal()
    return item.name in _PROMPTS and isinstance(item.value, bool | int | float)


def sharing(workflow: Workflow, node: Node, name: str) -> tuple[Node, str] | None:
    """The widget inside a subgraph that an input without one shares a promoted value with: the frontend shows and sends
    that one's value where the subgraph's node on the canvas has stored none."""
    scope = workflow.scopes[node.scope]
    asked = next((_promoted(scope, slot.link) for slot in node.slots if slot.name == name), None)
    if asked is None:
        return None
    for one in scope.nodes.values():
        if isinstance(one, Node):
            for slot in one.slots:
                if slot.widget is not None and _promoted(scope, slot.link) == asked:
                    return one, slot.name
    return None


def _promoted(scope: Scope, link_id: str | None) -> int | None:
    """The place of the subgraph's input at which a link starts."""
    link = scope.link(link_id) if link_id is not None else None
    return link.origin_slot if link is not None and link.origin == SUBGRAPH_INPUT else None


def role_type(kind: str, line: Mapping[str, Any]) -> NodeType | None:
    """A NodeType with the widgets that a line gives, in their order; None where it gives none."""
    return from_knowledge(kind, line) if line.get("widgets") else None
