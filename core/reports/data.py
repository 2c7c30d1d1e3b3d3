"""The reports as JSON values. Names stand as they are in the files; `schema.py` publishes the shape. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..readiness.types import Finding
from ..resolution.types import Resolution, to_json
from . import verdicts, words
from .rows import versions
from .slugs import slugs
from .types import Entry, Library

SCHEMA = 1
MARKER = "comfyfixersmart-report"  # stands in the first bytes of every report, so that we never replace another file

Json = dict[str, Any]


def report_json(library: Library) -> Json:
    """Everything in one object, as `scan --json` prints it."""
    slug = slugs(entry.name for entry in library.entries)
    first = _first_versions(library)
    body = library_json(library)
    body["workflows"] = [
        {**_workflow(entry, slug[entry.name]), **first.get(entry.name, {})} for entry in sorted_entries(library)
    ]
    return {"schema": SCHEMA, **body}


def index_json(library: Library, slug: dict[str, str]) -> Json:
    """The body of `index.json`: the library, and one line per workflow, nearest to running first."""
    first = _first_versions(library)
    body = library_json(library)
    body["workflows"] = [
        {
            **line_json(entry, slug[entry.name]),
            **first.get(entry.name, {}),
            **({"broke": one} if (one := broke_line(entry)) else {}),
            "findings": [[f.code, f.name] for f in entry.readiness.findings],
        }
        for entry in sorted_entries(library)
    ]
    return {"schema": SCHEMA, **body}


def _first_versions(library: Library) -> dict[str, Json]:
    """What a line says of a later version: the name of the first one that is there."""
    listed = versions(entry.name for entry in library.entries).values()
    return {name: {"version_of": names[-1]} for names in listed for name in names[:-1]}


def workflow_json(entry: Entry, slug: str) -> Json:
    """The body of `{slug}.json`. It holds no time of the scan, so it changes only when the workflow's verdict does."""
    return {"schema": SCHEMA, "kind": MARKER, "workflow": _workflow(entry, slug)}


def sorted_entries(library: Library) -> list[Entry]:
    """Nearest to running first."""
    return sorted(library.entries, key=lambda entry: (words.nearness(entry.readiness), entry.name))


def library_json(library: Library) -> Json:
    """The library without its workflows."""
    return {
        "kind": MARKER,
        "when": library.when,
        "place": _plain(dataclasses.asdict(library.place)),
        "counts": words.counts(entry.readiness.status for entry in library.entries),
        "unlock": [{"needs": [n._asdict() for n in s.needs], "workflows": list(s.workflows)} for s in library.unlock],
        "unused": [model._asdict() for model in library.unused],
        "history": [point._asdict() for point in library.history],
        "resolutions": verdicts.counts(verdicts.every(library.entries)),
    }


def line_json(entry: Entry, slug: str) -> Json:
    """What every list says of a workflow."""
    ready = entry.readiness
    return {
        "name": entry.name,
        "slug": slug,
        "status": ready.status,
        "verdict": words.verdict(ready),
        "distance": ready.distance._asdict(),
        "nodes": ready.nodes,
        "models": ready.models,
        "ignored": ready.ignored,
        "change": entry.change._asdict() if entry.change else None,
        "resolutions": verdicts.counts(entry.resolutions.values()),
    }


def broke_line(entry: Entry) -> Json | None:
    """Since when a workflow that ran here does not, and the first of the causes; None for all others."""
    broke = entry.health.broke if entry.health else None
    if broke is None:
        return None
    first = broke.because[0] if broke.because else None
    return {
        "when": broke.when,
        "last_good": broke.last_good,
        "cause": first.cause if first else "unknown",
        "text": first.text if first else "",
    }


def _workflow(entry: Entry, slug: str) -> Json:
    return {
        **line_json(entry, slug),
        "modified": entry.modified,
        "source": entry.source,
        "warnings": list(entry.readiness.warnings),
        "findings": [
            finding_json(finding, entry.resolutions.get(at)) for at, finding in enumerate(entry.readiness.findings)
        ],
        "credits": [one._asdict() for one in entry.credits],
        "about": {"line": entry.health.line, "text": entry.health.text} if entry.health and entry.health.line else None,
        "health": entry.health.as_json() if entry.health else None,
    }


def finding_json(finding: Finding, resolution: Resolution | None = None) -> Json:
    """One finding, as every report holds it, with where the missing thing can be had once that was looked up."""
    return {
        "code": finding.code,
        "weight": finding.weight,
        "name": finding.name,
        "message": finding.message,
        "nodes": [node._asdict() for node in finding.nodes],
        "folders": list(finding.folders),
        "evidence": [one._asdict() for one in finding.evidence],
        "fixes": [fix._asdict() for fix in finding.fixes],
        "size": finding.size,
        "sha256": finding.sha256,
        "urls": list(finding.urls),
        "pack": finding.pack,
        "resolution": to_json(resolution) if resolution else None,
    }


def _plain(value: Any) -> Any:
    """Tuples as lists, so that what is returned equals what is read back from JSON."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
