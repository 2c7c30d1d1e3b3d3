"""A server of one file that does exactly what a script says, byte by byte, and keeps account of what it sent.

    with scripted.serving(data) as server:
        server.address                      "http://127.0.0.1:41234/file"
        server.then(cut(1000), usual)       the next answers, in this order; after them `server.always`, a `usual` at first
        server.asks                         every request: method, path, headers (lower case), start, sent (bytes of body)
        server.served                       bytes of bodies in all
        hold = server.hold_at(5000)         all transfers stop before that byte; hold.reached, hold.release()

An answer is a function of a Wire. Those below are all made of `Wire.serve`, which can be wrong in every way.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import responses
from typing import Any

PIECE = 16 << 10
LONGEST = 60.0  # seconds that anything here waits
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Ask:
    """One request, and what was sent for it."""

    method: str
    path: str
    headers: dict[str, str]
    start: int | None = None
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


class Hold:
    """Transfers wait at a byte."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.reached = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def pass_(self, connection: socket.socket) -> None:
        """Wait until it is released, or the other side is gone."""
        self.reached.set()
        connection.settimeout(0.02)
        while not self._released.wait(0.005):
            try:
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
        connection.settimeout(LONGEST)


class Wire:
    """One request and the connection that waits for its answer."""

    def __init__(self, server: Scripted, connection: socket.socket, ask: Ask) -> None:
        self.server = server
        self.ask = ask
        self._connection = connection

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(data)

    def head(self, status: int, headers: Mapping[str, Any]) -> None:
        lines = [f"HTTP/1.1 {status} {responses.get(status, 'Odd')}", *(f"{k}: {v}" for k, v in headers.items())]
        self.raw("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))

    def reset(self) -> None:
        """The connection ends with RST."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def body(self, data: bytes, *, at: int = 0, chunked: bool = False) -> None:
        """Send it, piece by piece, through all holds. `at`: where in the file it begins."""
        end = at + len(data)
        while at < end:
            hold = next((one for one in self.server.holds if at <= one.at < end and not one.reached.is_set()), None)
            if hold is not None and hold.at == at:
                hold.pass_(self._connection)
                continue
            stop = min(end, at + PIECE, hold.at if hold is not None else end)
            piece = data[len(data) - (end - at) : len(data) - (end - stop)]
            self.raw(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            self.ask.sent += len(piece)
            at = stop

    def serve(
        self,
        *,
        data: bytes | None = None,
        etag: str | None = '"one"',
        ranges: bool = True,
        status: int | None = None,
        cut: int | None = None,
        rst: bool = False,
        chunked: bool = False,
        plain: bool = False,  # neither length nor chunks: the end of the connection is the end
        **headers: Any,  # Content_Length="5"; None takes one away
    ) -> None:
        """The file, or the part that is asked for, as a good server would; what is given is done in its place."""
        data = self.server.data if data is None else data
        told: dict[str, Any] = {"Content-Type": "application/octet-stream", "ETag": etag, "Accept-Ranges": "bytes"}
        start, code = 0, 200
        if ranges and self.ask.start is not None and self.ask.headers.get("if-range", etag) == etag:
            start, code = self.ask.start, 206
            last = _RANGE.fullmatch(self.ask.headers["range"])
            data = data[: int(last[2]) + 1] if last and last[2] else data
            if start >= len(self.server.data):
                return self.head(416, {"Content-Range": f"bytes */{len(self.server.data)}", "Content-Length": 0})
            told["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(self.server.data)}"
        told |= {"Transfer-Encoding": "chunked"} if chunked else {} if plain else {"Content-Length": len(data) - start}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.head(status or code, {name: value for name, value in told.items() if value is not None})
        if self.ask.method == "HEAD":
            return None
        body = data[start:] if cut is None else data[start : start + cut]
        self.body(body, at=start, chunked=chunked)
        if rst:
            self.reset()
        elif chunked and cut is None:
            self.raw(b"0\r\n\r\n")
        return None


Answer = Callable[[Wire], None]


def answer(**how: Any) -> Answer:
    """`Wire.serve` with these."""
    return lambda wire: wire.serve(**how)


usual = answer()


def cut(after: int, *, rst: bool = False, **how: Any) -> Answer:
    """The connection ends after so many bytes of the body, with FIN or RST."""
    return answer(cut=after, rst=rst, **how)


def says(status: int, body: bytes = b"", **headers: Any) -> Answer:
    """A whole answer of another kind."""

    def it(wire: Wire) -> None:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        wire.head(status, {"Content-Length": len(body), **told})
        wire.raw(body)

    return it


def sends_on(to: str, status: int = 302) -> Answer:
    """A redirect."""
    return says(status, Location=to)


def drops(wire: Wire) -> None:
    """No answer at all: the connection is reset."""
    wire.reset()


class Scripted:
    """One server. See the text at the top of this file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asks: list[Ask] = []
        self.always: Answer = usual
        self.holds: list[Hold] = []
        self._next: list[Answer] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._stopping = False
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.address = f"http://{self.host}/file"

    @property
    def served(self) -> int:
        """Bytes of bodies that were given to sockets."""
        return sum(one.sent for one in self.asks)

    @property
    def starts(self) -> list[int | None]:
        """Where each GET wanted to begin."""
        return [one.start for one in self.asks if one.method == "GET"]

    def then(self, *answers: Answer) -> None:
        with self._lock:
            self._next += answers

    def hold_at(self, at: int) -> Hold:
        hold = Hold(at)
        self.holds = [*self.holds, hold]
        return hold

    def start(self) -> None:
        self._begin(self._accept)

    def stop(self) -> None:
        self._stopping = True
        for hold in self.holds:
            hold.release()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(LONGEST)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 << 10)
            self._begin(partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        ask = None
        try:
            connection.settimeout(LONGEST)
            ask = self._read(connection)
            if ask is not None:
                with self._lock:
                    self.asks.append(ask)
                    it = self._next.pop(0) if self._next else self.always
                it(Wire(self, connection, ask))
        except OSError:
            pass  # the client is gone
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            if ask is not None:
                ask.ended.set()

    def _read(self, connection: socket.socket) -> Ask | None:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return None
            head += more
        first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        found = _RANGE.fullmatch(headers.get("range", ""))
        return Ask(method, path, headers, int(found[1]) if found else None)


@contextlib.contextmanager
def serving(data: bytes) -> Iterator[Scripted]:
    """A server that runs until the block ends."""
    server = Scripted(data)
    server.start()
    try:
        yield server
    finally:
        server.stop()
