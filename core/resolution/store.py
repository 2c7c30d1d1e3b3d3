"""What was found is kept: one small file per question, and the person's own choices in a file of their own.

A killed run loses nothing that was found. Verdicts can be made again and go when they are old; choices stay.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ComfyFixerError, NewerSchema
from ..files import read_json, sweep, write_json
from ..sources.names import base
from ..sources.types import Candidate
from .types import CHOSEN, FILE, RESOLVED, Choice, Resolution, Want, from_json, to_json

SCHEMA = 1
DAY = 86400.0
FRESH = {RESOLVED: 7 * DAY}  # how long a verdict stands before it is asked anew
FRESH_OTHER, FRESH_SILENT = DAY, DAY / 24  # UNCERTAIN and NOT_FOUND; with a silent source
OLD = 90 * DAY  # nobody looked for it since
MOST = 5000  # verdicts kept
MOST_REASON = 300  # characters


class Store:
    """The verdicts and choices of one person. `folder` None keeps them in memory only. Safe to use from several threads:
    every write replaces one whole file."""

    def __init__(self, folder: Path | None, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder / "resolutions" if folder is not None else None
        self._choices_path = folder / "choices.json" if folder is not None else None
        self._now = now
        self._kept: dict[str, tuple[Resolution, frozenset[str]] | None] = {}
        self._files: dict[str, list[str]] | None = None  # hash of the name → file names
        self._chosen: dict[str, Any] | None = None

    # ---- verdicts --------------------------------------------------------------------------------------

    def any(self) -> bool:
        """Whether anything was ever looked up."""
        return bool(self._kept or self._listing())

    def get(self, key: str) -> Resolution | None:
        """The verdict on this question as it was last found, with the person's choice laid over it."""
        found = self._entry(key)
        return self._with_choice(found[0]) if found is not None else None

    def fresh(self, want: Want, enabled: Collection[str]) -> Resolution | None:
        """The verdict, when it is young enough and was found with at least the services that may be asked now."""
        found = self._entry(want.key)
        if found is None:
            return None
        one, asked = found
        life = FRESH_SILENT if one.silent else FRESH.get(one.state, FRESH_OTHER)
        young = 0 <= self._now() - one.when < life
        return self._with_choice(one) if young and set(enabled) <= asked else None

    def put(self, one: Resolution, enabled: Collection[str]) -> Resolution:
        """Keep a verdict; gives it back with the person's choice laid over it. Raises OSError and NewerSchema."""
        asked = frozenset(enabled)
        if len(self._kept) > MOST:
            self._kept.clear()
        self._kept[one.key] = (one, asked)
        if self._folder is not None:
            path = self._path(one.key, one.name)
            write_json(path, SCHEMA, {"name": one.name, "asked": sorted(asked), "resolution": to_json(one)})
            names = self._listing().setdefault(path.name[:8], [])
            if path.name not in names:
                names.append(path.name)
        return self._with_choice(one)

    def earlier(self, name: str) -> list[Candidate]:
        """Files that other questions of this name were resolved to."""
        found: dict[str, Candidate] = {}
        for file in self._listing().get(_hash(name), ()) if self._folder is not None else ():
            entry = self._entry(file[9:29])
            best = entry[0].best if entry is not None else None
            if isinstance(best, Candidate) and entry is not None and base(entry[0].name).lower() == name.lower():
                found[best.id] = best
        return list(found.values())

    def tidy(self) -> None:
        """Remove verdicts that nobody asked for in a long time, and the oldest beyond the bound."""
        if self._folder is None:
            return
        sweep(self._folder)
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            ages = sorted((entry.stat().st_mtime, entry.path) for entry in entries if entry.name.endswith(".json"))
            now = self._now()
            for at, (when, path) in enumerate(ages):
                if now - when > OLD or at < len(ages) - MOST:
                    os.unlink(path)
        self._files = None

    def _entry(self, key: str) -> tuple[Resolution, frozenset[str]] | None:
        if key not in self._kept and self._folder is not None:
            name = next((one for names in self._listing().values() for one in names if one[9:29] == key), None)
            self._kept[key] = _read(self._folder / name) if name is not None else None
        return self._kept.get(key)

    def _path(self, key: str, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{_hash(base(name))}-{key}.json"

    def _listing(self) -> dict[str, list[str]]:
        if self._files is None:
            self._files = {}
            with contextlib.suppress(OSError):
                for name in os.listdir(self._folder) if self._folder is not None else ():
                    if name.endswith(".json") and len(name) == 34 and name[8] == "-":
                        self._files.setdefault(name[:8], []).append(name)
        return self._files

    # ---- choices ---------------------------------------------------------------------------------------

    def choose(self, key: str, candidate: str | None, reason: str = "") -> Resolution:
        """Remember which candidate the person takes for this question, and why; None takes the choice back.

        Raises ComfyFixerError `unknown_question` and `unknown_candidate`, OSError, NewerSchema.
        """
        entry = self._entry(key)
        if entry is None:
            raise ComfyFixerError("unknown_question", "Nothing was looked up under this key.", "Look it up first.")
        one = entry[0]
        chosen = dict(self._choices())
        question = _question(one)
        if candidate is None:
            chosen.pop(question, None)
        else:
            if all(judged.candidate.id != candidate for judged in one.candidates):
                raise ComfyFixerError(
                    "unknown_candidate", "That candidate is not among those that were found.", "Look it up again."
                )
            kept = replace(one, candidates=tuple(j for j in one.candidates if j.candidate.id == candidate), steps=())
            chosen[question] = {
                "key": one.key,
                "name": one.name,
                "candidate": candidate,
                "reason": reason.strip()[:MOST_REASON],
                "when": self._now(),
                "resolution": to_json(kept),
            }
        if self._choices_path is not None:
            write_json(self._choices_path, SCHEMA, {"choices": chosen}, indent=1, mode=0o600)
        self._chosen = chosen
        return self._with_choice(one)

    def _choices(self) -> dict[str, Any]:
        """The person's choices. A damaged file is never replaced: `damaged_choices` is raised."""
        if self._chosen is None:
            body = read_json(self._choices_path, SCHEMA) if self._choices_path is not None else None
            if body is None and self._choices_path is not None and os.path.lexists(self._choices_path):
                raise ComfyFixerError(
                    "damaged_choices",
                    f"{self._choices_path} cannot be read as choices",
                    "Mend the file, or move it away to start without choices.",
                )
            found = (body or {}).get("choices", {})
            self._chosen = found if isinstance(found, dict) else {}
        return self._chosen

    def _with_choice(self, one: Resolution) -> Resolution:
        try:
            choices = self._choices()
        except (ComfyFixerError, OSError):
            return one  # the verdict is true without it; choosing says what is wrong
        kept = choices.get(_question(one))
        if not isinstance(kept, dict):
            return one
        old = from_json(kept.get("resolution"))
        if old is None or not old.candidates:
            return one
        choice = Choice(str(kept.get("candidate", "")), str(kept.get("reason", "")), float(kept.get("when") or 0))
        now = next((judged for judged in one.candidates if judged.candidate.id == choice.candidate), old.candidates[0])
        rest = tuple(judged for judged in one.candidates if judged.candidate.id != choice.candidate)
        why = f"You chose it: {choice.reason}" if choice.reason else "You chose it."
        folder = one.folder or old.folder
        return replace(
            one,
            state=RESOLVED,
            rung=CHOSEN,
            why=why,
            folder=folder,
            candidates=(now, *rest),
            mirrors=0,
            settle=(),
            choice=choice,
        )


def _read(path: Path) -> tuple[Resolution, frozenset[str]] | None:
    try:
        body = read_json(path, SCHEMA)
    except NewerSchema:
        return None
    one = from_json(body.get("resolution")) if body else None
    if one is None or body is None or not isinstance(body.get("asked"), list):
        return None
    return one, frozenset(str(name) for name in body["asked"])


def _question(one: Resolution) -> str:
    """What a choice is made for: the same name in the same folder, whichever workflow asks."""
    name = one.name.replace("\\", "/").lower() if one.kind == FILE else one.name
    return f"{one.kind}:{one.folder if one.kind == FILE else ''}:{name}"


def _hash(name: str) -> str:
    return hashlib.sha256(name.lower().encode("utf-8", "surrogatepass")).hexdigest()[:8]


def counts(found: Iterable[Resolution]) -> dict[str, int]:
    """How many of each state."""
    told = {"RESOLVED": 0, "UNCERTAIN": 0, "NOT_FOUND": 0}
    for one in found:
        told[one.state] += 1
    return told
