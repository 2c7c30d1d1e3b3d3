"""The facts read from the header of a model file."""

from __future__ import annotations

from dataclasses import dataclass, field


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
