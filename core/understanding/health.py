"""A library's health over one installation: what broke and why, and practice notes of the workflows that changed.

What broke is told at every check, since it costs next to nothing. A review takes some milliseconds of each workflow, so it is
made behind the reports, of as many as there is time for, and kept until the workflow, a file of its or the machine changes.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..comparison.types import Difference
from ..errors import NewerSchema
from ..files import read_small
from ..health.checkup import NotNow, checkup, health_of, key_of
from ..health.kept import MOST_WORKFLOWS, Kept, Record
from ..health.review import MOST_TEXT, Review, practice_of
from ..health.types import Health
from ..library import file_of, read_again
from ..readiness.types import UNREADABLE
from ..record import Checked
from ..reports.types import Entry, Library
from ..reports.versions import GoodVersions
from ..workflow.read import MAX_GRAPH_BYTES
from .understanding import Understanding, chosen, subject

if TYPE_CHECKING:
    from ..workflow.types import Workflow

_log = logging.getLogger("comfyfixersmart.core")

FILE = "health.json"
COMPARING = (
    5.0  # seconds of a check for comparing broken workflows that were edited; the rest comes with the next check
)
MOST_NODES = 5_000  # of a workflow that is compared or reviewed


def checked_up(
    known: Understanding, checked: Sequence[Checked], now: float, folder: Path
) -> tuple[dict[str, Health], list[str]]:
    """The health of each workflow by name, kept in `folder`, and in words what could not be kept: that costs no report."""
    try:
        kept = Kept(folder / FILE)
        good = GoodVersions(folder / "good")
    except NewerSchema as error:
        return {}, [f"what broke is not told: {error.message}"]

    unkept = [f"what broke is remembered of {MOST_WORKFLOWS:,} workflows only"] if len(checked) > MOST_WORKFLOWS else []
    until = time.monotonic() + COMPARING

    def compare(name: str, path: str) -> Sequence[Difference] | None:
        if time.monotonic() >= until:
            raise NotNow
        return _differences(known, good.read(name), name, path)

    found = checkup(checked, known.here, kept, now, good=lambda name: good.sha256(name) or "", compare=compare)
    try:
        kept.save(now)
    except (OSError, NewerSchema) as error:
        said = error.message if isinstance(error, NewerSchema) else f"{error.filename}: {error.strerror}"
        return found, [f"what workflows rely on was not kept: {said}"]
    return found, unkept


def _differences(known: Understanding, before: bytes | None, name: str, path: str) -> Sequence[Difference] | None:
    if before is None or not path.lower().endswith(".json"):
        return None
    with contextlib.suppress(Exception):  # whatever is wrong with either of them: no scan may end of it
        now = read_small(path, MAX_GRAPH_BYTES)
        if now == before:
            return ()
        if now is not None:
            old, new = (subject(data, file_of(name), graph=name).workflow for data in (before, now))
            if max(len(old.nodes), len(new.nodes)) <= MOST_NODES:
                return known.differ(old, new)
    return None


def health_now(known: Understanding, one: Checked, folder: Path) -> Health:
    """The health of one workflow as it lies there now; its review is made anew where there is none that fits. Nothing is
    written. Raises nothing."""
    try:
        record = Kept(folder / FILE).get(one.name)
    except NewerSchema:
        record = None
    key = key_of(one, known.here)
    if one.readiness.status != UNREADABLE and (record is None or record.review is None or record.review.key != key):
        record = replace(record or Record(0.0), review=_review(known, one, key))
    return health_of(record, one.readiness.status, key)


def review_of(known: Understanding, workflow: Workflow, key: str) -> Review:
    """What it is, practice notes, and how it fits this machine's memory."""
    from ..tuning.finding import hw_finding

    told = known.explain(workflow)
    page, fit = told.explanation.pages[0], told.estimate
    heavy = hw_finding(fit) if fit is not None and fit.fit else None
    text = " ".join(row.text for row in page.lead if row.text)
    return Review(
        key,
        practice_of(told.explanation.facts),
        fit.line if fit and fit.fit else "",
        heavy,
        page.line,
        text[:MOST_TEXT],
    )


def reviewed(
    known: Understanding,
    library: Library,
    checked: Sequence[Checked],
    folder: Path,
    save: Callable[[], None],
    *,
    seconds: float,
    cancel: Callable[[], bool] = lambda: False,
) -> Library:
    """The library with the reviews that were due, as many as can be made in `seconds`; the same one where none was made.
    `save` keeps the headers that were read for it."""
    until = time.monotonic() + seconds
    try:
        kept = Kept(folder / FILE)
    except NewerSchema:
        return library
    made: dict[str, Health] = {}
    for one in checked:
        if time.monotonic() >= until or cancel():
            break
        record = kept.get(one.name)
        key = key_of(one, known.here)
        if record is None or one.readiness.status == UNREADABLE or (record.review and record.review.key == key):
            continue
        review = _review(known, one, key)
        kept.put(one.name, replace(record, review=review))
        made[one.name] = health_of(kept.get(one.name), one.readiness.status, key)
    if not made:
        return library
    with contextlib.suppress(OSError, NewerSchema):
        kept.save(library.when)
        save()
    return replace(library, entries=tuple(_with(entry, made.get(entry.name)) for entry in library.entries))


def _review(known: Understanding, one: Checked, key: str) -> Review:
    """A fault of ours in one workflow is kept as a review that says nothing, so that it is not made at every check."""
    if one.readiness.nodes > MOST_NODES:
        return Review(key)
    try:
        return review_of(known, chosen(read_again(one.path, one.name), one.name, graph=one.name).workflow, key)
    except Exception:
        _log.debug("fault while reviewing %r", one.path, exc_info=True)
        return Review(key)


def _with(entry: Entry, health: Health | None) -> Entry:
    if health is None:
        return entry
    findings = tuple(one for one in entry.readiness.findings if one.code != "HW001")
    if health.heavy is not None:
        findings += (health.heavy,)
    return replace(entry, health=health, readiness=entry.readiness._replace(findings=findings))
