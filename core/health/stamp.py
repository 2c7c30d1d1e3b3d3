"""What a workflow relied on while it ran here: its model files, the packs of its node types, ComfyUI itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from ..errors import UnreadableFile
from ..files import read_small
from ..inventory.types import Inventory, ModelFile, Pack
from ..readiness.index import Index, base

CORE, UNPLACED = "comfy-core", ""  # packs of a node type: ComfyUI itself, and not known
MOST_FILES, MOST_PACKS, MOST_TYPES, MOST_TEXT = 80, 60, 200, 500  # of one workflow
_COMMIT = re.compile(r"[0-9a-f]{40}")

File = tuple[str, int, int]  # path or folder/name, bytes, mtime_ns


class Stamp(NamedTuple):
    """`files`: model name as written → File; `packs`: pack → its version, and the node types that the workflow has of it.
    `modified`: the workflow file's time of change, `sha256`: its content as it was kept, "" where it was not."""

    when: float
    comfyui: str
    modified: float | None = None
    sha256: str = ""
    files: Mapping[str, File] = {}  # never changed
    packs: Mapping[str, tuple[str, tuple[str, ...]]] = {}

    def pack_of(self, class_type: str) -> str:
        """The pack that this node type came from: CORE where it was none of the others, UNPLACED where that was not known."""
        return next((name for name, (_, types) in self.packs.items() if class_type in types), CORE)

    def as_json(self) -> list[Any]:
        """As plain JSON values."""
        packs = {name: [version, list(types)] for name, (version, types) in self.packs.items()}
        files = {name: list(file) for name, file in self.files.items()}
        return [self.when, self.comfyui, self.modified, self.sha256, files, packs]

    @classmethod
    def from_json(cls, raw: Any) -> Stamp | None:
        """What `as_json` gave; None where any of it is not as it was written."""
        try:
            when, comfyui, modified, sha256, files, packs = raw
            made = cls(
                float(when),
                str(comfyui),
                float(modified) if modified is not None else None,
                str(sha256),
                {str(name): (str(path), int(size), int(mtime)) for name, (path, size, mtime) in files.items()},
                {str(name): (str(version), tuple(map(str, types))) for name, (version, types) in packs.items()},
            )
        except (TypeError, ValueError, AttributeError, OverflowError):
            return None
        return made


class Here:
    """An inventory as stamps are made of it and compared with. Small files of packs are read when they are asked for."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._versions: dict[str, str] = {}
        self._gone: dict[str, bool] = {}

    @property
    def inventory(self) -> Inventory:
        """What is installed now."""
        return self.index.inventory

    @cached_property
    def packs(self) -> dict[str, Pack]:
        """Packs by name."""
        return {pack.name: pack for pack in self.inventory.packs}

    @cached_property
    def _pack_of(self) -> dict[str, str]:
        found = {kind: node.pack for kind, node in self.inventory.definitions.items() if node.pack}
        for pack in self.inventory.packs:
            for kind in pack.node_types:
                found.setdefault(kind, pack.name)
        return found

    def version(self, name: str) -> str:
        """The version of a pack, with its commit where it is a clone; "" where neither is known."""
        if name not in self._versions:
            pack = self.packs.get(name)
            said = (pack.version, commit(pack.path)) if pack is not None else ("", "")
            self._versions[name] = " ".join(one for one in said if one)
        return self._versions[name]

    def lost(self, path: str) -> str:
        """The folder of models that this file lay in, where it is there no more, as when a drive is not connected; "" else."""
        root = next((one for one in self._roots if path.startswith(one + os.sep)), "")
        if root not in self._gone:
            self._gone[root] = bool(root) and not os.path.isdir(root)
        return root if self._gone[root] else ""

    @cached_property
    def _roots(self) -> list[str]:
        found = {path.rstrip(os.sep) for folder in self.inventory.folders.values() for path in folder.paths}
        return sorted(found, key=len, reverse=True)

    def file(self, name: str) -> File | None:
        """The model file that goes by this name."""
        found = self.index.by_base.get(base(name).lower(), ())
        written = name.replace("\\", "/")
        file = next((one for _, one in found if one.name.replace("\\", "/") == written), None)
        return _file(file) if file is not None else None

    def stamp(
        self, uses: Iterable[str], models: Iterable[str], when: float, modified: float | None = None, sha256: str = ""
    ) -> Stamp:
        """What a workflow with these names (node types, models) relies on now."""
        files = {name: file for name in dict.fromkeys(models) if (file := self.file(name)) is not None}
        types: dict[str, list[str]] = {}
        for kind in uses:
            pack = self._pack_of.get(kind, UNPLACED if kind in self.inventory.definitions else CORE)
            if pack != CORE:
                types.setdefault(pack, []).append(kind)
        packs = {name: (self.version(name), tuple(kinds[:MOST_TYPES])) for name, kinds in types.items()}
        return Stamp(
            when,
            self.inventory.comfyui_version,
            modified,
            sha256,
            dict(list(files.items())[:MOST_FILES]),
            dict(list(packs.items())[:MOST_PACKS]),
        )


def _file(file: ModelFile) -> File:
    return (file.path or file.name)[:MOST_TEXT], file.size, file.mtime_ns


def commit(path: str) -> str:
    """The first eight digits of the commit that a clone stands at, read from its own files; "" for anything else."""
    head = _text(os.path.join(path, ".git", "HEAD")) if path else ""
    if head.startswith("ref: "):
        ref = head[5:].strip()
        own = _text(os.path.join(path, ".git", *ref.split("/"))) if ".." not in ref else ""
        head = own or next(
            (line[:40] for line in _text(os.path.join(path, ".git", "packed-refs")).splitlines() if line.endswith(ref)),
            "",
        )
    found = _COMMIT.match(head.strip())
    return found[0][:8] if found else ""


def _text(path: str) -> str:
    try:
        return (read_small(path, 1 << 20) or b"").decode("utf-8", "replace")
    except UnreadableFile:
        return ""
