"""`journal`: what was done here, newest first, and `journal undo`, which takes it back."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..files import to_json
from . import shared
from .running import session_of
from .shared import FINDINGS, FINE, at_installation, progress_of

if TYPE_CHECKING:
    from ..actions.entries import Entry, Reading
    from ..place import Place

SCHEMA = 1
LIMIT = 20
_RUN = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


def journal(options: argparse.Namespace) -> int:
    """Print the journal, or undo. Exit code 1 when some of it cannot be read, or could not be undone."""
    if options.what and options.what[0] != "undo":
        raise UsageError("bad_usage", f"{options.what[0]!r} is nothing that journal does", "Write `journal undo ID`.")
    place, state = at_installation(options)
    log = session_of(options, place, state).journal
    reading = log.read()
    if options.what:
        return _undo(options, place, state, reading)
    quiet = () if options.all or options.of_run else ("begun",)
    shown = [one for one in reversed(reading.entries) if options.of_run in ("", one.run) and one.event not in quiet]
    if options.of_run and not shown:
        raise UsageError(
            "unknown_run", f"The journal has no run {options.of_run}", "`comfyfixersmart journal` lists them."
        )
    most = len(shown) if options.all else options.limit
    if options.json:
        print(to_json(_body(shown[:most], reading, len(shown) > most, log.path)))
    else:
        from ..reports.console_journal import print_journal

        print_journal(shown[:most], reading, more=len(shown) - len(shown[:most]), path=str(log.path), place=place.base)
    return FINDINGS if reading.damage or reading.newer else FINE


def _body(shown: Sequence[Entry], reading: Reading, more: bool, path: Path) -> dict[str, Any]:
    from ..actions.undo import can_undo

    return {
        "schema": SCHEMA,
        "entries": [{**one.as_json(), "can_undo": can_undo(one, reading.entries)} for one in shown],
        "more": more,
        "damage": list(reading.damage),
        "newer": list(reading.newer),
        "torn": list(reading.torn),
        "file": str(path),
    }


def _undo(options: argparse.Namespace, place: Place, state: Path, reading: Reading) -> int:
    """Take back what is named, once the person has said yes to it: at the terminal, or by naming it again."""
    named = options.what[1:]
    if not named:
        raise UsageError(
            "bad_usage", "Nothing is named that should be undone", "Give ids that `journal` prints, or a run's."
        )
    chosen = _chosen(named, reading)
    if not _confirmed(options, named, chosen):
        return FINDINGS
    from ..actions.undo import undo

    log = session_of(options, place, state).journal
    found = undo(log, [one.id for one in chosen], actor=shared.ACTOR, known_roots=_roots(options, place, state))
    if options.json:
        print(to_json({"schema": SCHEMA, "undone": [one._asdict() for one in found]}))
    else:
        from ..reports.console_journal import print_undone

        print_undone(found, reading)
    return FINE if all(one.ok for one in found) else FINDINGS


def _chosen(named: Iterable[str], reading: Reading) -> list[Entry]:
    """The entries that are meant; all of a run that can be taken back. Raises UsageError for what the journal has not."""
    from ..actions.undo import can_undo

    by_id = {one.id: one for one in reading.entries}
    found: dict[str, Entry] = {}
    for text in named:
        if text in by_id:
            found[text] = by_id[text]
            continue
        run = [one for one in reading.entries if _RUN.fullmatch(text) and one.run == text]
        if not run:
            raise UsageError("unknown_entry", f"The journal has no entry and no run {text}", "`journal` lists them.")
        able = [one for one in run if can_undo(one, reading.entries)]
        if not able:
            raise UsageError("nothing_to_undo", f"Nothing of the run {text} is left to undo", "See `journal --run`.")
        found.update({one.id: one for one in able})
    return list(found.values())


def _confirmed(options: argparse.Namespace, named: Sequence[str], chosen: Sequence[Entry]) -> bool:
    if options.confirm:
        if set(options.confirm) != set(named):
            raise UsageError(
                "not_confirmed", "What is confirmed is not what is to be undone", "Give each ID to --confirm again."
            )
        return True
    from ..reports.console_journal import print_to_undo
    from ..reports.words import plural

    print_to_undo(chosen)
    if not shared.at_terminal():
        again = " ".join(f"--confirm {one}" for one in named)
        print(f"Nothing was undone. To do it, add {again}", file=sys.stderr)
        return False
    if not shared.said_yes(f"Undo {plural(len(chosen), 'action')}? [y/N]"):
        print("Nothing was undone.", file=sys.stderr)
        return False
    return True


def _roots(options: argparse.Namespace, place: Place, state: Path) -> list[str]:
    """Every folder that ComfyUI lists: what is undone must lie where it no longer sees it."""
    with progress_of(options) as progress:
        inventory = place.inventory(state, progress)
    models = [path for folder in inventory.folders.values() for path in folder.paths]
    return [*models, *place.workflow_folders]
