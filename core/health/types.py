"""What is known of a workflow's health: since when it is broken and why, and what practice says of it. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..readiness.types import Finding

# Why a workflow that ran here does not run any more.
FILE_GONE, FILE_CHANGED, PACK_FAILED, PACK_UPDATED, PACK_GONE, COMFYUI_UPDATED, WORKFLOW_EDITED, UNKNOWN = (
    *("file_gone", "file_changed", "pack_failed", "pack_updated", "pack_gone"),
    *("comfyui_updated", "workflow_edited", "unknown"),
)


class Cause(NamedTuple):
    """One thing that is not as it was. `evidence`: a finding code with the path, version or line that shows it; `fix`: what would
    settle it, with its stable word in `fix_kind`."""

    cause: str
    text: str
    evidence: str = ""
    fix: str = ""
    fix_kind: str = ""


class Broke(NamedTuple):
    """A workflow that ran here and does not any more. `when`: the first check that found it so, `last_good`: the last one that
    did not, both in seconds since the epoch; `differences`: how many things in the workflow itself are not as they were."""

    when: float
    last_good: float
    because: tuple[Cause, ...]
    differences: int = 0


class Practice(NamedTuple):
    """A note on something odd or better done otherwise, from the explanation's facts. `weight`: 2 likely wrong, 1 worth a look."""

    id: str
    text: str
    nodes: tuple[str, ...]
    source: str
    url: str
    weight: int


@dataclass(frozen=True, slots=True)
class Health:
    """The whole. `fit`: how it fits this machine's memory, in a line, "" where that was not worked out; `heavy`: HW001, where
    it may not fit; `line`, `text`: what it is, in a line and in a few sentences, "" likewise."""

    broke: Broke | None = None
    practice: tuple[Practice, ...] = ()
    fit: str = ""
    heavy: Finding | None = None
    line: str = ""
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values; what it is stands elsewhere."""
        broke = self.broke
        return {
            "broke": broke and {**broke._asdict(), "because": [one._asdict() for one in broke.because]},
            "practice": [{**one._asdict(), "nodes": list(one.nodes)} for one in self.practice],
            "fit": self.fit,
        }
