"""PNG and APNG: tEXt, zTXt, iTXt, eXIf, and the private `comf` chunk of ComfyUI's animated PNG writer.

The walk goes on past IDAT, because texts may stand after it (and `comf` always does). Checksums are
not checked: a text that reads as a workflow is worth more than its checksum. Source: PNG third
edition (W3C) for the chunks; for `comf`, what ComfyUI's SaveAnimatedPNG node writes: a keyword, a zero
byte, JSON text.
"""

from __future__ import annotations

import struct

from . import exif
from .walk import Walk, plain

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp"  # editors' metadata, never a workflow
_ITXT_HEAD = 2048  # bytes searched for the end of language and translated keyword


def walk(w: Walk) -> None:
    """Add what the chunks of a PNG carry."""
    at = len(SIGNATURE)
    while at < w.size:
        w.step()
        n, kind = struct.unpack(">I4s", w.read(at, 8))
        body = at + 8
        if kind == b"eXIf":
            exif.walk(w, body, n)
        elif kind in (b"tEXt", b"zTXt", b"iTXt", b"comf"):
            _text(w, kind, body, n)
        elif kind == b"IEND":
            return
        at = body + n + 4


def _text(w: Walk, kind: bytes, at: int, n: int) -> None:
    keyword, zero, rest = w.read(at, max(min(n, _ITXT_HEAD, w.size - at), 0)).partition(b"\0")
    if not zero or keyword == _XMP:
        return
    start = at + len(keyword) + 1
    packed = kind == b"zTXt"
    if packed:
        start += 1  # the compression method; zlib is the only one
    elif kind == b"iTXt":
        if len(rest) < 2:
            return
        packed = rest[0] == 1
        _language, zero, rest = rest[2:].partition(b"\0")
        translated, second_zero, _ = rest.partition(b"\0")
        if not (zero and second_zero):
            return
        start += 2 + len(_language) + 1 + len(translated) + 1
    length = min(at + n, w.size) - start  # a chunk that is cut off still shows that a workflow was there
    if length <= 0:
        return
    raw = w.inflate(start, length) if packed else w.text(start, length)
    key = plain(keyword)
    w.add(f"{kind.decode('ascii')}:{key}", key, plain(raw))
