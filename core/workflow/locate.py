"""Finds the graphs in a parsed JSON value: at its root, wrapped in other JSON, or in a JSON string. Pure.

Wrappers seen: `{"workflow": …}`, `{"prompt": …, "workflow": …}`, `{"input": {"workflow": …}}` (job
requests), arrays of request bodies, JSON strings inside JSON.
"""

from __future__ import annotations

import json
from collections import deque
from typing import NamedTuple

from .raw import Json

MAX_VALUES = 20_000  # values looked at while searching a wrapper
MAX_DEPTH = 12
MAX_GRAPHS = 64  # graphs taken from one file
MAX_STRING = 8 << 20

_COMPANIONS = {"prompt", "output", "api", "api_prompt"}  # keys that hold the API copy beside a UI graph


class Found(NamedTuple):
    """A graph and its place as a JSON pointer. `companion`: an API copy beside a UI graph of the same run."""

    format: str  # "ui" or "api"
    graph: dict[str, Json]
    place: str
    companion: bool = False


def is_ui(value: Json) -> bool:
    """A UI graph: an object with a `nodes` list of objects that have a type (or an empty list, with links)."""
    if not isinstance(value, dict):
        return False
    nodes = value.get("nodes")
    if not isinstance(nodes, list):
        return False
    if not nodes:
        return "links" in value or "last_node_id" in value
    return any(isinstance(node, dict) and "type" in node and ("id" in node or "pos" in node) for node in nodes[:50])


def is_api(value: Json) -> bool:
    """An API graph: an object in which at least one value is an object with `class_type` and `inputs`."""
    if not isinstance(value, dict) or "class_type" in value:
        return False
    return any(isinstance(node, dict) and isinstance(node.get("class_type"), str) for node in value.values())


def kind(value: Json) -> str | None:
    """The format of a graph: "ui", "api", or None when it is no graph."""
    return "ui" if is_ui(value) else "api" if is_api(value) else None


def locate(value: Json) -> list[Found]:
    """Every graph in `value`, outermost first; never looks inside a graph it has found."""
    whole = kind(value)
    if whole:
        return [Found(whole, value, "")]
    found: list[Found] = []
    queue: deque[tuple[Json, str, int]] = deque([(value, "", 0)])
    seen = 0
    while queue and seen < MAX_VALUES and len(found) < MAX_GRAPHS:
        current, place, depth = queue.popleft()
        seen += 1
        if isinstance(current, str):
            current = _parse(current)
            if form := kind(current):
                found.append(Found(form, current, place))
                continue
        if depth >= MAX_DEPTH:
            continue
        if isinstance(current, dict):
            children = [(str(key), child) for key, child in current.items()]
        elif isinstance(current, list):
            children = [(str(index), child) for index, child in enumerate(current[:MAX_VALUES])]
        else:
            continue
        found += _children(children, place, depth, queue)
    return found[:MAX_GRAPHS]


def _children(
    children: list[tuple[str, Json]], place: str, depth: int, queue: deque[tuple[Json, str, int]]
) -> list[Found]:
    """The graphs among the children of one value; the other children go to the queue."""
    graphs: list[tuple[str, Found]] = []
    for key, child in children:
        below = f"{place}/{key}"
        if isinstance(child, str):
            child = _parse(child)
        if form := kind(child):
            graphs.append((key, Found(form, child, below)))
        elif isinstance(child, (dict, list)):
            queue.append((child, below, depth + 1))
    if any(one.format == "ui" for _, one in graphs):
        return [one._replace(companion=one.format == "api" and key in _COMPANIONS) for key, one in graphs]
    return [one for _, one in graphs]


def _parse(text: str) -> Json:
    """The JSON value inside a string, or None. Only strings that can hold a graph are tried."""
    head = text[:64].lstrip("\ufeff \t\r\n")[:1]
    if (
        head not in ("{", "[")
        or len(text) > MAX_STRING
        or ("class_type" not in text and '"nodes"' not in text.replace("\\", ""))
    ):
        return None
    try:
        return json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
