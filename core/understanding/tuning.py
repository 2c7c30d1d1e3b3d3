"""Tune one workflow over one installation: proposals, what a choice of them would want, the new version, and its plan."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..actions.planning.variant import version_action
from ..actions.versions import version_of
from ..errors import ComfyFixerError
from ..readiness.index import base
from ..tuning.types import Change, Estimate, NeedsFile, Tuning
from .types import Subject, Tuned
from .understanding import Understanding, subject

if TYPE_CHECKING:
    from ..actions.running.session import Actions
    from ..actions.types import Plan
    from ..record import Checked
    from ..workflow.types import Workflow

Sizes = Mapping[str, int]


class Version(NamedTuple):
    """The file of a new version, and the changes that made it."""

    data: bytes
    changes: tuple[Change, ...]

    @property
    def needs(self) -> tuple[NeedsFile, ...]:
        """The files it names that are not here."""
        return tuple(one.needs for one in self.changes if one.needs is not None and not one.needs.here)


class Installed(Protocol):
    """What of an App is needed here."""

    def check_workflow(self, workflow: Workflow, *, path: str = "") -> Checked: ...


def tuned(known: Understanding, one: Subject, memory: int | None, *, sizes: Sizes | None = None) -> Tuned:
    """Proposals for this workflow. `memory`: bytes of GPU memory to fit it to, None for this machine's.

    Raises ComfyFixerError `no_memory` where neither is known.
    """
    tuning = _tuning(known, one, memory, sizes)
    try:
        action = version_action(one.path, one.data, one.name, ())
    except ComfyFixerError as error:
        return Tuned(tuning, why_not=error.message)
    return Tuned(tuning, action.title, action.destination)


def estimated(
    known: Understanding, one: Subject, memory: int | None, changes: Collection[str], *, sizes: Sizes | None = None
) -> Estimate:
    """What the workflow would want with these changes, by their ids.

    Raises ComfyFixerError `unknown_change`, `no_memory`, and `not_edited` where a change cannot be made.
    """
    chosen = chosen_of(_tuning(known, one, memory, sizes), changes) if changes else ()
    return known.with_changes(one.workflow, memory, chosen, sizes=sizes)


def written(
    known: Understanding, one: Subject, memory: int | None, changes: Collection[str], *, sizes: Sizes | None = None
) -> Version:
    """The new version with these changes, by their ids. Nothing is written.

    Raises ComfyFixerError `unknown_change`, `no_memory`, `no_version`, and `not_edited` where a change cannot be made.
    """
    from ..tuning.edit.edited import edited

    if not one.data:
        raise ComfyFixerError("no_version", "The workflow is in no .json file.", "Save it as .json first.")
    chosen = chosen_of(_tuning(known, one, memory, sizes), changes)
    data = edited(one.data, chosen, known.view, workflow=_graph(one)) if chosen else one.data
    return Version(data, chosen)


def chosen_of(tuning: Tuning, changes: Collection[str]) -> tuple[Change, ...]:
    """The changes of these ids, in their order of rank. Raises ComfyFixerError `unknown_change` for others, and for two that
    exclude each other."""
    known = {one.id: one for one in tuning.changes}
    odd = next((id for id in changes if id not in known), None)
    if odd is not None:
        raise ComfyFixerError("unknown_change", f"There is no change {odd!r} for it any more.", "Tune it again.")
    chosen = tuple(one for one in tuning.changes if one.id in changes)
    for one in chosen:
        both = next((other for other in chosen if other.id in one.excludes), None)
        if both is not None:
            text = f"{one.title} and {both.title} cannot be done together."
            raise ComfyFixerError("bad_choice", text, "Choose one of the two.")
    return chosen


def planned(app: Installed, session: Actions, one: Subject, version: Version) -> Plan:
    """A plan, which is kept: the files that the new version needs, as far as they were looked up, then the version itself."""
    action = version_action(one.path, version.data, one.name, [change.title for change in version.changes])
    names = {base(file.name).lower() for file in version.needs}
    checked = app.check_workflow(subject(version.data, one.name, graph=_graph(one)).workflow)
    lacking = tuple(found for found in checked.readiness.findings if base(found.name).lower() in names)
    needs = checked._replace(name=one.name, readiness=checked.readiness._replace(findings=lacking))
    return session.plan([needs], version=action)


def next_name(name: str) -> str:
    """What the version after this one would be called: "x.v2" for "x" or "x.json", "x.v3" for "x.v2"."""
    stem = name if name.lower().endswith(".json") else f"{name}.json"
    first, number = version_of(stem)
    return f"{first.removesuffix('.json')}.v{number + 1}"


def _tuning(known: Understanding, one: Subject, memory: int | None, sizes: Sizes | None) -> Tuning:
    key = f"{hashlib.sha256(one.data).hexdigest()}{_graph(one)}" if one.data else ""
    return known.tune(one.workflow, memory, sizes=sizes, key=key)


def _graph(one: Subject) -> str:
    """The name of the graph in its file, where it is not the first one."""
    return one.workflow.name if "#" in one.workflow.name else ""
