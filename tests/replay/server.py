"""A service on this machine that answers as its routes say, remembers every request, and goes wrong on demand.

In tests of sources, take the fixtures `replay` and `asker` of tests/sources/conftest.py. By hand:

    replay_server = load_by_path("replay_server", ROOT / "tests/replay/server.py")
    with replay_server.serving() as replay:          # any number of them at once, each on a port of its own
        replay.add("GET", "/api/v1/models/{id}", {"id": 12, "name": "Ink"})
        replay.add("GET", "/api/models/{owner}/{repo}/tree/{revision}/{rest...}", tree)     # {rest...}: may hold "/"
        replay.add("GET", "/gone", {"error": "archived"}, status=410, headers={"X-Error": "archived"})

        def tree(request):                           # a handler gets the request …
            if request.names["repo"] == "absent":
                return None                          # … None is a 404 with JSON …
            if request.one("recursive") == "1":      # query: {"recursive": ["1"]}, one() takes the first
                return replay.Reply([], headers={"Link": '</next?cursor=2>; rel="next"'})
            return [{"path": "a.safetensors"}]       # … anything else but a Reply is sent as JSON
        # request: method, path (decoded), names, query, headers (lower case), body, json(), one(key), raw

    replay.address      "http://127.0.0.1:41234", to be given to a source as its base address
    replay.host         "127.0.0.1:41234", for Http(trusted={replay.host}, tokens={replay.host: "Bearer …"})
    replay.log          every request, oldest first; also those that no route knows
    replay.asked("/api/models/*")                    the requests of that pattern; method="GET" narrows
    replay.unknown      requests that no route knows: they got a 404 with JSON
    replay.latency = 0.05                            seconds before each answer

A pattern is a path with {names}, or one that ends in "*", or "*" for all. Bytes bodies answer Range; HEAD works where
GET does, unless it has a route of its own. A later `add` of the same method and pattern replaces the earlier one; of
several routes that fit, the one that was added first answers. A handler that raises is a 500, and the fixture fails.

    replay.fault("/api/v1/*", replay.Fault.status(503, retry_after="2"), times=2)      # the first two, then all is well
    replay.fault("*", replay.Fault.html)                                               # for good
    replay.fault("/api/*", replay.Fault.drift(lambda body: body.pop("files")))         # schema drift
    replay.mend()                                                                      # no faults any more

Faults: status(code, retry_after=, body=, html=), html, challenge, truncated, reset, drift(change), slow(s), drip(s),
huge(size, told=), deep(levels), bomb(size), redirect(to, status), loop, nan, text(body, kind=, status=).
"""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit


def _faults() -> Any:
    known = sys.modules.get("replay_faults")
    if known is None:
        spec = importlib.util.spec_from_file_location("replay_faults", Path(__file__).with_name("faults.py"))
        assert spec and spec.loader
        known = sys.modules["replay_faults"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


faults = _faults()
wire = faults.part("wire")
Fault, Reply, Request = faults.Fault, wire.Reply, wire.Request
VirtualClock = faults.part("clocks").VirtualClock
_PART = re.compile(r"\\\{(\w+)(\\\.\\\.\\\.)?\\\}")


class _Route(NamedTuple):
    method: str
    pattern: str
    fits: re.Pattern[str]
    answer: Any
    status: int
    headers: Mapping[str, str]


class _Ill(NamedTuple):
    fits: re.Pattern[str]
    instead: Any
    left: list[int | None]  # one number: how often it still happens; None for ever


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as an expression for the path as it was sent, still encoded."""
    text = re.escape(pattern.removesuffix("*"))
    text = _PART.sub(lambda found: f"(?P<{found[1]}>{'.*' if found[2] else '[^/]+'})", text)
    return re.compile(text + (".*" if pattern.endswith("*") else ""), re.S)


class Replay:
    """One service. See the text at the top of this file."""

    Reply, Fault = Reply, Fault

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.log: list[Any] = []
        self.unknown: list[Any] = []
        self.errors: list[BaseException] = []
        self.latency = 0.0
        self._routes: list[_Route] = []
        self._ills: list[_Ill] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"{self._scheme}://{self.host}"

    def add(
        self,
        method: str,
        pattern: str,
        answer: Callable[[Any], Any] | Any,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A route: `answer` is a handler, a Reply, or the JSON that is sent. `pattern` must not hold a query."""
        route = _Route(method, pattern, compiled(pattern), answer, status, headers or {})
        with self._lock:
            for at, other in enumerate(self._routes):
                if (other.method, other.pattern) == (method, pattern):
                    self._routes[at] = route
                    return
            self._routes.append(route)

    def fault(self, pattern: str, instead: Any, *, times: int | None = None) -> None:
        """From now on, requests of that pattern get `instead`, `times` times or for good. The newest fault holds."""
        with self._lock:
            self._ills.insert(0, _Ill(compiled(pattern), instead, [times]))

    def mend(self) -> None:
        """No faults any more."""
        with self._lock:
            self._ills.clear()

    def asked(self, pattern: str = "*", *, method: str = "") -> list[Any]:
        """The requests so far whose path is of that pattern."""
        fits = compiled(pattern)
        with self._lock:
            return [one for one in self.log if fits.fullmatch(_path(one.raw)) and method in ("", one.method)]

    def forget(self) -> None:
        """An empty log."""
        with self._lock:
            self.log.clear()
            self.unknown.clear()

    def reply(self, request: Any) -> Any:
        """The reply to a request. It is in the log by then."""
        path = _path(request.raw)
        with self._lock:
            self.log.append(request)
            route, found = self._route(request.method, path)
            ill = next((one for one in self._ills if one.left[0] != 0 and one.fits.fullmatch(path)), None)
            if ill is not None and ill.left[0] is not None:
                ill.left[0] -= 1
            if route is None and ill is None:
                self.unknown.append(request)
        if found:
            request = request._replace(names={key: unquote(value) for key, value in found.groupdict().items()})
        try:
            reply = ill.instead(request, lambda: _due(route, request)) if ill else _due(route, request)
        except Exception as error:
            self.errors.append(error)
            return Reply({"error": "the route's handler failed"}, 500)
        reply.delay += self.latency
        return reply

    def _route(self, method: str, path: str) -> tuple[_Route | None, re.Match[str] | None]:
        for wanted in (method, "GET") if method == "HEAD" else (method,):
            for route in self._routes:
                if route.method == wanted and (found := route.fits.fullmatch(path)):
                    return route, found
        return None, None

    def stop(self) -> None:
        self._server.stop()


def _path(raw: str) -> str:
    return raw.partition("?")[0]


def _due(route: _Route | None, request: Any) -> Any:
    given = None
    if route is not None:
        given = route.answer(request) if callable(route.answer) else route.answer
    if isinstance(given, Reply):
        return Reply(**vars(given))
    if given is None:
        return Reply({"error": "Not found"}, 404)
    assert route is not None
    copied = given if isinstance(given, bytes | str) else json.loads(json.dumps(given))  # a fault may change it
    return Reply(copied, route.status, route.headers)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Replay]:
    """A service that runs until the block ends, over https with `tls`. Raises there what a handler raised."""
    replay = Replay(tls)
    replay._server.start()
    try:
        yield replay
    finally:
        replay.stop()
    if replay.errors:
        raise replay.errors[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, replay: Replay) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replay = replay
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()
        with self.lock:  # those that wait for another request of a kept connection
            for connection in self.open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is no fault
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: Any) -> None: ...

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.open.add(self.connection)

    def finish(self) -> None:
        with self.server.lock:
            self.server.open.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urlsplit(self.path if self.path.startswith("/") else "/" + self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(url.query, keep_blank_values=True)
        asked = Request(self.command, unquote(url.path), query, headers, body, self.path, {}, time.monotonic())
        if not wire.send(self.connection, asked, self.server.replay.reply(asked)):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve
