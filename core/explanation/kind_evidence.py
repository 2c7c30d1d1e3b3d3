"""What reaches each output: a person's media, and what the nodes on the way show. Pure.

Plain numbers and texts are left aside: a picture that is only measured, or described to a language model, does not go
in. A text that stands for media does: the handle of an uploaded picture, a score written from a recording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ..knowledge import document
from ..workflow.types import Node
from .graph import Feed, View
from .kind_marks import marks
from .types import Ending, Sampling

_MOST_TEXTS = 40
_MOST_OUTPUTS = 40  # a workflow with hundreds of previews is told by the first ones
_SOUND = ("AUDIO", "VHS_AUDIO")


class Evidence(NamedTuple):
    """What is known of one output. `media`: what a person puts in that reaches it; `pictures`: how many pictures."""

    out: str
    media: frozenset[str]
    pictures: int
    marks: Mapping[str, tuple[str, ...]]
    size: int


class Given(NamedTuple):
    """What a person puts in, node → medium, and the sampling passes that start from it."""

    media: Mapping[str, str]
    started: frozenset[str]


def evidence(
    view: View, inputs: Sequence[Ending], outputs: Sequence[Ending], samplings: Sequence[Sampling]
) -> list[Evidence]:
    """What is known of each output in which something is made; of all where nothing is."""
    given = Given(
        {one.node: one.medium for one in inputs},
        frozenset(one.node for one in samplings if one.start in ("image", "video")),
    )
    plain: list[Evidence] = []
    for ends in (_kept(view, outputs), _last(view)):
        seen = [_seen(view, node, medium, given) for node, medium in ends]
        made = [one for one in seen if one.marks]
        if made:  # a text beside media is a prompt or a note on them
            return [one for one in made if one.out != "text"] or made
        plain = plain or seen
    return plain


def _kept(view: View, outputs: Sequence[Ending]) -> list[tuple[Node, str]]:
    """The outputs that are kept, else those that are only shown, and what comes out of each.

    A viewer of 3D models counts as keeping: the node before it writes the file.
    """
    ends = [(view.by_id[one.node], one) for one in outputs if one.node in view.by_id]
    told = [(node, _medium(view, node) or one.medium, one.preview) for node, one in ends]
    kept = [(node, medium) for node, medium, preview in told if medium == "3d" or (medium and not preview)]
    if all(medium == "text" for _, medium in kept):
        kept = [(node, medium) for node, medium, _ in told if medium]
    return kept[:_MOST_OUTPUTS]


def _last(view: View) -> list[tuple[Node, str]]:
    """The nodes that nothing reads, for a workflow without any known output: a text that is shown, an unknown type."""
    found = []
    for node in view.nodes:
        medium = "" if view.users(node) else _medium(view, node)
        if medium:
            found.append((node, medium))
    return found[:_MOST_OUTPUTS]


def _medium(view: View, node: Node) -> str:
    """What comes to an output, by its link types and, where those do not tell, its name."""
    by_type, by_name = _media()
    kinds = [view.kind(node, name) for name in view.feeds(node) if name not in aside(node)]
    named = next((medium for pattern, medium in by_name if pattern.search(node.class_type)), "")
    return named or next((by_type[kind] for kind in kinds if kind in by_type), "")


def _seen(view: View, start: Node, out: str, given: Given) -> Evidence:
    nodes = reach(view, start, texts=out == "text")
    shown: dict[str, list[str]] = {}
    for node, linked in nodes.values():
        for mark in marks(view, node, linked):
            shown.setdefault(mark, []).append(node.id)
    if not shown and out == "video" and (sound := _sound(view, nodes)) is not None:
        return _seen(view, sound, "audio", given)  # the frames are a person's own: what is made is the sound
    canvas = _canvas(view, [node for node, _ in nodes.values()], given)
    if canvas and not given.started & nodes.keys():
        shown["own_canvas"] = canvas
    media = [given.media[node] for node in nodes if given.media.get(node)]
    if out == "image" and "video" in media:
        out = "video"  # its frames
    if out in ("image", "video") and "3d" in media:
        media.append("image")  # a 3D model as it is seen
    return Evidence(
        out, frozenset(media), media.count("image"), {mark: tuple(ids) for mark, ids in shown.items()}, len(nodes)
    )


def _sound(view: View, nodes: Mapping[str, tuple[Node, list[str]]]) -> Node | None:
    """The node that makes the sound beside the frames."""
    beside = ((node, name) for node, _ in nodes.values() for name in aside(node))
    feeds = (view.feed(node, name) for node, name in beside if view.kind(node, name) in _SOUND)
    return next((feed.node for feed in feeds if feed is not None), None)


def _canvas(view: View, nodes: Iterable[Node], given: Given) -> list[str]:
    """The empty latents among the nodes, where none has its size from what a person puts in."""
    found = [node for node in nodes if view.role(node).get("does") == "latent"]
    own = not any(one.id in given.media for node in found for one in view.above(node))
    return [node.id for node in found] if own else []


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
        own = {name: feed for name, feed in feeds.items() if name not in aside(node)}
        linked = [name for name, feed in own.items() if texts or node is start or carries(view, node, name, feed)]
        found[node.id] = (node, linked)
        row += [feeds[name].node for name in linked]
    return found


def carries(view: View, node: Node, name: str, feed: Feed) -> bool:
    """Whether a link hands on more than a number or a plain text."""
    scalar, told = _plain()
    return view.kind(node, name) not in scalar or _tells(view, feed.node, told)


def _tells(view: View, node: Node, told: re.Pattern[str]) -> bool:
    """Whether a text stands for media: a score written from a recording, the handle of an uploaded picture."""
    row, seen = [node], {node.id}
    while row and len(seen) < _MOST_TEXTS:
        one = row.pop()
        if told.search(one.class_type):
            return True
        for feed in view.feeds(one).values():
            kinds = view.outputs(feed.node)
            if feed.node.id not in seen and feed.slot < len(kinds) and kinds[feed.slot] == "STRING":
                seen.add(feed.node.id)
                row.append(feed.node)
    return False


@cache
def _plain() -> tuple[frozenset[str], re.Pattern[str]]:
    body = document("tasks")
    return frozenset(body["scalar"]), re.compile(body["told"])


@cache
def _media() -> tuple[Mapping[str, str], list[tuple[re.Pattern[str], str]]]:
    body = document("tasks")
    return body["media"], [(re.compile(pattern), medium) for pattern, medium in body["ends"].items()]


def aside(node: Node) -> tuple[str, ...]:
    """Inputs through which the thing itself does not go on: measured, compared, or the sound beside the frames."""
    return tuple(_aside().get(node.class_type, ()))


@cache
def _aside() -> Mapping[str, Sequence[str]]:
    return document("tasks")["aside"]  # type: ignore[no-any-return]
