"""An inventory as the few words that the reports say of it. Pure."""

from __future__ import annotations

from typing import Any

from ..inventory.types import DISABLED, FAILED, LOADED, UNREADABLE, Inventory
from .types import Place


def place_of(inventory: Inventory) -> Place:
    """The installation in a few words."""
    hardware: dict[str, Any] = inventory.hardware
    packs = [pack for pack in inventory.packs if pack.name != "comfy-core"]
    files = {
        file.path or f"{folder}/{file.name}": file.size for folder, many in inventory.models.items() for file in many
    }
    gpus = hardware.get("devices") or hardware.get("gpus") or []
    first = gpus[0] if isinstance(gpus, list) and gpus and isinstance(gpus[0], dict) else {}
    return Place(
        inventory.origin,
        inventory.place,
        inventory.comfyui_version,
        sum(pack.state == LOADED for pack in packs),
        tuple((pack.name, pack.reason) for pack in packs if pack.state == FAILED),
        sum(pack.state == DISABLED for pack in packs),
        tuple(
            (pack.name, pack.reason)
            for pack in packs
            if pack.state == UNREADABLE or (pack.state == LOADED and not pack.complete)
        ),
        len(files),
        sum(size for size in files.values() if size > 0),
        hardware.get("disk_free"),
        hardware.get("disk_total"),
        str(first.get("name", "")),
        first.get("vram_total"),
        hardware.get("ram_total"),
        inventory.gaps,
        inventory.taken if inventory.origin == "snapshot" and inventory.taken > 0 else None,
    )
