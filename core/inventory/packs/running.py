"""The packs of a ComfyUI that runs: which it loaded, which failed and why, which it passed over. Pure but for the listing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..source import SourcePack
from ..types import DISABLED, FAILED, LOADED, UNREADABLE, Pack
from .entries import PackEntry, entries, identify, unlisted
from .stamps import pack_stamp

SINCE_START = "its source changed since ComfyUI was started: the new one is loaded at the next start"
NOT_YET = "installed since ComfyUI was started: it is loaded at the next start"
NO_REASON = "ComfyUI has not loaded it, and its log no longer says why"
SWITCHED_OFF = "ComfyUI was started with --disable-all-custom-nodes"
REMOVED = "removed since ComfyUI was started; it stays loaded until the next start"

ReadSource = Callable[[str], SourcePack]  # path → what its source tells; for packs that are not loaded


@dataclass(frozen=True, slots=True)
class Loading:
    """What a running ComfyUI says about the loading of packs.

    `loaded`: keys of its LOADED_MODULE_DIRS (a folder's name; for a single file its path without ".py") → folder.
    `types`: the class_types of each pack by its `python_module` name. `failures`: path → reason. `before`: the
    entries that lay there when ComfyUI started, None when not known. `started`: when, in seconds since the epoch.
    `allowed`: the only packs it was told to load, None for all.
    """

    loaded: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    before: frozenset[str] | None = None
    started: float = 0.0
    allowed: frozenset[str] | None = None


def running_packs(folders: Iterable[str], loading: Loading, gaps: list[str]) -> list[Pack]:
    """Every entry of the custom_nodes `folders`, and packs that are loaded although they lie in none of them now.

    Those that are not loaded show no node types: see `with_types`.
    """
    packs: list[Pack] = []
    for folder in dict.fromkeys(folders):
        try:
            packs += [_judge(entry, loading) for entry in entries(folder)]
        except OSError as error:
            gaps.append(f"{folder}: {error.strerror or error}")
            packs.append(unlisted(folder))
    seen = {module_name(pack.path) for pack in packs if pack.state == LOADED}
    for name in loading.types.keys() - seen:
        path = loading.loaded.get(name, "")
        packs.append(Pack(name, LOADED, loading.types[name], reason=REMOVED if path else "", path=path))
    return packs


def needs_source(pack: Pack) -> bool:
    """Whether only its source can tell which node types a pack would bring."""
    return pack.state in (FAILED, DISABLED)


def with_types(packs: Iterable[Pack], source: ReadSource) -> list[Pack]:
    """The packs, with the types that the failed and the disabled ones would bring."""
    return [
        replace(one, node_types=frozenset(source(one.path).definitions)) if needs_source(one) else one for one in packs
    ]


def _judge(entry: PackEntry, loading: Loading) -> Pack:
    version, ids = identify(entry.path)

    def pack(state: str, reason: str, types: frozenset[str] = frozenset(), complete: bool = True) -> Pack:
        return Pack(entry.name, state, types, complete, reason, entry.path, version, ids)

    name = module_name(entry.path)
    if entry.disabled:
        return pack(DISABLED, "disabled")
    if loading.allowed is not None and os.path.basename(entry.path) not in loading.allowed:
        return pack(DISABLED, SWITCHED_OFF)
    failure = loading.failures.get(entry.path, "")
    types = loading.types.get(name, frozenset())
    if types or (not failure and _is_loaded(entry.path, name, loading)):
        return pack(LOADED, SINCE_START if _changed(entry.path, loading.started) else "", types)
    if failure:
        return pack(FAILED, failure)
    if loading.before is not None and entry.path not in loading.before:
        return pack(UNREADABLE, NOT_YET, complete=False)
    return pack(FAILED, NO_REASON)


def _is_loaded(path: str, name: str, loading: Loading) -> bool:
    """Whether the import of this entry ended well; it may have brought no node type (only routes or scripts)."""
    return name in loading.loaded or os.path.splitext(path)[0] in loading.loaded


def module_name(path: str) -> str:
    """The name ComfyUI gives a pack: its folder's, or its file's without the suffix."""
    base = os.path.basename(path)
    return os.path.splitext(base)[0] if base.endswith(".py") and os.path.isfile(path) else base


def _changed(path: str, started: float) -> bool:
    """Whether any of its .py files is younger than the running ComfyUI."""
    return bool(started) and pack_stamp(path)[1] > started * 1e9
