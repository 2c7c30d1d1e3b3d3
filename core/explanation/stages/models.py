"""Which loaders each step works with: a step whose model is missing is drawn as one that lacks something. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..graph import View
from ..types import Anatomy
from .build import StageStep


def loaders(steps: Sequence[StageStep], anatomy: Anatomy, view: View) -> tuple[tuple[str, ...], ...]:
    """By step, the ids of the nodes that load the models it works with: the first steps down the links from each loader."""
    of = {node: at for at, step in enumerate(steps) for node in step.nodes}
    first = _first(of, view) if anatomy.models else {}
    found: list[dict[str, None]] = [{} for _ in steps]
    for part in anatomy.models:
        own = of.get(part.node)
        for at in range(len(steps)) if own is None else (own,):
            if own is not None or first.get(part.node, 0) >> at & 1:
                found[at][part.node] = None
    return tuple(tuple(nodes) for nodes in found)


def _first(of: Mapping[str, int], view: View) -> dict[str, int]:
    """Node → the first steps down its links, as bits: one walk from the ends serves all loaders."""
    found: dict[str, int] = {}
    for node in reversed(view.order()):
        bits = 0
        for user, _, _ in view.users(node):
            bits |= 1 << of[user.id] if user.id in of else found.get(user.id, 0)
        found[node.id] = bits
    return found
