"""The unlock planner: which few missing things make the most workflows runnable. Pure.

Exact set cover is out of reach for a thousand workflows, and not what a person wants: the question is what
to get next. So every distinct set of needs is a candidate; the one that frees the most workflows for its
cost is taken, counted as met, and the next is sought among what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..inventory.types import Inventory
from .index import base
from .types import BLOCKED, Finding, Need, Readiness, UnlockStep, UnusedModel

MAX_STEPS = 6
MAX_NEEDS = 6  # things in one step: more is a shopping list, not a short way
_PACK_COST, _UNSIZED_COST, _LOCAL_COST = 2e9, 5e9, 1e6  # what a pack, a file of unknown size, a move weigh, in bytes


def plan(readiness: Iterable[Readiness]) -> tuple[UnlockStep, ...]:
    """The next few steps, best first. Workflows that also need something by hand are left out."""
    waiting = _by_needs(readiness)
    steps: list[UnlockStep] = []
    met: frozenset[Need] = frozenset()
    while waiting and len(steps) < MAX_STEPS:
        best = _local(waiting) if not steps else None
        best = best or _best(waiting)
        if best is None:
            break
        freed = [name for needs, names in waiting.items() if needs <= best for name in names]
        steps.append(UnlockStep(tuple(sorted(best, key=_need_order)), tuple(sorted(freed))))
        met |= best
        rest: dict[frozenset[Need], list[str]] = defaultdict(list)
        for needs, names in waiting.items():
            if not needs <= best:
                rest[needs - met] += names
        waiting = rest
    return tuple(steps)


def _local(waiting: dict[frozenset[Need], list[str]]) -> frozenset[Need] | None:
    """All that can be put right with what is already here: it costs nothing, so it is one step and the first."""
    sets = [needs for needs in waiting if all(need.kind == "local" for need in needs)]
    return frozenset().union(*sets) if sets else None


def _best(waiting: dict[frozenset[Need], list[str]]) -> frozenset[Need] | None:
    """The candidate that frees most for its cost. Sets become bit masks: subset tests are then one operation."""
    bits: dict[Need, int] = {}
    masks: list[tuple[int, int]] = []
    for needs, names in waiting.items():
        mask = 0
        for need in needs:
            mask |= 1 << bits.setdefault(need, len(bits))
        masks.append((mask, len(names)))
    best: frozenset[Need] | None = None
    top = 0.0
    for (needs, _), (mask, _count) in zip(waiting.items(), masks, strict=True):
        if len(needs) > MAX_NEEDS:
            continue
        freed = sum(count for other, count in masks if other & mask == other)
        worth = freed**1.5 / (1e9 + sum(_cost(need) for need in needs))
        if worth > top:
            best, top = needs, worth
    return best


def _by_needs(readiness: Iterable[Readiness]) -> dict[frozenset[Need], list[str]]:
    """Needs → the workflows that lack exactly these. One thing is one need, however two workflows write it."""
    lacking: list[tuple[str, list[Need]]] = []
    known: dict[tuple[str, str, str], Need] = {}
    for one in readiness:
        if one.status != BLOCKED or one.distance.other or _cannot_tell(one):
            continue
        needs = [need for finding in one.findings if (need := _need(finding)) is not None]
        lacking.append((one.workflow, needs))
        for need in needs:
            if need.size is not None or _key(need) not in known:  # only some workflows say how large a file is
                known[_key(need)] = need
    waiting: dict[frozenset[Need], list[str]] = defaultdict(list)
    for workflow, needs in lacking:
        if needs:
            waiting[frozenset(known[_key(need)] for need in needs)].append(workflow)
    return waiting


def _key(need: Need) -> tuple[str, str, str]:
    return (need.kind, need.name.lower() if need.kind == "pack" else need.name, need.folder)


def _cannot_tell(one: Readiness) -> bool:
    """Something else about the workflow is unknown: that the needs free it would be a guess."""
    return any(finding.weight == "unknown" for finding in one.findings)


def _need(finding: Finding) -> Need | None:
    if finding.weight != BLOCKED:
        return None
    folder = finding.folders[0] if finding.folders else ""
    if finding.code in ("MODEL001", "MODEL004"):
        return Need("file", finding.name, folder, finding.size)
    if finding.code in ("NODE001", "NODE002"):
        return Need("pack", finding.pack) if finding.pack else Need("type", finding.name)
    return Need("local", finding.pack or finding.name, folder)


def _cost(need: Need) -> float:
    if need.kind == "file":
        return _UNSIZED_COST if need.size is None else float(need.size)
    return _PACK_COST if need.kind in ("pack", "type") else _LOCAL_COST


def _need_order(need: Need) -> tuple[str, int, str]:
    return (need.kind, -(need.size or 0), need.name)


def unused(inventory: Inventory, names: Iterable[str]) -> tuple[UnusedModel, ...]:
    """Model files that no workflow names, largest first.

    `names`: every model, embedding and LoRA named anywhere, in muted nodes too. A name with a wrong path
    or without a suffix counts as used: nothing in use may ever be called unused.
    """
    whole = {base(written.rstrip("/\\")).lower() for written in names}
    named = whole | {name.rsplit(".", 1)[0] for name in whole}
    found: dict[str, UnusedModel] = {}
    for folder, files in inventory.models.items():
        for file in files:
            *above, name = file.name.replace("\\", "/").lower().split("/")
            if name not in named and name.rsplit(".", 1)[0] not in named and "." in name and whole.isdisjoint(above):
                found.setdefault(file.path or f"{folder}/{file.name}", UnusedModel(file.name, folder, file.size))
    skip = {"configs", "custom_nodes"}
    # Twice by one plain value: sorting ten thousand pairs would keep ComfyUI's event loop waiting.
    by_name = sorted((one for one in found.values() if one.folder not in skip), key=lambda one: one.name)
    return tuple(sorted(by_name, key=lambda one: -one.size))
