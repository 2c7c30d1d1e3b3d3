"""What the consent sheet shows, what the person says on it, and the keys: over HTTP, as the panel does it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from comfyfixersmart.core.sources.roster import NAMES

from .searching import graph

PREFIX = "/comfyfixersmart"
OURS = {"X-ComfyFixerSmart": "1"}
KEY = "a-key-of-my-own"


class Panel:
    """The page's side of our routes."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        async with self._client.get(PREFIX + path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        async with self._client.post(PREFIX + path, json=body, headers=OURS) as answer:
            return answer.status, await answer.json()

    async def sources(self) -> dict[str, dict[str, Any]]:
        status, body = await self.get("/sources")
        assert status == 200
        return {one["name"]: one for one in body["sources"]}


@pytest.fixture
async def panel(sea: Any) -> AsyncIterator[Panel]:
    async with TestClient(TestServer(sea.served())) as client:
        yield Panel(client)


async def test_before_the_person_says_anything(panel: Panel) -> None:
    status, body = await panel.get("/sources")
    assert status == 200
    assert (body["consent"], body["discovery"], body["fixed"]) == (None, False, None)
    assert "prompts" in body["never"] and "paths" in body["never"]
    assert [one["name"] for one in body["sources"]] == list(NAMES)
    for one in body["sources"]:
        assert set(one) == {
            *("name", "label", "purpose", "sends", "host", "enabled", "needs"),
            *("configured", "suggested", "key", "can_key", "keys"),
        }
        assert one["enabled"] is False and one["key"] is None
        assert one["label"] and one["purpose"] and one["sends"] and one["host"]
    web = body["sources"][-1]
    assert (web["name"], web["configured"], web["suggested"], web["needs"]) == ("web", False, False, "key_or_address")
    assert [one["name"] for one in body["sources"] if one["can_key"]] == ["huggingface", "civitai", "modelscope", "web"]


async def test_what_the_person_says_is_kept(sea: Any, panel: Panel) -> None:
    status, body = await panel.post("/consent", {"sources": ["civitai", "huggingface"], "discovery": None})
    assert (status, body["consent"]) == (200, {"sources": ["huggingface", "civitai"]})
    assert [one["name"] for one in body["sources"] if one["enabled"]] == ["huggingface", "civitai"]
    assert body["discovery"] is False
    body = (await panel.post("/consent", {"sources": ["civitai"], "discovery": True}))[1]
    assert (body["consent"], body["discovery"]) == ({"sources": ["civitai"]}, True)
    assert (await panel.post("/consent", {"sources": []}))[1]["discovery"] is True, "not said, not changed"
    sea.start()
    assert sea.service.preferences.sources()["consent"] == {"sources": []}
    settings = sea.comfyui.base / "user/__comfyfixersmart/settings.json"
    assert json.loads(settings.read_text()) == {"schema": 1, "sources": [], "discovery": True}


async def test_discovery_follows_at_once(sea: Any, panel: Panel) -> None:
    await sea.first_cycle()
    assert not sea.discovery()["on"]
    await panel.post("/consent", {"sources": [], "discovery": True})
    assert (await panel.get("/status"))[1]["discovery"]["on"] is True
    await panel.post("/settings", {"values": {"sources": None}})
    assert (await panel.get("/status"))[1]["discovery"]["on"] is False


async def test_what_the_environment_says_cannot_be_changed(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYFIXERSMART_SOURCES", "civitai")
    body = (await panel.get("/sources"))[1]
    assert (body["consent"], body["fixed"]) == ({"sources": ["civitai"]}, "COMFYFIXERSMART_SOURCES")
    status, body = await panel.post("/consent", {"sources": ["civitai", "web"]})
    assert (status, body["error"]["code"]) == (409, "fixed_setting")
    status, body = await panel.post("/consent", {"sources": ["civitai"], "discovery": True})
    assert (status, body["discovery"]) == (200, True), "the switch beside it can be"
    assert (await panel.post("/consent", {"sources": ["civitai"]}))[0] == 200


async def test_a_key_is_kept_and_never_shown(sea: Any, panel: Panel) -> None:
    status, body = await panel.post("/key", {"source": "civitai", "key": KEY})
    assert status == 200
    civitai = next(one for one in body["sources"] if one["name"] == "civitai")
    assert (civitai["key"], civitai["keys"]) == ("file", [{"name": "civitai", "from": "file"}])
    path = sea.comfyui.base / "user/__comfyfixersmart/keys.json"
    assert json.loads(path.read_text())["civitai"] == KEY
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY not in json.dumps(body)
    body = (await panel.post("/key", {"source": "civitai", "key": None}))[1]
    assert {one["key"] for one in body["sources"]} == {None} and KEY not in path.read_text()


async def test_a_key_or_an_address_makes_web_search_possible(panel: Panel) -> None:
    await panel.post("/key", {"source": "tavily", "key": KEY})
    web = (await panel.sources())["web"]
    assert (web["configured"], web["key"]) == (True, "file")
    assert web["keys"] == [{"name": "brave", "from": None}, {"name": "tavily", "from": "file"}]
    await panel.post("/key", {"source": "tavily", "key": None})
    assert not (await panel.sources())["web"]["configured"]
    await panel.post("/settings", {"values": {"endpoints": {"searxng": "http://127.0.0.1:8888"}}})
    web = (await panel.sources())["web"]
    assert (web["configured"], web["host"], web["key"]) == (True, "127.0.0.1:8888", None)


async def test_the_sheet_names_the_host_that_would_really_be_asked(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await panel.sources())["huggingface"]["host"] == "huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    assert (await panel.sources())["huggingface"]["host"] == "mirror.example"


@pytest.mark.parametrize("key", ["short", "with a space", "line\nbreak-canary", "x" * 513, "caf\u00e9-caf\u00e9"])
async def test_what_is_no_key_is_refused_and_not_repeated(sea: Any, panel: Panel, key: str) -> None:
    status, body = await panel.post("/key", {"source": "civitai", "key": key})
    assert (status, body["error"]["code"]) == (400, "bad_key")
    assert key not in json.dumps(body, ensure_ascii=False) and body["error"]["hint"]
    assert not (sea.comfyui.base / "user/__comfyfixersmart/keys.json").exists()


async def test_keys_of_the_environment_and_damaged_ones(
    sea: Any, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYFIXERSMART_BRAVE_KEY", KEY)
    assert (await panel.sources())["web"]["key"] == "environment"
    status, body = await panel.post("/key", {"source": "brave", "key": KEY + "2"})
    assert (status, body["error"]["code"]) == (409, "fixed_key")
    path = sea.comfyui.put("user/__comfyfixersmart/keys.json", "{")
    for answer in (await panel.get("/sources"), await panel.post("/key", {"source": "civitai", "key": KEY})):
        assert (answer[0], answer[1]["error"]["code"]) == (409, "damaged_keys")
        assert str(path) in answer[1]["error"]["message"]
    assert path.read_text() == "{"


async def test_the_whole_way_of_a_search(sea: Any, panel: Panel) -> None:
    sea.save("one.json", graph("harbour.safetensors"))
    sea.world.states = {"harbour.safetensors": "UNCERTAIN"}
    await sea.first_cycle()
    assert (await panel.get("/resolve")) == (200, {"job": None})
    status, body = await panel.post("/resolve", {"slug": "one"})
    assert (status, body["error"]["code"]) == (409, "no_consent") and body["error"]["hint"]
    await panel.post("/consent", {"sources": ["civitai"]})
    status, body = await panel.post("/resolve", {"slug": "no-such"})
    assert (status, body["error"]["code"]) == (404, "unknown_workflow")
    sea.world.held = "harbour.safetensors"
    assert (await panel.post("/resolve", {"slug": "one"}))[1]["job"]["state"] == "running"
    status, body = await panel.post("/resolve", {})
    assert (status, body["error"]["code"]) == (409, "busy")
    assert (await panel.post("/resolve/cancel", {}))[1]["job"]["state"] == "cancelled"
    sea.world.held = None
    await panel.post("/resolve", {"slug": "one", "again": True})
    await sea.at_rest()
    job = (await panel.get("/resolve"))[1]["job"]
    assert job["state"] == "done"
    ((key, one),) = job["results"].items()
    page = (await panel.get("/workflow?slug=one"))[1]["workflow"]
    assert page["findings"][0]["resolution"] == one
    chosen = {"key": key, "candidate": one["candidates"][1]["id"], "reason": "I know it"}
    status, body = await panel.post("/choose", chosen)
    assert (status, body["resolution"]["state"], body["resolution"]["choice"]["reason"]) == (
        200,
        "RESOLVED",
        "I know it",
    )
    status, body = await panel.post("/choose", {**chosen, "key": "x"})
    assert (status, body["error"]["code"]) == (404, "unknown_question")
    checked = (await panel.post("/check", {"workflow": json.loads(graph("harbour.safetensors"))}))[1]["workflow"]
    assert checked["findings"][0]["resolution"]["choice"]["reason"] == "I know it"
