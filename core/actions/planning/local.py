"""What is here already: a file in the wrong folder is moved or linked, a file under another name is named in the workflow."""

from __future__ import annotations

import os

from ...readiness.types import Finding
from ...sources import names
from ..types import HARD, LINK, MOVE, SYMBOLIC, Action
from .place import spot
from .types import LOCAL, Draft, Given, Group, NotPlanned, Wish, action_id, plain

_NO_PATH = "Where it lies on this computer is not known."
_AT_COMFYUI = "Make the plan on the computer that runs ComfyUI."


def plan_misplaced(group: Group, given: Given, draft: Draft) -> None:
    """MODEL002: put the file, or a link to it, where the node looks for it."""
    try:
        action, wishes = _misplaced(group, given)
        if action.id in draft.actions:
            raise NotPlanned("Another file is planned under this name.", "Rename one of the two in its workflow.")
        draft.take(action, group)
        draft.wishes += wishes
    except NotPlanned as why:
        draft.leave(group, LOCAL, why)


def plan_renamed(group: Group, given: Given, draft: Draft) -> None:
    """MODEL003: the workflow has to name the file as it is listed."""
    finding = group.finding
    target = next((fix.target for fix in finding.fixes if fix.kind == "relink" and fix.target), "")
    if target:
        draft.wishes += [Wish(need, finding.name, target) for need in group.needs]
    else:
        draft.leave(group, LOCAL, NotPlanned(finding.message, _first_fix(finding)))


def _misplaced(group: Group, given: Given) -> tuple[Action, list[Wish]]:
    finding = group.finding
    move = next((fix for fix in finding.fixes if fix.kind == "move" and fix.target), None)
    if move is None:
        raise NotPlanned(finding.message, _first_fix(finding))
    origin = next((one.path for one in finding.evidence if one.path), "")
    if not origin:
        raise NotPlanned(_NO_PATH, _AT_COMFYUI)
    status = given.disk.status(origin)
    if status is None:
        raise NotPlanned(f"{origin} is not there any more, or is no plain file.", "Check again.")
    where = spot(finding, (move.target, *finding.folders), names.suffix(origin), given)
    if given.disk.exists(where.path):
        raise NotPlanned(f"{where.path} lies there already, and nothing is ever overwritten.", "Check again.")
    id = action_id(MOVE, where.path)
    one_volume = given.disk.volume(origin) == given.disk.volume(where.root)
    used = _in_use(origin, given)
    kind = given.prefer.get(id) or (LINK if used or not one_volume else MOVE)
    evidence = next((one.text for one in finding.evidence if one.path == origin), finding.message)
    if kind != MOVE:
        why = f"{evidence} It stays there as well" + (": a workflow uses it there." if used else ".")
    else:
        why = f"{evidence} No workflow uses it there." if not used else evidence
    action = Action(
        id=id,
        kind=MOVE if kind == MOVE else LINK,
        title=os.path.basename(where.path),
        destination=where.path,
        root=where.root,
        folder=where.folder,
        size=0,  # nothing to fetch
        origin=origin,
        origin_size=status[0],
        origin_mtime_ns=status[1],
        link="" if kind == MOVE else HARD if one_volume else SYMBOLIC,
        workflows=group.workflows,
        why=why,
    )
    told = where.name == finding.name
    return action, [] if told else [Wish(need, finding.name, where.name, id) for need in group.needs]


def _in_use(origin: str, given: Given) -> bool:
    """Whether any workflow finds this file under the name that it has where it lies."""
    return any(
        plain(file.name) in given.used
        for files in given.inventory.models.values()
        for file in files
        if file.path == origin
    )


def _first_fix(finding: Finding) -> str:
    return finding.fixes[0].text if finding.fixes else "Choose the file in the node by hand."
