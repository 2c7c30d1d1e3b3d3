"""Test-only pack: what everything else in this ComfyUI does to its event loop, its memory, its modules and its sockets.

GET  /impact/reset     forget what the loop did so far
GET  /impact/loop      how late a task that sleeps 5 ms woke, and every collection of garbage that took a while
GET  /impact/calls     what the audit hook of prestartup_script.py saw
POST /impact/probe     an address beyond this machine is named (nothing is sent): the hook must see it
GET  /impact/modules   which of some heavy modules were there when the last pack had been imported
GET  /impact/runs      when the slow node ran
GET  /impact/memory    memory of this process in bytes
"""

import asyncio
import gc
import socket
import sys
import threading
import time

import impact_calls
import psutil
from aiohttp import web
from server import PromptServer

TICK = 0.005  # seconds
LATE = 0.010  # seconds; from here on it is noted where our threads are
LONG = 0.002  # seconds; shorter collections are not worth a line
HEAVY = ("httpx", "jinja2", "llama_cpp", "huggingface_hub", "rich", "yaml")

_ticks: list = []  # (time at which it was due, how late it came, where we were) in seconds
_collections: list = []  # (time, seconds, generation, thread)
_runs: list = []  # (start, end) of the slow node
_modules: dict = {}
_began: list = [0.0]
_tasks: list = []


class ImpactSleep:
    """Runs for `seconds`, as a long generation would."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seconds": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 60.0}), "seed": ("INT",)}}

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"

    def run(self, seconds, seed):
        started = time.time()
        time.sleep(seconds)
        _runs.append((started, time.time()))
        return {"ui": {}}


NODE_CLASS_MAPPINGS = {"ImpactSleep": ImpactSleep}


async def _tick():
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late = time.perf_counter() - due
        _ticks.append((time.time() - late, late, _where() if late > LATE else ""))


def _where():
    """Where the threads of our pack are. Right after a long wait that is the line that did not let go."""
    threads = {thread.ident: thread.name for thread in threading.enumerate()}
    found = []
    for ident, frame in sys._current_frames().items():
        if not threads.get(ident, "").startswith("comfyfixersmart"):
            continue
        while frame is not None and "/ComfyFixerSmart/" not in frame.f_code.co_filename:
            frame = frame.f_back
        if frame is not None and not frame.f_code.co_filename.endswith("/worker.py"):
            file = frame.f_code.co_filename.partition("/ComfyFixerSmart/")[2]
            found.append(f"{file}:{frame.f_lineno} {frame.f_code.co_name}")
    return ", ".join(found)


def _collected(phase, info):
    if phase == "start":
        _began[0] = time.perf_counter()
    elif time.perf_counter() - _began[0] >= LONG:
        took = time.perf_counter() - _began[0]
        _collections.append((time.time(), took, info["generation"], threading.current_thread().name))


async def _start(_app):
    """First of all start-up hooks: every pack is imported, nothing else has happened."""
    _modules["heavy"] = [name for name in HEAVY if name in sys.modules]
    _modules["ours"] = [name.rsplit("/", 1)[-1] for name in sys.modules if "/ComfyFixerSmart" in name]
    _tasks.append(asyncio.create_task(_tick()))
    gc.callbacks.append(_collected)


_server = PromptServer.instance
_server.app.on_startup.insert(0, _start)
routes = _server.routes


@routes.get("/impact/reset")
async def reset(request):
    for rows in (_ticks, _collections):
        rows.clear()
    return web.json_response({})


@routes.get("/impact/loop")
async def loop(request):
    return web.json_response({"ticks": _ticks, "collections": _collections})


@routes.get("/impact/calls")
async def calls(request):
    return web.json_response(impact_calls.rows)


@routes.post("/impact/probe")
async def probe(request):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:  # connecting such a socket sends nothing
        one.connect(("192.0.2.1", 9))  # an address that is kept for documentation
    return web.json_response({})


@routes.get("/impact/modules")
async def modules(request):
    return web.json_response(_modules)


@routes.get("/impact/runs")
async def runs(request):
    return web.json_response(_runs)


@routes.get("/impact/memory")
async def memory(request):
    return web.json_response({"rss": psutil.Process().memory_info().rss})
