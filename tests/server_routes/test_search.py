"""A search that a person asks for: consent, progress, cancel, errors, users, what it leaves behind."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.resolution.store import Store
from comfyfixersmart.server_routes.search import TELL

from .searching import graph


@pytest.fixture
async def ready(sea: Any) -> Any:
    """Two workflows in the list, and a person who lets two services be asked."""
    sea.save("one.json", graph("harbour.safetensors", "storm.safetensors"))
    sea.save("two.json", graph("harbour.safetensors", nodes=["Lighthouse"]))
    sea.world.states = {"harbour.safetensors": "RESOLVED", "storm.safetensors": "UNCERTAIN"}
    await sea.first_cycle()
    sea.consent("huggingface", "civitai")
    return sea


def code(call: Any) -> str:
    with pytest.raises(ComfyFixerError) as raised:
        call()
    return raised.value.code


# ---- who may be asked --------------------------------------------------------------------------------------


async def test_without_a_word_of_the_person_nobody_is_asked(sea: Any) -> None:
    sea.save("one.json", graph("harbour.safetensors"))
    await sea.first_cycle()
    assert code(sea.begin) == "no_consent"
    await sea.at_rest()
    assert sea.search.job(sea.user) == {"job": None}
    assert not sea.world.sessions and not sea.events("resolve")


async def test_only_this_computer_is_an_answer_too(ready: Any) -> None:
    ready.consent()
    job = await ready.ended()
    assert job["state"] == "done"
    assert [one["values"].sources for one in ready.world.sessions] == [()]


async def test_a_run_gets_what_the_person_set(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYFIXERSMART_CIVITAI_KEY", "a-key-of-your-own")
    await ready.ended()
    (given,) = ready.world.sessions
    state = ready.comfyui.base / "user/__comfyfixersmart"
    assert given["values"].sources == ("huggingface", "civitai")
    assert given["keys"] == {"civitai": "a-key-of-your-own"}
    assert given["state"] == given["shared"] == state
    assert {file.name for file in given["workflows"]} == {"one.json", "two.json"}
    assert ready.world.closed == 1


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ({"sources": ["civitai"]}, "cancelled"),
        ({"sources": None}, "cancelled"),
        ({"sources": []}, "cancelled"),
        ({"endpoints": None}, "cancelled"),
        ({"endpoints": {"civitai": "https://other.example"}}, "cancelled"),
        ({"sources": ["huggingface", "civitai", "modelscope"]}, "running"),
        ({"cycle_hours": 5}, "running"),
    ],
)
async def test_who_is_taken_off_the_list_is_asked_no_longer(ready: Any, after: dict[str, Any], state: str) -> None:
    ready.service.preferences.change({"endpoints": {"civitai": "https://mirror.example"}})
    ready.world.held = "storm.safetensors"
    ready.begin()
    await ready.until(ready.world.reached.is_set)
    ready.service.preferences.change(after)
    assert ready.job()["state"] == state
    ready.world.held = None
    await ready.at_rest()
    assert ("storm.safetensors" in ready.world.asked) == (state == "running")


async def test_a_settings_file_changed_by_hand_counts_within_seconds(ready: Any) -> None:
    ready.world.held = "storm.safetensors"
    ready.begin()
    await ready.until(ready.world.reached.is_set)
    ready.comfyui.put("user/__comfyfixersmart/settings.json", '{"schema": 1, "sources": ["civitai"]}')
    await ready.pass_(4)
    assert ready.job()["state"] == "cancelled"


# ---- what it does ------------------------------------------------------------------------------------------


async def test_the_whole_library(ready: Any) -> None:
    before = ready.library()
    told = ready.begin()
    assert (told["state"], told["scope"], told["slug"], told["results"]) == ("running", "library", None, {})
    await ready.at_rest()
    job = ready.job()
    assert (job["id"], job["state"], job["done"], job["total"]) == (told["id"], "done", 3, 3)
    assert job["counts"] == {"RESOLVED": 1, "UNCERTAIN": 1, "NOT_FOUND": 1}
    assert job["now"] is None and job["error"] is None and job["silent"] == []
    assert job["results"] == {}, "they are shown with their workflows"
    assert sorted(ready.world.asked) == ["Lighthouse", "harbour.safetensors", "storm.safetensors"], "each once"
    after = ready.library()
    assert after["revision"] != before["revision"] and after["when"] == before["when"]
    assert ready.events("library")[-1] == {"revision": after["revision"]}
    assert ready.found("one") == {"harbour.safetensors": "RESOLVED", "storm.safetensors": "UNCERTAIN"}
    assert ready.found("two") == {"harbour.safetensors": "RESOLVED", "Lighthouse": "NOT_FOUND"}
    report = json.loads((ready.reports() / "two.json").read_text())
    assert {one["resolution"]["state"] for one in report["workflow"]["findings"] if one["resolution"]} == {
        "RESOLVED",
        "NOT_FOUND",
    }
    assert len(after["history"]) == 1, "a search is no check"


async def test_one_listed_workflow(ready: Any) -> None:
    job = await ready.ended(slug="two")
    assert (job["scope"], job["slug"], job["state"], job["total"]) == ("workflow", "two", "done", 2)
    assert {one["name"]: one["state"] for one in job["results"].values()} == {
        "harbour.safetensors": "RESOLVED",
        "Lighthouse": "NOT_FOUND",
    }
    assert all(key == one["key"] for key, one in job["results"].items())
    assert ready.search.cancel(ready.user)["job"]["results"] == {}, "only asking for it gives them"
    assert ready.found("one") == {"harbour.safetensors": "RESOLVED"}, "what one workflow found counts for all"


async def test_the_graph_on_the_canvas(ready: Any) -> None:
    open_graph = json.loads(graph("storm.safetensors"))
    job = await ready.ended(workflow=open_graph, name="Unsaved Workflow")
    assert (job["scope"], job["slug"], job["state"]) == ("open", None, "done")
    assert [one["name"] for one in job["results"].values()] == ["storm.safetensors"]
    page = ready.service.check_graph(ready.user, open_graph, "Unsaved Workflow")
    assert [one["resolution"]["state"] for one in page["findings"] if one["resolution"]] == ["UNCERTAIN"]
    job = await ready.ended(workflow={"nodes": "x"}, name="")
    assert (job["state"], job["total"], job["results"]) == ("done", 0, {})


async def test_nothing_is_asked_twice_unless_again(ready: Any) -> None:
    await ready.ended()
    asked = len(ready.world.asked)
    assert (await ready.ended())["done"] == 3
    assert len(ready.world.asked) == asked
    ready.world.states["Lighthouse"] = "RESOLVED"
    job = await ready.ended(again=True)
    assert len(ready.world.asked) == 2 * asked
    assert job["counts"]["RESOLVED"] == 2 and ready.found("two")["Lighthouse"] == "RESOLVED"


async def test_how_far_it_is_can_be_seen(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfyfixersmart.server_routes.search.TELL", 0.0)
    ready.world.down = {"civitai"}
    ready.world.held = "storm.safetensors"
    ready.begin(slug="one")
    await ready.until(ready.world.reached.is_set)
    job = ready.job()
    assert (job["state"], job["done"], job["total"]) == ("running", 1, 2)
    assert job["counts"] == {"RESOLVED": 1, "UNCERTAIN": 0, "NOT_FOUND": 0}
    assert job["now"]["name"] == "storm.safetensors" and job["silent"] == ["civitai"]
    ready.world.held = None
    await ready.at_rest()
    told = [one["job"] for one in ready.events("resolve")]
    assert [one["state"] for one in told] == ["running"] * (len(told) - 1) + ["done"]
    assert [one["done"] for one in told] == sorted(one["done"] for one in told)
    shape = {"id", "state", "scope", "done", "total", "counts", "silent", "error"}
    assert all(set(one) == shape for one in told)
    assert "storm" not in json.dumps(told) and "one" not in {str(each) for one in told for each in one.values()}


async def test_events_are_not_a_flood(ready: Any) -> None:
    names = [f"boat{number}.safetensors" for number in range(100)]
    ready.save("many.json", graph(*names))
    began = time.monotonic()
    await ready.ended(workflow=json.loads(graph(*names)))
    assert len(ready.events("resolve")) <= 3 + (time.monotonic() - began) / TELL


# ---- one at a time, and its end ----------------------------------------------------------------------------


async def test_one_search_at_a_time(ready: Any) -> None:
    ready.world.held = "harbour.safetensors"
    first = ready.begin()
    await ready.until(ready.world.reached.is_set)
    for asked in ({}, {"slug": "one"}, {"workflow": {"nodes": []}}):
        assert code(lambda asked=asked: ready.begin(**asked)) == "busy"
    assert ready.job()["id"] == first["id"]
    ready.world.held = None
    await ready.at_rest()
    assert (await ready.ended(slug="one"))["id"] == first["id"] + 1


async def test_a_workflow_that_is_not_listed(ready: Any) -> None:
    assert code(lambda: ready.begin(slug="three")) == "unknown_workflow"
    assert ready.search.job(ready.user) == {"job": None}


async def test_cancel_is_heard_at_once_and_what_was_found_stays(ready: Any) -> None:
    ready.world.held = "storm.safetensors"
    ready.begin(slug="one")
    await ready.until(ready.world.reached.is_set)
    began = time.monotonic()
    job = ready.search.cancel(ready.user)["job"]
    assert job["state"] == "cancelled" and job["now"] is None
    assert ready.events("resolve")[-1]["job"]["state"] == "cancelled"
    await ready.at_rest()
    assert time.monotonic() - began < 1
    job = ready.job()
    assert (job["state"], job["done"], job["counts"]["RESOLVED"]) == ("cancelled", 1, 1)
    assert [one["state"] for one in job["results"].values()] == ["RESOLVED"]
    assert ready.found("one") == {"harbour.safetensors": "RESOLVED"}
    ready.world.held = None
    assert (await ready.ended(slug="one"))["state"] == "done"
    assert ready.world.asked == ["harbour.safetensors", "storm.safetensors"], "it went on where it was"


async def test_another_can_begin_while_a_cancelled_one_still_ends(ready: Any) -> None:
    ready.world.held = "harbour.safetensors"
    ready.world.before = lambda want: time.sleep(0.2)  # a service that takes its time
    ready.begin(slug="one")
    ready.search.cancel(ready.user)
    ready.world.held, ready.world.before = None, lambda want: None
    job = await ready.ended(slug="two")
    assert (job["state"], job["slug"], job["done"]) == ("done", "two", 2)


async def test_cancelling_nothing_is_no_harm(ready: Any) -> None:
    assert ready.search.cancel(ready.user) == {"job": None}
    done = await ready.ended()
    assert ready.search.cancel(ready.user)["job"]["state"] == done["state"] == "done"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device", "/protected/x.json"), "os_error"),
        (ComfyFixerError("newer_schema", "written by a newer version", "Update."), "newer_schema"),
        (ZeroDivisionError("ours"), "internal_error"),
        (RecursionError(), "internal_error"),
    ],
)
async def test_an_error_is_told_and_ends_nothing_else(
    ready: Any, error: Exception, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    ready.world.fails = error
    job = await ready.ended()
    assert (job["state"], job["error"]["code"]) == ("failed", expected) and job["error"]["message"]
    assert ready.events("resolve")[-1]["job"]["state"] == "failed"
    assert any(record.levelno == logging.WARNING for record in caplog.records)
    assert ready.world.closed == 1
    ready.world.fails = None
    assert (await ready.ended())["state"] == "done"


async def test_keys_that_cannot_be_read_are_said(ready: Any) -> None:
    ready.comfyui.put("user/__comfyfixersmart/keys.json", "{")
    job = await ready.ended()
    assert (job["state"], job["error"]["code"]) == ("failed", "damaged_keys")
    assert not ready.world.asked


async def test_a_list_that_cannot_be_kept_costs_no_verdict(ready: Any) -> None:
    ready.comfyui.put("user/__comfyfixersmart/library.json", '{"schema": 99}')
    (ready.reports() / "dashboard.html").write_text("my own notes")
    job = await ready.ended()
    assert job["state"] == "done"
    assert ready.found("one")["harbour.safetensors"] == "RESOLVED"
    assert (ready.reports() / "dashboard.html").read_text() == "my own notes"


async def test_what_was_found_is_there_after_a_restart(ready: Any) -> None:
    await ready.ended()
    ready.start()
    assert ready.search.job(ready.user) == {"job": None}
    assert ready.found("one")["storm.safetensors"] == "UNCERTAIN"
    asked = len(ready.world.asked)
    assert (await ready.ended())["state"] == "done"
    assert len(ready.world.asked) == asked


async def test_what_the_command_line_found_is_seen_at_the_next_check(ready: Any) -> None:
    assert ready.found("one") == {}
    want = next(iter(ready.service.app().wants(ready.service.shelf(ready.user).last.checked[0]).values()))
    elsewhere = Store(ready.service.host.state_folder(), now=ready.world.now)
    elsewhere.put(replace(ready.world.verdict(want, ()), when=ready.wall), ("civitai",))
    await ready.check()
    assert ready.found("one")[want.name] == ready.world.states[want.name]


async def test_a_search_before_the_first_cycle_asks_for_one(sea: Any) -> None:
    sea.save("one.json", graph("harbour.safetensors"))
    sea.consent("civitai")
    assert (await sea.ended())["done"] == 1
    await sea.pass_(2)
    assert sea.service.status(sea.user)["cycle"]["last"]["reason"] == "asked"
    assert sea.found("one") == {"harbour.safetensors": "NOT_FOUND"}


async def test_a_cycle_and_a_search_at_the_same_time(ready: Any) -> None:
    for number in range(40):
        ready.save(f"more{number}.json", graph(f"boat{number}.safetensors"))
    ready.begin()
    ready.service.request_scan(ready.user)
    await ready.pass_(4)
    await ready.at_rest()
    assert ready.job()["state"] == "done" and ready.job()["total"] >= 43
    assert ready.service.status(ready.user)["cycle"]["last"]["outcome"] == "done"
    await ready.check()
    assert ready.found("more39") == {"boat39.safetensors": "NOT_FOUND"}


async def test_it_has_a_thread_of_its_own_that_holds_up_no_end(ready: Any) -> None:
    seen: list[threading.Thread] = []
    ready.world.before = lambda want: seen.append(threading.current_thread())
    await ready.ended()
    assert {one.name for one in seen} == {"comfyfixersmart-resolve"} and all(one.daemon for one in seen)


# ---- choices -----------------------------------------------------------------------------------------------


async def test_a_choice_is_remembered_with_its_reason(ready: Any) -> None:
    job = await ready.ended(slug="one")
    (key,) = [key for key, one in job["results"].items() if one["state"] == "UNCERTAIN"]
    before = ready.library()["revision"]
    told = ready.search.choose(ready.user, key, "civitai:2/3", "it is the one I had")["resolution"]
    assert (told["state"], told["rung"], told["choice"]["reason"]) == ("RESOLVED", "chosen", "it is the one I had")
    await ready.at_rest()
    assert ready.library()["revision"] != before
    assert "it is the one I had" in (ready.reports() / "one.json").read_text()
    ready.start()
    assert ready.found("one")["storm.safetensors"] == "RESOLVED"
    told = ready.search.choose(ready.user, key, None, "")["resolution"]
    assert (told["state"], told["choice"]) == ("UNCERTAIN", None)


async def test_a_choice_that_cannot_be(ready: Any) -> None:
    assert code(lambda: ready.search.choose(ready.user, "nobody asked", "x", "")) == "unknown_question"
    job = await ready.ended(slug="one")
    key = next(iter(job["results"]))
    assert code(lambda: ready.search.choose(ready.user, key, "civitai:9/9", "")) == "unknown_candidate"


async def test_a_choice_during_a_search_is_not_lost(ready: Any) -> None:
    job = await ready.ended(slug="one")
    (key,) = [key for key, one in job["results"].items() if one["state"] == "UNCERTAIN"]
    ready.world.held = "harbour.safetensors"
    ready.world.reached.clear()
    ready.begin(slug="one", again=True)
    await ready.until(ready.world.reached.is_set)
    ready.search.choose(ready.user, key, "civitai:2/3", "mine")
    ready.world.held = None
    await ready.at_rest()
    assert ready.job()["results"][key]["choice"]["reason"] == "mine"
    assert ready.found("one")["storm.safetensors"] == "RESOLVED"


# ---- several users -----------------------------------------------------------------------------------------


@pytest.fixture
async def both(seas: Any) -> Any:
    seas.save("anns.json", graph("harbour.safetensors", "storm.safetensors"), "ann_1")
    seas.save("bobs.json", graph("harbour.safetensors"), "bob_2")
    seas.world.states = {"harbour.safetensors": "RESOLVED"}
    await seas.first_cycle()
    seas.consent("civitai")
    return seas


async def test_another_user_sees_how_far_it_is_and_no_name(both: Any) -> None:
    ann, bob = both.named("Ann"), both.named("Bob")
    both.world.held = "storm.safetensors"
    both.begin(ann, slug="anns")
    await both.until(both.world.reached.is_set)
    for job in (both.job(bob), *(one["job"] for one in both.events("resolve"))):
        text = json.dumps(job)
        assert not any(word in text for word in ("harbour", "storm", "anns", "ann_1"))
    job = both.job(bob)
    assert (job["state"], job["done"], job["total"]) == ("running", 1, 2)
    assert (job["slug"], job["now"], job["results"]) == (None, None, {})
    assert code(lambda: both.search.cancel(bob)) == "not_yours"
    assert code(lambda: both.begin(bob)) == "busy"
    both.world.held = None
    await both.at_rest()
    assert both.job(bob)["results"] == {} and both.job(ann)["results"]
    assert both.search.cancel(bob)["job"]["state"] == "done"


async def test_verdicts_and_choices_are_their_own(both: Any) -> None:
    ann, bob = both.named("Ann"), both.named("Bob")
    job = await both.ended(ann, slug="anns")
    assert both.found("anns", ann) == {"harbour.safetensors": "RESOLVED", "storm.safetensors": "NOT_FOUND"}
    assert both.found("bobs", bob) == {}
    key = next(key for key, one in job["results"].items() if one["state"] == "RESOLVED")
    assert code(lambda: both.search.choose(bob, key, "civitai:2/3", "")) == "unknown_question"
    both.search.choose(ann, key, "civitai:2/3", "for Ann")
    await both.at_rest()
    state = both.comfyui.base / "user/__comfyfixersmart"
    assert {one["shared"] for one in both.world.sessions} == {state}
    assert os.listdir(state / "users/ann_1/resolutions") and not (state / "users/bob_2/resolutions").exists()
    assert {file.name for one in both.world.sessions for file in one["workflows"]} == {"anns.json"}
    assert not list((both.comfyui.base / "output").rglob("*"))


async def test_not_even_an_error_names_anything_to_others(both: Any) -> None:
    ann, bob = both.named("Ann"), both.named("Bob")
    both.world.fails = OSError(28, "No space left on device", "/user/__comfyfixersmart/users/ann_1/x.json")
    await both.ended(ann)
    assert "ann_1" in both.job(ann)["error"]["message"]
    for job in (both.job(bob), both.events("resolve")[-1]["job"]):
        assert job["error"]["code"] == "os_error" and "ann_1" not in json.dumps(job)
