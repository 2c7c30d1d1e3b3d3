"""Writes a finished scan into one folder: dashboard, index and one report per workflow. Nothing outside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ComfyFixerError, UnreadableFile
from ..files import open_plain, read_json, refuse_newer, safe_join, sweep, to_json, write_atomic
from .dashboard import render
from .data import MARKER, SCHEMA, index_json, workflow_json
from .markdown import index_md, workflow_md
from .slugs import slugs
from .types import Library

_HEAD = 400  # every report carries the marker within its first bytes
_INDEX = ("index.md", "index.json")


def write_reports(library: Library, out: Path) -> list[Path]:
    """Write all reports of `library` into the folder `out`; returns their paths, `dashboard.html` first.

    Each file is replaced in one step, and only when it changed. Reports of workflows that are gone are
    removed, if the index names them and they are ours. Raises NewerSchema when the reports there are of
    a newer version, ComfyFixerError `not_a_report` before anything is written when a file that we did
    not write has the name of one of ours, and OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    slug = slugs(entry.name for entry in library.entries)
    names = _names(slug)
    for name in names:
        _refuse_foreign(out / name)
    stale = _listed(out) - set(slug.values()) if _others(out, set(names)) else set()
    for name, data in _files(library, slug):
        if name == "index.json":  # it names what there is, so it comes when that is there
            _remove(stale, set(names), out)
        if _differs(out / name, data):
            write_atomic(out / name, data, sync=name == "index.json")
    return [out / name for name in names]


def _names(slug: dict[str, str]) -> list[str]:
    return ["dashboard.html", *(f"{one}{suffix}" for one in slug.values() for suffix in (".md", ".json")), *_INDEX]


def _files(library: Library, slug: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """One at a time and in the order of `_names`: all of them together are a lot of memory."""
    yield "dashboard.html", _bytes(render(library))
    for entry in library.entries:
        yield f"{slug[entry.name]}.md", _bytes(workflow_md(entry))
        yield f"{slug[entry.name]}.json", _json(workflow_json(entry, slug[entry.name]))
    yield "index.md", _bytes(index_md(library, slug))
    yield "index.json", _json(index_json(library, slug))


def _json(body: dict[str, Any]) -> bytes:
    return to_json(body).encode("ascii") + b"\n"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _refuse_foreign(path: Path) -> None:
    """A file of this name that is not one of our reports is never replaced, nor is one of a newer version."""
    try:
        with open_plain(path) as (file, _):  # what is no file, such as a pipe, is not waited for
            head = file.read(_HEAD)
    except UnreadableFile as error:
        if error.code == "vanished":
            return
        head = b""
    if MARKER.encode() not in head:
        raise ComfyFixerError(
            "not_a_report",
            f"{path} is not one of our reports, so it is left as it is and no report was written",
            "Move that file away. On the command line, --out names another folder.",
        )
    if path.suffix == ".json":
        refuse_newer(path, SCHEMA)


def _differs(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size != len(data) or path.read_bytes() != data
    except OSError:
        return True


def _others(out: Path, names: set[str]) -> bool:
    """Whether other files lie there that may be old reports; without, the large index need not be read."""
    try:
        with os.scandir(out) as entries:
            return any(entry.name.endswith((".md", ".json")) and entry.name not in names for entry in entries)
    except OSError:
        return False


def _listed(out: Path) -> set[str]:
    """The slugs that the last index names."""
    lines = (read_json(out / "index.json", SCHEMA) or {}).get("workflows")
    found = [line.get("slug") for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    return {slug for slug in found if isinstance(slug, str)}


def _remove(stale: set[str], current: set[str], out: Path) -> None:
    """Remove the reports of workflows that the last index lists and this one does not."""
    for slug in stale:
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
