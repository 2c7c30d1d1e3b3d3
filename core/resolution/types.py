"""The verdict on one thing that is missing: RESOLVED, UNCERTAIN or NOT_FOUND, with everything it rests on. Pure values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple

from ..sources.types import Candidate, PackCandidate, Step

RESOLVED, UNCERTAIN, NOT_FOUND = "RESOLVED", "UNCERTAIN", "NOT_FOUND"
FILE, PACK = "file", "pack"

# The rungs of the ladder. Nothing below them resolves.
CHOSEN = "chosen"  # the person chose it
HASH = "hash"  # the content is the one that is asked for
AUTHOR_LINK = "author_link"  # the workflow's own address or id, confirmed at its source
EXACT_NAME = "exact_name"  # a telling name; every source answered; all files of that name are one file
WORKFLOW_PACK = "workflow_pack"  # the workflow names the pack, and a source knows it
CLASS_LOOKUP = "class_lookup"  # exactly one pack claims the class, and every source answered

Json = dict[str, Any]


class Want(NamedTuple):
    """One thing that is missing, with all that may be known of it. `key` is the same for the same question."""

    kind: str  # FILE or PACK
    name: str  # the file as written, or the class_type
    folders: tuple[str, ...] = ()
    sha256: str | None = None
    size: int | None = None
    urls: tuple[str, ...] = ()  # the workflow's own addresses for this file
    notes: tuple[str, ...] = ()  # addresses in the same workflow's notes, of any file
    family: str = ""
    stem: bool = False  # written without a suffix
    registry_id: str = ""  # what the workflow says of the pack
    repo: str = ""  # "owner/name"
    version: str = ""
    here: str = ""  # for packs that are on this disk and failed or are disabled: what is wrong, in words

    @property
    def key(self) -> str:
        """A short name of this question."""
        told: list[Any] = [
            self.kind,
            self.name.replace("\\", "/").lower() if self.kind == FILE else self.name,
            sorted(self.folders),
        ]
        told += [self.sha256, self.size, sorted(self.urls), self.family, self.registry_id, self.repo]
        return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()[:20]


class Judged(NamedTuple):
    """A candidate with what speaks for it and what against, each a short sentence without a full stop."""

    candidate: Candidate | PackCandidate
    fits: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


class Silence(NamedTuple):
    """A source that did not answer. Whether it has the file is not known."""

    source: str
    reason: str  # "it took longer than 15 seconds"


class Choice(NamedTuple):
    """What a person chose, and why."""

    candidate: str  # its id
    reason: str
    when: float


@dataclass(frozen=True, slots=True)
class Resolution:
    """The verdict. RESOLVED: `candidates[0]` is the one, the next `mirrors` have the very same content."""

    key: str
    kind: str
    name: str
    state: str
    why: str  # one sentence
    rung: str = ""
    folder: str = ""  # where the file belongs: the `folder_paths` name
    candidates: tuple[Judged, ...] = ()
    mirrors: int = 0
    settle: tuple[str, ...] = ()  # what would settle it, for UNCERTAIN and NOT_FOUND
    silent: tuple[Silence, ...] = ()
    steps: tuple[Step, ...] = ()
    when: float = 0.0  # seconds since the epoch
    choice: Choice | None = None

    @property
    def best(self) -> Candidate | PackCandidate | None:
        """The one candidate of a RESOLVED verdict."""
        return self.candidates[0].candidate if self.state == RESOLVED and self.candidates else None


def to_json(one: Resolution) -> Json:
    """A verdict as reports and panel hold it. Sources go by their names; `core/sources/roster.py` has the labels."""
    return {
        "key": one.key,
        "kind": one.kind,
        "name": one.name,
        "state": one.state,
        "why": one.why,
        "rung": one.rung,
        "folder": one.folder,
        "candidates": [
            {**_candidate(judged.candidate), "fits": list(judged.fits), "against": list(judged.against)}
            for judged in one.candidates
        ],
        "mirrors": one.mirrors,
        "settle": list(one.settle),
        "silent": [silence._asdict() for silence in one.silent],
        "steps": [step._asdict() for step in one.steps],
        "when": one.when,
        "choice": one.choice._asdict() if one.choice else None,
    }


def from_json(body: Any) -> Resolution | None:
    """The verdict that `to_json` wrote; None where it is not as it was written."""
    try:
        return Resolution(
            **{
                name: body[name]
                for name in ("key", "kind", "name", "state", "why", "rung", "folder", "mirrors", "when")
            },
            candidates=tuple(_judged(body["kind"], one) for one in body["candidates"]),
            settle=tuple(body["settle"]),
            silent=tuple(Silence(**one) for one in body["silent"]),
            steps=tuple(Step(**one) for one in body["steps"]),
            choice=Choice(**body["choice"]) if body["choice"] else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _candidate(one: Candidate | PackCandidate) -> Json:
    body = asdict(replace(one, hashes=dict(one.hashes)) if isinstance(one, Candidate) else one)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in body.items()}


def _judged(kind: str, body: Json) -> Judged:
    shape: Any = Candidate if kind == FILE else PackCandidate
    values = {one.name: body[one.name] for one in fields(shape)}
    if kind == FILE:
        values["flags"] = tuple(values["flags"])
    return Judged(shape(**values), tuple(body["fits"]), tuple(body["against"]))
