"""Which loaders each step works with: a step whose model is missing is drawn as one that lacks something. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .graph import View
from .stages import StageStep
from .types import Anatomy

MOST = 400  # nodes that are looked at on the way from one loader


def loaders(steps: Sequence[StageStep], anatomy: Anatomy, view: View) -> tuple[tuple[str, ...], ...]:
    """By step, the ids of the nodes that load the models it works with: the first steps down the links from each loader."""
    of = {node: at for at, step in enumerate(steps) for node in step.nodes}
    found: list[dict[str, None]] = [{} for _ in steps]
    for part in anatomy.models:
        for at in _first(part.node, of, view):
            found[at][part.node] = None
    return tuple(tuple(nodes) for nodes in found)


def _first(loader: str, of: dict[str, int], view: View) -> set[int]:
    if loader in of:
        return {of[loader]}
    reached: set[int] = set()
    seen, ahead = {loader}, [loader]
    while ahead and len(seen) < MOST:
        node = view.by_id.get(ahead.pop())
        for user, _, _ in view.users(node) if node is not None else ():
            if user.id in of:
                reached.add(of[user.id])
            elif user.id not in seen:
                ahead.append(user.id)
            seen.add(user.id)
    return reached
