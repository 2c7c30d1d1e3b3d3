"""Memory that a run needs beside its weights: what each stage computes in. Pure formulas, in bytes.

Two things come together: what ComfyUI itself reckons (its memory_usage_factor and its numbers per pixel of a VAE), and how
much of that was really used where somebody published it (`fitted` in `knowledge/memory.json`).
"""

from __future__ import annotations

from typing import NamedTuple

from .known import MIB, Latent, Model, fitted, latents, rules, spread, typical_work
from .types import NOTHING, Range


class Shape(NamedTuple):
    """What is made: pixels, frames (1 for a picture), and how many at once."""

    width: int
    height: int
    frames: int = 1
    batch: int = 1

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return self.width * self.height


NO_SHAPE = Shape(1, 1)  # of what is not made of pixels


class Tile(NamedTuple):
    """A VAE's work in pieces: pixels along a side, and frames (None: all). `together`: of all pictures of a batch at once."""

    side: int = 512
    frames: int | None = None
    together: bool = False


def latent_area(latent: Latent, shape: Shape) -> float:
    """Latent pixels of one picture or video."""
    if not latent.scale:
        return 0
    frames = (shape.frames - 1) // latent.time + 1
    return shape.pixels / latent.scale**2 * max(1, frames)


def reckoned(model: Model, shape: Shape, passes: int, bits: float = 16) -> float:
    """What ComfyUI reckons a sampling step to work in (BaseModel.memory_required, with PyTorch's own attention)."""
    area = latent_area(latents()[model.latent], shape) * shape.batch * passes
    return area * bits / 8 * rules()["mib_per_latent"] * model.factor * MIB


def sampling(model: Model, shape: Shape, passes: int, bits: float = 16) -> Range:
    """What a sampling step works in; `passes`: 2 where both passes of guidance go as one batch."""
    if not latents()[model.latent].scale:
        return typical_work()
    factors = (
        model.fitted
        or fitted()["sampling_frames" if latents()[model.latent].time > 1 and shape.frames > 1 else "sampling"]
    )
    return spread(reckoned(model, shape, passes, bits), factors) + Range(*fitted()["fixed"]["sample"])


def within(found: Range, model: Model, shape: Shape) -> Range:
    """`found`, of which ComfyUI needs no more than it sets aside for one pass of guidance: what it reckons, and what it keeps
    free besides (comfy/model_management.py: load_models_gpu, minimum_inference_memory).

    Most published figures are of other programs, which compute in more than ComfyUI's own models do: this only lowers.
    """
    if not latents()[model.latent].scale:
        return found
    reckons = reckoned(model, shape, 1)
    beside = (rules()["spare_mib"] + rules()["reserve_mib"]) * MIB
    likely, high = (
        min(one, round(most)) for one, most in zip(found[1:], (max(reckons, beside), reckons + beside), strict=True)
    )
    return Range(min(found.low, likely), likely, high)


def decoding(latent: Latent, shape: Shape, bits: float = 16, tile: Tile | None = None) -> Range:
    """What a VAE's decoder works in."""
    if not latent.scale:
        return NOTHING
    frames = shape.frames if tile is None or not tile.frames else min(shape.frames, tile.frames)
    pixels = shape.pixels if tile is None else min(shape.pixels, tile.side**2)
    many = pixels * bits / 8 * _at_once(latent, frames, shape.batch if tile is None or tile.together else 1)
    per_pixel = latent.fitted_frames if shape.frames > 1 and latent.fitted_frames else latent.fitted
    used = spread(many, per_pixel) if per_pixel else spread(many * latent.decode, fitted()["decoding"])
    cast = spread(pixels, latent.cast) if bits < 32 else NOTHING
    return used + cast + result(shape) + Range(*fitted()["fixed"]["decode"])


def _at_once(latent: Latent, frames: int, batch: int) -> int:
    """How many frames a VAE has in hand: all of them, or, where it works in a window, one for each video."""
    return batch * (1 if latent.window else max(1, frames))


def encoding(latent: Latent, shape: Shape, bits: float = 16, tile: Tile | None = None) -> Range:
    """What a VAE's encoder works in: as much less than ComfyUI reckons as its decoder."""
    if not latent.scale:
        return NOTHING
    pixels = shape.pixels if tile is None else min(shape.pixels, tile.side**2)
    many = pixels * bits / 8 * _at_once(latent, shape.frames, shape.batch if tile is None else 1)
    real = latent.fitted_frames if shape.frames > 1 and latent.fitted_frames else latent.fitted
    share = real[1] / latent.decode if real else fitted()["decoding"][1]
    return spread(many * latent.encode * share, fitted()["encoding"]) + Range(*fitted()["fixed"]["decode"])


def result(shape: Shape) -> Range:
    """The finished pixels, three numbers of 32 bits each; a video's are held while it is decoded."""
    size = shape.pixels * shape.frames * shape.batch * 3 * 4
    return Range(0, size, 2 * size) if shape.frames > 1 else Range(0, 0, size)


def texts(weights: float) -> Range:
    """What a text encoder works in: short texts, so a little of its size."""
    return spread(weights, fitted()["text"])


def upscaling(scale: float = 4) -> Range:
    """What an upscale model works in: ComfyUI hands it tiles."""
    reckoned = rules()["upscale_tile"] ** 2 * 3 * 4 * scale * rules()["upscale_elements"]
    return spread(reckoned, (0.2, 0.5, 1.0))
