"""The facts read from the header of a model file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What a model file says of itself. Sizes are bytes.

    `complete` is True when the file is exactly what its header announces, False when it is damaged or
    half there (`problem` says how, in words), None when the format does not tell. `true_size` is None
    when unknown. `sha256` is only what a Git LFS pointer names; nothing is hashed here.
    """

    format: str  # "safetensors", "gguf", "pickle", "onnx", "lfs-pointer", "html" … or "unknown"
    size: int  # on disk
    true_size: int | None = None
    complete: bool | None = None
    problem: str = ""
    tensors: int = 0
    dtypes: dict[str, int] = field(default_factory=dict)  # tensor type → number of tensors
    metadata: dict[str, str] = field(default_factory=dict)  # a bounded part: short text values
    sha256: str = ""


# What a checkpoint is made of. UNUSED: what training left in it and nothing loads.
DIFFUSION, TEXT_ENCODER, VAE, OTHER, UNUSED = "diffusion", "text_encoder", "vae", "other", "unused"


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes of the tensors of one file, by what they are for. `bytes` has DIFFUSION, TEXT_ENCODER and VAE where the names
    of the tensors say so; everything else is OTHER. {}: the header does not tell.

    `bits`: what one number takes on average, by part, where the types are known. `family`: told by the
    names of its tensors, or what the header calls its architecture; "" for neither.
    """

    bytes: dict[str, int] = field(default_factory=dict)
    bits: dict[str, float] = field(default_factory=dict)
    family: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"bytes": self.bytes, "bits": self.bits, "family": self.family}

    @classmethod
    def from_json(cls, raw: Any) -> Parts | None:
        """What `as_json` gave; None where it is damaged."""
        raw = raw if isinstance(raw, dict) else {}
        sizes, bits, family = raw.get("bytes"), raw.get("bits"), raw.get("family")
        if _numbers(sizes, int) and _numbers(bits, int, float) and isinstance(family, str):
            return cls(sizes, bits, family)
        return None


def _numbers(raw: Any, *types: type) -> bool:
    """Whether it is an object of plain numbers."""
    return isinstance(raw, dict) and all(type(one) in types for one in raw.values())
