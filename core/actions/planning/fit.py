"""Whether a plan fits the disks it writes to. What does not is left out, the largest files first, so that the rest can go."""

from __future__ import annotations

from ...resolution.wording import bytes_text
from ..types import DOWNLOAD, MOVE, Action, Volume
from .types import Disk, Draft, Given, NotPlanned, kind_of


def fit(draft: Draft, given: Given) -> tuple[Volume, ...]:
    """The disks with what the plan needs of each, in order of their paths; takes out of the plan what does not fit."""
    volumes: dict[str, Volume] = {}
    for action in sorted(draft.actions.values(), key=lambda one: (_bytes(one, given.disk), one.title, one.id)):
        if not action.root or action.id not in draft.actions:
            continue
        needed = _bytes(action, given.disk)
        key = given.disk.volume(action.root)
        known = volumes.get(key) or _volume(action.root, given.disk)
        if known is None:
            continue  # its disk cannot be asked; the transfer itself will say so
        room = known.free - given.policy.keep_free - known.needed
        if needed > max(room, 0):
            draft.drop(action.id, kind_of(action), _too_large(needed, room, known))
        elif needed or key in volumes:
            volumes[key] = known._replace(needed=known.needed + needed)
        else:
            volumes[key] = known
    return tuple(sorted((one for one in volumes.values() if one.needed), key=lambda one: one.path))


def _bytes(action: Action, disk: Disk) -> int:
    """What it adds to its disk, as far as that is known."""
    if action.kind == DOWNLOAD:
        return action.size or 0
    if action.kind == MOVE and disk.volume(action.origin) != disk.volume(action.root):
        return action.origin_size or 0
    return 0


def _volume(path: str, disk: Disk) -> Volume | None:
    told = disk.free(path)
    return Volume(path, *told, 0) if told is not None else None


def _too_large(needed: int, room: int, volume: Volume) -> NotPlanned:
    missing = bytes_text(needed - max(room, 0))
    return NotPlanned(
        f"It does not fit: it has {bytes_text(needed)}, and {bytes_text(max(room, 0))} are left for it on the disk of "
        f"{volume.path} ({missing} are missing).",
        "Make room there, or leave something else out.",
    )
