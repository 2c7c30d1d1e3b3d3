"""The routes of plans, runs and the journal. What each goes through stands in `serving.py`."""

from __future__ import annotations

from aiohttp import web

from ..core.errors import ComfyFixerError
from .actions import PAGE
from .guard import CHANGE, READ
from .planning import Asked
from .serving import GRAPH_BODY, SMALL_BODY, Call, Route, body, encoded


async def _plan(call: Call) -> web.Response:
    digest = call.request.query.get("digest", "")
    return await encoded(call.desk.quick, lambda: call.service.planning.kept_plan(call.user, digest))


async def _make_plan(call: Call) -> web.Response:
    given = await body(call, "MakePlan", GRAPH_BODY)
    asked = Asked(given.slug, given.workflow, given.name, given.leave_out, given.prefer)
    ticket = call.service.planning.ticket(call.user)
    return await encoded(call.desk.plans, lambda: call.service.planning.plan(ticket, asked))


async def _cancel_plan(call: Call) -> web.Response:
    await body(call, "Empty", SMALL_BODY)
    return await encoded(call.desk.quick, lambda: call.service.planning.cancel_plan(call.user))


async def _approve(call: Call) -> web.Response:
    given = await body(call, "Approve", SMALL_BODY)
    return await encoded(call.desk.graphs, lambda: call.service.acting.approve(call.user, given.digest, given.consents))


async def _run(call: Call) -> web.Response:
    return await encoded(call.desk.quick, lambda: call.service.acting.run(call.user))


async def _steer(call: Call) -> web.Response:
    given = await body(call, "Steer", SMALL_BODY)
    return await encoded(call.desk.graphs, lambda: call.service.acting.steer(call.user, given.do, given.action))


async def _journal(call: Call) -> web.Response:
    query = call.request.query
    before, limit = query.get("before", ""), query.get("limit", "")
    if limit and not (limit.isascii() and limit.isdigit() and len(limit) < 5):
        raise ComfyFixerError("bad_body", "limit is no number.", "Reload the page and try again.")
    return await encoded(call.desk.graphs, lambda: call.service.acting.journal(call.user, before, int(limit or PAGE)))


async def _undo(call: Call) -> web.Response:
    given = await body(call, "Undo", SMALL_BODY)
    return await encoded(
        call.desk.plans, lambda: call.service.acting.undo(call.user, given.entries or (), given.run or "")
    )


ROUTES = (
    Route("GET", "/plan", READ, _plan),
    Route("POST", "/plan", CHANGE, _make_plan),
    Route("POST", "/plan/cancel", CHANGE, _cancel_plan),
    Route("POST", "/approve", CHANGE, _approve),
    Route("GET", "/run", READ, _run),
    Route("POST", "/run", CHANGE, _steer),
    Route("GET", "/journal", READ, _journal),
    Route("POST", "/undo", CHANGE, _undo),
)
