"""How a source asks: from the answers first, each step told, and nothing but NoAnswer ever raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, NoAnswer
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import DAY, Asker
from comfyfixersmart.core.sources.types import Step


def thing(asker: Asker, replay: Any) -> Callable[[], Any]:
    return lambda: asker.http.json(replay.address + "/thing").body["name"]


def test_a_question_is_asked_once(asker: Asker, replay: Any, clock: Any) -> None:
    replay.add("GET", "/thing", {"name": "ink"})
    told: list[str] = []
    asker.told = told.append
    ask = lambda: asker.ask("one", "thing", "Asked for it", thing(asker, replay), found=lambda value: f"found {value}")  # noqa: E731
    first = ask()
    clock.forward(90)
    second = ask()
    assert (first.value, first.cached, second.value, second.cached) == ("ink", False, "ink", True)
    assert asker.steps == [Step("one", "Asked for it", "found ink"), Step("one", "Asked for it", "found ink", 90.0)]
    assert len(replay.log) == 1 and told == ["Asked for it"] * 2
    clock.forward(DAY)
    assert not ask().cached and len(replay.log) == 2


def test_nothing_is_remembered_as_well(asker: Asker, clock: Any) -> None:
    calls: list[int] = []
    for passed in (0, 50, 20):
        clock.forward(passed)
        heard = asker.ask("one", "q", "Asked", lambda: calls.append(1), ttl=DAY, absent_ttl=60)
        assert heard.value is None
    assert len(calls) == 2
    assert [(one.outcome, one.age, one.silent) for one in asker.steps] == [
        ("nothing", None, False), ("nothing", 50.0, False), ("nothing", None, False)
    ]  # fmt: skip


def test_a_source_that_does_not_answer_is_told_and_not_remembered(asker: Asker, replay: Any) -> None:
    replay.add("GET", "/thing", {"name": "ink"})
    replay.fault("/thing", replay.Fault.html, times=1)
    with pytest.raises(NoAnswer) as caught:
        asker.ask("one", "thing", "Asked for it", thing(asker, replay))
    assert caught.value.code == "not_json"
    told = Step("one", "Asked for it", "no answer: it sent a web page instead of data", None, True)
    assert asker.steps == [told]
    assert asker.ask("one", "thing", "Asked for it", thing(asker, replay)).value == "ink"
    assert asker.steps == [told, Step("one", "Asked for it", "found")]


ODD = [{}, {"name": None}, {"name": 5}, [], None, '"name"', 5, {"name": []}, {"name": {"a": 1}}]


@pytest.mark.parametrize("body", ODD)
def test_an_answer_of_another_shape_is_no_answer(asker: Asker, replay: Any, body: Any) -> None:
    replay.add("GET", "/thing", replay.Reply(body))

    def fetch() -> Any:
        value = asker.http.json(replay.address + "/thing").body
        return value["name"].upper()[0]

    with pytest.raises(NoAnswer) as caught:
        asker.ask("one", "thing", "Asked", fetch)
    assert caught.value.code == "unexpected_shape" and asker.steps[0].silent
    assert asker.answers.get("one", "thing", DAY, DAY) is None


@pytest.mark.parametrize("value", [{1, 2}, object(), {"a": b"bytes"}, {(1, 2): 3}])
def test_only_plain_json_is_kept(asker: Asker, value: Any) -> None:
    with pytest.raises(NoAnswer) as caught:
        asker.ask("one", "q", "Asked", lambda: value)
    assert caught.value.code == "unexpected_shape"


def test_words_that_fail_are_no_answer_either(asker: Asker) -> None:
    with pytest.raises(NoAnswer) as caught:
        asker.ask("one", "q", "Asked", lambda: {"files": None}, found=lambda value: f"{len(value['files'])} files")
    assert caught.value.code == "unexpected_shape"


def test_a_note_is_a_step(asker: Asker) -> None:
    asker.note("disk", "Looked at the lists on this disk", "nothing")
    assert asker.steps == [Step("disk", "Looked at the lists on this disk", "nothing")]


def test_cancelling_ends_even_what_is_known(replay: Any, clock: Any) -> None:
    stop: list[int] = []
    asker = Asker(Http(trusted={replay.host}, clock=clock, cancel=lambda: bool(stop)), Answers(None, now=clock.now))
    asker.ask("one", "q", "Asked", lambda: 1)
    asker.check()
    stop.append(1)
    for call in (asker.check, lambda: asker.ask("one", "q", "Asked", lambda: 1)):
        with pytest.raises(NoAnswer) as caught:
            call()
        assert caught.value.code == "cancelled"


def test_two_searches_and_one_question(asker: Asker, replay: Any, http: Http) -> None:
    """The second waits for the first one's answer."""
    begun = threading.Event()

    def slow(request: Any) -> Any:
        begun.set()
        time.sleep(0.2)
        return {"name": "ink"}

    replay.add("GET", "/thing", slow)
    second = Asker(http, asker.answers)
    thread = threading.Thread(target=lambda: asker.ask("one", "thing", "Asked", thing(asker, replay)))
    thread.start()
    begun.wait()
    assert second.ask("one", "thing", "Asked", thing(second, replay)).cached
    thread.join()
    assert len(replay.log) == 1 and not asker.steps[0].silent


def test_when_the_first_one_fails_the_second_asks(asker: Asker, replay: Any, http: Http) -> None:
    begun = threading.Event()

    def slow(request: Any, due: Any) -> Any:
        begun.set()
        time.sleep(0.2)
        return replay.Fault.html(request, due)

    replay.add("GET", "/thing", {"name": "ink"})
    replay.fault("/thing", slow, times=1)
    silent: list[str] = []

    def first() -> None:
        try:
            asker.ask("one", "thing", "Asked", thing(asker, replay))
        except NoAnswer as error:
            silent.append(error.code)

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait()
    second = Asker(http, asker.answers)
    assert second.ask("one", "thing", "Asked", thing(second, replay)).value == "ink"
    thread.join()
    assert silent == ["not_json"] and len(replay.log) == 2


def test_a_killed_search_goes_on_where_it_was(tmp_path: Path, replay: Any, http: Http, clock: Any) -> None:
    replay.add("GET", "/n/{at}", lambda request: int(request.names["at"]))

    def run(until: int) -> None:
        asker = Asker(http, Answers(tmp_path, now=clock.now))
        for at in range(until):
            asker.ask("one", f"n {at}", "Asked", lambda at=at: http.json(f"{replay.address}/n/{at}").body)

    run(7)
    run(20)
    assert [one.path for one in replay.log] == [f"/n/{at}" for at in range(20)]
