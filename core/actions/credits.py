"""Whose work lies here: the files that plans brought, with author, source and licence, as the journal says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UnreadableFile
from .entries import Entry
from .journal import Journal
from .types import DOWNLOAD


class Credit(NamedTuple):
    """One file. `source`: what people call the service; `when`: seconds since the epoch, when it came."""

    path: str
    author: str
    source: str
    licence: str
    page: str
    check: str  # VERIFIED, SIZE_ONLY or UNVERIFIABLE
    sha256: str
    when: float

    @property
    def name(self) -> str:
        return os.path.basename(self.path)


def credits(folder: Path | None) -> tuple[Credit, ...]:
    """Of all files that came and were not taken back. `folder`: the person's; () where its journal cannot be read."""
    if folder is None:
        return ()
    try:
        entries = Journal(folder / "journal").read().entries
    except (UnreadableFile, OSError):
        return ()
    undone = {entry.undoes for entry in entries if entry.event == "undone"}
    found: dict[str, Credit] = {}
    for entry in entries:
        if entry.event == "done" and entry.kind == DOWNLOAD and entry.id not in undone and entry.attribution:
            credit = _credit(entry)
            if credit is not None:
                found[credit.path] = credit
    return tuple(found.values())


def used(found: Sequence[Credit], names: Iterable[str]) -> tuple[Credit, ...]:
    """Those that one of these names means: paths below a model folder, with any slash, with or without suffix."""
    if not found:
        return ()
    ends = {f"/{_slashed(name)}" for name in names if name}
    return tuple(one for one in found if any(_means(end, _slashed(one.path)) for end in ends))


def _means(end: str, path: str) -> bool:
    return path.endswith(end) or os.path.splitext(path)[0].endswith(end)


def _slashed(path: str) -> str:
    return path.replace("\\", "/").lower()


def _credit(entry: Entry) -> Credit | None:
    output = next((one for one in entry.outputs if one.after), None)
    if output is None:
        return None
    told = {name: str((entry.attribution or {}).get(name) or "") for name in ("author", "source", "licence", "page")}
    return Credit(output.path, **told, check=entry.check, sha256=output.sha256 or "", when=entry.time)
