"""Structured readers: nodes that keep several files in rows of their own shape. Pure.

The shapes are data (`knowledge/references.json`, "structured"):
`rows`     a value (or the items of a list value) is an object with a name and a switch;
`counted`  widgets come in numbered groups of which only the first N, or those switched on, are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..workflow.raw import Json
from .values import Value


class Row(NamedTuple):
    """A file named by a row that is switched on."""

    name: str
    folders: tuple[str, ...]


class Read(NamedTuple):
    """The files of the rows, and the values that are no rows (read like those of any other node)."""

    files: list[Row]
    rest: list[Value]


def rows(shape: Mapping[str, Any], items: list[Value]) -> Read:
    """What a node of this shape names."""
    if shape.get("kind") == "counted":
        return _counted(shape, items)
    files: list[Row] = []
    rest: list[Value] = []
    folders = (str(shape["folder"]),)
    for item in items:
        found = list(_objects(item.value))
        if not found and not isinstance(item.value, (dict, list)):
            rest.append(item)
        for row in found:
            name = row.get(str(shape["name"]))
            if row.get(str(shape["on"]), True) is not False and isinstance(name, str) and name:
                files.append(Row(name, folders))
    return Read(files, rest)


def _objects(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value[:1000]:
            yield from _objects(item) if isinstance(item, (dict, list)) else ()


def _counted(shape: Mapping[str, Any], items: list[Value]) -> Read:
    """Numbered groups: `count` names the widget that says how many are used, `switch` one that turns each on."""
    named = {item.name: item.value for item in items if item.name}
    pattern = str(shape["name"])
    total = named.get(str(shape.get("count")))
    total = total if isinstance(total, int) and not isinstance(total, bool) else 50
    off = {*map(str, shape.get("off", ("Off", "None"))), "False"}
    files: list[Row] = []
    used: set[str] = set()
    for number in range(1, 51):
        name = pattern.format(number)
        used.add(name)
        value = named.get(name)
        switched_off = "switch" in shape and str(named.get(str(shape["switch"]).format(number), "")) in off
        if number <= total and not switched_off and isinstance(value, str) and value:
            files.append(Row(value, (str(shape["folder"]),)))
    return Read(files, [item for item in items if item.name not in used])
