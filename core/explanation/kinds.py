"""What kind of workflow it is: told by what goes in, what comes out and what happens between. Pure.

For each output, the nodes that its media come from are gathered, plain numbers and texts left aside: a picture that is
only measured, or described to a language model, does not go in. The rules of `knowledge/tasks.json` are then asked in
their order. Names of files and templates are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ..knowledge import document
from ..workflow.types import Node
from .graph import Feed, View
from .kind_marks import marks
from .types import Ending, ModelPart, Sampling, Step, Text

MOST_KINDS = 4
_MOST_OUTPUTS = 40  # a workflow with hundreds of previews is told by the first ones
_RANK = {medium: place for place, medium in enumerate(("model", "3d", "video", "vector", "audio", "image", "mask"))}


class Evidence(NamedTuple):
    """What is known of one output. `media`: what a person puts in that reaches it; `pictures`: how many pictures."""

    out: str
    media: frozenset[str]
    pictures: int
    marks: Mapping[str, tuple[str, ...]]
    size: int


class Rule(NamedTuple):
    """One line of the table. Each group of `media` and `marks` asks for one of its members."""

    kind: str
    out: frozenset[str]
    media: tuple[frozenset[str], ...]
    without: frozenset[str]
    marks: tuple[frozenset[str], ...]
    no: frozenset[str]
    pictures: int

    def holds(self, seen: Evidence) -> bool:
        """Whether the rule is true of an output."""
        return (
            seen.out in self.out
            and seen.pictures >= self.pictures
            and not (self.without & seen.media or self.no & seen.marks.keys())
            and all(group & seen.media for group in self.media)
            and all(group & seen.marks.keys() for group in self.marks)
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
    evidence = sorted(_evidence(view, inputs, outputs), key=lambda seen: (_RANK.get(seen.out, len(_RANK)), -seen.size))
    for name in ("rules", "also"):
        for seen in evidence:
            for rule in _rules(name):
                if rule.holds(seen):
                    nodes = [node for group in rule.marks for mark in sorted(group) for node in seen.marks.get(mark, ())]
                    found.setdefault(rule.kind, tuple(dict.fromkeys(nodes)))
                    if name == "rules":
                        break
    chosen = tuple(found)[:MOST_KINDS]
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
    )


# ---- what reaches an output --------------------------------------------------------------------------------


def _evidence(view: View, inputs: Sequence[Ending], outputs: Sequence[Ending]) -> Iterator[Evidence]:
    given = {one.node: one.medium for one in inputs}
    kept = [one for one in outputs if not one.preview and one.medium] or [one for one in outputs if one.medium]
    seen = [_seen(view, one, given) for one in kept[:_MOST_OUTPUTS]]
    made = [one for one in seen if one.marks]
    yield from made or seen


def _seen(view: View, output: Ending, given: Mapping[str, str]) -> Evidence:
    start = view.by_id.get(output.node)
    nodes = reach(view, start, texts=output.medium == "text") if start is not None else {}
    shown: dict[str, list[str]] = {}
    for node, linked in nodes.values():
        if node is not start:
            for mark in marks(view, node, linked):
                shown.setdefault(mark, []).append(node.id)
    media = [given[node] for node in nodes if given.get(node)]
    return Evidence(
        output.medium,
        frozenset(media),
        media.count("image"),
        {mark: tuple(ids) for mark, ids in shown.items()},
        len(nodes),
    )


def reach(view: View, start: Node, texts: bool = False) -> dict[str, tuple[Node, list[str]]]:
    """Every node whose media, models or conditioning reach `start`, with the inputs by which each gets its own.

    `texts`: follow plain texts and numbers too, for an output that is a text itself.
    """
    found: dict[str, tuple[Node, list[str]]] = {}
    row = [start]
    while row:
        node = row.pop()
        if node.id in found:
            continue
        feeds = view.feeds(node)
        linked = [name for name, feed in feeds.items() if texts or node is start or carries(view, node, name, feed)]
        found[node.id] = (node, linked)
        row += [feeds[name].node for name in linked]
    return found


def carries(view: View, node: Node, name: str, feed: Feed) -> bool:
    """Whether a link hands on more than a number or a plain text."""
    scalar, aside, told = _plain()
    if name in aside.get(node.class_type, ()):
        return False
    kinds = view.outputs(feed.node)
    kind = kinds[feed.slot] if feed.slot < len(kinds) else ""
    if kind in ("", "*"):
        kind = next((slot.type for slot in node.slots if slot.name == name), "")
    return kind not in scalar or (told in feed.node.class_type)


@cache
def _plain() -> tuple[frozenset[str], Mapping[str, Iterable[str]], str]:
    body = document("tasks")
    return frozenset(body["scalar"]), body["aside"], body["told"]
