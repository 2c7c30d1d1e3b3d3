"""folder_paths tables: ComfyUI's own, and what a pack adds to it."""

from __future__ import annotations

import ast
import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from .host import Host
from .interpreter import imports
from .interpreter.machine import Machine
from .interpreter.tree import BASE, Unreadable
from .interpreter.values import Dict, OutOfBudget, PackRaised, Seq, Value


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """A folder_paths name as source registers it, or "" for names that cannot be read: any folder may have more.

    `paths` are relative to ComfyUI's base directory ("models/ipadapter"), or absolute; for a pack only
    those it adds. `suffixes` is empty when every file counts, None when the pack leaves them as they are
    or they cannot be read. `replaces`: paths that were there before are gone. `complete` is False when
    there are further paths, or suffixes instead of those before, that cannot be read.
    """

    name: str
    paths: tuple[str, ...]
    suffixes: frozenset[str] | None = None
    replaces: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class SourceTable:
    """The folder table of one ComfyUI and its old folder names (unet → diffusion_models). `failed` says why it is empty."""

    folders: dict[str, SourceFolder] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    failed: str = ""


def read_folder_table(comfyui_dir: Path, host: Host | None = None) -> SourceTable:
    """The table in an installation's own folder_paths.py, before any configuration or pack changes it."""
    machine = Machine((host or Host(comfyui_dir)).machine.tree, host or Host(comfyui_dir))
    try:
        tree = machine.tree.parse(f"{BASE}/folder_paths.py")
        table = table_of(machine)
    except (PackRaised, Unreadable, OutOfBudget, RecursionError) as error:
        return SourceTable(failed=str(error) or "it cannot be read")
    return SourceTable({name: _folder(name, *entry) for name, entry in table.items()}, _aliases(tree))


def _aliases(tree: ast.Module) -> dict[str, str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "map_legacy":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Dict):
                    pairs = zip(inner.keys, inner.values, strict=True)
                    return {
                        k.value: v.value
                        for k, v in pairs
                        if isinstance(k, ast.Constant)
                        and isinstance(v, ast.Constant)
                        and isinstance(k.value, str)
                        and isinstance(v.value, str)
                    }
    return {}


ANY = ""
Table = dict[str, tuple[list[str], frozenset[str] | None, bool]]  # paths, suffixes, whether all are known


def table_of(machine: Machine) -> Table:
    """The folder table as the machine sees it now. The name "" stands for entries whose names cannot be read."""
    names = imports.folder_paths(machine).names.get("folder_names_and_paths")
    if not isinstance(names, Dict):
        return {ANY: _entry(None)}
    out = {name: _entry(entry.value) for name, entry in names.entries.items() if isinstance(name, str)}
    return {**out, ANY: _entry(None)} if names.more else out


def _entry(value: Value) -> tuple[list[str], frozenset[str] | None, bool]:
    parts = value.items if isinstance(value, Seq) else []
    paths = parts[0] if parts and isinstance(parts[0], Seq) else Seq()
    texts = [_relative(one) for one in paths.items if isinstance(one, str)]
    whole = bool(parts) and paths.more is None and len(texts) == len(paths.items)
    return [one for one in texts if one], _suffixes(parts[1] if len(parts) > 1 else None), whole


def _suffixes(value: Value) -> frozenset[str] | None:
    if not isinstance(value, Seq) or value.more is not None:
        return None
    texts = frozenset(one for one in value.items if isinstance(one, str))
    return texts if all(isinstance(one, str) for one in value.items) else None


def _relative(path: str) -> str:
    clean = posixpath.normpath(path)
    return posixpath.relpath(clean, BASE) if clean == BASE or clean.startswith(f"{BASE}/") else clean


def _folder(name: str, paths: list[str], suffixes: frozenset[str] | None, whole: bool) -> SourceFolder:
    return SourceFolder(name, tuple(paths), suffixes, complete=whole)


def registered(machine: Machine, before: Table) -> dict[str, SourceFolder]:
    """What a pack changed in the table it was given."""
    out: dict[str, SourceFolder] = {}
    for name, (paths, suffixes, whole) in table_of(machine).items():
        old_paths, old_suffixes, was_whole = before.get(name, ([], None, True))
        added = tuple(one for one in paths if one not in old_paths)
        gone = any(one not in paths for one in old_paths)
        changed = suffixes is not None and suffixes != old_suffixes
        lost = suffixes is None and old_suffixes is not None
        if added or gone or changed or lost or was_whole > whole or name not in before:
            out[name] = SourceFolder(name, added, suffixes if changed else None, gone, whole and not lost)
    return out
