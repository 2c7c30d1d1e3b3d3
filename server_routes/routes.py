"""The routes under /comfyfixersmart/: one table. What each goes through stands in `serving.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..core.errors import ComfyFixerError, UnreadableFile
from ..core.files import read_small, safe_join
from . import action_routes, guard, understanding_routes
from .guard import CHANGE, CHECK, LOCAL, READ
from .search import Asked
from .serving import GRAPH_BODY, SMALL_BODY, Call, Desk, Route, body, encoded, judged, refused, served
from .worker import Worker

if TYPE_CHECKING:
    from .service import Service

PREFIX = "/comfyfixersmart"
MAX_REPORT = 64 << 20
DASHBOARD = "dashboard.html"
_TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}
_LOCAL_SETTINGS = frozenset(
    {"allow_remote", "allowed_hosts", "sources", "discovery", "endpoints"}
    | {"download_hosts", "max_file_gb", "refused_licences", "pickle"}
)


def add_routes(routes: web.RouteTableDef, service: Service) -> None:
    """Put every route of the table, guarded, into ComfyUI's. ComfyUI makes the copies under /api itself."""
    workers = (Worker(f"comfyfixersmart-{name}") for name in ("quick", "graphs", "deep", "plans"))
    desk = Desk(service, *workers)
    for route in ROUTES:
        routes.route(route.method, PREFIX + route.path)(served(route, desk))


async def _status(call: Call) -> Any:
    if not call.service.knows(call.user):  # a file is read, of megabytes for a large library
        return await _with_permission(call, await call.desk.quick.run(lambda: call.service.status(call.user)))
    return await _with_permission(call, call.service.status(call.user))


async def _with_permission(call: Call, status: dict[str, Any]) -> dict[str, Any]:
    """The status with what the guard would say to a change by whoever sent this very request."""
    refusal = await judged(lambda rules: guard.change_refused(call.facts, rules), call.desk)
    return {**status, "may_change": {"allowed": refusal is None, "error": refusal and refusal.as_json()}}


async def _library(call: Call) -> web.Response:
    revision, text = await call.desk.quick.run(lambda: call.service.library_json(call.user))
    answer = web.Response(body=text, content_type="application/json", charset="utf-8")
    if any(tag.value in (revision, "*") for tag in call.request.if_none_match or ()):
        answer = web.Response(status=304)
    answer.etag = revision
    return answer


async def _workflow(call: Call) -> web.Response:
    slug = call.request.query.get("slug", "")
    return await encoded(call.desk.graphs, lambda: {"workflow": call.service.workflow(call.user, slug)})


async def _codes(call: Call) -> web.Response:
    return await encoded(call.desk.quick, call.service.codes)


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
    await body(call, "Empty", SMALL_BODY)
    return await _with_permission(call, await call.desk.quick.run(lambda: call.service.request_scan(call.user)))


async def _cancel(call: Call) -> Any:
    await body(call, "Empty", SMALL_BODY)
    return await _with_permission(call, await call.desk.quick.run(lambda: call.service.cancel_scan(call.user)))


async def _check(call: Call) -> web.Response:
    given = await body(call, "Check", GRAPH_BODY)
    return await encoded(
        call.desk.graphs, lambda: {"workflow": call.service.check_graph(call.user, given.workflow, given.name)}
    )


async def _settings(call: Call) -> web.Response:
    return await encoded(call.desk.quick, call.service.preferences.settings)


async def _change_settings(call: Call) -> web.Response:
    """Who may do what, and who is asked, is decided on this computer only: a guest could else make it last."""
    given = await body(call, "Change", SMALL_BODY)
    if _LOCAL_SETTINGS & given.values.keys():
        refusal = await judged(lambda rules: guard.rights_refused(call.facts, rules), call.desk)
        if refusal:
            return refused(refusal)
    return await encoded(call.desk.quick, lambda: call.service.preferences.change(given.values))


async def _sources(call: Call) -> web.Response:
    return await encoded(call.desk.quick, call.service.preferences.sources)


async def _consent(call: Call) -> web.Response:
    given = await body(call, "Consent", SMALL_BODY)
    return await encoded(call.desk.quick, lambda: call.service.preferences.consent(given.sources, given.discovery))


async def _key(call: Call) -> web.Response:
    given = await body(call, "Key", SMALL_BODY)
    key = given.key.get_secret_value() if given.key is not None else None
    return await encoded(call.desk.quick, lambda: call.service.preferences.change_key(given.source, key))


async def _job(call: Call) -> web.Response:
    return await encoded(call.desk.quick, lambda: call.service.search.job(call.user))


async def _resolve(call: Call) -> web.Response:
    given = await body(call, "Resolve", GRAPH_BODY)
    asked = Asked(given.slug, given.workflow, given.name, given.again)
    return await encoded(call.desk.quick, lambda: call.service.search.start(call.user, asked))


async def _end_job(call: Call) -> web.Response:
    await body(call, "Empty", SMALL_BODY)
    return await encoded(call.desk.quick, lambda: call.service.search.cancel(call.user))


async def _choose(call: Call) -> web.Response:
    given = await body(call, "Choose", SMALL_BODY)
    return await encoded(
        call.desk.quick, lambda: call.service.search.choose(call.user, given.key, given.candidate, given.reason)
    )


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
    Route("GET", "/sources", READ, _sources),
    Route("POST", "/consent", LOCAL, _consent),
    Route("POST", "/key", LOCAL, _key),
    Route("GET", "/resolve", READ, _job),
    Route("POST", "/resolve", CHANGE, _resolve),
    Route("POST", "/resolve/cancel", CHANGE, _end_job),
    Route("POST", "/choose", CHANGE, _choose),
    *action_routes.ROUTES,
    *understanding_routes.ROUTES,
)
