"""ComfyUI-Manager's lists of packs and classes, and the registry's as it fetched them → one compact table.

Lists come from many hands: what has a wrong shape is passed over, alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ... import jsontext
from ...errors import UnreadableFile
from ...files import read_small
from .places import Places
from .repos import repo_key, repo_name

MAX_BYTES = 64 << 20  # the registry's list is the longest, about 15 MB in 2026
MOST_CLASSES = 300_000
MOST_PACKS = 100_000
LONGEST = 300  # characters of a class or title
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STATUS = re.compile(r"Node(?:Version)?Status(Active|Pending|Flagged|Banned|Deleted)")
_PLAIN_PATTERN = re.compile(r"(?:[^\\*+?{}]|\\.|\.\*){1,200}")  # at most ".*" repeats, and below only once


class Pack(NamedTuple):
    """One pack. `name` is "Owner/Repo" at GitHub, "host/path" elsewhere, "" where the registry has no repository of it."""

    name: str
    title: str = ""
    author: str = ""
    registry_id: str = ""  # only where the registry has exactly one pack of that repository
    status: str = ""
    stars: int | None = None


@dataclass(slots=True)
class Table:
    """All packs by index, and the ways to find one."""

    packs: list[Pack] = field(default_factory=list)
    classes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    preferred: dict[str, tuple[int, ...]] = field(default_factory=dict)  # of several, the one the Manager takes
    by_key: dict[str, int] = field(default_factory=dict)
    by_id: dict[str, tuple[int, str]] = field(default_factory=dict)  # lower-case id → pack, the registry's own spelling
    patterns: list[tuple[re.Pattern[str], str]] = field(default_factory=list)
    when: float = 0.0  # when the list of classes was written, seconds since the epoch

    def index(self, name: str) -> int:
        """The pack of this repository, a new one where it is not known."""
        key = name.lower()
        if key not in self.by_key:
            self.by_key[key] = len(self.packs)
            self.packs.append(Pack(name))
        return self.by_key[key]


def read_table(places: Places) -> Table:
    """The table of the first list of each kind that can be read."""
    table = Table()
    nicknames = _read_packs(table, places.node_lists)
    _read_classes(table, places.node_maps)
    _read_stars(table, places.stats)
    if not _read_registry(table, places.registry):
        for nickname, index in nicknames:
            table.by_id.setdefault(nickname, (index, ""))
    return table


def _read_packs(table: Table, paths: Iterable[str]) -> list[tuple[str, int]]:
    """Titles and authors. Returns the nicknames that are also the name of their repository."""
    body = _first(paths, "custom_nodes")
    listed = body["custom_nodes"] if body is not None else []
    nicknames, others = [], []
    for item in listed[:MOST_PACKS]:
        names = _names(item)
        if not names:
            continue
        index = table.index(names[0])
        if not table.packs[index].title:
            found = table.packs[index]
            table.packs[index] = found._replace(title=_text(item.get("title")), author=_text(item.get("author")))
        others += [(name.lower(), index) for name in names[1:]]
        nickname = _text(item.get("id")).lower()
        if _ID.fullmatch(nickname) and _same(nickname, names[0].rpartition("/")[2].lower()):
            nicknames.append((nickname, index))
    for key, index in others:
        table.by_key.setdefault(key, index)
    return nicknames


def _names(item: Any) -> list[str]:
    """The repositories of an entry, the one that is installed first."""
    if not isinstance(item, dict):
        return []
    files = item.get("files")
    given = [*(files[:20] if isinstance(files, list) else ()), item.get("reference")]
    return list(dict.fromkeys(name for one in given if isinstance(one, str) and (name := repo_name(one))))


def _read_classes(table: Table, paths: Iterable[str]) -> None:
    for path in paths:
        body = _json(path)
        rows = list(body.items())[:MOST_PACKS] if isinstance(body, dict) else []
        for url, row in rows:
            if isinstance(row, list) and row and (name := repo_name(url)):
                _add_classes(table, table.index(name), row)
        if table.classes:
            table.when = _written(path)
            return


def _add_classes(table: Table, index: int, row: list[Any]) -> None:
    alone = (index,)  # one tuple for all classes of a pack: there are tens of thousands
    for name in _texts(row[0]):
        known = table.classes.get(name)
        if known is None and len(table.classes) < MOST_CLASSES:
            table.classes[name] = alone
        elif known is not None and index not in known:
            table.classes[name] = (*known, index)
    facts = row[1] if len(row) > 1 and isinstance(row[1], dict) else {}
    title = _text(facts.get("title_aux"))
    if title and not table.packs[index].title:
        table.packs[index] = table.packs[index]._replace(title=title)
    for name in _texts(facts.get("preemptions")):
        table.preferred[name] = (*table.preferred.get(name, ()), index)
    pattern = plain_pattern(facts.get("nodename_pattern"))
    if pattern is not None:
        table.patterns.append((pattern, title or table.packs[index].name))


def plain_pattern(text: Any) -> re.Pattern[str] | None:
    """A pattern for names, compiled; None for one that might take for ever: at most one part of it may repeat."""
    if not isinstance(text, str) or not _PLAIN_PATTERN.fullmatch(text) or text.count(".*") > 1:
        return None
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return None


def _read_stars(table: Table, paths: Iterable[str]) -> None:
    for path in paths:
        body = _json(path)
        found = False
        for url, row in body.items() if isinstance(body, dict) else ():
            stars = row.get("stars") if isinstance(row, dict) else None
            index = table.by_key.get(repo_key(url))
            if index is not None and type(stars) is int and stars >= 0:
                table.packs[index] = table.packs[index]._replace(stars=stars)
                found = True
        if found:
            return


def _read_registry(table: Table, paths: Iterable[str]) -> bool:
    """The registry's ids. A repository that several of its packs claim gets none: one of them may be an impostor."""
    body = _first(paths, "nodes")
    claimed: dict[int, list[str]] = {}
    for item in body["nodes"][:MOST_PACKS] if body is not None else ():
        own = item.get("id") if isinstance(item, dict) else None
        if not isinstance(own, str) or not _ID.fullmatch(own) or own.lower() in table.by_id:
            continue
        repository = item.get("repository")
        name = repo_name(repository) if isinstance(repository, str) else ""
        if name:
            index = table.index(name)
            claimed.setdefault(index, []).append(own)
        else:
            index = len(table.packs)
            table.packs.append(Pack("", registry_id=own))
        table.by_id[own.lower()] = (index, own)
        _add_facts(table, index, item)
    for index, ids in claimed.items():
        if len(ids) == 1:
            table.packs[index] = table.packs[index]._replace(registry_id=ids[0])
        else:
            table.packs[index] = table.packs[index]._replace(status="")
    return bool(table.by_id)


def _add_facts(table: Table, index: int, item: dict[str, Any]) -> None:
    pack, publisher = table.packs[index], item.get("publisher")
    author = _text(publisher.get("name")) if isinstance(publisher, dict) else ""
    found = _STATUS.fullmatch(_text(item.get("status")))
    table.packs[index] = pack._replace(
        title=pack.title or _text(item.get("name")), author=pack.author or author, status=found[1] if found else ""
    )


# ---- reading -----------------------------------------------------------------------------------------------


def _first(paths: Iterable[str], key: str) -> dict[str, Any] | None:
    """The first of these files that is an object with a list under `key`."""
    return next(
        (body for path in paths if isinstance(body := _json(path), dict) and isinstance(body.get(key), list)), None
    )


def _json(path: str) -> Any:
    try:
        data = read_small(path, MAX_BYTES)
        return jsontext.loads(data) if data is not None else None
    except (UnreadableFile, ValueError, RecursionError):
        return None


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _texts(raw: Any) -> Iterator[str]:
    return (
        (one for one in raw if isinstance(one, str) and 0 < len(one) <= LONGEST) if isinstance(raw, list) else iter(())
    )


def _text(raw: Any) -> str:
    return raw.strip()[:LONGEST] if isinstance(raw, str) and raw.isprintable() else ""


def _same(one: str, other: str) -> bool:
    return one.replace("_", "-") == other.replace("_", "-")
