"""A published memory figure as a load of the estimator, and how far the two are apart."""

from __future__ import annotations

from typing import Any, NamedTuple

from comfyfixersmart.core.tuning.known import Model, any_model, latents, model_of
from comfyfixersmart.core.tuning.load import (
    ALLOCATED,
    DEVICE,
    OFFLOAD,
    RESERVED,
    RESIDENT,
    STATED,
    Load,
    Piece,
    estimate_load,
    whole,
)
from comfyfixersmart.core.tuning.types import Range
from comfyfixersmart.core.tuning.working import Shape, Tile

_ROLES = {"diffusion_model": "diffusion", "text_encoder": "text_encoder", "vae": "vae"}
_COUNTERS = {"peak_allocated": ALLOCATED, "peak_reserved": RESERVED, "device_used": DEVICE}
_WHOLE = 1 << 14  # pixels: no tiles along the sides


class Judged(NamedTuple):
    """One figure beside its estimate, in bytes."""

    id: str
    published: float
    estimate: Range

    @property
    def error(self) -> float:
        """Relative, without sign."""
        return abs(self.estimate.likely - self.published) / self.published

    @property
    def inside(self) -> bool:
        """Whether the figure lies in the range."""
        return self.estimate.low <= self.published <= self.estimate.high

    @property
    def width(self) -> float:
        """Of the range: its high end over its low end."""
        return self.estimate.high / max(1, self.estimate.low)


def judged(figure: dict[str, Any]) -> Judged:
    """The figure and what the estimator says of its load."""
    unit = 1 << 30 if figure["unit"] == "GiB" else 1e9
    return Judged(figure["id"], figure["gigabytes"] * unit, estimate_load(load_of(figure)))


def load_of(figure: dict[str, Any]) -> Load:
    """A figure's setting in the estimator's terms: nothing of what was measured is looked at."""
    pieces, diffusion = [], None
    vae_bits = float(figure["compute_bits"] or 16)
    for part in figure["parts"]:
        role = _ROLES.get(part["role"], "other")
        if role == "text_encoder" and figure["mode"] == "no_text_encoder":
            continue
        pieces.append(Piece(role, whole(part["params"] * part["bits"] / 8), part["name"]))
        diffusion = part if role == "diffusion" else diffusion
        vae_bits = max(vae_bits, part["bits"]) if role == "vae" else vae_bits
    name, params = (diffusion["name"], diffusion["params"]) if diffusion else ("", None)
    medium = "video" if (figure["frames"] or 1) > 1 else "image"
    model = model_of(figure["family"], name, params) or any_model(params, medium)
    if any("32 bits (force_upcast)" in one for one in figure["assumed"]):
        vae_bits = 32
    return Load(
        model,
        latents()[model.latent],
        tuple(pieces),
        Shape(figure["width"] or 1, figure["height"] or 1, figure["frames"] or 1, figure["batch"] or 1),
        passes=2 if figure["cfg_doubles"] else 1,
        mode=OFFLOAD if figure["mode"] == "offload_parts" else RESIDENT,
        bits=float(figure["compute_bits"] or 16),
        vae_bits=vae_bits,
        tile=_tile(model, figure),
        sliced=bool(figure.get("vae_slicing")),
        only={"vae_decode": "decode", "vae_encode": "encode"}.get(figure.get("operation") or "", ""),
        counter=_COUNTERS.get(figure["measure"], STATED),
    )


def _tile(model: Model, figure: dict[str, Any]) -> Tile | None:
    """The pieces in which a VAE works, as the programs do it: diffusers takes the size that an image VAE was made for, 256
    pixels by 16 frames of a video, and the frames of HunyuanVideo always by 16; ComfyUI takes 512 pixels."""
    if "ComfyUI" in figure["software"]:
        return Tile(512, 64) if figure["tiled_vae"] else None
    if figure["tiled_vae"]:
        return Tile(256, 16, together=True) if (figure["frames"] or 1) > 1 else Tile(model.side, together=True)
    if model.latent == "hunyuan_video" and "diffusers" in figure["software"]:
        return Tile(_WHOLE, 16, together=True)
    return None
