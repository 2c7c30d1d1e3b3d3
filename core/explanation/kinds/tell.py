"""What kind of workflow it is: told by what goes in, what comes out and what happens between. Pure.

For each output, the rules of `knowledge/tasks.json` are asked in their order; the first that holds tells its kind. Names
of files and templates are never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ...knowledge import document
from ..graph import View
from ..types import Ending, ModelPart, Sampling, Step, Text
from .evidence import Evidence, evidence

MOST_KINDS = 4
_TOOLS = "media_tools"  # said only where there is nothing else to say
_RANK = {medium: place for place, medium in enumerate(("model", "3d", "video", "vector", "audio", "image", "mask"))}


class Rule(NamedTuple):
    """One line of the table. Each group of `media` and `marks` asks for one of its members."""

    kind: str
    out: frozenset[str]
    media: tuple[frozenset[str], ...]
    without: frozenset[str]
    marks: tuple[frozenset[str], ...]
    no: frozenset[str]
    pictures: int
    twice: frozenset[str]  # marks that two nodes show

    def holds(self, seen: Evidence) -> bool:
        """Whether the rule is true of an output."""
        return (
            seen.out in self.out
            and seen.pictures >= self.pictures
            and not (self.without & seen.media or self.no & seen.marks.keys())
            and all(group & seen.media for group in self.media)
            and all(group & seen.marks.keys() for group in self.marks)
            and all(len(seen.marks.get(mark, ())) > 1 for mark in self.twice)
        )


def kinds(
    view: View,
    *,
    inputs: Sequence[Ending] = (),
    outputs: Sequence[Ending] = (),
    models: Sequence[ModelPart] = (),
    samplings: Sequence[Sampling] = (),
    texts: Sequence[Text] = (),
    steps: Sequence[Step] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys of `knowledge/tasks.json`, the main one first, and the nodes that show it; both () when it cannot be told."""
    found: dict[str, tuple[str, ...]] = {}
    ends = sorted(
        evidence(view, inputs, outputs, samplings), key=lambda seen: (_RANK.get(seen.out, len(_RANK)), -seen.size)
    )
    for name in ("rules", "also"):
        for seen in ends:
            for rule in _rules(name):
                if rule.holds(seen):
                    nodes = [
                        node for group in rule.marks for mark in sorted(group) for node in seen.marks.get(mark, ())
                    ]
                    found.setdefault(rule.kind, tuple(dict.fromkeys(nodes)))
                    if name == "rules":
                        break
    chosen = tuple(kind for kind in found if kind != _TOOLS or len(found) == 1)[:MOST_KINDS]
    return chosen, tuple(dict.fromkeys(node for kind in chosen for node in found[kind]))


@cache
def _rules(name: str) -> tuple[Rule, ...]:
    return tuple(_rule(line) for line in document("tasks")[name])


def _rule(line: Mapping[str, Any]) -> Rule:
    groups = {name: tuple(frozenset(one.split("|")) for one in line.get(name, ())) for name in ("in", "marks")}
    return Rule(
        line["kind"],
        frozenset(line["out"]),
        groups["in"],
        frozenset(line.get("without", ())),
        groups["marks"],
        frozenset(line.get("no", ())),
        line.get("pictures", 0),
        frozenset(line.get("twice", ())),
    )
