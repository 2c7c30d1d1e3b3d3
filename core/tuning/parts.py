"""How many bytes each model of a workflow takes: from headers, from sizes, else by what its name says. Pure.

ComfyUI keeps 32-bit weights of diffusion models and text encoders as 16 bits, leaves fp8 and GGUF as they are, and halves
16 bits where the loader was told so (comfy/model_management.py: unet_dtype, text_encoder_dtype, vae_dtype;
comfy/sd.py: load_diffusion_model_state_dict).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..explanation.types import (
    CHECKPOINT,
    CONTROLNET,
    DIFFUSION_MODEL,
    EMBEDDING,
    LANGUAGE_MODEL,
    LORA,
    OTHER,
    TEXT_ENCODER,
    VAE,
    ModelPart,
)
from .known import Model, billions, bits_in, model_of, named_file, typical
from .types import FileFacts, Files, Range, Weight

HEADER, SIZE, NAME = "header", "size", "name"
_PART = {DIFFUSION_MODEL: "diffusion", TEXT_ENCODER: "text_encoder", VAE: "vae"}
_ROLE = {"diffusion": DIFFUSION_MODEL, "text_encoder": TEXT_ENCODER, "vae": VAE, "other": OTHER}
_SURE = {HEADER: (1, 1, 1), SIZE: (0.97, 1, 1.03), NAME: (0.9, 1, 1.1)}
_STANDARD = (4.5, 8, 16, 32)
_SMALL = 4e9  # numbers: nobody packs so small a model in 8 bits without saying so
TEXT_ROLES = (TEXT_ENCODER, LANGUAGE_MODEL)


class Weighed(NamedTuple):
    """One row of weights: its bytes as ComfyUI keeps them on the GPU and as they are stored, and the model it belongs to.
    `guessed`: nothing is known of this very file; `inside`: it comes along in a checkpoint and is not used by itself."""

    weight: Weight
    bytes: Range
    stored: Range
    part: ModelPart
    guessed: bool = False
    inside: bool = False

    @property
    def params(self) -> float | None:
        """Numbers in it, where its bits are known."""
        size, bits = self.weight.bytes, self.weight.stored_bits
        return size * 8 / bits if size and bits else None


def weigh(parts: Iterable[ModelPart], files: Files) -> list[Weighed]:
    """Every model file that is loaded, once; a checkpoint as what it is made of. What a switch leaves out is not loaded."""
    found: dict[tuple[str, str], list[Weighed]] = {}
    for part in parts:
        if not part.used or part.role == EMBEDDING or (part.name, part.role) in found:
            continue
        facts = files(part.name, part.folders)
        if part.role == CHECKPOINT:
            found[part.name, part.role] = _checkpoint(part, facts)
        else:
            found[part.name, part.role] = [_single(part, facts)]
    return [row for rows in found.values() for row in rows]


def loaded_bits(role: str, stored: float, told: object = None) -> float:
    """Bits per number on the GPU of weights stored with `stored` bits; `told`: the loader's weight_dtype."""
    if role == DIFFUSION_MODEL and isinstance(told, str) and told.startswith("fp8"):
        return min(stored, 8)
    return min(stored, 16) if role in (DIFFUSION_MODEL, TEXT_ENCODER, VAE, CONTROLNET) else stored


def _single(part: ModelPart, facts: FileFacts | None) -> Weighed:
    """A file of which the loader takes one thing."""
    if facts is not None and facts.size:
        stored = facts.bits.get(_PART.get(part.role, "")) or facts.stored_bits or bits_in(part.name)
        return _row(part, part.role, _own(part, facts, facts.size), facts.known_from, stored)
    params, bits = _by_name(part)
    if params is None:
        return _guess(part, part.role, part.role)
    stored = bits or bits_in(part.name) or 16
    return _row(part, part.role, params * stored / 8, NAME, stored)


def _own(part: ModelPart, facts: FileFacts, size: int) -> float:
    """The bytes of a file that its loader takes: one part, where the file holds several."""
    own = _PART.get(part.role, "")
    used = {key: value for key, value in facts.parts.items() if key != "unused"}
    if own in used:
        return used[own]
    if used:
        return used.get("other", 0) if own and len(used) > 1 else sum(used.values())
    holds = _holds(part)
    return size * _beside(holds, own) / sum(holds.values()) if holds else size


def _by_name(part: ModelPart) -> tuple[float | None, float | None]:
    """Parameters and stored bits of a file that only its name tells of."""
    named = named_file(part.name)
    if named is not None and named.role == part.role:
        return named.params, named.bits
    holds = _holds(part)
    if holds:
        return _beside(holds, _PART.get(part.role, "")), None
    model = model_of(part.family, part.name) if part.role == DIFFUSION_MODEL and part.family else None
    told = billions(part.name) if part.role in (DIFFUSION_MODEL, *TEXT_ROLES) else None
    return (model.params if model is not None else told), None


def _holds(part: ModelPart) -> Mapping[str, float]:
    """What a checkpoint holds, of which a loader takes something else than its diffusion model; {} for any other file."""
    if "checkpoints" not in part.folders or part.role in (DIFFUSION_MODEL, LORA, CONTROLNET) or not part.family:
        return {}
    model = model_of(part.family, part.name)
    return {"diffusion": model.params, **model.holds} if model is not None else {}


def _beside(holds: Mapping[str, float], own: str) -> float:
    return holds.get(own) or holds.get("other") or 0.02 * sum(holds.values())


def _checkpoint(part: ModelPart, facts: FileFacts | None) -> list[Weighed]:
    """A checkpoint's diffusion model, text encoders and VAE."""
    if facts is not None and any(key in facts.parts for key in ("diffusion", "text_encoder", "vae")):
        return [
            _row(part, _ROLE[key], size, HEADER, facts.bits.get(key))
            for key, size in facts.parts.items()
            if size and key in _ROLE
        ]
    named = named_file(part.name)
    model = model_of(part.family, part.name) if part.family and named is None else None
    size = facts.size if facts is not None else None
    if model is None:
        stored = (named.bits if named is not None else None) or bits_in(part.name)
        if size:
            return [_row(part, DIFFUSION_MODEL, size, SIZE, stored)]
        if named is not None:
            return [_row(part, DIFFUSION_MODEL, named.params * (stored or 16) / 8, NAME, stored or 16)]
        return [_guess(part, DIFFUSION_MODEL, CHECKPOINT)]
    holds, stored = _split(model, size, bits_in(part.name))
    known = SIZE if size else NAME
    return [_row(part, _ROLE[key], params * stored / 8, known, stored) for key, params in holds.items()]


def _split(model: Model, size: int | None, told: float | None) -> tuple[dict[str, float], float]:
    """What a checkpoint of this model holds (parameters by part), and the bits of each number.

    Of a known size those parts are taken to be inside with which a number has a usual count of bits.
    """
    inside = {"diffusion": model.params, **model.holds}
    if size is None:
        return inside, told or model.bits
    choices = [inside]
    if "text_encoder" in inside:
        choices.append({key: value for key, value in inside.items() if key != "text_encoder"})
    choices.append({"diffusion": model.params})

    def off(holds: dict[str, float]) -> float:
        bits = size * 8 / sum(holds.values())
        return min(abs(bits / one - 1) for one in ((told,) if told else _STANDARD))

    best = min(choices, key=off)
    return best, size * 8 / sum(best.values())


def _row(part: ModelPart, role: str, size: float, known: str, stored: float | None) -> Weighed:
    told = part.dtype.value if part.dtype is not None else None
    kept = loaded_bits(role, stored, told) if stored else None
    factor = kept / stored if stored and kept else 1
    low, likely, high = _SURE[known]
    if known == NAME and bits_in(part.name) is None:
        named = named_file(part.name)
        small = size * 8 / (stored or 16) < _SMALL
        low = low if small or (named is not None and named.bits) else 0.5  # it may be an 8-bit file all the same
    on_disk = Range(round(size * low), round(size * likely), round(size * high))
    loaded = Range(*(round(one * factor) for one in on_disk))
    if role == LORA:
        loaded = Range(0, 0, loaded.likely)  # merged into the weights that it changes
    weight = Weight(part.name, part.node, role, round(size), known, stored, kept)
    return Weighed(weight, loaded, on_disk, part, inside=part.role == CHECKPOINT and role == OTHER)


def _guess(part: ModelPart, role: str, kind: str) -> Weighed:
    """A file of which nothing is known but what it is for."""
    size = typical(kind)
    loaded = Range(0, 0, size.likely) if role == LORA else size
    return Weighed(Weight(part.name, part.node, role, None, ""), loaded, size, part, guessed=True)


def total(ranges: Iterable[Range]) -> Range:
    """All of them together."""
    found = Range(0, 0, 0)
    for one in ranges:
        found = found + one
    return found
