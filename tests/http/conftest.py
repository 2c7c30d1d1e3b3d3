"""Services of our own and a client for them that never waits; a listener that counts what reaches it."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
from collections.abc import Callable, Iterator
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


class Listener:
    """Takes connections at 127.0.0.1 and counts the bytes that come. It never answers."""

    def __init__(self) -> None:
        self.connections, self.bytes = 0, 0
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
