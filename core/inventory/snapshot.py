"""The snapshot: what a running ComfyUI knows of itself, written by the extension, read without ComfyUI.

Schema 1 is one JSON object: `schema`, `taken` (seconds since the epoch), `place`, `separator`,
`comfyui_version`, `directories`, `aliases`, `folders` (name, paths, suffixes), `types` (definitions
without file lists), `packs` (state, reason, node types, ids, and the newest mtime of the pack's .py
files), `gaps`, `types_known`. Model and input files are not stored: they are listed on disk when the snapshot is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InventoryError
from ..files import read_json, write_json
from .encode import decode_types, encode_types
from .hardware import read_hardware
from .inputs import list_inputs
from .models import list_models
from .packs.entries import entries, unlisted
from .packs.running import SINCE_START
from .packs.stamps import core_stamp, pack_stamp
from .seen import remember
from .types import DISABLED, UNREADABLE, Folder, Inventory, Pack

SCHEMA = 1
_KEPT = ("devices", "vram_state", "flags", "no_gpu")  # of the hardware: what only ComfyUI knows
CHANGED = "changed since the snapshot"
GONE = "removed since the snapshot"
NEW = "installed since the snapshot"


def write_snapshot(path: str | os.PathLike[str], inventory: Inventory) -> None:
    """Write `inventory` as a snapshot. Raises OSError, or NewerSchema when a newer version wrote that file."""
    body = {
        "taken": inventory.taken,
        "place": inventory.place,
        "separator": inventory.separator,
        "comfyui_version": inventory.comfyui_version,
        "directories": inventory.directories,
        "aliases": inventory.aliases,
        "folders": [
            {"name": folder.name, "paths": list(folder.paths), "suffixes": sorted(folder.suffixes)}
            for folder in inventory.folders.values()
        ],
        "types": encode_types(inventory.definitions),
        "packs": [_pack_out(pack) for pack in inventory.packs],
        "gaps": list(inventory.gaps),
        "types_known": inventory.types_known,
        "hardware": {key: inventory.hardware[key] for key in _KEPT if key in inventory.hardware},
    }
    write_json(Path(path), SCHEMA, body)


def read_snapshot(
    path: str | os.PathLike[str], *, cache: str | os.PathLike[str] | None = None, keep: bool = True
) -> Inventory:
    """The inventory of a snapshot: node types as ComfyUI had them, model files as they lie on the disk now.

    A pack whose source changed since is not believed: it becomes UNREADABLE, and its definitions are
    left out. `cache` is the state folder that remembers vanished models, only read when `keep` is False. Raises
    InventoryError (`no_snapshot`) when the file is absent or damaged, NewerSchema.
    """
    body = read_json(Path(path), SCHEMA) if os.path.isfile(path) else None  # a pipe would block
    types = decode_types(body.get("types")) if body else None
    if body is None or types is None:
        raise InventoryError(
            "no_snapshot", f"{os.fspath(path)} is not a snapshot", "Start ComfyUI once with this extension installed."
        )
    folders = {folder.name: folder for folder in _folders(body.get("folders"))}
    packs = (*_packs_in(body.get("packs")), *_new_packs(body.get("packs"), folders.get("custom_nodes")))
    distrusted = {pack.name for pack in packs if pack.state == UNREADABLE}
    listing = list_models(folders.values())
    directories = _texts(body, "directories")
    inputs = list_inputs(directories.get("input", ""))
    return Inventory(
        origin="snapshot",
        place=_text(body, "place"),
        separator=_text(body, "separator") or os.sep,
        comfyui_version=_text(body, "comfyui_version"),
        definitions={k: replace(node, source="snapshot") for k, node in types.items() if node.pack not in distrusted},
        packs=packs,
        folders=folders,
        models=listing.models,
        partial=listing.partial,
        inputs=inputs.names,
        directories=directories,
        seen=remember(Path(cache), listing, keep=keep) if cache is not None else {},
        aliases=_texts(body, "aliases"),
        gaps=tuple(dict.fromkeys((*_gaps(body), *listing.gaps, *inputs.gaps))),
        types_known=body.get("types_known") is not False,
        models_known=bool(folders),
        inputs_known=inputs.known,
        unlisted=frozenset(listing.unlisted),
        hardware=_hardware(body.get("hardware"), next((p for f in folders.values() for p in f.paths), "")),
        taken=_taken(body),
        digest=_digest(body, packs, listing.digest(), inputs.digest()),
    )


def _hardware(kept: Any, models: str) -> dict[str, object]:
    """This machine now; its device and flags as ComfyUI had them, without what was free then."""
    found = read_hardware(models)
    if not isinstance(kept, dict):
        return found
    old = {key: kept[key] for key in _KEPT if key in kept}
    devices = [
        {k: v for k, v in one.items() if k != "vram_free"}
        for one in _list(kept.get("devices"))
        if isinstance(one, dict)
    ]
    now = found.get("sources")
    sources = ["ComfyUI"] * bool(old) + (now if isinstance(now, list) else [])
    return {**found, **old, **({"devices": devices} if devices else {}), "sources": sources}


def _pack_out(pack: Pack) -> dict[str, Any]:
    return {
        "name": pack.name,
        "state": pack.state,
        "node_types": sorted(pack.node_types),
        "complete": pack.complete,
        "reason": pack.reason,
        "path": pack.path,
        "version": pack.version,
        "ids": list(pack.ids),
        # Source that is newer than what ComfyUI loaded must not be believed when the snapshot is read.
        "newest": -1 if pack.reason == SINCE_START else _newest(pack.name, pack.path),
    }


def _newest(name: str, path: str) -> int:
    if not path:
        return 0
    return (core_stamp(path) if name == "comfy-core" else pack_stamp(path))[1]


def _packs_in(raw: Any) -> Iterator[Pack]:
    for one in _list(raw):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            continue
        pack = Pack(
            name=one["name"],
            state=_text(one, "state") or UNREADABLE,
            node_types=frozenset(name for name in _list(one.get("node_types")) if isinstance(name, str)),
            complete=one.get("complete") is True,
            reason=_text(one, "reason"),
            path=_text(one, "path"),
            version=_text(one, "version"),
            ids=tuple(name for name in _list(one.get("ids")) if isinstance(name, str)),
        )
        yield _distrust(pack, one.get("newest"))


def _distrust(pack: Pack, newest: Any) -> Pack:
    """The pack as it was, unless its source on disk is another now. Older mtimes count too: a checkout of an
    older version brings them."""
    if not pack.path or pack.state == DISABLED:
        return pack
    now = _newest(pack.name, pack.path)
    if now == newest and os.path.lexists(pack.path):
        return pack
    reason = CHANGED if now else GONE
    return replace(pack, state=UNREADABLE, node_types=frozenset(), complete=False, reason=reason)


def _new_packs(known: Any, custom_nodes: Folder | None) -> Iterator[Pack]:
    """Packs that lie in custom_nodes now and did not then: the running ComfyUI has not loaded them."""
    names = {one.get("path") for one in _list(known) if isinstance(one, dict)}
    for folder in custom_nodes.paths if custom_nodes else ():
        try:
            here = entries(folder)
        except OSError:
            yield unlisted(folder)
            continue
        for entry in here:
            if not entry.disabled and entry.path not in names:
                yield Pack(entry.name, UNREADABLE, complete=False, reason=NEW, path=entry.path)


def _folders(raw: Any) -> Iterator[Folder]:
    for one in _list(raw):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            paths = tuple(path for path in _list(one.get("paths")) if isinstance(path, str))
            yield Folder(one["name"], paths, frozenset(s for s in _list(one.get("suffixes")) if isinstance(s, str)))


def _digest(body: dict[str, Any], packs: tuple[Pack, ...], *more: str) -> str:
    kept = {key: body.get(key) for key in ("types", "folders", "aliases", "gaps", "types_known", "separator")}
    states = [(pack.name, pack.state, pack.reason, pack.complete) for pack in packs]
    text = json.dumps([kept, states, more], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _taken(body: dict[str, Any]) -> float:
    taken = body.get("taken")
    return float(taken) if isinstance(taken, int | float) and 0 <= taken < 1e11 else 0.0


def _gaps(body: dict[str, Any]) -> Iterator[str]:
    return (gap for gap in _list(body.get("gaps")) if isinstance(gap, str))


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _texts(body: dict[str, Any], key: str) -> dict[str, str]:
    value = body.get(key)
    return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
