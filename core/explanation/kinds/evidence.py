"""What reaches each output: a person's media, and what the nodes on the way show. Pure.

Plain numbers and texts are left aside: a picture that is only measured, or described to a language model, does not go
in. A text that stands for media does: the handle of an uploaded picture, a score written from a recording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ...knowledge import document
from ...workflow.types import Node
from ..graph import View
from ..types import Ending, Sampling
from .marks import marks

_MOST_TEXTS = 40
_MOST_OUTPUTS = 40  # a workflow with hundreds of previews is told by the first ones
_SOUND = ("AUDIO", "VHS_AUDIO")
_TELLS_NOTHING = frozenset(("model", "unknown"))
_MAKERS = frozenset(("sampler", "partner"))


class Evidence(NamedTuple):
    """What is known of one output. `media`: what a person puts in that reaches it; `pictures`: how many pictures."""

    out: str
    media: frozenset[str]
    pictures: int
    marks: Mapping[str, tuple[str, ...]]
    size: int


def evidence(
    view: View, inputs: Sequence[Ending], outputs: Sequence[Ending], samplings: Sequence[Sampling]
) -> list[Evidence]:
    """What is known of each output in which something is made; of all where nothing is."""
    started = frozenset(one.node for one in samplings if one.start in ("image", "video"))
    gather = _Gather(view, {one.node: _given(view, one) for one in inputs}, started)
    plain: list[Evidence] = []
    for ends in (_kept(view, outputs), _last(view)):
        seen = [gather.seen(node, medium) for node, medium in ends]
        made = [one for one in seen if not _TELLS_NOTHING.issuperset(one.marks)]
        if made:  # a text beside media is a prompt or a note on them
            return [one for one in made if one.out != "text"] or made
        plain = plain or [one for one in seen if one.marks] or seen
    return plain


def _given(view: View, one: Ending) -> str:
    """What a person puts in: of a picture of which only the mask is read, a mask."""
    node = view.by_id.get(one.node)
    read = {view.kind(user, name) for user, name, _ in view.users(node)} if node is not None else set()
    return "mask" if one.medium == "image" and read == {"MASK"} else one.medium


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
    """What comes to an output: by its name, by what is known of its type, else by what is linked to it."""
    by_type, by_name = _media()
    kinds = [view.kind(node, name) for name in view.feeds(node) if name not in aside(node)]
    named = next((medium for pattern, medium in by_name if pattern.search(node.class_type)), "")
    said = str(view.role(node).get("medium", ""))
    return named or said or next((by_type[kind] for kind in kinds if kind in by_type), "")


class _Gather:
    """Looks up from one output after the other; what a node shows is worked out once.

    `media`: node → medium of what a person puts in; `started`: the sampling passes that start from it.
    """

    def __init__(self, view: View, media: Mapping[str, str], started: frozenset[str]) -> None:
        self.view = view
        self.media = media
        self.started = started
        self._linked: dict[str, list[str]] = {}
        self._marks: dict[str, tuple[str, ...]] = {}
        self._own: dict[str, bool] = {}
        self._of_makers: dict[str, bool] = {}

    def seen(self, start: Node, out: str) -> Evidence:
        """The evidence for one output. `out`: its medium."""
        nodes = self._reach(start, texts=out == "text")
        shown: dict[str, list[str]] = {}
        for node in nodes.values():
            for mark in self._shown(node):
                shown.setdefault(mark, []).append(node.id)
        if not shown and out == "video" and (sound := self._sound(nodes.values())) is not None:
            return self.seen(sound, "audio")  # the frames are a person's own: what is made is the sound
        if not shown:  # the address of a file that an unknown node makes
            behind = [node.id for node in self._reach(start, texts=True).values() if "unknown" in self._shown(node)]
            shown = {"unknown": behind} if behind else {}
        canvas = [node for node in nodes.values() if self.view.role(node).get("does") == "latent"]
        if canvas and not self.started & nodes.keys() and all(self._own_size(node) for node in canvas):
            shown["own_canvas"] = [node.id for node in canvas]
        if enlarged := [node for node in shown.get("upscale", ()) if not self._made(node)]:
            shown["own_enlarged"] = enlarged
        if continued := [node for node in shown.get("join", ()) if self._continues(node)]:
            shown["own_continued"] = continued
        media = [self.media[node] for node in nodes if self.media.get(node)]
        if out == "image" and "video" in media:
            out = "video"  # its frames
        if out in ("image", "video") and "3d" in media:
            media.append("image")  # a 3D model as it is seen
        told = {mark: tuple(ids) for mark, ids in shown.items()}
        return Evidence(out, frozenset(media), media.count("image"), told, len(nodes))

    def _reach(self, start: Node, texts: bool) -> dict[str, Node]:
        """Every node whose media, models or conditioning reach `start`; with `texts`, plain texts and numbers too."""
        found: dict[str, Node] = {}
        row = [start]
        while row:
            node = row.pop()
            if node.id in found:
                continue
            found[node.id] = node
            feeds = self.view.feeds(node)
            names = [name for name in feeds if name not in aside(node)] if texts or node is start else self._links(node)
            row += [feeds[name].node for name in names]
        return found

    def _links(self, node: Node) -> list[str]:
        """The inputs that get more than a number or a plain text."""
        found = self._linked.get(node.id)
        if found is None:
            scalar, handles, told = _plain()
            found = self._linked[node.id] = [
                name
                for name, feed in self.view.feeds(node).items()
                if name not in aside(node)
                and (
                    self.view.kind(node, name) not in scalar
                    or handles.search(name)
                    or _tells(self.view, feed.node, told)
                )
            ]
        return found

    def _shown(self, node: Node) -> tuple[str, ...]:
        found = self._marks.get(node.id)
        if found is None:
            found = self._marks[node.id] = tuple(marks(self.view, node, self._links(node)))
        return found

    def _made(self, node: str) -> bool:
        """Whether what comes to a node was sampled or made by a service before."""
        found = self._of_makers.get(node)
        if found is None:
            above = (one for one in self._reach(self.view.by_id[node], texts=False).values() if one.id != node)
            found = self._of_makers[node] = any(_MAKERS.intersection(self._shown(one)) for one in above)
        return found

    def _continues(self, node: str) -> bool:
        """Whether a person's video and what was made are put one behind the other."""
        parts = [self.view.feeds(self.view.by_id[node])[name].node for name in self._links(self.view.by_id[node])]
        made = [bool(_MAKERS.intersection(self._shown(one))) or self._made(one.id) for one in parts]
        own = [one for one, sampled in zip(parts, made, strict=True) if not sampled]
        return any(made) and any(self.media.get(id) == "video" for one in own for id in self._reach(one, texts=False))

    def _own_size(self, canvas: Node) -> bool:
        """Whether an empty latent has its size from nothing that a person puts in."""
        found = self._own.get(canvas.id)
        if found is None:
            found = self._own[canvas.id] = not any(one.id in self.media for one in self.view.above(canvas))
        return found

    def _sound(self, nodes: Iterable[Node]) -> Node | None:
        """The node that makes the sound beside the frames."""
        beside = ((node, name) for node in nodes for name in aside(node))
        feeds = (self.view.feed(node, name) for node, name in beside if self.view.kind(node, name) in _SOUND)
        return next((feed.node for feed in feeds if feed is not None), None)


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
def _plain() -> tuple[frozenset[str], re.Pattern[str], re.Pattern[str]]:
    body = document("tasks")
    return frozenset(body["scalar"]), re.compile(body["handles"]), re.compile(body["told"])


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
