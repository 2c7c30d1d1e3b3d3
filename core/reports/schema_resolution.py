"""The published shape of a verdict on a missing thing, and of what `resolve --json` prints. See `schema.py`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["RESOLVED", "UNCERTAIN", "NOT_FOUND"]


class Strict(BaseModel):
    """Nothing but the named fields."""

    model_config = ConfigDict(extra="forbid")


class _Candidate(Strict):
    """Where a missing thing may be had. `fits` and `against` say what speaks for it and what against it.

    `confirmed`: the source itself said so at `asked`; else `said_by` only claims it.
    """

    id: str
    source: str
    page: str
    author: str
    licence: str
    downloads: int | None
    confirmed: bool
    asked: float
    said_by: str
    fits: list[str]
    against: list[str]


class FileCandidate(_Candidate):
    """A model file at a source. `gate` says why it cannot simply be fetched, `flags` what the source says of it."""

    file: str
    url: str
    repo: str
    path: str
    revision: str
    size: int | None
    sha256: str | None
    hashes: dict[str, str]
    folder: str
    base_model: str
    family: str
    kind: str
    format: str
    gate: str
    gate_text: str
    flags: list[str]
    nsfw_level: int | None


class PackCandidate(_Candidate):
    """A node pack. `has_class`: whether the source lists the node type among the pack's own, null when it does not say."""

    registry_id: str
    repo: str
    title: str
    version: str
    status: str
    stars: int | None
    has_class: bool | None


class Silence(Strict):
    """A source that did not answer, so whether it has the thing is not known."""

    source: str
    reason: str


class Step(Strict):
    """One thing that was done in the search. `age`: seconds since the answer was given, when it was kept from before."""

    source: str
    did: str
    outcome: str
    age: float | None
    silent: bool


class Choice(Strict):
    """What a person chose, and why."""

    candidate: str
    reason: str
    when: float


class Resolution(Strict):
    """Where a missing thing can be had, as far as the evidence goes, when it was last looked up (`when`).

    RESOLVED: the first candidate is the one, and the next `mirrors` have the very same content. UNCERTAIN: candidates
    in the order of what speaks for them, and what would `settle` it. `rung`: the kind of evidence it rests on.
    """

    key: str
    kind: Literal["file", "pack"]
    name: str
    state: State
    why: str
    rung: str
    folder: str
    candidates: list[FileCandidate | PackCandidate]
    mirrors: int
    settle: list[str]
    silent: list[Silence]
    steps: list[Step]
    when: float
    choice: Choice | None


class Missing(Strict):
    """One missing thing of a workflow with its verdict; null where the run was ended before it."""

    code: str
    name: str
    resolution: Resolution | None


class Looked(Strict):
    """One workflow that something is missing for."""

    name: str
    findings: list[Missing]


class Resolve(Strict):
    """What `resolve --json` prints. `asked`: the services that could be asked; `requests`: sent in this run, by host.

    `counts`: by state, the same thing in several workflows once. `complete`: false when the run was ended early.
    """

    schema_: Literal[1] = Field(alias="schema")
    workflows: list[Looked]
    counts: dict[State, int]
    requests: dict[str, int]
    asked: list[str]
    complete: bool
