"""Following one kind of thing back through the graph: a conditioning, a latent, a model. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ...workflow.types import Node
from ..graph import Feed
from .reader import Reader

Stop = Callable[[Node], bool]


def onward(reader: Reader, node: Node, slot: int, kind: str, label: str = "") -> list[str]:
    """The inputs through which what comes out of `slot` as a `kind` came in.

    `label` ("positive", "negative") chooses among several; where none bears it, all of the kind, else bundles
    ("BASIC_PIPE") that may hold one.
    """
    view = reader.view
    kinds = {name: view.kind(node, name) for name in view.feeds(node)}
    same = [name for name, one in kinds.items() if one == kind]
    if len(same) > 1:
        same = _chosen(same, output_name(node, slot), label) or _abreast(reader, node, slot, kind, same) or same
    return same or [name for name, one in kinds.items() if bundle(one)]


def _chosen(names: list[str], out: str, label: str) -> list[str]:
    """Those that are called as the output is, else those that bear its name, else those of the side that is asked for."""
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: bool(out) and name == out,
        lambda name: bool(out) and out in name,
        lambda name: bool(label) and (label in name or _side(name) == label),
    )
    return next((found for test in tests if (found := [name for name in names if test(name.lower())])), [])


def _side(name: str) -> str:
    """The side of the guidance that an input's name tells: "cond" and "uncond" are common short forms."""
    words = re.split(r"[^a-z]+", name)
    return "negative" if "uncond" in words else "positive" if "cond" in words else ""


def _abreast(reader: Reader, node: Node, slot: int, kind: str, same: list[str]) -> list[str]:
    """The input that stands where the output does, for a node that takes and gives as many of a kind."""
    slots = [place for place, one in enumerate(reader.view.outputs(node)) if one == kind]
    names = [one.name for one in node.slots if one.type == kind]
    found = names[slots.index(slot)] if slot in slots and len(slots) == len(names) else ""
    return [found] if found in same else []


def bundle(kind: str) -> bool:
    """Whether a link of this type carries several things at once, or something that is not told."""
    upper = kind.upper()
    return not kind or "PIPE" in upper or "CONTEXT" in upper or "TUPLE" in upper


def output_name(node: Node, slot: int) -> str:
    """What the file calls an output, in lower case; "" where it does not say."""
    outputs = node.raw.get("outputs")
    one = outputs[slot] if isinstance(outputs, list) and 0 <= slot < len(outputs) else None
    name = one.get("name") if isinstance(one, dict) else None
    return name.lower() if isinstance(name, str) else ""


def trail(reader: Reader, start: Feed | None, kind: str, label: str, stop: Stop) -> Iterator[Feed]:
    """Everything behind `start` on the way of `kind`, nearest first; the way ends at nodes that `stop` names."""
    row = [start] if start is not None else []
    seen: set[str] = set()
    while row:
        after: list[Feed] = []
        for feed in row:
            if feed.node.id in seen:
                continue
            seen.add(feed.node.id)
            yield feed
            if not stop(feed.node):
                names = onward(reader, feed.node, feed.slot, kind, label)
                after += [found for name in names if (found := reader.view.feed(feed.node, name)) is not None]
        row = after
