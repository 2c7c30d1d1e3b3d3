"""Reads pack source in a process of its own, into the cache that `Sources` takes it from.

Inside ComfyUI the reader must not run: parsing a hundred packs takes the interpreter from the event loop for
seconds, and leaves the garbage collector a million objects to walk through.

As a script: `python -I apart.py`, with JSON on standard input: `root` (this package's folder), `code`, `state`,
`packs` (paths) and `core` (whether ComfyUI's own nodes are wanted). It writes `sources.json` and prints nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache import Sources

LIMIT = 600  # seconds for one run; a large installation takes one or two minutes, once
SAVE_EVERY = 10  # seconds: what was read is not lost when the process is ended
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_NAME = "comfyfixersmart"


def read_apart(sources: Sources, packs: Iterable[str], core: bool, cancel: Callable[[], bool] | None = None) -> None:
    """See to it that `sources` has these packs, and ComfyUI itself for `core`, without reading them in this process.

    Where that fails nothing is lost: `sources` reads what it has not when it is asked. True `cancel` ends it early.
    """
    if sources.path is None:
        return
    todo = [path for path in dict.fromkeys(packs) if not sources.has(path)]
    core = core and bool(sources.code) and not sources.has(None)
    if not todo and not core:
        return
    asked = {"root": ROOT, "code": sources.code, "state": str(sources.path.parent), "packs": todo, "core": core}
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", os.path.abspath(__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return
    with process:
        _wait(process, json.dumps(asked).encode(), cancel)
    sources.reload()


def _wait(process: subprocess.Popen[bytes], asked: bytes, cancel: Callable[[], bool] | None) -> None:
    end = time.monotonic() + LIMIT
    try:
        assert process.stdin is not None
        process.stdin.write(asked)
        process.stdin.close()
        while process.poll() is None:
            if time.monotonic() > end or (cancel is not None and cancel()):
                process.kill()
            time.sleep(0.05)
    except OSError:  # it ended before it had read
        process.kill()


def _serve() -> None:
    asked = json.loads(sys.stdin.buffer.read())
    if hasattr(os, "nice"):
        os.nice(10)  # whatever else runs here comes first
    root = ModuleType(_NAME)  # only what is needed of the package: not its __init__, which looks for ComfyUI
    root.__path__ = [asked["root"]]
    sys.modules[_NAME] = root
    cache: Any = importlib.import_module(f"{_NAME}.core.inventory.packs.cache")
    from pathlib import Path

    sources = cache.Sources(asked["code"], Path(asked["state"]))
    saved = time.monotonic()
    if asked["core"]:
        sources.core()
    for path in asked["packs"]:
        sources.pack(path)
        if time.monotonic() - saved > SAVE_EVERY:
            sources.save(others=True)
            saved = time.monotonic()
    sources.save(others=True)


if __name__ == "__main__":
    _serve()
