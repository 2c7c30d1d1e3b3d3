"""JPEG: the EXIF block of APP1, and COM segments. The walk ends where the picture's data begins (SOS)."""

from __future__ import annotations

import struct

from . import exif
from .walk import Walk, plain

_APP1, _COM, _SOS, _EOI = 0xE1, 0xFE, 0xDA, 0xD9
_ALONE = {0x01, 0xD8, *range(0xD0, 0xD8)}  # markers without a length: TEM, SOI, RST0-7


def walk(w: Walk) -> None:
    """Add what the segments of a JPEG carry before its picture data."""
    at = 2
    while True:
        w.step()
        mark, kind = w.read(at, 2)
        if mark != 0xFF or kind in (_SOS, _EOI):
            return
        if kind == 0xFF:  # a fill byte: the marker starts one later
            at += 1
            continue
        at += 2
        if kind in _ALONE:
            continue
        (n,) = struct.unpack(">H", w.read(at, 2))  # counts its own two bytes
        if n < 2:
            return
        if kind == _COM:
            w.add("COM", "comment", plain(w.text(at + 2, n - 2)))
        elif kind == _APP1 and n >= 8 and w.read(at + 2, 6) == b"Exif\0\0":
            exif.walk(w, at + 2, n - 2)
        at += n
