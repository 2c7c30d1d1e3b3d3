"""JSON in small steps. `json.dumps` and `json.loads` hold Python's interpreter lock from the first byte to the last;
for a few megabytes that is long enough for ComfyUI's event loop to stand still noticeably.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

LIGHT = 1000  # values that are encoded in one go: well under a millisecond
SLICE = 50  # entries of a long list that are tried in one go
DEEPEST = 8  # levels that are taken apart; what lies below is encoded as it is
STEPS = 1000  # steps of an indented text that are joined at a time
STEPWISE = 128 << 10  # bytes from which on a text is parsed with a pause at every object

# In encoded text: an escaped backslash, a whole surrogate pair, half a pair.
_HALVES = re.compile(r"\\\\|\\ud[89ab]..\\ud[c-f]..|\\ud[89a-f]..")

_MARKS = (  # longest first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(data: bytes) -> tuple[bytes, str, str]:
    """The byte order mark, the codec and the text of a JSON file. Raises ValueError."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return mark, codec, data[len(mark) :].decode(codec, "surrogatepass")
    codec = json.detect_encoding(data)
    return b"", codec, data.decode(codec, "surrogatepass")


def dumps(value: Any, *, indent: int | None = None, repair: bool = False) -> str:
    """What `json.dumps(value, indent=indent)` gives.

    `repair`: half a surrogate pair, which names can hold and strict readers refuse, becomes "?".
    """
    encoder = json.JSONEncoder(indent=indent)
    steps = parts(value, encoder) if indent is None else _joined(encoder.iterencode(value))
    return "".join(map(_repaired, steps) if repair else steps)


def parts(value: Any, encoder: json.JSONEncoder) -> Iterator[str]:
    """What `encoder.encode(value)` gives, a part at a time, for an encoder without indent."""
    return _parts(value, encoder, 0)


def loads(text: str | bytes) -> Any:
    """What `json.loads(text)` gives."""
    return json.loads(text, object_hook=_pause if len(text) >= STEPWISE else None)


def _pause(found: dict[str, Any]) -> dict[str, Any]:
    """A call of a Python function is where the interpreter lets other threads in."""
    return found


def _parts(value: Any, encoder: json.JSONEncoder, depth: int) -> Iterator[str]:
    if depth == DEEPEST or _light(value) or not _plain_keys(value):
        yield encoder.encode(value)
        return
    between = ""
    if isinstance(value, dict):
        yield "{"
        for key, one in value.items():
            yield between + encoder.encode(key) + encoder.key_separator
            yield from _parts(one, encoder, depth + 1)
            between = encoder.item_separator
        yield "}"
        return
    yield "["
    for start in range(0, len(value), SLICE):
        some = value[start : start + SLICE]
        if _light(some):
            yield between + encoder.encode(some)[1:-1]
            between = encoder.item_separator
            continue
        for one in some:
            yield between
            yield from _parts(one, encoder, depth + 1)
            between = encoder.item_separator
    yield "]"


def _joined(steps: Iterator[str]) -> Iterator[str]:
    while some := "".join(islice(steps, STEPS)):
        yield some


def _repaired(text: str) -> str:
    """For ASCII text whose escapes are not cut: those of one string always come together."""
    return _HALVES.sub(lambda found: "?" if len(found[0]) == 6 else found[0], text) if "\\ud" in text else text


def _light(value: Any) -> bool:
    """Whether there are few values in it, at all levels."""
    if not isinstance(value, dict | list | tuple):
        return True
    count, pending = 0, [value]
    while pending:
        one = pending.pop()
        count += len(one)
        if count > LIGHT:
            return False
        pending += [child for child in (one.values() if isinstance(one, dict) else one) if isinstance(child, _HOLDS)]
    return True


_HOLDS = (dict, list, tuple)


def _plain_keys(value: Any) -> bool:
    return not isinstance(value, dict) or all(isinstance(key, str) for key in value)
