"""The disk is full, or nobody may write to it: said at once, what is here is kept, and nothing is tried again and again."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.download import owner, transfer
from comfyfixersmart.core.actions.download.place import Place
from comfyfixersmart.core.actions.types import VERIFIED

MIB = 1 << 20
faults = sys.modules["faults_scripted"]


def prepared(bench: Any, size: int, make: Any) -> None:
    bench.data = make("disk", size)
    bench.server.data = bench.data


# ---- a disk that is really full -------------------------------------------------------------------------------


def test_a_small_disk_is_too_small_from_the_start(bench: Any, in_namespace: Any) -> None:
    """Looked at before anything is asked for. 64 MiB stay free."""
    zygote = in_namespace(f"mount -t tmpfs -o size=4m none '{bench.models}'")
    result = zygote.fetch(bench.action())
    assert (result["code"], result["pauses"]) == ("disk_full", True) and not bench.server.asks
    assert "4 MB free" in result["message"] and zygote.run(f"ls '{bench.models}'") == ""


def test_a_disk_that_fills_up_meanwhile(bench: Any, in_namespace: Any, make_file: Any) -> None:
    prepared(bench, 3 * MIB, make_file)
    zygote = in_namespace(f"mount -t tmpfs -o size=4m none '{bench.models}'")
    zygote.run(f"head -c {2 * MIB} /dev/zero > '{bench.models}/other'")
    for _ in range(2):  # and once more while it still is
        result = zygote.fetch(bench.action(), free=1 << 40)
        assert (result["code"], result["pauses"]) == ("disk_full", True)
    kept = int(zygote.run(f"stat -c %s '{bench.models}/{bench.part.name}'"))
    assert MIB < kept < 2 * MIB and not Path(f"{bench.path}").exists()
    zygote.run(f"rm '{bench.models}/other'")
    assert zygote.fetch(bench.action(), free=1 << 40)["check"] == VERIFIED
    assert bench.server.starts[-1] == kept and zygote.run(f"ls '{bench.models}'").split() == [bench.path.name]


def test_a_disk_without_room_for_one_more_name(bench: Any, in_namespace: Any) -> None:
    zygote = in_namespace(f"mount -t tmpfs -o size=4m,nr_inodes=1 none '{bench.models}'")
    result = zygote.fetch(bench.action(), free=1 << 40)
    assert (result["code"], result["pauses"]) == ("disk_full", True) and not bench.server.asks


def test_a_limit_on_the_size_of_files(bench: Any, zygote: Any, make_file: Any) -> None:
    prepared(bench, 3 * MIB, make_file)
    result = zygote.fetch(bench.action(), largest=MIB)
    assert (result["code"], result["pauses"]) == ("disk_full", True) and "no larger file" in result["message"]
    assert bench.part.stat().st_size == MIB
    assert zygote.fetch(bench.action())["check"] == VERIFIED and bench.server.starts == [None, MIB]


def test_a_folder_that_nobody_may_write_to(bench: Any, in_namespace: Any) -> None:
    """As root permissions prove nothing; a read-only mount does."""
    where = f"'{bench.models}'"
    zygote = in_namespace(f"mount --bind {where} {where} && mount -o remount,ro,bind {where}")
    result = zygote.fetch(bench.action())
    assert (result["code"], result["pauses"]) == ("no_permission", False) and not bench.server.asks
    assert str(bench.models) in result["message"]


# ---- what the system says, said by us -------------------------------------------------------------------------


def fails_at(name: str, number: int, monkeypatch: pytest.MonkeyPatch, *, after: int = 0) -> None:
    """`os.<name>` raises this error, after so many calls that go well."""
    calls = iter(range(after))
    real = getattr(os, name)

    def call(*args: Any, **more: Any) -> Any:
        if name == "open" and not args[1] & os.O_CREAT:
            return real(*args, **more)
        if next(calls, None) is not None:
            return real(*args, **more)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("name", ["open", "write", "fsync", "fdatasync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_at_whatever_step(bench: Any, monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    with monkeypatch.context() as context:
        fails_at(name, number, context)
        failed = bench.fails()
    assert (failed.code, failed.pauses) == ("disk_full", True) and not bench.path.exists()
    assert bench.fetch().check == VERIFIED and bench.lies() == [bench.path.name]


@pytest.mark.parametrize(("name", "after"), [("open", 0), ("open", 1), ("open", 2), ("link", 1), ("rename", 0)])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_forbidden_at_whatever_step(
    bench: Any, monkeypatch: pytest.MonkeyPatch, name: str, number: int, after: int
) -> None:
    with monkeypatch.context() as context:
        if name == "rename":
            context.setattr(Place, "link", lambda *_: False)
        fails_at(name, number, context, after=after)
        failed = bench.fails()
    assert (failed.code, failed.pauses) == ("no_permission", False) and len(bench.server.asks) <= 1
    assert bench.fetch().check == VERIFIED and bench.lies() == [bench.path.name]


def test_an_error_of_the_disk_pauses(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        fails_at("fdatasync", errno.EIO, context)
        failed = bench.fails()
    assert (failed.code, failed.pauses) == ("write_failed", True)
    assert bench.fetch().check == VERIFIED


def test_room_is_looked_at_before_and_counts_what_is_here(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.begin(100_000)
    room = transfer.SPARE + 200_000
    monkeypatch.setattr(Place, "free", lambda _: room - 1)
    failed = bench.fails()
    assert (failed.code, failed.pauses) == ("disk_full", True) and not bench.server.asks
    assert str(bench.models) in failed.message and bench.part.stat().st_size == 100_000
    monkeypatch.setattr(Place, "free", lambda _: room)
    assert bench.fetch().check == VERIFIED


def test_room_for_a_size_that_only_the_source_knows(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "free", lambda _: transfer.SPARE + 5)
    failed = bench.fails(bench.action(size=None))
    assert failed.code == "disk_full" and bench.server.asks and bench.lies() == []


def test_a_stream_without_an_end_is_cut(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody said how long it is: the largest file that the policy lets pass."""
    monkeypatch.setattr(transfer, "document", lambda _: {"max_file_gb": 0.0002})
    bench.server.always = faults.answer(chunked=True)
    assert bench.fails(bench.action(size=None)).code == "too_large" and bench.lies() == []


def test_it_is_committed_now_and_then(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "COMMIT", 50_000)
    looks: list[int] = []
    real = owner.Owner.confirm
    monkeypatch.setattr(owner.Owner, "confirm", lambda one: (looks.append(1), real(one))[1])
    bench.server.then(faults.cut(120_000), *[faults.drops] * 20)
    bench.fails()
    assert '"committed": 120000' in Path(f"{bench.part}.json").read_text()
    bench.server._next.clear()
    assert bench.fetch().check == VERIFIED and len(looks) >= 5
