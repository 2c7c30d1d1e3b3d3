"""Node packs: one to install, at the version that the registry has checked, or one that is here and switched off."""

from __future__ import annotations

import sys

from ...errors import ComfyFixerError
from ...inventory.types import DISABLED, FAILED, Pack
from ...readiness.types import BLOCKED, Finding
from ...resolution.types import CHOSEN, NOT_FOUND, Resolution
from ...resolution.wording import listed
from ...sources.registry import repo_key
from ...sources.types import PackCandidate
from ..packs import command_for
from ..policy import CODE, bad_pack, risk
from ..types import ENABLE_PACK, INSTALL_PACK, Action, PackTask
from .types import PACK, Draft, Given, Group, NotPlanned, action_id, refuse, unique

_MOST_NAMED = 3  # node types in a sentence


def plan_pack(group: Group, given: Given, draft: Draft) -> None:
    """Add the action for these node types, or say why there is none. `group`: all needs of one pack, or of one type."""
    try:
        action = _action(group, given)
        if action.id in draft.actions:  # another node type of the same pack
            group = Group((*draft.wanted.pop(action.id).needs, *group.needs))
            action = _action(group, given)
    except NotPlanned as why:
        draft.leave(group, PACK, why)
    else:
        draft.take(action, group)


def _action(group: Group, given: Given) -> Action:
    finding = group.finding
    if any(fix.kind == "enable_pack" for fix in finding.fixes):
        return _enable(group, _here(finding.pack or "", given), given)
    if finding.code != "NODE001" or finding.weight != BLOCKED or any(fix.kind == "update" for fix in finding.fixes):
        reasons = [one.text for one in finding.evidence if one.kind == "import_failed"]
        raise NotPlanned(" ".join((finding.message, *reasons)), _first_fix(finding))
    resolution, best = _resolved(group)
    here = _installed(best, given)
    if here is not None and here.state == DISABLED:
        return _enable(group, here, given)
    if here is not None:
        broken = here.state == FAILED
        what = f"is here but fails to import: {here.reason}" if broken else "is here, without this node type"
        raise NotPlanned(f"{here.name} {what}.", f"{'Repair or update' if broken else 'Update'} the pack {here.name}.")
    judgement = given.policy.judge_pack(best)
    refuse(judgement.refused)
    task = PackTask(best.registry_id, best.repo, best.version, best.status, given.manager)
    return Action(
        id=action_id(INSTALL_PACK, best.registry_id.lower()),
        kind=INSTALL_PACK,
        title=best.title or best.registry_id,
        pack=_with_command(task, given),
        workflows=group.workflows,
        why=_brings(unique(need.finding.name for need in group.needs), resolution.why),
        chosen=resolution.rung == CHOSEN,
        risks=judgement.risks,
    )


def _enable(group: Group, pack: Pack | None, given: Given) -> Action:
    finding = group.finding
    if pack is None or not pack.path:
        raise NotPlanned(finding.message, _first_fix(finding))
    refuse(bad_pack((pack.name.removesuffix(".disabled"), *pack.ids), pack.version))
    registry_id = next((one for one in pack.ids if "/" not in one), "")
    repo = next((f"https://github.com/{one}" for one in pack.ids if one.count("/") == 1), "")
    task = PackTask(registry_id, repo, pack.version, "", given.manager, "", pack.path)
    return Action(
        id=action_id(ENABLE_PACK, pack.name.lower()),
        kind=ENABLE_PACK,
        title=pack.name.removesuffix(".disabled"),
        pack=_with_command(task, given),
        workflows=group.workflows,
        why=_brings(unique(need.finding.name for need in group.needs), "It is on this disk, switched off."),
        risks=(risk("runs_code", author="its author"),),
    )


def _with_command(task: PackTask, given: Given) -> PackTask:
    python = sys.executable if given.inventory.origin == "host" else ""  # inside ComfyUI it is ComfyUI's own
    try:
        return task._replace(command=command_for(task, given.place, python=python))
    except ComfyFixerError as error:  # a name that no command may hold
        raise NotPlanned(error.message, error.hint, code=CODE) from None


def _resolved(group: Group) -> tuple[Resolution, PackCandidate]:
    finding, resolution = group.finding, group.resolution
    if resolution is None:
        raise NotPlanned(finding.message, "Look up which pack brings it." if not finding.fixes else "Look it up first.")
    best = resolution.best
    if isinstance(best, PackCandidate):
        return resolution, best
    settle = f"{resolution.settle[0].rstrip('.')}." if resolution.settle else "Look it up again."
    if resolution.state == NOT_FOUND or not resolution.candidates:
        raise NotPlanned(resolution.why, settle)
    count = len(resolution.candidates)
    raise NotPlanned(
        resolution.why, f"Choose one of the {count} packs." if count > 1 else "Look at the one pack found."
    )


def _here(name: str, given: Given) -> Pack | None:
    return next((pack for pack in given.inventory.packs if pack.name == name), None)


def _installed(best: PackCandidate, given: Given) -> Pack | None:
    """The pack of this id or repository, where it is on this disk already."""
    repo = "/".join(repo_key(best.repo).split("/")[-2:])
    wanted = {one for one in (best.registry_id.lower(), repo) if one}
    for pack in given.inventory.packs:
        if wanted & {one.lower() for one in (*pack.ids, pack.name.removesuffix(".disabled"))}:
            return pack
    return None


def _brings(types: tuple[str, ...], why: str) -> str:
    more = len(types) - _MOST_NAMED
    named = [*types[:_MOST_NAMED], *([f"{more} more node types"] if more > 1 else types[_MOST_NAMED:])]
    return f"It brings {listed(named)}. {why}"


def _first_fix(finding: Finding) -> str:
    return finding.fixes[0].text if finding.fixes else "See the pack's own page."
