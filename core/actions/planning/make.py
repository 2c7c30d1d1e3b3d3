"""Needs → Plan: every missing thing as an action, or left out with the reason. Pure but for what it is given to ask.

plan = make_plan(needs_of(app, checked, store), inventory=app.inventory, policy=Policy.load(values), disk=LocalDisk(…), …)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from ...inventory.types import Inventory
from ...readiness.types import INFO
from ..policy import Policy
from ..types import COMMAND, DOWNLOAD, KINDS, LINK, Action, LeftOut, Plan
from .files import plan_file
from .fit import fit
from .local import in_use, plan_misplaced, plan_renamed
from .packs import plan_pack
from .relinks import plan_relinks
from .settle import settle
from .types import OTHER, Announce, Disk, Draft, Given, Group, Need, NotPlanned, Recheck, kind_of, unique

MOST_OTHER = 50  # things to do by hand that are listed

Progress = Callable[[int, int, str], None]  # things planned, things in all, the name of the one at hand
_PLANNERS = {
    "MODEL001": plan_file,
    "MODEL004": plan_file,
    "MODEL002": plan_misplaced,
    "MODEL003": plan_renamed,
    "NODE001": plan_pack,
    "NODE002": plan_pack,
    "NODE003": plan_pack,
}


def make_plan(
    needs: Iterable[Need],
    *,
    inventory: Inventory,
    policy: Policy,
    disk: Disk,
    now: float,
    place: str,
    used: Collection[str] = (),
    leave_out: Collection[str] = (),
    prefer: Mapping[str, str] | None = None,
    manager: str = COMMAND,
    announce: Announce | None = None,
    graph: Callable[[str], bytes] | None = None,
    recheck: Recheck | None = None,
    keyed: Collection[str] = (),
    nonce: str = "",
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Plan:
    """The plan for these needs. Nothing is done.

    `now`: seconds since the epoch; `place`: the installation's folder; `used`: names of model files that workflows use as
    they are; `leave_out`: ids of actions that the person does not want; `prefer`: id → "move" or "link"; `manager`: the
    way to packs; `announce`: asks a source about a file whose hash is not known (None: nobody is asked); `graph`: the
    bytes of a workflow file; `recheck`: see Recheck; `keyed`: services that the person has a key for; `nonce`: what
    makes this plan one of its own. Raises ComfyFixerError `cancelled`, and nothing else for what cannot be planned.
    """
    asked = [need for need in needs if need.finding.weight != INFO]
    given = Given(
        inventory,
        policy,
        disk,
        place,
        in_use(inventory, used, asked),
        frozenset(keyed),
        dict(prefer or {}),
        manager,
        announce,
        graph,
        recheck,
        cancel,
    )
    draft = Draft()
    groups = _groups(asked)
    for done, group in enumerate(groups):
        given.check()
        if progress is not None:
            progress(done, len(groups), group.finding.name)
        planner = _PLANNERS.get(group.finding.code)
        if planner is not None:
            planner(group, given, draft)
    unwanted = frozenset(leave_out)
    for id in [id for id in draft.actions if id in unwanted]:
        draft.drop(
            id, kind_of(draft.actions[id]), NotPlanned("You left it out.", "Tick it again if you want it after all.")
        )
    settle(draft, given)
    volumes = fit(draft, given)
    plan_relinks(draft, given, unwanted)
    return Plan(
        made=now,
        expires=now + policy.plan_minutes * 60,
        place=place,
        workflows=unique(need.workflow for need in asked),
        actions=tuple(sorted(draft.actions.values(), key=_order)),
        left_out=(*_merged(draft.left_out), *_by_hand(groups)),
        volumes=volumes,
        at_once=policy.at_once,
        nonce=nonce,
    )


def _groups(needs: Iterable[Need]) -> list[Group]:
    """What several workflows lack alike, together, in the order in which it is first asked for."""
    found: dict[object, list[Need]] = {}
    for need in needs:
        found.setdefault(_key(need), []).append(need)
    return [Group(tuple(some)) for some in found.values()]


def _key(need: Need) -> object:
    one = need.finding
    key = need.resolution.key if need.resolution is not None else ""
    if one.code in ("NODE002", "NODE003") or (one.code == "NODE001" and need.resolution is None):
        return one.code, one.weight, one.pack or one.name
    return one.code, one.weight, one.name, one.folders, one.message, key, one.fixes


def _order(one: Action) -> tuple[object, ...]:
    """As a run does them: by kind, small downloads first, so that something runs soon; a link to what is fetched then."""
    size = (one.size is None, one.size or 0) if one.kind == DOWNLOAD else (False, 0)
    late = one.kind == LINK and bool(one.after)
    return KINDS.index(DOWNLOAD if late else one.kind), late, size, one.title.lower(), one.id


def _merged(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    """The same thing for the same reason once, with all workflows."""
    found: dict[object, LeftOut] = {}
    for one in left_out:
        key = one._replace(workflows=(), key="")
        known = found.get(key)
        found[key] = one if known is None else known._replace(workflows=unique((*known.workflows, *one.workflows)))
    return list(found.values())


def _by_hand(groups: Iterable[Group]) -> list[LeftOut]:
    """What only the person can do in the workflow itself: values, links, their own pictures."""
    listed = []
    for group in groups:
        one = group.finding
        if one.code not in _PLANNERS:
            hint = one.fixes[0].text if one.fixes else ""
            listed.append(LeftOut(one.name, OTHER, one.code, one.message, hint, workflows=group.workflows))
    listed = _merged(listed)
    if len(listed) <= MOST_OTHER:
        return listed
    rest = listed[MOST_OTHER:]
    more = LeftOut(
        f"{len(rest)} more", OTHER, rest[0].code, "More has to be done by hand.", "Open the workflows one by one.",
        workflows=unique(name for one in rest for name in one.workflows),
    )  # fmt: skip
    return [*listed[:MOST_OTHER], more]
