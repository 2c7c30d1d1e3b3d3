"""The estimator's core: a load (what is in memory, and what is made of it) → its stages → a range. Pure.

A workflow and a published figure are both put as a `Load`, so that what is checked against the figures is what people see;
of a workflow, `working.within` then lowers what other programs need and ComfyUI does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .known import Latent, Model, fitted, latents
from .types import NOTHING, Range, Stage
from .working import Shape, Tile, decoding, encoding, sampling, texts

# Who keeps what on the GPU.
ONE_STAGE = "one_stage"  # as ComfyUI in need of room: of each stage only its own models
OFFLOAD = "offload"  # as other programs: the same, but some leave the diffusion model where it is while they decode
RESIDENT = "resident"  # all models all the time

# Whose count of bytes is meant.
ALLOCATED, RESERVED, DEVICE, STATED = "allocated", "reserved", "device", "stated"


class Piece(NamedTuple):
    """The weights of one model. `role`: "diffusion", "text_encoder", "vae" or "other". `node`: who loads it."""

    role: str
    bytes: Range
    name: str = ""
    node: str = ""


class Load(NamedTuple):
    """What is in memory at once and what is made of it. `passes`: 2 where both passes of guidance are one batch.
    `bits`, `vae_bits`: of the numbers that are computed with. `only`: "decode" or "encode" where nothing else runs."""

    model: Model | None
    latent: Latent | None
    pieces: tuple[Piece, ...]
    shape: Shape
    passes: int = 1
    mode: str = ONE_STAGE
    bits: float = 16
    vae_bits: float = 16
    tile: Tile | None = None
    sliced: bool = False
    only: str = ""
    counter: str = DEVICE


def whole(size: float) -> Range:
    """Weights whose bytes are known."""
    return Range(round(size), round(size), round(size))


def stages(load: Load) -> tuple[Stage, ...]:
    """The stages of a load, in order: text, sampling, decoding."""
    found = []
    text = _sum(load, "text_encoder")
    if text.high and not load.only:
        found.append(Stage("text", "Text encoding", _held(load, "text_encoder"), texts(text.likely)))
    if load.model is not None and not load.only:
        work = sampling(load.model, load.shape, load.passes, load.bits)
        found.append(Stage("sample", "Sampling", _held(load, "diffusion", "other"), work))
    latent = load.latent or (latents()[load.model.latent] if load.model else None)
    if latent is not None and (load.only or _sum(load, "vae").high):
        shape = load.shape._replace(batch=1) if load.sliced else load.shape
        coder = encoding if load.only == "encode" else decoding
        key, title = ("encode", "Encoding") if load.only == "encode" else ("decode", "Decoding")
        found.append(Stage(key, title, _held(load, "vae"), coder(latent, shape, load.vae_bits, load.tile)))
    return tuple(found)


def estimate_load(load: Load) -> Range:
    """What a load wants at its peak, in bytes, as `load.counter` counts."""
    return peak(stages(load), load.counter)


def peak(found: Iterable[Stage], counter: str) -> Range:
    """The largest of the stages as a counter counts them; a range of which each end is the largest."""
    totals = [counted(one, counter) for one in found]
    low, likely, high = (max((one[at] for one in totals), default=0) for at in range(3))
    return Range(low, likely, high)


def counted(stage: Stage, counter: str) -> Range:
    """A stage as a counter counts it: with freed pieces that PyTorch keeps, with the driver's own memory; what authors state
    in words is rounded, and GB may mean either unit. Weights can be a little more than their files, never less."""
    told = fitted()["counters"][counter]
    low, likely, high = (
        round((weights * on_weights + work * on_work) * on_both + more)
        for weights, work, on_weights, on_work, on_both, more in zip(
            stage.weights, stage.working, told["weights"], told["working"], told["factor"], told["bytes"], strict=True
        )
    )
    return Range(low, likely, high)


def _sum(load: Load, *roles: str) -> Range:
    found = NOTHING
    for piece in load.pieces:
        if piece.role in roles:
            found = found + piece.bytes
    return found


def _held(load: Load, *roles: str) -> Range:
    """The weights on the GPU while the models of these roles work."""
    if load.mode == RESIDENT:
        return _sum(load, "diffusion", "text_encoder", "vae", "other")
    own = _sum(load, *roles)
    if load.mode == OFFLOAD and roles == ("vae",):
        return own._replace(high=own.high + _sum(load, "diffusion").high)
    return own
