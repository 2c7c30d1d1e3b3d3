"""WebP: the EXIF chunk of its RIFF file. The file's end counts, not the RIFF size, which writers get wrong."""

from __future__ import annotations

import struct

from . import exif
from .walk import Walk


def walk(w: Walk) -> None:
    """Add what the EXIF chunks of a WebP carry."""
    at = 12
    while at < w.size:
        w.step()
        kind, n = struct.unpack("<4sI", w.read(at, 8))
        if kind == b"EXIF" and at + 8 + n <= w.size:
            exif.walk(w, at + 8, n)
        at += 8 + n + n % 2
