"""What memory a workflow wants: its anatomy and what is known of its files → an Estimate. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..explanation.types import (
    CLIP_VISION,
    CONTROLNET,
    DIFFUSION_MODEL,
    IP_ADAPTER,
    LANGUAGE_MODEL,
    LORA,
    MODEL_PATCH,
    TEXT_ENCODER,
    UPSCALER,
    VAE,
    Anatomy,
    Sampling,
)
from .known import Latent, Model, latents, model_of
from .load import DEVICE, Load, Piece, counted, peak, stages
from .modes import fit, line, note
from .parts import Weighed, total, weigh
from .shapes import Asked, asked, cfg_passes, tile_of
from .types import NOTHING, Estimate, Files, Profile, Range, Stage
from .working import upscaling

_BESIDE = (CONTROLNET, IP_ADAPTER, MODEL_PATCH, LORA)  # on the GPU together with the diffusion model
_TEXT = (TEXT_ENCODER, LANGUAGE_MODEL)
_TITLES = {UPSCALER: ("upscale", "Upscaling"), CLIP_VISION: ("other", "Looking at pictures")}
_HIDDEN = (*_BESIDE, *_TEXT, DIFFUSION_MODEL, VAE)


def estimate(anatomy: Anatomy, *, files: Files, profile: Profile | None = None) -> Estimate:
    """The memory that one run wants, stage by stage, and whether `profile` has it. Sizes in bytes.

    `files`: what is known of a file by its name and folders (`FileFacts`), None where nothing is.
    """
    rows = weigh(anatomy.models, files)
    unknown, assumed = _doubts(rows)
    found = [*_texts(anatomy, rows), *_encodes(anatomy, rows, assumed), *_samplings(anatomy, rows, assumed)]
    found += [*_decodes(anatomy, rows, assumed), *_others(anatomy, rows)]
    if not found:
        return _nothing(anatomy, unknown)
    wanted, least = counted(peak(tuple(found)), DEVICE), counted(_floor(found), DEVICE)
    ram = _ram(rows)
    known = not any(row.guessed and row.weight.role in (DIFFUSION_MODEL, *_TEXT) for row in rows)
    mode = fit(wanted, least, profile, known=known)
    return Estimate(
        weights=tuple(row.weight for row in rows),
        stages=tuple(found),
        peak=wanted,
        floor=least,
        ram=ram,
        compute=_compute(anatomy, rows),
        parts=_parts(rows, found),
        fit=mode,
        against=profile.memory if profile is not None else None,
        line=line(mode, wanted, least, ram, profile),
        note=note(mode),
        unknown=tuple(dict.fromkeys(unknown)),
        assumed=tuple(dict.fromkeys(assumed)),
        sources=_sources(rows),
    )


def _nothing(anatomy: Anatomy, unknown: list[str]) -> Estimate:
    if anatomy.partners:
        text = "Computed by a partner service: no GPU memory of this machine is wanted."
    else:
        text = "It loads no model file, so hardly any GPU memory is wanted."
    return Estimate(line=text, unknown=tuple(unknown))


def _texts(anatomy: Anatomy, rows: list[Weighed]) -> Iterable[Stage]:
    """Text encoders of one loader work together; the loaders come one after the other."""
    loaders: dict[str, list[Weighed]] = {}
    for row in rows:
        if row.weight.role in _TEXT:
            loaders.setdefault(row.weight.node, []).append(row)
    for node, own in loaders.items():
        pieces = tuple(Piece("text_encoder", row.bytes, row.weight.name) for row in own)
        for stage in stages(Load(None, None, pieces, _NO_SHAPE)):
            yield stage._replace(nodes=(node,))


def _samplings(anatomy: Anatomy, rows: list[Weighed], assumed: list[str]) -> Iterable[Stage]:
    for sampling in anatomy.samplings:
        own = _rows_of(anatomy, sampling, rows)
        model = _model(own)
        shape = asked(anatomy, sampling, model)
        assumed.extend(shape.assumed)
        pieces = tuple(Piece(_piece(row.weight.role), row.bytes, row.weight.name) for row in own)
        if not pieces:
            continue
        few, many = cfg_passes(sampling)
        for stage in stages(Load(model or _ANY, None, pieces, shape.shape, passes=many)):
            low = stages(Load(model or _ANY, None, pieces, shape.shape, passes=few))[0].working.low
            work = stage.working._replace(low=min(low, stage.working.low))
            yield stage._replace(
                title=sampling.title or stage.title, working=work, nodes=sampling.nodes or (sampling.node,)
            )


def _encodes(anatomy: Anatomy, rows: list[Weighed], assumed: list[str]) -> Iterable[Stage]:
    yield from _coded(anatomy, rows, assumed, "encode", ("encode",))


def _decodes(anatomy: Anatomy, rows: list[Weighed], assumed: list[str]) -> Iterable[Stage]:
    yield from _coded(anatomy, rows, assumed, "decode", ("decode", "decode_tiled"))


def _coded(
    anatomy: Anatomy, rows: list[Weighed], assumed: list[str], key: str, does: tuple[str, ...]
) -> Iterable[Stage]:
    """One stage for each way in which the VAE works, at the largest size."""
    vae = [row for row in rows if row.weight.role == VAE]
    largest: dict[object, Asked] = {}
    for step in anatomy.steps:
        if step.does not in does or step.medium in ("audio", "3d"):
            continue
        tile = tile_of(step)
        for sampling in anatomy.samplings or (None,):
            model = _model(_rows_of(anatomy, sampling, rows)) if sampling else None
            latent = _latent(model, vae)
            if latent is None or not vae:
                continue
            shape = asked(anatomy, sampling, model)
            pieces = (Piece("vae", _largest(row.bytes for row in vae)),)
            load = Load(None, latent, pieces, shape.shape, tile=tile, only=key)
            for stage in stages(load):
                before = largest.get((step.does, tile))
                if before is None or before.stage.total.likely < stage.total.likely:
                    largest[step.does, tile] = Asked(shape.shape, shape.assumed, stage._replace(nodes=(step.node,)))
    for one in largest.values():
        assumed.extend(one.assumed)
        yield one.stage


def _others(anatomy: Anatomy, rows: list[Weighed]) -> Iterable[Stage]:
    """Models that work on their own: upscalers, detectors, vision encoders."""
    for row in rows:
        role = row.weight.role
        if role in _HIDDEN:
            continue
        key, title = _TITLES.get(role, ("other", "Other models"))
        work = upscaling() if role == UPSCALER else Range(50_000_000, 400_000_000, 2_000_000_000)
        yield Stage(key, title, row.bytes, work, (row.weight.node,))


def _rows_of(anatomy: Anatomy, sampling: Sampling, rows: list[Weighed]) -> list[Weighed]:
    """What is on the GPU during a pass: its models, without text encoders and VAEs."""
    named = {anatomy.models[at].name for at in sampling.models if 0 <= at < len(anatomy.models)}
    return [row for row in rows if row.part.name in named and row.weight.role in (DIFFUSION_MODEL, *_BESIDE)]


def _piece(role: str) -> str:
    return "diffusion" if role == DIFFUSION_MODEL else "other"


def _model(rows: list[Weighed]) -> Model | None:
    for row in rows:
        if row.weight.role == DIFFUSION_MODEL and row.part.family:
            size, bits = row.weight.bytes, row.weight.stored_bits
            return model_of(row.part.family, row.part.name, size * 8 / bits if size and bits else None)
    return None


def _latent(model: Model | None, vae: list[Weighed]) -> Latent | None:
    if model is not None:
        return latents()[model.latent]
    family = next((row.part.family for row in vae if row.part.family), "")
    known = model_of(family) if family else None
    return latents()[known.latent] if known else latents()["kl"]


def _largest(ranges: Iterable[Range]) -> Range:
    return max(ranges, key=lambda one: one.likely, default=NOTHING)


def _floor(found: list[Stage]) -> Range:
    """The least that ComfyUI gets along with: weights outside but for what is being computed, VAEs in tiles."""
    totals = []
    for stage in found:
        share = (0.03, 0.08, 0.2) if stage.key in ("sample", "text") else (1, 1, 1)
        weights = Range(*(round(part * size) for part, size in zip(share, stage.weights, strict=True)))
        work = stage.working
        if stage.key in ("decode", "encode"):
            work = Range(*(min(size, least) for size, least in zip(work, _TILED, strict=True)))
        if stage.key == "text":  # on the CPU where there is no room
            weights, work = NOTHING, NOTHING
        totals.append(weights + work)
    low, likely, high = (max(one[at] for one in totals) for at in range(3))
    return Range(low, likely, high)


_TILED = (400_000_000, 900_000_000, 2_500_000_000)  # a decoder in tiles


def _ram(rows: list[Weighed]) -> Range:
    """RAM: all weights lie there when they are not on the GPU, beside ComfyUI itself."""
    sizes = [row.weight.bytes or 0 for row in rows]
    some = total(row for row in rows if row.weight.bytes is None)
    return Range(
        max(sizes, default=0) + 2_000_000_000 + some.low,
        sum(sizes) + 3_000_000_000 + some.likely,
        round(sum(sizes) * 1.2) + 6_000_000_000 + some.high,
    )


def _compute(anatomy: Anatomy, rows: list[Weighed]) -> float | None:
    """Relative work: steps × latent pixels × parameters × passes, over all sampling passes."""
    work = 0.0
    for sampling in anatomy.samplings:
        own = _rows_of(anatomy, sampling, rows)
        model = _model(own)
        steps = _steps(sampling)
        if steps is None or model is None:
            return None
        shape = asked(anatomy, sampling, model).shape
        latent = latents()[model.latent]
        frames = (shape.frames - 1) // latent.time + 1
        tokens = shape.pixels / max(1, latent.scale) ** 2 * frames * shape.batch
        work += steps * tokens * model.params * cfg_passes(sampling)[1]
    return work or None


def _steps(sampling: Sampling) -> float | None:
    values = [
        given.value if given is not None else None
        for given in (sampling.steps, sampling.first_step, sampling.last_step)
    ]
    steps, first, last = (one if isinstance(one, int | float) and not isinstance(one, bool) else None for one in values)
    if steps is None:
        return None
    end = min(steps, last) if last is not None else steps
    return max(0, end - max(0, first or 0))


def _parts(rows: list[Weighed], found: list[Stage]) -> dict[str, Range]:
    """The largest of each part: what the bars of a page show."""
    kinds = {
        "diffusion": [row.bytes for row in rows if row.weight.role == DIFFUSION_MODEL],
        "text_encoder": [row.bytes for row in rows if row.weight.role in _TEXT],
        "vae": [row.bytes for row in rows if row.weight.role == VAE],
        "other": [row.bytes for row in rows if row.weight.role not in (DIFFUSION_MODEL, *_TEXT, VAE)],
        "working": [stage.working for stage in found],
    }
    return {key: _largest(values) for key, values in kinds.items() if values}


def _doubts(rows: list[Weighed]) -> tuple[list[str], list[str]]:
    unknown = [f"the size of {row.weight.name}" for row in rows if row.guessed]
    assumed = [f"{row.weight.name}: its size by its name" for row in rows if row.weight.known_from == "name"]
    return unknown, list(dict.fromkeys(assumed))


def _sources(rows: list[Weighed]) -> tuple[str, ...]:
    words = {"header": "headers of the files", "size": "sizes of the files", "name": "names of the files"}
    known = [words[one] for one in words if any(row.weight.known_from == one for row in rows)]
    return (*known, "knowledge/memory.json")


_NO_SHAPE = asked(None, None, None).shape
_ANY = next(iter([one for one in [model_of("flux")] if one is not None]))
