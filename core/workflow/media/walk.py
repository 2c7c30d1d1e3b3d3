"""The bounded reader under every container walk: how much of a file may be read, inflated and stepped over.

A media file comes from anywhere. Each walk reads headers, jumps over payloads, and hands on the few
texts it meets; `Walk` counts what that costs and ends the walk when a limit is reached, so that no
file, however it lies, takes long or much memory.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

MIB = 1024 * 1024
TEXT_LIMIT = 8 * MIB  # bytes; a longer text is kept to TEXT_LIMIT + 1 characters, so that its length tells
ENVELOPE = 512  # bytes that may stand before a text in its own field: a description, a `workflow:` prefix
BYTE_LIMIT = 16 * MIB + 8 * ENVELOPE  # bytes read or inflated in one walk, headers included
PACKED_LIMIT = 4 * MIB  # compressed bytes inflated from; 16 MiB of empty deflate blocks would take 2 s
STEP_LIMIT = 10_000  # chunks, boxes, elements, frames, directory entries in one walk
DEPTH_LIMIT = 16  # elements inside elements
BLOCK = 64 * 1024  # bytes inflated from at a time
KEY_LIMIT = 80  # characters of a key that are kept


class Carrier(NamedTuple):
    """One text that a media file carries.

    `where` names the place for a person: `png:tEXt:workflow`, `jpeg:EXIF:0x9286`, `mp4:ilst:©cmt`.
    `key` is the text's name in lower case (`workflow`, `prompt`, `parameters`, `comment` …), or "" where
    the place gives none and the text itself must tell. `text` is as written, decoded, never parsed.
    """

    where: str
    key: str
    text: str


class Ended(Exception):
    """The walk cannot go on (the bytes end or lie) or must not (a limit). What was found so far stands."""


@dataclass(slots=True)
class _Left:
    """What one walk may still spend; shared with the walks over parts of the same file."""

    bytes: int = BYTE_LIMIT
    steps: int = STEP_LIMIT
    packed: int = PACKED_LIMIT


class Walk:
    """One file being walked: reads within bounds, and gathers carriers in `found`."""

    def __init__(self, stream: BinaryIO, size: int, container: str) -> None:
        self.size = size
        self.container = container
        self.found: list[Carrier] = []
        self._stream = stream
        self._left = _Left()
        self._free = False

    def over(self, data: bytes) -> Walk:
        """A walk over bytes already read and paid for; it shares the limits and what is found."""
        inner = Walk(io.BytesIO(data), len(data), self.container)
        inner.found, inner._left, inner._free = self.found, self._left, True
        return inner

    def step(self) -> None:
        """Count one chunk, box, element or entry; raises Ended after STEP_LIMIT of them."""
        self._left.steps -= 1
        if self._left.steps < 0:
            raise Ended

    def read(self, at: int, n: int) -> bytes:
        """Exactly `n` bytes at offset `at`. Raises Ended past the end or the limit; OSError passes."""
        if n < 0 or at < 0 or at + n > self.size:
            raise Ended
        if not self._free:
            self._spend(n)
        self._stream.seek(at)
        data = self._stream.read(n)
        if len(data) < n:
            raise Ended
        return data

    def text(self, at: int, n: int) -> bytes:
        """The raw bytes of a field of `n` bytes; of one too long, enough that `add` can show that it is."""
        if at + n > self.size:
            raise Ended
        return self.read(at, min(n, TEXT_LIMIT + 1 + ENVELOPE))

    def inflate(self, at: int, n: int) -> bytes:
        """The zlib stream in these `n` bytes, inflated to at most TEXT_LIMIT + 1; a broken one as far as it goes.

        b"" when the walk has inflated enough: the first text that is too long is also the last inflated.
        Plain texts that follow are still found.
        """
        if at + n > self.size:
            raise Ended
        engine = zlib.decompressobj()
        parts: list[bytes] = []
        room = TEXT_LIMIT + 1
        end = at + n
        while at < end and room and not engine.eof:
            block = self._packed(at, min(BLOCK, end - at))
            if not block:
                return b""
            at += len(block)
            try:
                parts.append(engine.decompress(block, room))
            except zlib.error:
                break
            room -= len(parts[-1])
            self._spend(len(parts[-1]))
        if not room:
            self._left.packed = 0
        return b"".join(parts)

    def _packed(self, at: int, n: int) -> bytes:
        self._left.packed -= n
        return self.read(at, n) if self._left.packed >= 0 else b""

    def add(self, where: str, key: str, text: str) -> None:
        """Keep one text, unless it is blank. `where` is completed by the container's name."""
        if text and not text.isspace():
            text = text[: TEXT_LIMIT + 1]
            self.found.append(Carrier(f"{self.container}:{label(where)}", label(key).strip().lower(), text))

    def _spend(self, n: int) -> None:
        self._left.bytes -= n
        if self._left.bytes < 0:
            raise Ended


def label(name: str) -> str:
    """A name from a file made fit for one line: at most KEY_LIMIT characters, none of them a control character."""
    return "".join(c if c.isprintable() else "?" for c in name[:KEY_LIMIT])


def plain(raw: bytes) -> str:
    """Bytes of a text as UTF-8, else as Latin-1; NUL padding at both ends is dropped.

    UTF-8 first, because writers put it even where the standard says Latin-1. A text over TEXT_LIMIT,
    which is only kept to be refused, is decoded byte by byte: its length stays visible, a cut in the
    middle of a character does not matter, and it takes the least memory.
    """
    if len(raw) > TEXT_LIMIT:
        return raw.decode("latin-1")
    try:
        return raw.decode("utf-8").strip("\0")
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip("\0")


def utf16(raw: bytes) -> str:
    """Bytes of a UTF-16 text whose byte order is told by its mark, or else by where its zero bytes stand.

    Writers of EXIF disagree on the order and few leave a mark. Nearly every such text holds ASCII,
    whose high bytes are zero: at even places when big-endian, at odd ones when little-endian. With
    no zero byte at all it may be UTF-8 under a wrong label.
    """
    if len(raw) > TEXT_LIMIT:
        return raw.decode("latin-1")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        order = "utf-16-le" if raw[0] == 0xFF else "utf-16-be"
        raw = raw[2:]
    elif 0 not in raw and _is_utf8(raw):
        return raw.decode("utf-8")
    else:
        order = "utf-16-le" if raw[1::2].count(0) > raw[0::2].count(0) else "utf-16-be"
    return raw[: len(raw) // 2 * 2].decode(order, "replace").strip("\0")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
