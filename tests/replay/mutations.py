"""One value of a JSON text replaced by another, anywhere in it: how services drift."""

from __future__ import annotations

import copy
from typing import Any


def mutated(body: Any, at: int, value: Any) -> Any:
    """`body` with the value at place `at` (counted over all places, again and again) replaced by `value`."""
    body = copy.deepcopy(body)  # routes hand out what they keep
    places: list[tuple[Any, Any]] = []
    pending = [body]
    while pending:
        one = pending.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        places += [(one, key) for key in keys]
        pending += [one[key] for key in keys]
    if not places or at % (len(places) + 1) == len(places):
        return value
    holder, key = places[at % (len(places) + 1)]
    holder[key] = value
    return body
