"""One owner per run: within a process, between processes, after a kill, and whatever lies in the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.process import began, this_process
from comfyfixersmart.core.actions.running import claims as module
from comfyfixersmart.core.actions.running.claims import HALF_MADE, SILENT, Claims
from comfyfixersmart.core.errors import ComfyFixerError

RUN = "20261129-101500-0123abcd"
HOLDER = """
import sys
from pathlib import Path
from comfyfixersmart.core.actions.running.claims import Claims
try:
    claim = Claims(Path(sys.argv[1])).take(sys.argv[2])
    print("held", flush=True)
    if sys.stdin.readline().strip() == "release":
        claim.release()
        print("released", flush=True)
        sys.stdin.readline()
except Exception as error:
    print(error.code, flush=True)
"""


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path)


def refused(claims: Claims) -> bool:
    try:
        claims.take(RUN)
    except ComfyFixerError as error:
        assert error.code == "run_in_hand" and error.hint
        return True
    return False


@contextmanager
def holder(folder: Path) -> Iterator[Any]:
    """Another process that has taken the run, or has said why not."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        child.said = child.stdout.readline().strip()  # type: ignore[attr-defined]
        yield child
    finally:
        child.kill()
        child.communicate()


def test_one_in_a_process(claims: Claims) -> None:
    assert not claims.held(RUN)
    claim = claims.take(RUN)
    assert claims.held(RUN) and refused(claims)
    claim.beat()
    claim.release()
    assert not claims.held(RUN)
    claims.take(RUN).release()
    other = claims.take("20261129-101500-ffffffff")
    assert not claims.held(RUN), "each run has its own"
    other.release()


def test_of_many_threads_one_gets_it(claims: Claims) -> None:
    for _ in range(10):
        ready, won = threading.Barrier(8), []

        def take(ready: threading.Barrier = ready, won: list[Any] = won) -> None:
            ready.wait(10)
            with suppress(ComfyFixerError):
                won.append(claims.take(RUN))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(won) == 1
        won[0].release()


def test_one_of_all_processes(claims: Claims, tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        assert first.said == "held" and claims.held(RUN) and refused(claims)
        with holder(tmp_path) as second:
            assert second.said == "run_in_hand"
        print("release", file=first.stdin, flush=True)
        assert first.stdout.readline().strip() == "released"
        claim = claims.take(RUN)  # given back by a process that lives on
        with holder(tmp_path) as third:
            assert third.said == "run_in_hand"
        claim.release()


def test_a_killed_owner_holds_nothing(claims: Claims, tmp_path: Path) -> None:
    with holder(tmp_path) as child:
        assert child.said == "held" and claims.held(RUN)
        child.kill()
        child.wait()
        assert not claims.held(RUN)
        claims.take(RUN).release()


def edited(folder: Path, **changes: Any) -> Path:
    """A claim as another process would have left it."""
    path = folder / f"{RUN}.1.claim"
    path.write_text(json.dumps({"schema": 1, **this_process()._asdict(), "nonce": "0123456789abcdef", **changes}))
    return path


def test_a_number_that_another_process_has_now(claims: Claims, tmp_path: Path) -> None:
    """Numbers of processes are given out again; the time of their beginning tells them apart."""
    edited(tmp_path, began="1")
    assert not claims.held(RUN)
    edited(tmp_path, pid=1, began=began(1))
    assert claims.held(RUN)
    edited(tmp_path, pid=2**22 + 5)
    assert not claims.held(RUN)
    for odd in (-1, 0, True, None, "1"):
        edited(tmp_path, pid=odd, began="")
        assert not claims.held(RUN)


def test_this_very_process_without_the_object(claims: Claims, tmp_path: Path) -> None:
    edited(tmp_path)
    assert not claims.held(RUN)


def test_this_computer_was_switched_off(claims: Claims, tmp_path: Path) -> None:
    edited(tmp_path, boot="another", pid=1, began=began(1))
    assert not claims.held(RUN)


@pytest.mark.parametrize("elsewhere", [{"host": "other", "boot": "b"}, {"space": "pid:[1]"}])
def test_another_computer_or_container_is_believed_for_a_while(
    claims: Claims, tmp_path: Path, elsewhere: dict[str, str]
) -> None:
    path = edited(tmp_path, **elsewhere)
    assert claims.held(RUN)
    old = time.time() - SILENT - 1
    os.utime(path, (old, old))
    assert not claims.held(RUN)


def test_a_living_owner_gives_signs_of_life(claims: Claims, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = claims.take(RUN)
    path = tmp_path / f"{RUN}.1.claim"
    os.utime(path, (1000, 1000))
    claim.beat()
    assert path.stat().st_mtime == 1000, "not at every call"
    monkeypatch.setattr(module, "BEAT", 0.0)
    claim.beat()
    assert time.time() - path.stat().st_mtime < 60
    claim.release()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"schema": 1', b"\0\0"])
def test_a_claim_that_is_being_written_counts_for_a_minute(claims: Claims, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / f"{RUN}.1.claim"
    path.write_bytes(data)
    assert claims.held(RUN)
    old = time.time() - HALF_MADE - 1
    os.utime(path, (old, old))
    assert not claims.held(RUN)
    claims.take(RUN).release()
    assert (tmp_path / f"{RUN}.2.claim").exists(), "the next number, never the same again"


def test_a_newer_versions_claim_is_respected(claims: Claims, tmp_path: Path) -> None:
    edited(tmp_path, schema=2, released=True)
    assert claims.held(RUN)


def test_no_room_leaves_no_hold(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **more: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "open", full)
        with pytest.raises(OSError, match="No space"):
            claims.take(RUN)
    claims.take(RUN).release()
