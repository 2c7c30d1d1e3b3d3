"""The machine as ComfyUI uses it: queue, memory, device, and the addresses it listens on."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from .modules import argument, module, text

EVERYWHERE = "0.0.0.0"


class Memory(NamedTuple):
    """In bytes. `vram_*` are None where the device has no memory of its own (CPU, Apple). `device`: its name."""

    ram_free: int
    ram_total: int
    vram_free: int | None
    vram_total: int | None
    device: str


def busy(server: Any) -> int:
    """Prompts running and waiting. What queue items hold may be secret and is not looked at."""
    remaining = getattr(getattr(server, "prompt_queue", None), "get_tasks_remaining", None)
    return int(remaining()) if callable(remaining) else 0


def memory() -> Memory:
    """Free and total memory now. What cannot be asked is 0, or None for the device."""
    ram_free, ram_total = _ram()
    device, name = _device()
    vram_free = vram_total = None
    if device is not None and getattr(device, "type", "") not in ("cpu", "mps"):
        vram_free, vram_total = _asked("get_free_memory", device), _asked("get_total_memory", device)
    return Memory(ram_free, ram_total, vram_free, vram_total, name)


def devices() -> list[dict[str, Any]]:
    """ComfyUI's device as `/system_stats` names it, with its type and, of NVIDIA's, its compute capability; [] where it
    has none with memory. Apple's memory is the computer's own and marked `shared`."""
    device, _ = _device()
    now = memory()
    if device is None:
        return []
    kind = text(getattr(device, "type", ""))
    found: dict[str, Any] = {"name": now.device, "type": kind}
    if kind == "mps" and now.ram_total:
        return [{**found, "vram_total": now.ram_total, "vram_free": now.ram_free, "shared": True}]
    if now.vram_total is None:
        return []
    return [{**found, "vram_total": now.vram_total, "vram_free": now.vram_free or 0, **_compute(device, kind)}]


def memory_state() -> dict[str, Any]:
    """What ComfyUI decided about memory: `vram_state` in its own word, the flags it was started with, and `no_gpu` where it
    computes on the CPU."""
    from ...core.inventory.hardware import flags_of

    state = text(getattr(getattr(module("comfy.model_management"), "vram_state", None), "name", ""))
    flags = flags_of(argument)
    cpu = getattr(_device()[0], "type", "") == "cpu"
    found = {"vram_state": state, "flags": flags, "no_gpu": cpu}
    return {key: value for key, value in found.items() if value}


def _compute(device: Any, kind: str) -> dict[str, str]:
    """PyTorch's word for what the card can compute; AMD's has another meaning and is left out."""
    torch = module("torch")
    if kind != "cuda" or getattr(getattr(torch, "version", None), "hip", None):
        return {"type": "rocm"} if kind == "cuda" else {}
    try:
        major, minor = torch.cuda.get_device_capability(device)
        return {"compute": f"{major}.{minor}"}
    except Exception:  # drivers fail in their own ways
        return {}


def listen() -> tuple[str, ...]:
    """The addresses of `--listen`. Where they cannot be told, the widest: a guard must not think it is loopback."""
    given = argument("listen")
    if not isinstance(given, str):
        return (EVERYWHERE,)
    return tuple(dict.fromkeys(one.strip() or EVERYWHERE for one in given.split(",")))


def address(server: Any) -> str:
    """Where this very computer reaches the server, as an address without a slash at its end; "" before it listens."""
    port = getattr(server, "port", None)
    if not isinstance(port, int) or isinstance(port, bool):
        return ""
    bound = listen()
    home = next((ours for theirs, ours in _HOME if theirs in bound), bound[0])
    scheme = "https" if argument("tls_keyfile") and argument("tls_certfile") else "http"
    return f"{scheme}://{f'[{home}]' if ':' in home else home}:{port}"


# Bound to → reached at, the best first. Any other address is reached as it is.
_HOME = (
    ("127.0.0.1", "127.0.0.1"),
    (EVERYWHERE, "127.0.0.1"),
    ("localhost", "127.0.0.1"),
    ("::1", "::1"),
    ("::", "::1"),
)


def _ram() -> tuple[int, int]:
    try:
        found = importlib.import_module("psutil").virtual_memory()
        return int(found.available), int(found.total)
    except Exception:  # absent, or refused by a container
        return 0, 0


def _device() -> tuple[Any, str]:
    management = module("comfy.model_management")
    try:
        device = management.get_torch_device()
        name = text(management.get_torch_device_name(device)) or text(getattr(device, "type", ""))
    except Exception:  # drivers fail in their own ways
        return None, ""
    return device, name.replace("\n", " ")[:200]


def _asked(question: str, device: Any) -> int | None:
    try:
        return int(getattr(module("comfy.model_management"), question)(device))
    except Exception:
        return None
