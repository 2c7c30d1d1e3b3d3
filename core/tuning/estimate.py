"""What memory a workflow wants: its anatomy and what is known of its files → an Estimate. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..explanation.types import DIFFUSION_MODEL, LORA, VAE, Anatomy, Sampling
from .known import latents
from .load import DEVICE, peak
from .modes import fit, line, note, stays, usable
from .parts import TEXT_ROLES, Weighed, total, weigh
from .shapes import cfg_passes
from .stages import Stages, least_of, roomy_of
from .types import NOTHING, Estimate, Files, Profile, Range, Stage
from .working import latent_area

_PARTNER = "Computed by a partner service: no GPU memory of this computer is wanted."
_NONE = "No model file is named, so hardly any GPU memory is wanted."
_OWN = "No model file is named. What its nodes load by themselves cannot be told."
_LOADS = frozenset({"speech", "music", "listen", "voice", "caption", "generate_text", "detect", "depth", "pose", "sample",
                    "remove_background", "upscale_model", "interpolate", "detail", "mesh", "texture", "animate", "edges", "reference", "control"})  # fmt: skip
_LEFT_OUT = "None of its models is loaded as it stands, so hardly any GPU memory is wanted."
_HIDDEN = "No model file is named. What its unknown nodes load cannot be told."


def estimate(anatomy: Anatomy, *, files: Files, profile: Profile | None = None) -> Estimate:
    """The memory that one run wants, stage by stage, and whether `profile` has it. Sizes in bytes.

    `files`: what is known of a file by its name and folders (`FileFacts`), None where nothing is. A workflow without model
    files has no `fit`; its `line` says why.
    """
    rows = weigh(anatomy.models, files)
    staged = Stages(anatomy, rows)
    found = staged.all()
    unknown = _unknown(anatomy, rows, staged)
    if not found:
        loads = any(step.does in _LOADS for step in anatomy.steps) or anatomy.samplings
        none = _OWN if loads else _LEFT_OUT if any(not one.used for one in anatomy.models) else _NONE
        text = _HIDDEN if anatomy.opaque else _PARTNER if anatomy.partners else none
        return Estimate(tuple(row.weight for row in rows), line=text, unknown=unknown)
    if stays(profile):
        every = total(row.bytes for row in rows)
        found = tuple(stage._replace(weights=every) for stage in found)
    wanted, least, ram = peak(found, DEVICE), peak(map(least_of, found), DEVICE), _ram(rows)
    hidden = bool(anatomy.opaque) and not any(row.weight.role == DIFFUSION_MODEL for row in rows)
    roomy = peak(map(roomy_of, found), DEVICE).likely
    mode = fit(wanted, least, roomy, profile, known=_is_known(rows, staged), complete=not hidden)
    return Estimate(
        weights=tuple(row.weight for row in rows),
        stages=found,
        peak=wanted,
        floor=least,
        ram=ram,
        compute=_compute(staged),
        parts=_parts(rows, found),
        fit=mode,
        against=usable(profile),
        line=line(mode, wanted, least, ram, profile),
        note=note(mode, wanted, ram, found, profile),
        unknown=unknown,
        assumed=_assumed(rows, staged),
        sources=_sources(rows),
    )


def _is_known(rows: list[Weighed], staged: Stages) -> bool:
    """Whether the sizes of the large weights are known."""
    large = [row for row in rows if row.weight.role in (DIFFUSION_MODEL, *TEXT_ROLES)]
    return not (staged.bare or any(row.guessed for row in large))


def _unknown(anatomy: Anatomy, rows: list[Weighed], staged: Stages) -> tuple[str, ...]:
    found = [f"the size of {row.weight.name}" for row in rows if row.guessed and row.weight.role != LORA]
    found += [f"the model of {one.title or one.class_type}, of which no file is named" for one in staged.bare]
    found += [f"what {kind} loads" for kind in dict.fromkeys(kind for _, kind in anatomy.opaque)][:20]
    return tuple(dict.fromkeys(found))


def _assumed(rows: list[Weighed], staged: Stages) -> tuple[str, ...]:
    found = [f"the size of {row.weight.name}, by its name" for row in rows if row.weight.known_from == "name"]
    found += [f"a usual size of the LoRA {row.weight.name}" for row in rows if row.guessed and row.weight.role == LORA]
    return tuple(dict.fromkeys([*found, *staged.assumed]))


def _ram(rows: list[Weighed]) -> Range:
    """RAM: the weights lie there when they are not on the GPU, beside ComfyUI itself."""
    found = Range(2_000_000_000, 3_000_000_000, 6_000_000_000)
    sizes = [row.stored for row in rows]
    largest = max((size.low for size in sizes), default=0)
    return found + Range(largest, sum(size.likely for size in sizes), sum(size.high for size in sizes))


def _compute(staged: Stages) -> float | None:
    """Relative work: steps × latent pixels × parameters × passes, over all sampling passes; None where one is not known."""
    work = 0.0
    for sampling, model, shape, _ in staged.passes:
        steps = _steps(sampling)
        if steps is None or not model.params:
            return None
        area = latent_area(latents()[model.latent], shape) * shape.batch or 1
        work += steps * area * model.params * cfg_passes(sampling)
    return work or None


def _steps(sampling: Sampling) -> float | None:
    """The steps that a pass really takes."""
    values = (
        given.value if given is not None else None
        for given in (sampling.steps, sampling.first_step, sampling.last_step)
    )
    steps, first, last = (one if isinstance(one, int | float) and not isinstance(one, bool) else None for one in values)
    if steps is None or not 0 <= steps <= 100_000:
        return None
    return max(0, min(steps, last if last is not None else steps) - max(0, first or 0))


def _parts(rows: list[Weighed], found: tuple[Stage, ...]) -> dict[str, Range]:
    """The largest of each part, and what the largest stage works in: what the bars of a page show."""
    kinds: dict[str, list[Range]] = {"diffusion": [], "text_encoder": [], "vae": [], "other": []}
    for row in rows:
        role = row.weight.role
        key = (
            "diffusion"
            if role == DIFFUSION_MODEL
            else "text_encoder"
            if role in TEXT_ROLES
            else "vae"
            if role == VAE
            else "other"
        )
        if role != LORA:
            kinds[key].append(row.bytes)
    kinds["working"] = [max(found, key=lambda one: one.total.likely).working]
    return {key: _largest(values) for key, values in kinds.items() if values}


def _largest(ranges: Iterable[Range]) -> Range:
    return max(ranges, key=lambda one: one.likely, default=NOTHING)


def _sources(rows: list[Weighed]) -> tuple[str, ...]:
    words = {"header": "headers of the files", "size": "sizes of the files", "name": "names of the files"}
    known = [words[one] for one in words if any(row.weight.known_from == one for row in rows)]
    return (*known, "knowledge/memory.json")
