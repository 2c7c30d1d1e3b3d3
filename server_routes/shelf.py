"""One person's library: where it lies, where its reports go, and the list that the panel shows.

The list of the last cycle is kept on disk, so that the panel has something to show right after a restart.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import ComfyFixerError, NewerSchema
from ..core.files import read_json, safe_join, to_json, write_json
from ..core.library import WorkflowFile, find

if TYPE_CHECKING:
    from ..core.record import Checked
    from ..core.reports.types import Library
    from ..core.resolution.store import Store
    from .host import User

SCHEMA = 1


class Listed(NamedTuple):
    """The list as the panel gets it, and what the status says of it."""

    revision: str
    when: float
    counts: dict[str, int]
    body: bytes
    sources: dict[str, tuple[str, str]]  # slug → name in the library, path on this disk
    versions: dict[
        str, list[dict[str, Any]]
    ]  # slug of any version → all versions of that workflow, where there are more


class Last(NamedTuple):
    """The last cycle's values, entry by entry. Not kept on disk: a restart makes them anew."""

    library: Library
    checked: tuple[Checked, ...]


class Shelf:
    """The library of one user. `state`: caches and history; `reports`: where a person finds the reports."""

    def __init__(self, user: User, state: Path, reports: Path) -> None:
        self.user = user
        self.state = state
        self.reports = reports
        self.workflows = os.path.join(user.folder, "workflows")
        self._kept = state / "library.json"
        self._listed: Listed | None = None
        self._lock = threading.Lock()
        self.loaded = False  # whether that file was read
        self.last: Last | None = None
        self._found: Store | None = None

    @property
    def found(self) -> Store:
        """The verdicts on what is missing, and the person's choices. One object at a time: it remembers what it read."""
        with self._lock:
            if self._found is None:
                from ..core.resolution.store import Store

                self._found = Store(self.state)
            return self._found

    @found.setter
    def found(self, store: Store | None) -> None:
        """Another one; None reads the files again, which the command line may have written."""
        self._found = store

    @property
    def listed(self) -> Listed | None:
        """The list of the last cycle; None before the first. Reads a file the first time."""
        with self._lock:
            if not self.loaded:
                with contextlib.suppress(NewerSchema):  # the next cycle says so
                    self._listed = _listed(read_json(self._kept, SCHEMA))
                self.loaded = True
            return self._listed

    @property
    def known(self) -> Listed | None:
        """The same, without touching the disk."""
        return self._listed

    def files(self, unread: list[str]) -> list[WorkflowFile]:
        """The saved workflows."""
        return list(find([self.workflows], media=False, unread=unread)) if os.path.isdir(self.workflows) else []

    def publish(self, library: Library) -> None:
        """Take a finished scan as the list. Raises OSError or NewerSchema where it cannot be kept for a restart."""
        from ..core.reports.panel import library_body
        from ..core.reports.slugs import slugs

        slug = slugs(entry.name for entry in library.entries)
        sources = {slug[entry.name]: (entry.name, entry.source) for entry in library.entries}
        body = library_body(library, slug, {entry.name: self.page_path(entry.source) for entry in library.entries})
        lasting = {key: value for key, value in body.items() if key not in ("when", "history", "place")}
        lasting["found"] = [
            [one.key, one.when, one.choice and one.choice.when]
            for entry in library.entries
            for one in entry.resolutions.values()
        ]
        revision = hashlib.sha256(to_json(lasting, indent=None).encode()).hexdigest()[:16]
        body = {"revision": revision, **body}
        text = to_json(body, indent=None).encode()
        with self._lock:
            self.loaded = True
            self._listed = Listed(
                revision, library.when, dict(body["counts"]), text, sources, _versions(body["workflows"])
            )
        write_json(
            self._kept, SCHEMA, {"library": body, "sources": {key: list(value) for key, value in sources.items()}}
        )

    def page_path(self, source: str) -> str | None:
        """What ComfyUI's page calls this saved workflow: `workflows/sub/x.json`; None for anything else."""
        below = os.path.relpath(source, self.workflows) if source.startswith(self.workflows + os.sep) else ""
        return f"workflows/{below.replace(os.sep, '/')}" if below.lower().endswith(".json") else None

    def find(self, slug: str) -> tuple[WorkflowFile, str]:
        """The file of a listed workflow as it lies now, and the workflow's name. Raises ComfyFixerError."""
        listed = self.listed
        name, path = listed.sources.get(slug, ("", "")) if listed else ("", "")
        if not name:
            raise ComfyFixerError(
                "unknown_workflow", "There is no such workflow in the last check.", "Check again, then open the list."
            )
        try:
            status = os.stat(path)
            return WorkflowFile(path, name, status.st_size, status.st_mtime_ns, True), name
        except (OSError, ValueError):
            return WorkflowFile(path, name, -1, 0, True), name

    def report(self, name: str) -> Path:
        """A report file by its plain name. Raises ComfyFixerError `no_report` and `unsafe_name`."""
        path = safe_join(self.reports, name)
        if path.is_symlink() or not path.is_file():
            raise ComfyFixerError("no_report", f"There is no report {name} yet.", "Check the library once.")
        return path


def _listed(body: dict[str, Any] | None) -> Listed | None:
    """What `publish` wrote; None where any of it is not as it was written, so that it is made again."""
    library = body.get("library") if body else None
    raw = body.get("sources") if body else None
    if not isinstance(library, dict) or not isinstance(raw, dict):
        return None
    revision, when, counts = library.get("revision"), library.get("when"), library.get("counts")
    sources = {
        slug: (row[0], row[1])
        for slug, row in raw.items()
        if isinstance(row, list) and len(row) == 2 and all(isinstance(one, str) for one in row)
    }
    if not isinstance(revision, str) or not isinstance(when, int | float) or not isinstance(counts, dict):
        return None
    if not isinstance(library.get("workflows"), list) or len(sources) != len(raw):
        return None
    text = to_json(library, indent=None).encode()
    return Listed(revision, float(when), counts, text, sources, _versions(library["workflows"]))


def _versions(lines: list[Any]) -> dict[str, list[dict[str, Any]]]:
    """What the lines of the list say of several versions, by the slug of each."""
    told = [line["versions"] for line in lines if isinstance(line, dict) and isinstance(line.get("versions"), list)]
    return {str(one.get("slug")): row for row in told for one in row if isinstance(one, dict)}
