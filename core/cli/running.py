"""`apply`: a plan that was made before is shown, approved and run, or a run that was interrupted goes on."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..actions.types import as_json
from ..errors import ComfyFixerError, UsageError
from ..files import to_json
from . import shared
from .approving import Answer, asked, given
from .consent import of_settings
from .shared import CANNOT, FINDINGS, FINE, again, at_installation, polite

if TYPE_CHECKING:
    from ..actions.running.run import Run
    from ..actions.running.session import Actions
    from ..actions.types import Json, Plan
    from ..place import Place

SCHEMA = 1
_TICK = 0.1  # seconds between two looks at whether Ctrl-C was pressed
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST = 64 << 20  # bytes of a plan's file


def apply(options: argparse.Namespace) -> int:
    """Run a plan that is kept. Exit code 0 when all of it was done."""
    place, state = at_installation(options)
    if options.go_on == bool(options.plan):
        raise UsageError("bad_usage", "Name one plan, or --continue", "`comfyfixersmart plan` makes one.")
    session = session_of(options, place, state)
    if options.go_on:
        last = session.last()
        if last is None or not last["can_resume"]:
            raise ComfyFixerError("nothing_to_continue", "No run was interrupted.", "Make a plan, and apply it.")
        return _told(options, watched(options, lambda on_change: session.resume(last["id"], on_change)), None)
    name = named(options.plan)
    plan = kept(session, name, place)
    _compare(options.plan, plan)
    answer = _answer(options, plan, name)
    return _told(options, perform(options, session, name, answer.consents) if answer.yes else None, plan)


def _answer(options: argparse.Namespace, plan: Plan, name: str) -> Answer:
    """The yes, or no: given on the command line for this very digest, or asked at the terminal."""
    if options.approve:
        if options.approve != name:
            raise UsageError(
                "other_plan",
                "The digest that is approved is not that of the plan",
                "Read the plan, and approve its own digest.",
            )
        return given(options, plan)
    from ..reports.console import console
    from ..reports.console_plan import print_plan

    if not options.json:
        print_plan(plan)
    if not shared.at_terminal():
        hint = f"A dry run: nothing was done. To do it, add --approve {name}"
        print(hint, file=sys.stderr)
        return Answer()
    if options.json:
        print_plan(plan, out=console(error=True))
    answer = asked(plan)
    if answer.declined:
        without = [word for id in answer.declined for word in ("--leave-out", id)]
        print(f"Nothing was done. For a plan without it: {again(options, 'plan', *without)}", file=sys.stderr)
    return answer


def session_of(options: argparse.Namespace, place: Place, state: Path) -> Actions:
    """A session for what was planned before: it looks at no workflow and no model."""
    from ..actions.running.session import Actions
    from ..app import App
    from ..inventory.known import nothing

    may = of_settings(state)
    folders = {"base": place.base, "user": str(Path(place.base) / "user")} if place.base else {}
    app = App(replace(nothing("Nothing was looked at."), directories=folders), keep=False)
    url = options.url or ""
    return Actions(app, state=state, values=may.values, keys=may.keys, actor=shared.ACTOR, manager_url=url)


def kept(session: Actions, name: str, place: Place) -> Plan:
    """The plan of this digest. Raises ComfyFixerError `unknown_plan`, `plan_changed`, and `other_place` where it is not
    for this installation: several may keep their state in one folder."""
    plan = session.load(name)
    if os.path.realpath(plan.place) != os.path.realpath(place.base):
        raise ComfyFixerError(
            "other_place", f"The plan is for {plan.place}, and not for {place.base}.", "Name that one with --comfyui."
        )
    return plan


def named(text: str) -> str:
    """The digest that the person means: as it is, or of the plan in a file. Raises UsageError."""
    if _DIGEST.fullmatch(text):
        return text
    digest = _body(text).get("digest")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise UsageError("bad_plan", f"{text} is no plan", "Give what `plan --out FILE` wrote, or a digest.")
    return digest


def _body(path: str) -> Mapping[str, Any]:
    from ..files import read_small

    try:
        body = json.loads(read_small(path, _MOST) or b"")
    except ComfyFixerError:
        raise UsageError("bad_plan", f"{path} is neither a digest nor a file", "Look at the digest again.") from None
    except (ValueError, RecursionError):
        body = None
    return body if isinstance(body, dict) else {}


def _compare(text: str, plan: Plan) -> None:
    """A file only says which plan is meant; one that says something else of it is not believed."""
    if not _DIGEST.fullmatch(text) and json.loads(to_json(as_json(plan))) != _body(text):
        raise ComfyFixerError(
            "plan_changed", f"{text} is not the plan that was made under its digest.", "Make a new plan."
        )


# ---- the run -----------------------------------------------------------------------------------------------


class Ended(NamedTuple):
    """A run as it stands at the end of our waiting, and whether the person stopped it before."""

    run: Json
    stopped: bool

    @property
    def settled(self) -> bool:
        """Whether every action was done."""
        return all(one["state"] == "done" for one in self.run["actions"])


def perform(options: argparse.Namespace, session: Actions, digest: str, consents: Mapping[str, Sequence[str]]) -> Ended:
    """Approve and run."""
    session.approve(digest, consents)
    return watched(options, lambda on_change: session.start(digest, on_change))


def watched(options: argparse.Namespace, begin: Callable[[Callable[[Json], None]], Run]) -> Ended:
    """Wait for a run and show how far it is. The first Ctrl-C pauses it, the second ends at once; nothing is lost."""
    from ..reports.console_run import Bars

    def pausing() -> None:
        bars.say("Pausing. Ctrl-C again ends at once")

    with Bars(shown=not options.json and not options.quiet) as bars, polite(pausing) as pressed:
        run = begin(bars.update)
        paused = False
        while not run.wait(_TICK):
            if pressed() and not paused:
                paused = True
                run.pause()
        told = run.as_json()
        return Ended(told, pressed() and told["state"] in ("paused", "cancelled"))


def print_ended(options: argparse.Namespace, ended: Ended) -> None:
    """What became of the run, and what to paste to let it go on."""
    from ..reports.console_run import print_run

    print_run(ended.run)
    if ended.run["state"] == "paused":
        print(f"What was fetched is kept. To go on: {again(options, 'apply', '--continue')}")


def _told(options: argparse.Namespace, ended: Ended | None, plan: Plan | None) -> int:
    run = ended.run if ended is not None else None
    if options.json:
        print(to_json({"schema": SCHEMA, "plan": as_json(plan) if plan is not None else None, "run": run}))
    elif ended is not None:
        print_ended(options, ended)
    if ended is None:
        return FINDINGS
    return CANNOT if ended.stopped else FINE if ended.settled else FINDINGS
