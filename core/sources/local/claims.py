"""What the catalogues on this disk say of a file name. Each says where a file can be had; nobody has checked it.

claims = Claims.gather(find(folders), find_places(base), state)
for claim in claims.of("flux1-dev.safetensors"): print(claim.url, claim.by, claim.where)
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from ..names import base, stem, suffix
from ..types import Claim
from .harvest import harvest_file
from .kept import GRAPH, LIST, Kept
from .models import harvest_list
from .near import Near
from .places import Places

MOST_CLAIMS = 300_000
MOST_PER_NAME = 40  # of each catalogue: one workflow cannot crowd out the others
WORKFLOW, NOTE, TEMPLATES, MANAGER = "workflow", "note", "templates", "manager"
_FIRST = {WORKFLOW: 0, TEMPLATES: 1, MANAGER: 2, NOTE: 3}  # the order in which claims of one name are given


class Listed(Protocol):
    """A file of the library as `core/library.py` finds it."""

    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...


class _File(NamedTuple):
    path: str
    name: str
    size: int
    mtime_ns: int


class Claims:
    """An index over claims, fixed once it is made. Safe to ask from several threads."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        found: dict[tuple[str, str], dict[tuple[object, ...], Claim]] = {}
        count = 0
        for one in claims:
            listed = found.setdefault((one.name.lower(), one.by), {})
            told = (one.url, one.folder, one.sha256, one.size)
            if told not in listed and len(listed) < MOST_PER_NAME:
                listed[told] = one
                count += 1
            if count >= MOST_CLAIMS:
                break
        names: dict[str, list[Claim]] = {}
        for (name, _), listed in sorted(found.items(), key=lambda each: _FIRST.get(each[0][1], len(_FIRST))):
            names.setdefault(name, []).extend(_telling(listed.values()))
        self._by_name = {name: tuple(listed) for name, listed in names.items()}

    @classmethod
    def gather(
        cls,
        workflows: Iterable[Listed],
        places: Places,
        state: Path | None = None,
        *,
        keep: bool = True,
        cancel: Callable[[], bool] = lambda: False,
    ) -> Claims:
        """All that these saved workflows, the installed templates and ComfyUI-Manager's model lists say.

        Files that did not change are not read again: what they said is kept in `state`/claims.json, unless `keep` is
        False; None remembers nothing. `cancel` is asked before every file; what was found until then is what is said.
        Raises nothing for files that are broken or gone.
        """
        memory = Kept(state / "claims.json" if state is not None else None)
        claims = cls(_claims(workflows, places, memory, cancel))
        if keep:
            memory.save()
        return claims

    def of(self, name: str) -> tuple[Claim, ...]:
        """The claims for exactly this base name, whatever its case. A name without suffix means any with that stem."""
        own = base(name)
        if suffix(own):
            return self._by_name.get(own.lower(), ())
        return tuple(one for full in self._by_stem.get(own.lower(), ()) for one in self._by_name[full])

    def near(self, name: str, most: int = 8) -> tuple[Claim, ...]:
        """The first claim of each of the names most like this one, the nearest first; `of` has all claims of a name."""
        return tuple(self._by_name[found.lower()][0] for found in self._near.find(base(name), most))

    def of_hash(self, sha256: str) -> tuple[Claim, ...]:
        """The claims with this SHA-256."""
        return tuple(self._by_hash.get(sha256.lower(), ()))

    def __len__(self) -> int:
        """How many claims there are."""
        return sum(map(len, self._by_name.values()))

    def __iter__(self) -> Iterator[Claim]:
        """Every claim, those of one name together."""
        return (claim for listed in self._by_name.values() for claim in listed)

    @property
    def names(self) -> int:
        """How many different names there are."""
        return len(self._by_name)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._by_name:
            found.setdefault(stem(name), []).append(name)
        return found

    @cached_property
    def _by_hash(self) -> dict[str, list[Claim]]:
        found: dict[str, list[Claim]] = {}
        for claims in self._by_name.values():
            for one in claims:
                if one.sha256:
                    found.setdefault(one.sha256, []).append(one)
        return found

    @cached_property
    def _near(self) -> Near:
        return Near([claims[0].name for claims in self._by_name.values()])


def _telling(claims: Iterable[Claim]) -> list[Claim]:
    """A note beside a loader often repeats its address and says less: that is left out."""
    listed = list(claims)
    full = {one.url for one in listed if one.folder or one.sha256 or one.size}
    return [one for one in listed if one.folder or one.sha256 or one.size or one.url not in full]


def _claims(workflows: Iterable[Listed], places: Places, memory: Kept, cancel: Callable[[], bool]) -> Iterator[Claim]:
    for file, kind, by in _files(workflows, places):
        if cancel():
            return
        read = harvest_list if kind == LIST else harvest_file
        for one in memory.of(file.path, file.size, file.mtime_ns, kind, read):
            who = NOTE if one.note and by == WORKFLOW else by
            yield Claim(one.name, one.url, one.folder, one.sha256, one.size, who, file.name)


def _files(workflows: Iterable[Listed], places: Places) -> Iterator[tuple[Listed, str, str]]:
    """Every file to look at, how it is read, and whose word it is; the fewest and best known first."""
    for path in places.model_lists:
        listed = _stat(path, "ComfyUI-Manager/model-list.json")
        if listed is not None:
            yield listed, LIST, MANAGER
    for folder in places.templates:
        package = os.path.basename(os.path.dirname(folder.rstrip("/\\")))
        for file in _json_files(folder, package):
            yield file, GRAPH, TEMPLATES
    for one in workflows:
        if one.size >= 0:  # less: a FIFO, or a link that leads nowhere
            yield one, GRAPH, WORKFLOW


def _json_files(folder: str, package: str) -> list[_File]:
    """The workflows of a templates folder. Its index files list what there is, in many languages."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".json"))
    except OSError:
        return []
    own = [name for name in names if not name.startswith(("index.", "index_"))]
    return [file for name in own if (file := _stat(os.path.join(folder, name), f"{package}/{name}")) is not None]


def _stat(path: str, name: str) -> _File | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return _File(path, name, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
