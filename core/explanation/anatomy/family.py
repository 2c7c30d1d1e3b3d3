"""The family of base models that a file's name speaks of. Pure; the words are `knowledge/families.json`."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ...knowledge import document

_SEPARATORS = re.compile(r"[\s_\-+,()\[\]{}&'!#/\\]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2,})")
_SUFFIX = re.compile(r"\.(safetensors|sft|gguf|ckpt|pth|pt|bin)$", re.I)
_MOST = 400  # characters of a name that are looked at


@lru_cache(maxsize=20_000)
def family_of(name: str) -> str:
    """The key of the family, by the longest of its phrases in the name; "" where there is none, or two as long."""
    words = [
        part.strip(".").lower()
        for piece in _SEPARATORS.split(_SUFFIX.sub("", name)[:_MOST])
        for part in _CAMEL.split(piece)
    ]
    line = f" {' '.join(word for word in words if word)} "
    found = [(len(phrase), key) for phrase, key in _phrases() if f" {phrase} " in line]
    if not found:
        return ""
    longest = max(found)[0]
    best = {key for length, key in found if length == longest}
    return best.pop() if len(best) == 1 else ""


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    table = document("families")["families"]
    return tuple((phrase, key) for key, entry in table.items() for phrase in entry["words"])
