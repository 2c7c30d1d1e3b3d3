"""What understanding is asked about, and what it answers with. Pure values."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..comparison.types import Comparison
from ..explanation.types import Explanation
from ..readiness.types import Readiness
from ..tuning.types import Estimate, Profile, Tuning
from ..workflow.types import Workflow


class Subject(NamedTuple):
    """One workflow to be understood. `data`: the bytes of the file or graph it was read from; `path`: its file, "" for the
    graph on the canvas and for a version that was kept."""

    name: str
    workflow: Workflow
    data: bytes = b""
    path: str = ""


class Explained(NamedTuple):
    """What is said of one workflow on this machine. `estimate`: None where nothing could be estimated."""

    explanation: Explanation
    readiness: Readiness
    profile: Profile
    estimate: Estimate | None

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values, for the panel and `explain --json`."""
        return {
            **self.explanation.as_json(),
            "fit": self.estimate.as_json() if self.estimate is not None else None,
            "machine": machine_json(self.profile),
            "status": self.readiness.status,
        }


class Tuned(NamedTuple):
    """Proposals for one workflow and a size of memory. `file`: the name that a new version would get, "" where none can be
    written; `why_not`: then the reason."""

    tuning: Tuning
    file: str = ""
    path: str = ""
    why_not: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**self.tuning.as_json(), "file": self.file or None, "path": self.path or None, "why_not": self.why_not}


class Compared(NamedTuple):
    """Two versions and what differs."""

    old: Subject
    new: Subject
    comparison: Comparison


def machine_json(profile: Profile) -> dict[str, Any]:
    """The machine in the few values that a page shows of it; bytes, None where not known."""
    device = profile.device
    return {
        "name": device.name if device else "",
        "kind": device.kind if device else "",
        "memory": profile.memory,
        "ram": profile.ram_total,
        "assumed": profile.assumed is not None,
    }
