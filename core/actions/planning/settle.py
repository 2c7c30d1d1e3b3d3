"""What the actions of one plan do to each other: one file per place, nothing moved away that another one needs, nothing
fetched twice. After what the person left out is out, and before anything is summed up.
"""

from __future__ import annotations

import os
from dataclasses import replace

from ..types import DOWNLOAD, HARD, LINK, MOVE, SYMBOLIC, Action
from .local import UNUSED
from .types import Draft, Given, NotPlanned, kind_of

# Risks of the transfer itself, which a link has not.
_OF_TRANSFER = frozenset({"no_hash", "unverifiable", "unknown_size", "large", "unconfirmed", "gated", "login"})


def settle(draft: Draft, given: Given) -> None:
    """Change or take out the actions that would be in each other's way."""
    _one_each(draft)
    _whole_only(draft)
    _stay(draft, given)
    _once(draft, given)


def _one_each(draft: Draft) -> None:
    """One action per place; none below a file of another one. Who came first has it."""
    places: dict[str, Action] = {}
    folders: dict[str, Action] = {}
    for action in [one for one in draft.actions.values() if one.destination and one.root]:
        place, above = _key(action.destination), _above(action)
        taken = next((places[one] for one in (place, *above) if one in places), folders.get(place))
        if taken is not None:
            why = NotPlanned(
                f"Another file is planned under this name, for {taken.workflows[0]}.",
                "Rename one of the two in its workflow.",
            )
            draft.drop(action.id, kind_of(action), why)
            continue
        places[place] = action
        folders.update((one, action) for one in above)


def _key(path: str) -> str:
    return os.path.normcase(path)


def _above(action: Action) -> list[str]:
    """The folders between the root and the file."""
    found, folder = [], os.path.dirname(action.destination)
    while len(folder) > len(action.root):
        found.append(_key(folder))
        folder = os.path.dirname(folder)
    return found


def _whole_only(draft: Draft) -> None:
    """A damaged file, which a download replaces, is not passed on meanwhile."""
    damaged = {_key(one.destination) for one in draft.actions.values() if one.aside}
    for action in [one for one in draft.actions.values() if one.kind in (MOVE, LINK)]:
        if _key(action.origin) in damaged and action.id in draft.actions:
            why = NotPlanned(
                f"{action.origin} is damaged, and a whole one is fetched in its place.", "Plan again when it is here."
            )
            draft.drop(action.id, kind_of(action), why)


def _stay(draft: Draft, given: Given) -> None:
    """A file that several actions need is linked by all of them and moved by none."""
    wanted: dict[str, int] = {}
    for action in draft.actions.values():
        if action.kind in (MOVE, LINK):
            wanted[_key(action.origin)] = wanted.get(_key(action.origin), 0) + 1
    for action in list(draft.actions.values()):
        if action.kind == MOVE and wanted[_key(action.origin)] > 1:
            near = given.disk.volume(action.origin) == given.disk.volume(action.root)
            evidence = action.why.removesuffix(UNUSED).rstrip()
            why = f"{evidence} It stays there as well: more than one place needs it."
            draft.actions[action.id] = replace(action, kind=LINK, link=HARD if near else SYMBOLIC, why=why)


def _once(draft: Draft, given: Given) -> None:
    """The same content under several names of one disk is fetched once; the other names become links to it."""
    first: dict[tuple[str, str], Action] = {}
    for action in list(draft.actions.values()):
        if action.kind != DOWNLOAD or not action.sha256:
            continue
        volume = given.disk.volume(action.root)
        known = first.setdefault((action.sha256, volume), action)
        if known is action or action.aside or not volume:
            continue
        draft.actions[action.id] = replace(
            action,
            kind=LINK,
            size=0,
            offers=(),
            origin=known.destination,
            origin_size=known.size,
            link=HARD,
            risks=tuple(risk for risk in action.risks if risk.code not in _OF_TRANSFER),
            why=f"{action.why.rstrip('.')}. The same content (SHA-256) is fetched as {known.title}: it is not fetched twice.",
            after=(known.id,),
        )
