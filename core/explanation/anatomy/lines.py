"""The line of `knowledge/roles.json` that speaks of a node type: its own, or that of a pattern its name follows. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from ...knowledge import document


@lru_cache(maxsize=20_000)
def line_of(class_type: str) -> Mapping[str, Any]:
    """What is known of a type; {} where nothing is. A type's own line goes before any pattern."""
    own: Mapping[str, Any] | None = document("roles")["types"].get(class_type)
    if own is not None:
        return own
    for pattern, line in _patterns():
        if pattern.search(class_type):
            return line
    return {}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    return tuple((re.compile(text), line) for text, line in document("roles")["patterns"].items())
