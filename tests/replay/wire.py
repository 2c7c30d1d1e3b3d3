"""What travels: one request as it came, one reply as it is to go out, however wrong that may be."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One request. `names` are the {parts} of the route's pattern; header names are in lower case."""

    method: str
    path: str  # decoded, without the query
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    raw: str  # path and query as they were sent
    names: dict[str, str] = {}  # noqa: RUF012 - never changed
    when: float = 0.0  # time.monotonic()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def one(self, key: str, otherwise: str = "") -> str:
        """The first value of a query key."""
        return self.query.get(key, [otherwise])[0]


@dataclass
class Reply:
    """One reply. `body`: bytes and text go out as they are, anything else as JSON; None is an empty body."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = True  # answer a Range request for a bytes body with 206 or 416
    declared: int | None = None  # what Content-Length claims, where that is not the truth
    stream: Iterable[bytes] | None = (
        None  # sent piece by piece instead of `body`; chunked, unless a length is in `headers`
    )
    delay: float = 0.0  # seconds before the first byte
    drip: float = 0.0  # seconds between single bytes of the body
    reset: bool = False  # no reply: the connection is reset

    def data(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode("utf-8", "surrogatepass")

    def kind(self) -> str:
        """The content type where `headers` does not say one."""
        if isinstance(self.body, bytes):
            return "application/octet-stream"
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"


def send(connection: socket.socket, request: Request, reply: Reply) -> bool:
    """Write the reply. False when the connection cannot be used for another one."""
    time.sleep(reply.delay)
    if reply.reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends RST
        return False
    body = reply.data()
    headers = {"Content-Type": reply.kind(), **reply.headers}
    status, body = _ranged(request, reply, body, headers)
    known = "content-length" in {name.lower() for name in headers}
    if reply.stream is not None and not known:
        headers["Transfer-Encoding"] = "chunked"
    elif not known:
        headers["Content-Length"] = str(len(body) if reply.declared is None else reply.declared)
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}", *(f"{k}: {v}" for k, v in headers.items())]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if request.method == "HEAD" or status in (204, 304):
        connection.sendall(head)
        return True
    if reply.stream is not None:
        connection.sendall(head)
        for piece in reply.stream:
            connection.sendall(piece if known else b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"" if known else b"0\r\n\r\n")
        return True
    if reply.drip:
        connection.sendall(head)
        for at in range(len(body)):
            connection.sendall(body[at : at + 1])
            time.sleep(reply.drip)
    else:
        connection.sendall(head + body)
    return reply.declared in (None, len(body))


def _ranged(request: Request, reply: Reply, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    asked = request.headers.get("range", "")
    if reply.status != 200 or not reply.ranges or not isinstance(reply.body, bytes) or not asked.startswith("bytes="):
        return reply.status, body
    first, _, last = asked[6:].partition("-")
    start, end = int(first or 0), min(int(last) if last else len(body) - 1, len(body) - 1)
    if start > end:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return 416, b""
    headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
    return 206, body[start : end + 1]
