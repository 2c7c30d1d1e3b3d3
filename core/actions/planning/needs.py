"""Where needs come from: checked workflows and what was found for them. And how a changed workflow is checked again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ...errors import ComfyFixerError
from ...files import read_small
from ...readiness.types import INFO
from ...resolution.types import Resolution
from ...workflow.read import MAX_GRAPH_BYTES, read_bytes
from .types import Need, Recheck, plain

_MODELS = ("MODEL001", "MODEL002", "MODEL003", "MODEL004")


class Checks(Protocol):
    """What of an App is needed here."""

    def resolutions(self, checked: Any, found: Any) -> Mapping[int, Resolution]: ...

    def check_workflow(self, workflow: Any, *, path: str = "") -> Any: ...


def needs_of(app: Checks, checked: Iterable[Any], store: Any) -> list[Need]:
    """All that these checked workflows lack. `store`: the kept verdicts on what is missing. Asks nobody."""
    needs: list[Need] = []
    for one in checked:
        told = app.resolutions(one, store)
        needs += [
            Need(one.name, one.path, finding, told.get(at))
            for at, finding in enumerate(one.readiness.findings)
            if finding.weight != INFO
        ]
    return needs


def used_of(checked: Iterable[Any]) -> frozenset[str]:
    """Names of model files that these workflows ask for and find as they are, with "/" as separator."""
    used: set[str] = set()
    for one in checked:
        lacking = {finding.name for finding in one.readiness.findings if finding.code in _MODELS}
        used |= {plain(name) for name in one.models if name not in lacking}
    return frozenset(used)


def graph_bytes(path: str) -> bytes:
    """The bytes of a workflow file. Raises UnreadableFile, and ComfyFixerError for one larger than any workflow."""
    data = read_small(path, MAX_GRAPH_BYTES)
    if data is None:
        raise ComfyFixerError(
            "too_large", "The file is larger than any workflow.", "Choose the file in the node by hand."
        )
    return data


def rechecker(app: Checks) -> Recheck:
    """Checks bytes in place of a workflow file against the same installation."""

    def recheck(path: str, data: bytes) -> set[tuple[str, str]]:
        reading = read_bytes(data, os.path.basename(path))
        if not reading.workflows:
            raise ComfyFixerError("bad_version", "The changed workflow could not be read again.", "Change it by hand.")
        return {
            (finding.code, finding.name)
            for workflow in reading.workflows
            for finding in app.check_workflow(workflow, path=path).readiness.findings
            if finding.weight != INFO
        }

    return recheck
