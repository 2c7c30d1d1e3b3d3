"""The size of what is made, as far as the graph alone tells: set, scaled, or that of a person's picture. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...workflow.types import Node
from ..graph import Feed, Given
from ..types import Size
from .arithmetic import fixed_size
from .reader import Reader

_KEYS = ("width", "height", "frames", "batch", "seconds", "fps")
_SETS = frozenset(
    {"latent", "reference", "control", "inpaint", "sample", "detail", "encode", "partner", "text", "load", "edit"}
)


def set_size(reader: Reader, node: Node) -> Size | None:
    """The size that this node sets for what is made; None where it sets none."""
    if reader.does(node) not in _SETS:
        return None
    given = {key: reader.given(node, key) for key in _KEYS}
    medium = str(reader.view.role(node).get("medium", ""))
    if given["width"] is None and given["seconds"] is None and given["frames"] is None and medium != "3d":
        return None
    if not medium:
        medium = "video" if given["frames"] else "audio" if given["width"] is None else "image"
    return Size(node.id, medium, **given, megapixels=_pixels(reader, given["width"]))


def _pixels(reader: Reader, width: Given | None) -> Given | None:
    """How many megapixels a picture was scaled to, whose width is measured while the graph runs."""
    view = reader.view
    node = view.by_id.get(width.node) if width is not None and width.value is None else None
    if node is None or view.role(node).get("computes") != "size":
        return None
    name = next((name for name in view.feeds(node) if view.kind(node, name) == "IMAGE"), None)
    size = picture_size(reader, view.feed(node, name), {}) if name else None
    return size.megapixels if size is not None else None


def unknown(node: Node, of: str) -> Size:
    """A size that is found out while the graph runs, at this node."""
    given = Given(None, node.id, "")
    if of == "audio":
        return Size(node.id, of, seconds=given)
    return Size(node.id, of, given, given, frames=given if of == "video" else None)


def scaled(reader: Reader, node: Node, size: Size | None) -> Size:
    """The size after a node that scales a latent or a picture."""
    fixed = fixed_size(reader.view, node)
    of = size.of if size is not None else "image"
    base = size or Size(node.id, of)
    if fixed is not None:
        sides = [reader.view.value(node, name) for name in reader.view.role(node)["fixed"]]
        return base._replace(node=node.id, width=sides[0], height=sides[1], megapixels=None)
    factor = reader.view.role(node).get("factor")
    given = reader.given(node, "scale")
    if factor is None and given is not None and isinstance(given.value, (int, float)):
        factor = given.value
    pixels = reader.given(node, "megapixels")
    if pixels is None and (constant := reader.view.role(node).get("megapixels")) is not None:
        pixels = Given(constant, node.id, "")
    if pixels is not None and factor is None:
        nothing = Given(None, node.id, "")
        return base._replace(node=node.id, width=nothing, height=nothing, megapixels=pixels)
    return base._replace(
        node=node.id, width=_times(base.width, factor, node), height=_times(base.height, factor, node), megapixels=None
    )


def _times(side: Given | None, factor: object, node: Node) -> Given:
    value = side.value if side is not None else None
    if isinstance(value, (int, float)) and isinstance(factor, (int, float)) and 0 < value * factor < 1e6:
        return Given(round(value * factor), node.id, "")
    return Given(None, node.id, "")


def picture_size(reader: Reader, feed: Feed | None, passes: Mapping[str, Size | None]) -> Size | None:
    """The size of a picture, video or sound: where it was scaled to, made, or loaded; None where nothing tells.

    `passes`: the sizes of the sampling passes, by node.
    """
    view, way, seen = reader.view, list[Node](), set[str]()
    size: Size | None = None
    while feed is not None and feed.node.id not in seen:
        node = feed.node
        seen.add(node.id)
        does = reader.does(node)
        if does in ("load_image", "load_video", "load_audio"):
            size = unknown(node, {"load_image": "image", "load_video": "video", "load_audio": "audio"}[does])
            break
        if reader.samples(node):
            size = passes.get(node.id)
            break
        if does == "crop":
            size = unknown(node, "image")
            break
        if does in ("upscale", "upscale_model", "upscale_latent"):
            way.append(node)
            if fixed_size(view, node) is not None:
                break
        if does == "edit" and (size := set_size(reader, node)) is not None:
            break
        names = [name for name in view.feeds(node) if view.kind(node, name) in _WAYS]
        feed = view.feed(node, names[0]) if names else None
    for node in reversed(way):
        size = scaled(reader, node, size)
    return size


_WAYS = ("IMAGE", "VIDEO", "AUDIO", "LATENT")
