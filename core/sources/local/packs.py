"""Which node pack has a class, as ComfyUI-Manager's lists on this disk say. They are read when they are first asked.

Only the lists of classes count. The Manager's patterns for names ("Smart", "_jru$") match whatever they like: they are
a hint for people. The short `id` in its list of packs is a nickname of its own and seldom the registry's id (of 1,240
in 4.3, 235 are even the name of the repository: "kjnodes" is comfyui-kjnodes in the registry), so it is never given
as one. Ids come from the registry's own list, where the Manager fetched it.
"""

from __future__ import annotations

import threading

from ..types import PackCandidate
from .places import Places
from .repos import repo_address, repo_key
from .table import LONGEST, Table, read_table

MANAGER = "manager"
CORE = frozenset({"git:comfyanonymous/comfyui", "git:comfy-org/comfyui"})  # ids of ComfyUI itself
_SAID_BY = "ComfyUI-Manager's lists on this disk"


class PackMap:
    """What the lists in `places` say of classes, repositories and ids. Safe to ask from several threads.

    A candidate's `asked` is when its list was written. Nothing here is confirmed by anybody.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._read: Table | None = None

    def of_class(self, class_type: str) -> list[PackCandidate]:
        """The packs whose list of classes has exactly this one: first those which the Manager prefers for it, then by
        stars. ComfyUI's own classes come as its own repository, see CORE: an update of ComfyUI brings those."""
        table = self._table()
        preferred = table.preferred.get(class_type, ())
        found = table.classes.get(class_type, ())
        ranked = sorted(found, key=lambda index: (index not in preferred, -(table.packs[index].stars or 0), index))
        return [_candidate(table, index, has_class=True) for index in ranked]

    def of_repo(self, repo: str) -> PackCandidate | None:
        """The pack of a repository, "owner/repo" or its address; None where no list has it."""
        table = self._table()
        index = table.by_key.get(repo_key(repo))
        return _candidate(table, index) if index is not None else None

    def of_id(self, registry_id: str) -> PackCandidate | None:
        """The pack with this id in the registry, whatever its case; None where that cannot be told from here.

        Without the registry's list, a pack is taken for it whose nickname and repository both have that name.
        """
        table = self._table()
        found = table.by_id.get(registry_id.strip().lower())
        return _candidate(table, found[0], registry_id=found[1]) if found is not None else None

    def pattern_hint(self, class_type: str) -> list[str]:
        """Titles of packs whose pattern fits this class, for people to read: no proof of anything."""
        if len(class_type) > LONGEST:
            return []
        return list(dict.fromkeys(title for pattern, title in self._table().patterns if pattern.search(class_type)))

    def __len__(self) -> int:
        """How many classes there are."""
        return len(self._table().classes)

    def _table(self) -> Table:
        with self._lock:
            if self._read is None:
                self._read = read_table(self._places)
            return self._read


def _candidate(table: Table, index: int, *, has_class: bool | None = None, registry_id: str = "") -> PackCandidate:
    pack = table.packs[index]
    own = registry_id or pack.registry_id
    address = repo_address(pack.name) if pack.name else ""
    return PackCandidate(
        id=f"registry:{own.lower()}" if own else f"git:{pack.name.lower()}",
        source=MANAGER,
        registry_id=own,
        repo=address,
        title=pack.title,
        author=pack.author,
        status=pack.status,
        page=address,
        stars=pack.stars,
        has_class=has_class,
        asked=table.when,
        said_by=_SAID_BY,
    )
