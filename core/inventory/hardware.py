"""Memory, disk and GPU of this machine. Everything is optional: what cannot be asked is left out.

AMD's and Apple's devices are told by ComfyUI alone, in its own words: no other program is run to ask.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

# Flags of ComfyUI's command line that bear on memory (comfy/cli_args.py); True: a number follows.
MEMORY_FLAGS: dict[str, bool] = {
    **dict.fromkeys(("--gpu-only", "--highvram", "--normalvram", "--lowvram", "--novram", "--cpu"), False),
    **dict.fromkeys(("--cpu-vae", "--fp16-vae", "--bf16-vae", "--fp32-vae"), False),
    **dict.fromkeys(("--force-fp16", "--force-fp32", "--fp16-unet", "--bf16-unet", "--fp32-unet"), False),
    **dict.fromkeys(("--fp8_e4m3fn-unet", "--fp8_e5m2-unet"), False),
    **dict.fromkeys(("--fp8_e4m3fn-text-enc", "--fp8_e5m2-text-enc", "--fp16-text-enc", "--fp32-text-enc"), False),
    **dict.fromkeys(("--use-split-cross-attention", "--use-quad-cross-attention"), False),
    **dict.fromkeys(("--use-sage-attention", "--use-flash-attention", "--disable-smart-memory"), False),
    **dict.fromkeys(("--reserve-vram", "--cuda-device", "--directml"), True),
}


def read_hardware(models: str) -> dict[str, object]:
    """Sizes in bytes: `ram_total`, `ram_free`, `disk_total`, `disk_free` (of the volume with the models
    folder), `devices`: a list of `{"name", "type", "vram_total", "vram_free", "compute"}`, and `sources`: who was asked.
    """
    found: dict[str, object] = {}
    sources = []
    with contextlib.suppress(Exception):  # psutil may be absent, or refused by a container
        memory = importlib.import_module("psutil").virtual_memory()
        found.update(ram_total=memory.total, ram_free=memory.available)
        sources.append("psutil")
    with contextlib.suppress(OSError):
        usage = shutil.disk_usage(_existing(models))
        found.update(disk_total=usage.total, disk_free=usage.free)
    devices = _devices()
    if devices:
        found["devices"] = devices
        sources.append("NVML")
    return {**found, "sources": sources} if sources else found


def flags_in(argv: Sequence[object]) -> list[str]:
    """The flags of a command line that bear on memory, with their numbers: `["--lowvram", "--reserve-vram 2"]`."""
    found = []
    for at, word in enumerate(argv):
        name, _, number = word.partition("=") if isinstance(word, str) else ("", "", "")
        if name not in MEMORY_FLAGS:
            continue
        if MEMORY_FLAGS[name] and not number and at + 1 < len(argv):
            number = str(argv[at + 1])
        number = number if MEMORY_FLAGS[name] and _is_number(number) else ""
        found.append(f"{name} {number}".strip())
    return found


def flags_of(argument: Callable[[str], object]) -> list[str]:
    """The same from ComfyUI's own parsed arguments; `argument`: a name as argparse spells it → its value."""
    words: list[str] = []
    for name, number in MEMORY_FLAGS.items():
        value = argument(name.removeprefix("--").replace("-", "_"))
        if number and isinstance(value, int | float) and not isinstance(value, bool):
            words += [name, f"{value:g}"]
        elif not number and value is True:
            words.append(name)
    return flags_in(words)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and len(text) <= 8


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
                with contextlib.suppress(Exception):  # one card may not answer, or have no memory of its own
                    devices.append(_device(pynvml, pynvml.nvmlDeviceGetHandleByIndex(index)))
        finally:
            pynvml.nvmlShutdown()
    return devices


def _device(pynvml: Any, handle: Any) -> dict[str, Any]:
    memory, name = pynvml.nvmlDeviceGetMemoryInfo(handle), pynvml.nvmlDeviceGetName(handle)
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    one = {"name": text, "type": "cuda", "vram_total": int(memory.total), "vram_free": int(memory.free)}
    return {**one, **_compute(pynvml, handle)}


def _compute(pynvml: Any, handle: Any) -> dict[str, str]:
    """The compute capability, which tells whether 8-bit numbers are computed with; older drivers do not say it."""
    with contextlib.suppress(Exception):
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
        return {"compute": f"{major}.{minor}"}
    return {}
