"""How many bytes of a model file are for what, read from its header alone.

A checkpoint holds several models, told by the first words of its tensors' names; a file of one model is told by words that
only such a model has. The words are in `knowledge/memory.json`, "tensors": as the published files have them, and as
ComfyUI looks for them (comfy/model_detection.py, sd.py).
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from ..knowledge import document
from .gguf import gguf_tensors
from .headers import format_of
from .safetensors import safetensors_tensors
from .types import DIFFUSION, OTHER, TEXT_ENCODER, Parts

_BITS = {  # whole numbers of 32 and 64 bits hold several packed ones, nobody says how many
    **dict.fromkeys(("F64", "C64"), 64),
    "F32": 32,
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I8", "U8", "BOOL"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
_MOST = (
    100_000  # tensors; the largest published models have a few thousand, and a header of more is not read to its end
)
_MOST_BYTES = 1 << 43  # of a file: a header that says more is damaged
_ALONE = ""  # tensors without a word of a checkpoint: of a model that stands alone
_ARCHITECTURES = ("modelspec.architecture", "general.architecture")


class Tensor(NamedTuple):
    """One tensor of a header: its name, its bytes, and how many numbers they hold (None: not known)."""

    name: str
    bytes: int
    numbers: float | None


def read_parts(path: str | os.PathLike[str]) -> Parts:
    """The parts of the file at `path`; an empty Parts for what is damaged or has no header. Its tensors are never read.

    Raises OSError when it cannot be opened or is not a plain file.
    """
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{os.fspath(path)!r} is not a plain file")
        return parts_in(file, status.st_size, format_of(path))


def parts_in(file: BinaryIO, size: int, form: str) -> Parts:
    """The same of an open file of `size` bytes, at its beginning, that should be of the format `form`. Raises OSError."""
    magic = file.read(4)
    file.seek(0)
    if magic == b"GGUF":
        gguf, said = gguf_tensors(file, size)
        found: Iterable[Tensor] = (Tensor(*one) for one in gguf)
    elif form == "safetensors":
        plain, said = safetensors_tensors(file, size)
        found = (
            Tensor(name, length, length * 8 / _BITS[kind] if kind in _BITS else None) for name, kind, length in plain
        )
    else:
        return Parts()
    family = next((said[key] for key in _ARCHITECTURES if said.get(key)), "")
    return sorted_parts(found, family)


def sorted_parts(tensors: Iterable[Tensor], family: str = "") -> Parts:
    """Tensors summed up by what they are for. `family`: what the metadata call it; names that only one family has count more."""
    words = document("memory")["tensors"]
    inside, alone = _words(words["inside"]), _words(words["alone"])
    marks = _words(words["families"])
    sums: dict[str, _Sum] = {}
    votes: Counter[str] = Counter()
    marked: set[str] = set()
    for place, tensor in enumerate(tensors):
        if place >= _MOST:
            return Parts()
        part = _first(tensor.name, inside)
        if part is None:
            votes[_first(tensor.name, alone) or OTHER] += tensor.bytes
        if part in (None, DIFFUSION, TEXT_ENCODER):
            marked.update(one for mark, one in marks if mark in tensor.name)
        sums.setdefault(part or _ALONE, _Sum()).add(tensor)
    if _ALONE in sums:
        own = _most(votes)
        own = OTHER if own in sums else own
        sums[own] = sums.pop(_ALONE).plus(sums.get(own, _Sum()))
    family = next((one for one in words["families"] if one in marked), family)
    if sums and not 0 < sum(one.bytes for one in sums.values()) <= _MOST_BYTES:
        return Parts()
    bits = {part: one.bits for part, one in sums.items() if one.bits is not None}
    return Parts({part: one.bytes for part, one in sums.items()}, bits, family)


class _Sum:
    """Bytes, and those of them of which the numbers are counted."""

    def __init__(self, size: int = 0, counted: int = 0, numbers: float = 0) -> None:
        self.bytes, self.counted, self.numbers = size, counted, numbers

    def add(self, tensor: Tensor) -> None:
        self.bytes += tensor.bytes
        if tensor.numbers is not None:
            self.counted += tensor.bytes
            self.numbers += tensor.numbers

    def plus(self, other: _Sum) -> _Sum:
        return _Sum(self.bytes + other.bytes, self.counted + other.counted, self.numbers + other.numbers)

    @property
    def bits(self) -> float | None:
        return 8 * self.counted / self.numbers if self.numbers else None


def _most(votes: Counter[str]) -> str:
    """What most bytes of a file of one model speak for; names that say nothing have no vote where others have one."""
    told = [(size, part) for part, size in votes.items() if part != OTHER]
    return max(told)[1] if told else OTHER


def _words(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(word, part) for part, words in table.items() for word in words]


def _first(name: str, words: list[tuple[str, str]]) -> str | None:
    """The part of the longest word with which the name begins."""
    found = [(len(word), part) for word, part in words if name.startswith(word)]
    return max(found)[1] if found else None
