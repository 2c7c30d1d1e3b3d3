"""What `resolve`, `plan` and `fix` begin with: the workflows are checked, and what they lack is looked up."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .consent import Allowed
from .shared import polite, progress_of, roots_of

if TYPE_CHECKING:
    from ..app import App
    from ..library import WorkflowFile
    from ..record import Checked
    from ..resolution.types import Resolution, Want


class Looked(NamedTuple):
    """The workflows looked at, and by workflow what each lacks: index of the finding → question."""

    app: App
    files: list[WorkflowFile]
    checked: list[Checked]
    wants: list[dict[int, Want]]

    def all(self) -> list[Want]:
        """Every question."""
        return [want for wants in self.wants for want in wants.values()]


class Found(NamedTuple):
    """What a look-up brought: verdicts by key, requests by host, the services asked, whether the person ended it."""

    by_key: dict[str, Resolution]
    requests: Mapping[str, int]
    asked: tuple[str, ...]
    ended: bool


def looked_at(
    options: argparse.Namespace, place: Any, state: Path | None, progress: Any, *, versions: bool = False
) -> Looked:
    """Check the workflows that the options name. Raises UsageError where there are none.

    `versions`: of a file that is named, its newest version beside it as well.
    """
    from ..app import App
    from ..library import find

    roots = roots_of(options, place)
    if versions:
        roots = [*roots, *(newest for root in roots if (newest := _newest(root)) is not None)]
    app = App(place.inventory(state, progress, keep=state is not None), state=state, keep=False)
    files = list(find(roots, media=bool(options.paths)))
    checked = app.check(files, progress=progress.count)
    return Looked(app, files, checked, [app.wants(one) for one in checked])


def current(checked: Sequence[Checked]) -> list[Checked]:
    """Without the versions of a workflow that a newer one beside them has replaced."""
    from ..reports.rows import newest

    names: dict[str, list[str]] = {}
    for one in checked:
        names.setdefault(os.path.dirname(one.path), []).append(one.name)
    kept = {folder: frozenset(newest(some)) for folder, some in names.items()}
    return [one for one in checked if one.name in kept[os.path.dirname(one.path)]]


def _newest(path: str) -> str | None:
    """The newest version beside this workflow file; None where that is itself."""
    from ..actions.versions import version_of

    folder, name = os.path.split(path)
    first, number = version_of(name)
    if os.path.isdir(path):
        return None
    with contextlib.suppress(OSError):
        beside = [(one, *version_of(one)) for one in os.listdir(folder or ".")]
        later = [(other, one) for one, its_first, other in beside if its_first == first and other > number]
        return os.path.join(folder, max(later)[1]) if later else None
    return None


def look_up(
    options: argparse.Namespace, place: Any, state: Path | None, looked: Looked, may: Allowed, *, again: bool = False
) -> Found:
    """Look up what is missing, asking those who may be asked. The first Ctrl-C lets the step at hand end."""
    from ..resolution.session import Session

    def ending() -> None:
        progress.say("Ending after this step. Ctrl-C again ends at once.")

    with progress_of(options) as progress, polite(ending) as ended:
        session = Session(
            looked.app,
            state=state,
            values=may.values,
            keys=may.keys,
            offline=options.offline,
            workflows=_sources(looked, place),
        )
        try:
            found = session.resolve(
                looked.all(),
                again=again,
                progress=lambda done, total, want, did: progress.count(done, total, want.name, did),
                cancel=ended,
            )
        finally:
            session.close()
        names = tuple(session.sources.names or ())
        return Found({one.key: one for one in found}, session.requests, names, ended())


def _sources(looked: Looked, place: Any) -> list[WorkflowFile]:
    """All workflows that may know where a file came from: those looked at, and the saved ones."""
    from ..library import find

    known = {file.path: file for file in looked.files}
    for file in find(place.workflow_folders, media=False):
        known.setdefault(file.path, file)
    return list(known.values())
