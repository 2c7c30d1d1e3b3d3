"""Services of our own and a client for them that never waits; a listener that counts what reaches it."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit, NoAnswer

CANARY = "canary-5ecre7"


def load(name: str) -> ModuleType:
    """A module of tests/replay, loaded once."""
    known = sys.modules.get(f"replay_{name}")
    if known is None:
        path = Path(__file__).resolve().parents[1] / f"replay/{name}.py"
        spec = importlib.util.spec_from_file_location(f"replay_{name}", path)
        assert spec and spec.loader
        known = sys.modules[f"replay_{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


@pytest.fixture
def replay() -> Iterator[Any]:
    with load("server").serving() as one:
        one.add("GET", "/thing", {"name": "ink"})
        one.add("POST", "/thing", lambda request: {"heard": request.json()})
        one.add("GET", "/file", b"0123456789" * 1000)
        yield one


@pytest.fixture
def other() -> Iterator[Any]:
    with load("server").serving() as one:
        one.add("GET", "/thing", {"name": "other"})
        one.add("POST", "/thing", {"name": "other"})
        yield one


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for this machine, made for this run: what a server and what a client needs of it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    asked = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    done = subprocess.run(
        [openssl, *asked, *named, "-keyout", key, "-out", certificate], capture_output=True, timeout=30
    )
    if done.returncode:
        pytest.skip("this openssl cannot make a certificate")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=certificate)


@pytest.fixture
def secure(certified: Any) -> Iterator[Any]:
    with load("server").serving(certified[0]) as one:
        one.add("GET", "/thing", {"name": "secure"})
        yield one


@pytest.fixture
def clock() -> Any:
    return load("server").VirtualClock()


@pytest.fixture
def client(replay: Any, clock: Any) -> Iterator[Callable[..., Http]]:
    """Makes clients that may speak to `replay`, by a clock for which nobody waits."""
    made: list[Http] = []

    def make(**more: Any) -> Http:
        given = {"trusted": {replay.host}, "clock": clock, "limits": {replay.host: Limit(1000, 1000)}, **more}
        made.append(Http(**given))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def http(client: Callable[..., Http]) -> Http:
    return client()


@pytest.fixture
def refusal() -> Callable[..., NoAnswer]:
    """`refusal(http.json, url)`: the NoAnswer it raises, whose text is fit for people."""

    def ask(call: Callable[..., Any], *given: Any, **more: Any) -> NoAnswer:
        with pytest.raises(NoAnswer) as caught:
            call(*given, **more)
        error = caught.value
        assert error.message and error.message[0].islower() and not error.message.endswith(".")
        assert error.hint.endswith(".") and CANARY not in f"{error!s} {error!r} {error.as_json()} {vars(error)}"
        return error

    return ask


def fetched(http: Http, url: str, **more: Any) -> bytes:
    """A whole file by `fetch`, read through a small view."""
    view, body = memoryview(bytearray(4096)), bytearray()
    with http.fetch(url, **more) as stream:
        while got := stream.readinto(view):
            body += view[:got]
    return bytes(body)


@pytest.fixture
def ways() -> Callable[[Http], list[Callable[[str], Any]]]:
    """`ways(http)`: everything by which a client asks for an address."""
    return lambda http: [http.json, http.head, http.range0, partial(fetched, http)]


class Script:
    """A server that answers each connection with the bytes it is given, and nothing else. It closes when it has done.

    `answers`: for the first connection, the second …; the last one holds on. An answer is bytes, a tuple of pieces, or a
    function that makes pieces of the head that came. A piece is bytes, an event to wait for, or RESET for just that.
    """

    RESET = b"(reset)"

    def __init__(self, *answers: Any, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[bytes] = []
        self.closed = threading.Semaphore(0)  # released when a connection was closed at the other side
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.address = f"http{'s' if tls else ''}://{self.host}"
        self._tls = tls
        self._threads = [threading.Thread(target=self._take, daemon=True)]
        self._threads[0].start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            self._threads.append(threading.Thread(target=self._serve, args=(connection, answer), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, answer: Any) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection, suppress(OSError):
            connection.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
                head += piece
            self.heads.append(head)
            pieces = answer(head) if callable(answer) else answer
            for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
                if isinstance(piece, threading.Event):
                    piece.wait(10)
                    continue
                if piece == self.RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        self.closed.release()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._threads:
            one.join(5)
        assert not any(one.is_alive() for one in self._threads)


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """`script(answer, …)`: a running Script."""
    made: list[Script] = []

    def start(*answers: Any, tls: ssl.SSLContext | None = None) -> Script:
        made.append(Script(*answers, tls=tls))
        return made[-1]

    yield start
    for one in made:
        one.stop()


class Listener:
    """Takes connections at 127.0.0.1 and counts the bytes that come. It never answers."""

    def __init__(self) -> None:
        self.connections, self.bytes = 0, 0
        self.heard = threading.Event()  # something was sent
        self._ended = threading.Semaphore(0)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while piece := connection.recv(4096):
                    self.bytes += len(piece)
                    self.heard.set()
            self._ended.release()

    def wait(self) -> None:
        """Until one connection has ended at the other side."""
        assert self._ended.acquire(timeout=5)

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.stop()
