"""The raw pieces of a graph: ids, sockets and links as files write them, in every spelling seen. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = Any  # a value as json.loads gives it; every reader checks the type before use


class Slot(NamedTuple):
    """One input of a node as the file lists it. `link` is an id in the node's scope, or None."""

    name: str
    type: str
    link: Json
    widget: str | None  # the widget this socket stands for, when the file says so


class Link(NamedTuple):
    """One link of a scope, ids as raw strings of that scope."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int
    type: str


def raw_id(value: Json) -> str:
    """A node or link id as a string: ids are ints in most files and strings in some; 3.0 means 3."""
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value)[:64]


def read_slots(raw: Json) -> tuple[Slot, ...]:
    """The `inputs` list of a UI node. Anything of a wrong type is passed over."""
    if not isinstance(raw, list):
        return ()
    slots = []
    for item in raw:
        if isinstance(item, dict):
            widget = item.get("widget")
            name = widget.get("name") if isinstance(widget, dict) else None
            link = item.get("link")
            slots.append(
                Slot(
                    text(item.get("name")) or "",
                    text(item.get("type")) or "*",
                    None if link is None else raw_id(link),
                    name if isinstance(name, str) else None,
                )
            )
    return tuple(slots)


def index_links(raw: Json, *, by_index: bool = False) -> dict[str, Json]:
    """The raw links of one level by id: arrays or objects, in a list or a dict.

    Group nodes (`by_index`) leave the id out of the array; their links are numbered here.
    """
    values = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    if by_index:
        return {str(place): [place, *item] for place, item in enumerate(values) if isinstance(item, list)}
    index: dict[str, Json] = {}
    for item in values:
        if isinstance(item, dict):
            index[raw_id(item.get("id"))] = item
        elif isinstance(item, list) and item:
            index[raw_id(item[0])] = item
    return index


def read_link(item: Json) -> Link | None:
    """One raw link, `[id, origin, slot, target, slot, type]` or an object with these names; None when damaged."""
    if isinstance(item, dict):
        get = item.get
        origin, out, target, into = get("origin_id"), get("origin_slot"), get("target_id"), get("target_slot")
        kind = get("type")
    elif isinstance(item, list) and len(item) >= 5:
        origin, out, target, into = item[1:5]
        kind = item[5] if len(item) > 5 else "*"
    else:
        return None
    return Link(
        raw_id(origin),
        out if type(out) is int else -1,
        raw_id(target),
        into if type(into) is int else -1,
        kind if type(kind) is str else "*",
    )


def text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
