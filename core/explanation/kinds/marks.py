"""What single nodes show of what a workflow is for, by the table `marks` of `knowledge/tasks.json`. Pure.

A mark is shown by what a type does (`knowledge/roles.json`), by its name, by an input that something is linked to, by
the name of a model that it loads, or by being a partner node. What a name shows is worked out once per type; links are looked at per node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ...knowledge import document
from ...workflow.types import Node
from ..graph import View

_MOST_TYPES = 4_000
_FEW_WORDS = 4  # a text with more blanks than a name or an option has


class Mark(NamedTuple):
    """One line of the table, its patterns compiled. `inputs`: each is found in the name of a linked input,
    with `many` in those of two or more. `files`: found in a text that is stored in the node, a model's name.
    """

    name: str
    types: re.Pattern[str] | None
    against: re.Pattern[str] | None
    does: frozenset[str]
    inputs: tuple[re.Pattern[str], ...]
    makes: frozenset[str]
    partner: bool
    prompted: bool
    unknown: bool
    but: frozenset[str]
    many: bool
    files: re.Pattern[str] | None

    def may(self, class_type: str) -> bool:
        """Whether a node of this type can show the mark at all."""
        named = self.types is None or self.types.search(class_type) is not None
        return named and not (self.against is not None and self.against.search(class_type))


@cache
def table() -> tuple[Mark, ...]:
    """The marks in the order of the document: `but` of a line looks at those before it."""
    return tuple(_mark(line) for line in document("tasks")["marks"])


def _mark(line: Mapping[str, Any]) -> Mark:
    return Mark(
        line["mark"],
        re.compile(line["types"]) if "types" in line else None,
        re.compile(line["not"]) if "not" in line else None,
        frozenset(line.get("does", ())),
        tuple(re.compile(one) for one in line.get("inputs", ())),
        frozenset(line.get("makes", ())),
        bool(line.get("partner")),
        bool(line.get("prompted")),
        bool(line.get("unknown")),
        frozenset(line.get("but", ())),
        bool(line.get("many")),
        re.compile(line["files"]) if "files" in line else None,
    )


@lru_cache(maxsize=_MOST_TYPES)
def _candidates(class_type: str) -> tuple[Mark, ...]:
    return tuple(mark for mark in table() if mark.may(class_type))


def marks(view: View, node: Node, linked: Sequence[str]) -> Iterator[str]:
    """The marks of one node. `linked`: names of its inputs that get media, models or conditioning."""
    shown: set[str] = set()
    for mark in _candidates(node.class_type):
        if mark.name in shown or shown & mark.but:
            continue
        if mark.does and view.role(node).get("does") not in mark.does:
            continue
        if mark.partner and not _partner(view, node):
            continue
        if (mark.prompted and not _prompted(view, node)) or (mark.unknown and not _unknown(view, node)):
            continue
        if mark.files and not any(mark.files.search(one) for one in _texts(view, node)):
            continue
        if mark.makes and not mark.makes.intersection(view.outputs(node)):
            continue
        if all(sum(map(bool, map(pattern.search, linked))) > mark.many for pattern in mark.inputs):
            shown.add(mark.name)
            yield mark.name


def _partner(view: View, node: Node) -> bool:
    known = view.known(node)
    return (known is not None and known.api) or view.role(node).get("does") == "partner"


def _prompted(view: View, node: Node) -> bool:
    """Whether a node of a type that nothing here knows takes a prompt: then what it gives is made of it.

    Told by the name of an input or, where values are stored without names, by a text of several words.
    """
    if not _unknown(view, node):
        return False
    values = view.values(node)
    names = {slot.name.rpartition(".")[2] for slot in node.slots} | {name.rpartition(".")[2] for name in values}
    return "prompt" in names or any(one.count(" ") >= _FEW_WORDS for one in _texts(view, node))


def _texts(view: View, node: Node) -> list[str]:
    """Every text stored in the node, those without a name too."""
    stored = node.widgets if isinstance(node.widgets, list) else view.values(node).values()
    return [one for one in stored if isinstance(one, str)]


def _unknown(view: View, node: Node) -> bool:
    return view.known(node) is None and not view.role(node)
