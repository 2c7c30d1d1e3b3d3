"""Memory, disk and GPU of this machine. Everything is optional: what cannot be asked is left out."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from typing import Any


def read_hardware(models: str) -> dict[str, object]:
    """Sizes in bytes: `ram_total`, `ram_free`, `disk_total`, `disk_free` (of the volume with the models
    folder), and `devices`: a list of `{"name", "vram_total", "vram_free"}`.
    """
    found: dict[str, object] = {}
    with contextlib.suppress(Exception):  # psutil may be absent, or refused by a container
        memory = importlib.import_module("psutil").virtual_memory()
        found.update(ram_total=memory.total, ram_free=memory.available)
    with contextlib.suppress(OSError):
        usage = shutil.disk_usage(_existing(models))
        found.update(disk_total=usage.total, disk_free=usage.free)
    devices = _devices()
    if devices:
        found["devices"] = devices
    return found


def _existing(path: str) -> str:
    """`path`, or the nearest folder above it that exists."""
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _devices() -> list[dict[str, Any]]:
    """NVIDIA GPUs by NVML; [] without the package, the driver or a GPU."""
    devices = []
    with contextlib.suppress(Exception):  # NVML raises its own family of errors, and differs by driver
        pynvml = importlib.import_module("pynvml")
        pynvml.nvmlInit()
        try:
            for index in range(min(pynvml.nvmlDeviceGetCount(), 64)):
                handle = pynvml.nvmlDeviceGetHandleByIndex(index)
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
                name = pynvml.nvmlDeviceGetName(handle)
                text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
                devices.append({"name": text, "vram_total": int(memory.total), "vram_free": int(memory.free)})
        finally:
            pynvml.nvmlShutdown()
    return devices
