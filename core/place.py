"""Which inventory the command line asks for: a folder on disk, a running server, a snapshot, or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .errors import InventoryError, UsageError
from .inventory.types import Inventory


@dataclass(frozen=True, slots=True)
class Place:
    """The place asked for, and its folders as far as they are known."""

    kind: str  # "disk", "server", "snapshot" or "none"
    base: str = ""
    output: str = ""
    state: Path | None = None
    workflow_folders: tuple[str, ...] = ()
    snapshot: str = ""
    url: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    found: bool = False  # the snapshot was not asked for, it lay in the installation

    @classmethod
    def from_options(
        cls,
        *,
        comfyui: str | None = None,
        code: str | None = None,
        url: str | None = None,
        snapshot: str | None = None,
        extra_configs: Sequence[str] = (),
        python: str | None = None,
        from_source: bool = False,
    ) -> Place:
        """The place that these options name. Raises InventoryError and UsageError."""
        if url and (snapshot or from_source):
            raise UsageError("bad_options", "--url goes with neither --snapshot nor --from-source", "Choose one.")
        if not comfyui:
            if url:
                return cls("server", url=url)
            return cls("snapshot", snapshot=snapshot) if snapshot else cls("none")
        from .inventory.layout import find_layout

        layout = find_layout(comfyui, code)
        state = Path(layout.user) / "__comfyfixersmart"
        own = state / "snapshot.json"
        found = not snapshot and not from_source and not url and own.is_file()
        if found:
            snapshot = str(own)
        return cls(
            "server" if url else "snapshot" if snapshot else "disk",
            layout.base,
            layout.output,
            state,
            layout.workflow_folders(),
            snapshot or "",
            url or "",
            {"path": comfyui, "code": code, "extra_configs": tuple(extra_configs), "python": python},
            found,
        )

    def inventory(self, state: Path | None, progress: Any = None, *, keep: bool = True) -> Inventory:
        """Take the inventory; `state` holds its caches, which are only read when `keep` is False."""
        say = progress.say if progress is not None else lambda _text: None
        if self.kind == "server":
            from .inventory.server import read_server

            say(f"Asking {self.url}")
            return read_server(self.url)
        if self.kind == "snapshot":
            from .inventory.snapshot import read_snapshot

            try:
                taken = read_snapshot(self.snapshot, cache=state, keep=keep)
            except InventoryError as error:
                if not self.found:
                    raise
                why = error.message  # the one lying there is damaged; the disk can be read all the same
            else:
                if not self.found or os.path.realpath(taken.place) == os.path.realpath(self.base):
                    return taken
                why = f"{self.snapshot} was taken of {taken.place}, another place"
            taken = self._disk(state, progress, keep)
            return replace(taken, gaps=(*taken.gaps, f"{why}; the packs' source was read instead"))
        if self.kind == "disk":
            return self._disk(state, progress, keep)
        from .inventory.known import nothing

        return nothing("No ComfyUI was given to compare with: add --comfyui DIR, --url URL or --snapshot FILE.")

    def _disk(self, state: Path | None, progress: Any, keep: bool) -> Inventory:
        from .inventory.disk import read_disk

        if progress is not None:
            progress.say("Reading ComfyUI, its packs and model folders")
        given = self.arguments
        return read_disk(
            os.fspath(given["path"]),
            code=given["code"],
            extra_configs=given["extra_configs"],
            python=given["python"],
            cache=state,
            keep=keep,
            progress=progress.count if progress is not None else None,
        )
