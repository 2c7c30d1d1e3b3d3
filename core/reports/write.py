"""Writes a finished scan into one folder: dashboard, index and one report per workflow. Nothing outside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ComfyFixerError
from ..files import read_json, safe_join, sweep, to_json, write_atomic
from .dashboard import render
from .data import MARKER, SCHEMA, index_json, workflow_json
from .markdown import index_md, workflow_md
from .slugs import slugs
from .types import Library

_HEAD = 400  # every report carries the marker within its first bytes


def write_reports(library: Library, out: Path) -> list[Path]:
    """Write all reports of `library` into the folder `out`; returns their paths, `dashboard.html` first.

    Each file is replaced in one step, and only when it changed. Reports of workflows that are gone are
    removed, if the index names them and they are ours. Raises NewerSchema when the reports there are of
    a newer version, ComfyFixerError `not_a_report` before anything is written when a file that we did
    not write has the name of one of ours, and OSError.
    """
    sweep(out)
    old = read_json(out / "index.json", SCHEMA) or {}
    slug = slugs(entry.name for entry in library.entries)
    files = dict(_files(library, slug))
    changed = [name for name in files if _differs(out / name, files[name])]
    last = ("index.md", "index.json")  # the index names what there is, so it comes when that is there
    for name in sorted(changed, key=lambda name: (name in last, name == "index.json")):
        if name == "index.json":
            _remove_stale(old, set(files), out)
        write_atomic(out / name, files[name], sync=name == "index.json")
    return [out / name for name in files]


def _files(library: Library, slug: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    yield "dashboard.html", _bytes(render(library))
    yield "index.md", _bytes(index_md(library, slug))
    yield "index.json", _json(index_json(library, slug))
    for entry in library.entries:
        yield f"{slug[entry.name]}.md", _bytes(workflow_md(entry))
        yield f"{slug[entry.name]}.json", _json(workflow_json(entry, slug[entry.name]))


def _json(body: dict[str, Any]) -> bytes:
    return to_json(body).encode("ascii") + b"\n"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _differs(path: Path, data: bytes) -> bool:
    """Whether `path` must be written. A file there that is not one of our reports is never replaced."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return True
    except OSError:
        found = b""
    if found == data:
        return False
    if MARKER.encode() not in found[:_HEAD]:
        raise ComfyFixerError(
            "not_a_report",
            f"{path} is not one of our reports, so it is left as it is and no report was written",
            "Give another folder with --out, or move that file away.",
        )
    if path.suffix == ".json":
        read_json(path, SCHEMA)  # refuses a newer schema
    return True


def _remove_stale(old: dict[str, Any], current: set[str], out: Path) -> None:
    """Remove the reports of workflows that the last index lists and this one does not."""
    lines = old.get("workflows")
    for line in lines if isinstance(lines, list) else ():
        slug = line.get("slug") if isinstance(line, dict) else None
        if not isinstance(slug, str):
            continue
        for name in (f"{slug}.md", f"{slug}.json"):
            if name not in current:
                with contextlib.suppress(ComfyFixerError, OSError):
                    _remove_ours(safe_join(out, name))


def _remove_ours(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if MARKER.encode() in head:
        path.unlink()
