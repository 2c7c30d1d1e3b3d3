"""What of a run may begin next, and what never will. Pure.

Local actions come first, in order; downloads go on side by side; relinks wait for what they name; packs come last. But for
downloads, one thing happens at a time.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..types import (
    CANCELLED,
    DONE,
    DOWNLOAD,
    ENABLE_PACK,
    FAILED,
    INSTALL_PACK,
    KINDS,
    LINK,
    MOVE,
    PAUSED,
    SKIPPED,
    WAITS,
)
from .items import Item

LOCAL, PACKS = frozenset({MOVE, LINK}), frozenset({ENABLE_PACK, INSTALL_PACK})
Items = Mapping[str, Item]


def skip_lost(items: Items) -> None:
    """Skip what waits for something that will not come, and what waits for that."""
    lost = True
    while lost:
        lost = False
        for item in items.values():
            if item.state != WAITS:
                continue
            for id in item.action.after:
                other = items.get(id)
                if other is None or other.state in (FAILED, CANCELLED, SKIPPED):
                    what = other.action.title if other is not None else "something that is not in the plan"
                    item.state, item.note, lost = SKIPPED, f"It needs {what}, which did not succeed.", True
                    break


def ready(items: Items, at_once: int) -> list[Item]:
    """What may begin beside what runs; `at_once`: downloads at the same time. After `skip_lost`."""
    waits = sorted((one for one in items.values() if one.state == WAITS), key=_rank)
    running = [one for one in items.values() if one.handle is not None]
    able = [one for one in waits if all(items[id].state == DONE for id in one.action.after)]
    behind = _behind(items)
    local = any(one.action.kind in LOCAL for one in (*running, *able))
    others = [one for one in running if one.action.kind not in PACKS]
    others += [one for one in waits if one.action.id not in behind]
    downloads = sum(one.action.kind == DOWNLOAD for one in running)
    busy = len(running) > downloads
    found = []
    for one in able:
        if one.action.kind == DOWNLOAD:
            if local or downloads >= at_once:
                continue
            downloads += 1
        else:
            if busy or (one.action.kind in PACKS and others):
                continue
            busy = True
        found.append(one)
    return found


def _behind(items: Items) -> set[str]:
    """Ids of what is paused, of packs to come, and of all that waits for these: no pack need wait for it."""
    found = {id for id, one in items.items() if one.state == PAUSED or (one.action.kind in PACKS and not one.over)}
    while more := {id for id, one in items.items() if one.state == WAITS and found & set(one.action.after)} - found:
        found |= more
    return found


def _rank(item: Item) -> int:
    return KINDS.index(item.action.kind) if item.action.kind in KINDS else len(KINDS)
