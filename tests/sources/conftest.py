"""`replay`: a service of our own; `asker`: what a source asks with, for that service, without ever waiting."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker


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
    """One service; see tests/replay/server.py."""
    with load("server").serving() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Any]:
    """A second one, on another port: another host as far as tokens go."""
    with load("server").serving() as one:
        yield one


@pytest.fixture
def clock() -> Any:
    """The clock that `http` and `asker` go by: time passes only by sleeping, at once."""
    return load("server").VirtualClock()


@pytest.fixture
def http(replay: Any, clock: Any) -> Iterator[Http]:
    """A client that may speak to `replay`."""
    client = Http(trusted={replay.host}, limits={replay.host: Limit(50, 50)}, clock=clock)
    yield client
    client.close()


@pytest.fixture
def asker(http: Http, clock: Any) -> Asker:
    """An asker whose answers are kept in memory only."""
    return Asker(http, Answers(None, now=clock.now))
