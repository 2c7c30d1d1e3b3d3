"""What sets a sampling pass up, and its settings by what they mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...catalogue.build import CONTROL_WORDS
from ...workflow.types import Node
from ..graph import Feed, Given
from .reader import Reader
from .trail import bundle, trail

# The links by which another node decides how a sampler works, and pipes that may bring such a node.
_LINKS = frozenset({"GUIDER", "SIGMAS", "SAMPLER", "NOISE", "UPSCALER", "KSAMPLER", "SCHEDULER_FUNC", "SCHEDULER"})
_KEYS = ("steps", "cfg", "sampler", "scheduler", "denoise", "seed", "first_step", "last_step", "guidance")
_NUMBER = re.compile(r"[-+]?(?:\d*\.\d+|\d+)(?:[eE][-+]?\d+)?")

Settings = dict[str, Given | None]


def setup(reader: Reader, node: Node) -> list[Feed]:
    """Guider, scheduler, choice of the sampler, noise; nearest first, each with the output that is used."""
    view = reader.view
    found: list[Feed] = []
    row, seen = [node], {node.id}
    while row:
        one = row.pop(0)
        for name, feed in view.feeds(one).items():
            kind = view.kind(one, name)
            known = kind in _LINKS or (kind != "" and bundle(kind))
            if known and feed.node.id not in seen and not reader.samples(feed.node):
                seen.add(feed.node.id)
                row.append(feed.node)
                found.append(feed)
    return found


def settings(reader: Reader, node: Node, feeds: Iterable[Feed]) -> Settings:
    """The values of a pass: its own first, then those of what sets it up."""
    view = reader.view
    nodes = [node, *(feed.node for feed in feeds)]
    found: Settings = {
        key: next((v for one in nodes if (v := reader.given(one, key)) is not None), None) for key in _KEYS
    }
    for feed in feeds:
        role = view.role(feed.node)
        for key, name in role.get("splits", {}).get(str(feed.slot), {}).items():
            found[key] = found[key] or view.value(feed.node, name)
        if "counts" in role and found["steps"] is None:
            found["steps"] = _counted(view.value(feed.node, role["counts"]), feed.node)
        if reader.does(feed.node) == "sampler" and found["sampler"] is None:
            found["sampler"] = Given(None, feed.node.id, "")  # the node is the sampler: it has no choice of one
    return found


def _counted(given: Given | None, node: Node) -> Given | None:
    """The steps of a list of noise levels: one less than there are numbers in it."""
    text = given.value if given is not None else None
    return Given(max(0, len(_NUMBER.findall(text)) - 1), node.id, "") if isinstance(text, str) else None


def shift(reader: Reader, nodes: Iterable[Node]) -> Given | None:
    """The shift of the noise levels: of the sampler itself, else of a node that the model comes through."""
    view = reader.view
    for one in nodes:
        if (own := reader.given(one, "shift")) is not None:
            return own
        name = next((name for name in view.feeds(one) if view.kind(one, name) == "MODEL"), None)
        for feed in trail(reader, view.feed(one, name), "MODEL", "", reader.samples) if name else ():
            if reader.does(feed.node) == "model_sampling" and (found := reader.given(feed.node, "shift")) is not None:
                return found
    return None


def seed_control(reader: Reader, seed: Given | None) -> str:
    """What becomes of the seed after a run ("fixed", "randomize" …), as stored beside it; "" where nothing says it."""
    node = reader.view.by_id.get(seed.node) if seed is not None else None
    widgets = node.widgets if node is not None else ()
    if not isinstance(widgets, list):
        return ""
    return next((one for one in widgets if isinstance(one, str) and one in CONTROL_WORDS), "")
