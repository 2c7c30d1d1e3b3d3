"""The journal in a terminal: what was done, when, with what licence, and whether it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..actions.entries import Entry, Reading
from ..actions.undo import Undone, can_undo
from . import words
from .console import console, safe
from .console_plan import VERB, below
from .console_run import CHECK

_EVENT = {
    "approved": ("approved", "cyan"),
    "begun": ("begun", "dim"),
    "done": ("done", "green"),
    "failed": ("failed", "red"),
    "paused": ("paused", "yellow"),
    "cancelled": ("cancelled", "yellow"),
    "skipped": ("skipped", "yellow"),
    "ended": ("ended", "dim"),
    "undone": ("undone", "magenta"),
    "undo_failed": ("not undone", "red"),
    "torn": ("torn", "yellow"),
}


def print_journal(
    shown: Sequence[Entry], reading: Reading, *, more: int, path: str, place: str, out: Any = None
) -> None:
    """These entries in this order. `more`: how many older ones are not shown; `path`: the journal's file."""
    out = out or console()
    said = ""
    for one in shown:
        whose = ", ".join(part for part in (f"Run {one.run}" if one.run else "", f"by {one.actor}") if part)
        if whose != said:
            said = whose
            out.print(safe(whose[:1].upper() + whose[1:]), style="bold dim")
        _print_entry(out, one, reading, place)
    if not shown:
        out.print("Nothing was done here yet.")
    if more:
        out.print(f"{words.plural(more, 'older entry', 'older entries')}: --limit N or --all shows them.", style="dim")
    if any(can_undo(one, reading.entries) for one in shown):
        out.print("To take something back: comfyfixersmart journal undo ID", style="dim")
    for lines, what in ((reading.damage, "changed after being written"), (reading.newer, "written by a newer version")):
        if lines:
            named = words.listed([str(one) for one in lines[:8]]) + (" …" if len(lines) > 8 else "")
            which = f"Line {named} of {safe(path)} was" if len(lines) == 1 else f"Lines {named} of {safe(path)} were"
            out.print(f"{which} {what}, and cannot be read.", style="red")


def _print_entry(out: Any, one: Entry, reading: Reading, place: str) -> None:
    word, colour = _EVENT.get(one.event, (one.event, "dim"))
    about = one.action or {}
    what = f"{safe(VERB.get(one.kind, one.kind))} [bold]{safe(str(about.get('title', '')))}[/]" if about else ""
    when = words.date(one.time, clock=True)
    undo = "  [dim]can be undone[/]" if can_undo(one, reading.entries) else ""
    out.print(f"{when:>13}  [{colour}]{safe(word):<10}[/] {what or safe(one.text)}  [dim]{safe(one.id)}[/]{undo}")
    for text, style in _details(one, place):
        out.print(f"{'':>13}  {safe(text)}", style=style)


def _details(one: Entry, place: str) -> Iterator[tuple[str, str | None]]:
    """What more there is to say of an entry."""
    if one.action and one.text:
        yield one.text, None
    for output in one.outputs[:4] if one.event in ("done", "failed", "undone", "undo_failed") else ():
        size = f", {words.size(output.size)}" if output.size is not None and output.after else ""
        gone = "" if output.after else ", no longer there"
        check = f", {CHECK[one.check]}" if one.check in CHECK and output.after else ""
        yield f"{below(output.path, place)}{size}{gone}{check}", None
    told = one.attribution or {}
    said = [str(told.get(name) or "") for name in ("source", "author", "page")]
    licence = str(told.get("licence") or "no licence given")
    if told and one.event == "done":
        yield ", ".join(part for part in (*said[:2], licence, said[2]) if part), "dim"
    for consent in one.consents:
        if isinstance(consent, dict):
            yield f"Confirmed for {consent.get('title', '')}: {consent.get('text', '')}", "dim"
    if one.error:
        yield " ".join(str(one.error.get(name) or "") for name in ("message", "hint")).strip(), "red"


def print_to_undo(chosen: Sequence[Entry], *, out: Any = None) -> None:
    """What would be taken back."""
    out = out or console(error=True)
    for one in chosen:
        about = one.action or {}
        when = words.date(one.time, clock=True)
        out.print(f"  {safe(VERB.get(one.kind, one.kind))} [bold]{safe(str(about.get('title', '')))}[/] of {when}")


def print_undone(found: Sequence[Undone], reading: Reading, *, out: Any = None) -> None:
    """What became of taking it back."""
    out = out or console()
    titles = {one.id: str((one.action or {}).get("title", "")) for one in reading.entries}
    for one in found:
        title = safe(titles.get(one.entry) or one.entry)
        if one.ok:
            out.print(f"  [green]✓[/] [bold]{title}[/]: {safe(one.text)}")
            continue
        error = one.error or {}
        said = " ".join(part for part in (error.get("message", ""), error.get("hint", "")) if part)
        out.print(f"  [red]✗[/] [bold]{title}[/]: {safe(said)}")
