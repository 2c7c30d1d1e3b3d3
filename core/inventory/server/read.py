"""The inventory of a running ComfyUI, asked over its HTTP API. Reads only; nothing is sent but the questions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ...catalogue.types import NodeType
from ...knowledge import document
from ..hardware import flags_in
from ..types import LOADED, Folder, Inventory, ModelFile, Pack
from .definitions import read_types
from .lists import FileLists
from .questions import Questions, address_of, not_comfyui

MAX_FOLDERS = 2000
FAILED_UNSEEN = "packs that failed to import cannot be seen over HTTP"
INPUT_SUBFOLDERS = "input files in sub-folders cannot be seen over HTTP"


def read_server(url: str, *, timeout: float = 30.0) -> Inventory:
    """Ask the ComfyUI at `url` what it has. `timeout` is in seconds, for each question.

    Sizes of model files are not told by that API (-1). Raises InventoryError: `bad_address`,
    `server_unreachable`, or `not_comfyui` when something else answers.
    """
    address = address_of(url)
    with Questions(address, timeout) as ask:
        stats = ask("/system_stats")
        if not isinstance(stats, dict) or not isinstance(stats.get("system"), dict):
            raise not_comfyui(address, "no system statistics")
        lists, unlisted = _lists(ask)
        paths = _paths(ask)
        info = ask("/object_info")
        if not isinstance(info, dict):
            raise not_comfyui(address, "no node definitions")
        digest = ask.digest()
    types, inputs = read_types(info, FileLists(lists))
    system = stats["system"]
    gaps = [FAILED_UNSEEN, INPUT_SUBFOLDERS]
    if not lists:
        gaps.append("this ComfyUI does not list its model files over HTTP")
    return Inventory(
        origin="server",
        place=address,
        separator="\\" if str(system.get("os", "")).startswith(("nt", "win")) else "/",
        comfyui_version=str(system.get("comfyui_version") or ""),
        definitions=types,
        packs=_packs(types),
        folders={name: Folder(name, paths.get(name, ()), frozenset()) for name in lists},
        models={name: [ModelFile(file, "", -1, 0) for file in files] for name, files in lists.items()},
        inputs=frozenset(inputs),
        aliases=dict(document("folders")["aliases"]),
        gaps=tuple(gaps),
        models_known=bool(lists),
        inputs_known="LoadImage" in types,
        unlisted=frozenset(unlisted),
        hardware=_hardware(stats),
        taken=time.time(),
        digest=digest,
    )


def _lists(ask: Questions) -> tuple[dict[str, list[str]], set[str]]:
    """File names by folder, and the folders that could not be listed."""
    lists: dict[str, list[str]] = {}
    unlisted: set[str] = set()
    names = ask("/models", optional=True)
    for name in names[:MAX_FOLDERS] if isinstance(names, list) else ():
        if not isinstance(name, str) or name in ("", ".", "..", "custom_nodes"):
            continue
        files = ask(f"/models/{quote(name, safe='')}", optional=True)
        if isinstance(files, list):
            lists[name] = [file for file in files if isinstance(file, str)]
        else:
            lists[name] = []
            unlisted.add(name)
    return lists, unlisted


def _paths(ask: Questions) -> dict[str, tuple[str, ...]]:
    """The directories behind each folder name, on the server's machine. An experimental route: may be absent."""
    answer = ask("/experiment/models", optional=True)
    found: dict[str, tuple[str, ...]] = {}
    for one in answer if isinstance(answer, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("folders"), list):
            found[one["name"]] = tuple(path for path in one["folders"] if isinstance(path, str))
    return found


def _packs(types: Mapping[str, NodeType]) -> tuple[Pack, ...]:
    by_pack: dict[str, set[str]] = {}
    for class_type, node in types.items():
        by_pack.setdefault(node.pack or "comfy-core", set()).add(class_type)
    return tuple(Pack(name, LOADED, frozenset(found)) for name, found in sorted(by_pack.items()))


def _hardware(stats: dict[str, Any]) -> dict[str, object]:
    """The numbers of `/system_stats`, in bytes."""
    system = stats["system"]
    found: dict[str, object] = {
        key: system[key] for key in ("ram_total", "ram_free") if isinstance(system.get(key), int | float)
    }
    devices = stats.get("devices")
    keys = ("name", "type", "vram_total", "vram_free")
    kept = [
        {key: one[key] for key in keys if isinstance(one.get(key), str | int | float)}
        for one in (devices if isinstance(devices, list) else ())[:64]
        if isinstance(one, dict)
    ]
    argv = system.get("argv")
    flags = flags_in(argv) if isinstance(argv, list) else []
    if flags:
        found["flags"] = flags
    return {**found, "devices": kept, "sources": ["ComfyUI"]} if kept else found
