"""Workflow text out of media files: which container it is, and the texts it carries.

    carriers(stream, size) -> ("png", [Carrier("png:tEXt:workflow", "workflow", "{…}"), …])

Bounded walks over chunks, boxes and elements. Nothing here decodes a pixel or a frame, or reads media
data at all; the limits stand in `walk.py`. What a text means is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from . import ebml, flac, id3, isobmff, jpeg, png, riff
from .walk import BYTE_LIMIT, DEPTH_LIMIT, STEP_LIMIT, TEXT_LIMIT, Carrier, Ended, Walk

__all__ = ["BYTE_LIMIT", "DEPTH_LIMIT", "HEAD", "STEP_LIMIT", "TEXT_LIMIT", "Carrier", "carriers", "sniff"]

HEAD = 4096  # bytes that sniff needs at most

_WALKS: dict[str, Callable[[Walk], None]] = {
    "png": png.walk,
    "webp": riff.walk,
    "jpeg": jpeg.walk,
    "avif": isobmff.walk,
    "mp4": isobmff.walk,
    "webm": ebml.walk,
    "mp3": id3.walk,
    "flac": flac.walk_flac,
    "ogg": flac.walk_ogg,
}
_MAGIC = {
    png.SIGNATURE: "png",
    b"\xff\xd8\xff": "jpeg",
    b"\x1a\x45\xdf\xa3": "webm",
    b"ID3": "mp3",
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
}
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}  # old QuickTime files have no ftyp


def sniff(head: bytes) -> str | None:
    """The container told by a file's first bytes (HEAD of them are enough), or None; JSON text gives None.

    One of png, webp, jpeg, avif, mp4 (MOV, M4A, M4V too), webm (Matroska too), mp3, flac, ogg, gif.
    """
    for magic, container in _MAGIC.items():
        if head.startswith(magic):
            return container
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] in _FIRST_BOXES and head[0] < 9:  # no text starts with such a byte
        return "avif" if _has_avif_brand(head) else "mp4"
    return "mp3" if _is_mp3_frame(head) else None


def _has_avif_brand(head: bytes) -> bool:
    size = int.from_bytes(head[:4], "big")
    return head[4:8] == b"ftyp" and not {b"avif", b"avis"}.isdisjoint(
        head[i : i + 4] for i in range(8, min(size, len(head)), 4)
    )


def _is_mp3_frame(head: bytes) -> bool:
    """Whether an MPEG layer III frame header stands here. The mark of UTF-16 text (FF FE) reads as layer I."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] & 0x18 == 0x08:
        return False
    return head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def carriers(stream: BinaryIO, size: int) -> tuple[str, list[Carrier]]:
    """The container ("" when the bytes tell none) and every text it carries, in file order.

    `stream` must seek; `size` is its length in bytes. Bytes that end too early or lie end the walk
    with what was found so far, as do the limits. A text longer than TEXT_LIMIT bytes comes as exactly
    TEXT_LIMIT + 1 characters. Raises nothing of its own: an OSError of the stream passes.
    """
    stream.seek(0)
    container = sniff(stream.read(min(size, HEAD))) or ""
    walk = Walk(stream, size, container)
    try:
        if container in _WALKS:
            _WALKS[container](walk)
    except Ended:
        pass
    return container, walk.found
