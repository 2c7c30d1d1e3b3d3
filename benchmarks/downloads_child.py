"""Our download in a process of its own. Run by downloads.py.

downloads_child.py serve     one JSON line {"url", "path", "size", "sha256"} in, {"seconds", "cpu", "check"} out
downloads_child.py once '{"url": …}'                                            the same once, to be killed
downloads_child.py loop '{"urls": […], "folder", "size", "sha256", "seconds"}'  four at once beside an event loop
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TICK = 0.005  # seconds
Json = dict[str, Any]


class Control:
    """Nobody stops it, nothing is kept of what it says."""

    def check(self) -> None: ...

    def tell(self, done: int, total: int | None, note: str = "") -> None: ...

    def on_stop(self, wake: Callable[[], None] | None) -> None: ...


def fetch(asked: Json) -> str:
    """One verified file; what is known of it."""
    from comfyfixersmart.core.actions.download import fetch_file
    from comfyfixersmart.core.actions.types import DOWNLOAD, Action, Offer
    from comfyfixersmart.core.http import Http, Limit

    path = Path(asked["path"])
    host = urlsplit(asked["url"]).netloc
    action = Action(
        id="benchmark",
        kind=DOWNLOAD,
        title=path.name,
        destination=str(path),
        root=str(path.parent),
        folder="checkpoints",
        size=asked["size"],
        sha256=asked["sha256"],
        offers=(Offer("direct:benchmark", "direct", "nginx", asked["url"]),),
        format="safetensors",
    )
    http = Http(trusted={host}, limits={host: Limit(100.0, 100)})
    try:
        return fetch_file(action, http, Control()).check
    finally:
        http.close()


def measured(asked: Json) -> Json:
    """What one download took."""
    began, cpu = time.perf_counter(), time.process_time()
    check = fetch(asked)
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "check": check}


def serve() -> None:
    """Answer until the input ends. The first, small one pays for what is imported on first use."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(measured(json.loads(line))), flush=True)


# ---- beside an event loop ----------------------------------------------------------------------------------------


async def beside_loop(asked: Json) -> Json:
    """How late a task of 5 ms wakes while nothing happens, and while downloads run; and what they add to memory."""
    from aiohttp import web

    logging.getLogger("aiohttp.server").disabled = True  # the last question is cut off by the end
    app = web.Application()
    app.router.add_post("/prompt", _answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    late: list[float] = []
    ticking = asyncio.create_task(_tick(late))
    await asyncio.to_thread(fetch, {**asked["first"]})
    print(json.dumps({"port": port}), flush=True)
    late.clear()
    await asyncio.sleep(asked["seconds"])
    idle, before = list(late), _held()
    late.clear()
    _forget_peak()
    began = time.perf_counter()
    checks = await _all([{**asked["each"], **one} for one in asked["files"]])
    seconds, busy, peak = time.perf_counter() - began, list(late), _peak()
    ticking.cancel()
    await runner.cleanup()
    return {
        "idle": idle,
        "busy": busy,
        "seconds": seconds,
        "memory": peak - before,
        "checks": checks,
    }


async def _all(files: list[Json]) -> list[str]:
    """Each in a thread of its own that stands back, as a run of a plan does it."""
    from comfyfixersmart.core.actions.process import stand_back

    loop = asyncio.get_running_loop()
    found: list[asyncio.Future[str]] = [loop.create_future() for _ in files]

    def one(file: Json, told: asyncio.Future[str]) -> None:
        stand_back()
        try:
            check = fetch(file)
        except Exception as error:
            loop.call_soon_threadsafe(told.set_exception, error)
        else:
            loop.call_soon_threadsafe(told.set_result, check)

    for file, told in zip(files, found, strict=True):
        threading.Thread(target=one, args=(file, told), daemon=True).start()
    return list(await asyncio.gather(*found))


async def _tick(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - due)


async def _answer(request: Any) -> Any:
    from aiohttp import web

    return web.json_response({"prompt_id": str(len(await request.read()))})


def _held() -> int:
    return _status("VmRSS:")


def _peak() -> int:
    return _status("VmHWM:")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell a process's memory")


def _forget_peak() -> None:
    """The peak counts from here on."""
    Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    elif sys.argv[1] == "once":
        print(fetch(json.loads(sys.argv[2])))
    else:
        print(json.dumps(asyncio.run(beside_loop(json.loads(sys.argv[2])))), flush=True)
