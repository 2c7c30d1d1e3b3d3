"""What a scan found, and what is kept of it: the history, the last good copies, the caches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .errors import NewerSchema, UnreadableFile
from .files import open_plain, sweep
from .readiness.types import NEEDS_INPUT, RUNNABLE, Readiness
from .workflow.map import GraphMap
from .workflow.read import MAX_GRAPH_BYTES
from .workflow.types import PackHint

if TYPE_CHECKING:  # the reports are imported when they are first used: ComfyUI must start at once
    from .actions.credits import Credit
    from .health.types import Health
    from .reports.history import History
    from .reports.types import Change, Entry
    from .resolution.types import Resolution


class Checked(NamedTuple):
    """One workflow, looked at. What it asked for is kept as names only: a scan holds no graph.

    `uses`: active node types, models and media; `models`: every model name, inactive ones too; `notes`: addresses of
    model pages in its notes; `hints`: by missing class_type, what the workflow says of its pack.
    """

    name: str
    path: str
    readiness: Readiness
    graph: GraphMap | None = None
    modified: float | None = None
    uses: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hints: tuple[tuple[str, PackHint], ...] = ()


def entry(
    checked: Checked,
    change: Change | None = None,
    resolutions: Mapping[int, Resolution] | None = None,
    credits: Sequence[Credit] = (),
    health: Health | None = None,
) -> Entry:
    """A verdict as the reports take it, with what policy and memory say of it. `resolutions`: by index of the finding, where
    what it lacks can be had; `credits`: of files that plans brought, those that this workflow does not use too."""
    from .actions.credits import used
    from .actions.policy import policy_findings
    from .reports.types import Entry

    findings = checked.readiness.findings
    findings += policy_findings(findings, resolutions or {})  # behind the others: places of findings stay
    if health is not None and health.heavy is not None:
        findings += (health.heavy,)
    return Entry(
        checked.name,
        checked.readiness._replace(workflow=checked.name, findings=findings),
        checked.graph,
        change,
        checked.modified,
        checked.path,
        checked.uses,
        resolutions or {},
        used(credits, checked.models),
        health,
    )


def keep(
    checked: list[Checked], now: float, state: Path, shared: Path, save_caches: Callable[[], None]
) -> tuple[History | None, list[str]]:
    """Record a finished scan in `state`; the history, and in words what could not be kept: that costs no report.

    `shared`: where the caches of all users lie, written by `save_caches`.
    """
    from .reports.history import History, reasons

    history: History | None = None
    unkept: list[str] = []
    for folder in {shared, state, state / "good"}:  # a user's own folder is not where the shared caches lie
        sweep(folder)
    try:
        history = History.load(state / "history.json")
        history.record(now, {one.name: (one.readiness.status, reasons(one.readiness)) for one in checked})
        history.save()
    except (OSError, NewerSchema) as error:
        unkept.append(f"the history was not kept: {_reason(error)}")
    try:
        _keep_good(checked, now, state / "good")
        save_caches()
    except (OSError, NewerSchema) as error:
        unkept.append(f"good versions and hashes were not kept: {_reason(error)}")
    return history, unkept


def _keep_good(checked: list[Checked], now: float, folder: Path) -> None:
    from .reports.versions import GoodVersions

    versions = GoodVersions(folder)
    for one in checked:
        if one.readiness.status not in (RUNNABLE, NEEDS_INPUT) or not one.path.lower().endswith(".json"):
            continue
        try:
            with open_plain(one.path) as (stream, status):
                data = stream.read(MAX_GRAPH_BYTES + 1) if status.st_size <= MAX_GRAPH_BYTES else b""
            if data:
                versions.keep(one.name, data, now)
        except (UnreadableFile, OSError):
            continue  # it went away since it was checked; the next scan will say so
    versions.save()


def _reason(error: OSError | NewerSchema) -> str:
    if isinstance(error, NewerSchema):
        return error.message
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
