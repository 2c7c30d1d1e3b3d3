"""A connection that is read straight from its socket: guarded like all others, and broken at once when a person says so."""

from __future__ import annotations

import io
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from .address import Target
from .types import Timeouts
from .wire import SLICE, authorities, cancelled, reached


class Cut:
    """Breaks whatever one fetch waits for: its turn, a connection, the next bytes. `pull` may be called by any thread."""

    def __init__(self, cancel: Callable[[], bool]) -> None:
        self._cancel = cancel
        self._pulled = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def pull(self) -> None:
        """From now on everything of this fetch raises NoAnswer `cancelled`; who waits for bytes is woken for it."""
        with self._lock:
            self._pulled = True
            if self._socket is not None:
                with suppress(OSError):  # not SSLSocket's own, which first forgets that there is any encryption
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise NoAnswer `cancelled` after `pull`, or when the client's person cancelled."""
        if self._pulled or self._cancel():
            raise cancelled("download")

    def hold(self, one: socket.socket | None) -> None:
        """What `pull` is to shut down. A socket must be taken back before it is closed: its number is used again."""
        with self._lock:
            self._socket = one


class Line(io.RawIOBase):
    """One connected socket, with what http.client wants of one. Reads look at `cut` four times a second.

    `ended`: the other side has sent all it will. A read raises TimeoutError after `timeouts.read` seconds without a byte, and, until `settle` is called, when the line
    is older than `timeouts.whole` seconds. The end of the stream is 0 bytes; one that TLS did not announce is an OSError.
    """

    def __init__(self, made: socket.socket, cut: Cut, timeouts: Timeouts) -> None:
        self._socket = made
        self._cut = cut
        self._read = timeouts.read
        self._end = time.monotonic() + timeouts.whole
        self.ended = False
        made.settimeout(min(SLICE, timeouts.read))
        cut.hold(made)

    def settle(self) -> None:
        """The head is there: from now on only silence is too long."""
        self._end = float("inf")

    def readable(self) -> bool:
        return True

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self)

    def sendall(self, data: bytes) -> None:
        self._cut.check()
        self._socket.settimeout(self._read)
        self._socket.sendall(data)
        self._socket.settimeout(min(SLICE, self._read))

    def readinto(self, buffer: Any) -> int:
        end = min(time.monotonic() + self._read, self._end)
        while time.monotonic() < end:
            self._cut.check()
            try:
                got = self._socket.recv_into(buffer)
            except TimeoutError:
                continue
            except OSError:
                self._cut.check()
                raise
            if not got:
                self._cut.check()
                self.ended = True
            return got
        raise TimeoutError

    def close(self) -> None:
        if not self.closed:
            self._cut.hold(None)
            self._socket.close()
        super().close()


def open_line(here: Target, trusted: Collection[str], cut: Cut, timeouts: Timeouts, verify: Any) -> Line:
    """A line to this host, encrypted where its address says so. Raises NoAnswer, TimeoutError or OSError."""
    end = time.monotonic() + timeouts.connect

    def dial(address: str, seconds: float) -> socket.socket:
        return _dial(address, here.port, seconds, cut.check)

    made = reached(
        *(here.host, here.port, trusted, cut.check, timeouts.connect), dial=dial, peer=_peer, faults=(OSError,)
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if here.scheme == "https":
            made = _encrypted(made, here.host, authorities() if verify is None else verify, end, cut.check)
        return Line(made, cut, timeouts)
    except BaseException:
        made.close()
        raise


def _dial(address: str, port: int, seconds: float, check: Callable[[], None]) -> socket.socket:
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    kind, how, protocol, _, where = found[0]
    made = socket.socket(kind, how, protocol)
    try:
        made.setblocking(False)
        with suppress(BlockingIOError):
            made.connect(where)
        _wait_until_connected(made, seconds, check)
    except BaseException:
        made.close()
        raise
    return made


def _wait_until_connected(made: socket.socket, seconds: float, check: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(made, selectors.EVENT_WRITE)
        while not selector.select(max(0.0, min(SLICE, end - time.monotonic()))):
            check()
            if time.monotonic() >= end:
                raise TimeoutError
    if number := made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(number, os.strerror(number))  # Python makes the fitting subclass of it


def _peer(made: socket.socket) -> str:
    return str(made.getpeername()[0])


def _encrypted(
    plain: socket.socket, host: str, context: ssl.SSLContext, end: float, check: Callable[[], None]
) -> socket.socket:
    plain.settimeout(SLICE)
    made = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False)
    try:
        while True:
            try:
                made.do_handshake()
                return made
            except TimeoutError:
                check()
                if time.monotonic() >= end:
                    raise
    except BaseException:
        made.close()
        raise
