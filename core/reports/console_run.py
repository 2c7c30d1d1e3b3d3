"""A run in a terminal: a bar for each file while bytes come in, then what became of each action and what is left to do.

Read from the run's JSON, which is what panel and command line are both told.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from ..actions.types import (
    CANCELLED,
    DONE,
    FAILED,
    MISMATCH,
    PAUSED,
    RUNNING,
    SIZE_ONLY,
    SKIPPED,
    UNVERIFIABLE,
    VERIFIED,
)
from . import words
from .console import console, headed, safe, short
from .console_plan import VERB
from .types import Entry

Json = Mapping[str, Any]

_SIGN = {DONE: "[green]✓[/]", FAILED: "[red]✗[/]", PAUSED: "[yellow]‖[/]", CANCELLED: "[dim]–[/]", SKIPPED: "[dim]–[/]"}
CHECK = {
    VERIFIED: "SHA-256 verified",
    SIZE_ONLY: "only the size could be checked",
    UNVERIFIABLE: "nothing but its form could be checked",
    MISMATCH: "not the file that was planned; kept aside",
}
_ENDS = {
    "done": "[green]Done.[/]",
    "failed": "[red]Not all of it succeeded.[/]",
    "paused": "[yellow]Paused.[/]",
    "cancelled": "[yellow]Cancelled.[/]",
    "voided": "[red]Stopped: the plan is void.[/]",
    "interrupted": "[yellow]Interrupted.[/]",
}


# Columns of a terminal → columns for the name and for the bar; the rest is for how far it is.
_WIDTHS = ((110, 40, 24), (90, 32, 14), (64, 22, 0), (0, 20, 0))
_BRIEF = 64  # columns below which only the share that is done is told


class Bars:
    """A bar for each action that runs, on standard error while it is a terminal; nothing otherwise. Used as a context.

    `update` may be called from any thread, `say` from a signal handler.
    """

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown and sys.stderr.isatty()
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._name = 0
        self._pace = pace
        self._note = ""
        self._lock = threading.Lock()

    def __enter__(self) -> Bars:
        if self._shown:
            from rich import progress
            from rich.console import Console

            out = Console(stderr=True)
            self._name, bar = next((name, bar) for least, name, bar in _WIDTHS if out.width >= least)
            self._pace = pace if out.width >= _BRIEF else share
            columns: list[Any] = [progress.TextColumn("{task.description}", markup=False)]
            columns += [progress.BarColumn(bar_width=bar)] if bar else []
            columns += [progress.TextColumn("{task.fields[amount]}", markup=False)]
            self._bars = progress.Progress(*columns, console=out, transient=True)
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        bars, self._bars = self._bars, None
        if bars is not None:
            bars.stop()

    def say(self, text: str) -> None:
        """What the person's last word has led to."""
        self._note = text  # no lock: whoever holds it may be the very thread that was interrupted

    def update(self, run: Json) -> None:
        """Show how far the run is."""
        with self._lock:
            bars = self._bars
            if bars is None:
                return
            running = {one["id"]: one for one in run["actions"] if one["state"] == RUNNING}
            for id in [id for id in self._tasks if id not in running]:
                bars.remove_task(self._tasks.pop(id))
            for id, one in running.items():
                told = {"total": one["size"], "completed": one["bytes"], "amount": self._pace(one)}
                if id not in self._tasks:
                    self._tasks[id] = bars.add_task(short(one["title"], self._name).ljust(self._name), **told)
                else:
                    bars.update(self._tasks[id], **told)
            over = f"{run['done']} of {run['total']} done" + (f". {self._note}" if self._note else "")
            if "" not in self._tasks:
                self._tasks[""] = bars.add_task(over, total=run["total"], completed=run["done"], amount=self._pace(run))
            else:
                bars.update(self._tasks[""], description=over, completed=run["done"], amount=self._pace(run))


def pace(one: Json) -> str:
    """ "1.2 GB of 6.7 GB, 48 MB/s, 2 min left", as far as it is known; else what it does."""
    size = one.get("size", one.get("bytes_total"))
    if not one.get("bytes") and not one.get("speed"):
        return words.visible(one.get("note") or "")
    parts = [f"{words.size(one['bytes'])} of {words.size(size)}" if size else words.size(one["bytes"])]
    parts += [f"{words.size(round(one['speed']))}/s"] if one.get("speed") else []
    parts += [f"{_left(one['left'])} left"] if one.get("left") is not None else []
    parts += [words.visible(one["note"])] if one.get("note") and not one.get("speed") else []
    return ", ".join(parts)


def share(one: Json) -> str:
    """ "37 %", for a narrow terminal."""
    size = one.get("size", one.get("bytes_total"))
    return f"{100 * one['bytes'] // size} %" if size else ""


def _left(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 60 else words.span(seconds)


def print_run(run: Json, *, out: Any = None) -> None:
    """What became of every action, and what to do about those that did not succeed."""
    out = out or console()
    for one in run["actions"]:
        _print_action(out, one)
    yours = sum(map(_by_hand, run["actions"]))
    counts = f"{run['done']} of {words.plural(run['total'], 'action')} done{f', {yours} left to you' if yours else ''}."
    end = "" if yours and not run["done"] and run["state"] == DONE else _ENDS.get(run["state"], "")
    out.print(f"{end} {counts}".strip())
    error = run.get("error")
    if error:
        out.print(f"  {safe(' '.join(part for part in (error['message'], error.get('hint', '')) if part))}")
    if run["needs_restart"]:
        out.print("Restart ComfyUI to load the new packs.")


def _print_action(out: Any, one: Json) -> None:
    sign = _SIGN.get(one["state"], "·")
    told = [one["text"] or one["note"], CHECK.get(one["check"], "")]
    said = ", ".join(part.rstrip(".") for part in told if part)
    out.print(
        f"  {sign} {safe(str(VERB.get(one['kind'], one['kind'])))} [bold]{safe(one['title'])}[/]{f': {safe(said)}' if said else ''}"
    )
    error = one["error"]
    if error and error["message"] != one["text"]:
        out.print(f"      {safe(error['message'])}", style="red" if one["state"] == FAILED else "yellow")
        if error.get("hint") and not one["command"]:
            out.print(f"      {safe(error['hint'])}", style="dim")
    if one["command"] and one["state"] != DONE:
        out.print("      Paste this, then restart ComfyUI:", style="yellow")
        for line in one["command"].splitlines():
            out.print(f"      {safe(line)}")
    elif _by_hand(one):
        out.print("      No command is made for it: see the pack's own page.", style="yellow")


def _by_hand(one: Json) -> bool:
    """Whether it was left to the person, by a run that went well; what else was skipped has a note, and no text."""
    return bool(one["state"] == SKIPPED and one["text"])


def print_changes(before: Mapping[str, str], after: Sequence[Entry], *, out: Any = None) -> None:
    """What turned runnable, and what is left. `before`: status by workflow; one that is not in it is new."""
    out = out or console()
    good = [one for one in after if one.readiness.status in words.GOOD]
    turned = [one for one in good if before.get(one.name) != one.readiness.status]
    left = [one for one in after if one.readiness.status not in words.GOOD]
    for title, some in (("Turned runnable", turned), ("Left", left)):
        if some:
            out.print(f"[bold]{title}[/]")
            for one in some:
                out.print(f"  {headed(one)}{'  (new)' if one.name not in before else ''}")
    if not left:
        out.print("Nothing is left to do." if after else "No workflow was found there.")
