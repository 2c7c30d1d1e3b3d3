"""Runs: in which order, what stops what, pause and resume and cancel, and what journal and file say when."""

from __future__ import annotations

import errno
import threading
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import (
    ENABLE_PACK,
    INSTALL_PACK,
    LINK,
    MOVE,
    RELINK,
    ActionFailed,
    Done,
    Offer,
    Output,
    PackTask,
    Stopped,
)
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.http import NoAnswer

from .conftest import SOON, act


def code(call: Any, *given: Any) -> str:
    with pytest.raises(ComfyFixerError) as raised:
        call(*given)
    return raised.value.code


# ---- order -------------------------------------------------------------------------------------------------


def test_local_first_then_downloads_then_what_needs_them_then_packs(bench: Any) -> None:
    actions = (
        act("pack", INSTALL_PACK),
        act("other", ENABLE_PACK),
        act("relink", RELINK, after=("file",)),
        act("file"),
        act("link", LINK),
        act("move", MOVE),
        act("also", MOVE),
    )
    told = bench.ended(bench.run(*actions))
    assert bench.deeds.begun == ["move", "also", "link", "file", "relink", "other", "pack"]
    assert (told["state"], told["done"], told["failed"], told["total"]) == ("done", 7, 0, 7)
    assert [one["id"] for one in told["actions"]] == [one.id for one in actions], "shown as they were planned"
    assert told["error"] is None and told["ended"] == bench.now and not told["can_resume"]


def test_so_many_downloads_at_once_and_one_other_thing(bench: Any) -> None:
    files = [act(f"file{at}") for at in range(7)]
    bench.deeds.hold("file0", "file1", "file2", "relink")
    run = bench.run(*files, act("relink", RELINK), act("again", RELINK), at_once=3)
    bench.deeds.reached("file0", "file1", "file2", "relink")
    assert sorted(bench.deeds.begun) == ["file0", "file1", "file2", "relink"]
    bench.deeds.let_all_go()
    assert bench.ended(run)["state"] == "done"
    assert bench.deeds.at_once == 4


def test_packs_wait_for_all_that_is_under_way_but_not_for_what_is_paused(bench: Any) -> None:
    bench.deeds.hold("file", "other")
    run = bench.run(act("file"), act("other"), act("relink", RELINK, after=("file",)), act("pack", INSTALL_PACK))
    bench.deeds.reached("file", "other")
    run.pause("file")
    bench.deeds.let_go("other")
    told = bench.ended(run)
    assert bench.states(run) == {"file": "paused", "other": "done", "relink": "waits", "pack": "done"}
    assert told["state"] == "paused" and told["can_resume"]


def test_what_needs_what_failed_is_skipped_with_the_reason(bench: Any) -> None:
    bench.deeds.raises["file"] = ActionFailed("mismatch", "It is another file.", "See it.", check="mismatch")
    run = bench.run(
        act("file"), act("other"), act("relink", RELINK, after=("file",)), act("last", RELINK, after=("relink",))
    )
    told = bench.ended(run)
    assert bench.states(run) == {"file": "failed", "other": "done", "relink": "skipped", "last": "skipped"}
    assert told["state"] == "failed" and (told["done"], told["failed"]) == (1, 1)
    by_id = {one["id"]: one for one in told["actions"]}
    assert by_id["file"]["error"] == {"code": "mismatch", "message": "It is another file.", "hint": "See it."}
    assert by_id["file"]["check"] == "mismatch"
    assert "file.safetensors" in by_id["relink"]["note"] and "did not succeed" in by_id["relink"]["note"]
    assert "last" not in " ".join(bench.journal.told), "nothing happened, so there is nothing to journal"


def test_a_plan_whose_actions_wait_for_each_other_ends(bench: Any) -> None:
    run = bench.run(
        act("one", RELINK, after=("two",)), act("two", RELINK, after=("one",)), act("x", MOVE, after=("?",))
    )
    bench.ended(run)
    assert set(bench.states(run).values()) == {"skipped"} and not bench.deeds.begun


def test_a_plan_without_actions_is_done(bench: Any) -> None:
    assert bench.ended(bench.run())["state"] == "done"
    assert bench.journal.told == ["ended"]


# ---- failures ----------------------------------------------------------------------------------------------


def test_another_content_at_the_source_voids_the_whole_approval(bench: Any) -> None:
    bench.deeds.hold("file", "other")
    bench.deeds.raises["file"] = ActionFailed("changed", "The source serves another file.", "Look.", voids=True)
    run = bench.run(act("file"), act("other"), act("third"), act("relink", RELINK, after=("third",)))
    bench.deeds.reached("file", "other")
    bench.deeds.let_go("file")
    told = bench.ended(run)
    assert told["state"] == "voided" and not told["can_resume"]
    assert bench.states(run) == {"file": "failed", "other": "paused", "third": "skipped", "relink": "skipped"}
    assert told["error"]["code"] == "changed" and "new plan" in told["error"]["hint"]
    assert code(run.resume) == code(run.resume, "other") == "cannot_resume"
    assert bench.journal.told[-1] == "ended"
    assert sorted(bench.deeds.begun) == ["file", "other"]


def test_what_can_go_on_later_is_paused_and_the_rest_goes_on(bench: Any) -> None:
    bench.deeds.raises["file"] = ActionFailed("disk_full", "The disk is full.", "Make room.", pauses=True)
    run = bench.run(act("file"), act("other"), act("relink", RELINK, after=("file",)))
    told = bench.ended(run)
    assert told["state"] == "paused" and told["can_resume"] and told["ended"] is None
    assert bench.states(run) == {"file": "paused", "other": "done", "relink": "waits"}
    assert told["actions"][0]["error"]["code"] == "disk_full"
    assert "ended" not in bench.journal.told
    del bench.deeds.raises["file"]
    run.resume()
    told = bench.ended(run)
    assert told["state"] == "done" and told["actions"][0]["error"] is None
    assert sorted(bench.deeds.begun) == ["file", "file", "other", "relink"] and bench.deeds.begun[-1] == "relink"
    assert bench.journal.told[-1] == "ended"


@pytest.mark.parametrize(
    ("raised", "state", "error"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/models/x"), "paused", "disk_full"),
        (PermissionError(errno.EACCES, "Permission denied", "/models/x"), "failed", "os_error"),
        (NoAnswer("unreachable", "the connection broke off", host="a.example"), "paused", "unreachable"),
        (ComfyFixerError("gone", "It is gone.", "Look."), "failed", "gone"),
        (ZeroDivisionError("0"), "failed", "internal_error"),
        (SystemExit(3), "failed", "internal_error"),
    ],
)
def test_whatever_an_action_raises_is_said(bench: Any, raised: BaseException, state: str, error: str) -> None:
    bench.deeds.raises["file"] = raised
    run = bench.run(act("file"), act("other"))
    told = bench.ended(run)
    assert bench.states(run) == {"file": state, "other": "done"}
    assert told["actions"][0]["error"]["code"] == error
    assert set(told["actions"][0]["error"]) == {"code", "message", "hint"}


def test_a_failed_action_can_be_tried_again_by_itself(bench: Any) -> None:
    bench.deeds.raises["file"] = ActionFailed("gone", "It is gone.")
    run = bench.run(act("file"), act("relink", RELINK, after=("file",)))
    bench.ended(run)
    assert code(run.resume) == "cannot_resume", "nothing is paused"
    del bench.deeds.raises["file"]
    run.resume("file")
    assert bench.ended(run)["state"] == "done"
    assert bench.deeds.begun == ["file", "file", "relink"]


# ---- the person's word -------------------------------------------------------------------------------------


def test_pause_and_resume_of_the_whole_run(bench: Any) -> None:
    bench.deeds.hold("file", "other")
    run = bench.run(act("file"), act("other"), act("third"), act("relink", RELINK, after=("third",)))
    bench.deeds.reached("file", "other")
    run.pause()
    told = bench.ended(run)
    assert told["state"] == "paused" and told["can_resume"]
    assert set(bench.states(run).values()) == {"paused"}
    assert bench.kept(run)["state"] == "paused"
    bench.deeds.let_all_go()
    run.resume()
    assert bench.ended(run)["state"] == "done"
    assert bench.journal.told.count("paused file") == 1 and bench.journal.told.count("begun file") == 2


def test_one_action_is_paused_and_the_others_go_on(bench: Any) -> None:
    bench.deeds.hold("file", "other")
    run = bench.run(act("file"), act("other"), act("third"), at_once=2)
    bench.deeds.reached("file", "other")
    run.pause("file")
    bench.deeds.let_go("other")
    told = bench.ended(run)
    assert bench.states(run) == {"file": "paused", "other": "done", "third": "done"} and told["state"] == "paused"
    run.resume("file")
    bench.deeds.reached("file")
    assert run.state == "running"
    bench.deeds.let_go("file")
    assert bench.ended(run)["state"] == "done"


def test_resume_while_the_rest_runs(bench: Any) -> None:
    bench.deeds.hold("other")
    run = bench.run(act("other"), act("file"), at_once=1)
    bench.deeds.reached("other")
    run.pause("file")
    assert bench.states(run)["file"] == "paused"
    run.resume("file")
    bench.deeds.let_go("other")
    assert bench.ended(run)["state"] == "done"


def test_resume_before_it_has_stopped(bench: Any) -> None:
    stopping, may_stop = threading.Event(), threading.Event()

    def slow_to_stop(action: Any, control: Any) -> None:
        if not stopping.is_set():
            control.on_stop(stopping.set)
            assert stopping.wait(SOON) and may_stop.wait(SOON)
            control.check()

    bench.deeds.before = slow_to_stop
    run = bench.run(act("file"))
    for _ in range(1000):
        if bench.deeds.begun:
            break
        threading.Event().wait(0.005)
    run.pause()
    assert stopping.wait(SOON)
    assert run.as_json()["actions"][0]["note"] == "Pausing" and run.state == "running"
    run.resume()
    may_stop.set()
    assert bench.ended(run)["state"] == "done"
    assert bench.deeds.begun == ["file", "file"]


def test_cancel_one_and_cancel_all(bench: Any) -> None:
    bench.deeds.hold("file", "other")
    run = bench.run(act("file"), act("other"), act("third"), act("relink", RELINK, after=("file",)))
    bench.deeds.reached("file", "other")
    run.cancel("file")
    run.cancel("third")
    bench.deeds.let_go("other")
    told = bench.ended(run)
    assert bench.states(run) == {"file": "cancelled", "other": "done", "third": "cancelled", "relink": "skipped"}
    assert told["state"] == "done", "what the person left in it is done"
    assert {"cancelled file", "cancelled third"} < set(bench.journal.told)

    bench.deeds.hold("a")
    run = bench.run(act("a"), act("b"), act("c", RELINK), at_once=1)
    bench.deeds.reached("a")
    run.cancel()
    told = bench.ended(run)
    assert told["state"] == "cancelled" and not told["can_resume"] and told["ended"] is not None
    assert bench.states(run)["a"] == bench.states(run)["b"] == "cancelled"
    assert code(run.resume) == "cannot_resume"


def test_cancel_of_a_run_that_stands(bench: Any) -> None:
    bench.deeds.raises["file"] = ActionFailed("disk_full", "The disk is full.", pauses=True)
    run = bench.run(act("file"), act("relink", RELINK, after=("file",)))
    bench.ended(run)
    run.cancel()
    told = bench.ended(run)
    assert told["state"] == "cancelled" and bench.kept(run)["state"] == "cancelled"
    assert bench.journal.told[-3:] == ["cancelled file", "cancelled relink", "ended"]
    run.cancel()
    assert bench.journal.told.count("ended") == 1, "a second time does nothing"


def test_unknown_actions(bench: Any) -> None:
    run = bench.run(act("file"))
    bench.ended(run)
    assert {code(call, "nothing") for call in (run.pause, run.resume, run.cancel)} == {"unknown_action"}


def test_what_was_done_before_it_heard_is_done(bench: Any) -> None:
    """A pause that comes too late takes nothing back."""
    reached, go = threading.Event(), threading.Event()

    def deaf(action: Any, control: Any) -> None:
        reached.set()
        assert go.wait(SOON)

    bench.deeds.before = deaf
    run = bench.run(act("pack", INSTALL_PACK, pack=PackTask("x", command="comfy node install x")))
    assert reached.wait(SOON)
    run.pause()
    go.set()
    told = bench.ended(run)
    assert told["state"] == "done" and told["actions"][0]["command"] == "comfy node install x"


def test_stopped_without_anyones_word_is_paused(bench: Any) -> None:
    bench.deeds.raises["file"] = Stopped(False)
    assert bench.ended(bench.run(act("file")))["state"] == "paused"


# ---- journal and file --------------------------------------------------------------------------------------


def test_the_journal_is_written_before_anything_is_said(bench: Any) -> None:
    seen: list[tuple[str, str]] = []
    bench.deeds.before = lambda action, control: seen.append((action.id, bench.journal.told[-1]))
    run = bench.run(act("move", MOVE), act("file"), act("relink", RELINK, after=("file",)))
    bench.ended(run)
    assert seen == [(id, f"begun {id}") for id in ("move", "file", "relink")]
    for told in bench.told:
        done = {one["id"] for one in told["actions"] if one["state"] == "done"}
        assert all(f"done {id}" in bench.journal.told for id in done)
    lines = {f"{one.event} {one.action}": one.told for one in bench.journal.lines}
    assert {one["actor"] for one in lines.values()} == {"panel"}
    assert {one["run"] for one in lines.values()} == {run.id}
    assert lines["begun file"]["inputs"] == {"destination": "/models/file.safetensors", "size": 100}
    assert lines["done file"]["outputs"] == (Output("/models/file.safetensors", False, True, 100, None),)
    assert lines["done file"]["check"] == "verified" and lines["done file"]["text"] == "file!"
    assert lines["ended "]["text"] == "done: 3 of 3 done, 0 failed"


def test_what_cannot_be_journalled_is_not_begun(bench: Any) -> None:
    bench.journal.fails["begun"] = OSError(errno.ENOSPC, "No space left on device", "/state/journal")
    run = bench.run(act("file"), act("move", MOVE))
    told = bench.ended(run)
    assert not bench.deeds.begun and told["state"] == "paused" and told["can_resume"]
    assert {one["error"]["code"] for one in told["actions"]} == {"not_written"}
    assert "No space left" in told["actions"][0]["error"]["message"]
    bench.journal.fails.clear()
    run.resume()
    assert bench.ended(run)["state"] == "done"


def test_what_cannot_be_journalled_is_not_said_to_be_done(bench: Any) -> None:
    bench.journal.fails["done"] = OSError(errno.ENOSPC, "No space left on device", "/state/journal")
    run = bench.run(act("file"))
    assert bench.ended(run)["state"] == "paused" and bench.states(run) == {"file": "paused"}
    bench.journal.fails.clear()
    run.resume()
    assert bench.ended(run)["state"] == "done" and bench.deeds.begun == ["file", "file"]


def test_a_run_that_cannot_be_written_down_begins_nothing(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/state/runs")
    run = bench.run(act("file"), begin=False)
    claim = bench.claims.take(run.id)
    with monkeypatch.context() as patch:
        patch.setattr(bench.records, "write", lambda *_: (_ for _ in ()).throw(full))
        run.begin(claim)
        told = bench.ended(run)
    assert told["state"] == "paused" and told["actions"][0]["error"]["code"] == "not_written"
    assert not bench.deeds.begun and not bench.journal.lines
    run.resume()
    assert bench.ended(run)["state"] == "done"


def test_the_offer_that_served_it_stands_first_in_the_journal(bench: Any) -> None:
    offers = (Offer("a", "civitai", "Civitai", "https://a"), Offer("b", "huggingface", "Hugging Face", "https://b"))
    bench.deeds.gives["file"] = Done(offer="b", restart=True)
    told = bench.ended(bench.run(act("file", offers=offers)))
    (done,) = (one for one in bench.journal.lines if one.event == "done")
    assert [one.id for one in done.told["action"].offers] == ["b", "a"]
    assert told["needs_restart"] is True


def test_without_threads_it_stands(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "comfyfixersmart-download":
            raise RuntimeError("can't start new thread")
        real(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        run = bench.run(act("file"), act("other"))
        assert bench.ended(run)["state"] == "paused"
    run.resume()
    assert bench.ended(run)["state"] == "done"
    assert run.brief() == {"id": run.id, "state": "done", "done": 2, "total": 2}


def test_the_file_follows_every_state(bench: Any) -> None:
    bench.deeds.hold("file")
    run = bench.run(act("file"), act("relink", RELINK, after=("file",)))
    bench.deeds.reached("file")
    kept = bench.kept(run)
    assert kept["state"] == "running" and [one["state"] for one in kept["actions"]] == ["running", "waits"]
    assert (bench.records.folder / f"{run.id}.json").stat().st_mode & 0o777 == 0o600
    bench.deeds.let_go("file")
    bench.ended(run)
    assert bench.kept(run) == run.as_json()


def test_after_a_restart_it_goes_on_with_what_is_not_done(bench: Any) -> None:
    bench.deeds.hold("other")
    run = bench.run(act("file"), act("other"), act("relink", RELINK, after=("other",)), at_once=1)
    bench.deeds.reached("other")
    found = bench.again(run)
    told = found.as_json()
    assert told["state"] == "interrupted" and told["can_resume"]
    assert [one["state"] for one in told["actions"]] == ["done", "waits", "waits"]
    assert code(found.resume) == "run_in_hand", "the first one is still at it"
    bench.now += 2000
    assert not found.as_json()["can_resume"], "too late"
    bench.now -= 2000
    run.pause()
    bench.ended(run)
    found = bench.again(run)
    found.resume()
    bench.deeds.reached("other")
    bench.deeds.let_go("other")
    assert bench.ended(found)["state"] == "done"
    assert bench.deeds.begun == ["file", "other", "other", "relink"]


def test_what_may_not_go_on_does_not(bench: Any) -> None:
    bench.deeds.raises["file"] = ActionFailed("disk_full", "The disk is full.", pauses=True)
    run = bench.run(act("file"))
    bench.ended(run)
    bench.refuses = ComfyFixerError("plan_changed", "It was changed.")
    assert code(run.resume) == "plan_changed"
    assert bench.deeds.begun == ["file"] and run.state == "paused"


# ---- progress ----------------------------------------------------------------------------------------------


def test_bytes_are_told_at_most_four_times_a_second(bench: Any) -> None:
    def fetch(action: Any, control: Any) -> None:
        for done in range(100):
            control.tell(done, 100, "")

    bench.deeds.before = fetch
    run = bench.run(act("file"), act("other"))
    told = bench.ended(run)
    assert len(bench.told) < 15, "hundreds of steps, and a few reports"
    assert (told["bytes"], told["bytes_total"]) == (200, 200)
    assert bench.told[-1] == told


def test_a_silent_download_is_told_too(bench: Any) -> None:
    bench.deeds.hold("file")
    run = bench.run(act("file", size=None))
    bench.deeds.reached("file")
    before = len(bench.told)
    for _ in range(500):
        if len(bench.told) > before:
            break
        threading.Event().wait(0.01)
    assert bench.told[-1]["actions"][0]["state"] == "running" and len(bench.told) > before
    assert bench.told[-1]["left"] is None and bench.told[-1]["bytes_total"] == 0
    bench.deeds.let_go("file")
    bench.ended(run)


def test_a_listener_that_fails_stops_nothing(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    run = bench.run(act("file"), begin=False)
    run._on_change = lambda told: 1 / 0  # type: ignore[assignment, return-value]
    run.begin(bench.claims.take(run.id))
    assert bench.ended(run)["state"] == "done"
    assert "could not be told" in caplog.text
