"""The published shapes of what `explain`, `tune` and `compare` print with `--json`. Bytes, unless a name says otherwise."""

from __future__ import annotations

from typing import Any, Literal

from .schema_resolution import Strict

Range = tuple[int, int, int]  # low, likely, high


class Fact(Strict):
    """One true sentence, its nodes, and who says so. `weight` of a risk: 2 likely wrong, 1 worth a look."""

    id: str
    kind: str
    text: str
    nodes: list[str]
    source: str
    url: str
    weight: int
    code: str


class Row(Strict):
    """One row of a page: a name, what stands at its right, a sentence, the nodes to jump to, the facts it cites."""

    title: str
    side: str
    text: str
    nodes: list[str]
    facts: list[str]
    code: str


class Section(Strict):
    """A part of a page."""

    key: str
    title: str
    rows: list[Row]


class Page(Strict):
    """One workflow explained for one reader."""

    line: str
    lead: list[Row]
    sections: list[Section]


class Drawing(Strict):
    """The stages from left to right: number, place in drawing units, a short word, nodes, and how to draw it; `links`: from, to
    (places in `dots`), what goes over."""

    width: int
    height: int
    dots: list[dict[str, Any]]
    links: list[tuple[int, int, str]]


class Weight(Strict):
    """The bytes of one model part; None where they are not known."""

    name: str
    node: str
    role: str
    bytes: int | None
    known_from: str
    stored_bits: float | None
    loaded_bits: float | None


class Stage(Strict):
    """A moment of the run, and what is on the GPU then."""

    key: str
    title: str
    weights: Range
    working: Range
    nodes: list[str]


class Estimate(Strict):
    """What a run wants of the machine. `compute` is for ratios only."""

    weights: list[Weight]
    stages: list[Stage]
    peak: Range
    floor: Range
    ram: Range
    compute: float | None
    parts: dict[str, Range]
    fit: Literal["whole", "parts", "tight", "not", "cpu", "unsure", ""]
    against: int | None
    line: str
    note: str
    unknown: list[str]
    assumed: list[str]
    sources: list[str]


class Machine(Strict):
    """The machine; None where not known."""

    name: str
    kind: str
    memory: int | None
    ram: int | None
    assumed: bool


class Explanation(Strict):
    """What `explain --json` prints. `pages` and `markdown`: by reader, newcomer and expert."""

    name: str
    kinds: list[str]
    facts: list[Fact]
    drawing: Drawing
    pages: dict[str, Page]
    markdown: dict[str, str]
    fit: Estimate | None
    machine: Machine
    status: str


class ValueEdit(Strict):
    """One value changed, or one node replaced by another type."""

    kind: str
    node: str
    input: str
    before: Any
    after: Any
    values: list[tuple[str, Any]]


class NeedsFile(Strict):
    """A file that a change needs."""

    name: str
    folder: str
    here: bool
    size: int | None
    url: str
    said_by: str


class Change(Strict):
    """One proposal. `saves`: bytes less at the peak; `time`: factor on the run's time."""

    id: str
    title: str
    goals: list[str]
    effect: str
    reason: str
    source: str
    url: str
    nodes: list[str]
    edits: list[ValueEdit]
    saves: int | None
    time: float | None
    quality: str
    needs: NeedsFile | None
    excludes: list[str]


class Variant(Strict):
    """Changes that go together, by their ids, and what would come of them."""

    key: str
    title: str
    why: str
    changes: list[str]
    estimate: Estimate


class Tune(Strict):
    """What `tune --json` prints. `none`: why no variant is offered; `advice`: sentences with their source; `file`: what a new
    version would be called, None with `why_not` where none can be written."""

    name: str
    target: int
    before: Estimate
    changes: list[Change]
    variants: list[Variant]
    none: str
    advice: list[tuple[str, str]]
    file: str | None
    path: str | None
    why_not: str


class Compare(Strict):
    """What `compare --json` prints. The fields of differences are those of `core/comparison/types.py`."""

    old: str
    new: str
    same: bool
    verdict: str
    matched: int
    metadata: int
    count: int
    differences: list[dict[str, Any]]
    consequences: list[dict[str, Any]]
    markdown: str
