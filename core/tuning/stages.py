"""The stages of a workflow: which of its models are on the GPU together, and what they work in. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..explanation.types import (
    CLIP_VISION,
    CONTROLNET,
    DETECTOR,
    DIFFUSION_MODEL,
    IP_ADAPTER,
    LORA,
    MODEL_PATCH,
    OTHER,
    UPSCALER,
    VAE,
    Anatomy,
    Sampling,
)
from .known import Latent, Model, any_model, latents, model_of, typical, typical_work
from .load import Load, Piece, stages
from .parts import TEXT_ROLES, Weighed
from .shapes import asked, tile_of
from .types import Range, Stage
from .working import NO_SHAPE, Shape, Tile, upscaling, within

_BESIDE = (CONTROLNET, IP_ADAPTER, MODEL_PATCH, LORA)  # on the GPU together with the diffusion model
_SEEN = (*_BESIDE, *TEXT_ROLES, DIFFUSION_MODEL, VAE)
_TITLES = {
    UPSCALER: ("upscale", "Upscaling"),
    CLIP_VISION: ("other", "Looking at the picture"),
    DETECTOR: ("other", "Finding things in the picture"),
    OTHER: ("other", "Another model"),
}


class Pass(NamedTuple):
    """A sampling pass: its diffusion model (a stand-in where it is not known), what it makes, and what is on the GPU."""

    sampling: Sampling
    model: Model
    shape: Shape
    rows: list[Weighed]


class Stages:
    """The stages of one anatomy. `passes`: its sampling passes. `assumed`: what was taken for granted, in words; it is
    complete once `all` was asked for, as is `bare`: the passes of which no diffusion model is named."""

    def __init__(self, anatomy: Anatomy, rows: list[Weighed]) -> None:
        self.anatomy, self.rows = anatomy, rows
        self.assumed: list[str] = []
        self.bare: list[Sampling] = []
        self.passes = [self._pass(sampling) for sampling in anatomy.samplings]

    def all(self) -> tuple[Stage, ...]:
        """In the order in which they usually come."""
        coded = [*self._coded("encode", ("encode",))]
        return (
            *self._texts(),
            *coded,
            *self._samplings(),
            *self._coded("decode", ("decode", "decode_tiled")),
            *self._rest(),
        )

    def _pass(self, sampling: Sampling) -> Pass:
        """What is on the GPU are its models, without text encoders and VAEs."""
        models = self.anatomy.models
        named = {models[at].name for at in sampling.models if 0 <= at < len(models)}
        rows = [row for row in self.rows if row.part.name in named and row.weight.role in (DIFFUSION_MODEL, *_BESIDE)]
        model = self._model(sampling, rows)
        return Pass(sampling, model, self._shape(sampling, model), rows)

    def _model(self, sampling: Sampling, rows: list[Weighed]) -> Model:
        params = None
        for row in rows:
            if row.weight.role == DIFFUSION_MODEL:
                params = row.params
                known = model_of(row.part.family, row.part.name, params) if row.part.family else None
                if known is not None:
                    return known
        return any_model(params, self._medium(sampling))

    def _medium(self, sampling: Sampling) -> str:
        sizes = self.anatomy.sizes
        if sampling.size is not None and 0 <= sampling.size < len(sizes):
            return sizes[sampling.size].of
        media = {one.medium for one in self.anatomy.outputs}
        return next((one for one in ("video", "image", "audio", "3d") if one in media), "image")

    def _shape(self, sampling: Sampling | None, model: Model | None) -> Shape:
        """Its shape; what had to be taken for granted is noted."""
        found = asked(self.anatomy, sampling, model)
        self.assumed.extend(found.assumed)
        return found.shape

    def _texts(self) -> Iterator[Stage]:
        """Text encoders of one loader work together; the loaders come one after the other."""
        loaders: dict[str, list[Weighed]] = {}
        for row in self.rows:
            if row.weight.role in TEXT_ROLES and not _on_cpu(row):
                loaders.setdefault(row.weight.node, []).append(row)
        for node, own in loaders.items():
            pieces = tuple(Piece("text_encoder", row.bytes) for row in own)
            for stage in stages(Load(None, None, pieces, NO_SHAPE)):
                yield stage._replace(nodes=(node,))

    def _samplings(self) -> Iterator[Stage]:
        for sampling, model, shape, rows in self.passes:
            pieces = tuple(Piece(_kind(row), row.bytes) for row in rows)
            if not any(piece.role == "diffusion" for piece in pieces):
                self.bare.append(sampling)
                pieces += (Piece("diffusion", typical(DIFFUSION_MODEL)),)
            # One pass at a time: ComfyUI puts both passes of guidance together only where there is room for it.
            stage = stages(Load(model, None, pieces, shape))[0]
            yield stage._replace(
                title=sampling.title or "Sampling",
                nodes=sampling.nodes or (sampling.node,),
                working=within(stage.working, model, shape),
            )

    def _coded(self, key: str, does: tuple[str, ...]) -> Iterator[Stage]:
        """What the VAE does, each way of it (in tiles or not) at the largest size."""
        vae = max((row for row in self.rows if row.weight.role == VAE), key=lambda row: row.bytes.likely, default=None)
        ways: dict[Tile | None, str] = {}
        for step in self.anatomy.steps:
            if step.does in does and step.medium not in ("audio", "3d") and "Audio" not in step.class_type:
                ways.setdefault(tile_of(step), step.node)
        if vae is None or not ways:
            return
        made = list(dict.fromkeys(self._latents(vae)))
        for tile, node in ways.items():
            loads = (Load(None, one, (Piece("vae", vae.bytes),), shape, tile=tile, only=key) for one, shape in made)
            found = [stage for load in loads for stage in stages(load)]
            if found:
                yield max(found, key=lambda one: one.total.likely)._replace(nodes=(node,))

    def _latents(self, vae: Weighed) -> Iterator[tuple[Latent, Shape]]:
        """Kinds and shapes of the latents that the passes make; without a pass, what the VAE's family takes."""
        yield from ((latents()[one.model.latent], one.shape) for one in self.passes)
        if not self.passes:
            known = model_of(vae.part.family) if vae.part.family else None
            yield latents()[known.latent if known else "kl"], self._shape(None, known)

    def _rest(self) -> Iterator[Stage]:
        """Models that work on their own: upscalers, detectors, vision encoders."""
        sampled = {row.part.name for one in self.passes for row in one.rows}
        for row in self.rows:
            role = row.weight.role
            alone = role == DIFFUSION_MODEL and row.part.name not in sampled
            if (role in _SEEN and not alone) or row.inside:
                continue
            key, title = _TITLES.get(role, ("other", "Another model"))
            work = upscaling() if role == UPSCALER else typical_work()
            yield Stage(key, title, row.bytes, work, (row.weight.node,))


def _on_cpu(row: Weighed) -> bool:
    """Whether the loader was told to leave it in RAM."""
    return row.part.device is not None and row.part.device.value == "cpu"


def _kind(row: Weighed) -> str:
    return "diffusion" if row.weight.role == DIFFUSION_MODEL else "other"


def least_of(stage: Stage) -> Stage:
    """The least that ComfyUI gets along with: most weights outside, VAEs in tiles, text encoders on the CPU."""
    share: tuple[float, ...] = (1, 1, 1)
    work = stage.working
    if stage.key == "text":
        share, work = (0, 0, 0), Range(0, 0, 0)
    if stage.key == "sample":
        share = _SHARE
    if stage.key == "other":
        share = (0.1, 0.5, 1.0)
    if stage.key in ("decode", "encode"):
        work = Range(*(min(size, least) for size, least in zip(work, _TILED, strict=True)))
    weights = (round(part * size) for part, size in zip(share, stage.weights, strict=True))
    return stage._replace(weights=Range(*weights), working=work)


def roomy_of(stage: Stage) -> Stage:
    """The least with which a run is no ordeal: a quarter of the weights on the GPU while it samples. With fewer, nearly all
    of them travel at each step. A VAE in tiles is hardly slower."""
    least = least_of(stage)
    if stage.key != "sample":
        return least
    held = (max(few, round(_QUARTER * size)) for few, size in zip(least.weights, stage.weights, strict=True))
    return least._replace(weights=Range(*held))


_QUARTER = 0.25
_SHARE = (0.02, 0.06, 0.15)  # of the weights: the layers in hand, and what is brought in ahead
_TILED = (400_000_000, 900_000_000, 2_500_000_000)  # a decoder in tiles
