"""Writes a changed JSON value over the text it came from: what did not change keeps its every letter. Pure.

A file that is parsed and written again loses its author's spelling (1e-05, spaces, escapes, numbers too large for a
float). So the old text is walked beside the new value, and only the parts that differ are put in anew, in the
style of the file.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ...workflow.raw import Json

_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_INDENT = re.compile(r"[\[{]\r?\n([ \t]+)")
_HALF = re.compile(r"[\ud800-\udfff]")
_DECODER = json.JSONDecoder(strict=False)


def rewritten(text: str, value: Json) -> str:
    """The JSON text with `value` in place of what it holds; equal parts keep their letters. Raises ValueError."""
    return _Writer(text).whole(value)


def same(one: Json, other: Json) -> bool:
    """Equal, and of equal types all the way down: 1, 1.0 and True are three values; NaN is itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)


class _Writer:
    """One text and its style: how far it indents, whether it escapes what is not ASCII."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = _INDENT.search(text)
        self.indent = found[1] if found else None
        self.ascii = text.isascii() and "\\u" in text
        self.spaced = re.search(r'[{,]"[^"\\]*": ', text[:2000]) is not None or self.indent is not None
        self.parts: list[str] = []
        self.done = 0  # the text up to here is in `parts`

    def whole(self, value: Json) -> str:
        start = self._past(0)
        end = self._value(start, value, 0)
        if self._past(end) != len(self.text):
            raise ValueError("something follows the JSON")
        self.parts.append(self.text[self.done :])
        return "".join(self.parts)

    def _put(self, start: int, end: int, new: str) -> None:
        self.parts += (self.text[self.done : start], new)
        self.done = end

    def _value(self, at: int, value: Json, level: int) -> int:
        """Walks the value at `at`, puts in what differs, and gives the place behind it."""
        old, end = _DECODER.raw_decode(self.text, at)
        if same(old, value):
            return end
        if isinstance(old, dict) and isinstance(value, dict) and list(value)[: len(old)] == list(old):
            return self._object(at, old, value, level, end)
        if isinstance(old, list) and isinstance(value, list) and len(value) >= len(old):
            return self._list(at, old, value, level, end)
        self._put(at, end, self._dumped(value, level))
        return end

    def _object(self, at: int, old: dict[str, Any], value: dict[str, Any], level: int, end: int) -> int:
        here = self._past(at + 1)
        seen: list[str] = []
        starts: list[int] = []
        while self.text[here] != "}":
            key, here = _DECODER.raw_decode(self.text, here)
            here = self._past(self._past(here) + 1)  # behind the colon
            seen.append(key)
            starts.append(here)
            here = self._next(_DECODER.raw_decode(self.text, here)[1])
        last = {key: place for place, key in enumerate(seen)}  # of a key that comes twice, the last one counts
        for place, (key, start) in enumerate(zip(seen, starts, strict=True)):
            if last[key] == place:
                self._value(start, value[key], level + 1)
        added = [
            f"{self._dumped(key, 0)}{self._colon()}{self._dumped(value[key], level + 1)}"
            for key in value
            if key not in old
        ]
        self._append(added, bool(old), level, end)
        return end

    def _list(self, at: int, old: list[Json], value: list[Json], level: int, end: int) -> int:
        here = self._past(at + 1)
        for one in value[: len(old)]:
            here = self._next(self._value(here, one, level + 1))
        self._append([self._dumped(one, level + 1) for one in value[len(old) :]], bool(old), level, end)
        return end

    def _append(self, added: list[str], some: bool, level: int, end: int) -> None:
        """Puts entries in before the bracket that ends at `end`."""
        if not added:
            return
        close = end - 1
        while self.text[close - 1] in " \t\r\n":
            close -= 1
        gap = f"\n{(self.indent or '') * (level + 1)}" if self.indent else " " if self.spaced and some else ""
        self._put(close, close, "".join(f"{',' if some or index else ''}{gap}{one}" for index, one in enumerate(added)))
        if self.indent and self.text[close] not in " \t\r\n":
            self._put(close, close, f"\n{self.indent * level}")

    def _dumped(self, value: Json, level: int) -> str:
        separators = (", " if self.spaced and not self.indent else ",", self._colon())
        shown = json.dumps(value, ensure_ascii=self.ascii, indent=self.indent, separators=separators)
        shown = _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", shown)  # no encoding has half a pair
        return shown.replace("\n", f"\n{self.indent * level}") if self.indent else shown

    def _colon(self) -> str:
        return ": " if self.spaced else ":"

    def _past(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _next(self, at: int) -> int:
        """Behind an entry: at the next one, or at the closing bracket."""
        at = self._past(at)
        return self._past(at + 1) if self.text[at] == "," else at
