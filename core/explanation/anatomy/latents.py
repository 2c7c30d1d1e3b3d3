"""Where the latent of a sampling pass comes from: an empty one, a picture, another pass. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...workflow.types import Node
from ..graph import Feed
from ..types import Size
from .reader import Reader
from .sizes import picture_size, scaled, set_size, unknown

_MAKES = frozenset({"latent", "reference", "control", "inpaint", "text", "load", "condition", "pass", "sample"})


class Start(NamedTuple):
    """`start` and `after` as in Sampling; `size`: of what is made, None where nothing says it."""

    start: str = ""
    after: str = ""
    size: Size | None = None
    masked: bool = False


class Latents:
    """Follows latents back. `passes`: the sizes of the sampling passes that were looked at before, by node."""

    def __init__(self, reader: Reader, passes: Mapping[str, Size | None]) -> None:
        self._reader = reader
        self._passes = passes

    def start_of(self, node: Node) -> Start:
        """The start of one sampling pass."""
        view = self._reader.view
        names = view.role(node).get("latent")
        if names is None:
            names = [name for name in view.feeds(node) if view.kind(node, name) == "LATENT"]
            names.sort(key=lambda name: ("latent" not in name, name != "samples"))
        if not names:
            names = [name for name in view.feeds(node) if "PIPE" in view.kind(node, name).upper()]
        said = str(view.role(node).get("start", ""))
        own = set_size(self._reader, node)
        found = [
            self._follow(feed, view.kind(node, name)) for name in names if (feed := view.feed(node, name)) is not None
        ]
        if not found:
            return Start(said or ("noise" if own else ""), size=own or self._pictured(node))
        behind = next((one.size for one in found if one.size is not None), None)
        return found[0]._replace(start=said or found[0].start, size=_both(own, behind))

    def _pictured(self, node: Node) -> Size | None:
        view = self._reader.view
        images = [name for name in view.feeds(node) if view.kind(node, name) == "IMAGE"]
        return picture_size(self._reader, view.feed(node, images[0]), self._passes) if images else None

    def _follow(self, feed: Feed, kind: str) -> Start:
        """Back along links of `kind` (LATENT, or what a wrapper pack calls its own) to where the latent begins."""
        reader, view = self._reader, self._reader.view
        row, seen, way = [feed], set[str](), list[Node]()
        masked = False
        while row:
            node = row.pop(0).node
            if node.id in seen:
                continue
            seen.add(node.id)
            masked = masked or self._masks(node)
            if reader.samples(node):
                return Start("pass", node.id, self._through(way, self._passes.get(node.id)), masked)
            does, size = reader.does(node), set_size(reader, node)
            if does == "encode":
                begin = self._encoded(node)
                return Start(begin.start, begin.after, self._through(way, begin.size), masked or begin.masked)
            way.append(node)
            behind = [feed for name, feed in view.feeds(node).items() if view.kind(node, name) in ("LATENT", kind)]
            if behind and not (size and does in ("latent", "load")):
                row[:0] = behind
            elif does in _MAKES or size is not None:
                start = "image" if does == "inpaint" else "noise"
                return Start(start, "", self._through(way[:-1], size or self._pictured(node)), masked)
        return Start("", "", self._through(way, None), masked)

    def _masks(self, node: Node) -> bool:
        view = self._reader.view
        names = view.role(node).get("masks")
        if names is not None:
            return any(view.feed(node, name) is not None for name in names)
        if self._reader.does(node) not in ("latent_op", "encode", "inpaint", "control"):
            return False
        return any(view.kind(node, name) == "MASK" for name in view.feeds(node))

    def _through(self, way: list[Node], size: Size | None) -> Size | None:
        """The size behind the nodes of a way that scale a latent, from its source to its end."""
        for node in reversed(way):
            if self._reader.does(node) == "upscale_latent":
                size = scaled(self._reader, node, size)
        return size

    def _encoded(self, node: Node) -> Start:
        """What was encoded: a picture, video or sound of a person, or what another pass left, decoded in between."""
        reader, view = self._reader, self._reader.view
        media = ("IMAGE", "AUDIO", "VIDEO")
        names = [name for name in view.feeds(node) if view.kind(node, name) in media]
        size = picture_size(reader, view.feed(node, names[0]), self._passes) if names else set_size(reader, node)
        row = [view.feed(node, name) for name in names]
        seen, start = {node.id}, "image"
        while row:
            feed = row.pop(0)
            if feed is None or feed.node.id in seen:
                continue
            one = feed.node
            seen.add(one.id)
            if reader.samples(one):
                return Start("pass", one.id, size)
            if reader.does(one) == "load_video" or "VIDEO" in view.outputs(one):
                start = "video"
            if reader.does(one) == "load_audio" or view.outputs(one) == ("AUDIO",):
                start = "audio"
            row += [view.feed(one, name) for name in view.feeds(one) if view.kind(one, name) in (*media, "LATENT")]
        return Start(start, "", size or unknown(node, start))


def _both(own: Size | None, behind: Size | None) -> Size | None:
    """What a sampler sets itself, and for the rest what its latent says."""
    if own is None or behind is None:
        return own or behind
    sides = own if own.width is not None else behind
    return own._replace(node=sides.node, width=sides.width, height=sides.height, megapixels=sides.megapixels)
