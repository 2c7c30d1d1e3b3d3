"""The routes that explain, tune and compare. What each goes through stands in `serving.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..core.errors import ComfyFixerError
from .guard import CHANGE, CHECK, READ
from .serving import GRAPH_BODY, SMALL_BODY, Call, Route, body, encoded
from .understanding import Asked

if TYPE_CHECKING:
    from .understanding import Understand

GB = 1_000_000_000
PAIR_BODY = 2 * GRAPH_BODY  # two graphs
MOST_WAITING = 12  # questions, of all pages together


def _asked(given: Any) -> Asked:
    return Asked(given.slug, given.workflow, given.name, getattr(given, "good", None))


def _bytes(gigabytes: float | None) -> int | None:
    """The memory asked about, in bytes."""
    return int(gigabytes * GB) if gigabytes is not None else None


async def _deep(call: Call, work: Callable[[Understand], Any]) -> web.Response:
    """Do it when its turn comes. Raises ComfyFixerError `too_many` where that would take too long."""
    if call.desk.deep.waiting >= MOST_WAITING:
        raise ComfyFixerError("too_many", "Several workflows are being looked at just now.", "Try again in a moment.")
    return await encoded(call.desk.deep, lambda: work(call.service.understanding))


async def _explain(call: Call) -> web.Response:
    asked = Asked(call.request.query.get("slug", ""))
    return await _deep(call, lambda known: known.explain(call.user, asked))


async def _explain_graph(call: Call) -> web.Response:
    given = await body(call, "Explain", GRAPH_BODY)
    return await _deep(call, lambda known: known.explain(call.user, _asked(given)))


async def _tune(call: Call) -> web.Response:
    given = await body(call, "Tune", GRAPH_BODY)
    memory = _bytes(given.memory_gb)
    return await _deep(call, lambda known: known.tune(call.user, _asked(given), memory))


async def _estimate(call: Call) -> web.Response:
    given = await body(call, "Chosen", GRAPH_BODY)
    asked, memory = _asked(given), _bytes(given.memory_gb)
    return await _deep(call, lambda known: known.estimate(call.user, asked, memory, given.changes))


async def _graph(call: Call) -> web.Response:
    given = await body(call, "Chosen", GRAPH_BODY)
    asked, memory = _asked(given), _bytes(given.memory_gb)
    return await _deep(call, lambda known: known.graph(call.user, asked, memory, given.changes))


async def _plan(call: Call) -> web.Response:
    given = await body(call, "ChosenPlan", SMALL_BODY)
    memory = _bytes(given.memory_gb)
    return await encoded(
        call.desk.plans, lambda: call.service.understanding.plan(call.user, given.slug, memory, given.changes)
    )


async def _compare(call: Call) -> web.Response:
    given = await body(call, "Compare", PAIR_BODY)
    old, new = _asked(given.old), _asked(given.new)
    return await _deep(call, lambda known: known.compare(call.user, old, new))


ROUTES = (
    Route("GET", "/explain", READ, _explain),
    Route("POST", "/explain", CHECK, _explain_graph),
    Route("POST", "/tune", CHECK, _tune),
    Route("POST", "/tune/estimate", CHECK, _estimate),
    Route("POST", "/tune/graph", CHECK, _graph),
    Route("POST", "/tune/plan", CHANGE, _plan),
    Route("POST", "/compare", CHECK, _compare),
)
