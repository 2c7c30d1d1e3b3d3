"""WebM and Matroska: the Tags of the segment.

Clusters (the media) are jumped over; a cluster of unknown size, as live writers leave it, is stepped
through. The SeekHead, when it names the Tags, is followed first, because a long live recording may
hold more blocks than a walk may step over. Source: RFC 8794, RFC 9559.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .walk import DEPTH_LIMIT, KEY_LIMIT, Walk, plain

_SEGMENT, _CLUSTER, _TAGS, _TAG, _SIMPLE = 0x18538067, 0x1F43B675, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC


class Element(NamedTuple):
    """One element: its id with the marker bits, where its header and its content start, and its end.

    `end` is where the parent ends when the size is unknown, and may lie past the file when it lies.
    """

    kind: int
    head: int
    at: int
    end: int


def walk(w: Walk) -> None:
    """Add the tags of the first segment."""
    for element in _elements(w, 0, w.size):
        if element.kind == _SEGMENT:
            _segment(w, element)
            return


def _elements(w: Walk, at: int, end: int) -> Iterator[Element]:
    end = min(end, w.size)
    while at + 2 <= end:
        w.step()
        head = w.read(at, min(12, end - at))
        id_n = 9 - head[0].bit_length()
        if id_n > 4 or id_n >= len(head):
            return
        size_n = 9 - head[id_n].bit_length()
        if size_n > 8 or id_n + size_n > len(head):
            return
        ones = (1 << 7 * size_n) - 1
        size = int.from_bytes(head[id_n : id_n + size_n], "big") & ones
        kind = int.from_bytes(head[:id_n], "big")
        body = at + id_n + size_n
        unknown = size == ones
        yield Element(kind, at, body, end if unknown else body + size)
        if unknown and kind != _CLUSTER:
            return
        at = body if unknown else body + size


def _segment(w: Walk, segment: Element) -> None:
    done: set[int] = set()
    for element in _elements(w, segment.at, segment.end):
        if element.kind == _SEEK_HEAD:
            for position in _tag_positions(w, element):
                for target in _elements(w, segment.at + position, segment.end):
                    _tags(w, target, done)
                    break
        else:
            _tags(w, element, done)


def _tag_positions(w: Walk, seek_head: Element) -> Iterator[int]:
    """Where the SeekHead says that Tags lie, in bytes from the start of the segment's content."""
    for seek in _elements(w, seek_head.at, seek_head.end):
        if seek.kind == _SEEK:
            fields = {e.kind: _number(w, e) for e in _elements(w, seek.at, seek.end)}
            if fields.get(_SEEK_ID) == _TAGS and _SEEK_POSITION in fields:
                yield fields[_SEEK_POSITION]


def _number(w: Walk, element: Element) -> int:
    n = element.end - element.at
    return int.from_bytes(w.read(element.at, n), "big") if n <= 8 else 0


def _tags(w: Walk, element: Element, done: set[int]) -> None:
    if element.kind != _TAGS or element.head in done:
        return
    done.add(element.head)
    for tag in _elements(w, element.at, element.end):
        if tag.kind == _TAG:
            for simple in _elements(w, tag.at, tag.end):
                _simple_tag(w, simple, 3)


def _simple_tag(w: Walk, element: Element, depth: int) -> None:
    """One name with its text; a SimpleTag may hold further ones."""
    if element.kind != _SIMPLE or depth > DEPTH_LIMIT:
        return
    name, text = "", b""
    for child in _elements(w, element.at, element.end):
        n = child.end - child.at
        if child.kind == _NAME:
            name = plain(w.read(child.at, min(n, 4 * KEY_LIMIT)))
        elif child.kind == _STRING:
            text = w.text(child.at, n)
        else:
            _simple_tag(w, child, depth + 1)
    w.add(f"tag:{name}", name, plain(text))
