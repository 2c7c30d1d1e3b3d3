"""The published shapes of plans, runs and the journal: what `plan`, `fix`, `apply` and `journal` print with `--json`.

A plan's fields are those of `core/actions/types.py`; its `digest` is what a person approves.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .schema_resolution import Strict

Kind = Literal["move", "link", "download", "relink", "write_version", "enable_pack", "install_pack"]
ActionState = Literal["waits", "running", "paused", "done", "failed", "cancelled", "skipped"]
RunState = Literal["running", "paused", "done", "failed", "cancelled", "voided", "interrupted"]
Check = Literal["verified", "size_only", "unverifiable", "mismatch", ""]


class Error(Strict):
    """What went wrong, and what to do now."""

    code: str
    message: str
    hint: str = ""


class Risk(Strict):
    """What to know before approving. `consent`: what must be confirmed, in words; "" where reading is enough."""

    code: str
    text: str
    consent: str
    help: list[str]


class Offer(Strict):
    """One place where the file can be had."""

    id: str
    source: str
    by: str
    url: str
    page: str
    repo: str
    revision: str
    author: str
    licence: str
    gate: str
    gate_text: str
    etag: str


class Edit(Strict):
    """One text of a workflow that becomes another, by JSON pointer."""

    pointer: str
    before: str
    after: str


class Pack(Strict):
    """A node pack and the way to it. `command`: what can be pasted."""

    registry_id: str
    repo: str
    version: str
    status: str
    through: Literal["manager_v4", "manager_v3", "command"]
    command: str
    folder: str


class Action(Strict):
    """One thing to do. Sizes in bytes; `after`: ids of actions that must be done before it."""

    id: str
    kind: Kind
    title: str
    destination: str
    root: str
    folder: str
    size: int | None
    sha256: str | None
    offers: list[Offer]
    format: str
    origin: str
    origin_size: int | None
    origin_mtime_ns: int | None
    link: Literal["hard", "symbolic", ""]
    edits: list[Edit]
    content: str
    pack: Pack | None
    aside: str
    workflows: list[str]
    why: str
    chosen: bool
    risks: list[Risk]
    after: list[str]


class LeftOut(Strict):
    """Something missing that the plan does not bring, why, and what to do. `key`: of the look-up, for `resolve --choose`."""

    name: str
    kind: Literal["file", "pack", "local", "other"]
    code: str
    why: str
    hint: str
    key: str
    workflows: list[str]
    help: list[str]


class Volume(Strict):
    """One disk that is written to, in bytes."""

    path: str
    total: int
    free: int
    needed: int


class Plan(Strict):
    """What `plan --json` and `plan --out` give. `unsized`: downloads of unknown size, which `bytes` does not count."""

    schema_: Literal[1] = Field(alias="schema")
    digest: str
    bytes: int
    unsized: int
    made: float
    expires: float
    place: str
    workflows: list[str]
    actions: list[Action]
    left_out: list[LeftOut]
    volumes: list[Volume]
    at_once: int
    nonce: str


class Done(Strict):
    """One action of a run. `left` in seconds, `speed` in bytes per second; `command`: of a pack, to be pasted."""

    id: str
    kind: Kind
    title: str
    folder: str
    destination: str
    state: ActionState
    check: Check
    bytes: int
    size: int | None
    speed: float | None
    left: float | None
    note: str
    text: str
    command: str
    error: Error | None


class Run(Strict):
    """How far the run of a plan is. `can_resume`: `apply --continue` goes on with it."""

    id: str
    digest: str
    state: RunState
    actor: str
    started: float
    ended: float | None
    workflows: list[str]
    done: int
    failed: int
    total: int
    bytes: int
    bytes_total: int
    speed: float | None
    left: float | None
    needs_restart: bool
    can_resume: bool
    error: Error | None
    actions: list[Done]


class Changed(Strict):
    """A workflow's status before and after; null where it was not there, or a newer version has replaced it."""

    name: str
    before: str | None
    after: str | None


class Fix(Strict):
    """What `fix --json` prints. `run` is null where nothing was approved: then nothing was done."""

    schema_: Literal[1] = Field(alias="schema")
    plan: Plan
    run: Run | None
    workflows: list[Changed]
    requests: dict[str, int]
    asked: list[str]


class Apply(Strict):
    """What `apply --json` prints. `plan` is null with `--continue`."""

    schema_: Literal[1] = Field(alias="schema")
    plan: Plan | None
    run: Run | None


class Output(Strict):
    """A path that was touched, and whether something lay there before and after."""

    path: str
    before: bool
    after: bool
    size: int | None
    sha256: str | None


class Entry(Strict):
    """One entry of the journal. `undoes`: the entry that it takes back."""

    id: str
    time: float
    actor: str
    event: str
    run: str
    plan: str
    action: dict[str, Any] | None
    inputs: dict[str, Any]
    outputs: list[Output]
    attribution: dict[str, str] | None
    check: str
    consents: list[Any]
    error: Error | None
    undoes: str
    text: str
    can_undo: bool


class Journal(Strict):
    """What `journal --json` prints, newest first. `damage`, `newer`, `torn`: lines of the `file` that cannot be read."""

    schema_: Literal[1] = Field(alias="schema")
    entries: list[Entry]
    more: bool
    damage: list[int]
    newer: list[int]
    torn: list[int]
    file: str


class Undone(Strict):
    """What became of taking one entry back."""

    entry: str
    ok: bool
    text: str
    error: Error | None


class Undo(Strict):
    """What `journal undo --json` prints."""

    schema_: Literal[1] = Field(alias="schema")
    undone: list[Undone]
