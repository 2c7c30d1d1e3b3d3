"""The service that stands in for others does what its text says."""

from __future__ import annotations

import http.client
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def load() -> Any:
    known = sys.modules.get("replay_server")
    if known is None:
        spec = importlib.util.spec_from_file_location("replay_server", Path(__file__).with_name("server.py"))
        assert spec and spec.loader
        known = sys.modules["replay_server"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


@pytest.fixture
def replay() -> Iterator[Any]:
    with load().serving() as one:
        yield one


def ask(
    replay: Any, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", replay.port, timeout=5)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_routes(replay: Any) -> None:
    replay.add("GET", "/api/{owner}/{repo}/tree/{rest...}", lambda request: request.names)
    replay.add("GET", "/api/*", {"any": 1}, status=201, headers={"X-Own": "é"})
    replay.add("POST", "/api/x", lambda request: {"heard": request.json(), "q": request.one("q"), "all": request.query})
    replay.add("GET", "/none", lambda request: None)
    assert json.loads(ask(replay, "/api/a%2Fb/c/tree/main/d/e.txt")[2]) == {
        "owner": "a/b",
        "repo": "c",
        "rest": "main/d/e.txt",
    }
    status, headers, body = ask(replay, "/api/a?x")
    assert (status, headers["X-Own"], body) == (201, "é", b'{"any": 1}')
    heard = json.loads(ask(replay, "/api/x?q=1&q=2&r=", "POST", b"[1]")[2])
    assert heard == {"heard": [1], "q": "1", "all": {"q": ["1", "2"], "r": [""]}}
    assert ask(replay, "/none")[0] == 404 and ask(replay, "/api/x", "PUT", b"")[0] == 404 and ask(replay, "/")[0] == 404
    assert [one.path for one in replay.unknown] == ["/api/x", "/"]
    assert len(replay.asked("/api/*")) == 4 and len(replay.asked("/api/*", method="POST")) == 1
    replay.add("GET", "/none", [])
    assert ask(replay, "/none")[2] == b"[]"
    assert ask(replay, "/api/z", "HEAD")[1]["Content-Length"] == "10"


def test_ranges(replay: Any) -> None:
    replay.add("GET", "/file", b"0123456789")
    assert ask(replay, "/file", Range="bytes=2-4")[::2] == (206, b"234")
    assert ask(replay, "/file", Range="bytes=8-")[::2] == (206, b"89")
    assert ask(replay, "/file", Range="bytes=10-")[0] == 416
    assert ask(replay, "/file")[::2] == (200, b"0123456789")


def test_faults_come_and_go(replay: Any) -> None:
    replay.add("GET", "/a", {"x": 1})
    replay.fault("/*", replay.Fault.status(503, retry_after="2"))
    replay.fault("/a", replay.Fault.drift(lambda body: [body]), times=1)
    assert ask(replay, "/a")[2] == b'[{"x": 1}]'
    status, headers, _ = ask(replay, "/a")
    assert (status, headers["Retry-After"]) == (503, "2")
    replay.mend()
    assert ask(replay, "/a")[2] == b'{"x": 1}', "a drift does not change the route"


def test_a_handler_that_fails_fails_the_test() -> None:
    with pytest.raises(ZeroDivisionError), load().serving() as one:
        one.add("GET", "/", lambda request: 1 / 0)
        assert ask(one, "/")[0] == 500
