"""An Inventory turned into look-up tables, once per scan. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..inventory.types import DISABLED, FAILED, LOADED, Inventory, ModelFile, Pack


@dataclass(slots=True)
class Index:
    """The tables a check asks. `packs_by_id` finds a pack by folder name, registry id or owner/repo, lower case."""

    inventory: Inventory
    types: frozenset[str]
    by_folder: dict[str, dict[str, ModelFile]]
    by_base: dict[str, list[tuple[str, ModelFile]]]  # lower-case base name → (folder, file)
    by_size: dict[int, list[tuple[str, ModelFile]]]
    partial: dict[str, ModelFile]  # lower-case base name without the part suffix → file
    failed: dict[str, Pack]
    disabled: dict[str, Pack]
    packs_by_id: dict[str, Pack]
    unclear: tuple[Pack, ...]  # packs that may hold more types than could be read
    stems: dict[str, dict[str, ModelFile]] = field(default_factory=dict)  # folder → lower-case stem → file
    directories: dict[str, dict[str, ModelFile]] = field(default_factory=dict)  # folder → directory → a file in it

    def by_stem(self, folder: str, name: str) -> ModelFile | None:
        """The file of this folder whose base name without its suffix is `name`, whatever the case: so LoRA rows look."""
        known = self.stems.get(folder)
        if known is None:
            known = self.stems[folder] = {}
            for file in self.by_folder.get(folder, {}).values():
                known.setdefault(stem(file.name), file)
        return known.get(base(name).lower()) or known.get(stem(name))

    def directory(self, folder: str, name: str) -> ModelFile | None:
        """A file inside the directory `name` of this folder: some loaders take a directory of weights as one model."""
        listed = self.inventory.folders.get(folder)
        if listed is not None and listed.suffixes and name.lower().endswith(tuple(listed.suffixes)):
            return None
        known = self.directories.get(folder)
        if known is None:
            known = self.directories[folder] = {}
            for file in self.by_folder.get(folder, {}).values():
                parts = file.name.replace("\\", "/").split("/")
                for depth in range(1, len(parts)):
                    known.setdefault("/".join(parts[:depth]), file)
        return known.get(name.replace("\\", "/").rstrip("/")) if known else None

    def folders(self, names: Iterable[str]) -> tuple[str, ...]:
        """Folder names after aliases, without doubles."""
        aliases = self.inventory.aliases
        return tuple(dict.fromkeys(aliases.get(name, name) for name in names))

    def pack_named(self, name: str) -> Pack | None:
        """The installed pack of this registry id, `owner/repo` or folder name."""
        return self.packs_by_id.get(name.lower()) or self.packs_by_id.get(name.lower().split("/")[-1])


def base(name: str) -> str:
    """The last part of a name written with either slash."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]


_SUFFIXES = (".safetensors", ".gguf", ".ckpt", ".pth", ".pt", ".bin", ".sft", ".onnx")


def stem(name: str) -> str:
    """The base name in lower case, without a model suffix: `Loras/A.v2.safetensors` → `a.v2`."""
    last = base(name).lower()
    return next((last.removesuffix(suffix) for suffix in _SUFFIXES if last.endswith(suffix)), last)


def build_index(inventory: Inventory) -> Index:
    """The tables for one inventory."""
    by_folder: dict[str, dict[str, ModelFile]] = {}
    by_base: dict[str, list[tuple[str, ModelFile]]] = defaultdict(list)
    by_size: dict[int, list[tuple[str, ModelFile]]] = defaultdict(list)
    for folder, files in inventory.models.items():
        own: dict[str, ModelFile] = {}
        for file in files:
            if file.name not in own:  # the first root wins, as in ComfyUI
                own[file.name] = file
            place = (folder, file)
            by_base[base(file.name).lower()].append(place)
            if file.size > 0:
                by_size[file.size].append(place)
        by_folder[folder] = own
    types = set(inventory.definitions)
    failed: dict[str, Pack] = {}
    disabled: dict[str, Pack] = {}
    ids: dict[str, Pack] = {}
    for pack in inventory.packs:
        target = failed if pack.state == FAILED else disabled if pack.state == DISABLED else None
        if target is not None:
            target.update(dict.fromkeys(pack.node_types, pack))
        else:
            types |= pack.node_types
        for name in (pack.name.removesuffix(".disabled"), *pack.ids):
            known = ids.get(name.lower())
            if known is None or (known.state != LOADED and pack.state == LOADED):
                ids[name.lower()] = pack
    unclear = tuple(p for p in inventory.packs if not p.complete and p.state not in (DISABLED, FAILED))
    return Index(
        inventory,
        frozenset(types),
        by_folder,
        dict(by_base),
        dict(by_size),
        {_without_part(base(file.name)).lower(): file for file in inventory.partial},
        failed,
        disabled,
        ids,
        unclear,
    )


_OUR_PART = re.compile(r"(.+)\.[0-9a-f]{12}\.part", re.S)  # see actions/download/part.py


def _without_part(name: str) -> str:
    """`model.safetensors.part` → `model.safetensors`, `model.safetensors.a1b2.incomplete` likewise."""
    ours = _OUR_PART.fullmatch(name)
    if ours is not None:
        return ours[1]
    lower = name.lower()
    for suffix in _SUFFIXES:
        at = lower.find(suffix + ".")
        if at > 0:
            return name[: at + len(suffix)]
    return name.rsplit(".", 1)[0]
