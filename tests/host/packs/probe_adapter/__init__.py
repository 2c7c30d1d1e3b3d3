"""Test-only pack: shows what our adapter makes of the ComfyUI it runs in, and how long the event loop waits meanwhile."""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import os
import sys
import time
from pathlib import Path

from aiohttp import web
from server import PromptServer

NODE_CLASS_MAPPINGS = {}
TICK = 0.005  # seconds
NAME = "comfyfixersmart_probed"


def _load(name):
    """Our package from the folder beside this one, whichever of the two ComfyUI loads first."""
    if NAME not in sys.modules:
        root = Path(__file__).parent.parent / "ComfyFixerSmart"
        spec = importlib.util.spec_from_file_location(
            NAME, root / "__init__.py", submodule_search_locations=[str(root)]
        )
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[NAME])
    return importlib.import_module(f"{NAME}.{name}")


class Broken:
    """A class that is loaded and cannot be asked for its inputs."""

    RETURN_TYPES = ()
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        raise RuntimeError("it cannot be asked")


NODE_CLASS_MAPPINGS["ProbeBroken"] = Broken
host = _load("server_routes.host").Host(PromptServer.instance)
host.capture_log()
routes = PromptServer.instance.routes


def _plain(found):
    encode = _load("core.inventory.encode").encode_types
    return {
        "origin": found.origin,
        "version": found.comfyui_version,
        "types": {one["class_type"]: one for one in encode(found.definitions)},
        "packs": {
            pack.name: {
                "state": pack.state,
                "reason": pack.reason,
                "types": sorted(pack.node_types),
                "complete": pack.complete,
                "version": pack.version,
                "ids": list(pack.ids),
            }
            for pack in found.packs
        },
        "folders": {name: [list(one.paths), sorted(one.suffixes)] for name, one in found.folders.items()},
        "models": {name: [file.name for file in files] for name, files in found.models.items()},
        "inputs": sorted(found.inputs),
        "gaps": list(found.gaps),
        "aliases": found.aliases,
        "directories": found.directories,
        "hardware": found.hardware,
        "digest": found.digest,
    }


@routes.get("/probe_adapter/inventory")
async def inventory(request):
    found = await asyncio.to_thread(host.inventory, host.state_folder())
    if request.query.get("snapshot"):
        write = _load("core.inventory.snapshot").write_snapshot
        await asyncio.to_thread(write, host.state_folder() / "snapshot.json", found)
    return web.json_response(_plain(found))


@routes.get("/probe_adapter/values")
async def values(request):
    user = host.users()[0]
    return web.json_response(
        {
            "fingerprint": host.fingerprint(),
            "roots": host.model_roots(),
            "busy": host.busy(),
            "memory": host.memory()._asdict(),
            "users": [one._asdict() for one in host.users()],
            "user": host.user_of(request)._asdict(),
            "state": os.fspath(host.state_folder()),
            "settings": host.dialog_settings(user),
            "listen": host.listen(),
        }
    )


@routes.get("/probe_adapter/timing")
async def timing(request):
    """How long an inventory takes in a thread, and how late a ticker of 5 ms comes meanwhile, in milliseconds."""
    late, running = [], True

    async def tick():
        while running:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            late.append((time.perf_counter() - due) * 1000)

    collections = []

    def collected(phase, info):
        if phase == "start":
            collections.append([info["generation"], time.perf_counter()])
        else:
            collections[-1][1] = (time.perf_counter() - collections[-1][1]) * 1000

    gc.callbacks.append(collected)
    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0.2)
    late.clear()
    if request.query.get("idle"):
        started = time.perf_counter()
        await asyncio.sleep(1)
    else:
        started = time.perf_counter()
        await asyncio.to_thread(host.inventory, host.state_folder())
    took = time.perf_counter() - started
    running = False
    await ticker
    gc.callbacks.remove(collected)
    late.sort()
    started = time.perf_counter()
    host.fingerprint()
    return web.json_response(
        {
            "seconds": took,
            "ticks": len(late),
            "p50": late[len(late) // 2],
            "p99": late[int(len(late) * 0.99)],
            "max": late[-1],
            "collections": [sum(1 for one in collections if one[0] == which) for which in range(3)],
            "longest_collections": sorted((one[1] for one in collections), reverse=True)[:5],
            "fingerprint_ms": (time.perf_counter() - started) * 1000,
        }
    )
