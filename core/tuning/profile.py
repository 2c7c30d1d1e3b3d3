"""The machine's profile, from the hardware that an inventory holds. Pure; asking is `core/inventory/hardware.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .types import Device, Profile

_KINDS = ("cuda", "rocm", "mps", "xpu", "directml", "npu", "mlu", "cpu")


def profile(hardware: Mapping[str, Any], *, assumed: int | None = None) -> Profile:
    """A Profile of what `read_hardware` or `/system_stats` said. What is absent or damaged is left out (None, "").

    `assumed`: bytes of GPU memory that a person asks about instead of what is there.
    """
    listed = hardware.get("devices")
    devices = tuple(filter(None, map(_device, listed if isinstance(listed, list | tuple) else ())))
    return Profile(
        device=_used(devices, hardware),
        devices=devices,
        ram_total=_size(hardware.get("ram_total")),
        ram_free=_size(hardware.get("ram_free")),
        disk_free=_size(hardware.get("disk_free")),
        vram_state=_word(hardware.get("vram_state")),
        flags=_words(hardware.get("flags")),
        sources=_words(hardware.get("sources")),
        assumed=assumed,
    )


def _used(devices: tuple[Device, ...], hardware: Mapping[str, Any]) -> Device | None:
    """The device that ComfyUI computes on: the first, unless it says that it uses the CPU. Where only the driver was asked,
    the largest: CUDA counts the fastest card as its first, the driver the one in the first slot."""
    if "--cpu" in _words(hardware.get("flags")) or hardware.get("no_gpu") is True:
        return Device("CPU", "cpu", _size(hardware.get("ram_total")), _size(hardware.get("ram_free")), shared=True)
    asked = _words(hardware.get("sources"))
    if "NVML" in asked and "ComfyUI" not in asked:
        return max(devices, key=lambda one: one.total or 0, default=None)
    return devices[0] if devices else None


def _device(raw: Any) -> Device | None:
    if not isinstance(raw, Mapping):
        return None
    name, told = _word(raw.get("name")), _word(raw.get("type")).lower()
    kind = _kind(name.lower(), told)
    asked = kind != "directml"  # of which ComfyUI says 1 GB, whatever there is (comfy/model_management.py)
    return Device(
        name=_plain(name),
        kind=kind,
        total=_size(raw.get("vram_total")) if asked else None,
        free=_size(raw.get("vram_free")) if asked else None,
        compute=_word(raw.get("compute")),
        shared=raw.get("shared") is True or kind == "mps",
    )


def _kind(name: str, kind: str) -> str:
    """ROCm calls itself "cuda" to programs; the card's name tells."""
    if kind in ("", "cuda"):
        return "rocm" if any(word in name for word in ("amd ", "radeon", "instinct", "gfx")) else "cuda"
    return "directml" if kind == "privateuseone" else kind if kind in _KINDS else kind[:20]


def _plain(name: str) -> str:
    """ "cuda:0 NVIDIA GeForce RTX 4080 : cudaMallocAsync" → "NVIDIA GeForce RTX 4080"."""
    for ending in (" : cudaMallocAsync", " : native"):
        name = name.removesuffix(ending)
    first, _, rest = name.partition(" ")
    return rest.strip() if rest and first.partition(":")[0] in _KINDS and ":" in first else name


def _size(value: Any) -> int | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e18
    return int(value) if sound else None


def _word(value: Any) -> str:
    return value.replace("\n", " ")[:200] if isinstance(value, str) else ""


def _words(value: Any) -> tuple[str, ...]:
    return tuple(one[:200] for one in value[:64] if isinstance(one, str)) if isinstance(value, list | tuple) else ()
