"""A real HTTP server per service, on this computer, with a clock that client and servers share.

Each answer takes 50 ms of that clock, and a client that has to wait lets it run on, so hours of politeness pass in
seconds. Requests are counted per sliding window of five minutes; a service that documents a limit refuses beyond it.
"""

from __future__ import annotations

import json
import mmap
import struct
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

LATENCY = 0.05  # seconds per answer
WINDOW = 300.0  # seconds in which requests are counted
START = 1_800_000_000.0  # when the world's time begins, seconds since the epoch
DROP, BUSY, CHALLENGE, REFUSED = "drop", "busy", "challenge", "refused"  # ways of being down


class Clock:
    """Time that passes only when somebody waits. It lives in a file, so that a child process shares it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self._lock = threading.Lock()

    def steady(self) -> float:
        """Seconds since the world began."""
        return float(struct.unpack("d", self._map[:8])[0])

    def now(self) -> float:
        """Seconds since the epoch."""
        return START + self.steady()

    def sleep(self, seconds: float) -> None:
        """Nobody waits: the clock goes on."""
        with self._lock:
            self._map[:8] = struct.pack("d", self.steady() + max(0.0, seconds))


class Request(NamedTuple):
    """One question. Names of headers are in lower case; `query` keeps repeated names."""

    method: str
    path: str  # not decoded, so that an encoded slash stays one
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    def many(self, name: str) -> list[str]:
        """All values of a parameter, whether repeated or set apart by commas."""
        found = [part for key, value in self.query if key in (name, f"{name}[]") for part in value.split(",")]
        return [part for part in found if part]

    def parts(self) -> list[str]:
        """The decoded steps of the path."""
        return [unquote(part) for part in self.path.split("/") if part]


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    return Reply(
        status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


class Service(Protocol):
    """What a service answers. `kind` sorts requests into buckets, `limits` says how many a window each may take."""

    name: str
    limits: Mapping[str, int]

    def kind(self, request: Request) -> str: ...
    def answer(self, request: Request, base: str) -> Reply: ...
    def limit_headers(self, kind: str, left: int, reset: float) -> dict[str, str]: ...
    def refuse(self, reset: float) -> Reply: ...


class Traffic:
    """What came to one service: how often in any five minutes, and what was refused for coming too often."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.total = 0
        self.refused = 0  # answers 429 that the client brought on itself
        self.peak: dict[str, int] = {}
        self._recent: dict[str, deque[float]] = {}
        self._fixed: dict[str, tuple[float, int]] = {}

    def count(self, kind: str, now: float) -> tuple[bool, int, float]:
        """Whether this request may pass, how many are left in the fixed window, and in how many seconds that ends."""
        self.total += 1
        recent = self._recent.setdefault(kind, deque())
        recent.append(now)
        while recent[0] <= now - WINDOW:
            recent.popleft()
        self.peak[kind] = max(self.peak.get(kind, 0), len(recent))
        begun, used = self._fixed.get(kind, (now, 0))
        if now - begun >= WINDOW:
            begun, used = now, 0
        self._fixed[kind] = begun, used + 1
        left = self.limits.get(kind, 10**9) - used - 1
        if left < 0:
            self.refused += 1
        return left >= 0, max(0, left), begun + WINDOW - now


class Servers:
    """All services at once, each at a port of its own."""

    def __init__(self, services: list[Service], clock: Clock) -> None:
        self.clock = clock
        self.services = {service.name: service for service in services}
        self.traffic = {service.name: Traffic(service.limits) for service in services}
        self.down: dict[str, str] = {}  # service → in which way
        self.servers = {name: _Server(self, name) for name in self.services}
        self.endpoints = {name: f"http://127.0.0.1:{server.server_address[1]}" for name, server in self.servers.items()}
        self._threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in self.servers.values()]  # fmt: skip
        self._lock = threading.Lock()

    def handle(self, name: str, request: Request) -> Reply | None:
        """None: the connection breaks off."""
        with self._lock:
            self.clock.sleep(LATENCY)
            service, traffic = self.services[name], self.traffic[name]
            if name in self.down:
                traffic.total += 1
                return _broken(self.down[name])
            kind = service.kind(request)
            passes, left, reset = traffic.count(kind, self.clock.steady())
            answer = service.answer(request, self.endpoints[name]) if passes else service.refuse(reset)
            return answer._replace(headers={**answer.headers, **service.limit_headers(kind, left, reset)})

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for server in self.servers.values():
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    def total(self) -> int:
        """Requests so far, to all of them."""
        return sum(traffic.total for traffic in self.traffic.values())


@contextmanager
def serving(services: list[Service], clock: Clock) -> Iterator[Servers]:
    """The services run inside this block."""
    servers = Servers(services, clock)
    servers.start()
    try:
        yield servers
    finally:
        servers.stop()


def _broken(way: str) -> Reply | None:
    if way == DROP:
        return None
    if way == CHALLENGE:
        page = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
        return Reply(403, page, {"Content-Type": "text/html; charset=UTF-8", "cf-mitigated": "challenge"})
    if way == REFUSED:
        return reply({"error": "Too many requests"}, 429, {"Retry-After": "86400"})
    return Reply(503, b"Service Unavailable", {"Content-Type": "text/plain"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, owner: Servers, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner, self.name = owner, name


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would each wait for the other side's acknowledgement
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        names = {key.lower(): value for key, value in self.headers.items()}
        request = Request(self.command, parts.path, parse_qsl(parts.query, keep_blank_values=True), names, body)
        answer = self.server.owner.handle(self.server.name, request)
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def handle(self) -> None:
        """A client that was killed leaves a broken connection, which is what happens to servers."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True
