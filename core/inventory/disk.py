"""The inventory of a ComfyUI folder on disk. Nothing of ComfyUI or of any pack is run."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from ..knowledge import document
from .folders import Entry, FolderTable, build_table, known_folders
from .hardware import read_hardware
from .inputs import list_inputs
from .layout import Layout, find_layout
from .models import Listing, list_models
from .packs.cache import Sources
from .packs.environment import find_environment
from .packs.loading import Cancel, Loaded, Progress, load_packs
from .seen import remember
from .source import ANY, SourceFolder, SourceTable
from .text import small_text
from .types import Inventory


def read_disk(
    path: str | os.PathLike[str],
    *,
    code: str | os.PathLike[str] | None = None,
    extra_configs: Iterable[str | os.PathLike[str]] = (),
    python: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    keep: bool = True,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Inventory:
    """What is installed at `path`: a ComfyUI folder, a portable install, or a base directory.

    `code`: ComfyUI's source, when it lies elsewhere. `extra_configs`: YAML files beside
    extra_model_paths.yaml. `python`: the environment that runs it, or its site-packages. `cache`: the state
    folder for caches, only read when `keep` is False. Raises InventoryError when `path` is no installation, or `cancelled`.
    """
    layout = find_layout(path, code)
    state = Path(cache) if cache is not None else None
    sources = Sources(layout.code, state)
    source_table = sources.table()
    table = build_table(layout, _own(source_table), extra_configs)
    table.aliases.update(source_table.aliases)
    unsure = _unread(table, layout, source_table)
    version = comfyui_version(layout.code)
    environment = find_environment(layout, python)
    loaded = load_packs(sources, table.paths.get("custom_nodes", ()), environment, version, progress, cancel)
    unsure |= _register(table, layout, loaded.registered)
    _unregistered(table, layout)
    if keep:
        sources.save()
    folders = table.folders()
    listing = list_models(folders.values())
    listing.unlisted |= unsure if not table.doubtful else set(folders)
    inputs = list_inputs(layout.input)
    found = Inventory(
        origin="disk",
        place=layout.base,
        separator=os.sep,
        comfyui_version=version,
        definitions=loaded.definitions,
        packs=tuple(sorted(loaded.packs, key=lambda pack: (pack.name != "comfy-core", pack.name.lower()))),
        folders=folders,
        models=listing.models,
        partial=listing.partial,
        inputs=inputs.names,
        aliases=table.aliases,
        gaps=(*loaded.gaps, *table.gaps, *listing.gaps, *inputs.gaps),
        inputs_known=inputs.known,
        unlisted=frozenset(listing.unlisted),
        hardware=read_hardware(layout.models),
        taken=time.time(),
        directories=_directories(layout) | ({"python": environment.place} if environment is not None else {}),
    )
    if state is not None:
        found.seen = remember(state, listing, keep=keep)
    found.digest = _digest(found, sources, loaded, listing, inputs.digest())
    return found


def comfyui_version(code: str) -> str:
    """The version in comfyui_version.py, else in pyproject.toml; "" when there is none."""
    for name, key in (("comfyui_version.py", "__version__"), ("pyproject.toml", "version")):
        text = small_text(os.path.join(code, name)) if code else ""
        found = re.search(rf"^\s*{key}\s*=\s*[\"']([\w.+-]{{1,60}})[\"']", text, re.M)
        if found:
            return found[1]
    return ""


def _own(table: SourceTable) -> dict[str, Entry] | None:
    """The installation's own table; None when it cannot be read. Suffixes that cannot be read are the known ones."""
    if table.failed or not table.folders:
        return None
    known = known_folders()
    return {
        name: (folder.paths, known.get(name, ((), ()))[1] if folder.suffixes is None else folder.suffixes)
        for name, folder in table.folders.items()
        if name != ANY
    }


def _unread(table: FolderTable, layout: Layout, own: SourceTable) -> set[str]:
    """The names whose entry in ComfyUI's own table cannot be read. Where nothing can, every folder is in doubt."""
    if not layout.code:
        return set()
    if own.failed or not own.folders:
        table.doubtful = True
        table.gaps.append(f"ComfyUI's own table of model folders cannot be read: {own.failed or 'it is empty'}")
        return set()
    unread = {folder.name for folder in own.folders.values() if not folder.complete or folder.suffixes is None}
    return _doubted(table, unread, "ComfyUI's own table adds directories that cannot be read from source")


def _register(table: FolderTable, layout: Layout, registered: Iterable[SourceFolder]) -> set[str]:
    """Apply what packs register; gives the names whose directories are not all known."""
    unsure: set[str] = set()
    for folder in registered:
        name = table.aliases.get(folder.name, folder.name)
        paths = [os.path.normpath(os.path.join(layout.base, path)) for path in folder.paths]
        if folder.replaces and paths:
            table.put(name, paths, table.suffixes.get(name, frozenset()))
        for path in paths:
            table.add(name, path)
        if folder.suffixes is not None and name in table.paths:
            table.suffixes[name] = folder.suffixes
        if name == ANY:
            unsure.add(name)
        elif not folder.complete or not table.paths.get(name):
            unsure.add(name)
            table.paths.setdefault(name, [])
            table.suffixes.setdefault(name, frozenset())
    return _doubted(table, unsure, "a pack adds directories that cannot be read from source")


def _doubted(table: FolderTable, names: set[str], why: str) -> set[str]:
    """Say `why` these folders may hold more than is listed, and give their names."""
    if ANY in names:
        table.doubtful = True
    if names:
        table.gaps.append(
            f"{why}, to: {', '.join(sorted(names - {ANY})) or 'folders whose names are not known either'}"
        )
    return names - {ANY}


def _unregistered(table: FolderTable, layout: Layout) -> None:
    """Folders that a pack would register, were it installed. A file that lies there already is not missing."""
    for name, below in document("references")["pack_folders"].items():
        path = os.path.join(layout.models, *str(below).split("/"))
        if name not in table.paths and table.aliases.get(name, name) == name and os.path.isdir(path):
            table.put(name, [path], frozenset())


def _directories(layout: Layout) -> dict[str, str]:
    return {
        "base": layout.base,
        "input": layout.input,
        "output": layout.output,
        "temp": os.path.join(layout.base, "temp"),
        "user": layout.user,
    }


def _digest(found: Inventory, sources: Sources, loaded: Loaded, listing: Listing, inputs: str) -> str:
    """Over everything that an answer can depend on; not over free memory or the time."""
    packs = [(p.name, p.state, sorted(p.node_types), p.complete, p.reason, p.version, p.ids) for p in found.packs]
    rest = (sources.stamp, sources.stamps, packs, sorted(loaded.patches), found.gaps, sorted(found.unlisted))
    folders = [(folder.name, folder.paths, sorted(folder.suffixes)) for folder in found.folders.values()]
    partial = [tuple(file) for file in found.partial]
    state = repr((rest, folders, partial, sorted(found.aliases.items()), found.separator, sorted(found.seen.items())))
    text = state + listing.digest() + inputs
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
