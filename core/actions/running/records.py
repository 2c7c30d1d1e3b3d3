"""The file of each run: what it is, what was confirmed, and how far each action is. Written anew at every change.

The journal says what happened; this says what is still to be done. A run that was killed is found here.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ...errors import ComfyFixerError, NewerSchema
from ...files import read_json, sweep, write_json
from ..types import Json
from .approval import Approval, approval_from

SCHEMA = 1
OWNER_ONLY = 0o600

_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


class Record(NamedTuple):
    """One run as it was last written. `run`: what `Run.as_json` gave."""

    run: Json
    approval: Approval


class Records:
    """Kept in `folder`, one file per run. None of them is ever removed."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._now = now

    def new(self) -> str:
        """A name for a run; later ones sort behind earlier ones."""
        return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(self._now()))}-{secrets.token_hex(4)}"

    def write(self, run: Json, approval: Approval) -> None:
        """Keep it. Raises OSError and NewerSchema."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = {"run": run, "approval": approval.as_json()}
        write_json(self.folder / f"{run['id']}.json", SCHEMA, body, indent=1, mode=OWNER_ONLY)

    def read(self, id: str) -> Record:
        """One run. Raises ComfyFixerError `unknown_run`, NewerSchema."""
        body = read_json(self.folder / f"{id}.json", SCHEMA) if _NAME.fullmatch(id) else None
        found = _record(body, id)
        if found is None:
            raise ComfyFixerError("unknown_run", "There is no such run.", "Make a new plan.")
        return found

    def last(self) -> Record | None:
        """The run that was begun last, passing over files that cannot be read."""
        for id in sorted(self._names(), reverse=True):
            with contextlib.suppress(ComfyFixerError, NewerSchema):
                return self.read(id)
        return None

    def plans(self) -> set[str]:
        """The digests of all plans that were run; what cannot be read names none."""
        found = set()
        for id in self._names():
            with contextlib.suppress(ComfyFixerError, NewerSchema):
                found.add(str(self.read(id).run["digest"]))
        return found

    def tidy(self) -> None:
        """Remove what a killed writer left."""
        sweep(self.folder)

    def _names(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            names = (name.removesuffix(".json") for name in os.listdir(self.folder) if name.endswith(".json"))
            return [name for name in names if _NAME.fullmatch(name)]
        return []


def _record(body: Json | None, id: str) -> Record | None:
    run = body.get("run") if body else None
    approval = approval_from(body.get("approval")) if body else None
    if not isinstance(run, dict) or approval is None:
        return None
    actions = run.get("actions")
    sound = (
        run.get("id") == id
        and run.get("digest") == approval.plan
        and isinstance(run.get("state"), str)
        and isinstance(run.get("started"), int | float)
        and isinstance(actions, list)
        and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in actions)
    )
    return Record(run, approval) if sound else None
