"""The routes under /comfyfixersmart/: one table, and what every request goes through before and after its handler.

`add_routes` wraps each handler in the guard by the route's kind, so no handler can forget it. Handlers return plain
values; they are encoded, and all errors become JSON, here. Work is done in two threads of our own, never in asyncio's
pool: ComfyUI serves its files from that.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from ..core.errors import ComfyFixerError, UnreadableFile
from ..core.files import read_small, safe_join, to_json
from . import guard
from .guard import CHANGE, CHECK, READ
from .worker import Worker

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .host import User
    from .service import Service

_log = logging.getLogger("comfyfixersmart.routes")  # a fixed name: inside ComfyUI, __name__ is a file path

PREFIX = "/comfyfixersmart"
SMALL_BODY = 64 << 10
GRAPH_BODY = (8 << 20) + SMALL_BODY  # a saved graph may have 8 MiB (core/workflow/read.py); this is one and its name
MAX_REPORT = 64 << 20
# What a path or a page could not be, was not there, or was in the way. Anything else raised on purpose is a 400.
STATUS = {
    **dict.fromkeys(("unknown_user", "not_local"), 403),
    **dict.fromkeys(("unknown_workflow", "no_report", "vanished"), 404),
    **dict.fromkeys(("fixed_setting", "newer_schema", "damaged_settings"), 409),
    "too_large": 413,
    "internal_error": 500,
    **dict.fromkeys(("not_ready", "no_state"), 503),
}
# No page but ours may frame or embed an answer, and none is kept in the browser's cache.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
DASHBOARD = "dashboard.html"
_TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}
_LOCAL_SETTINGS = frozenset({"allow_remote", "allowed_hosts"})


class Desk(NamedTuple):
    """What all requests share. `quick` answers at once; `graphs` reads one workflow after the other."""

    service: Service
    quick: Worker
    graphs: Worker


class Call(NamedTuple):
    """One request that passed the guard."""

    request: web.Request
    desk: Desk
    user: User
    facts: guard.Facts

    @property
    def service(self) -> Service:
        return self.desk.service


Handler = Callable[[Call], Awaitable[Any]]


class Route(NamedTuple):
    """`path` below the prefix; `kind` says what the guard demands. A handler gives plain JSON or a finished Response."""

    method: str
    path: str
    kind: str
    handler: Handler


def add_routes(routes: web.RouteTableDef, service: Service) -> None:
    """Put every route of the table, guarded, into ComfyUI's. ComfyUI makes the copies under /api itself."""
    desk = Desk(service, Worker("comfyfixersmart-quick"), Worker("comfyfixersmart-graphs"))
    for route in ROUTES:
        routes.route(route.method, PREFIX + route.path)(_served(route, desk))


def _served(route: Route, desk: Desk) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            answer = await _answer(route, desk, request)
        except ComfyFixerError as error:
            answer = _failed(error.as_json(), STATUS.get(error.code, 400))
        except ConnectionError:
            raise  # the person left: nobody is there to be told
        except Exception:
            _log.debug("%s %s", route.method, route.path, exc_info=True)
            answer = _failed(_INTERNAL, 500)
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return serve


_INTERNAL = {
    "code": "internal_error",
    "message": "Something in ComfyFixerSmart went wrong while it answered.",
    "hint": "Try again. If it stays, start ComfyUI with --verbose DEBUG and look for comfyfixersmart.routes in the log.",
}


async def _answer(route: Route, desk: Desk, request: web.Request) -> web.Response:
    facts = guard.facts_of(request)
    refusal = await _judged(lambda rules: guard.judge(route.kind, facts, rules), desk)
    if refusal:
        return _refused(refusal)
    answer = await route.handler(Call(request, desk, desk.service.host.user_of(request), facts))
    return answer if isinstance(answer, web.Response) else _json(answer)


async def _judged(judge: Callable[[guard.Rules], guard.Refusal | None], desk: Desk) -> guard.Refusal | None:
    """The judgement under the person's rules. What passes the strictest needs no look at the settings."""
    return judge(guard.STRICTEST) and judge(await desk.quick.run(lambda: _rules(desk.service)))


def _rules(service: Service) -> guard.Rules:
    """What the person allowed; the strictest where the settings cannot be read."""
    try:
        settings = service.settings()
        values = settings["values"]
        return guard.Rules(
            allow_remote=values["allow_remote"] is True,
            allowed_hosts=tuple(values["allowed_hosts"]),
            listen=tuple(service.host.listen()),
            settings_file=settings["file"],
        )
    except Exception:
        _log.debug("the settings cannot be read", exc_info=True)
        return guard.STRICTEST


def _refused(refusal: guard.Refusal) -> web.Response:
    return _failed(refusal.as_json(), refusal.status)


def _failed(error: dict[str, str], status: int) -> web.Response:
    return _json({"error": {"hint": "", **error}}, status)


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(text=to_json(body, indent=None), status=status, content_type="application/json")


async def _encoded(worker: Worker, work: Callable[[], Any]) -> web.Response:
    """Do it and encode what it gives, both away from the loop."""
    text = await worker.run(lambda: to_json(work(), indent=None))
    return web.Response(text=text, content_type="application/json")


async def _body(call: Call, shape: str, limit: int) -> Any:
    """The request's JSON as the named shape of `bodies.py`; never holds more than `limit` bytes of it."""
    raw = bytearray()
    try:
        async for chunk in call.request.content.iter_any():  # unpacked already, so a gzip bomb stops here as well
            raw += chunk
            if len(raw) > limit:
                raise ComfyFixerError(
                    "too_large", f"The request is larger than {limit >> 10:,} KiB.", "Send a smaller workflow."
                )
    except web.RequestPayloadError as error:
        raise ComfyFixerError("bad_body", f"The request is damaged ({error}).", "Try again.") from None
    worker = call.desk.quick if limit == SMALL_BODY else call.desk.graphs
    return await worker.run(lambda: _parsed(shape, bytes(raw)))


def _parsed(shape: str, raw: bytes) -> BaseModel:
    from . import bodies

    model: type[BaseModel] = getattr(bodies, shape)
    return bodies.parse(model, raw)


async def _status(call: Call) -> Any:
    return await _with_permission(call, call.service.status(call.user))


async def _with_permission(call: Call, status: dict[str, Any]) -> dict[str, Any]:
    """The status with what the guard would say to a change by whoever sent this very request."""
    refusal = await _judged(lambda rules: guard.change_refused(call.facts, rules), call.desk)
    return {**status, "may_change": {"allowed": refusal is None, "error": refusal and refusal.as_json()}}


async def _library(call: Call) -> web.Response:
    revision, body = await call.desk.quick.run(lambda: call.service.library_json(call.user))
    answer = web.Response(body=body, content_type="application/json", charset="utf-8")
    if any(tag.value in (revision, "*") for tag in call.request.if_none_match or ()):
        answer = web.Response(status=304)
    answer.etag = revision
    return answer


async def _workflow(call: Call) -> web.Response:
    slug = call.request.query.get("slug", "")
    return await _encoded(call.desk.graphs, lambda: {"workflow": call.service.workflow(call.user, slug)})


async def _codes(call: Call) -> web.Response:
    return await _encoded(call.desk.quick, call.service.codes)


async def _report(call: Call) -> web.Response:
    name = call.request.match_info["name"]
    return await call.desk.quick.run(lambda: _report_file(call, name))


def _report_file(call: Call, name: str) -> web.Response:
    """A file of the report folder, by its plain name. The one page among them is the dashboard."""
    safe_join(Path(), name)
    suffix = name.rpartition(".")[2]
    if suffix not in _TYPES or (suffix == "html" and name != DASHBOARD):
        raise ComfyFixerError("no_report", f"{name!r} is no report.", f"Open {DASHBOARD}.")
    try:
        data = read_small(call.service.report_file(call.user, name), MAX_REPORT)
    except UnreadableFile as error:
        raise ComfyFixerError("no_report", f"{name!r}: {error.message}", "Scan again, then reload.") from None
    if data is None:
        raise ComfyFixerError("too_large", f"{name!r} is larger than {MAX_REPORT >> 20} MiB.", "Open it from disk.")
    answer = web.Response(body=data, content_type=_TYPES[suffix], charset="utf-8")
    return _policed(answer, data) if suffix == "html" else answer


def _policed(answer: web.Response, page: bytes) -> web.Response:
    """The dashboard under our own policy, whatever stands in the file.

    ComfyUI's upload route can write into the output folder, and this page shares the origin of its UI. So only the script
    that we ship may run. The policy also stands before the page, since `--disable-api-nodes` replaces the header.
    """
    from ..core.reports.dashboard import policy

    answer.body = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy()}">'.encode() + page
    answer.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return answer


async def _scan(call: Call) -> Any:
    await _body(call, "Empty", SMALL_BODY)
    return await _with_permission(call, await call.desk.quick.run(lambda: call.service.request_scan(call.user)))


async def _cancel(call: Call) -> Any:
    await _body(call, "Empty", SMALL_BODY)
    return await _with_permission(call, await call.desk.quick.run(lambda: call.service.cancel_scan(call.user)))


async def _check(call: Call) -> web.Response:
    body = await _body(call, "Check", GRAPH_BODY)
    return await _encoded(call.desk.graphs, lambda: {"workflow": call.service.check_graph(body.workflow, body.name)})


async def _settings(call: Call) -> web.Response:
    return await _encoded(call.desk.quick, call.service.settings)


async def _change_settings(call: Call) -> web.Response:
    """Who may do what is decided on this computer only: a guest could else make the permission last."""
    body = await _body(call, "Change", SMALL_BODY)
    if _LOCAL_SETTINGS & body.values.keys():
        refusal = await _judged(lambda rules: guard.rights_refused(call.facts, rules), call.desk)
        if refusal:
            return _refused(refusal)
    return await _encoded(call.desk.quick, lambda: call.service.change_settings(body.values))


ROUTES = (
    Route("GET", "/status", READ, _status),
    Route("GET", "/library", READ, _library),
    Route("GET", "/workflow", READ, _workflow),
    Route("GET", "/codes", READ, _codes),
    Route("GET", "/report/{name}", READ, _report),
    Route("GET", "/settings", READ, _settings),
    Route("POST", "/settings", CHANGE, _change_settings),
    Route("POST", "/scan", CHANGE, _scan),
    Route("POST", "/cancel", CHANGE, _cancel),
    Route("POST", "/check", CHECK, _check),
)
