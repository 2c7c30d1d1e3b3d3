"""Plans, approvals, runs, journal and undo over HTTP: what a page gets, who sees what, and what goes on at the same time."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from comfyfixersmart.core.actions.running.session import Actions
from comfyfixersmart.core.actions.types import KINDS, ActionFailed
from comfyfixersmart.core.resolution.session import Session
from comfyfixersmart.core.resolution.types import HASH, RESOLVED, Judged, Resolution
from comfyfixersmart.core.sources.types import Candidate

from ..planning.scene import content
from ..running.conftest import SOON, Deeds
from ..sources.conftest import clock, load, replay  # noqa: F401
from .searching import graph

PREFIX = "/comfyfixersmart"
OURS = {"X-ComfyFixerSmart": "1"}
INK, GLOW = "inkwash_xl_v2.safetensors", "glow_lora_fp16.safetensors"


class Page:
    """ComfyUI's page of one user."""

    def __init__(self, client: Any, user: str = "") -> None:
        self._client = client
        self._headers = {**OURS, "comfy-user": user} if user else OURS

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self._client.request(method, PREFIX + path, json=body, headers=self._headers) as answer:
            told = await answer.json()
            return {**told, "status": answer.status} if answer.status != 200 else told

    async def plan(self, **asked: Any) -> Any:
        return (await self.ask("POST", "/plan", asked))["plan"]

    async def approve(self, plan: Any, **consents: Any) -> Any:
        return await self.ask("POST", "/approve", {"digest": plan["digest"], "consents": consents})

    async def do(self, do: str, action: str | None = None) -> Any:
        return await self.ask("POST", "/run", {"do": do, "action": action})

    async def run(self) -> Any:
        return (await self.ask("GET", "/run"))["run"]

    async def code(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        told = await self.ask(method, path, body)
        return told["status"], told["error"]["code"]

    async def stands(self) -> Any:
        """The run, once nothing goes on any more."""
        for _ in range(1000):
            run = await self.run()
            if run["state"] != "running":
                return run
            await asyncio.sleep(0.01)
        raise AssertionError("it goes on")


class Yard:
    """A ComfyUI with executors of the test's own; what its workflows lack was found, as far as it is in `have`."""

    def __init__(self, sea: Any) -> None:
        self.sea, self.deeds = sea, Deeds()
        self.pages: list[Any] = []
        self.start()

    def start(self) -> None:
        """ComfyUI starts (again)."""
        self.sea.start()
        executors = dict.fromkeys(KINDS, self.deeds)
        self.acting._session = lambda app, **given: Actions(app, executors=executors, **given)

    @property
    def acting(self) -> Any:
        return self.sea.service.acting

    def found(self, user: Any, slug: str, *, flags: tuple[str, ...] = ()) -> None:
        """Verdicts on all that this workflow lacks."""
        service = self.sea.service
        shelf = service.shelf(user)
        checked = service.app().look_at(*shelf.find(slug))[0]
        for want in service.app().wants(checked).values():
            one = Candidate(
                f"huggingface:a/b@{want.name}",
                "huggingface",
                want.name,
                f"https://huggingface.co/a/b/resolve/main/{want.name}",
                author="brushworks",
                size=1000,
                sha256=format(sum(map(ord, want.name)), "064x"),
                format="safetensors",
                licence="mit",
                flags=flags,
                confirmed=True,
            )
            verdict = Resolution(
                want.key, want.kind, want.name, RESOLVED, "The same hash.", HASH, "checkpoints", (Judged(one),)
            )
            shelf.found.put(verdict, ())

    async def page(self, user: str = "") -> Page:
        client = TestClient(TestServer(self.sea.served())) if not self.pages else self.pages[0]
        if not self.pages:
            await client.start_server()
            self.pages.append(client)
        return Page(client, user)

    async def close(self) -> None:
        self.deeds.let_all_go()
        self.acting.end()
        current = self.acting._current
        if current is not None:
            await asyncio.to_thread(current.run.wait, SOON)
        await self.acting._watcher.run(lambda: None)  # what it had to do is done
        for client in self.pages:
            await client.close()


@pytest.fixture
async def yard(sea: Any) -> AsyncIterator[Yard]:
    """Two workflows; what they lack was found."""
    sea.save("one.json", graph(INK, GLOW))
    sea.save("two.json", graph(INK))
    await sea.first_cycle()
    made = Yard(sea)
    made.found(sea.user, "one")
    yield made
    await made.close()


@pytest.fixture
async def yards(seas: Any) -> AsyncIterator[Yard]:
    """The same for Ann and Bob."""
    for user in ("ann_1", "bob_2"):
        seas.save("one.json", graph(INK), user)
    await seas.first_cycle()
    made = Yard(seas)
    for name in ("Ann", "Bob"):
        made.found(seas.named(name), "one")
    yield made
    await made.close()


# ---- the whole way -----------------------------------------------------------------------------------------


async def test_from_resolve_to_undo_over_http(sea: Any, replay: Any, clock: Any) -> None:  # noqa: F811
    """With real services, real bytes and the real executors."""
    files, hub = load("files"), load("huggingface").Hub()
    store = files.Store(replay)
    data = files.safetensors("ink", 3 << 20)
    ink = store.add(data)
    hub.repo("brushworks/inkwash-xl", {INK: load("huggingface").stored(store, ink)})
    hub.serve(replay, store)
    sea.session = lambda app, **given: Session(app, clock=clock, **given)
    sea.start()
    sea.save("one.json", graph(INK))
    await sea.first_cycle()
    async with TestClient(TestServer(sea.served())) as client:
        page = Page(client)
        await page.ask("POST", "/settings", {"values": {"endpoints": {"huggingface": replay.address}}})
        await page.ask("POST", "/consent", {"sources": ["huggingface"]})
        assert await page.run() is None
        await page.ask("POST", "/resolve", {"slug": "one"})
        await sea.at_rest()

        plan = await page.plan(slug="one")
        (action,) = plan["actions"]
        target = sea.comfyui.base / "models/checkpoints" / INK
        assert (action["kind"], action["destination"], action["sha256"]) == ("download", str(target), ink)
        assert plan["bytes"] == len(data) and (await page.ask("GET", f"/plan?digest={plan['digest']}"))["plan"] == plan

        hold = store.hold(ink, 1 << 20)
        run = (await page.approve(plan))["run"]
        assert run["state"] == "running" and run["workflows"] == ["one.json"]
        assert await asyncio.to_thread(hold.reached.wait, SOON)
        assert (await page.ask("GET", "/status"))["run"] == {"id": run["id"], "state": "running", "done": 0, "total": 1}
        assert await page.code("POST", "/approve", {"digest": plan["digest"], "consents": {}}) == (409, "busy")
        assert (await page.do("pause"))["run"]["id"] == run["id"]
        paused = await page.stands()
        assert paused["state"] == "paused" and paused["can_resume"] and not target.exists()
        hold.release()
        assert (await page.do("resume"))["run"]["id"] == run["id"]
        done = await page.stands()
        assert (done["state"], done["done"], done["bytes"]) == ("done", 1, len(data))
        assert done["actions"][0]["check"] == "verified" and target.read_bytes() == data
        await sea.until(lambda: sea.events("run")[-1]["run"] == done)
        assert {"running", "paused", "done"} == {one["run"]["state"] for one in sea.events("run")}
        assert store.served[ink] < len(data) + (2 << 20), "it went on where it was"

        await sea.until(lambda: "one" and sea.cycle._schedule.asked)
        await sea.pass_(5)
        page_now = sea.service.workflow(sea.user, "one")
        assert "MODEL001" not in {one["code"] for one in page_now["findings"]}

        journal = await page.ask("GET", "/journal")
        events = [one["event"] for one in journal["entries"]]
        assert events == ["ended", "done", "begun", "paused", "begun", "approved"]
        entry = next(one for one in journal["entries"] if one["event"] == "done")
        assert entry["can_undo"] and entry["actor"] == "panel" and entry["outputs"][0]["sha256"] == ink
        assert entry["attribution"]["author"] == "brushworks" and "?" not in entry["attribution"]["url"]
        assert not journal["more"] and journal["damage"] == [] and journal["folder"].endswith("journal")

        (undone,) = (await page.ask("POST", "/undo", {"run": run["id"]}))["undone"]
        assert undone["ok"] and undone["entry"] == entry["id"] and not target.exists()
        again = (await page.ask("POST", "/undo", {"entries": [entry["id"], "nothing"]}))["undone"]
        assert [one["ok"] for one in again] == [False, False]
        assert not next(one for one in (await page.ask("GET", "/journal"))["entries"] if one["id"] == entry["id"])[
            "can_undo"
        ]
        assert await page.code("POST", "/approve", {"digest": plan["digest"], "consents": {}}) == (
            409,
            "already_approved",
        )


# ---- plans -------------------------------------------------------------------------------------------------


async def test_plans_for_one_for_all_and_for_the_canvas(yard: Yard) -> None:
    page = await yard.page()
    one = await page.plan(slug="one")
    assert one["workflows"] == ["one.json"] and {each["title"] for each in one["actions"]} == {INK, GLOW}
    two = await page.plan(slug="two")
    assert [each["title"] for each in two["actions"]] == [INK], "what one workflow found counts for all"
    everything = await page.plan()
    assert set(everything["workflows"]) == {"one.json", "two.json"} and len(everything["actions"]) == 2
    canvas = await page.plan(workflow=json.loads(graph(INK)), name="Unsaved")
    assert [each["title"] for each in canvas["actions"]] == [INK] and canvas["workflows"] == ["Unsaved"]
    assert len({each["digest"] for each in (one, two, everything, canvas)}) == 4

    left = one["actions"][0]["id"]
    other = await page.plan(slug="one", leave_out=[left])
    assert len(other["actions"]) == 1 and left not in {each["id"] for each in other["actions"]}
    assert other["left_out"][0]["name"] == one["actions"][0]["title"]
    assert await page.code("POST", "/plan", {"slug": "three"}) == (404, "unknown_workflow")
    assert await page.code("GET", "/plan?digest=" + "0" * 64) == (404, "unknown_plan")
    assert await page.code("GET", "/plan?digest=../settings") == (404, "unknown_plan")
    assert not yard.deeds.begun and await page.run() is None, "a plan does nothing"


async def test_a_newer_wish_takes_the_place_of_the_older(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    page = await yard.page()
    planning, reached, go = yard.sea.service.planning, threading.Event(), threading.Event()
    real = planning._checked

    def slow(app: Any, shelf: Any, asked: Any, cancel: Any) -> Any:
        if asked.slug == "one":
            reached.set()
            assert go.wait(SOON)
        return real(app, shelf, asked, cancel)

    monkeypatch.setattr(planning, "_checked", slow)
    first = asyncio.create_task(page.ask("POST", "/plan", {"slug": "one"}))
    assert await asyncio.to_thread(reached.wait, SOON)
    second = asyncio.create_task(page.ask("POST", "/plan", {"slug": "two"}))
    await yard.sea.until(lambda: planning._tickets["default"].user and len(planning._tickets) == 1)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if first.done():
            break
        go.set()
    assert (await first)["error"]["code"] == "cancelled"
    assert (await second)["plan"]["workflows"] == ["two.json"]

    reached.clear()
    go.clear()
    third = asyncio.create_task(page.ask("POST", "/plan", {"slug": "one"}))
    assert await asyncio.to_thread(reached.wait, SOON)
    assert await page.ask("POST", "/plan/cancel", {}) == {}
    go.set()
    told = await third
    assert (told["status"], told["error"]["code"]) == (409, "cancelled")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/plan", {"slug": "one", "workflow": {}}),
        ("/plan", {"prefer": {"a": "copy"}}),
        ("/plan", {"leave_out": ["x" * 101]}),
        ("/plan", {"again": True}),
        ("/approve", {"consents": {}}),
        ("/approve", {"digest": "0" * 63}),
        ("/approve", {"digest": "A" * 64}),
        ("/approve", {"digest": "0" * 64, "consents": {"a": "pickle"}}),
        ("/approve", {"digest": "0" * 64, "consents": [["a"]]}),
        ("/run", {"do": "delete"}),
        ("/run", {"do": "pause", "action": ""}),
        ("/run", {}),
        ("/undo", {}),
        ("/undo", {"entries": []}),
        ("/undo", {"entries": ["a"], "run": "b"}),
        ("/undo", {"entries": "a"}),
        ("/plan/cancel", {"x": 1}),
    ],
)
async def test_bodies_of_another_shape(yard: Yard, path: str, body: Any) -> None:
    page = await yard.page()
    assert await page.code("POST", path, body) == (400, "bad_body")
    assert not yard.deeds.begun


# ---- approvals and runs ------------------------------------------------------------------------------------


async def test_what_has_to_be_confirmed_is_named(yard: Yard) -> None:
    yard.found(yard.sea.user, "two", flags=("poi",))
    page = await yard.page()
    plan = await page.plan(slug="two")
    (action,) = plan["actions"]
    asked = [risk["code"] for risk in action["risks"] if risk["consent"]]
    assert asked == ["real_person"]
    told = await page.approve(plan)
    assert (told["status"], told["error"]["code"]) == (409, "consent_missing") and INK in told["error"]["message"]
    assert not yard.deeds.begun
    assert (await page.approve(plan, **{action["id"]: asked}))["run"]["id"]
    assert (await page.stands())["state"] == "done"
    approved = (await page.ask("GET", "/journal"))["entries"][-1]
    assert approved["event"] == "approved" and approved["consents"][0]["code"] == "real_person"
    assert approved["consents"][0]["text"] == action["risks"][0]["consent"]


async def test_one_run_at_a_time_and_no_undo_meanwhile(yard: Yard) -> None:
    page = await yard.page()
    plan, other = await page.plan(slug="one"), await page.plan(slug="two")
    ids = [one["id"] for one in plan["actions"]]
    yard.deeds.hold(*ids)
    await page.approve(plan)
    await asyncio.to_thread(yard.deeds.reached, *ids)
    assert await page.code("POST", "/approve", {"digest": other["digest"]}) == (409, "busy")
    assert await page.code("POST", "/undo", {"run": "x"}) == (409, "busy")
    assert (await page.plan(slug="one"))["digest"], "looking is always possible"
    assert await page.code("POST", "/run", {"do": "pause", "action": "nothing"}) == (404, "unknown_action")
    assert (await page.do("cancel", ids[0]))["run"]["state"] == "running"
    yard.deeds.let_all_go()
    run = await page.stands()
    assert {one["id"]: one["state"] for one in run["actions"]} == {ids[0]: "cancelled", ids[1]: "done"}
    assert (await page.approve(other))["run"]["id"], "busy took nothing from its approval"
    assert (await page.stands())["state"] == "done"


async def test_a_failed_action_says_what_to_do_and_can_be_tried_again(yard: Yard) -> None:
    page = await yard.page()
    plan = await page.plan(slug="two")
    (id,) = (one["id"] for one in plan["actions"])
    yard.deeds.raises[id] = ActionFailed("mismatch", "It is another file.", "Look at it.", check="mismatch")
    await page.approve(plan)
    run = await page.stands()
    assert run["state"] == "failed" and run["actions"][0]["error"]["hint"] == "Look at it."
    assert await page.code("POST", "/run", {"do": "resume", "action": None}) == (409, "cannot_resume")
    del yard.deeds.raises[id]
    assert (await page.do("resume", id))["run"]["id"]
    assert (await page.stands())["state"] == "done"


async def test_after_a_restart_the_run_is_found_and_goes_on(yard: Yard) -> None:
    page = await yard.page()
    plan = await page.plan(slug="one")
    ids = [one["id"] for one in plan["actions"]]
    yard.deeds.hold(*ids)
    await page.approve(plan)
    await asyncio.to_thread(yard.deeds.reached, *ids)
    yard.acting.end()
    run = await page.stands()
    assert run["state"] == "paused"
    assert await asyncio.to_thread(yard.acting._current.run.wait, SOON)
    path = yard.sea.comfyui.base / f"user/__comfyfixersmart/runs/{run['id']}.json"
    path.write_text(path.read_text().replace('"paused"', '"running"'))  # as a kill would have left it
    yard.start()
    found = yard.acting.run(yard.sea.user)["run"]
    assert (found["state"], found["can_resume"]) == ("interrupted", True)
    assert {one["state"] for one in found["actions"]} == {"paused"}
    assert yard.sea.service.status(yard.sea.user)["run"]["state"] == "interrupted"
    assert yard.acting.steer(yard.sea.user, "pause", None)["run"]["state"] == "interrupted"
    yard.deeds.let_all_go()
    assert yard.acting.steer(yard.sea.user, "resume", None)["run"]["id"] == run["id"]
    await asyncio.to_thread(yard.acting._current.run.wait, SOON)
    assert yard.acting.run(yard.sea.user)["run"]["state"] == "done"
    assert yard.sea.service.status(yard.sea.user)["run"]["done"] == 2


async def test_an_interrupted_run_can_be_cancelled(yard: Yard) -> None:
    page = await yard.page()
    assert await page.code("POST", "/run", {"do": "cancel"}) == (404, "no_run")
    plan = await page.plan(slug="two")
    (id,) = (one["id"] for one in plan["actions"])
    yard.deeds.raises[id] = ActionFailed("disk_full", "The disk is full.", "Make room.", pauses=True)
    await page.approve(plan)
    assert (await page.stands())["can_resume"]
    assert (await page.do("cancel"))["run"]["id"]
    run = await page.stands()
    assert run["state"] == "cancelled" and not run["can_resume"]


async def test_a_changed_plan_is_not_run(yard: Yard) -> None:
    page = await yard.page()
    plan = await page.plan(slug="two")
    path = yard.sea.comfyui.base / f"user/__comfyfixersmart/plans/{plan['digest']}.json"
    path.write_bytes(path.read_bytes().replace(b"huggingface.co", b"huggingface.xy"))
    assert await page.code("POST", "/approve", {"digest": plan["digest"]}) == (409, "plan_changed")
    assert not yard.deeds.begun and (await page.ask("GET", "/journal"))["entries"] == []


async def test_a_rescan_is_asked_for_after_something_was_done(yard: Yard) -> None:
    page = await yard.page()
    asked: list[int] = []
    yard.sea.service.ask = lambda: asked.append(1)
    plan = await page.plan(slug="two")
    yard.deeds.raises[plan["actions"][0]["id"]] = ActionFailed("gone", "It is gone.")
    await page.approve(plan)
    await page.stands()
    await yard.acting._watcher.run(lambda: None)
    other = await page.plan(slug="one")
    yard.deeds.raises.clear()
    await page.approve(other)
    await page.stands()
    await yard.sea.until(lambda: asked)
    assert asked == [1], "once, and not for a run that did nothing"


# ---- the journal -------------------------------------------------------------------------------------------


async def test_the_journal_comes_in_pages_newest_first(yard: Yard) -> None:
    page = await yard.page()
    assert await page.ask("GET", "/journal") == {
        "entries": [],
        "more": False,
        "damage": [],
        "folder": str(yard.sea.comfyui.base / "user/__comfyfixersmart/journal"),
    }
    await page.approve(await page.plan(slug="one"))
    await page.stands()
    whole = (await page.ask("GET", "/journal"))["entries"]
    assert whole[0]["event"] == "ended" and len(whole) == 6
    seen, before = [], ""
    for _ in range(6):
        told = await page.ask("GET", f"/journal?limit=1&before={before}")
        seen += told["entries"]
        before = told["entries"][-1]["id"]
        assert told["more"] == (len(seen) < 6)
    assert seen == whole
    assert (await page.ask("GET", f"/journal?before={before}"))["entries"] == []
    assert (await page.ask("GET", "/journal?before=unknown"))["entries"] == []
    for limit in ("x", "-1", "99999", "1e3", "٣"):
        assert await page.code("GET", f"/journal?limit={limit}") == (400, "bad_body")


# ---- several users -----------------------------------------------------------------------------------------


async def test_a_run_is_its_owners_and_others_see_only_that_something_goes_on(yards: Yard) -> None:
    ann, bob = await yards.page("ann_1"), await yards.page("bob_2")
    plan = await ann.plan(slug="one")
    assert await bob.code("GET", f"/plan?digest={plan['digest']}") == (404, "unknown_plan")
    assert await bob.code("POST", "/approve", {"digest": plan["digest"]}) == (404, "unknown_plan")
    (id,) = (one["id"] for one in plan["actions"])
    yards.deeds.hold(id)
    run = (await ann.approve(plan))["run"]
    await asyncio.to_thread(yards.deeds.reached, id)
    assert run["actor"] == "panel:Ann"
    seen = await bob.run()
    assert (seen["id"], seen["state"], seen["total"]) == (run["id"], "running", 1)
    assert seen["actions"] == seen["workflows"] == [] and INK not in json.dumps(seen) and "Ann" not in json.dumps(seen)
    assert await bob.code("POST", "/run", {"do": "cancel"}) == (403, "not_yours")
    assert await bob.code("POST", "/approve", {"digest": (await bob.plan(slug="one"))["digest"]}) == (409, "busy")
    assert (await bob.ask("GET", "/status"))["run"]["state"] == "running"
    yards.deeds.let_go(id)
    assert (await ann.stands())["actions"][0]["state"] == "done"
    assert await bob.run() is None and (await bob.ask("GET", "/status"))["run"] is None
    assert (await bob.ask("GET", "/journal"))["entries"] == []
    assert (await ann.ask("GET", "/journal"))["entries"][0]["actor"] == "panel:Ann"
    told = json.dumps(yards.sea.events("run"))
    assert '"done"' in told and INK not in told and "Ann" not in told


async def test_what_another_users_workflow_uses_is_linked_and_not_moved_away(yards: Yard) -> None:
    sea = yards.sea
    (sea.comfyui.base / "models/vae").mkdir(parents=True, exist_ok=True)
    (sea.comfyui.base / "models/vae/heron.safetensors").write_bytes(content("heron"))
    sea.save("needs.json", graph("heron.safetensors"), "ann_1")
    await sea.check()
    ann = await yards.page("ann_1")
    (action,) = (await ann.plan(slug="needs"))["actions"]
    assert action["kind"] == "move", "nobody uses it where it is"
    node = {
        "id": 1,
        "type": "VAELoader",
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "widgets_values": ["heron.safetensors"],
    }
    sea.save("uses.json", json.dumps({"nodes": [node], "links": [], "version": 0.4}), "bob_2")
    await sea.check()
    (action,) = (await ann.plan(slug="needs"))["actions"]
    assert (action["kind"], action["link"]) == ("link", "hard") and "bob" not in json.dumps(action).lower()


async def test_nobody_undoes_what_another_one_did(yards: Yard) -> None:
    ann, bob = await yards.page("ann_1"), await yards.page("bob_2")
    run = (await ann.approve(await ann.plan(slug="one")))["run"]
    await ann.stands()
    done = next(one for one in (await ann.ask("GET", "/journal"))["entries"] if one["event"] == "done")
    told = (await bob.ask("POST", "/undo", {"entries": [done["id"]]}))["undone"]
    assert [(one["ok"], one["error"]["code"]) for one in told] == [(False, "unknown_entry")]
    assert (await bob.ask("POST", "/undo", {"run": run["id"]}))["undone"] == []
    assert await bob.code("POST", "/run", {"do": "resume"}) == (404, "no_run")
    assert all(one["event"] != "undone" for one in (await ann.ask("GET", "/journal"))["entries"])


async def test_consents_are_of_a_size(yard: Yard) -> None:
    page = await yard.page()
    plan = await page.plan(slug="one")
    many = {f"{at:010x}": ["pickle"] for at in range(6000)}
    assert await page.code("POST", "/approve", {"digest": plan["digest"], "consents": many}) == (413, "too_large")
    assert not yard.deeds.begun and (await page.ask("GET", "/journal"))["entries"] == []
