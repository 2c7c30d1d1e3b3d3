"""The connection itself: whom it may reach, how long it may take, and how it is given up when a person cancels.

httpcore's own network layer, with three things added at the socket, below redirects, pools and TLS:
the address is checked before a connection is made and again on the connected socket, before a byte is sent (a name that
meant a public address a moment ago may mean 127.0.0.1 now); waiting is done in short slices; and one whole answer has
an end, however slowly its bytes drip.
"""

from __future__ import annotations

import functools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .address import PORTS, is_public, refused
from .types import NoAnswer

if TYPE_CHECKING:
    import httpcore

SLICE = 0.25  # seconds between two looks at whether the person cancelled


class _Closable(Protocol):
    def close(self) -> None: ...


Made = TypeVar("Made", bound=_Closable)


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
        own: Callable[[], None] | None = getattr(self._mine, "check", None)
        if own is not None:
            own()
        elif self._cancel():
            raise cancelled("search")

    @contextmanager
    def instead(self, check: Callable[[], None]) -> Iterator[None]:
        """In this thread and block, `check` decides whether the person cancelled."""
        self._mine.check = check
        try:
            yield
        finally:
            self._mine.check = None


def cancelled(what: str) -> NoAnswer:
    """The error for what a person ended."""
    return NoAnswer("cancelled", f"the {what} was cancelled", "Start it again when you like.")


def open_pool(watch: Watch, trusted: Collection[str], verify: ssl.SSLContext | None) -> httpcore.ConnectionPool:
    """Connections that are kept and shared by threads. No proxies and no environment."""
    import httpcore

    return httpcore.ConnectionPool(
        ssl_context=authorities() if verify is None else verify,
        max_connections=32,
        max_keepalive_connections=16,
        keepalive_expiry=30.0,
        network_backend=_backend(watch, trusted),
    )


@functools.cache
def authorities() -> ssl.SSLContext:
    """Whom a server's certificate must come from, where the client was given nothing of its own."""
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
            def dial(address: str, seconds: float) -> httpcore.NetworkStream:
                return sockets.connect_tcp(address, port, seconds, local_address, socket_options)

            faults = (httpcore.ConnectError, httpcore.ConnectTimeout)
            seconds = min(watch.left(), 10.0 if timeout is None else timeout)
            try:
                made = reached(host, port, trusted, watch.check, seconds, dial=dial, peer=_server, faults=faults)
            except TimeoutError as error:
                raise httpcore.ConnectTimeout from error
            except OSError as error:
                raise httpcore.ConnectError(error) from error
            return _stream(made, watch)

    return Guarded()


def _server(stream: httpcore.NetworkStream) -> str:
    return str(stream.get_extra_info("server_addr")[0])


def reached(
    host: str,
    port: int,
    trusted: Collection[str],
    check: Callable[[], None],
    seconds: float,
    *,
    dial: Callable[[str, float], Made],
    peer: Callable[[Made], str],
    faults: tuple[type[Exception], ...],
) -> Made:
    """A connection to one of the host's addresses. Nothing has been sent over it, and it leads where it may.

    `dial(address, seconds)` makes one, `peer` is whom it leads to, `faults` are its ways to fail; the last one of them
    is raised, TimeoutError when the time is over, NoAnswer where there is no address that may be spoken to.
    """
    may_be_private = _is_trusted(host, port, trusted)
    failed: Exception | None = None
    end = time.monotonic() + seconds
    addresses = _aside(lambda: _addresses(host, port, may_be_private), check, seconds)
    for at, address in enumerate(addresses):
        check()
        left = (end - time.monotonic()) / (len(addresses) - at)  # one dead address must not take it all
        if left <= 0:
            raise TimeoutError from failed
        try:
            made = dial(address, left)
        except faults as error:
            failed = error
            continue
        try:
            allowed = may_be_private or is_public(peer(made))
        except OSError as error:  # it is gone already
            made.close()
            failed = error
            continue
        if not allowed:
            made.close()
            raise private(host)
        return made
    raise failed or OSError("no address")


def _is_trusted(host: str, port: int, trusted: Collection[str]) -> bool:
    shown = f"[{host}]" if ":" in host else host
    usual = shown in trusted and port in PORTS.values()
    return usual or f"{shown}:{port}" in trusted


def _aside(ask: Callable[[], list[str]], check: Callable[[], None], seconds: float) -> list[str]:
    """What `ask` gives. It has a thread of its own: a name is looked up by the system, which nobody can interrupt and
    which may take half a minute where there is no network. Raises TimeoutError, and what `check` and `ask` raise."""
    end = time.monotonic() + seconds
    given: queue.SimpleQueue[list[str] | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            given.put(ask())
        except BaseException as error:
            given.put(error)

    threading.Thread(target=work, name="comfyfixersmart-name", daemon=True).start()
    while True:
        check()
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            found = given.get(timeout=min(left, SLICE))
        except queue.Empty:
            continue
        if isinstance(found, BaseException):
            raise found
        return found


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
