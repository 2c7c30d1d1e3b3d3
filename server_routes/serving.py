"""What every request goes through before and after its handler.

`served` puts the guard in front of a handler by the route's kind, so that no handler can forget it. Handlers return
plain values; they are encoded, and all errors become JSON, here. Work is done in two threads of our own, never in
asyncio's pool: ComfyUI serves its files from that.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from ..core.errors import ComfyFixerError
from ..core.files import to_json
from . import guard
from .worker import Worker

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .host import User
    from .service import Service

_log = logging.getLogger("comfyfixersmart.routes")  # a fixed name: inside ComfyUI, __name__ is a file path

SMALL_BODY = 64 << 10
GRAPH_BODY = (8 << 20) + SMALL_BODY  # a saved graph may have 8 MiB (core/workflow/read.py); this is one and its name
# What a path or a page could not be, was not there, or was in the way. Anything else raised on purpose is a 400.
STATUS = {
    **dict.fromkeys(("unknown_user", "not_local", "not_yours"), 403),
    **dict.fromkeys(("unknown_workflow", "no_report", "vanished", "unknown_question", "unknown_candidate"), 404),
    "too_many": 503,
    **dict.fromkeys(("no_good_version", "unknown_change"), 404),
    **dict.fromkeys(("unknown_plan", "unknown_run", "no_run", "unknown_action", "unknown_entry"), 404),
    **dict.fromkeys(("fixed_setting", "fixed_key", "newer_schema", "no_consent", "busy", "cancelled"), 409),
    **dict.fromkeys(("plan_changed", "plan_expired", "consent_missing", "not_approved", "already_approved"), 409),
    **dict.fromkeys(("approval_used", "approval_expired", "run_in_hand", "cannot_resume", "resume_too_late"), 409),
    **dict.fromkeys(("damaged_settings", "damaged_keys", "damaged_choices"), 409),
    "too_large": 413,
    "internal_error": 500,
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


class Desk(NamedTuple):
    """What all requests share. `quick` answers at once; what `graphs` does takes a moment, such as reading a
    workflow; `deep` explains, tunes and compares, which may take long for a huge graph; what `plans` does may take
    minutes."""

    service: Service
    quick: Worker
    graphs: Worker
    deep: Worker
    plans: Worker


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


def served(route: Route, desk: Desk) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route's handler behind the guard, for aiohttp. Whatever is raised becomes JSON with a code and a hint."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            answer = await _answer(route, desk, request)
        except ComfyFixerError as error:
            answer = _failed(error.as_json(), STATUS.get(error.code, 400))
        except OSError as error:
            answer = _failed(_disk(error), 500)
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


def _disk(error: OSError) -> dict[str, str]:
    from .cycle import as_error

    return as_error(error)


async def _answer(route: Route, desk: Desk, request: web.Request) -> web.Response:
    facts = guard.facts_of(request)
    refusal = await judged(lambda rules: guard.judge(route.kind, facts, rules), desk)
    if refusal:
        return refused(refusal)
    answer = await route.handler(Call(request, desk, desk.service.host.user_of(request), facts))
    return answer if isinstance(answer, web.Response) else _json(answer)


async def judged(judge: Callable[[guard.Rules], guard.Refusal | None], desk: Desk) -> guard.Refusal | None:
    """The judgement under the person's rules. What passes the strictest needs no look at the settings."""
    return judge(guard.STRICTEST) and judge(await desk.quick.run(lambda: _rules(desk.service)))


def _rules(service: Service) -> guard.Rules:
    """What the person allowed; the strictest where the settings cannot be read."""
    try:
        settings = service.preferences.settings()
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


def refused(refusal: guard.Refusal) -> web.Response:
    """The answer to a request that the guard does not serve."""
    return _failed(refusal.as_json(), refusal.status)


def _failed(error: dict[str, str], status: int) -> web.Response:
    return _json({"error": {**error, "hint": error.get("hint", "")}}, status)


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(text=to_json(body, indent=None), status=status, content_type="application/json")


async def encoded(worker: Worker, work: Callable[[], Any]) -> web.Response:
    """Do it and encode what it gives, both away from the loop."""
    text = await worker.run(lambda: to_json(work(), indent=None))
    return web.Response(text=text, content_type="application/json")


async def body(call: Call, shape: str, limit: int) -> Any:
    """The request's JSON as the named shape of `bodies.py`; never holds more than `limit` bytes of it.

    Raises ComfyFixerError `bad_body` or `too_large`.
    """
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
    if limit == SMALL_BODY:
        return await call.desk.quick.run(lambda: _parsed(shape, bytes(raw)))
    return await call.desk.graphs.run(lambda: _parsed_quietly(shape, bytes(raw)))


def _parsed_quietly(shape: str, raw: bytes) -> BaseModel:
    """A graph makes many objects at once: the loop must not wait for the collector because of them."""
    from .host.quiet import quietly

    with quietly():
        return _parsed(shape, raw)


def _parsed(shape: str, raw: bytes) -> BaseModel:
    from . import bodies

    model: type[BaseModel] = getattr(bodies, shape)
    return bodies.parse(model, raw)
