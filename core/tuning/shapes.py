"""What a pass makes, in numbers: size, frames, batch, guidance passes, tiles; and what had to be taken for granted. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..explanation.graph import Given
from ..explanation.types import Anatomy, Sampling, Size, Step
from .known import Model, latents
from .working import NO_SHAPE, Shape, Tile

_MOST_SIDE, _MOST_FRAMES, _MOST_BATCH = 16_384, 20_000, 4_096


class Asked(NamedTuple):
    """A shape, and what of it was taken for granted."""

    shape: Shape
    assumed: tuple[str, ...] = ()


def asked(anatomy: Anatomy | None, sampling: Sampling | None, model: Model | None) -> Asked:
    """The shape of a pass: as the file says, else what its model is usually run at."""
    size = _size(anatomy, sampling)
    if model is not None and not latents()[model.latent].scale:  # sound, meshes: no pixels
        return Asked(NO_SHAPE)
    side = (model.side if model is not None else 0) or 1024
    frames = model.frames if model is not None and (size is None or size.of == "video") else 1
    assumed = []
    width = _number(size.width if size else None, _MOST_SIDE)
    height = _number(size.height if size else None, _MOST_SIDE)
    pixels = _pixels(size)
    if pixels and (not width or not height):
        width = height = round(pixels**0.5)
    if not width or not height:
        assumed.append(f"{side} x {side} pixels, since the size is only known while it runs")
        width = height = side
    told = _number(size.frames if size else None, _MOST_FRAMES)
    if told is None and frames > 1:
        assumed.append(f"{frames} frames, since their number is only known while it runs")
    batch = _number(size.batch if size else None, _MOST_BATCH)
    return Asked(Shape(width, height, told or frames, batch or 1), tuple(assumed))


def cfg_passes(sampling: Sampling) -> int:
    """How often guidance has a step computed: once where it is 1 or there is none, else twice."""
    cfg = sampling.cfg.value if sampling.cfg is not None else None
    return 1 if sampling.cfg is None or (isinstance(cfg, int | float) and cfg == 1) else 2


def tile_of(step: Step) -> Tile | None:
    """The tiles of a tiled VAE node; None for one that is not."""
    if step.does != "decode_tiled" and "Tiled" not in step.class_type:
        return None
    named = {given.input: given.value for given in step.values}
    side, frames = named.get("tile_size"), named.get("temporal_size")
    return Tile(
        side if isinstance(side, int) and 0 < side <= _MOST_SIDE else 512,
        frames if isinstance(frames, int) and 0 < frames <= _MOST_FRAMES else None,
    )


def _size(anatomy: Anatomy | None, sampling: Sampling | None) -> Size | None:
    if anatomy is None:
        return None
    if sampling is not None and sampling.size is not None and 0 <= sampling.size < len(anatomy.sizes):
        return anatomy.sizes[sampling.size]
    return anatomy.sizes[0] if len(anatomy.sizes) == 1 else None


def _pixels(size: Size | None) -> float | None:
    """Of a picture that is scaled to so many megapixels (1024 x 1024 each), whatever its sides."""
    value = size.megapixels.value if size is not None and size.megapixels is not None else None
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST_SIDE**2 / 2**20
    return value * 2**20 if sound and isinstance(value, int | float) else None


def _number(given: Given | None, most: int) -> int | None:
    value = given.value if given is not None else None
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= most
    return int(value) if sound and isinstance(value, int | float) else None
