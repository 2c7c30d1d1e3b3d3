"""Proposals about what is made and how: tiles for the VAE, size, length, number at once, what comes after sampling."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...explanation.graph import Given, View
from ...explanation.types import Size, Step
from ...knowledge import document
from ..types import MEMORY, SAFETY, SPEED, Change, Edit
from .table import Case, Usual, proposal, usual

_NATIVE = 0.75  # of the pixels: what is not much larger than usual is left as it is
_STEP, _LESS = 0.87, 0.71  # of the side: three quarters of the pixels, and half of them
_LEAST_SIDE, _LEAST_SHARE, _LEAST_MEGAPIXELS = 384, 0.6, 0.25
_SHORTER = 0.66  # of the frames
_FEWEST_FRAMES = 17
_TILED = {"VAEDecode": ("VAEDecodeTiled", "decode_tiled"), "VAEEncode": ("VAEEncodeTiled", "encode_tiled")}


def shape_changes(case: Case) -> Iterator[Change]:
    """All of them. Sizes that are alike change together: a workflow with eight pictures makes all of them smaller."""
    yield from _tiles(case)
    own = usual(case.anatomy)
    made = [one for one in case.anatomy.sizes if one.of in ("image", "video")]
    for at, sizes in enumerate(_alike(made, "width", "height", "megapixels")):
        yield from _sizes(case, at, sizes, own)
        yield from _megapixels(case, at, sizes)
    for at, sizes in enumerate(_alike(made, "frames")):
        yield from _frames(case, at, sizes, own)
    for at, sizes in enumerate(_alike(made, "batch")):
        yield from _batch(case, at, sizes)
    yield from _after(case)


def _alike(sizes: list[Size], *names: str) -> list[list[Size]]:
    """The sizes, those together that agree in these values."""
    found: dict[str, list[Size]] = {}
    for one in sizes:
        values = [given.value if given is not None else None for given in (getattr(one, name) for name in names)]
        found.setdefault(repr(values), []).append(one)
    return list(found.values())


def _number(given: Given | None) -> int | None:
    """A value that stands somewhere: what the graph works out has no place to change it."""
    value = given.value if given is not None and given.input else None
    return value if type(value) is int and 0 < value < 100_000 else None


# ---- tiles --------------------------------------------------------------------------------------------------


def _tiles(case: Case) -> Iterator[Change]:
    """One change for all nodes that decode pictures, and one for all that encode."""
    tiles = tuple(document("tuning")["tiles"].items())
    for plain, (tiled, kind) in _TILED.items():
        steps = [one for one in case.anatomy.steps if one.class_type == plain and one.medium not in ("audio", "3d")]
        known = case.view.catalogue.get(tiled)
        if not steps or known is None:
            continue
        names = {one.name for one in known.inputs or () if one.widget}
        values = tuple((name, value) for name, value in tiles if name in names)
        edits = tuple(Edit("type", one.node, "", plain, tiled, values) for one in steps)
        yield proposal(kind, kind, edits, (MEMORY, SAFETY), {})


# ---- size ---------------------------------------------------------------------------------------------------


def _sizes(case: Case, at: int, sizes: list[Size], own: Usual) -> Iterator[Change]:
    """To the size that the model is usually run at, and one or two steps below what is left."""
    size = sizes[0]
    width, height = _number(size.width), _number(size.height)
    if not width or not height or size.width is None or size.height is None:
        return
    source, url = own.source("pixels")
    words: dict[str, object] = {
        "before": f"{width} x {height}",
        "model": own.label,
        "kind": _kind(case.view, size.node),
        "source": source,
    }
    native = _scaled(width, height, own.side / math.sqrt(width * height), own) if own.side else None
    if native and native[0] * native[1] > width * height * _NATIVE:
        native = None
    start = native or (width, height)
    found = (("native", native), ("step", _scaled(*start, _STEP, own)), ("less", _scaled(*start, _LESS, own)))
    for kind, new in found:
        if new and (kind == "native" or math.sqrt(new[0] * new[1]) >= _least(own)):
            words |= {"after": f"{new[0]} x {new[1]}", "share": round(100 * new[0] * new[1] / (width * height))}
            lower = int(str(words["share"])) < 50 or (native is not None and kind != "native")
            yield proposal(
                f"size_{kind}", f"size.{kind}.{at}", _resize(sizes, new), (MEMORY, SPEED, SAFETY), words,
                url=url if kind == "native" else "", quality="lower" if lower else "",
            )  # fmt: skip


def _least(own: Usual) -> float:
    """The side of the smallest square worth trying: below, models make little that is sound."""
    return max(_LEAST_SIDE, own.side * _LEAST_SHARE)


def _megapixels(case: Case, at: int, sizes: list[Size]) -> Iterator[Change]:
    """Where a node works the size out of so many, of the person's picture or of an aspect ratio."""
    found = [_pixels_of(case.view, one) for one in sizes]
    given = found[0]
    value = given.value if given is not None and given.input else None
    if given is None or isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not _LEAST_MEGAPIXELS < value <= 100:
        return
    after = max(_LEAST_MEGAPIXELS, round(value * _STEP**2, 2))
    words = {"before": f"{value:g}", "after": f"{after:g}", "kind": _kind(case.view, given.node)}
    yield proposal("megapixels", f"megapixels.{at}", _set(found, after), (MEMORY, SPEED, SAFETY), words)


def _pixels_of(view: View, size: Size) -> Given | None:
    if size.megapixels is not None:
        return size.megapixels
    maker = view.by_id.get(size.width.node) if size.width is not None and not size.width.input else None
    return view.value(maker, "megapixels") if maker is not None else None


def _scaled(width: int, height: int, factor: float, own: Usual) -> tuple[int, int] | None:
    """The same shape, `factor` times as wide, in whole multiples; None where nothing smaller comes of it."""
    step = own.multiple
    new = tuple(max(step, round(side * factor / step) * step) for side in (width, height))
    return (new[0], new[1]) if new[0] < width and new[1] < height else None


def _resize(sizes: list[Size], new: tuple[int, int]) -> tuple[Edit, ...]:
    return (*_set([one.width for one in sizes], new[0]), *_set([one.height for one in sizes], new[1]))


def _set(all_given: list[Given | None], after: int | float) -> tuple[Edit, ...]:
    """Every one of these values, each place once."""
    edits = [Edit("value", one.node, one.input, one.value, after) for one in all_given if one is not None and one.input]
    return tuple(dict.fromkeys(edits))


def _kind(view: View, node: str) -> str:
    return view.by_id[node].class_type if node in view.by_id else "the node"


# ---- length and number --------------------------------------------------------------------------------------


def _frames(case: Case, at: int, sizes: list[Size], own: Usual) -> Iterator[Change]:
    size = sizes[0]
    frames = _number(size.frames)
    if size.of != "video" or not frames or size.frames is None:
        return
    step, rest = own.rule
    after = round((frames * _SHORTER - rest) / step) * step + rest
    if step == 1 or not _FEWEST_FRAMES <= after < frames:
        return
    source, url = own.source("frames")
    words = {"before": frames, "after": after, "model": own.label, "a": step, "b": rest, "source": source}
    edits = _set([one.frames for one in sizes], after)
    yield proposal("frames", f"frames.{at}", edits, (MEMORY, SPEED, SAFETY), words, url=url)


def _batch(case: Case, at: int, sizes: list[Size]) -> Iterator[Change]:
    size = sizes[0]
    batch = _number(size.batch)
    if batch and batch > 1 and size.batch is not None:
        edits = _set([one.batch for one in sizes], 1)
        words = {"before": batch, "kind": _kind(case.view, size.node)}
        yield proposal("batch", f"batch.{at}", edits, (MEMORY, SAFETY), words)


# ---- after sampling -----------------------------------------------------------------------------------------


def _after(case: Case) -> Iterator[Change]:
    """Upscaling with a model, left out: the node is bypassed. Not where nothing else is made."""
    if case.view.workflow.format != "ui" or not case.anatomy.samplings:
        return
    for step in case.anatomy.steps:
        if step.does == "upscale_model" and _passes(case.view, step):
            edit = Edit("mode", step.node, "mode", 0, 4)
            words = {"before": step.title or step.class_type}
            yield proposal("upscale_off", f"off.{step.node}", (edit,), (MEMORY, SPEED, SAFETY), words)


def _passes(view: View, step: Step) -> bool:
    """Whether a bypass hands a picture on: one comes in, and one goes out."""
    node = view.by_id.get(step.node)
    if node is None:
        return False
    return "IMAGE" in view.outputs(node)[:1] and any(
        slot.type == "IMAGE" and slot.link is not None for slot in node.slots
    )
