"""Explaining, tuning and comparing over HTTP, in a stand-in ComfyUI: what a page gets, and who sees what."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from comfyfixersmart.core.resolution.types import HASH, RESOLVED, Judged, Resolution
from comfyfixersmart.core.sources.types import Candidate
from comfyfixersmart.core.tuning.advice import tune as advice
from comfyfixersmart.core.tuning.types import Change, Edit, Estimate, NeedsFile, Tuning

from ..workflow.graphs import graph as ui
from ..workflow.graphs import node, out, socket

PREFIX = "/comfyfixersmart"
OURS = {"X-ComfyFixerSmart": "1"}
XL = "moss_sdxl_base.safetensors"


def picture(side: int = 1536, steps: int = 30, model: str = XL) -> dict[str, Any]:
    """Text to image with SDXL, larger than it has to be."""
    made: dict[str, Any] = ui(
        node(
            1, "CheckpointLoaderSimple", model,
            outputs=[out("MODEL", "MODEL", [1]), out("CLIP", "CLIP", [2, 3]), out("VAE", "VAE", [4])],
        ),
        node(2, "CLIPTextEncode", "a heron in the reeds", inputs=[socket("clip", 2, "CLIP")],
             outputs=[out("CONDITIONING", "CONDITIONING", [5])]),
        node(3, "CLIPTextEncode", "blurry", inputs=[socket("clip", 3, "CLIP")],
             outputs=[out("CONDITIONING", "CONDITIONING", [6])]),
        node(4, "EmptyLatentImage", side, side, 1, outputs=[out("LATENT", "LATENT", [7])]),
        node(
            5, "KSampler", 7, "fixed", steps, 7.0, "euler", "normal", 1.0,
            inputs=[socket("model", 1, "MODEL"), socket("positive", 5, "CONDITIONING"),
                    socket("negative", 6, "CONDITIONING"), socket("latent_image", 7, "LATENT")],
            outputs=[out("LATENT", "LATENT", [8])],
        ),
        node(6, "VAEDecode", inputs=[socket("samples", 8, "LATENT"), socket("vae", 4, "VAE")],
             outputs=[out("IMAGE", "IMAGE", [9])]),
        node(7, "SaveImage", "heron", inputs=[socket("images", 9)]),
        links=(
            (1, 1, 0, 5, 0, "MODEL"), (2, 1, 1, 2, 0, "CLIP"), (3, 1, 1, 3, 0, "CLIP"), (4, 1, 2, 6, 1, "VAE"),
            (5, 2, 0, 5, 1, "CONDITIONING"), (6, 3, 0, 5, 2, "CONDITIONING"), (7, 4, 0, 5, 3, "LATENT"),
            (8, 5, 0, 6, 0, "LATENT"), (9, 6, 0, 7, 0),
        ),
    )  # fmt: skip
    return made


class Page:
    """ComfyUI's page of one user."""

    def __init__(self, client: Any, user: str = "") -> None:
        self._client = client
        self._headers = {**OURS, "comfy-user": user} if user else OURS

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self._client.request(method, PREFIX + path, json=body, headers=self._headers) as answer:
            return {**await answer.json(), "status": answer.status}

    async def code(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        told = await self.ask(method, path, body)
        return told["status"], told["error"]["code"]


@pytest.fixture
async def page(sea: Any) -> AsyncIterator[Page]:
    """One saved workflow, checked."""
    sea.save("heron.json", json.dumps(picture()))
    await sea.first_cycle()
    async with TestClient(TestServer(sea.served())) as client:
        yield Page(client)


# ---- explain -----------------------------------------------------------------------------------------------


async def test_explained_alike_from_the_list_and_from_the_canvas(page: Page) -> None:
    listed = (await page.ask("GET", "/explain?slug=heron"))["explanation"]
    drawn = (await page.ask("POST", "/explain", {"workflow": picture(), "name": "heron.json"}))["explanation"]
    assert (listed["slug"], drawn["slug"]) == ("heron", None)
    assert listed["facts"] == drawn["facts"] and listed["pages"] == drawn["pages"]
    assert set(listed["pages"]) == {"newcomer", "expert"} == set(listed["markdown"])
    assert set(listed["machine"]) == {"name", "kind", "memory", "ram", "assumed"}
    assert listed["status"] == "blocked" and listed["fit"]["peak"][1] > 0
    assert any("1536" in one["text"] for one in listed["facts"])


async def test_what_is_no_workflow_is_not_explained(page: Page) -> None:
    assert await page.code("GET", "/explain?slug=nobody") == (404, "unknown_workflow")
    assert await page.code("GET", "/explain") == (404, "unknown_workflow")
    told = await page.ask("POST", "/explain", {"workflow": {"nothing": 1}, "name": "x"})
    assert told["status"] == 400 and told["error"]["code"] == "no_workflow"


async def test_the_page_of_a_workflow_says_its_health(page: Page, sea: Any) -> None:
    health = (await page.ask("GET", "/workflow?slug=heron"))["workflow"]["health"]
    assert health["broke"] is None and isinstance(health["practice"], list)
    assert (await page.ask("POST", "/check", {"workflow": picture()}))["workflow"]["health"] is None


async def test_practice_notes_come_behind_the_reports_of_a_cycle(sea: Any) -> None:
    sea.save("hasty.json", json.dumps(picture(side=256)))
    await sea.first_cycle()
    report = json.loads((sea.reports() / "hasty.json").read_text())["workflow"]
    assert any("256" in one["text"] for one in report["health"]["practice"])
    assert "SDXL" in report["about"]["line"]
    page = sea.service.workflow(sea.user, "hasty")
    assert page["health"]["practice"] == report["health"]["practice"]


async def test_no_notes_are_made_while_a_prompt_runs(sea: Any) -> None:
    sea.save("hasty.json", json.dumps(picture(side=256)))
    sea.service.checks.scan(lambda *_: None, lambda: False)
    (sea.reports() / "hasty.json").unlink()
    sea.save("other.json", json.dumps(picture(side=264)))
    sea.comfyui.server.prompt_queue.pending.append(())
    sea.service.checks.scan(lambda *_: None, lambda: False)
    told = {name: json.loads((sea.reports() / name).read_text())["workflow"] for name in ("hasty.json", "other.json")}
    assert told["hasty.json"]["health"]["practice"], "what was noted before is kept"
    assert told["other.json"]["health"]["practice"] == []


# ---- tune --------------------------------------------------------------------------------------------------


async def test_tuned_to_a_smaller_card(page: Page) -> None:
    told = (await page.ask("POST", "/tune", {"slug": "heron", "memory_gb": 6}))["tune"]
    assert told["target"] == 6_000_000_000 and told["file"] == "heron.v2.json"
    assert told["path"] == "workflows/heron.v2.json" and told["variants"]
    first = told["variants"][0]
    asked = {"slug": "heron", "memory_gb": 6, "changes": first["changes"]}
    after = (await page.ask("POST", "/tune/estimate", asked))["estimate"]
    assert after["peak"] == first["estimate"]["peak"]
    assert after["peak"][1] < told["before"]["peak"][1]


async def test_a_graph_that_is_saved_nowhere_becomes_a_graph(page: Page) -> None:
    told = (await page.ask("POST", "/tune", {"workflow": picture(), "name": "open", "memory_gb": 6}))["tune"]
    assert told["file"] is None and told["why_not"]
    change = next(one for one in told["changes"] if one["edits"])
    asked = {"workflow": picture(), "name": "open", "memory_gb": 6, "changes": [change["id"]]}
    made = await page.ask("POST", "/tune/graph", asked)
    assert made["name"] == "open.v2"
    assert made["workflow"] != picture() and len(made["workflow"]["nodes"]) >= 7


async def test_a_new_version_is_planned_approved_and_written(page: Page, sea: Any) -> None:
    told = (await page.ask("POST", "/tune", {"slug": "heron", "memory_gb": 6}))["tune"]
    chosen = [one["id"] for one in told["changes"] if one["edits"] and not one["needs"]][:1]
    plan = (await page.ask("POST", "/tune/plan", {"slug": "heron", "memory_gb": 6, "changes": chosen}))["plan"]
    (action,) = plan["actions"]
    assert (action["kind"], action["title"]) == ("write_version", "heron.v2.json")
    assert plan["workflows"] == ["heron.json"]
    saved = sea.comfyui.base / "user/default/workflows/heron.json"
    before = saved.read_bytes()
    assert not saved.with_name("heron.v2.json").exists(), "nothing has happened yet"
    await page.ask("POST", "/approve", {"digest": plan["digest"], "consents": {}})
    await sea.until(lambda: not sea.service.acting.running)
    written = json.loads(saved.with_name("heron.v2.json").read_bytes())
    assert saved.read_bytes() == before and written != json.loads(before)
    again = (await page.ask("POST", "/compare", {"old": {"slug": "heron"}, "new": {"workflow": written}}))["comparison"]
    assert not again["same"] and again["differences"]


async def test_what_a_change_needs_is_planned_once_it_was_looked_up(
    page: Page, sea: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = NeedsFile("moss_fp8.safetensors", "checkpoints", False, 1000)
    edit = Edit("value", "1", "ckpt_name", XL, needs.name)
    change = Change("build", "Use it", ("memory",), "", "", "", "", ("1",), (edit,), needs=needs)
    monkeypatch.setattr(advice, "tune", lambda *_, target, **__: Tuning(target, Estimate(), (change,)))
    asked = {"slug": "heron", "memory_gb": 6, "changes": ["build"]}

    plan = (await page.ask("POST", "/tune/plan", asked))["plan"]
    assert [one["kind"] for one in plan["actions"]] == ["write_version"]
    (left,) = plan["left_out"]
    assert left["name"] == needs.name and "looked for it" in left["why"]

    graph = (await page.ask("POST", "/tune/graph", asked))["workflow"]
    service, shelf = sea.service, sea.service.shelf(sea.user)
    checked = service.app().look_at_graph(graph, "heron.json")[0]
    (want,) = [one for one in service.app().wants(checked).values() if one.name == needs.name]
    one = Candidate(
        "huggingface:a/b@x", "huggingface", needs.name, f"https://huggingface.co/a/b/resolve/main/{needs.name}",
        size=1000, sha256="c" * 64, format="safetensors", licence="mit", confirmed=True,
    )  # fmt: skip
    found = Resolution(want.key, want.kind, want.name, RESOLVED, "The same.", HASH, "checkpoints", (Judged(one),))
    shelf.found.put(found, ())
    plan = (await page.ask("POST", "/tune/plan", asked))["plan"]
    fetch, version = plan["actions"]
    assert (fetch["kind"], fetch["title"], version["kind"]) == ("download", needs.name, "write_version")
    assert version["after"] == [fetch["id"]] and not plan["left_out"]


async def test_a_change_that_is_not_offered(page: Page) -> None:
    asked = {"slug": "heron", "memory_gb": 6, "changes": ["nonsense"]}
    assert await page.code("POST", "/tune/estimate", asked) == (404, "unknown_change")
    assert await page.code("POST", "/tune/plan", asked) == (404, "unknown_change")


# ---- compare -----------------------------------------------------------------------------------------------


async def test_two_graphs(page: Page) -> None:
    body = {"old": {"slug": "heron"}, "new": {"workflow": picture(steps=12), "name": "open"}}
    told = (await page.ask("POST", "/compare", body))["comparison"]
    (change,) = told["differences"]
    assert (change["kind"], change["before"], change["after"]) == ("changed", 30, 12)
    assert (told["old"], told["new"]) == ("heron.json", "open") and told["markdown"]


async def test_the_last_good_version(page: Page, sea: Any) -> None:
    body = {"old": {"good": "heron"}, "new": {"slug": "heron"}}
    assert await page.code("POST", "/compare", body) == (404, "no_good_version")


# ---- several users -----------------------------------------------------------------------------------------


async def test_each_user_has_their_own(seas: Any) -> None:
    seas.save("heron.json", json.dumps(picture(steps=11)), "ann_1")
    await seas.first_cycle()
    async with TestClient(TestServer(seas.served())) as client:
        ann, bob = Page(client, "ann_1"), Page(client, "bob_2")
        assert (await ann.ask("GET", "/explain?slug=heron"))["status"] == 200
        assert await bob.code("GET", "/explain?slug=heron") == (404, "unknown_workflow")
        body = {"slug": "heron", "memory_gb": 6, "changes": ["a"]}
        assert await bob.code("POST", "/tune/plan", body) == (404, "unknown_workflow")
        assert await bob.code("POST", "/compare", {"old": {"good": "heron"}, "new": {"slug": "heron"}}) == (
            404,
            "unknown_workflow",
        )
    kept = seas.service.shelf(seas.named("Ann")).state / "health.json"
    assert "heron.json" in kept.read_text() and "users" in str(kept)


async def test_a_graph_that_is_too_large_to_be_understood(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    from comfyfixersmart.server_routes import understanding

    monkeypatch.setattr(understanding, "MOST_NODES", 6)
    assert await page.code("POST", "/explain", {"workflow": picture()}) == (413, "too_large")
    assert await page.code("POST", "/tune", {"slug": "heron", "memory_gb": 6}) == (413, "too_large")
