"""Answers the questions of the readiness check that need the disk. Everything it reads is cached by size and mtime."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .inventory.types import Inventory, ModelFile
from .readiness.models import Remembered
from .weights.hashes import HashCache


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a null byte or a lone surrogate, which JSON can bring
        return False


_ANNOTATIONS = {" [input]": "input", " [output]": "output", " [temp]": "temp"}


class DiskProbe:
    """A Probe over the disk that an inventory was taken from. A server elsewhere can be asked nothing: all answers are None."""

    def __init__(self, inventory: Inventory, state: Path | None) -> None:
        self._inventory = inventory
        self._hashes = HashCache(state / "weights.json" if state is not None else None)

    @property
    def headers(self) -> HashCache:
        """Facts of model files, by their headers and hashes."""
        return self._hashes

    def damage(self, file: ModelFile) -> str | None:
        """Why a model file cannot be whole, by its own header; None when it is, or when that cannot be told."""
        if not file.path:
            return None
        facts = self._hashes.facts(file.path)
        return (
            facts.problem or "its header and its size do not agree"
            if facts is not None and facts.complete is False
            else None
        )

    def sha256(self, file: ModelFile) -> str | None:
        """The file's hash."""
        return self._hashes.sha256(file.path) if file.path else None

    def remembered(self, name: str) -> Remembered | None:
        """Size and hash of a file of this name that was in a model folder before."""
        seen = self._inventory.seen.get(name.replace("\\", "/").rsplit("/", 1)[-1].lower())
        return None if seen is None else Remembered(*seen)

    def unlisted(self, name: str, folders: Sequence[str]) -> str | None:
        """The path of a file of this name in one of these model folders, which do not list its suffix."""
        suffix = os.path.splitext(name)[1].lower()
        for folder in map(self._inventory.folders.get, folders):
            if folder is None or not suffix or not folder.suffixes or suffix in folder.suffixes:
                continue
            for root in folder.paths if self._inventory.origin in ("disk", "snapshot", "host") else ():
                path = os.path.join(root, name)
                inside = os.path.normpath(path).startswith(os.path.normpath(root) + os.sep)
                if inside and _is_file(path):
                    return path
        return None

    def media(self, name: str) -> bool | None:
        """Whether input media lies where its annotation or its absolute path says; None for anything else."""
        try:
            holdable = b"\0" not in os.fsencode(name)
        except UnicodeEncodeError:  # a lone surrogate, which JSON can bring
            holdable = False
        if not holdable:
            return False  # no file system has such a name
        for ending, kind in _ANNOTATIONS.items():
            if name.endswith(ending):
                return self._inside(kind, name[: -len(ending)])
        if os.path.isabs(name) and self._inventory.origin in ("disk", "snapshot", "host"):
            return os.path.isfile(name)
        return None

    def _inside(self, kind: str, name: str) -> bool | None:
        if kind == "input":
            return name.replace("\\", "/") in self._inventory.inputs if self._inventory.inputs_known else None
        root = self._inventory.directories.get(kind)
        if not root:
            return None
        path = os.path.realpath(os.path.join(root, name))
        return os.path.isfile(path) if path.startswith(os.path.realpath(root) + os.sep) else False

    def save(self) -> None:
        """Write what was learned. Raises OSError."""
        self._hashes.save()
