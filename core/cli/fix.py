"""`plan` and `fix`: what would make the workflows run, and doing just that once it is approved."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..actions.types import as_json, digest
from ..errors import UsageError
from ..files import to_json, write_atomic
from . import shared
from .approving import Answer, asked, given
from .consent import Allowed, allowed
from .looking import Found, Looked, current, look_up, looked_at
from .running import Ended, kept, perform, print_ended
from .shared import CANNOT, FINDINGS, FINE, at_installation, progress_of

if TYPE_CHECKING:
    from ..actions.running.session import Actions
    from ..actions.types import Plan
    from ..place import Place
    from ..record import Checked

SCHEMA = 1
_HERE = ("MODEL002", "MODEL003")  # what may be settled by moving a file that another workflow uses
_PREFERENCES = ("link", "move")


class _Work(NamedTuple):
    """What a plan is made from."""

    options: argparse.Namespace
    place: Place
    state: Path
    looked: Looked
    may: Allowed


def plan(options: argparse.Namespace) -> int:
    """Make, keep and print a plan. Exit code 0 when it leaves nothing out."""
    work = _begin(options)
    found = _find(work)
    if found is None:
        return CANNOT
    made = _make(work, _session(work), options.leave_out)
    if options.out:
        write_atomic(Path(options.out), to_json(as_json(made)) + "\n")
    if options.json:
        print(to_json(as_json(made)))
    else:
        _show(made)
        if made.actions:
            print(f"To do it: {_again(work, 'apply', digest(made))}")
    return FINDINGS if made.left_out else FINE


def fix(options: argparse.Namespace) -> int:
    """Scan, look up, plan, ask, apply and scan again. Exit code 0 when nothing is left to do."""
    work = _begin(options)
    found = Found({}, {}, (), False) if options.approve else _find(work)
    if found is None:
        return CANNOT
    session = _session(work)
    made, answer = _approved(work, session) if options.approve else _asked(work, session)
    ended = perform(options, session, digest(made), answer.consents) if answer.yes else None
    if ended is not None and not options.json:
        print_ended(options, ended)
    after = _scan_again(work) if ended is not None and not ended.stopped else None
    _tell(work, found, made, ended, after)
    if ended is not None and ended.stopped:
        return CANNOT
    if ended is None and made.actions:
        return FINDINGS
    settled = ended is None or ended.settled
    return FINE if settled and not _blocked(after or work.looked) else FINDINGS


# ---- before ------------------------------------------------------------------------------------------------


def _begin(options: argparse.Namespace) -> _Work:
    """Check the workflows, and learn who may be asked."""
    place, state = at_installation(options)
    _preferences(options)
    with progress_of(options) as progress:
        looked = looked_at(options, place, state, progress, versions=True)
    newest = {(one.path, one.name) for one in current(looked.checked)}
    pairs = zip(looked.checked, looked.wants, strict=True)
    lacks = [wants if (one.path, one.name) in newest else {} for one, wants in pairs]
    looked = looked._replace(wants=lacks)  # an older version would get the same new version once more
    # A plan that is approved already was made from what was looked up then.
    wants = [] if getattr(options, "approve", None) else looked.all()
    may = allowed(options, state, wants)
    if may.hint:
        print(may.hint, file=sys.stderr)
    return _Work(options, place, state, looked, may)


def _find(work: _Work) -> Found | None:
    """Look up what is missing; None where the person ended it."""
    found = look_up(work.options, work.place, work.state, work.looked, work.may)
    if found.ended:
        print("Cancelled. What was found is kept.", file=sys.stderr)
        return None
    return found


def _session(work: _Work) -> Actions:
    from ..actions.running.session import Actions

    may, url = work.may, work.options.url or ""
    return Actions(
        work.looked.app, state=work.state, values=may.values, keys=may.keys, actor=shared.ACTOR, manager_url=url
    )


def _make(work: _Work, session: Actions, leave_out: Sequence[str]) -> Plan:
    """The plan, which is kept."""
    looked = work.looked
    wanted = current(looked.checked)
    codes = {one.code for checked in wanted for one in checked.readiness.findings}
    with progress_of(work.options) as progress:
        everyone: list[Checked] = looked.checked
        if codes & set(_HERE):
            from ..library import find

            everyone = [*everyone, *looked.app.check(find(work.place.workflow_folders, media=False))]
        progress.say("Planning")
        return session.plan(
            wanted,
            leave_out=leave_out,
            prefer=_preferences(work.options),
            everyone=everyone,
            progress=progress.count,
        )


def _preferences(options: argparse.Namespace) -> dict[str, str]:
    found = {}
    for text in options.prefer:
        id, equals, way = text.partition("=")
        if not equals or way not in _PREFERENCES:
            raise UsageError("bad_preference", f"{text!r} prefers nothing", "Write ID=link or ID=move.")
        found[id.strip()] = way
    return found


# ---- the yes -----------------------------------------------------------------------------------------------


def _approved(work: _Work, session: Actions) -> tuple[Plan, Answer]:
    """A plan that was made and read before, with the yes that stands on the command line."""
    made = kept(session, work.options.approve, work.place)
    return made, given(work.options, made)


def _asked(work: _Work, session: Actions) -> tuple[Plan, Answer]:
    """A new plan, and the person's answer to it. What they do not consent to is taken out, and the rest asked anew."""
    left = list(work.options.leave_out)
    while True:
        made = _make(work, session, left)
        _show(made, work.options)
        if not made.actions:
            return made, Answer()
        if not shared.at_terminal():
            print(
                f"A dry run: nothing was done. To do it: {_again(work, 'fix', '--approve', digest(made))}",
                file=sys.stderr,
            )
            return made, Answer()
        answer = asked(made)
        if not answer.declined:
            return made, answer
        left += answer.declined
        print("Without what you declined:", file=sys.stderr)


# ---- afterwards --------------------------------------------------------------------------------------------


def _scan_again(work: _Work) -> Looked:
    with progress_of(work.options) as progress:
        return looked_at(work.options, work.place, work.state, progress, versions=True)


def _blocked(looked: Looked) -> bool:
    return any(one.readiness.status in ("blocked", "unreadable") for one in current(looked.checked))


def _tell(work: _Work, found: Found, made: Plan, ended: Ended | None, after: Looked | None) -> None:
    run = ended.run if ended is not None else None
    before = {one.name: one.readiness.status for one in work.looked.checked}
    now = current(after.checked) if after is not None else None
    if work.options.json:
        status = {one.name: one.readiness.status for one in now} if now is not None else {}
        body = {
            "schema": SCHEMA,
            "plan": as_json(made),
            "run": run,
            "workflows": [
                {"name": name, "before": before.get(name), "after": status.get(name)}
                for name in dict.fromkeys((*before, *status))
            ],
            "requests": dict(found.requests),
            "asked": list(found.asked),
        }
        print(to_json(body))
    elif now is not None:
        from ..record import entry
        from ..reports.console_run import print_changes

        print_changes(before, [entry(one) for one in now])


def _show(made: Plan, options: argparse.Namespace | None = None) -> None:
    """The plan as people read it; beside JSON only for somebody who is about to be asked."""
    from ..reports.console import console
    from ..reports.console_plan import print_plan

    if options is None or not options.json:
        print_plan(made)
    elif shared.at_terminal():
        print_plan(made, out=console(error=True))


def _again(work: _Work, command: str, *more: str) -> str:
    """The same for the same workflows, to be pasted."""
    paths = [os.path.abspath(one) for one in work.options.paths] if command == "fix" else []
    return shared.again(work.options, command, *paths, *more)
