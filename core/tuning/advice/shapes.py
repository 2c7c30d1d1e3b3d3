"""Proposals about what is made and how: tiles for the VAE, size, length, number at once, what is done after sampling."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...explanation.graph import Given, View
from ...explanation.types import Size, Step
from ...knowledge import document
from ..known import Model
from ..types import MEMORY, SAFETY, SPEED, Change, Edit
from .table import Case, Family, family, main_model, proposal

_STEP, _LESS = 0.87, 0.71  # of the side: three quarters of the pixels, and half of them
_SHORTER = 0.66  # of the frames
_FEWEST_FRAMES = 17
_TILED = {"VAEDecode": ("VAEDecodeTiled", "decode_tiled"), "VAEEncode": ("VAEEncodeTiled", "encode_tiled")}


def shape_changes(case: Case) -> Iterator[Change]:
    """All of them."""
    yield from _tiles(case)
    key, model = main_model(case.anatomy)
    for at, size in enumerate(case.anatomy.sizes):
        if size.of in ("image", "video"):
            yield from _sizes(case, at, size, family(key), model)
            yield from _frames(case, at, size, family(key), model)
            yield from _batch(case, at, size)
    yield from _after(case)


def _number(given: Given | None) -> int | None:
    value = given.value if given is not None else None
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


def _sizes(case: Case, at: int, size: Size, own: Family, model: Model | None) -> Iterator[Change]:
    """To the size that the model is usually run at, and one or two steps below what is left."""
    width, height = _number(size.width), _number(size.height)
    if not width or not height or size.width is None or size.height is None:
        return
    words = {
        "before": f"{width} x {height}",
        "model": model.label if model else "",
        "kind": _kind(case.view, size.node),
    }
    usual = _scaled(width, height, model.side / math.sqrt(width * height), own) if model and model.side else None
    if usual and usual[0] * usual[1] > width * height * 0.9:
        usual = None
    start = usual or (width, height)
    found = (
        ("size_native", usual),
        ("size_step", _scaled(*start, _STEP, own)),
        ("size_less", _scaled(*start, _LESS, own)),
    )
    for kind, new in found:
        if new and (kind == "size_native" or math.sqrt(new[0] * new[1]) >= own.least):
            edits = _resize(size, new)
            yield proposal(kind, f"{kind.replace('_', '.')}.{at}", edits, (MEMORY, SPEED, SAFETY),
                           {**words, "after": f"{new[0]} x {new[1]}"})  # fmt: skip


def _scaled(width: int, height: int, factor: float, own: Family) -> tuple[int, int] | None:
    """The same shape, `factor` times as wide, in whole multiples; None where nothing smaller comes of it."""
    step = own.multiple
    new = tuple(max(step, round(side * factor / step) * step) for side in (width, height))
    return (new[0], new[1]) if new[0] < width and new[1] < height else None


def _resize(size: Size, new: tuple[int, int]) -> tuple[Edit, ...]:
    assert size.width is not None and size.height is not None
    edits = [
        Edit("value", given.node, given.input, given.value, value)
        for given, value in ((size.width, new[0]), (size.height, new[1]))
    ]
    return tuple(dict.fromkeys(edits))


def _kind(view: View, node: str) -> str:
    return view.by_id[node].class_type if node in view.by_id else "the node"


# ---- length and number --------------------------------------------------------------------------------------


def _frames(case: Case, at: int, size: Size, own: Family, model: Model | None) -> Iterator[Change]:
    frames = _number(size.frames)
    if size.of != "video" or not frames or size.frames is None:
        return
    step, rest = own.rule
    after = round((frames * _SHORTER - rest) / step) * step + rest
    if not _FEWEST_FRAMES <= after < frames:
        return
    words = {"before": frames, "after": after, "model": model.label if model else "the model", "a": step, "b": rest}
    edit = Edit("value", size.frames.node, size.frames.input, frames, after)
    yield proposal("frames", f"frames.{at}", (edit,), (MEMORY, SPEED, SAFETY), words)


def _batch(case: Case, at: int, size: Size) -> Iterator[Change]:
    batch = _number(size.batch)
    if batch and batch > 1 and size.batch is not None:
        edit = Edit("value", size.batch.node, size.batch.input, batch, 1)
        words = {"before": batch, "kind": _kind(case.view, size.node)}
        yield proposal("batch", f"batch.{at}", (edit,), (MEMORY, SAFETY), words)


# ---- after sampling -----------------------------------------------------------------------------------------


def _after(case: Case) -> Iterator[Change]:
    """Upscaling with a model, left out: the node is bypassed."""
    if case.view.workflow.format != "ui":
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
