"""Answers on disk: found again within their time, never in the way when anything about them is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.sources import answers as module
from comfyfixersmart.core.sources.answers import Answers

HOUR, DAY = 3600.0, 86_400.0
VALUE = {"files": [{"name": "tusche_é.safetensors", "size": 12, "half": "\ud800"}], "none": None, "deep": [[1.5, True]]}


def only_file(folder: Path) -> Path:
    (found,) = folder.rglob("*.json")
    return found


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "answers" if request.param == "disk" else None


def test_an_answer_is_good_for_its_time(folder: Path | None, clock: Any) -> None:
    answers = Answers(folder, now=clock.now)
    assert answers.get("one", "tree a/b", DAY, HOUR) is None
    put = answers.put("one", "tree a/b", VALUE)
    assert (put.value, put.when, put.cached) == (VALUE, clock.now(), False)
    clock.forward(DAY - 1)
    for same in (answers, Answers(folder, now=clock.now)) if folder else (answers,):
        heard = same.get("one", "tree a/b", DAY, HOUR)
        assert heard is not None and (heard.value, heard.when, heard.cached) == (VALUE, clock.start, True)
    assert answers.get("one", "tree a/B", DAY, HOUR) is None and answers.get("two", "tree a/b", DAY, HOUR) is None
    assert answers.get("one", "tree a/b", HOUR, DAY) is None, "how long is the asker's decision"
    clock.forward(1)
    assert answers.get("one", "tree a/b", DAY, HOUR) is None


def test_that_there_is_no_such_thing_is_an_answer_too(folder: Path | None, clock: Any) -> None:
    answers = Answers(folder, now=clock.now)
    answers.put("one", "hash ab", None)
    clock.forward(HOUR - 1)
    heard = answers.get("one", "hash ab", DAY, HOUR)
    assert heard is not None and heard.value is None and heard.cached
    clock.forward(1)
    assert answers.get("one", "hash ab", DAY, HOUR) is None


def test_an_answer_from_the_future_is_none(folder: Path | None, clock: Any) -> None:
    """The clock went back: nobody knows how old it is."""
    answers = Answers(folder, now=clock.now)
    answers.put("one", "q", [1])
    clock.forward(-DAY)
    assert answers.get("one", "q", DAY, DAY) is None
    assert answers.put("one", "q", [2]).when == clock.now()
    heard = answers.get("one", "q", DAY, DAY)
    assert heard is not None and heard.value == [2]


def test_what_was_given_can_be_changed_without_harm(folder: Path | None, clock: Any) -> None:
    answers = Answers(folder, now=clock.now)
    value = {"a": [1]}
    first = answers.put("one", "q", value)
    value["a"].append(2)
    first.value["a"].append(3)
    for _ in range(2):
        heard = answers.get("one", "q", DAY, DAY)
        assert heard is not None and heard.value == {"a": [1]}
        heard.value["a"].append(4)


def test_a_person_can_read_the_file(tmp_path: Path, clock: Any) -> None:
    Answers(tmp_path, now=clock.now).put("hugging_face", "tree a/b@main \ud800", {"a": 1})
    file = only_file(tmp_path)
    assert file.parent == tmp_path / "hugging_face" and len(file.stem) == 40
    assert json.loads(file.read_text("ascii")) == {
        "schema": 1, "question": "tree a/b@main ?", "when": clock.now(), "asked": "2023-11-14 22:13:20 UTC",
        "sum": "f9d86028c6e0d64e", "value": {"a": 1},
    }  # fmt: skip
    assert Answers(tmp_path, now=clock.now).get("hugging_face", "tree a/b@main \ud800", DAY, DAY) is not None


@pytest.mark.parametrize("source", ["../out", "a/b", "", "A", ".", "a" * 41, "a\0", "con:"])
def test_a_source_whose_name_is_no_folder_is_kept_in_memory(tmp_path: Path, clock: Any, source: str) -> None:
    answers = Answers(tmp_path / "in", now=clock.now)
    answers.put(source, "q", 1)
    assert answers.get(source, "q", DAY, DAY) is not None
    assert not list(tmp_path.rglob("*"))


def test_cut_at_every_byte_it_is_asked_again(tmp_path: Path, clock: Any) -> None:
    Answers(tmp_path, now=clock.now).put("one", "q", VALUE)
    file = only_file(tmp_path)
    whole = file.read_bytes()
    for length in range(len(whole) - 1):  # the last byte is the end of the line
        file.write_bytes(whole[:length])
        answers = Answers(tmp_path, now=clock.now)
        assert answers.get("one", "q", DAY, DAY) is None
        answers.put("one", "q", VALUE)
        assert file.read_bytes() == whole


def test_a_changed_byte_never_changes_an_answer(tmp_path: Path, clock: Any) -> None:
    Answers(tmp_path, now=clock.now).put("one", "q", VALUE)
    file = only_file(tmp_path)
    whole = file.read_bytes()
    for at in range(0, len(whole), 2):
        for byte in (0x22, whole[at] ^ 1):
            file.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
            heard = Answers(tmp_path, now=clock.now).get("one", "q", 1e10, DAY)
            assert heard is None or heard.value == VALUE


BODIES = [b"", b"[]", b"null", b"{}", b'{"schema": 1}', b'{"schema": 0, "question": "q", "when": 1, "value": 1}',
          b'{"schema": 1, "question": "other", "when": 1700000000, "sum": "6b86b273ff34fce1", "value": 1}',
          b'{"schema": 1, "question": "q", "when": "1700000000", "sum": "6b86b273ff34fce1", "value": 1}',
          b'{"schema": 1, "question": "q", "when": true, "sum": "6b86b273ff34fce1", "value": 1}',
          b'{"schema": 1, "question": "q", "when": NaN, "sum": "6b86b273ff34fce1", "value": 1}',
          b'{"schema": 1, "question": "q", "when": -1, "sum": "6b86b273ff34fce1", "value": 1}',
          b'{"schema": 1, "question": "q", "when": 1e300, "sum": "6b86b273ff34fce1", "value": 1}',
          b'{"schema": 1, "question": "q", "when": 1700000000}',
          b'{"schema": 1, "question": "q", "when": 1700000000, "sum": "6b86b273ff34fce1", "value": 2}',
          b"[" * 100_000, b"\x00" * 50]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_file_of_another_shape_is_no_answer(tmp_path: Path, clock: Any, body: bytes) -> None:
    Answers(tmp_path, now=clock.now).put("one", "q", 1)
    file = only_file(tmp_path)
    file.write_bytes(body)
    answers = Answers(tmp_path, now=clock.now)
    assert answers.get("one", "q", 1e12, 1e12) is None
    answers.put("one", "q", 2)
    assert json.loads(file.read_bytes())["value"] == 2


def test_an_answer_of_a_newer_version_is_left_alone(tmp_path: Path, clock: Any) -> None:
    Answers(tmp_path, now=clock.now).put("one", "q", 1)
    file = only_file(tmp_path)
    file.write_text('{"schema": 2, "value": "new"}')
    answers = Answers(tmp_path, now=clock.now)
    assert answers.get("one", "q", DAY, DAY) is None
    answers.put("one", "q", 2)
    assert file.read_text() == '{"schema": 2, "value": "new"}'
    heard = answers.get("one", "q", DAY, DAY)
    assert heard is not None and heard.value == 2, "in memory it is known"


def test_a_disk_that_takes_nothing_costs_only_time(tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_atomic", full)
    answers = Answers(tmp_path / "sub", now=clock.now)
    assert answers.put("one", "q", 1).value == 1
    assert answers.get("one", "q", DAY, DAY) is not None
    (tmp_path / "file").write_text("")
    monkeypatch.undo()
    answers = Answers(tmp_path / "file", now=clock.now)
    assert answers.put("one", "q", 1).value == 1 and answers.get("one", "q", DAY, DAY) is not None


def test_what_another_process_asked_is_found(tmp_path: Path, clock: Any) -> None:
    mine, theirs = Answers(tmp_path, now=clock.now), Answers(tmp_path, now=clock.now)
    mine.put("one", "q", 1)
    clock.forward(DAY)
    theirs.put("one", "q", 2)
    heard = mine.get("one", "q", DAY, DAY)
    assert heard is not None and heard.value == 2


def test_there_are_never_too_many(tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go; what is not ours stays."""
    monkeypatch.setattr(module, "EVERY", 20)
    monkeypatch.setattr(module, "MOST_FILES", 50)
    (tmp_path / "one").mkdir()
    stranger = tmp_path / "one" / "notes.json"
    stranger.write_text("mine")
    answers = Answers(tmp_path, now=clock.now)
    monkeypatch.setattr(answers, "trim", lambda: Answers.trim(answers, 50, 1 << 20))
    for number in range(200):
        answers.put("one", f"q{number}", number)
        file = max(tmp_path.rglob("*.json"), key=lambda one: one.stat().st_mtime_ns)
        os.utime(file, (number, number)) if file != stranger else None
        assert len(list(tmp_path.rglob("*.json"))) <= 50 + 21 + 1
    assert stranger.read_text() == "mine"
    fresh = Answers(tmp_path, now=clock.now)
    assert fresh.get("one", "q199", DAY, DAY) is not None and fresh.get("one", "q0", DAY, DAY) is None
    answers = Answers(tmp_path, now=clock.now)
    answers.trim(1_000, 2_000)
    assert sum(one.stat().st_size for one in tmp_path.rglob("*.json")) <= 2_000


def test_what_a_killed_run_left_behind_goes(tmp_path: Path, clock: Any) -> None:
    answers = Answers(tmp_path, now=clock.now)
    answers.put("one", "q", 1)
    left = tmp_path / "one" / f".{'a' * 40}.json.0123456789ab.tmp"
    left.write_text("half")
    os.utime(left, (0, 0))
    answers.trim()
    assert not left.exists()


def test_memory_is_bounded(tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10_000)
    answers = Answers(tmp_path, now=clock.now)
    for number in range(200):
        answers.put("one", f"q{number % 150}", "x" * 500)
        assert answers._weight == sum(len(text) for _, text in answers._recent.values()) <= 10_000
    answers.put("one", "large", "x" * 20_000)
    assert answers._weight == 0 and not answers._recent
    heard = answers.get("one", "large", DAY, DAY)
    assert heard is not None and len(heard.value) == 20_000


_KILLED = """
import sys
from pathlib import Path
from comfyfixersmart.core.sources.answers import Answers
answers = Answers(Path(sys.argv[1]))
print("go", flush=True)
for round in range(10**6):
    for number in range(5):
        answers.put("one", f"q{number}", {"round": round, "text": "x" * 3000})
"""


def test_a_kill_leaves_only_whole_answers(tmp_path: Path) -> None:
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None and child.stdout.readline() == b"go\n"
        while not list(tmp_path.rglob("[0-9a-f]*.json")):
            time.sleep(0.01)
        child.kill()
        child.wait()
        child.stdout.close()
        for file in tmp_path.rglob("[0-9a-f]*.json"):
            assert len(json.loads(file.read_bytes())["value"]["text"]) == 3000


def test_several_threads_and_one_answer(tmp_path: Path, clock: Any) -> None:
    answers = Answers(tmp_path, now=clock.now)
    asked: list[int] = []
    begun = threading.Barrier(6)

    def work() -> None:
        begun.wait()
        with answers.asking("one", "q", lambda: True):
            if answers.get("one", "q", DAY, DAY) is None:
                asked.append(1)
                answers.put("one", "q", 1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(asked) == 1 and not answers._asking


def test_nobody_waits_for_ever_for_another(clock: Any) -> None:
    answers = Answers(None, now=clock.now)
    with answers.asking("one", "q", lambda: True):
        thread = threading.Thread(target=lambda: answers.asking("one", "q", lambda: False).__enter__())
        thread.start()
        thread.join(3)
        assert not thread.is_alive()
