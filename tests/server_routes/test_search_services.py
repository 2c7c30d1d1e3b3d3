"""The whole way from the panel's request to services of our own that answer over HTTP, and what a key leaves behind."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from comfyfixersmart.core.resolution.session import Session
from comfyfixersmart.server_routes.guard import READ

from ..sources.conftest import clock, load, replay  # noqa: F401
from .conftest import LISTED
from .searching import graph

PREFIX = "/comfyfixersmart"
OURS = {"X-ComfyFixerSmart": "1"}
CANARY = "canary-5f0c1c3b7d-key"
INK, GLOW = "inkwash_xl_v2.safetensors", "glow_lora_fp16.safetensors"


class Panel:
    """The page, which keeps all that it was told."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.told: list[str] = []

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self._client.request(method, PREFIX + path, json=body, headers=OURS) as answer:
            text = await answer.text()
            self.told.append(f"{method} {path} {answer.status} {dict(answer.headers)} {text}")
            return json.loads(text) if answer.content_type == "application/json" else text

    async def job(self) -> dict[str, Any]:
        """The search, once it is over."""
        for _ in range(500):
            job: dict[str, Any] = (await self.ask("GET", "/resolve"))["job"]
            if job["state"] != "running":
                return job
            await asyncio.sleep(0.02)
        raise AssertionError("the search did not end")


@pytest.fixture
async def panel(sea: Any, replay: Any, clock: Any) -> AsyncIterator[Panel]:  # noqa: F811
    """A person who let two services be asked, whose addresses are ours, and who gave them a key. Nobody waits."""
    load("huggingface").sample().serve(replay)
    load("civitai").Shop().serve(replay)
    sea.session = lambda app, **given: Session(app, clock=clock, **given)
    sea.start()
    sea.save("one.json", graph(INK, "nowhere_to_be_found.safetensors"))
    sea.save("two.json", graph(GLOW))
    await sea.first_cycle()
    async with TestClient(TestServer(sea.served())) as client:
        page = Panel(client)
        endpoints = dict.fromkeys(("huggingface", "civitai"), replay.address)
        await page.ask("POST", "/settings", {"values": {"endpoints": endpoints}})
        for name in ("huggingface", "civitai"):
            await page.ask("POST", "/key", {"source": name, "key": CANARY})
        await page.ask("POST", "/consent", {"sources": ["huggingface", "civitai"]})
        yield page


async def test_the_library_is_looked_up_over_http(sea: Any, panel: Panel, replay: Any) -> None:  # noqa: F811
    await panel.ask("POST", "/resolve", {})
    job = await panel.job()
    assert (job["state"], job["error"], job["silent"]) == ("done", None, [])
    assert (job["done"], job["total"]) == (3, 3) and job["counts"]["NOT_FOUND"] >= 1
    page = (await panel.ask("GET", "/workflow?slug=one"))["workflow"]
    found = {one["name"]: one["resolution"] for one in page["findings"] if one["resolution"]}
    assert found[INK]["state"] == "RESOLVED" and found[INK]["folder"] == "checkpoints"
    assert found[INK]["steps"] and found["nowhere_to_be_found.safetensors"]["state"] == "NOT_FOUND"
    assert (await panel.ask("GET", "/library"))["revision"] == sea.events("library")[-1]["revision"]
    await sea.at_rest()  # the reports come last
    assert found[INK]["candidates"][0]["sha256"] in (sea.reports() / "one.json").read_text()
    asked = len(replay.log)
    assert asked and not replay.unknown
    sea.start()
    await sea.ended()
    assert len(replay.log) == asked, "no question is put twice, not even after a restart"


async def test_discovery_asks_over_http_once_within_the_cache_time(
    sea: Any,
    panel: Panel,
    replay: Any,  # noqa: F811
) -> None:
    await sea.check()
    await sea.looked_up()
    assert not replay.log, "off: nobody is asked"
    await panel.ask("POST", "/consent", {"sources": ["huggingface", "civitai"], "discovery": True})
    await sea.check()
    assert (await sea.looked_up())["last"]["looked_up"] == 3
    asked = len(replay.log)
    assert asked
    for _ in range(2):
        await sea.check()
        assert (await sea.looked_up())["last"]["looked_up"] == 0
    assert len(replay.log) == asked


async def test_a_search_that_waits_for_a_service_ends_within_a_second(
    sea: Any,
    panel: Panel,
    replay: Any,  # noqa: F811
) -> None:
    replay.fault("*", replay.Fault.slow(20))
    await panel.ask("POST", "/resolve", {})
    await sea.until(lambda: replay.log)
    began = time.monotonic()
    assert (await panel.ask("POST", "/resolve/cancel", {}))["job"]["state"] == "cancelled"
    await sea.at_rest()
    assert time.monotonic() - began < 1.5, "reports and all"
    assert sea.job()["counts"] == {"RESOLVED": 0, "UNCERTAIN": 0, "NOT_FOUND": 0}


async def test_a_service_that_is_down_is_named(sea: Any, panel: Panel, replay: Any) -> None:  # noqa: F811
    replay.fault("/api/v1/*", replay.Fault.status(503))
    await panel.ask("POST", "/resolve", {"slug": "one"})
    job = await panel.job()
    assert (job["state"], job["silent"]) == ("done", ["civitai"])
    assert {one["state"] for one in job["results"].values()} == {"UNCERTAIN"}


async def test_a_key_shows_up_nowhere(
    sea: Any,
    panel: Panel,
    replay: Any,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    replay.fault("/api/v1/*", replay.Fault.status(401), times=2)  # a service that does not take the key
    await panel.ask("POST", "/consent", {"sources": ["huggingface", "civitai"], "discovery": True})
    await panel.ask("POST", "/resolve", {})
    await panel.job()
    await sea.check()
    await sea.looked_up()
    for (method, _), (kind, address, body) in LISTED.items():
        if kind == READ or address in ("/check", "/scan", "/cancel", "/resolve/cancel", "/choose"):
            await panel.ask(method, address, body)
    for wrong in ({"source": "civitai", "key": f"{CANARY} "}, {"source": "civitai", "key": CANARY, CANARY: 1}):
        answer = await panel.ask("POST", "/key", wrong)
        assert answer["error"]["code"] in ("bad_key", "bad_body")
    assert any(CANARY in one.headers.get("authorization", "") for one in replay.log), "it does reach its service"
    base = sea.comfyui.base
    files = {path: path.read_bytes() for path in base.rglob("*") if path.is_file()}
    assert [path.name for path, data in files.items() if CANARY.encode() in data] == ["keys.json"]
    assert not [one for one in panel.told if CANARY in one]
    assert CANARY not in json.dumps([list(one) for one in sea.comfyui.server.sent])
    assert CANARY not in caplog.text
    assert CANARY not in repr([vars(sea.service), vars(sea.search), vars(sea.service.preferences)])
    assert not [one for one in replay.log if CANARY in f"{one.path} {one.query} {one.body!r}"]
