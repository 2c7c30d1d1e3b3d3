"""Our routes over real HTTP, as ComfyUI serves them, before a service that counts what reaches it."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.server_routes import cycle
from comfyfixersmart.server_routes import routes as our_routes
from comfyfixersmart.server_routes.guard import CHANGE, CHECK, LOCAL, READ

from . import searching, standin

PREFIX = "/comfyfixersmart"

# Every route there is: method, path, kind, and what a legitimate request adds. A route that is not listed here fails the
# test below, so that nobody adds one without saying what the guard has to demand of it.
LISTED: dict[tuple[str, str], tuple[str, str, dict[str, Any] | None]] = {
    ("GET", "/status"): (READ, "/status", None),
    ("GET", "/library"): (READ, "/library", None),
    ("GET", "/workflow"): (READ, "/workflow?slug=one", None),
    ("GET", "/codes"): (READ, "/codes", None),
    ("GET", "/report/{name}"): (READ, "/report/dashboard.html", None),
    ("GET", "/settings"): (READ, "/settings", None),
    ("POST", "/settings"): (CHANGE, "/settings", {"values": {"watch": False}}),
    ("POST", "/scan"): (CHANGE, "/scan", {}),
    ("POST", "/cancel"): (CHANGE, "/cancel", {}),
    ("POST", "/check"): (CHECK, "/check", {"workflow": {"nodes": []}, "name": "open"}),
    ("GET", "/sources"): (READ, "/sources", None),
    ("POST", "/consent"): (LOCAL, "/consent", {"sources": ["civitai"], "discovery": None}),
    ("POST", "/key"): (LOCAL, "/key", {"source": "civitai", "key": "a-key-of-your-own"}),
    ("GET", "/resolve"): (READ, "/resolve", None),
    ("POST", "/resolve"): (CHANGE, "/resolve", {"slug": "one"}),
    ("POST", "/resolve/cancel"): (CHANGE, "/resolve/cancel", {}),
    ("POST", "/choose"): (CHANGE, "/choose", {"key": "k", "candidate": None, "reason": ""}),
    ("GET", "/plan"): (READ, f"/plan?digest={'0' * 64}", None),
    ("POST", "/plan"): (CHANGE, "/plan", {"slug": "one", "leave_out": ["a"], "prefer": {"b": "move"}}),
    ("POST", "/plan/cancel"): (CHANGE, "/plan/cancel", {}),
    ("POST", "/approve"): (CHANGE, "/approve", {"digest": "0" * 64, "consents": {"a": ["pickle"]}}),
    ("GET", "/run"): (READ, "/run", None),
    ("POST", "/run"): (CHANGE, "/run", {"do": "pause", "action": None}),
    ("GET", "/journal"): (READ, "/journal?limit=5", None),
    ("POST", "/undo"): (CHANGE, "/undo", {"entries": ["e"]}),
    ("GET", "/explain"): (READ, "/explain?slug=one", None),
    ("POST", "/explain"): (CHECK, "/explain", {"workflow": {"nodes": []}, "name": "open"}),
    ("POST", "/tune"): (CHECK, "/tune", {"slug": "one", "memory_gb": 8}),
    ("POST", "/tune/estimate"): (CHECK, "/tune/estimate", {"slug": "one", "memory_gb": 8, "changes": ["a"]}),
    ("POST", "/tune/graph"): (CHECK, "/tune/graph", {"workflow": {"nodes": []}, "memory_gb": 8, "changes": ["a"]}),
    ("POST", "/tune/plan"): (CHANGE, "/tune/plan", {"slug": "one", "memory_gb": 8, "changes": ["a"]}),
    ("POST", "/compare"): (CHECK, "/compare", {"old": {"good": "one"}, "new": {"workflow": {"nodes": []}}}),
}


class Fake:
    """A service and its host. `calls` are the methods that were called, `changes` those of them that change something."""

    def __init__(self, folder: Path) -> None:
        self.host = self.preferences = self.search = self.planning = self.acting = self
        self.understanding = Understood(self)
        self.folder = folder
        self.values: dict[str, Any] = {"allow_remote": False, "allowed_hosts": []}
        self.calls: list[str] = []
        self.changes: list[Any] = []
        self.threads: set[str] = set()
        self.fails: Exception | None = None
        self.graph: Any = None
        self.read = True  # whether the user's list was read from the disk

    def user_of(self, request: web.Request) -> SimpleNamespace:
        name = request.headers.get("comfy-user", "default")
        if name not in ("default", "ann", "bob"):
            raise ComfyFixerError("unknown_user", "ComfyUI does not know the user who asks.", "Choose a user.")
        return SimpleNamespace(id=name, name=name, folder="")

    def listen(self) -> tuple[str, ...]:
        return ("0.0.0.0",)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self.threads.add(threading.current_thread().name)
        if self.fails:
            raise self.fails

    def knows(self, user: Any) -> bool:
        return self.read

    def status(self, user: Any) -> dict[str, Any]:
        self.calls.append("status")
        if not self.read:
            self.threads.add(threading.current_thread().name)
        return {"user": user.name}

    def library_json(self, user: Any) -> tuple[str, bytes]:
        self._called("library")
        return "rev-1", json.dumps({"user": user.name, "workflows": []}).encode()

    def workflow(self, user: Any, slug: str) -> dict[str, Any]:
        self._called("workflow")
        return {"slug": slug, "user": user.name}

    def codes(self) -> dict[str, Any]:
        self._called("codes")
        return {"codes": {"NODE001": {"title": "Node not installed", "text": "…"}}}

    def check_graph(self, user: Any, graph: Any, name: str) -> dict[str, Any]:
        self._called("check")
        self.graph = graph
        return {"name": name}

    def request_scan(self, user: Any) -> dict[str, Any]:
        self._called("scan")
        self.changes.append("scan")
        return self.status(user)

    def cancel(self, user: Any) -> dict[str, Any]:
        self._called("cancel")
        self.changes.append("cancel")
        return {"job": None}

    def cancel_scan(self, user: Any) -> dict[str, Any]:
        self._called("cancel")
        self.changes.append("cancel")
        return self.status(user)

    def settings(self) -> dict[str, Any]:
        return {"values": self.values, "from": {}, "file": "/protected/settings.json"}

    def change(self, values: dict[str, Any]) -> dict[str, Any]:
        self._called("settings")
        self.changes.append(values)
        return self.settings()

    def sources(self) -> dict[str, Any]:
        self._called("sources")
        return {"consent": None, "sources": []}

    def consent(self, sources: tuple[str, ...], discovery: bool | None) -> dict[str, Any]:
        self._called("consent")
        self.changes.append((sources, discovery))
        return {"consent": {"sources": list(sources)}}

    def change_key(self, name: str, key: str | None) -> dict[str, Any]:
        self._called("key")
        self.changes.append((name, key))
        return {"consent": None, "sources": []}

    def job(self, user: Any) -> dict[str, Any]:
        self._called("job")
        return {"job": None}

    def start(self, user: Any, asked: Any) -> dict[str, Any]:
        self._called("resolve")
        self.changes.append((user.name, asked))
        return {"job": {"id": 1, "slug": asked.slug}}

    def choose(self, user: Any, key: str, candidate: str | None, reason: str) -> dict[str, Any]:
        self._called("choose")
        self.changes.append((user.name, key, candidate, reason))
        return {"resolution": {"key": key}}

    def ticket(self, user: Any) -> str:
        name: str = user.name
        return name

    def plan(self, ticket: str, asked: Any) -> dict[str, Any]:
        self._called("plan")
        self.changes.append((ticket, asked))
        return {"plan": {"digest": "0" * 64}}

    def cancel_plan(self, user: Any) -> dict[str, Any]:
        self._called("cancel_plan")
        self.changes.append("cancel_plan")
        return {}

    def kept_plan(self, user: Any, digest: str) -> dict[str, Any]:
        self._called("kept_plan")
        return {"plan": {"digest": digest}}

    def approve(self, user: Any, digest: str, consents: Any) -> dict[str, Any]:
        self._called("approve")
        self.changes.append((user.name, digest, consents))
        return {"run": {"id": "r"}}

    def run(self, user: Any) -> dict[str, Any]:
        self._called("run")
        return {"run": None}

    def steer(self, user: Any, do: str, action: str | None) -> dict[str, Any]:
        self._called("steer")
        self.changes.append((user.name, do, action))
        return {"run": {"id": "r"}}

    def journal(self, user: Any, before: str, limit: int) -> dict[str, Any]:
        self._called("journal")
        return {"entries": [], "before": before, "limit": limit}

    def undo(self, user: Any, entries: Any, run: str) -> dict[str, Any]:
        self._called("undo")
        self.changes.append((user.name, tuple(entries), run))
        return {"undone": []}

    def report_file(self, user: Any, name: str) -> Path:
        self._called("report")
        return self.folder / name


class Understood:
    """What explains, tunes and compares: gives back what it was asked."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def explain(self, user: Any, asked: Any) -> dict[str, Any]:
        return self._told("explain", user, asked)

    def tune(self, user: Any, asked: Any, memory: int | None) -> dict[str, Any]:
        return self._told("tune", user, asked, memory)

    def estimate(self, user: Any, asked: Any, memory: int | None, changes: Any) -> dict[str, Any]:
        return self._told("estimate", user, asked, memory, list(changes))

    def graph(self, user: Any, asked: Any, memory: int | None, changes: Any) -> dict[str, Any]:
        return self._told("graph", user, asked, memory, list(changes))

    def plan(self, user: Any, slug: str, memory: int | None, changes: Any) -> dict[str, Any]:
        self._fake.changes.append((user.name, slug))
        return self._told("tune_plan", user, slug, memory, list(changes))

    def compare(self, user: Any, old: Any, new: Any) -> dict[str, Any]:
        return self._told("compare", user, old, new)

    def _told(self, name: str, user: Any, *asked: Any) -> dict[str, Any]:
        self._fake._called(name)
        told = [one._asdict() if hasattr(one, "_asdict") else one for one in asked]
        return {name: told, "user": user.name}


class Place(NamedTuple):
    """A server with our routes as ComfyUI serves them. `peer["address"]` is who the server believes is calling."""

    client: TestClient[web.Request, web.Application]
    fake: Fake
    app: web.Application
    peer: dict[str, str]

    @property
    def listed(self) -> dict[tuple[str, str], tuple[str, str, dict[str, Any] | None]]:
        return LISTED

    @property
    def own(self) -> str:
        return f"{self.client.host}:{self.client.port}"

    def headers(self, kind: str, **changes: str | None) -> dict[str, str]:
        """What our page in a current browser sends, with changes; None takes a header away. `_` stands for `-`."""
        own = {"Host": self.own, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        if kind != READ:
            own |= {"Origin": f"http://{self.own}", "Content-Type": "application/json", "X-ComfyFixerSmart": "1"}
        given: dict[str, str | None] = own | {name.replace("_", "-"): value for name, value in changes.items()}
        return {name: value.replace("SELF", self.own) for name, value in given.items() if value is not None}

    async def ask(
        self, method: str, path: str, kind: str, body: Any = None, **changes: str | None
    ) -> tuple[int, dict[str, Any]]:
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        data = None if body is None else io.BytesIO(encoded)
        headers = self.headers(kind, **changes)
        skip = ("Content-Type",)
        async with self.client.request(method, path, data=data, headers=headers, skip_auto_headers=skip) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw and answer.content_type == "application/json" else {"raw": raw}

    async def raw(self, lines: str) -> bytes:
        """What the server answers to a request written by hand."""
        reader, writer = await asyncio.open_connection(self.client.host, self.client.port)
        writer.write(lines.replace("SELF", self.own).replace("\n", "\r\n").encode("utf-8", "surrogateescape"))
        await writer.drain()
        answer = await reader.read(4000)
        writer.close()
        await writer.wait_closed()
        return answer

    @staticmethod
    def error(answer: tuple[int, dict[str, Any]]) -> str | None:
        told = answer[1].get("error")
        if told is not None:
            assert set(told) == {"code", "message", "hint"} and all(isinstance(part, str) for part in told.values())
        return told["code"] if told else None


def application(fake: Fake, peer: dict[str, str]) -> web.Application:
    """Our routes, and their copies under /api, as ComfyUI serves them."""

    @web.middleware
    async def called_by(request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request.clone(remote=peer["address"]))
        return answer

    app = web.Application(middlewares=[called_by], client_max_size=100 << 20)
    table, copies = web.RouteTableDef(), web.RouteTableDef()
    our_routes.add_routes(table, fake)  # type: ignore[arg-type]
    for route in table:
        assert isinstance(route, web.RouteDef)
        copies.route(route.method, "/api" + route.path)(route.handler, **route.kwargs)
    app.add_routes(copies)
    app.add_routes(table)
    return app


@pytest.fixture
def fake_service(tmp_path: Path) -> Fake:
    (tmp_path / "dashboard.html").write_text("<!doctype html><title>x</title>")
    return Fake(tmp_path)


@pytest.fixture
async def place(fake_service: Fake) -> AsyncIterator[Place]:
    peer = {"address": "127.0.0.1"}
    app = application(fake_service, peer)
    async with TestClient(TestServer(app)) as client:
        yield Place(client, fake_service, app, peer)


@pytest.fixture
def in_background() -> Iterator[Callable[[web.Application], int]]:
    """`in_background(app)` serves it on loopback beside a test that is not asynchronous, and gives the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    async def start(app: web.Application) -> int:
        runners.append(web.AppRunner(app, shutdown_timeout=1))  # a browser keeps its connections open
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        port: int = runners[-1].addresses[0][1]
        return port

    async def stop() -> None:
        for runner in runners:
            await runner.cleanup()
        await asyncio.sleep(0.1)  # a connection that was closed gives its socket back only now

    yield lambda app: asyncio.run_coroutine_threadsafe(start(app), loop).result(10)
    asyncio.run_coroutine_threadsafe(stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def our_application(fake_service: Fake) -> web.Application:
    """The routes before `fake_service`, for a server of a test's own."""
    return application(fake_service, {"address": "127.0.0.1"})


@pytest.fixture
def look_at_will(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine looks at the disk less often; these tests go by seconds of their own."""
    monkeypatch.setattr(cycle, "LOOK_SHARE", 0)


@pytest.fixture
def sea(tmp_path: Path, look_at_will: None) -> Iterator[searching.Place]:
    """A ComfyUI for one person, with services that exist in memory only."""
    with searching.place_in(standin.stand_in(tmp_path / "ComfyUI")) as found:
        yield found


@pytest.fixture
def seas(tmp_path: Path, look_at_will: None) -> Iterator[searching.Place]:
    """The same for Ann and Bob."""
    with searching.place_in(standin.stand_in(tmp_path / "ComfyUI", multi_user=True)) as found:
        found.comfyui.server.user_manager.users.update({"ann_1": "Ann", "bob_2": "Bob"})
        yield found
