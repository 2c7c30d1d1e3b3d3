"""A plan as a person reads it in a terminal before approving it: what, from where, how big, under which licence, where to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..actions.types import (
    COMMAND,
    DOWNLOAD,
    ENABLE_PACK,
    HARD,
    INSTALL_PACK,
    LINK,
    MOVE,
    RELINK,
    WRITE_VERSION,
    Action,
    LeftOut,
    Offer,
    PackTask,
    Plan,
    Volume,
    digest,
)
from . import words
from .console import console, safe

VERB = {
    MOVE: "move",
    LINK: "link",
    DOWNLOAD: "download",
    RELINK: "new version",
    WRITE_VERSION: "new version",
    ENABLE_PACK: "enable",
    INSTALL_PACK: "install",
}
_CHECK_HASH = "SHA-256 known; checked while it downloads"
_CHECK_SIZE = "no SHA-256 known; only the size can be checked"
_CHECK_NONE = "neither SHA-256 nor size known; only the form can be checked"
_MOST_EDITS = 8
_MOST_LEFT = 20  # things not in the plan that are listed; --json has them all

Line = tuple[str, str, str]  # heading, text, style of rich


def print_plan(plan: Plan, *, out: Any = None) -> None:
    """The whole plan. `out`: a console of rich, by default standard output."""
    out = out or console()
    if plan.actions:
        out.print(f"[bold]The plan:[/] {amount(plan)}. Nothing has happened yet.")
    else:
        out.print("There is nothing that could be done by a plan." if plan.left_out else "There is nothing to do.")
    for action in plan.actions:
        _print_action(out, action, plan)
    if plan.left_out:
        out.print("\n[bold]Not in the plan[/]")
        for one in plan.left_out[:_MOST_LEFT]:
            _print_left(out, one)
        if len(plan.left_out) > _MOST_LEFT:
            out.print(f"  and {len(plan.left_out) - _MOST_LEFT} more: --json lists them", style="dim")
    if plan.actions:
        out.print("")
    for volume in plan.volumes:
        out.print(f"  Disk of {safe(below(volume.path, plan.place))}: {_room(volume)}.", style="dim")
    if plan.actions:
        until = words.date(plan.expires, clock=True)
        out.print(f"  Digest {digest(plan)}", style="dim")
        out.print(f"  Good until {until}. If a source then serves something else, the run stops.", style="dim")


def _room(volume: Volume) -> str:
    need, free, rest = (words.size(count) for count in (volume.needed, volume.free, volume.free - volume.needed))
    left = f"{rest} afterwards" if volume.free >= volume.needed else "which is not enough"
    return f"{need} needed, {free} free now, {left}"


def amount(plan: Plan) -> str:
    """ "5 actions, 6.8 GB to download"."""
    parts = [words.plural(len(plan.actions), "action")]
    if any(one.kind == DOWNLOAD for one in plan.actions):
        parts.append(f"{'over ' if plan.unsized else ''}{words.size(plan.bytes)} to download")
    return ", ".join(parts)


def _print_action(out: Any, action: Action, plan: Plan) -> None:
    told = words.size(action.size) if action.kind == DOWNLOAD and action.size is not None else VERB[action.kind]
    out.print(f"\n  [bold]{safe(action.title)}[/]  {told}  [dim]{safe(action.id)}[/]")
    for heading, text, style in lines(action, plan):
        out.print(f"      {heading:<9} {safe(text)}", style=style or None)


def lines(action: Action, plan: Plan) -> Iterator[Line]:
    """What is told of one action, each line with its heading and style."""
    yield from _WHAT[action.kind](action, plan.place)
    if len(plan.workflows) > 1 and action.workflows:
        yield "For", words.listed(action.workflows[:6]) + (" …" if len(action.workflows) > 6 else ""), "dim"
    if action.why:
        yield "Why", action.why + (" Chosen by you." if action.chosen else ""), "dim"
    for risk in action.risks:
        yield "Mind", risk.text, "yellow"
        yield from (("", f"Where to turn: {address}", "dim") for address in risk.help)
        if risk.consent:
            yield "", f"You are asked ({risk.code}): {risk.consent}", "yellow"


def _move(action: Action, place: str) -> Iterator[Line]:
    yield "From", below(action.origin, place), ""
    yield "To", below(action.destination, place), ""
    yield "Undo", "any time, from the journal", "dim"


def _link(action: Action, place: str) -> Iterator[Line]:
    kind = "a second name of the same file" if action.link == HARD else "a symbolic link"
    yield "Lies at", below(action.origin, place), ""
    yield "To", f"{below(action.destination, place)}, {kind}", ""


def _download(action: Action, place: str) -> Iterator[Line]:
    first, *more = action.offers or (Offer("", "", "", ""),)
    yield "From", ", ".join(part for part in (first.by, first.repo, first.revision[:12]) if part), ""
    yield from (("", text, "dim") for text in (first.page,) if text)
    if more:
        yield "", f"the very same file also at {words.listed(sorted({one.by for one in more}))}", "dim"
    yield "To", below(action.destination, place), ""
    if action.aside:
        yield "", f"the damaged file there is kept as {os.path.basename(action.aside)}", "dim"
    yield "Author", first.author or "not given", ""
    yield "Licence", first.licence or "none given", "" if first.licence else "yellow"
    check = _CHECK_HASH if action.sha256 else _CHECK_SIZE if action.size is not None else _CHECK_NONE
    yield "Check", check, "" if action.sha256 else "yellow"
    if first.gate:
        yield "Gate", first.gate_text or first.gate.replace("_", " "), "yellow"


def _relink(action: Action, place: str) -> Iterator[Line]:
    yield "To", below(action.destination, place), ""
    changes = list(dict.fromkeys((one.before, one.after) for one in action.edits))
    for at, (before, after) in enumerate(changes[:_MOST_EDITS]):
        yield "" if at else "Changes", f"{before} → {after}", ""
    if len(changes) > _MOST_EDITS:
        yield "", f"and {len(changes) - _MOST_EDITS} more: --json lists them", "dim"
    yield "Original", f"{below(action.origin, place)} stays as it is", "dim"


def _pack(action: Action, place: str) -> Iterator[Line]:
    task = action.pack or PackTask()
    if task.version:
        yield "Version", f"{task.version}{f', {task.status} in the Comfy Registry' if task.status else ''}", ""
    yield from (("Page", text, "dim") for text in (task.repo,) if text)
    if task.folder:
        yield "Lies at", below(task.folder, place), ""
    if task.through != COMMAND:
        yield "Through", "ComfyUI-Manager; ComfyUI must be restarted afterwards", ""
        return
    yield "By hand", "paste this, then restart ComfyUI:" if task.command else "see its own page", "yellow"
    yield from (("", line, "") for line in task.command.splitlines())


_WHAT = {
    MOVE: _move,
    LINK: _link,
    DOWNLOAD: _download,
    RELINK: _relink,
    WRITE_VERSION: _relink,
    ENABLE_PACK: _pack,
    INSTALL_PACK: _pack,
}


def below(path: str, place: str) -> str:
    """A path as people say it: from the installation's folder on, where it lies in there."""
    if place and path.startswith(place.rstrip("/\\") + os.sep):
        return path[len(place.rstrip("/\\")) + 1 :].replace("\\", "/")
    return path


def _print_left(out: Any, one: LeftOut) -> None:
    key = f"  [dim]key {safe(one.key[:8])}[/]" if one.key else ""
    out.print(f"  {one.code:<9} [bold]{safe(one.name)}[/]{key}")
    for text, style in ((one.why, ""), (one.hint, "dim"), *((address, "dim") for address in one.help)):
        if text:
            out.print(f"            {safe(text)}", style=style or None)


def question(plan: Plan) -> str:
    """ "Approve these 5 actions (12.3 GB)? [y/N]"."""
    count = len(plan.actions)
    which = "this action" if count == 1 else f"these {count} actions"
    size = f" ({'over ' if plan.unsized else ''}{words.size(plan.bytes)})" if plan.bytes or plan.unsized else ""
    return f"Approve {which}{size}? [y/N]"
