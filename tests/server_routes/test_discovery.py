"""Looking up what is missing after each cycle: off until switched on, nothing asked twice, and never in anybody's way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from comfyfixersmart.core.schedule import RETRY

from .searching import graph

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0


@pytest.fixture
async def on(sea: Any) -> Any:
    """Switched on, with two workflows, before any cycle."""
    sea.save("one.json", graph("harbour.safetensors", "storm.safetensors"))
    sea.save("two.json", graph("harbour.safetensors", nodes=["Lighthouse"]))
    sea.world.states = {"harbour.safetensors": "RESOLVED", "storm.safetensors": "UNCERTAIN"}
    sea.consent("civitai", discovery=True)
    return sea


async def test_off_nobody_is_ever_asked(sea: Any) -> None:
    sea.save("one.json", graph("harbour.safetensors"))
    sea.consent("civitai")
    await sea.first_cycle()
    for number in range(3):
        sea.save(f"new{number}.json", graph(f"boat{number}.safetensors"))
        sea.sleep(3 * HOUR)
        await sea.check()
    told = await sea.looked_up()
    assert told == {"on": False, "state": "idle", "why": None, "done": 0, "total": 0, "last": None, "next": None}
    assert not sea.world.sessions and not sea.world.asked


async def test_on_but_never_asked_whom_nobody_is_asked(sea: Any) -> None:
    sea.save("one.json", graph("harbour.safetensors"))
    sea.service.preferences.change({"discovery": True})
    await sea.first_cycle()
    assert not (await sea.looked_up())["on"] and not sea.world.sessions


async def test_each_thing_is_looked_up_once_and_shown(on: Any) -> None:
    await on.first_cycle()
    told = await on.looked_up()
    assert sorted(on.world.asked) == ["Lighthouse", "harbour.safetensors", "storm.safetensors"]
    last = told["last"]
    assert (told["on"], told["state"], last["outcome"], last["looked_up"], last["left"]) == (True, "idle", "done", 3, 0)
    assert on.wall - 20 < last["started"] <= last["finished"] <= on.wall and last["error"] is None
    assert told["next"] == on.service.status(on.user)["cycle"]["next"]
    assert on.found("one") == {"harbour.safetensors": "RESOLVED", "storm.safetensors": "UNCERTAIN"}
    assert len({one["revision"] for one in on.events("library")}) == 2
    assert "NOT_FOUND" in (on.reports() / "two.json").read_text()
    assert on.search.job(on.user) == {"job": None}, "it is nobody's search"
    assert not on.events("resolve")
    assert on.world.closed == len(on.world.sessions)


async def test_nothing_is_asked_twice_within_its_time(on: Any) -> None:
    await on.first_cycle()
    await on.looked_up()
    on.world.asked.clear()
    for _ in range(3):
        await on.check()
        assert (await on.looked_up())["last"]["looked_up"] == 0
    assert not on.world.asked
    on.sleep(DAY + MINUTE)
    await on.check()
    await on.looked_up()
    assert sorted(on.world.asked) == ["Lighthouse", "storm.safetensors"], "what was found is trusted for longer"
    on.sleep(6 * DAY)
    on.world.asked.clear()
    await on.check()
    await on.looked_up()
    assert sorted(on.world.asked) == ["Lighthouse", "harbour.safetensors", "storm.safetensors"]


async def test_only_what_is_new_or_changed(on: Any) -> None:
    await on.first_cycle()
    await on.looked_up()
    on.world.asked.clear()
    on.save("three.json", graph("storm.safetensors", "reef.safetensors"))
    on.comfyui.put("models/checkpoints/harbour.safetensors", b"x" * 10)
    await on.pass_(10)
    await on.looked_up()
    assert on.world.asked == ["reef.safetensors"]


async def test_a_service_that_is_down_is_asked_again_later_not_at_every_cycle(on: Any) -> None:
    on.world.down = {"civitai"}
    await on.first_cycle()
    await on.looked_up()
    on.world.asked.clear()
    for _ in range(5):
        on.sleep(10 * MINUTE)
        await on.check()
        await on.looked_up()
    assert not on.world.asked
    on.world.down = set()
    on.sleep(10 * MINUTE)
    await on.check()
    await on.looked_up()
    assert len(on.world.asked) == 3
    assert on.found("two")["Lighthouse"] == "NOT_FOUND"


async def test_more_services_are_a_reason_to_ask_again(on: Any) -> None:
    await on.first_cycle()
    await on.looked_up()
    on.world.asked.clear()
    on.consent("huggingface", "civitai")
    await on.check()
    await on.looked_up()
    assert len(on.world.asked) == 3


async def test_a_prompt_pauses_it_between_two_questions(on: Any) -> None:
    queue = on.comfyui.server.prompt_queue.running
    on.world.before = lambda want: queue.append((1, "id", {}, {}, [])) if len(on.world.asked) == 1 else None
    await on.first_cycle()
    told = await on.looked_up()
    assert len(on.world.asked) == 1, "none was begun after the prompt"
    assert (told["state"], told["why"]) == ("waiting", "prompt_running")
    assert (told["last"]["outcome"], told["last"]["looked_up"], told["last"]["left"]) == ("paused", 1, 2)
    on.world.before = lambda want: None
    await on.pass_(60)
    assert len(on.world.asked) == 1
    queue.clear()
    await on.pass_(1)
    assert (await on.looked_up())["last"]["outcome"] == "done"
    assert len(on.world.asked) == 3, "it went on with what was left"


async def test_it_does_not_begin_during_a_prompt(on: Any) -> None:
    on.world.before = lambda want: pytest.fail("asked during a prompt")
    on.service.checks.scan(lambda *_: None, lambda: False)
    on.comfyui.server.prompt_queue.running.append((1, "id", {}, {}, []))
    on.service.discovery.cycle_ended()
    await on.cycle.turn()
    assert (await on.looked_up())["why"] == "prompt_running"


async def test_a_person_goes_first(on: Any) -> None:
    on.world.held = "storm.safetensors"
    await on.first_cycle()
    await on.until(on.world.reached.is_set)
    assert on.discovery()["state"] == "running"
    on.world.before = lambda want: setattr(on.world, "held", None)
    job = on.begin(slug="two")
    assert job["state"] == "running", "it is not busy for it"
    told = await on.looked_up()
    assert on.job()["state"] == "done" and on.job()["done"] == 2
    assert on.world.asked[:2] == ["harbour.safetensors", "Lighthouse"]
    assert told["last"]["outcome"] == "done"
    assert sorted(on.world.asked) == ["Lighthouse", "harbour.safetensors", "storm.safetensors"]


async def test_a_person_goes_first_even_when_both_begin_in_the_same_moment(on: Any) -> None:
    on.service.discovery.pause = lambda: None  # the look-up was not there yet when the person began
    on.world.held = "storm.safetensors"
    await on.first_cycle()
    await on.until(on.world.reached.is_set)
    on.begin(slug="two")
    await on.until(lambda: on.job()["state"] == "done")
    assert on.world.asked == ["harbour.safetensors", "Lighthouse"]


async def test_it_waits_while_a_person_searches(on: Any) -> None:
    on.service.checks.scan(lambda *_: None, lambda: False)
    on.world.held = "harbour.safetensors"
    on.begin(slug="two")
    await on.until(on.world.reached.is_set)
    on.service.discovery.cycle_ended()
    await on.cycle.turn()
    told = on.discovery()
    assert (told["state"], told["why"]) == ("waiting", "search_running")
    on.world.held = None
    await on.at_rest()


@pytest.mark.parametrize("after", [{"discovery": False}, {"sources": []}, {"sources": None}, {"discovery": None}])
async def test_switched_off_it_stops_at_once(on: Any, after: dict[str, Any]) -> None:
    on.world.held = "storm.safetensors"
    await on.first_cycle()
    await on.until(on.world.reached.is_set)
    on.service.preferences.change(after)
    await on.at_rest()
    on.world.held = None
    told = await on.looked_up()
    assert told["last"]["outcome"] == "cancelled"
    assert "storm.safetensors" not in on.world.asked or after == {"sources": []}


async def test_a_failure_is_said_and_not_repeated_at_once(on: Any, caplog: pytest.LogCaptureFixture) -> None:
    on.world.fails = OSError(28, "No space left on device", "/protected/x.json")
    await on.first_cycle()
    told = await on.looked_up()
    assert (told["last"]["outcome"], told["last"]["error"]["code"]) == ("failed", "os_error")
    assert "No space left" in caplog.text
    for _ in range(3):
        await on.check()
        await on.looked_up()
    assert len(on.world.asked) == 1
    on.world.fails = None
    await on.pass_(RETRY)
    assert (await on.looked_up())["last"]["outcome"] == "done"


async def test_a_restart_shows_the_last_one_and_asks_nothing_twice(on: Any) -> None:
    await on.first_cycle()
    last = (await on.looked_up())["last"]
    on.world.asked.clear()
    on.start()
    await on.cycle.turn()
    assert on.discovery()["last"] == last
    await on.check()
    await on.looked_up()
    assert not on.world.asked


async def test_a_kill_in_the_middle_costs_only_what_was_not_found_yet(on: Any) -> None:
    on.world.held = "storm.safetensors"
    await on.first_cycle()
    await on.until(on.world.reached.is_set)
    on.start()  # the old threads know nothing of the new start
    on.world.held = None
    await on.until(lambda: len(on.world.asked) == 3)
    on.world.asked.clear()
    await on.check()
    await on.looked_up()
    assert "harbour.safetensors" not in on.world.asked


async def test_every_user_has_their_own_and_the_status_names_nothing(seas: Any) -> None:
    seas.save("anns.json", graph("harbour.safetensors"), "ann_1")
    seas.save("bobs.json", graph("storm.safetensors"), "bob_2")
    seas.consent("civitai", discovery=True)
    await seas.first_cycle()
    told = await seas.looked_up()
    assert (told["last"]["looked_up"], told["last"]["outcome"]) == (2, "done")
    ann, bob = seas.named("Ann"), seas.named("Bob")
    assert seas.found("anns", ann) == {"harbour.safetensors": "NOT_FOUND"}
    assert seas.found("bobs", bob) == {"storm.safetensors": "NOT_FOUND"}
    seas.world.fails = OSError(28, "No space left on device", "/users/ann_1/x.json")
    seas.save("more.json", graph("reef.safetensors"), "ann_1")
    await seas.pass_(10)
    told = await seas.looked_up()
    assert told["last"]["error"]["code"] == "os_error"
    text = json.dumps([told, seas.events("cycle"), seas.events("library")])
    assert not any(word in text for word in ("harbour", "storm", "reef", "ann_1"))
