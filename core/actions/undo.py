"""Takes back what the journal says was done: what we brought goes into an undo folder, what we moved goes back.

Nothing is overwritten and nothing is deleted, so that an undo can be undone by hand. A file that is not the one that we
brought any more is left alone, and the reason is said. Run again after a kill, an undo recognises what it did already.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..errors import ComfyFixerError
from .entries import Entry, Reading
from .journal import Journal
from .moving import failed, put
from .recognised import differs, same
from .types import (
    DOWNLOAD,
    ENABLE_PACK,
    INSTALL_PACK,
    LINK,
    MOVE,
    RELINK,
    WRITE_VERSION,
    ActionFailed,
    Json,
    Output,
)
from .undo_folder import SUFFIX, place, undone_names

_BROUGHT = frozenset({DOWNLOAD, LINK, RELINK, WRITE_VERSION})
_PACKS = frozenset({ENABLE_PACK, INSTALL_PACK})
UNDOABLE = _BROUGHT | {MOVE}


class Undone(NamedTuple):
    """What became of taking one entry back. `text`: what people read; `error`: code, message and hint."""

    entry: str
    ok: bool
    text: str = ""
    error: Json | None = None


def can_undo(entry: Entry, entries: Iterable[Entry]) -> bool:
    """Whether this entry is of something that can be taken back and was not. `entries`: all that the journal holds."""
    return entry.event == "done" and _undoable(entry) and entry.id not in _taken_back(entries)


def undo(
    journal: Journal, entries: Sequence[str] | str, *, actor: str, known_roots: Collection[str] = ()
) -> list[Undone]:
    """Take back these entries (ids), or all of one run (its id), the newest first. Each is journalled.

    `known_roots`: every folder that ComfyUI lists, for models and for workflows: undo folders lie outside of them. What
    cannot be taken back is said and stays as it is. Raises UnreadableFile where the journal cannot be read,
    ComfyFixerError `busy` where another process undoes something at this moment; OSError.
    """
    with _alone(journal):
        return _undo(journal, entries, actor, known_roots)


@contextlib.contextmanager
def _alone(journal: Journal) -> Iterator[None]:
    """One at a time, of all processes: else one could take away again what another one has just put back."""
    from .running.claims import Claims

    try:
        claim = Claims(journal.path.parent).take("undo")
    except ComfyFixerError:
        raise ComfyFixerError("busy", "Something is being undone at this moment.", "Wait for its end.") from None
    try:
        yield
    finally:
        claim.release()


def _undo(journal: Journal, entries: Sequence[str] | str, actor: str, known_roots: Collection[str]) -> list[Undone]:
    reading = journal.read()
    found = {one.id: one for one in reading.entries}
    back = _taken_back(reading.entries)
    if isinstance(entries, str):
        wanted = [one for one in reading.entries if one.run == entries and one.event == "done"]
        ids = [one.id for one in wanted if one.id not in back and (_undoable(one) or one.kind in _PACKS)]
    else:
        ids = list(dict.fromkeys(entries))
    ids.sort(key=lambda id: -found[id].line if id in found else 0)
    return [_undo_one(journal, id, found.get(id), reading, back, actor, known_roots) for id in ids]


def _undoable(entry: Entry) -> bool:
    return entry.kind in UNDOABLE and bool(_brought(entry))


def _brought(entry: Entry) -> list[Output]:
    """What lies on the disk through this entry. A file whose place another one was moved out of is ours too."""
    about = entry.action or {}
    aside = str(about.get("aside", ""))
    replaced = (
        str(about.get("destination", "")) if any(one.path == aside and one.after for one in entry.outputs) else ""
    )
    came = [one for one in entry.outputs if one.after and (not one.before or one.path == replaced)]
    return [one for one in came if one.path != aside]


def _taken_back(entries: Iterable[Entry]) -> set[str]:
    return {one.undoes for one in entries if one.event == "undone"}


def _undo_one(
    journal: Journal,
    id: str,
    entry: Entry | None,
    reading: Reading,
    back: set[str],
    actor: str,
    known_roots: Collection[str],
) -> Undone:
    try:
        if entry is None:
            raise ActionFailed("unknown_entry", "The journal has no such entry.", "Look at the journal again.")
        _may(entry, reading, back)
        try:
            outputs, text = (_moved_back if entry.kind == MOVE else _put_away)(entry, known_roots)
        except ActionFailed as why:
            with contextlib.suppress(OSError):
                journal.write("undo_failed", actor=actor, about=entry, error=why, outputs=why.outputs)
            raise
        try:
            journal.write("undone", actor=actor, about=entry, outputs=outputs, text=text)
        except OSError as error:
            told = f"{text}. But that could not be written down: {error.strerror or error}."
            raise ActionFailed("not_written", told, "Free some space, then undo it again.") from None
    except ComfyFixerError as why:
        return Undone(id, False, "", {"hint": "", **why.as_json()})
    return Undone(id, True, text)


def _may(entry: Entry, reading: Reading, back: set[str]) -> None:
    """Raise ActionFailed where an entry is none that can be taken back."""
    title = str((entry.action or {}).get("title", "")) or "This"
    if entry.id in back:
        raise ActionFailed("undone_already", f"{title} was undone before.", "Nothing is left to do.")
    if entry.event == "done" and entry.kind in _PACKS:
        raise ActionFailed("pack", f"{title} is a node pack, and packs are not ours to remove.", _MANAGER)
    if entry.event != "done" or not _undoable(entry):
        raise ActionFailed("nothing_to_undo", f"{title} brought nothing that could be taken back.")
    if lines := reading.unread_after(entry):
        said = ", ".join(map(str, lines[:5])) + (" …" if len(lines) > 5 else "")
        raise ActionFailed(
            "journal_damaged",
            f"What became of {title} later cannot be told: the journal cannot be read at line {said}.",
            "Look at those lines of journal.jsonl, and move the file by hand.",
        )


_MANAGER = "Remove it in ComfyUI-Manager."


# ---- what is done -------------------------------------------------------------------------------------------

_Did = tuple[tuple[Output, ...], str]  # what lies where now, and the words for it


def _put_away(entry: Entry, known_roots: Collection[str]) -> _Did:
    """What we brought goes into the undo folder; what lay in its place before comes back."""
    about = entry.action or {}
    aside, destination = str(about.get("aside", "")), str(about.get("destination", ""))
    outputs: list[Output] = []
    for one in sorted(_brought(entry), key=lambda one: one.path != destination):
        try:
            outputs += _put_one_away(entry, one, known_roots)
        except ActionFailed:
            if not outputs:
                raise  # what else there is, such as a download that was kept aside, may stay
    text = f"Moved to {outputs[1].path}"
    if aside and os.path.lexists(aside):
        _rename(aside, destination, tuple(outputs))
        outputs += [Output(aside, True, False), Output(destination, False, True)]
        text += ", and what lay there before is back"
    return tuple(outputs), text


def _put_one_away(entry: Entry, one: Output, known_roots: Collection[str]) -> list[Output]:
    about = entry.action or {}
    goal = place(one.path, str(about.get("root", "")), entry.run or entry.id, entry.time, known_roots)
    aside = str(about.get("aside", ""))
    if not os.path.lexists(one.path) or (differs(one.path, entry, one) and _came_back(one.path, aside)):
        for path in undone_names(goal):
            if not os.path.lexists(path):
                raise ActionFailed("gone", f"{one.path} is not there any more.", "It was moved or removed since.")
            if differs(path, entry, one) == "":  # put there by an undo that was killed before it could say so
                return [Output(one.path, False, False), Output(path, False, True, one.size, one.sha256)]
    same(one.path, entry, one)
    for path in undone_names(goal):
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            put(one.path, path)
        except FileExistsError:
            continue
        except OSError as error:
            raise failed(path, error) from None
        return [Output(one.path, True, False), Output(path, False, True, one.size, one.sha256)]
    raise ActionFailed("undo_folder_full", f"{goal} is taken a thousand times.", "Empty the undo folder.")


def _came_back(path: str, aside: str) -> bool:
    """Whether what lay there before was put back already, by an undo that was killed before it could say so."""
    if not aside or not os.path.lexists(aside):
        return bool(aside)
    return _one_file(path, aside)


def _one_file(one: str, other: str) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(os.lstat(one), os.lstat(other))
    return False


def _moved_back(entry: Entry, known_roots: Collection[str]) -> _Did:
    """What we moved goes back to where it was; a copy that we made for that goes into the undo folder."""
    gone = next((one for one in entry.outputs if one.before and not one.after), None)
    came = _brought(entry)
    aside = next((one for one in came if one.path.endswith(SUFFIX)), None)
    copy = next((one for one in came if one is not aside), None)
    if gone is None or copy is None:
        raise ActionFailed("nothing_to_undo", "The journal does not say where it was.", "Move it back by hand.")
    original = aside or copy
    text = f"Back at {gone.path}"
    if os.path.lexists(gone.path) and not _one_file(gone.path, original.path):
        finished = not os.path.lexists(original.path) and differs(gone.path, entry, original) == ""
        if not finished:
            raise ActionFailed(
                "origin_taken",
                f"Another file lies at {gone.path} now, and nothing is ever overwritten.",
                "Move that file away, then undo this again.",
            )
        outputs = [Output(original.path, False, False), Output(gone.path, False, True, original.size)]
    else:
        same(original.path, entry, original)
        _rename(original.path, gone.path, ())
        outputs = [Output(original.path, True, False), Output(gone.path, False, True, original.size)]
    if aside is not None:
        try:
            outputs += _put_one_away(entry, copy, known_roots)
        except ActionFailed as why:  # the original is back, which is what was asked for
            text += f"; {copy.path} stays: {why.message}"
    return tuple(outputs), text


def _rename(origin: str, destination: str, before: tuple[Output, ...]) -> None:
    """Raises ActionFailed with what was done `before` it."""
    try:
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        put(origin, destination)
    except FileExistsError:
        raise ActionFailed(
            "origin_taken",
            f"Another file lies at {destination} now, so {origin} stays there.",
            "Move that file away, then move this one back by hand.",
            outputs=before,
        ) from None
    except OSError as error:
        why = failed(destination, error)
        raise ActionFailed(why.code, why.message, why.hint, outputs=before) from None
