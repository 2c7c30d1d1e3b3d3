"""MP4, MOV and AVIF: boxes.

Video: `moov` (before or after the data) holds `udta/meta/ilst` or `meta/ilst`, whose items are named by
an iTunes code (`©cmt`), by a free-form `----`, or by an index into a `keys` box (what ffmpeg writes with
`use_metadata_tags`, and so ComfyUI's video nodes). MOV files may hold QuickTime strings in `udta`.
AVIF: a top-level `meta` lists items (`iinf`) and where they lie (`iloc`); one may be of type `Exif`.
Sources: ISO/IEC 14496-12, 23008-12, Apple's QuickTime File Format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from . import exif
from .walk import KEY_LIMIT, Walk, plain, utf16

_CODES = {
    b"\xa9cmt": "comment",
    b"\xa9des": "description",
    b"desc": "description",
    b"\xa9nam": "title",
    b"\xa9too": "software",
    b"\xa9swr": "software",
}
_UTF8, _UTF16 = 1, 2  # a data box's type; the others are numbers and pictures


class Box(NamedTuple):
    """One box: its type, and where its content starts and ends."""

    kind: bytes
    at: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of content."""
        return self.end - self.at


def walk(w: Walk) -> None:
    """Add what the boxes of an MP4, MOV or AVIF carry."""
    for box in _boxes(w, 0, w.size):
        if box.kind == b"moov":
            for child in _boxes(w, box.at, box.end):
                if child.kind == b"udta":
                    _user_data(w, child)
                elif child.kind == b"meta":
                    _meta(w, child)
        elif box.kind == b"meta":
            _exif_items(w, box)


def _boxes(w: Walk, at: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets, until one lies about its size."""
    while at + 8 <= end:
        w.step()
        size, kind = struct.unpack(">I4s", w.read(at, 8))
        head = 8
        if size == 1:
            if at + 16 > end:
                return
            (size,) = struct.unpack(">Q", w.read(at + 8, 8))
            head = 16
        elif size == 0:  # to the end of what encloses it
            size = end - at
        if size < head or at + size > end:
            return
        yield Box(kind, at + head, at + size)
        at += size


def _user_data(w: Walk, udta: Box) -> None:
    for box in _boxes(w, udta.at, udta.end):
        if box.kind == b"meta":
            _meta(w, box)
        elif box.kind[0] == 0xA9 and box.size > 4:  # a QuickTime string: length, language, text
            length, _language = struct.unpack(">HH", w.read(box.at, 4))
            beyond = box.size - 4 - length
            if beyond > 0 and beyond % 65536 == 0:  # ffmpeg writes a long text whole and its length modulo 65536
                length += beyond
            if beyond >= 0:
                _add(w, "udta", box.kind, "", plain(w.text(box.at + 4, length)))


def _meta(w: Walk, meta: Box) -> None:
    names: list[str] = []
    lists: list[Box] = []
    for box in _meta_boxes(w, meta):
        if box.kind == b"keys":
            names = list(_key_names(w, box))
        elif box.kind == b"ilst":
            lists.append(box)
    for items in lists:
        for item in _boxes(w, items.at, items.end):
            _item(w, item, names)


def _meta_boxes(w: Walk, meta: Box) -> Iterator[Box]:
    """The boxes in a `meta`, which in ISO files starts with a version and flags, in QuickTime files does not."""
    if meta.size < 8:
        return iter(())
    bare = w.read(meta.at + 4, 4) == b"hdlr"
    return _boxes(w, meta.at + (0 if bare else 4), meta.end)


def _key_names(w: Walk, keys: Box) -> Iterator[str]:
    """The names in a `keys` box, in order; item n of the `ilst` has the n-th of them."""
    at = keys.at + 8  # version and flags, count
    while at + 8 <= keys.end:
        w.step()
        size, _namespace = struct.unpack(">I4s", w.read(at, 8))
        if size < 8 or at + size > keys.end:
            return
        yield plain(w.read(at + 8, min(size - 8, 4 * KEY_LIMIT))).removeprefix("com.apple.quicktime.")
        at += size


def _item(w: Walk, item: Box, names: list[str]) -> None:
    index = int.from_bytes(item.kind, "big")
    name = names[index - 1] if 0 < index <= len(names) else ""
    for box in _boxes(w, item.at, item.end):
        if box.kind == b"name" and item.kind == b"----" and box.size > 4:
            name = plain(w.read(box.at + 4, min(box.size - 4, 4 * KEY_LIMIT)))
        elif box.kind == b"data" and box.size > 8:
            kind, _locale = struct.unpack(">II", w.read(box.at, 8))
            if kind in (_UTF8, _UTF16):
                raw = w.text(box.at + 8, box.size - 8)
                _add(w, "ilst", item.kind, name, utf16(raw) if kind == _UTF16 else plain(raw))


def _add(w: Walk, place: str, code: bytes, name: str, text: str) -> None:
    shown = name or code.decode("latin-1")
    w.add(f"{place}:{shown}", name or _CODES.get(code, shown), text)


def _exif_items(w: Walk, meta: Box) -> None:
    items: set[int] = set()
    places: dict[int, tuple[int, int, int]] = {}
    data = Box(b"idat", 0, 0)
    for box in _meta_boxes(w, meta):
        if box.kind == b"iinf" and box.size >= 6:
            items |= set(_exif_ids(w, box))
        elif box.kind == b"iloc" and box.size >= 8:
            places.update(_places(w, box))
        elif box.kind == b"idat":
            data = box
    for item in sorted(items & places.keys()):
        method, at, n = places[item]
        if method == 1:  # the offset counts from the `idat` box beside, not from the file's start
            at += data.at
        if method > 1 or n <= 4 or at + n > w.size:
            continue
        (skip,) = struct.unpack(">I", w.read(at, 4))  # bytes before the EXIF block itself
        if 4 + skip < n:
            exif.walk(w, at + 4 + skip, n - 4 - skip)


def _exif_ids(w: Walk, iinf: Box) -> Iterator[int]:
    wide = w.read(iinf.at, 1) != b"\0"
    for box in _boxes(w, iinf.at + (8 if wide else 6), iinf.end):
        if box.kind == b"infe" and box.size >= 12:
            raw = w.read(box.at, min(box.size, 14)).ljust(14)
            form = ">4xHH4s" if raw[0] == 2 else ">4xIH4s"
            item, _protection, kind = struct.unpack_from(form, raw)
            if kind == b"Exif":
                yield item


def _places(w: Walk, iloc: Box) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Item id → (construction method, offset, length) of its first extent; metadata is never split in practice."""
    version, sizes = struct.unpack(">B3xH", w.read(iloc.at, 6))
    offset_n, length_n, base_n = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_n = sizes & 15 if version in (1, 2) else 0
    id_n = 4 if version == 2 else 2
    fields = _Fields(w, iloc.at + 6, iloc.end)
    for _ in range(fields.number(id_n)):
        w.step()
        item = fields.number(id_n)
        method = fields.number(2) & 15 if version in (1, 2) else 0
        fields.number(2)  # which other file it lies in
        base = fields.number(base_n)
        extents = fields.number(2)
        start = fields.at
        fields.number(index_n)
        offset, length = fields.number(offset_n), fields.number(length_n)
        fields.at = start + extents * (index_n + offset_n + length_n)
        if fields.at > iloc.end:
            return
        if extents:
            yield item, (method, base + offset, length)


class _Fields:
    """Big-endian numbers one after the other; past the end they read as 0."""

    def __init__(self, w: Walk, at: int, end: int) -> None:
        self._walk = w
        self.at = at
        self._end = end

    def number(self, n: int) -> int:
        at, self.at = self.at, self.at + n
        return int.from_bytes(self._walk.read(at, n), "big") if self.at <= self._end else 0
