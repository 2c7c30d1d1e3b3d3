"""What the routes of understanding take and refuse, before a service that gives back what it was asked."""

from __future__ import annotations

import asyncio
import gc
import threading
from functools import partial
from typing import Any

import pytest
from comfyfixersmart.core.workflow.ui import MAX_NODES
from comfyfixersmart.server_routes import bodies
from comfyfixersmart.server_routes.guard import CHANGE, CHECK, READ
from comfyfixersmart.server_routes.understanding_routes import MOST_WAITING

PREFIX = "/comfyfixersmart"
GRAPH = {"nodes": []}
ASKED = {"slug": None, "workflow": None, "name": "", "good": None}


async def test_a_listed_workflow_is_explained(place: Any) -> None:
    status, told = await place.ask("GET", PREFIX + "/explain?slug=moor", READ)
    assert (status, told["explain"]) == (200, [ASKED | {"slug": "moor"}])
    assert place.fake.threads == {"comfyfixersmart-deep"}


async def test_the_graph_on_the_canvas_is_explained(place: Any) -> None:
    body = {"workflow": GRAPH, "name": "open"}
    assert (await place.ask("POST", PREFIX + "/explain", CHECK, body))[1]["explain"] == [ASKED | body]


async def test_no_pass_of_the_collector_begins_while_a_graph_is_parsed(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a pass over all that ComfyUI holds keeps its loop waiting for 300 ms."""
    await place.ask("GET", PREFIX + "/explain?slug=moor", READ)
    seen: list[bool] = []

    def parse(model: Any, raw: bytes) -> Any:
        seen.append(gc.isenabled())
        return real(model, raw)

    real = bodies.parse
    monkeypatch.setattr(bodies, "parse", parse)
    await place.ask("POST", PREFIX + "/explain", CHECK, {"workflow": GRAPH, "name": "open"})
    assert seen == [False] and gc.isenabled()


async def test_memory_is_asked_in_gigabytes(place: Any) -> None:
    told = (await place.ask("POST", PREFIX + "/tune", CHECK, {"slug": "moor", "memory_gb": 7.5}))[1]["tune"]
    assert told == [ASKED | {"slug": "moor"}, 7_500_000_000]
    told = (await place.ask("POST", PREFIX + "/tune", CHECK, {"slug": "moor"}))[1]["tune"]
    assert told == [ASKED | {"slug": "moor"}, None]


async def test_chosen_changes(place: Any) -> None:
    body = {"workflow": GRAPH, "name": "open", "memory_gb": 8, "changes": ["size.less.0", "vae.tiled"]}
    for path, name in (("/tune/estimate", "estimate"), ("/tune/graph", "graph")):
        told = (await place.ask("POST", PREFIX + path, CHECK, body))[1][name]
        assert told == [ASKED | {"workflow": GRAPH, "name": "open"}, 8_000_000_000, ["size.less.0", "vae.tiled"]]
    assert not place.fake.changes
    body = {"slug": "moor", "memory_gb": 8, "changes": ["vae.tiled"]}
    told = (await place.ask("POST", PREFIX + "/tune/plan", CHANGE, body))[1]["tune_plan"]
    assert told == ["moor", 8_000_000_000, ["vae.tiled"]]


async def test_a_plan_is_made_for_this_computer_only(place: Any) -> None:
    place.peer["address"] = "192.168.1.7"
    body = {"slug": "moor", "memory_gb": 8, "changes": ["a"]}
    assert place.error(await place.ask("POST", PREFIX + "/tune/plan", CHANGE, body)) == "not_local"
    assert (await place.ask("POST", PREFIX + "/tune", CHECK, {"slug": "moor"}))[0] == 200, "looking is free"


async def test_two_versions(place: Any) -> None:
    body = {"old": {"good": "moor"}, "new": {"workflow": GRAPH, "name": "open"}}
    told = (await place.ask("POST", PREFIX + "/compare", CHECK, body))[1]["compare"]
    assert told == [ASKED | {"good": "moor"}, ASKED | {"workflow": GRAPH, "name": "open"}]


@pytest.mark.parametrize(
    "path, body",
    [
        ("/explain", {}),
        ("/explain", {"slug": "a", "workflow": GRAPH}),
        ("/explain", {"workflow": [], "name": ""}),
        ("/explain", {"slug": "a", "more": 1}),
        ("/tune", {"slug": "a", "memory_gb": 0}),
        ("/tune", {"slug": "a", "memory_gb": -8}),
        ("/tune", {"slug": "a", "memory_gb": 1e12}),
        ("/tune", {"slug": "a", "memory_gb": "much"}),
        ("/tune", {"slug": "a", "changes": []}),
        ("/tune/estimate", {"slug": "a", "changes": [""]}),
        ("/tune/estimate", {"slug": "a", "changes": ["x"] * 201}),
        ("/tune/graph", {"changes": ["a"]}),
        ("/tune/plan", {"slug": "a", "changes": []}),
        ("/tune/plan", {"workflow": GRAPH, "changes": ["a"]}),
        ("/compare", {"old": {"slug": "a"}}),
        ("/compare", {"old": {}, "new": {"slug": "a"}}),
        ("/compare", {"old": {"slug": "a", "good": "a"}, "new": {"slug": "a"}}),
    ],
)
async def test_what_cannot_be_meant_is_refused(place: Any, path: str, body: Any) -> None:
    kind = CHANGE if path == "/tune/plan" else CHECK
    answer = await place.ask("POST", PREFIX + path, kind, body)
    assert (answer[0], place.error(answer)) == (400, "bad_body")
    assert not place.fake.calls


async def test_neither_of_two_graphs_may_be_endless(place: Any) -> None:
    many = {"nodes": [{}] * (MAX_NODES + 1)}
    for old, new in (({"workflow": many}, {"slug": "a"}), ({"slug": "a"}, {"workflow": many})):
        answer = await place.ask("POST", PREFIX + "/compare", CHECK, {"old": old, "new": new})
        assert (answer[0], place.error(answer)) == (413, "too_large")


@pytest.mark.parametrize(
    "code, status", [("unknown_change", 404), ("no_good_version", 404), ("unknown_workflow", 404), ("no_memory", 400)]
)
async def test_errors_have_their_status(place: Any, code: str, status: int) -> None:
    from comfyfixersmart.core.errors import ComfyFixerError

    place.fake.fails = ComfyFixerError(code, "No.", "Try another.")
    answer = await place.ask("POST", PREFIX + "/tune", CHECK, {"slug": "a"})
    assert (answer[0], place.error(answer)) == (status, code)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"slug": "a", "memory_gb": NaN}',
        b'{"slug": "a", "memory_gb": Infinity}',
        b'{"slug": "a", "memory_gb": 1e-400}',
        b'{"slug": ["a"]}',
        b'{"slug": "' + b"a" * 301 + b'"}',
        b'{"workflow": {}, "name": "' + b"a" * 1001 + b'"}',
        b'{"workflow": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"\xff\xfe",
        b"",
    ],
)
async def test_numbers_and_bodies_that_are_none(place: Any, raw: bytes) -> None:
    answer = await place.ask("POST", PREFIX + "/tune", CHECK, raw)
    assert (answer[0], place.error(answer)) == (400, "bad_body")
    assert not place.fake.calls


async def test_a_slow_answer_holds_up_no_other_and_no_endless_row_waits(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(_self: Any, *_asked: Any) -> dict[str, Any]:
        begun.set()
        go.wait(20)
        return {}

    monkeypatch.setattr(type(place.fake.understanding), "tune", slow)
    ask = partial(place.ask, "POST", PREFIX + "/tune", CHECK, {"slug": "a"})
    row = [asyncio.ensure_future(ask())]
    try:
        while not begun.is_set():
            await asyncio.sleep(0.01)
        assert (await place.ask("POST", PREFIX + "/check", CHECK, {"workflow": GRAPH}))[0] == 200
        row += [asyncio.ensure_future(ask()) for _ in range(MOST_WAITING + 1)]
        done, _ = await asyncio.wait(row, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = done
        assert (refused.result()[0], place.error(refused.result())) == (503, "too_many")
    finally:
        go.set()
    assert [one[0] for one in await asyncio.gather(*row)].count(200) == MOST_WAITING + 1
