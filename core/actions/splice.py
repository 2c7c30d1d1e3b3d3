"""Changes single texts of a JSON file and leaves every other byte as it was. Pure.

A parsed and re-written file would lose what its author's program made of it: spaces, the order and spelling of
numbers, NaN, escapes. So the texts are found in the bytes themselves, and only the letters that differ are replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..jsontext import decoded
from .types import ActionFailed, Edit

_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
# What stands for one letter inside a JSON string: a whole surrogate pair, an escape, or itself.
_LETTER = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|[^\\]", re.DOTALL)
_HALF = re.compile(r"[\ud800-\udfff]")
_WHOLE: json.JSONDecoder = json.JSONDecoder(strict=False)


class _Span(NamedTuple):
    """From `start` to `end` of a text, `new` is to stand."""

    start: int
    end: int
    new: str


class _Tree(dict[str, "_Tree"]):
    """The places to go to, by steps. `edit`: what is to be done at this one."""

    edit: Edit | None = None


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The file with these texts changed, in its own encoding and style. A pointer may lead through a JSON text in a string.

    Raises ActionFailed `changed_since` unless every pointer leads to a text that is exactly its `before`.
    """
    wanted = _Tree()
    count = 0
    for edit in edits:
        place = wanted
        for step in _steps(edit.pointer):
            place = place.setdefault(step, _Tree())
        if place.edit is not None and place.edit != edit:
            raise _changed(edit)
        count += place.edit is None
        place.edit = edit
    try:
        mark, codec, text = decoded(data)
        spans = _spans(text, wanted, escapes=text.isascii() and "\\u" in text)
    except (ValueError, IndexError, RecursionError):
        raise _changed() from None
    if len(spans) != count:
        raise _changed()
    return mark + _spliced(text, spans).encode(codec, "surrogatepass")


def pointer(steps: Iterable[object]) -> str:
    """The JSON pointer of these keys and indexes."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _steps(pointer: str) -> list[str]:
    if pointer and pointer[0] != "/":
        raise _changed()
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _changed(edit: Edit | None = None) -> ActionFailed:
    where = f" at {edit.pointer}" if edit else ""
    return ActionFailed(
        "changed_since",
        f"The workflow is not the one that the plan was made for{where}.",
        "Make a new plan.",
    )


# ---- finding ------------------------------------------------------------------------------------------------


def _spans(text: str, wanted: _Tree, *, escapes: bool) -> list[_Span]:
    """Where the wanted texts stand in a JSON text, and what is to stand there. Raises ValueError for what is no JSON."""
    start = _past(text, 0)
    if _past(text, _WHOLE.raw_decode(text, start)[1]) != len(text):
        raise ValueError("something follows the JSON")
    return sorted(_value(text, start, wanted, escapes))


def _value(text: str, at: int, wanted: _Tree, escapes: bool) -> list[_Span]:
    """The spans in the value that begins at `at`."""
    first = text[at]
    if first == '"' and (wanted.edit or wanted):
        return _string(text, at, wanted, escapes)
    if wanted.edit:
        raise _changed(wanted.edit)
    if not wanted or first not in "{[":
        return []
    starts = _children(text, at, wanted)
    return [span for key, start in starts.items() for span in _value(text, start, wanted[key], escapes)]


def _children(text: str, at: int, wanted: _Tree) -> dict[str, int]:
    """Where the wanted values of an object or list begin; of a key that comes twice, the last one counts."""
    starts: dict[str, int] = {}
    whole, close = text[at] == "{", "}" if text[at] == "{" else "]"
    at = _past(text, at + 1)
    number = 0
    while text[at] != close:
        key = str(number)
        if whole:
            key, at = _WHOLE.raw_decode(text, at)
            at = _past(text, at)
            if text[at] != ":":
                raise ValueError("no colon")
            at = _past(text, at + 1)
        if key in wanted:
            starts[key] = at
        at = _past(text, _WHOLE.raw_decode(text, at)[1])
        number += 1
        if text[at] == ",":
            at = _past(text, at + 1)
        elif text[at] != close:
            raise ValueError("no comma")
    return starts


def _past(text: str, at: int) -> int:
    """Behind the blanks."""
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _string(text: str, at: int, wanted: _Tree, escapes: bool) -> list[_Span]:
    """The spans in the string that begins at `at`: what differs in it, or what differs in the JSON it holds."""
    value, end = _WHOLE.raw_decode(text, at)
    literal = _LITERAL.match(text, at)
    if literal is None or literal.end() != end:
        raise ValueError("no string")
    if wanted.edit is not None:
        if wanted or value != wanted.edit.before:
            raise _changed(wanted.edit)
        inner = [_difference(value, wanted.edit.after)]
    else:
        inner = _spans(value, wanted, escapes=value.isascii() and "\\u" in value)
    starts = [one.start() for one in _LETTER.finditer(text, at + 1, end - 1)]
    if len(starts) != len(value):
        raise ValueError("letters that cannot be counted")
    starts.append(end - 1)
    slashes = "\\/" in literal[0]
    return [_Span(starts[one.start], starts[one.end], _escaped(one.new, escapes, slashes)) for one in inner]


def _difference(before: str, after: str) -> _Span:
    """The shortest span of `before` whose replacement makes it `after`."""
    most = min(len(before), len(after))
    start = next((i for i in range(most) if before[i] != after[i]), most)
    most -= start
    tail = next((i for i in range(most) if before[-1 - i] != after[-1 - i]), most)
    return _Span(start, len(before) - tail, after[start : len(after) - tail])


def _escaped(text: str, escapes: bool, slashes: bool) -> str:
    """A text as it stands between the quotes of a JSON string, in the file's own style.

    Half a surrogate pair, which names can hold, is always escaped: no encoding has it.
    """
    shown = json.dumps(text, ensure_ascii=escapes)[1:-1]
    shown = _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", shown)
    return shown.replace("/", "\\/") if slashes else shown


def _spliced(text: str, spans: Sequence[_Span]) -> str:
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], span.new)
        at = span.end
    return "".join(parts) + text[at:]


def parsed(data: bytes) -> Any:
    """The value of a JSON file in whatever encoding. Raises ValueError, RecursionError."""
    return json.loads(decoded(data)[2])
