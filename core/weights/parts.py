"""How many bytes of a model file are for what, read from its header alone.

A checkpoint holds several models, told by the first words of its tensors' names (as in the state dicts that Stability AI,
Black Forest Labs and Lightricks published); a file of one model has no such words, and its tensors count as "other".
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections import Counter
from typing import BinaryIO

from .gguf import gguf_bits
from .headers import format_of
from .safetensors import MAX_HEADER
from .types import DIFFUSION, OTHER, TEXT_ENCODER, VAE, Parts

_PREFIXES = (
    ("model.diffusion_model.", DIFFUSION),
    ("first_stage_model.", VAE),
    ("vae.", VAE),
    ("audio_vae.", VAE),
    ("cond_stage_model.", TEXT_ENCODER),
    ("conditioner.", TEXT_ENCODER),
    ("text_encoders.", TEXT_ENCODER),
)
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL"), 8),
    **dict.fromkeys(("F4", "F6_E2M3", "F6_E3M2"), 4),
}
_ENTRY = re.compile(rb'"((?:[^"\\]|\\.){1,300})"\s{0,20}:\s{0,20}\{([^{}]{1,400})\}')
_OFFSETS = re.compile(rb'"data_offsets"\s{0,20}:\s{0,20}\[\s{0,20}(\d{1,19})\s{0,20},\s{0,20}(\d{1,19})\s{0,20}\]')
_DTYPE = re.compile(rb'"dtype"\s{0,20}:\s{0,20}"([A-Za-z0-9_]{1,24})"')
_MOST = 32 << 20  # bytes of a header that is read for this: far more than any checkpoint has
_ARCHITECTURES = ("modelspec.architecture", "general.architecture")


def read_parts(path: str | os.PathLike[str]) -> Parts:
    """The parts of the file at `path`. Its tensors are never read. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(fd, "rb") as file:
        size = os.fstat(fd).st_size
        if file.read(4) == b"GGUF":
            file.seek(0)
            bits = gguf_bits(file, size)
            return Parts({OTHER: size}, {OTHER: bits} if bits is not None else {})
        file.seek(0)
        return _safetensors(file, size) if format_of(path) == "safetensors" else Parts()


def _safetensors(file: BinaryIO, size: int) -> Parts:
    raw = file.read(8)
    length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else 0
    if not 2 <= length <= min(size - 8, MAX_HEADER, _MOST):
        return Parts()
    header = file.read(length)
    found: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for match in _ENTRY.finditer(header):
        offsets, dtype = _OFFSETS.search(match[2]), _DTYPE.search(match[2])
        if offsets is None or dtype is None:
            continue
        amount = int(offsets[2]) - int(offsets[1])
        if amount < 0 or amount > size:
            return Parts()
        part = _part(match[1])
        found[part] += amount
        numbers[part] += amount * 8 // _BITS.get(dtype[1].decode("ascii"), 16)
    total = sum(found.values())
    if not total or 8 + length + total > size:
        return Parts()
    bits = {part: round(8 * found[part] / count, 3) for part, count in numbers.items() if count}
    return Parts(dict(found), bits, _family(header))


def _part(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    return next((part for prefix, part in _PREFIXES if text.startswith(prefix)), OTHER)


def _family(header: bytes) -> str:
    """The architecture that the metadata name, which stand at the beginning."""
    text = header[: 1 << 20].decode("utf-8", "replace")
    at = text.find('"__metadata__"')
    try:
        values, _ = json.JSONDecoder().raw_decode(text, text.index("{", at)) if at >= 0 else ({}, 0)
    except (ValueError, RecursionError):
        return ""
    said = [values.get(key) for key in _ARCHITECTURES]
    return next((one for one in said if isinstance(one, str) and len(one) <= 100), "")
