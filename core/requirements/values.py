"""Which input each stored value belongs to. Pure.

The file's own `inputs[].widget` names decide when there is one for every value: they were true when the
graph was saved. Else the order of the node's definition does. `control_after_generate` adds one unnamed
value after a seed. Where neither fits, the value has no name.
"""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.build import CONTROL_WORDS
from ..catalogue.types import NodeType
from ..workflow.types import Json, Node


class Value(NamedTuple):
    """A stored value and the input it is for; `name` is None when that cannot be told."""

    name: str | None
    value: Json


class Values(NamedTuple):
    """All values of a node. `exact`: every value was matched to an input, none was left over."""

    items: list[Value]
    exact: bool


_CONTROLS = tuple(CONTROL_WORDS)  # compared by equality: a stored value need not be hashable
_BUTTONS = 2  # values that buttons (upload, refresh) leave behind the last input


def values(node: Node, known: NodeType | None, widgets: list[Json] | dict[str, Json] | None = None) -> Values:
    """The named values of a node; `widgets` stands in for its own (the host's copy of a group node)."""
    stored = node.widgets if widgets is None else widgets
    if isinstance(stored, dict):
        return Values([Value(str(name), value) for name, value in stored.items()], True)
    found = _by_slots(node, stored, 0) or _by_definition(stored, known) or _by_slots(node, stored, _BUTTONS)
    if found is None:
        found = Values([Value(None, value) for value in stored], False)
    if node.overrides:
        known_names = {item.name for item in found.items}
        items = [Value(n, node.overrides.get(n, v) if n is not None else v) for n, v in found.items]
        items += [Value(name, value) for name, value in node.overrides.items() if name not in known_names]
        found = Values(items, found.exact)
    return found


def _by_slots(node: Node, stored: list[Json], spare: int) -> Values | None:
    names = [slot.widget for slot in node.slots if slot.widget is not None]
    if not names:
        return None
    return _align([(name, True) for name in names], stored, spare)


def _by_definition(stored: list[Json], known: NodeType | None) -> Values | None:
    if known is None or not known.inputs:
        return None
    wanted = [(one.name, one.control) for one in known.inputs if one.widget]
    found = _align(wanted, stored, _BUTTONS)
    if found is None and len(stored) < len(wanted):  # saved by an older version of the node: a prefix
        found = _align(wanted[: len(stored)], stored, 0)
        return None if found is None else found._replace(exact=False)
    return found


def _align(names: list[tuple[str, bool]], stored: list[Json], spare: int) -> Values | None:
    """Values side by side with names, or None when they do not come out even (up to `spare` left over)."""
    items: list[Value] = []
    place = 0
    for index, (name, control) in enumerate(names):
        if place >= len(stored):
            return None
        value = stored[place]
        items.append(Value(name or None, value))
        place += 1
        more = len(stored) - place > len(names) - index - 1
        if control and more and isinstance(value, (int, float)) and stored[place] in _CONTROLS:
            place += 1
    if len(stored) - place > spare:
        return None
    items += [Value(None, value) for value in stored[place:]]
    return Values(items, place == len(stored) or spare > 0)
