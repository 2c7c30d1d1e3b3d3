"""Which other builds of model files there are: on this disk, and in what templates, lists and look-ups say. Asks nobody."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..readiness.index import Index
from ..tuning.types import NeedsFile

if TYPE_CHECKING:
    from ..sources.local import Claims

_BY = {
    "workflow": "a workflow of yours",
    "note": "a note in a workflow of yours",
    "templates": "ComfyUI's templates",
    "manager": "ComfyUI-Manager's list",
}


class Builds:
    """What `tune` asks: files of a folder that are here, and files of it that are known to be somewhere.

    `state`: where claims of catalogues are remembered, only read unless `keep`. They are read when they are first asked for.
    """

    def __init__(self, index: Index, state: Path | None, keep: bool = False) -> None:
        self._index, self._state, self._keep = index, state, keep

    def here(self, _name: str, folder: str) -> Sequence[tuple[str, int | None]]:
        """All files of the folder on this disk, with their bytes."""
        listed = self._index.by_folder.get(self._folder(folder), {})
        return [(file.name, file.size if file.size > 0 else None) for file in listed.values()]

    def known(self, _name: str, folder: str) -> Sequence[NeedsFile]:
        """All files that somebody says belong into the folder, with where they lie."""
        return self._by_folder.get(self._folder(folder), ())

    def _folder(self, folder: str) -> str:
        return self._index.inventory.aliases.get(folder, folder)

    @cached_property
    def _by_folder(self) -> dict[str, list[NeedsFile]]:
        found: dict[str, dict[str, NeedsFile]] = {}
        for claim in self._claims:
            if not claim.folder or not claim.url:
                continue
            folder = self._folder(claim.folder)
            here = claim.name in self._index.by_folder.get(folder, {})
            needs = NeedsFile(claim.name, folder, here, claim.size, claim.url, _BY.get(claim.by, claim.by))
            known = found.setdefault(folder, {})
            if claim.name not in known or (known[claim.name].size is None and claim.size):
                known[claim.name] = needs
        return {folder: list(named.values()) for folder, named in found.items()}

    @cached_property
    def _claims(self) -> Claims:
        from ..sources.local import Claims, find_places, own_site_packages

        inventory = self._index.inventory
        places = find_places(
            inventory.directories.get("base", ""),
            user=inventory.directories.get("user", ""),
            custom_nodes=sorted({os.path.dirname(pack.path) for pack in inventory.packs if pack.path}),
            site_packages=own_site_packages() if inventory.origin == "host" else (),
            python=self._python(),
        )
        return Claims.gather((), places, self._state, keep=self._keep)

    def _python(self) -> str:
        """The environment with the templates, where the snapshot or the options name one that is here."""
        place = self._index.inventory.directories.get("python", "")
        return place if os.path.isdir(place) else ""
