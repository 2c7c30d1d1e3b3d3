"""Which workflows are one row of a library: `x.json`, `x.v2.json`, `x.v3.json` in one folder are versions of one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ..actions.versions import version_of
from .types import Entry, Library


class Row(NamedTuple):
    """What a list shows as one: the newest version, and those before it, newest first."""

    entry: Entry
    older: tuple[Entry, ...] = ()

    @property
    def versions(self) -> tuple[Entry, ...]:
        """All of it, newest first."""
        return (self.entry, *self.older)


def rows(entries: Iterable[Entry]) -> list[Row]:
    """The rows, in the order in which their first version comes."""
    by_name = {entry.name: entry for entry in entries}
    return [Row(by_name[names[0]], tuple(by_name[name] for name in names[1:])) for names in versions(by_name).values()]


def listed(library: Library) -> Library:
    """The library as a list shows it: of each workflow the newest version."""
    return replace(library, entries=tuple(row.entry for row in rows(library.entries)))


def versions(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of workflows by that of the first version, which need not be there; each list from the newest on.

    Names as the library has them: paths with "/", "#2" for a second graph.
    """
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(_first(name)[0], []).append(name)
    for group in found.values():
        # "x.json" and a "x.v1.json" that a person made are both a first version: the plain name is the older one
        group.sort(key=lambda name: (_first(name)[1], name != _first(name)[0], name), reverse=True)
    return found


def newest(names: Iterable[str]) -> list[str]:
    """Of names of workflows, one for each row: the newest version."""
    return [group[0] for group in versions(names).values()]


def version(name: str) -> int:
    """The number of this version: 3 for "sub/x.v3.json"."""
    return _first(name)[1]


def _first(name: str) -> tuple[str, int]:
    folder, slash, last = name.rpartition("/")
    file, mark, graph = last.rpartition("#")
    if not mark or not graph.isdecimal():
        file, mark, graph = last, "", ""
    first, number = version_of(file)
    return f"{folder}{slash}{first}{mark}{graph}", number
