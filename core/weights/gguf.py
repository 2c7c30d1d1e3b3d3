"""The header of a GGUF file (versions 2 and 3, little-endian), walked within fixed bounds.

The format (ggml-org/ggml, docs/gguf.md): magic, version, tensor count, key-value count, the key-value
pairs, the tensor infos (name, dimensions, type, offset), padding to `general.alignment`, the data.
Tensor sizes come from `knowledge/ggml_types.json`; an unknown type leaves the true size unknown.
"""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any, BinaryIO

from ..knowledge import document
from .types import HeaderFacts

_MAX_PAIRS, _MAX_TENSORS, _MAX_ITEMS = 65_536, 200_000, 4_000_000
_MAX_NAME = 65_536
_FIXED = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9


class _Broken(Exception):
    """The header ends too early or breaks its own rules."""


def gguf_facts(file: BinaryIO, size: int) -> HeaderFacts:
    """Facts of the open `file` of `size` bytes, at its beginning. Raises OSError."""
    walk = _Walk(file, size)
    try:
        return walk.facts()
    except _Broken as error:
        return HeaderFacts(format="gguf", size=size, complete=False, problem=str(error))


def gguf_tensors(file: BinaryIO, size: int) -> tuple[list[tuple[str, int, int]], dict[str, str]]:
    """Name, bytes and count of numbers of each tensor in the open `file`, and its metadata; nothing of a damaged one.

    Raises OSError.
    """
    walk = _Walk(file, size)
    try:
        facts = walk.facts()
    except _Broken:
        return [], {}
    return walk.tensors, facts.metadata


class _Walk:
    """One pass over a header. `at` is the position in the file, in bytes."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size, self.at, self.items = file, size, 0, 0
        self.tensors: list[tuple[str, int, int]] = []  # of known types: name, bytes, numbers

    def facts(self) -> HeaderFacts:
        self.take(4)  # the magic, which the caller has looked at
        version = self.number("<I")
        if version not in (2, 3):
            return HeaderFacts(format="gguf", size=self.size)
        tensors, pairs = self.number("<Q"), self.number("<Q")
        if tensors > _MAX_TENSORS or pairs > _MAX_PAIRS:
            raise _Broken("its header is damaged")
        values = {}
        for _ in range(pairs):
            key = self.text(_MAX_NAME)
            values[key] = self.value(self.number("<I"))
        end, dtypes = self.tensor_infos(tensors)
        alignment = values.get("general.alignment")
        step = alignment if isinstance(alignment, int) and 0 < alignment <= 1 << 20 else 32
        start = (self.at + step - 1) // step * step
        true_size = None if end is None else start + end if tensors else self.at
        complete = None if true_size is None else self.size >= true_size  # the last tensor may be padded
        return HeaderFacts(
            format="gguf",
            size=self.size,
            true_size=true_size,
            complete=complete,
            problem=f"{self.size} of {true_size} bytes are there" if complete is False else "",
            tensors=tensors,
            dtypes=dict(dtypes),
            metadata={k: str(v) for k, v in values.items() if v is not None and len(str(v)) <= 500},
        )

    def tensor_infos(self, count: int) -> tuple[int | None, Counter[str]]:
        """Where the data of the last tensor end (None with an unknown type), and tensors by type."""
        types: dict[str, list[Any]] = document("ggml_types")["types"]
        end: int | None = 0
        dtypes: Counter[str] = Counter()
        for _ in range(count):
            title = self.text(_MAX_NAME)[:200]
            values = 1
            dimensions = self.number("<I")
            if dimensions > 8:
                raise _Broken("its header is damaged")
            for _ in range(dimensions):
                values *= self.number("<Q")
            kind, offset = str(self.number("<I")), self.number("<Q")
            known = types.get(kind)
            if known is None:
                end = None
                dtypes[f"type {kind}"] += 1
                continue
            name, block, block_bytes = known
            dtypes[name] += 1
            self.tensors.append((title, values // block * block_bytes, values))
            if end is not None:
                end = max(end, offset + values // block * block_bytes)
        return end, dtypes

    def value(self, kind: int) -> str | int | float | bool | None:
        """One value; arrays are walked over and given as None."""
        if kind in _FIXED:
            plain: int | float | bool = self.number(_FIXED[kind])
            return plain
        if kind == _STRING:
            return self.text(1000)
        if kind != _ARRAY:
            raise _Broken("its header is damaged")
        inner, count = self.number("<I"), self.number("<Q")
        if inner in _FIXED:
            self.skip(count * struct.calcsize(_FIXED[inner]))
            return None
        self.items += count
        if inner != _STRING or self.items > _MAX_ITEMS:  # nested arrays are allowed, and seen nowhere
            raise _Broken("its header cannot be read")
        for _ in range(count):
            self.skip(self.number("<Q"))
        return None

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self, limit: int) -> str:
        """A string; only its first `limit` bytes are kept."""
        length = self.number("<Q")
        kept = self.take(min(length, limit))
        self.skip(length - len(kept))
        return kept.decode("utf-8", "replace")

    def take(self, count: int) -> bytes:
        raw = self.file.read(count)
        self.at += len(raw)
        if len(raw) < count:
            raise _Broken(f"ends inside its header ({self.size} bytes)")
        return raw

    def skip(self, count: int) -> None:
        if self.at + count > self.size:
            raise _Broken(f"ends inside its header ({self.size} bytes)")
        self.file.seek(count, 1)
        self.at += count
