"""What `knowledge/roles.json` says of the widgets of a type that is not installed, or whose widgets change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalogue.build import from_knowledge
from ..catalogue.types import NodeType
from ..requirements.values import Value, Values
from ..workflow.raw import Json
from ..workflow.types import Node


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


def role_type(kind: str, line: Mapping[str, Any]) -> NodeType | None:
    """A NodeType with the widgets that a line gives, in their order; None where it gives none."""
    return from_knowledge(kind, line) if line.get("widgets") else None
