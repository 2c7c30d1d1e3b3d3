"""Which packs load, which do not and why, and the node types that they bring: told from source alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ...catalogue.types import Input, NodeType
from ...errors import InventoryError
from ..source import SourceFolder, SourcePack
from ..types import DISABLED, FAILED, LOADED, UNREADABLE, Pack
from .cache import Sources
from .entries import PackEntry, entries, identify, own_modules, unlisted
from .environment import Environment

Progress = Callable[[int, int, str], None]  # packs done, packs in all, the name of the pack at hand
Cancel = Callable[[], bool]

CORE = "comfy-core"


@dataclass(slots=True)
class Loaded:
    """What the packs of one installation bring. `registered` are their folder_paths entries, in loading order."""

    packs: list[Pack] = field(default_factory=list)
    definitions: dict[str, NodeType] = field(default_factory=dict)
    registered: list[SourceFolder] = field(default_factory=list)
    patches: set[str] = field(default_factory=set)
    gaps: list[str] = field(default_factory=list)


def load_packs(
    sources: Sources,
    custom_nodes: Iterable[str],
    environment: Environment | None,
    version: str = "",
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Loaded:
    """Read ComfyUI's own nodes, then every entry of the `custom_nodes` folders in ComfyUI's order.

    Core types cannot be replaced by a pack; between packs the later one wins, as in ComfyUI.
    Raises InventoryError (`cancelled`) when `cancel` says so.
    """
    found = Loaded()
    _core(found, sources, environment, version)
    core = set(found.definitions)
    todo = [entry for folder in dict.fromkeys(custom_nodes) for entry in _entries(found, folder)]
    names = frozenset(os.path.basename(entry.path).split(".")[0] for entry in todo)
    for done, entry in enumerate(todo):
        if cancel is not None and cancel():
            raise InventoryError("cancelled", "Reading the installation was cancelled.")
        if progress is not None:
            progress(done, len(todo), entry.name)
        source = sources.pack(entry.path)
        pack, definitions = judge(entry, source, environment, names)
        found.packs.append(pack)
        if pack.state in (LOADED, UNREADABLE):
            found.definitions.update({name: node for name, node in definitions.items() if name not in core})
            found.registered += source.folders.values()
            found.patches |= source.patches
    if environment is None and any(entry for entry in todo if not entry.disabled):
        found.gaps.append("imports of packs were not tried: no Python environment was found for this installation")
    found.definitions = _without_patched_options(found.definitions, found.patches)
    return found


def judge(
    entry: PackEntry, source: SourcePack, environment: Environment | None, names: frozenset[str] = frozenset()
) -> tuple[Pack, dict[str, NodeType]]:
    """The pack as its source tells it, and the types that are surely registered. `names`: other packs' modules."""
    version, ids = identify(entry.path)
    if entry.disabled:
        types = frozenset(source.definitions)
        return Pack(entry.name, DISABLED, types, source.complete, "disabled", entry.path, version, ids), {}
    beside = names | own_modules(entry.path)
    failed = source.failed or _failure(source, environment, beside)
    if failed:
        return Pack(entry.name, FAILED, frozenset(source.definitions), True, failed, entry.path, version, ids), {}
    sure, reasons, complete = _registered(source, environment, beside)
    state = LOADED if complete or sure else UNREADABLE
    reason = "; ".join(reasons[:3]) if not complete else ""
    return Pack(entry.name, state, frozenset(sure), complete, reason, entry.path, version, ids), sure


def _failure(source: SourcePack, environment: Environment | None, beside: frozenset[str]) -> str:
    """Why importing the pack fails here, "" when nothing says so. A pack that swallows the failure of every import
    that its types need has failed too: it loads, with nothing in it."""
    if environment is None:
        return ""
    absent = environment.missing(sorted(source.imports), beside)
    if absent is None and source.complete and source.definitions:
        each = [environment.missing(sorted(source.needs.get(name, ())), beside) for name in source.definitions]
        absent = each[0] if all(each) else None
    return f"import {absent}: not installed in {environment.place}" if absent else ""


def _registered(
    source: SourcePack, environment: Environment | None, beside: frozenset[str] = frozenset()
) -> tuple[dict[str, NodeType], list[str], bool]:
    """The types that are surely registered, what else could not be told, and whether these are all.

    A type that needs a module which is known to be absent is not registered. One whose module only lies
    `beside` the pack may be: that depends on what the pack does to sys.path.
    """
    gone: set[str] = set()
    unsure = set(source.unsure)
    for name, modules in source.needs.items():
        wanted = sorted(modules)
        if environment is None or environment.missing(wanted) is None:
            continue
        (unsure if environment.missing(wanted, beside) is None else gone).add(name)
    unsure &= source.definitions.keys() - gone
    reasons = list(source.reasons)
    if unsure:
        some = ", ".join(sorted(unsure)[:3])
        reasons.append(f"whether it registers {some} depends on conditions that source does not tell")
    sure = {name: node for name, node in source.definitions.items() if name not in gone | unsure}
    return sure, reasons, source.complete and not unsure


def _core(found: Loaded, sources: Sources, environment: Environment | None, version: str) -> None:
    if not sources.code:
        reason = "ComfyUI's own code is not in this folder"
        found.packs.append(Pack(CORE, UNREADABLE, complete=False, reason=reason, ids=("comfyui",)))
        found.gaps.append(f"{reason}: which of its own node types it has is not known")
        return
    own, partner = sources.core()
    types, reasons, complete = {}, [], True
    for part in (partner, own):
        sure, why, whole = _registered(part, environment)
        types.update(sure)
        reasons += why
        complete = complete and whole
    if not types:
        complete, reasons = False, reasons or ["nodes.py registers none that can be read"]
    state = LOADED if types else UNREADABLE
    reason = "" if complete else "; ".join(reasons[:3])
    if reason:
        found.gaps.append(f"not all of ComfyUI's own node types could be read: {reason}")
    found.packs.append(Pack(CORE, state, frozenset(types), complete, reason, sources.code, version, ("comfyui",)))
    found.definitions.update(types)


def _entries(found: Loaded, folder: str) -> list[PackEntry]:
    try:
        return entries(folder)
    except OSError as error:
        found.gaps.append(f"{folder}: {error.strerror or error}")
        found.packs.append(unlisted(folder))
        return []


def _without_patched_options(types: dict[str, NodeType], patches: set[str]) -> dict[str, NodeType]:
    """Packs add samplers and schedulers to ComfyUI's lists; then no list that contains those can be called whole."""
    if not any(name.startswith("comfy.samplers") for name in patches) or "KSampler" not in types:
        return types
    own = (types["KSampler"].input(name) for name in ("sampler_name", "scheduler"))
    lists = [set(map(_key, one.options)) for one in own if one is not None and one.options]
    return {name: _open_lists(node, lists) for name, node in types.items()}


def _open_lists(node: NodeType, lists: list[set[object]]) -> NodeType:
    def opened(one: Input) -> Input:
        known = set(map(_key, one.options or ()))
        return one._replace(options=None) if known and any(part <= known for part in lists) else one

    if not any(one.options for one in node.inputs or ()):
        return node
    return replace(node, inputs=tuple(opened(one) for one in node.inputs or ()))


def _key(option: object) -> object:
    return option if isinstance(option, str | int | float | bool | tuple) else str(option)
