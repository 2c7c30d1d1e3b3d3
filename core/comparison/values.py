"""Values of any JSON: equal or not, shown shortly, texts word by word. Pure."""

from __future__ import annotations

import json
import math
import re
from difflib import SequenceMatcher

from ..workflow.raw import Json

_DEEPEST = 40  # levels that are compared one by one; what lies below is compared as text
_LONG = 72  # characters of a value that are shown
_MOST_WORDS = 200  # of a changed part that is taken apart word by word
_MOST_ALIKE = 5_000  # characters of a text whose words are compared with another's
_KEPT = 4  # words that are shown on either side of a change
_SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx", ".engine")


def frozen(value: Json, depth: int = 0) -> object:
    """The value as one that can be hashed, equal exactly where the values mean the same: 1 and 1.0 do, 1 and true do not."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, (int, float)):
        return "NaN" if value != value else value
    if depth >= _DEEPEST:
        return _deep(value)
    if isinstance(value, dict):
        return ("dict", frozenset((str(key), frozen(one, depth + 1)) for key, one in value.items()))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(frozen(one, depth + 1) for one in value))
    return repr(value)


def _deep(value: Json) -> str:
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        return "(nested too deeply)"


def equal(one: Json, other: Json) -> bool:
    """Whether two values mean the same."""
    return frozen(one) == frozen(other)


def alike(one: Json, other: Json) -> float:
    """1 for equal values, less for texts of several words by the share of words they have in common, else 0."""
    if equal(one, other):
        return 1.0
    if not (is_prose(one) and is_prose(other)):
        return 0.0
    left, right = set(one[:_MOST_ALIKE].split()), set(other[:_MOST_ALIKE].split())
    return 0.9 * len(left & right) / max(len(left | right), 1)


def is_model(value: Json) -> bool:
    """Whether a value is the name of a model file by its suffix."""
    return isinstance(value, str) and value[-16:].lower().endswith(_SUFFIXES) and "\n" not in value


def is_prose(value: Json) -> bool:
    """Whether a value is a text that people write: several words, or lines."""
    return isinstance(value, str) and not is_model(value) and (value.count(" ") >= 3 or "\n" in value)


def shown(value: Json, most: int = _LONG) -> str:
    """A value in a line, long ones shortened in the middle."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else "a number of over 40 digits"
    if isinstance(value, str):
        return shortened(" ".join(value.split()), most) or "(empty)"
    return shortened(_deep(value), most)


def shortened(text: str, most: int = _LONG) -> str:
    """A long text with its middle left out."""
    if len(text) <= most:
        return text
    head = (most - 3) * 2 // 3
    return f"{text[:head].rstrip()} … {text[-(most - 3 - head) :].lstrip()}"


def inside(before: Json, after: Json, path: str = "") -> list[tuple[str, Json, Json]]:
    """The places within two lists or objects that differ: (path, before, after); [("", before, after)] for others."""
    if path.count(".") < 6:
        if isinstance(before, dict) and isinstance(after, dict):
            keys = dict.fromkeys([*before, *after])
            return [row for key in keys for row in _under(before.get(key), after.get(key), f"{path}.{key}")]
        if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            pairs = enumerate(zip(before, after, strict=True))
            return [row for place, (one, two) in pairs for row in _under(one, two, f"{path}.{place + 1}")]
    return [] if equal(before, after) else [(path.removeprefix("."), before, after)]


def _under(before: Json, after: Json, path: str) -> list[tuple[str, Json, Json]]:
    return [] if equal(before, after) else inside(before, after, path)


def word_diff(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """What was taken out ("-") and put in ("+"), with a few words around ("="); a long rewritten part is not taken apart."""
    old, new = re.findall(r"\S+", before), re.findall(r"\S+", after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = old[start : len(old) - end], new[start : len(new) - end]
    steps = [("replace", 0, len(middle[0]), 0, len(middle[1]))]
    if max(map(len, middle)) <= _MOST_WORDS:
        steps = list(SequenceMatcher(None, *middle, autojunk=False).get_opcodes())
    rows = [("=", _around(old[:start], first=True))]
    for tag, i, j, into, to in steps:
        if tag == "equal":
            rows.append(("=", _around(middle[0][i:j])))
            continue
        rows += [("-", " ".join(middle[0][i:j])), ("+", " ".join(middle[1][into:to]))]
    rows.append(("=", _around(old[len(old) - end :], last=True)))
    return tuple(row for row in rows if row[1])


def _common(one: list[str], other: list[str]) -> int:
    """How many words both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _around(words: list[str], *, first: bool = False, last: bool = False) -> str:
    """Unchanged words, only those next to a change."""
    if first:
        return " ".join(words) if len(words) <= _KEPT else "… " + " ".join(words[-_KEPT:])
    if last:
        return " ".join(words) if len(words) <= _KEPT else " ".join(words[:_KEPT]) + " …"
    if len(words) <= 2 * _KEPT:
        return " ".join(words)
    return " ".join(words[:_KEPT]) + " … " + " ".join(words[-_KEPT:])
