"""`office`: a ComfyUI-Manager of one kind behind a ComfyUI of our own; `manager`: the same as the product finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from comfyfixersmart.core.actions.packs import doing, find_manager
from comfyfixersmart.core.actions.types import ENABLE_PACK, INSTALL_PACK, MANAGER_V3, MANAGER_V4, Action, PackTask
from comfyfixersmart.core.http import Http, Limit

from ..sources.conftest import load

KINDS = {"v4": MANAGER_V4, "v4-old": MANAGER_V4, "v3": MANAGER_V3}
COMMAND_LINE = "COMFYUI_PATH=/opt/ComfyUI python -m cm_cli install inkwell-nodes@1.4.0"


@pytest.fixture
def replay() -> Iterator[Any]:
    """The ComfyUI in which a Manager runs; see tests/replay/server.py."""
    with load("server").serving() as one:
        yield one


@pytest.fixture
def http(replay: Any) -> Iterator[Http]:
    """A client that may speak to it, without ever waiting its turn."""
    client = Http(trusted={replay.host}, limits={replay.host: Limit(10_000, 10_000)})
    yield client
    client.close()


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, replay: Any) -> Any:
    """A Manager of each kind, with one pack in its registry."""
    one = load("manager").Office(request.param)
    one.offer("inkwell-nodes", "1.4.0")
    one.serve(replay)
    return one


@pytest.fixture
def new(replay: Any) -> Any:
    """One of the fourth generation."""
    one = load("manager").Office("v4")
    one.offer("inkwell-nodes", "1.4.0")
    one.serve(replay)
    return one


@pytest.fixture
def find(http: Http, replay: Any) -> Any:
    """`find()`: the Manager that answers now."""

    def call() -> Any:
        found = find_manager(http, replay.address)
        assert found is not None
        return found

    return call


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once."""
    monkeypatch.setattr(doing, "POLL", 0.001)


def pack(**changes: Any) -> Action:
    """The installation of one pack, as a plan has it."""
    task = PackTask(
        "inkwell-nodes", "https://github.com/brushworks/Inkwell-Nodes", "1.4.0", "Active", MANAGER_V4, COMMAND_LINE
    )
    return Action("a1b2c3d4e5", INSTALL_PACK, "Inkwell Nodes", pack=task._replace(**changes))


def disabled(**changes: Any) -> Action:
    """The enabling of one that is here."""
    folder = "/opt/ComfyUI/custom_nodes/.disabled/inkwell-nodes@1_3_0"
    task = PackTask("inkwell-nodes", "", "1.3.0", "", MANAGER_V4, "mv -n -- a b", folder)
    return Action("f6a7b8c9d0", ENABLE_PACK, "inkwell-nodes", pack=task._replace(**changes))
