"""Who has a run in hand: one process at a time, and one object in it.

Claims are numbered files, `<run>.<n>.claim`; the highest one counts. Whoever finds that its owner is gone makes the next
number, which only one can. A claim that was given back says so and stays, so that numbers never begin anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import threading
import time
from pathlib import Path

from ...errors import ComfyFixerError, NewerSchema
from ...files import read_json, write_json
from ..process import Process, began, same_boot, this_process
from ..types import Json

SCHEMA = 1
BEAT = 30.0  # seconds between two signs of life
SILENT = 180.0  # seconds without one after which another computer's claim counts no more
HALF_MADE = 60.0  # seconds after which a claim that holds nothing is one whose maker died
OWNER_ONLY = 0o600

_live: set[str] = set()  # nonces of the claims that objects of this process hold
_lock = threading.Lock()


class Claim:
    """This object's hold on a run. `release` it."""

    def __init__(self, path: Path, owner: Json) -> None:
        self._path = path
        self._owner = owner
        self._beaten = time.monotonic()

    def beat(self) -> None:
        """A sign of life, as often as you like."""
        if time.monotonic() - self._beaten >= BEAT:
            self._beaten = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self._path)

    def release(self) -> None:
        """Others may have it now."""
        with contextlib.suppress(OSError, NewerSchema):
            write_json(self._path, SCHEMA, {**self._owner, "released": True}, mode=OWNER_ONLY)
        with _lock:
            _live.discard(str(self._owner["nonce"]))


class Claims:
    """The claims on the runs in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, run: str) -> Claim:
        """The hold on this run. Raises ComfyFixerError `run_in_hand` where somebody has it; OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, path = self._last(run)
        if path is not None and self._held(path):
            raise _in_hand()
        owner = {**this_process()._asdict(), "nonce": secrets.token_hex(8)}
        path = self._folder / f"{run}.{number + 1}.claim"
        with _lock:
            _live.add(str(owner["nonce"]))
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
            with open(fd, "wb") as file:
                file.write(json.dumps({"schema": SCHEMA, **owner}).encode("ascii"))
        except BaseException as error:
            with _lock:
                _live.discard(str(owner["nonce"]))
            if isinstance(error, FileExistsError):
                raise _in_hand() from None
            raise
        return Claim(path, owner)

    def held(self, run: str) -> bool:
        """Whether somebody has this run in hand."""
        path = self._last(run)[1]
        return path is not None and self._held(path)

    def _last(self, run: str) -> tuple[int, Path | None]:
        shape = re.compile(re.escape(run) + r"\.([0-9]{1,9})\.claim")
        numbers = [0]
        with contextlib.suppress(FileNotFoundError):
            numbers += [int(found[1]) for name in os.listdir(self._folder) if (found := shape.fullmatch(name))]
        number = max(numbers)
        return number, self._folder / f"{run}.{number}.claim" if number else None

    def _held(self, path: Path) -> bool:
        age = abs(time.time() - _time_of(path))
        try:
            body = read_json(path, SCHEMA)
        except NewerSchema:
            return True
        if body is None:  # being written at this moment, or its maker died in between
            return age < HALF_MADE
        here, owner = this_process(), {name: body.get(name) for name in Process._fields}
        if body.get("released") or (owner["host"] == here.host and not same_boot(str(owner["boot"]), here.boot)):
            return False  # given back, or this computer was switched off since
        if (owner["host"], owner["space"]) != (here.host, here.space):
            return age < SILENT
        if (owner["pid"], owner["began"]) == (here.pid, here.began):
            with _lock:
                return body.get("nonce") in _live
        pid = owner["pid"]
        return type(pid) is int and owner["began"] == (began(pid) or None)


def _time_of(path: Path) -> float:
    with contextlib.suppress(OSError):
        return os.stat(path).st_mtime
    return 0.0


def _in_hand() -> ComfyFixerError:
    return ComfyFixerError(
        "run_in_hand",
        "Another ComfyUI, or the command line, has this run in hand.",
        "Let it end there, or pause it there and resume it here.",
    )
