"""A process that test_kill.py ends with SIGKILL: the extension over a stand-in for ComfyUI, running cycle after cycle.

    python kill_nursery.py BASE LOG

Each line on standard input starts one such process, made as a copy of this one, which has imported everything; its
process number is printed. It appends to LOG, before each write, the name and the hash of the bytes that are to be
written, and a line `done` after each cycle.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from comfyfixersmart.core import files

HERE = Path(__file__).resolve().parent
BASE, LOG = Path(sys.argv[1]), sys.argv[2]
MODELS = 40


def load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def note(line: str) -> None:
    """One write: what was said before a kill is there after it."""
    log = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(log, line.encode() + b"\n")
    os.close(log)


write = files.write_atomic


def noted(path: Path, data: bytes | str, **options: Any) -> None:
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    note(f"{hashlib.sha256(raw).hexdigest()} {path}")
    write(path, data, **options)


files.write_atomic = noted  # before anyone takes it from there

# Everything that a cycle needs is imported once, here: a new process of its own would take a second each time.
import comfyfixersmart.core.app  # noqa: E402
import comfyfixersmart.core.reports.write  # noqa: E402, F401
import jinja2  # noqa: E402, F401
from comfyfixersmart.server_routes.cycle import Cycle  # noqa: E402
from comfyfixersmart.server_routes.host import Host  # noqa: E402
from comfyfixersmart.server_routes.service import Service  # noqa: E402

standin = load("standin_to_kill", HERE.parent / "server_routes/standin.py")


async def cycles() -> None:
    """One cycle after the other; before each, half of the model files come or go, so that every report changes."""
    with standin.stand_in(BASE) as comfyui:
        service = Service(Host(comfyui.server), "0.0.0")
        cycle = Cycle(service)
        task = asyncio.create_task(cycle.run())
        number = sum(1 for path in (BASE / "models/checkpoints").iterdir())
        while not task.done():
            for model in range(MODELS):
                path = BASE / f"models/checkpoints/model {model}.safetensors"
                path.unlink(missing_ok=True) if (model + number) % 2 else path.touch()
            number += 1
            before = service.cycle_json()["last"]
            service.ask()
            while service.cycle_json()["last"] == before or service.cycle_json()["state"] == "running":
                await asyncio.sleep(0.005)
            note(service.cycle_json()["last"]["outcome"])


def main() -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(cycles())
            os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
