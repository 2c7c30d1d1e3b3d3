"""The EXIF directory: IFD0 and the Exif sub-directory, in either byte order.

Generators put their texts in the few text tags that every library can write: ComfyUI's WebP writer
fills 0x0110 (Model) with `prompt:` and counts down from 0x010f (Make) for `workflow:` and whatever
else it saves; others use ImageDescription or UserComment. Source of the layout: TIFF 6.0, Exif 2.32.
"""

from __future__ import annotations

import re
import struct

from .walk import Walk, plain, utf16

USER_COMMENT = 0x9286
XP_COMMENT = 0x9C9C
_EXIF_IFD = 0x8769
_TAGS = {0x010B, 0x010C, 0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x8298, USER_COMMENT, XP_COMMENT}
_BYTE_TYPES = {1, 2, 7, 129}  # BYTE, ASCII, UNDEFINED, UTF-8: one byte per item
_PREFIX = re.compile(r"\s*(workflow|prompt):\s*", re.IGNORECASE)


def walk(w: Walk, at: int, n: int) -> None:
    """Add the texts of the EXIF block of `n` bytes at `at`, with or without its `Exif` header.

    Offsets that point out of the block skip the value, not the file: what encloses the block goes on.
    """
    end = at + n
    if n >= 6 and w.read(at, 6) == b"Exif\0\0":
        at += 6
    if end - at < 8:
        return
    order, first = _header(w.read(at, 8))
    if order:
        nested = _directory(w, at, end, order, first)
        if nested:
            _directory(w, at, end, order, nested)


def _header(raw: bytes) -> tuple[str, int]:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(raw[:4], "")
    return order, struct.unpack((order or "<") + "I", raw[4:])[0]


def _directory(w: Walk, base: int, end: int, order: str, offset: int) -> int:
    """Add the texts of one directory; returns the offset of its Exif sub-directory, or 0."""
    nested = 0
    at = base + offset
    if at + 2 > end:
        return 0
    (count,) = struct.unpack(order + "H", w.read(at, 2))
    for entry in range(at + 2, min(at + 2 + 12 * count, end - 11), 12):
        w.step()
        tag, kind, items, value = struct.unpack(order + "HHII", w.read(entry, 12))
        if tag == _EXIF_IFD:
            nested = value
        elif tag in _TAGS and kind in _BYTE_TYPES:
            place = entry + 8 if items <= 4 else base + value
            if place + items <= end:
                _value(w, tag, w.text(place, items))
    return nested


def _value(w: Walk, tag: int, raw: bytes) -> None:
    if tag == USER_COMMENT:
        text = _user_comment(raw)
    elif tag == XP_COMMENT:
        text = utf16(raw)
    else:
        text = plain(raw)
    prefix = _PREFIX.match(text)
    key = prefix[1] if prefix else ""
    w.add(f"EXIF:0x{tag:04x}", key, text[prefix.end() :] if prefix else text)


def _user_comment(raw: bytes) -> str:
    """The comment behind its 8-byte character code. Some writers leave the code out and start with the text."""
    code, rest = raw[:8], raw[8:]
    if code.upper() == b"UNICODE\0":
        return utf16(rest)
    if code.upper() == b"ASCII\0\0\0" or code == bytes(8):
        return plain(rest)
    return plain(raw)
