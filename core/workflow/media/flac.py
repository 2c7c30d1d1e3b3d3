"""FLAC and Ogg (Opus, Vorbis, Theora): Vorbis comments, `KEY=value` texts in UTF-8.

FLAC has them in a metadata block. Ogg has them in the second packet of each stream, which is put
together from the first pages. Sources: RFC 9639, RFC 3533, RFC 7845, the Vorbis I specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .walk import KEY_LIMIT, Walk, plain

_VORBIS_COMMENT = 4
_PACKETS = (b"OpusTags", b"\x03vorbis", b"\x81theora")  # what a comment packet starts with
_STREAMS = 16  # streams side by side in one Ogg file; real ones have one or two


def walk_flac(w: Walk) -> None:
    """Add the comments of a FLAC file."""
    at, last = 4, False
    while not last:
        w.step()
        head = w.read(at, 4)
        last = head[0] > 127
        n = int.from_bytes(head[1:], "big")
        if head[0] & 127 == _VORBIS_COMMENT:
            _comments(w, at + 4, min(at + 4 + n, w.size))
        at += 4 + n


def _comments(w: Walk, at: int, end: int) -> None:
    """Add the comments between two offsets: vendor text, count, then the texts, each after its length."""
    at += 4 + _length(w, at, end)
    count = _length(w, at, end)
    at += 4
    for _ in range(count):
        w.step()
        n = _length(w, at, end)
        at += 4
        if at + n > end:
            return
        name, equals, _ = w.read(at, min(n, 4 * KEY_LIMIT)).partition(b"=")
        key = plain(name)
        if equals and key.upper() != "METADATA_BLOCK_PICTURE":  # cover art as text, often megabytes
            w.add(f"comment:{key}", key, plain(w.text(at + len(name) + 1, n - len(name) - 1)))
        at += n


def _length(w: Walk, at: int, end: int) -> int:
    return int(struct.unpack("<I", w.read(at, 4))[0]) if at + 4 <= end else 0


@dataclass(slots=True)
class _Stream:
    """One logical stream of an Ogg file: which packet is being put together, and its bytes so far."""

    number: int = 0
    packet: bytearray = field(default_factory=bytearray)


def walk_ogg(w: Walk) -> None:
    """Add the comments of every stream of an Ogg file; ends when each stream's second packet was seen."""
    streams: dict[int, _Stream] = {}
    at = 0
    while not streams or any(stream.number < 2 for stream in streams.values()):
        w.step()
        magic, serial, segments = struct.unpack("<4s10xI8xB", w.read(at, 27))
        if magic != b"OggS":
            return
        lacing = w.read(at + 27, segments)
        body = at + 27 + segments
        at = body + sum(lacing)
        if len(streams) < _STREAMS:
            streams.setdefault(serial, _Stream())
        stream = streams.get(serial)
        if stream and stream.number < 2:
            _page(w, stream, lacing, w.read(body, at - body))


def _page(w: Walk, stream: _Stream, lacing: bytes, data: bytes) -> None:
    """Take a page's segments: a packet is complete with the first one shorter than 255 bytes."""
    at = 0
    for n in lacing:
        if stream.number == 1:
            stream.packet += data[at : at + n]
        at += n
        if n < 255:
            if stream.number == 1:
                _packet(w, bytes(stream.packet))
                stream.packet.clear()
            stream.number += 1


def _packet(w: Walk, packet: bytes) -> None:
    for start in _PACKETS:
        if packet.startswith(start):
            _comments(w.over(packet), len(start), len(packet))
