"""Installations made of plain values, a Probe that counts what it is asked, and needs to check against them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfyfixersmart.core.catalogue.types import NodeType
from comfyfixersmart.core.inventory.types import Inventory, ModelFile, Pack
from comfyfixersmart.core.readiness.check import Checker
from comfyfixersmart.core.readiness.index import build_index
from comfyfixersmart.core.readiness.models import Remembered
from comfyfixersmart.core.readiness.types import Finding, Readiness
from comfyfixersmart.core.requirements.types import MODEL, NodeRef, Requirement, Requirements

CORE = Pack("comfy-core", "loaded", frozenset({"HeronSink", "LoadBramble"}))
GENERIC = ("model.safetensors",)


def file(name: str, size: int = 100, root: str = "/models") -> ModelFile:
    return ModelFile(name, root, size, 1)


def place(
    *packs: Pack, models: dict[str, list[ModelFile]] | None = None, types: tuple[str, ...] = (), **more: Any
) -> Inventory:
    """A complete installation: nothing is unknown unless `more` says so."""
    definitions = {name: NodeType(name, ()) for name in types}
    known = {"origin": "disk", "place": "/here", "packs": (CORE, *packs), "models": models or {}}
    return Inventory(**{**known, "definitions": definitions, **more})


class Probe:
    """Answers from plain values; `hashed` lists the files whose hash was asked for."""

    def __init__(
        self,
        damage: dict[str, str] | None = None,
        hashes: dict[str, str] | None = None,
        seen: dict[str, Remembered] | None = None,
        media: dict[str, bool] | None = None,
        unlisted: dict[str, str] | None = None,
    ) -> None:
        self._damage, self._hashes, self._seen, self._media = damage or {}, hashes or {}, seen or {}, media or {}
        self._unlisted = unlisted or {}
        self.hashed: list[str] = []

    def damage(self, file: ModelFile) -> str | None:
        return self._damage.get(file.name)

    def sha256(self, file: ModelFile) -> str | None:
        self.hashed.append(file.name)
        return self._hashes.get(file.name)

    def remembered(self, name: str) -> Remembered | None:
        return self._seen.get(name)

    def unlisted(self, name: str, folders: Sequence[str]) -> str | None:
        return self._unlisted.get(name)

    def media(self, name: str) -> bool | None:
        return self._media.get(name)


def need(name: str, *folders: str, kind: str = MODEL, **more: Any) -> Requirement:
    """Something that node 3 asks for."""
    return Requirement(kind, name, more.pop("nodes", (NodeRef("3", "LoadBramble", "Loader", "file"),)), folders, **more)


def check(inventory: Inventory, *needs: Requirement, probe: Probe | None = None, **more: Any) -> Readiness:
    checker = Checker(build_index(inventory), probe or Probe(), GENERIC)
    return checker.check(Requirements("moor.json", "ui", needs, **more))


def one(inventory: Inventory, *needs: Requirement, probe: Probe | None = None) -> Finding:
    """The only finding there is."""
    found = check(inventory, *needs, probe=probe).findings
    assert len(found) == 1, found
    return found[0]
