"""The published shape of our JSON reports, as pydantic models. Imported only where a schema is asked for.

`knowledge/schemas/*.json` are these models' JSON Schemas; a test keeps both equal. Fields are only ever
added; a change that would break a reader raises `SCHEMA` in `core/reports/data.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from .schema_resolution import Resolution, Resolve, State, Strict
from .schema_understanding import Compare, Explanation, Tune

Status = Literal["unreadable", "blocked", "unknown", "needs_input", "runnable"]


class Node(Strict):
    """A node that needs something; `id` as ComfyUI writes it, `12:3` inside subgraph instance 12."""

    id: str
    class_type: str
    title: str
    input: str | None


class Evidence(Strict):
    """A checked fact. `path`: a file on that disk, or empty."""

    kind: str
    text: str
    path: str


class Fix(Strict):
    """One thing that would settle the finding. Nothing is done without an approved plan."""

    kind: str
    text: str
    target: str


class Finding(Strict):
    """One reason. `weight` is the status it alone would give, or `info`; `size` is in bytes."""

    code: str
    weight: Status | Literal["info"]
    name: str
    message: str
    nodes: list[Node]
    folders: list[str]
    evidence: list[Evidence]
    fixes: list[Fix]
    size: int | None
    sha256: str | None
    urls: list[str]
    pack: str | None
    resolution: Resolution | None = None


class Distance(Strict):
    """How far from runnable. `bytes` sums what is known; `unsized` files have no known size; of `types` no pack is known."""

    files: int
    bytes: int
    unsized: int
    packs: int
    local: int
    other: int
    inputs: int
    types: int


class Change(Strict):
    """The last change of status; times are seconds since the epoch."""

    when: float
    before: str
    after: str
    why: str
    last_good: float | None


class _Line(Strict):
    name: str
    slug: str
    status: Status
    verdict: str
    distance: Distance
    nodes: int
    models: int
    ignored: int
    change: Change | None
    resolutions: dict[State, int] = Field(default_factory=dict)
    version_of: str | None = Field(
        default=None, description="Of x.v2.json, the name of the first version that is there."
    )


class Credit(Strict):
    """A file of the workflow that a plan brought: whose work it is, and what is known of it."""

    path: str
    author: str
    source: str
    licence: str
    page: str
    check: str
    sha256: str
    when: float


class Cause(Strict):
    """Something that is not as it was when the workflow ran. `evidence`: a finding code with what shows it."""

    cause: Literal[
        "file_gone",
        "file_changed",
        "pack_failed",
        "pack_updated",
        "pack_gone",
        "comfyui_updated",
        "workflow_edited",
        "unknown",
    ]
    text: str
    evidence: str
    fix: str
    fix_kind: str


class Broke(Strict):
    """A workflow that ran here and does not any more; times are seconds since the epoch."""

    when: float
    last_good: float
    because: list[Cause]
    differences: int


class Practice(Strict):
    """A note on something odd, or better done otherwise. `weight`: 2 likely wrong, 1 worth a look."""

    id: str
    text: str
    nodes: list[str]
    source: str
    url: str
    weight: int


class Health(Strict):
    """What broke it, what practice says, and in a line how it fits this machine's memory ("": not worked out)."""

    broke: Broke | None
    practice: list[Practice]
    fit: str


class About(Strict):
    """What the workflow is, in a line and in a few sentences, worked out from its graph."""

    line: str
    text: str


class BrokeLine(Strict):
    """The same in one line, with the first cause."""

    when: float
    last_good: float
    cause: str
    text: str


class Workflow(_Line):
    """`{slug}.json` without its head, and the workflows of a full report."""

    modified: float | None
    source: str
    warnings: list[str]
    findings: list[Finding]
    credits: list[Credit] = Field(default_factory=list)
    about: About | None = None
    health: Health | None = None


class Line(_Line):
    """One workflow in `index.json`; `findings` are the codes with their names."""

    findings: list[tuple[str, str]]
    broke: BrokeLine | None = None


class Place(Strict):
    """The installation that the verdicts are about."""

    origin: str
    place: str
    comfyui_version: str
    packs_loaded: int
    packs_failed: list[tuple[str, str]]
    packs_disabled: int
    packs_unreadable: list[tuple[str, str]]
    models: int
    models_bytes: int
    disk_free: int | None
    disk_total: int | None
    gpu: str
    vram_bytes: int | None
    ram_bytes: int | None
    gaps: list[str]
    taken: float | None = None


class Need(Strict):
    """A thing that several workflows lack; `kind` is file, pack, type (of a pack that nobody names) or local (a fix with what is here)."""

    kind: str
    name: str
    folder: str
    size: int | None


class UnlockStep(Strict):
    """Needs that, met together, make these workflows run."""

    needs: list[Need]
    workflows: list[str]


class UnusedModel(Strict):
    """A model file that no workflow of the library names."""

    name: str
    folder: str
    size: int


class Point(Strict):
    """One scan of the history."""

    when: float
    total: int
    runnable: int
    broke: int
    why: str


class _Head(Strict):
    schema_: Literal[1] = Field(alias="schema")
    kind: Literal["comfyfixersmart-report"]


class _Library(_Head):
    when: float
    place: Place
    counts: dict[Status, int]
    unlock: list[UnlockStep]
    unused: list[UnusedModel]
    history: list[Point]
    resolutions: dict[State, int] = Field(default_factory=dict)


class Report(_Library):
    """What `scan --json` prints: everything."""

    workflows: list[Workflow]


class Index(_Library):
    """`index.json`: one line per workflow."""

    workflows: list[Line]


class WorkflowReport(_Head):
    """`{slug}.json`: one workflow."""

    workflow: Workflow


PUBLISHED: dict[str, type[BaseModel]] = {
    "report": Report,
    "index": Index,
    "workflow": WorkflowReport,
    "resolve": Resolve,
    "explain": Explanation,
    "tune": Tune,
    "compare": Compare,
}


def published() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each document, by the name of its file in `knowledge/schemas/`."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: head | model.model_json_schema(by_alias=True) for name, model in PUBLISHED.items()}
