"""New versions of workflows: `x.v2.json` beside `x.json`. The original stays as it is, and nothing is ever overwritten."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from ..errors import UnreadableFile
from ..files import open_plain, sweep
from .moving import failed, inside, put, status_of, sync_folder, taken, unchanged
from .splice import apply, parsed
from .types import RELINK, Action, ActionFailed, Control, Done, Output

MOST = 64 << 20  # bytes of a workflow file
_TEXT = "Written beside the original"
_VERSION = re.compile(r"(?P<stem>.+?)\.v(?P<number>[0-9]{1,6})\.json", re.IGNORECASE | re.DOTALL)


def version_of(name: str) -> tuple[str, int]:
    """The name of a workflow's first version, and the number of this one: "x.v3.json" → ("x.json", 3)."""
    found = _VERSION.fullmatch(name)
    return (f"{found['stem']}.json", int(found["number"])) if found else (name, 1)


def next_version(path: str) -> str:
    """The file for the next version of a workflow: one number above all that lie beside it. Raises OSError."""
    return Numbers().next(path)


class Numbers:
    """Which versions lie in which folders, and which were given out since. Each folder is read once."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, int]] = {}  # folder → name without its suffix → number

    def next(self, path: str) -> str:
        """The file for the next version of this workflow, never given out twice. Case tells no two apart. Raises OSError."""
        folder, name = os.path.split(path)
        last = self._last.get(folder)
        if last is None:
            last = self._last[folder] = {}
            for one in os.listdir(folder or "."):
                other, number = _numbered(one)
                last[other.casefold()] = max(number, last.get(other.casefold(), 1))
        stem = _numbered(name)[0]
        number = last[stem.casefold()] = last.get(stem.casefold(), 1) + 1
        return os.path.join(folder, f"{stem}.v{number}.json")


def _numbered(name: str) -> tuple[str, int]:
    first, number = version_of(name)
    return os.path.splitext(first)[0], number


def write_version(action: Action, control: Control) -> Done:
    """Write the new version of a workflow: its texts changed (relink), or the text that the plan holds (write_version).

    Raises ActionFailed: `changed_since` where the workflow is not the one that the plan was made for, `destination_taken`,
    `not_valid`, `outside`, `os_error`, `disk_full`.
    """
    control.check()
    inside(action.destination, action.root)
    path = action.destination
    if os.path.lexists(path) and action.sha256 and _sha256_of(path) == action.sha256:
        return _done(path, _read(path))  # what we were killed behind
    data = _outcome(action)
    if os.path.lexists(path):
        if _sha256_of(path) == hashlib.sha256(data).hexdigest():
            return _done(path, data)
        raise taken(path)
    control.check()
    try:
        _write_new(path, data)
    except FileExistsError:
        raise taken(path) from None
    except OSError as error:
        raise failed(path, error) from None
    control.tell(len(data), len(data))
    return _done(path, data)


def _done(path: str, data: bytes) -> Done:
    return Done((Output(path, False, True, len(data), hashlib.sha256(data).hexdigest()),), text=_TEXT)


def _outcome(action: Action) -> bytes:
    """The bytes of the new version, which are the ones that the plan names, and JSON."""
    origin = action.origin
    if origin:
        unchanged(origin, action)
    if action.kind == RELINK:
        data = apply(_read(origin), action.edits)
        unchanged(origin, action)
    else:
        data = action.content.encode("utf-8", "surrogatepass")
    if action.sha256 and hashlib.sha256(data).hexdigest() != action.sha256:
        raise ActionFailed(
            "changed_since", f"{origin} does not become what the plan promised.", "Check again, then make a new plan."
        )
    try:
        parsed(data)
    except (ValueError, RecursionError):
        raise ActionFailed(
            "not_valid", f"{action.title} would not be a valid workflow file.", "Please report it: it is our fault."
        ) from None
    return data


def _read(path: str) -> bytes:
    try:
        with open_plain(path) as (file, status):
            data = b"".join(iter(lambda: file.read(1 << 20), b"")) if status.st_size <= MOST else b""
    except UnreadableFile as error:
        raise ActionFailed(error.code, f"{path}: {error.message}", error.hint) from None
    return data


def _sha256_of(path: str) -> str:
    found = status_of(path)
    return hashlib.sha256(_read(path)).hexdigest() if found is not None else ""


def _write_new(path: str, data: bytes) -> None:
    """The whole file under its name at once, or not at all. Raises FileExistsError, OSError."""
    folder, name = os.path.split(path)
    sweep(Path(folder))
    temporary = os.path.join(folder, f".{name[:80]}.{secrets.token_hex(6)}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        put(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    sync_folder(folder)
