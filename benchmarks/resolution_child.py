"""A library of missing names in a process of its own, which may be killed; `resolution_library.py` starts it.

python benchmarks/resolution_child.py JOB.json
"""

from __future__ import annotations

import json
import resource
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.types import Inventory
from comfyfixersmart.core.resolution.session import Session
from comfyfixersmart.core.resolution.types import Want
from comfyfixersmart.core.settings import Values
from resolution_services import Clock

WARM = 20  # names after which everything is loaded, and memory is looked at for the first time


class Installed(NamedTuple):
    """An installation of which nothing is known."""

    inventory: Inventory

    def wants(self, checked: Any) -> dict[int, Want]:
        return {}


def main(path: Path) -> int:
    """Look everything up and write the verdicts with what they cost."""
    job = json.loads(path.read_bytes())
    wants = [
        Want(**{key: tuple(value) if isinstance(value, list) else value for key, value in one.items()})
        for one in job["wants"]
    ]
    values = Values(sources=tuple(job["endpoints"]), endpoints=job["endpoints"])
    session = Session(
        Installed(nothing("")), state=Path(job["state"]), values=values, keys={}, clock=Clock(Path(job["clock"]))
    )
    process, sent, warm = psutil.Process(), [0], 0

    def progress(done: int, _total: int, _want: Want, step: str) -> None:
        nonlocal warm
        if not step and done == len(sent):
            sent.append(sum(session.requests.values()))
            warm = process.memory_info().rss if done == WARM else warm

    found = session.resolve(wants, progress=progress)
    session.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    verdicts = [[one.name, one.state, one.rung, one.folder, [j.candidate.id for j in one.candidates]] for one in found]
    most = max((after - before for before, after in pairwise(sent)), default=0)
    Path(job["out"]).write_text(
        json.dumps({"verdicts": verdicts, "most": most, "sent": sent[-1], "growth": peak - warm})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
