"""Names that a workflow has to write differently: all of one workflow become one new version of it, `x.vN.json`.

A relink is only planned when the workflow, checked again with the new names in it, no longer has the finding.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable

from ...errors import ComfyFixerError
from .. import relink
from ..types import RELINK, Action, Edit
from ..versions import Numbers
from .types import LOCAL, Draft, Given, Group, NotPlanned, Wish, action_id, plain, unique

_MOST_SAID = 3  # changes told in the reason


def plan_relinks(draft: Draft, given: Given, leave_out: Collection[str]) -> None:
    """Add one action per workflow file whose names have to change, for what the plan brings and what is here already."""
    by_path: dict[str, list[Wish]] = {}
    numbers = Numbers()
    for wish in draft.wishes:
        by_path.setdefault(wish.need.path, []).append(wish)
    for path, wishes in by_path.items():
        given.check()
        id = action_id(RELINK, path)
        try:
            data = _bytes(path, given)
            status = given.disk.status(path)
            if status is None:
                raise NotPlanned("The workflow's file is not there any more.", "Check again.")
            if id in leave_out:
                raise NotPlanned("You left it out.", "Tick it again if you want it after all.")
            destination = _next_version(path, numbers, given)
        except NotPlanned as why:
            _leave(wishes, why, draft)
            continue
        kept, edits, after = _proven(path, data, wishes, given, draft)
        if kept:
            draft.take(
                _action(id, path, destination, status, kept, edits, after), Group(tuple(wish.need for wish in kept))
            )


def _bytes(path: str, given: Given) -> bytes:
    if not path or given.graph is None:
        raise NotPlanned("The workflow is open on the canvas only.", "Save it as .json first, then plan again.")
    if not path.lower().endswith(".json"):
        raise NotPlanned("A workflow inside a picture cannot be changed.", "Save it as .json first, then plan again.")
    try:
        return given.graph(path)
    except (ComfyFixerError, OSError) as error:
        said = error.message if isinstance(error, ComfyFixerError) else error.strerror
        raise NotPlanned(f"The workflow cannot be read: {(said or 'unknown').rstrip('.')}.", "Check again.") from None


def _next_version(path: str, numbers: Numbers, given: Given) -> str:
    try:
        found = numbers.next(path)
    except OSError as error:
        raise NotPlanned(f"Its folder cannot be read: {error.strerror}.", "Check again.") from None
    if not given.disk.writable(os.path.dirname(path)):
        raise NotPlanned("No new version can be written beside the workflow.", "Give ComfyUI's user the right to.")
    return found


def _proven(
    path: str, data: bytes, wishes: list[Wish], given: Given, draft: Draft
) -> tuple[list[Wish], tuple[Edit, ...], bytes]:
    """The wishes that help, their edits and the changed file: checked again with all of them, then without those in vain."""
    wishes = list(wishes)
    while wishes:
        edits, after, lost = _composed(data, wishes)
        for wish in lost:
            _leave([wish], NotPlanned("Its name does not stand in the node's own values.", _by_hand(wish)), draft)
        wishes = [wish for wish in wishes if wish not in lost]
        try:
            still = set(given.recheck(path, after)) if given.recheck is not None and wishes else set()
        except ComfyFixerError as error:
            _leave(wishes, NotPlanned(f"{error.message.rstrip('.')}.", error.hint), draft)
            return [], (), b""
        vain = [wish for wish in wishes if _in_vain(wish, still)]
        for wish in vain:
            text = f"Writing {wish.now} in its place did not make the workflow find it."
            _leave([wish], NotPlanned(text, _by_hand(wish)), draft)
        if not vain:
            return wishes, edits, after
        wishes = [wish for wish in wishes if wish not in vain]
    return [], (), b""


def _composed(data: bytes, wishes: Iterable[Wish]) -> tuple[tuple[Edit, ...], bytes, list[Wish]]:
    """All changes as one, the file with them in it, and the wishes whose name stands nowhere.

    One after the other, since two names may stand in one prompt.
    """
    merged: dict[str, Edit] = {}
    done: set[tuple[str, str, str]] = set()
    lost = []
    for wish in wishes:
        same = (wish.need.workflow, wish.before, wish.now)
        try:
            nodes, name = wish.need.finding.nodes, wish.need.workflow
            found = relink.edits(data, nodes, wish.before, wish.now, workflow=name)
            data = relink.apply(data, found)
        except ComfyFixerError:
            found = ()
        if not found and same not in done:
            lost.append(wish)
            continue
        done.add(same)
        for edit in found:
            old = merged.get(edit.pointer)
            merged[edit.pointer] = edit._replace(before=old.before if old is not None else edit.before)
    return tuple(merged[where] for where in sorted(merged)), data, lost


def _in_vain(wish: Wish, still: Collection[tuple[str, str]]) -> bool:
    """Whether the finding is still there, or has only come under the new name. What is yet to come is missing till then."""
    if (wish.need.finding.code, wish.before) in still:
        return True
    return not wish.after and any(code.startswith("MODEL") and name == wish.now for code, name in still)


def _action(
    id: str,
    path: str,
    destination: str,
    status: tuple[int, int],
    wishes: list[Wish],
    edits: tuple[Edit, ...],
    after: bytes,
) -> Action:
    said = unique(f"{plain(wish.now)} in place of {wish.before}" for wish in wishes)
    more = len(said) - _MOST_SAID
    told = [*said[:_MOST_SAID], *([f"{more} more"] if more > 0 else [])]
    return Action(
        id=id,
        kind=RELINK,
        title=os.path.basename(destination),
        destination=destination,
        root=os.path.dirname(destination),
        size=len(after),
        sha256=hashlib.sha256(after).hexdigest(),
        origin=path,
        origin_size=status[0],
        origin_mtime_ns=status[1],
        edits=edits,
        workflows=unique(wish.need.workflow for wish in wishes),
        why=f"A new version that names {', '.join(told)}. The workflow itself stays as it is.",
        after=unique(wish.after for wish in wishes if wish.after),
    )


def _leave(wishes: Iterable[Wish], why: NotPlanned, draft: Draft) -> None:
    for wish in wishes:
        draft.leave(Group((wish.need,)), LOCAL, why)


def _by_hand(wish: Wish) -> str:
    nodes = unique(f"{node.title} {node.id}" for node in wish.need.finding.nodes)
    return f"Choose {wish.now} in {nodes[0] if nodes else 'the node'} by hand."
