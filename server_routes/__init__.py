"""The shell inside ComfyUI: host adapter, request guard, routes, the cycle.

Each part is registered on its own: one that fails leaves ComfyUI and the others working and says so in
`/comfyfixersmart/status`. Whatever else is needed is imported when it is first used.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .service import Service

_log = logging.getLogger("comfyfixersmart")
_MARK = "_comfyfixersmart"
_WEB = f"/extensions/{Path(__file__).parent.parent.name}/"  # ComfyUI serves a pack's web folder under its folder's name


def register(server: Any, version: str) -> None:
    """Attach everything to a PromptServer. Never raises; a second call for the same server does nothing."""
    if getattr(server, _MARK, None) is not None:
        return
    try:
        from .host import Host
        from .service import Service

        service = Service(Host(server), version)
        setattr(server, _MARK, service)
        service.host.capture_log()  # of packs that are loaded before and after us ComfyUI keeps 300 lines only
    except Exception:
        _log.warning("ComfyFixerSmart could not start; ComfyUI is not affected.", exc_info=True)
        return
    for part, attach in (("routes", _routes), ("cycle", _cycle)):
        try:
            attach(server, service)
            service.parts[part] = None
        except Exception as error:
            _log.warning("ComfyFixerSmart: %s could not be started.", part, exc_info=True)
            service.parts[part] = _error(part, error)


def _routes(server: Any, service: Service) -> None:
    from .routes import add_routes

    add_routes(server.routes, service)
    prepare = getattr(server.app, "on_response_prepare", None)
    if prepare is not None:
        prepare.append(_always_asked_for)


async def _always_asked_for(request: Any, response: Any) -> None:
    """ComfyUI says so of .js and .css only. Without it a browser keeps the panel's modules for a tenth of their age:
    after an update, days of a panel that is half old and half new."""
    if request.path.startswith(_WEB) and request.path.endswith(".mjs"):
        response.headers.setdefault("Cache-Control", "no-cache")


def _cycle(server: Any, service: Service) -> None:
    tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly

    async def start(_app: Any) -> None:
        try:
            from .cycle import Cycle

            service.host.capture_log()
            task = asyncio.create_task(Cycle(service).run())
            tasks.add(task)
        except Exception as error:  # an error here would keep ComfyUI from starting
            _log.warning("ComfyFixerSmart: the cycle could not be started.", exc_info=True)
            service.parts["cycle"] = _error("cycle", error)

    async def end(_app: Any) -> None:
        for task in tasks:
            task.cancel()
        service.search.end()
        service.discovery.end()
        service.acting.end()

    server.app.on_startup.append(start)
    server.app.on_cleanup.append(end)  # ComfyUI never calls it; other embedders do


def _error(part: str, error: Exception) -> dict[str, str]:
    return {
        "code": "part_failed",
        "message": f"{part}: {type(error).__name__}: {error}"[:300],
        "hint": "ComfyUI's log says more. Update ComfyFixerSmart, or report it.",
    }
