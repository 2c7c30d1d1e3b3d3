"""MP3: the TXXX and COMM frames of an ID3v2 tag (2.2, 2.3, 2.4) at the file's start.

Cover pictures are jumped over. Encrypted and compressed frames, which no writer of workflows makes, are
left alone. Source: the informal standards ID3v2.2.0, 2.3.0 and 2.4.0 of id3.org.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .walk import BYTE_LIMIT, ENVELOPE, Walk, plain, utf16

_HEAD = 10
_UNSYNC, _EXTENDED = 0x80, 0x40  # the tag's own flags
_V3_SKIP, _V3_GROUP = 0xC0, 0x20  # a frame's flags: compressed or encrypted; one more byte in front
_V4_SKIP, _V4_GROUP, _V4_UNSYNC, _V4_LENGTH = 0x0C, 0x40, 0x02, 0x01


class Frame(NamedTuple):
    """One frame: its id, where its content lies, and its format flags."""

    kind: bytes
    at: int
    size: int
    flags: int


def walk(w: Walk) -> None:
    """Add the user texts and comments of the ID3v2 tag, if the file starts with one."""
    head = w.read(0, _HEAD)
    version, flags = head[3], head[5]
    if head[:3] != b"ID3" or version not in (2, 3, 4):
        return
    at, end = _HEAD, min(_HEAD + _synchsafe(head[6:]), w.size)
    if flags & _UNSYNC and version < 4:  # frame sizes count the bytes without the stuffing
        w = w.over(_resync(w.read(at, min(end - at, BYTE_LIMIT // 2))))
        at, end = 0, w.size
    if flags & _EXTENDED and version > 2:
        size = w.read(at, 4)
        at += _synchsafe(size) if version == 4 else 4 + int.from_bytes(size, "big")
    for frame in _frames(w, version, at, end):
        if frame.kind in (b"TXXX", b"TXX", b"COMM", b"COM"):
            _text(w, frame, version, flags)


def _synchsafe(raw: bytes) -> int:
    return int.from_bytes(raw, "big") if max(raw) > 127 else sum(b << 7 * i for i, b in enumerate(reversed(raw)))


def _resync(raw: bytes) -> bytes:
    return raw.replace(b"\xff\x00", b"\xff")


def _frames(w: Walk, version: int, at: int, end: int) -> Iterator[Frame]:
    head_n, id_n = (6, 3) if version == 2 else (10, 4)
    while at + head_n < end:
        w.step()
        head = w.read(at, head_n)
        kind = head[:id_n]
        if not _is_id(kind):  # padding
            return
        body = at + head_n
        size = _frame_size(w, head[id_n : 2 * id_n], version, body, end)
        if body + size > end:
            return
        yield Frame(kind, body, size, head[9] if version > 2 else 0)
        at = body + size


def _frame_size(w: Walk, raw: bytes, version: int, body: int, end: int) -> int:
    """Bytes of a frame. Version 2.4 stores 7 bits a byte, but an old iTunes wrote 8: see which one lands on a frame."""
    size = int.from_bytes(raw, "big")
    if version < 4:
        return size
    safe = _synchsafe(raw)
    if safe == size or _lands(w, body + safe, end) or not _lands(w, body + size, end):
        return safe
    return size


def _lands(w: Walk, at: int, end: int) -> bool:
    """Whether a frame, padding or the tag's end stands here."""
    if at + 4 > end:
        return at <= end
    following = w.read(at, 4)
    return following == bytes(4) or _is_id(following)


def _is_id(raw: bytes) -> bool:
    return raw.isalnum() and raw == raw.upper()


def _text(w: Walk, frame: Frame, version: int, tag_flags: int) -> None:
    at, size, flags = frame.at, frame.size, frame.flags
    if flags & (_V3_SKIP if version == 3 else _V4_SKIP if version == 4 else 0):
        return
    front = 0
    if version == 3:
        front = 1 if flags & _V3_GROUP else 0
    elif version == 4:
        front = (1 if flags & _V4_GROUP else 0) + (4 if flags & _V4_LENGTH else 0)
    if size <= front:
        return
    raw = w.text(at + front, size - front)
    if version == 4 and (flags & _V4_UNSYNC or tag_flags & _UNSYNC):
        raw = _resync(raw)
    comment = frame.kind.startswith(b"C")
    name, text = _split(raw, 4 if comment else 1)  # a comment names its language before the description
    kind = frame.kind.decode("ascii")
    w.add(f"{kind}:{name}" if name else kind, name or ("comment" if comment else ""), text)


def _split(raw: bytes, start: int) -> tuple[str, str]:
    """Description and text from `start`, parted by a terminator as wide as the encoding (the first byte) has it."""
    wide = raw[0] in (1, 2)
    decode, end = (utf16, b"\0\0") if wide else (plain, b"\0")
    limit = start + ENVELOPE
    cut = raw.find(end, start, limit)
    while wide and cut > 0 and (cut - start) % 2:
        cut = raw.find(end, cut + 1, limit)
    return ("", "") if cut < 0 else (decode(raw[start:cut]), decode(raw[cut + len(end) :]))
