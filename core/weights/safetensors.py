"""The header of a safetensors file, read as a stream of bounded pieces.

The format (huggingface/safetensors, README): eight bytes little-endian header length, a JSON object
`{name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {text: text}}`, then the data
without holes. The offsets are picked out by pattern, not by parsing the JSON: a header may be
100 MB, and its objects would need many times that. Inside a JSON string every quote is escaped, so
no text in the metadata can look like a `"data_offsets"` key.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from .types import HeaderFacts

MAX_HEADER = 100 * 1024 * 1024  # the format's own limit
_PIECE = 1 << 20
_OVERLAP = 256
_BEHIND = 1024  # how far behind its offsets the name of a tensor is looked for
_OFFSETS = re.compile(rb'"data_offsets"\s{0,20}:\s{0,20}\[\s{0,20}(\d{1,19})\s{0,20},\s{0,20}(\d{1,19})\s{0,20}\]')
_DTYPE = re.compile(rb'"dtype"\s{0,20}:\s{0,20}"([A-Za-z0-9_]{1,24})"')
_METADATA = re.compile(r'"__metadata__"\s{0,20}:\s{0,20}(?=\{)')


def safetensors_facts(file: BinaryIO, size: int) -> HeaderFacts:
    """Facts of the open `file` of `size` bytes, at its beginning. Raises OSError."""
    raw = file.read(8)
    length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else 0
    if len(raw) < 8:
        return _damaged(size, f"only {size} bytes, too short for a header")
    if not 2 <= length <= MAX_HEADER:
        zeros = "begins with zeros, as a download that never ran leaves it" if length == 0 else "no safetensors header"
        return _damaged(size, zeros)
    if 8 + length > size:
        # The data are not counted: their size stands in the part that is not there.
        return _damaged(size, f"ends inside its header ({size} of more than {8 + length} bytes)")
    tally = _Tally()
    first = tally.read(file, length)
    if not first.startswith(b"{") or tally.total != tally.end:
        return _damaged(size, "its header is damaged")
    if tally.tensors == 0 or tally.tensors != sum(tally.dtypes.values()):
        return _damaged(size, "its header names no tensor" if tally.tensors == 0 else "its header is damaged")
    true_size = 8 + length + tally.end
    return HeaderFacts(
        format="safetensors",
        size=size,
        true_size=true_size,
        complete=size == true_size,
        problem="" if size == true_size else _off(size, true_size),
        tensors=tally.tensors,
        dtypes=dict(tally.dtypes),
        metadata=_metadata(first),
    )


def safetensors_tensors(file: BinaryIO, size: int) -> tuple[Iterator[tuple[str, str, int]], dict[str, str]]:
    """Name, type and bytes of each tensor of the open `file`, and its metadata; nothing of one without a sound header.

    The tensors stream by: read them before the file is closed. Raises OSError.
    """
    raw = file.read(8)
    length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else 0
    if not 2 <= length <= MAX_HEADER or 8 + length > size:
        return iter(()), {}
    said = _metadata(file.read(min(length, _PIECE)))
    file.seek(8)
    return _entries(file, length), said


def _entries(file: BinaryIO, length: int) -> Iterator[tuple[str, str, int]]:
    """The entries of a header of `length` bytes, at which `file` stands, piece by piece."""
    text, start, left = b"", 0, length
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            return
        left -= len(piece)
        text += piece
        limit = len(text) if not left else max(start, len(text) - _OVERLAP)
        for match in _OFFSETS.finditer(text, start):
            if match.start() >= limit:
                break
            yield _entry(text, match)
        kept = max(0, limit - _BEHIND)
        text, start = text[kept:], limit - kept


def _entry(text: bytes, offsets: re.Match[bytes]) -> tuple[str, str, int]:
    """Name, type and bytes of the tensor with these offsets: what stands around them in its object."""
    opening = text.rfind(b"{", max(0, offsets.start() - _BEHIND), offsets.start())
    closing = text.rfind(b'"', max(0, opening - _OVERLAP), opening) if opening > 0 else -1
    begin = text.rfind(b'"', max(0, closing - _BEHIND), closing) if closing > 0 else -1
    name = text[begin + 1 : closing].decode("utf-8", "replace") if begin >= 0 else ""
    kind = _DTYPE.search(text, max(0, opening), min(len(text), offsets.end() + _OVERLAP)) if opening >= 0 else None
    size = max(0, int(offsets[2]) - int(offsets[1]))
    return name[:200], kind[1].decode("ascii") if kind else "", size


class _Tally:
    """Sums up the tensors of a header while it streams by."""

    def __init__(self) -> None:
        self.tensors = 0
        self.end = 0  # where the last tensor ends
        self.total = 0  # bytes of all tensors; equals `end` in a sound header, which has no holes
        self.dtypes: Counter[str] = Counter()

    def read(self, file: BinaryIO, length: int) -> bytes:
        """Read `length` bytes; gives back the first piece."""
        first = rest = b""
        left = length
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:  # it shrank while being read
                self.total = -1
                break
            left -= len(piece)
            first = first or piece
            rest = self._scan(rest + piece, last=not left)
        return first

    def _scan(self, text: bytes, *, last: bool) -> bytes:
        """Count the entries that begin before the overlap; the overlap comes again with the next piece."""
        limit = len(text) if last else max(0, len(text) - _OVERLAP)
        for match in _OFFSETS.finditer(text):
            if match.start() < limit:
                begin, end = int(match[1]), int(match[2])
                self.tensors += 1
                self.total += end - begin
                self.end = max(self.end, end)
        for match in _DTYPE.finditer(text):
            if match.start() < limit and len(self.dtypes) < 64:
                self.dtypes[match[1].decode("ascii")] += 1
        return text[limit:]


def _metadata(first: bytes) -> dict[str, str]:
    """Short text values of `__metadata__`, if it lies wholly in the first piece."""
    text = first.decode("utf-8", "replace")
    found = _METADATA.search(text)
    if not found:
        return {}
    try:
        values, _ = json.JSONDecoder().raw_decode(text, found.end())
    except (ValueError, RecursionError):
        return {}
    short = [(k, v) for k, v in values.items() if isinstance(v, str) and len(v) <= 500 and len(k) <= 100]
    return dict(short[:100])


def _off(size: int, true_size: int) -> str:
    if size < true_size:
        return f"{size} of {true_size} bytes are there"
    return f"{size - true_size} bytes too long"


def _damaged(size: int, problem: str) -> HeaderFacts:
    return HeaderFacts(format="safetensors", size=size, complete=False, problem=problem)
