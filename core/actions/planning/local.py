"""What is here already: a file in the wrong folder is moved or linked, a file under another name is named in the workflow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...inventory.types import Inventory
from ...readiness.types import Finding
from ...sources import names
from ..types import HARD, LINK, MOVE, SYMBOLIC, Action
from .place import spot
from .types import LOCAL, Draft, Given, Group, Need, NotPlanned, Wish, action_id, plain, unique

UNUSED = "No workflow uses it there."
_NO_PATH = "Where it lies on this computer is not known."
_AT_COMFYUI = "Make the plan on the computer that runs ComfyUI."


def plan_misplaced(group: Group, given: Given, draft: Draft) -> None:
    """MODEL002: put the file, or a link to it, where the node looks for it."""
    try:
        action, wishes = _misplaced(group, given)
        known = draft.actions.get(action.id)
        if known is not None:
            if known.origin != action.origin:
                raise NotPlanned("Another file is planned under this name.", "Rename one of the two in its workflow.")
            action = replace(known, workflows=unique((*known.workflows, *group.workflows)))
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
    used = origin in given.in_use
    kind = given.prefer.get(id) or (LINK if used or not one_volume else MOVE)
    evidence = next((one.text for one in finding.evidence if one.path == origin), finding.message)
    if kind != MOVE:
        why = f"{evidence} It stays there as well" + (": a workflow uses a file of this name." if used else ".")
    else:
        why = f"{evidence} {'A workflow that uses it there will not find it any more.' if used else UNUSED}"
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


def in_use(inventory: Inventory, used: Iterable[str], needs: Iterable[Need]) -> frozenset[str]:
    """Paths of the model files that had better stay where they are: workflows find them by one of these names, or will
    by the name that a new version of theirs writes."""
    said = frozenset(plain(name).rstrip("/").lower() for name in used)
    found = {
        file.path for files in inventory.models.values() for file in files if not said.isdisjoint(_spoken(file.name))
    }
    return frozenset(found) | {
        one.path for need in needs if need.finding.code == "MODEL003" for one in need.finding.evidence if one.path
    }


def _spoken(listed: str) -> Iterator[str]:
    """What workflows may call a file: as it is listed, without its suffix as prompts do, or by a directory around it."""
    name = plain(listed).lower()
    yield from (name, os.path.splitext(name)[0], os.path.splitext(name.rpartition("/")[2])[0])
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _first_fix(finding: Finding) -> str:
    return finding.fixes[0].text if finding.fixes else "Choose the file in the node by hand."
