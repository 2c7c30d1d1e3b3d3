"""The panel's values: one line per workflow for its list, and everything about one workflow for its page. Pure.

The panel puts words together itself, in the person's language, so it gets numbers and codes; the English sentences go
along for what it has no words for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..explanation.outline import Outline
from ..readiness.types import Finding
from ..workflow.map import GraphMap
from . import words
from .codes import Item, codes, evidence_word, group, merged
from .data import SCHEMA, finding_json, library_json, line_json, sorted_entries
from .markdown import workflow_md
from .rows import Row, listed, rows, version
from .types import Entry, Library

Json = dict[str, Any]


def library_body(library: Library, slug: Mapping[str, str], paths: Mapping[str, str | None]) -> Json:
    """The list, one line for all versions of a workflow. `paths`: by name, where ComfyUI's own page opens the workflow,
    None where it cannot."""
    shown = {row.entry.name: row for row in rows(library.entries)}
    body = library_json(listed(library))
    body["workflows"] = [
        {**_line(entry, slug[entry.name], paths.get(entry.name)), **_versions(shown[entry.name], slug, paths)}
        for entry in sorted_entries(listed(library))
    ]
    return {"schema": SCHEMA, **body}


def _versions(row: Row, slug: Mapping[str, str], paths: Mapping[str, str | None]) -> Json:
    """All versions of a workflow, the newest first; nothing where there is one."""
    if not row.older:
        return {}
    told = [
        {
            "slug": slug[one.name],
            "name": one.name,
            "path": paths.get(one.name),
            "version": version(one.name),
            "status": one.readiness.status,
        }
        for one in row.versions
    ]
    return {"version": told[0]["version"], "versions": told}


def workflow_body(
    entry: Entry, slug: str, path: str | None, outline: Outline | None, versions: Sequence[Json] = ()
) -> Json:
    """The page of one workflow. `versions`: of its row, as the list has them."""
    return {
        **_line(entry, slug, path),
        **({"version": version(entry.name), "versions": list(versions)} if versions else {}),
        "source": entry.source,
        "warnings": list(entry.readiness.warnings),
        "map": _map(entry.graph) if entry.graph else None,
        "findings": [_finding(item) for item in merged(entry.readiness.findings, entry.resolutions)],
        "outline": outline.as_json() if outline else None,
        "health": entry.health.as_json() if entry.health else None,
        "markdown": workflow_md(entry, alone=True),
        "digest": digest(entry),
    }


def digest(entry: Entry) -> str:
    """Equal for two verdicts that read the same: status, findings, and where the missing things can be had."""
    ready = entry.readiness
    found = sorted(entry.resolutions.items())
    text = repr((ready.status, ready.distance, ready.findings, ready.warnings, ready.nodes, ready.models, found))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def codes_body() -> Json:
    """The documented finding codes, for the paragraph behind each."""
    return {"codes": {code: {"title": known.title, "text": known.text} for code, known in codes().items()}}


def _line(entry: Entry, slug: str, path: str | None) -> Json:
    ready = entry.readiness
    return {
        **line_json(entry, slug),
        "short": words.short(ready),
        "reason": words.first_reason(ready),
        "update": words.needs_update(ready),  # one of the packs of `distance` is ComfyUI itself
        "unknown": _unknown(ready.findings),
        "modified": entry.modified,
        "uses": list(entry.uses),
        "path": path,
    }


def _unknown(findings: tuple[Finding, ...]) -> Json:
    """How many things cannot be told, by kind."""
    codes_ = [one.code for one in findings if one.weight == "unknown"]
    models, types = sum(c.startswith("MODEL") for c in codes_), sum(c.startswith("NODE") for c in codes_)
    return {"models": models, "types": types, "other": len(codes_) - models - types}


def _finding(item: Item) -> Json:
    finding = item.finding
    known = codes().get(finding.code)
    body = finding_json(finding, item.resolution)
    for one, shown in zip(body["evidence"], finding.evidence, strict=True):
        one["word"] = evidence_word(shown.kind, shown.path)
    return {**body, "group": group(finding), "title": known.title if known else "", "names": list(item.names)}


def _map(graph: GraphMap) -> Json:
    return {
        "title": graph.title,
        "width": graph.width,
        "height": graph.height,
        "outside": graph.outside,
        "more": graph.more,
        "boxes": [box._asdict() for box in graph.boxes],
        "links": [list(link) for link in graph.links],
        "marked": sorted(graph.marked),
    }
