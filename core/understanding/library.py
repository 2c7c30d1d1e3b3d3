"""The values of a report for one finished scan: what was kept, what broke, where the missing things can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..actions.credits import credits
from ..readiness.planner import plan, unused
from ..record import Checked, entry, keep
from ..reports.place import place_of
from ..reports.rows import newest
from ..reports.types import Library
from .health import checked_up

if TYPE_CHECKING:
    from ..health.types import Health
    from ..reports.history import History
    from ..resolution.types import Resolution
    from .understanding import Understanding


def library_of(
    known: Understanding,
    checked: list[Checked],
    now: float,
    *,
    unread: Sequence[str],
    folder: Path | None,
    shared: Path | None,
    resolutions: Callable[[Checked], Mapping[int, Resolution]],
    save_caches: Callable[[], None] | None,
) -> Library:
    """The library, recorded in `folder` where `save_caches` is given (None: nothing is kept). `shared`: where the caches of
    all users lie. `unread`: in words, folders that could not be read."""
    history: History | None = None
    health: dict[str, Health] = {}
    gaps = list(unread)
    if folder is not None and save_caches is not None:
        history, unkept = keep(checked, now, folder, shared or folder, save_caches)
        health, more = checked_up(known, checked, now, folder)
        gaps += [*unkept, *more]
    shown = frozenset(newest(one.name for one in checked))  # what an older version lacks is worth nothing
    readiness = [one.readiness._replace(workflow=one.name) for one in checked if one.name in shown]
    fetched = credits(folder)
    entries = tuple(
        entry(one, history.change(one.name) if history else None, resolutions(one), fetched, health.get(one.name))
        for one in checked
    )
    named = {name for one in checked for name in one.models}
    inventory = known.here.inventory
    place = place_of(inventory)
    return Library(
        now,
        replace(place, gaps=(*place.gaps, *gaps)),
        entries,
        plan(readiness),
        unused(inventory, named),
        history.points() if history else (),
    )
