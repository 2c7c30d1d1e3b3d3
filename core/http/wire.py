"""The connection itself: whom it may reach, how long it may take, and how it is given up when a person cancels.

httpcore's own network layer, with three things added at the socket, below redirects, pools and TLS:
the address is checked before a connection is made and again on the connected socket, before a byte is sent (a name that
meant a public address a moment ago may mean 127.0.0.1 now); waiting is done in short slices; and one whole answer has
an end, however slowly its bytes drip.
"""

from __future__ import annotations

import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from .address import PORTS, is_public, refused
from .types import NoAnswer

if TYPE_CHECKING:
    import httpcore

SLICE = 0.25  # seconds between two looks at whether the person cancelled


class Watch:
    """What a request in the present thread may still take. Real time: the network does not know of test clocks."""

    def __init__(self, cancel: Callable[[], bool]) -> None:
        self._cancel = cancel
        self._mine = threading.local()

    def start(self, seconds: float) -> None:
        self._mine.end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never below 0."""
        return max(0.0, float(getattr(self._mine, "end", float("inf"))) - time.monotonic())

    def check(self) -> None:
        """Raise NoAnswer `cancelled` when the person cancelled."""
        if self._cancel():
            raise NoAnswer("cancelled", "the search was cancelled", "Start it again when you like.")


def open_pool(watch: Watch, trusted: Collection[str], verify: ssl.SSLContext | None) -> httpcore.ConnectionPool:
    """Connections that are kept and shared by threads. No proxies and no environment."""
    import httpcore

    return httpcore.ConnectionPool(
        ssl_context=_authorities() if verify is None else verify,
        max_connections=32,
        max_keepalive_connections=16,
        keepalive_expiry=30.0,
        network_backend=_backend(watch, trusted),
    )


@functools.cache
def _authorities() -> ssl.SSLContext:
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # a company's own authority stands in the system's store only
    return context


def _backend(watch: Watch, trusted: Collection[str]) -> httpcore.NetworkBackend:
    import httpcore

    sockets = httpcore.SyncBackend()

    class Guarded(httpcore.NetworkBackend):
        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.NetworkStream:
            may_be_private = _is_trusted(host, port, trusted)
            failed: Exception | None = None
            end = time.monotonic() + min(watch.left(), 10.0 if timeout is None else timeout)
            addresses = _addresses(host, port, may_be_private)
            for at, address in enumerate(addresses):
                watch.check()
                left = (end - time.monotonic()) / (len(addresses) - at)  # one dead address must not take it all
                if left <= 0:
                    raise httpcore.ConnectTimeout from failed
                try:
                    stream = sockets.connect_tcp(address, port, left, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failed = error
                    continue
                peer = stream.get_extra_info("server_addr")
                if not may_be_private and not is_public(str(peer[0])):
                    stream.close()
                    raise private(host)
                return _stream(stream, watch)
            raise failed or httpcore.ConnectError("no address")

    return Guarded()


def _is_trusted(host: str, port: int, trusted: Collection[str]) -> bool:
    shown = f"[{host}]" if ":" in host else host
    usual = shown in trusted and port in PORTS.values()
    return usual or f"{shown}:{port}" in trusted


def _addresses(host: str, port: int, may_be_private: bool) -> list[str]:
    """The host's addresses that may be spoken to. Raises NoAnswer when there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        raise NoAnswer(
            "unreachable", "its name could not be looked up", "Check the connection to the internet.", host=host
        ) from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    allowed = addresses if may_be_private else [one for one in addresses if is_public(one)]
    if not allowed:
        raise private(host)
    return allowed


def private(host: str) -> NoAnswer:
    """The error for a name that leads to this machine or into its network."""
    return refused("its name leads into a private network", host)


def _stream(inner: httpcore.NetworkStream, watch: Watch) -> httpcore.NetworkStream:
    import httpcore

    class Watched(httpcore.NetworkStream):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            end = time.monotonic() + min(watch.left(), 15.0 if timeout is None else timeout)
            while True:
                watch.check()
                left = end - time.monotonic()
                if left <= 0:
                    raise httpcore.ReadTimeout
                try:
                    return inner.read(max_bytes, min(left, SLICE))
                except httpcore.ReadTimeout:
                    continue

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            watch.check()
            inner.write(buffer, timeout)

        def close(self) -> None:
            inner.close()

        def start_tls(
            self,
            ssl_context: ssl.SSLContext,
            server_hostname: str | None = None,
            timeout: float | None = None,
        ) -> httpcore.NetworkStream:
            return _stream(inner.start_tls(ssl_context, server_hostname, timeout), watch)

        def get_extra_info(self, info: str) -> Any:
            return inner.get_extra_info(info)

    return Watched()
