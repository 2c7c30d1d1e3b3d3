"""Which input each stored value belongs to. Pure.

Where a node stores as many values as its definition has widgets, and the file's own widget names do not
contradict, the definition's order decides. Else the names that the file itself gives do, if there is one for
every value: they were true when the graph was saved. `control_after_generate` adds one unnamed value after a
seed. Where nothing fits, a value has no name.
"""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.build import CONTROL_WORDS
from ..workflow.raw import Json
from ..workflow.types import Node
from .shapes import Shape


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


def values(node: Node, shape: Shape | None, widgets: list[Json] | None = None) -> Values:
    """The named values of a node; `widgets` stands in for its own (the host's copy of a group node)."""
    stored = node.widgets if widgets is None else widgets
    if isinstance(stored, dict):
        shown = ("videopreview", "preview")  # what a player shows, not what the node reads
        return Values([Value(str(name), value) for name, value in stored.items() if name not in shown], True)
    found = _match(node, shape, stored)
    if found is None:
        found = Values([Value(None, value) for value in stored], False)
    if node.overrides:
        known = {item.name for item in found.items}
        items = [Value(n, node.overrides.get(n, v) if n is not None else v) for n, v in found.items]
        items += [Value(name, value) for name, value in node.overrides.items() if name not in known]
        found = Values(items, found.exact)
    return found


def _match(node: Node, shape: Shape | None, stored: list[Json]) -> Values | None:
    own = [slot.widget for slot in node.slots if slot.widget is not None]
    if shape is not None and len(stored) == len(shape.layout) and shape.names.issuperset(own):
        return Values([Value(name, value) for name, value in zip(shape.layout, stored, strict=True) if name], True)
    if shape is not None and len(stored) == len(shape.forced) and all(name in shape.by_name for name in own):
        return Values([Value(name, value) for name, value in zip(shape.forced, stored, strict=True) if name], True)
    by_slots = [(name, True) for name in own]
    by_definition = [(one.name, one.control) for one in shape.known.inputs or () if one.widget] if shape else []
    for names, spare, counted in ((by_slots, 0, True), (by_definition, _BUTTONS, False), (by_slots, _BUTTONS, True)):
        if names and (found := _align(names, stored, spare, counted=counted)) is not None:
            return found
    return _align(by_definition, stored, 0, prefix=True) if by_definition else None


def _align(
    names: list[tuple[str, bool]], stored: list[Json], spare: int, *, prefix: bool = False, counted: bool = False
) -> Values | None:
    """Values side by side with names, or None when they do not come out even (up to `spare` left over).

    `prefix`: an older version of the node stored fewer values; the names that are left over are let go.
    `counted`: which names have a control word is not known, so one is passed over only while values are left over.
    """
    items: list[Value] = []
    place = 0
    for index, (name, control) in enumerate(names):
        if place >= len(stored):
            return Values(items, False) if prefix else None
        value = stored[place]
        items.append(Value(name or None, value))
        place += 1
        more = not counted or len(stored) - place > len(names) - index - 1
        if control and more and place < len(stored) and isinstance(value, (int, float)) and stored[place] in _CONTROLS:
            place += 1
    if len(stored) - place > spare:
        return None
    items += [Value(None, value) for value in stored[place:]]
    return Values(items, place == len(stored) or spare > 0)
