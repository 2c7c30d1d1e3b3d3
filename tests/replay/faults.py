"""What can go wrong at a service. Each fault turns the reply that was due into what is sent instead."""

from __future__ import annotations

import importlib.util
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any


def part(name: str) -> ModuleType:
    """A module of this folder, loaded once by its path: nothing of tests/ lies on sys.path."""
    known = sys.modules.get(f"replay_{name}")
    if known is None:
        spec = importlib.util.spec_from_file_location(f"replay_{name}", Path(__file__).with_name(f"{name}.py"))
        assert spec and spec.loader
        known = sys.modules[f"replay_{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


Reply = part("wire").Reply
Due = Callable[[], Any]  # makes the reply that was due
Instead = Callable[[Any, Due], Any]  # request, due → the reply that is sent

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>…</form></body></html>"
CHALLENGE_PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    '<body><script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>'
)
_HTML = {"Content-Type": "text/html; charset=UTF-8"}


def bomb(size: int) -> bytes:
    """A gzip stream of a JSON text with `size` characters, about a thousandth as long."""
    packer = zlib.compressobj(9, wbits=31)
    piece = b"a" * (1 << 20)
    pieces = [packer.compress(b'["'), *(packer.compress(piece) for _ in range(size >> 20)), packer.compress(b'"]')]
    return b"".join([*pieces, packer.flush()])


class Fault:
    """`replay.fault("/api/*", Fault.status(429, retry_after="3"), times=2)`. Those without brackets take no settings."""

    @staticmethod
    def status(code: int, *, retry_after: str | None = None, body: Any = None, html: bool = False) -> Instead:
        """401, 403, 404, 410, 429, 500, 502, 503, 524 … with a JSON error, with `body`, or with a page."""
        headers = {**(_HTML if html else {}), **({} if retry_after is None else {"Retry-After": retry_after})}
        shown = f"<html><body><h1>{code}</h1></body></html>" if html else {"error": f"status {code}"}
        return lambda request, due: Reply(shown if body is None else body, code, headers)

    @staticmethod
    def html(request: Any, due: Due) -> Any:
        """A sign-in page with status 200."""
        return Reply(LOGIN_PAGE, 200, _HTML)

    @staticmethod
    def challenge(request: Any, due: Due) -> Any:
        """The page that wants to see a browser."""
        return Reply(CHALLENGE_PAGE, 403, {**_HTML, "cf-mitigated": "challenge"})

    @staticmethod
    def truncated(request: Any, due: Due) -> Any:
        """Content-Length says twice as much as comes."""
        reply = due()
        body = reply.data()
        kind = {"Content-Type": reply.kind(), **reply.headers}
        return Reply(body[: len(body) // 2], reply.status, kind, ranges=False, declared=max(len(body), 2))

    @staticmethod
    def reset(request: Any, due: Due) -> Any:
        """The connection is reset instead of an answer."""
        return Reply(reset=True)

    @staticmethod
    def drift(change: Callable[[Any], Any]) -> Instead:
        """`change` gets the JSON that was due; what it gives, or else that JSON as changed in place, is sent."""

        def instead(request: Any, due: Due) -> Any:
            reply = due()
            given = change(reply.body)
            reply.body = reply.body if given is None else given
            return reply

        return instead

    @staticmethod
    def slow(seconds: float) -> Instead:
        """Nothing for so long, then the answer."""

        def instead(request: Any, due: Due) -> Any:
            reply = due()
            reply.delay = seconds
            return reply

        return instead

    @staticmethod
    def drip(seconds: float) -> Instead:
        """The body byte by byte with a pause of so long between them."""

        def instead(request: Any, due: Due) -> Any:
            reply = due()
            reply.drip = seconds
            return reply

        return instead

    @staticmethod
    def huge(size: int = 100_000_000, *, told: bool = False) -> Instead:
        """So many bytes of JSON, chunked, or with a Content-Length that says so where `told`."""

        def pieces() -> Iterator[bytes]:
            piece = b" " * (1 << 16)
            yield b"["
            yield from (piece for _ in range(size >> 16))
            yield b"]"

        kind = {"Content-Type": "application/json"}
        if told:
            kind["Content-Length"] = str(2 + (size >> 16 << 16))
        return lambda request, due: Reply(None, 200, kind, stream=pieces())

    @staticmethod
    def deep(levels: int = 200_000) -> Instead:
        """JSON with so many lists inside each other."""
        kind = {"Content-Type": "application/json"}
        return lambda request, due: Reply(b"[" * levels + b"]" * levels, 200, kind, ranges=False)

    @staticmethod
    def bomb(size: int = 100_000_000) -> Instead:
        """A gzip answer that unpacks to so many bytes."""
        packed = bomb(size)
        kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return lambda request, due: Reply(packed, 200, kind, ranges=False)

    @staticmethod
    def redirect(to: str, status: int = 302) -> Instead:
        """Send on to an address, absolute or not, of any scheme."""
        return lambda request, due: Reply(None, status, {"Location": to})

    @staticmethod
    def loop(request: Any, due: Due) -> Any:
        """Send on to the very same address."""
        return Reply(None, 302, {"Location": request.raw})

    @staticmethod
    def nan(request: Any, due: Due) -> Any:
        """JSON with numbers that JSON does not have."""
        kind = {"Content-Type": "application/json"}
        return Reply('{"size": NaN, "items": [{"size": Infinity}, {"size": 1e999}]}', 200, kind)

    @staticmethod
    def text(body: str | bytes, *, kind: str = "application/json", status: int = 200) -> Instead:
        """Any body at all."""
        return lambda request, due: Reply(body, status, {"Content-Type": kind}, ranges=False)
