"""`tune`: what would make a workflow fit a given memory, and, with --write, the new version of it as an approved plan."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from ..actions.types import WRITE_VERSION, as_json, digest
from ..errors import UsageError
from ..files import to_json
from . import shared
from .approving import asked, given
from .consent import of_settings
from .explain import app_of, opened, sizes_of
from .running import kept, perform, print_ended
from .shared import CANNOT, FINDINGS, FINE, at_installation

if TYPE_CHECKING:
    from ..actions.running.session import Actions
    from ..actions.types import Plan
    from ..app import App
    from ..tuning.types import Change, Tuning
    from ..understanding.types import Subject, Tuned

GB = 1_000_000_000
GOALS = ("speed", "quality", "safety")
_MOST = 12  # changes that are printed; --json has them all


def tune(options: argparse.Namespace) -> int:
    """Propose changes; with --write, plan, ask for and write a new version. Exit code 1 where nothing is offered."""
    memory = int(options.memory * GB) if options.memory is not None else None
    if options.write or options.approve:
        return _write(options, memory)
    app = app_of(options)
    one = opened(app, options.path)
    told = _tuned(app, one, memory)
    chosen = _chosen(app, one, memory, options.change)
    if options.json:
        print(to_json({**told.as_json(), "name": one.name}))
    else:
        _print(told, options, chosen)
    return FINDINGS if told.tuning.none else FINE


def _chosen(app: App, one: Subject, memory: int | None, changes: list[str]) -> str:
    """What the workflow would want with the changes that are named, in a line. Raises ComfyFixerError `unknown_change`."""
    from ..understanding.tuning import estimated

    return estimated(app.understanding, one, memory, changes, sizes=sizes_of(app, one)).line if changes else ""


def _tuned(app: App, one: Subject, memory: int | None) -> Tuned:
    from ..understanding.tuning import tuned

    return tuned(app.understanding, one, memory, sizes=sizes_of(app, one))


# ---- the new version ----------------------------------------------------------------------------------------


def _write(options: argparse.Namespace, memory: int | None) -> int:
    place, state = at_installation(options)
    app = app_of(options)
    session = _session(options, app, state)
    if options.approve:
        made = kept(session, options.approve, place)
        answer = given(options, made)
    else:
        one = opened(app, options.path)
        told = _tuned(app, one, memory)
        if told.tuning.none or not told.tuning.changes:
            _nothing(options, told, one)
            return FINDINGS
        made = _plan(options, app, session, one, told.tuning, memory)
        _show(options, made)
        if not shared.at_terminal():
            if not options.json:
                again = shared.again(options, "tune", os.path.abspath(options.path), "--approve", digest(made))
                print(f"A dry run: nothing was done. To do it: {again}", file=sys.stderr)
            return FINDINGS
        answer = asked(made)
    if not answer.yes:
        return FINDINGS
    ended = perform(options, session, digest(made), answer.consents)
    if options.json:
        print(to_json({"schema": 1, "plan": as_json(made), "run": ended.run}))
    else:
        print_ended(options, ended)
    return CANNOT if ended.stopped else FINE if ended.settled else FINDINGS


def _session(options: argparse.Namespace, app: App, state: Any) -> Actions:
    from ..actions.running.session import Actions

    may = of_settings(state)
    return Actions(
        app, state=state, values=may.values, keys=may.keys, actor=shared.ACTOR, manager_url=options.url or ""
    )


def _plan(
    options: argparse.Namespace, app: App, session: Actions, one: Subject, tuning: Tuning, memory: int | None
) -> Plan:
    from ..understanding.tuning import planned, written

    changes = options.change or variant_of(tuning, options.goal)
    version = written(app.understanding, one, memory, changes, sizes=sizes_of(app, one))
    return planned(app, session, one, version)


def variant_of(tuning: Tuning, goal: str | None) -> tuple[str, ...]:
    """The changes of the variant for this goal, else of the first one. Raises UsageError where there is none for it."""
    found = next((one for one in tuning.variants if goal is None or one.key == goal), None)
    if found is None:
        offered = ", ".join(one.key for one in tuning.variants) or "none"
        raise UsageError("no_variant", f"There is no variant for {goal or 'it'}", f"There is: {offered}.")
    return found.changes


def _nothing(options: argparse.Namespace, told: Tuned, one: Subject) -> None:
    if options.json:
        print(to_json({**told.as_json(), "name": one.name}))
    else:
        _print(told, options)


def _show(options: argparse.Namespace, made: Plan) -> None:
    from ..reports.console import console, safe
    from ..reports.console_plan import print_plan

    if options.json and not shared.at_terminal():
        print(to_json({"schema": 1, "plan": as_json(made), "run": None}))
    else:
        out = console(error=True) if options.json else console()
        print_plan(made, out=out)
        version = next((one for one in made.actions if one.kind == WRITE_VERSION), None)
        if made.left_out and version is not None:
            again = shared.again(options, "fix", version.destination)
            out.print(f"  Once it is written, this looks up and fetches what it needs: {safe(again)}", style="dim")


# ---- in words -----------------------------------------------------------------------------------------------


def _print(told: Tuned, options: argparse.Namespace, chosen: str = "") -> None:
    from ..reports.console import console, safe

    out, tuning = console(), told.tuning
    out.print(safe(tuning.before.line or "How much memory it wants is not known."))
    if tuning.before.note:
        out.print(f"  {safe(tuning.before.note)}", style="dim")
    if tuning.before.unknown:
        out.print(f"  Not counted: {safe('; '.join(tuning.before.unknown))}.", style="dim")
    if tuning.none:
        out.print(safe(tuning.none))
    titles = {one.id: one.title for one in tuning.changes}
    for variant in tuning.variants:
        mark = " [dim](--goal " + variant.key + ")[/]"
        out.print(f"\n[bold]{safe(variant.title)}[/]{mark}  {safe(variant.estimate.line)}")
        out.print(f"  {safe(variant.why)}", style="dim")
        for id in variant.changes:
            out.print(f"  - {safe(titles.get(id, id))}")
    if tuning.changes:
        out.print("\n[bold]Changes, the most useful first[/]")
    for one in tuning.changes[:_MOST]:
        _print_change(out, one)
    if len(tuning.changes) > _MOST:
        out.print(f"  and {len(tuning.changes) - _MOST} more: --json lists them", style="dim")
    for sentence, source in tuning.advice:
        out.print(f"\n{safe(sentence)}" + (f" [dim]({safe(source)})[/]" if source else ""))
    if chosen:
        out.print(f"\nWith the changes named: {safe(chosen)}")
    if tuning.variants and told.file:
        again = shared.again(options, "tune", os.path.abspath(options.path), *_memory(options), "--write")
        out.print(f"\nTo write {safe(told.file)} beside it: {safe(again)}", style="dim")
    elif tuning.variants:
        out.print(f"\nNo new version can be written: {safe(told.why_not)}", style="dim")


def _memory(options: argparse.Namespace) -> tuple[str, ...]:
    return ("--memory", f"{options.memory:g}") if options.memory is not None else ()


def _print_change(out: Any, one: Change) -> None:
    from ..reports.console import safe
    from ..reports.words import size

    about = [f"{size(one.saves)} less" if one.saves else "", _time(one.time), _quality(one.quality)]
    told = ", ".join(part for part in about if part)
    out.print(f"  [bold]{safe(one.title)}[/]" + (f"  {told}" if told else "") + f"  [dim]{safe(one.id)}[/]")
    out.print(f"      {safe(one.effect)} {safe(one.reason)}", style="dim")
    if one.needs is not None and not one.needs.here:
        amount = f", {size(one.needs.size)}" if one.needs.size else ""
        out.print(f"      Needs {safe(one.needs.name)}{amount}, which is not here yet.", style="yellow")


def _time(factor: float | None) -> str:
    if factor is None or abs(factor - 1) < 0.05:
        return ""
    return f"{1 / factor:.1f} times as fast" if factor < 1 else f"{factor:.1f} times as long"


def _quality(quality: str) -> str:
    return "" if quality in ("same", "unknown") else f"quality {quality}"
