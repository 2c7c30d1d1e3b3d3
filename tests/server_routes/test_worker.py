"""Threads of our own: one thing after the other, whatever it raises, and none holds up the end of ComfyUI."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from comfyfixersmart.server_routes.worker import Worker


async def test_one_thing_after_the_other() -> None:
    worker, done = Worker("ours"), []
    for number in range(5):
        worker.do(lambda number=number: done.append(number))
    assert await worker.run(lambda: len(done)) == 5
    assert done == [0, 1, 2, 3, 4]


async def test_what_it_raises_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker("ours")
    worker.do(lambda: 1 / 0)
    with pytest.raises(KeyError):
        await worker.run(lambda: {}["x"])

    def leave() -> None:
        raise SystemExit

    with pytest.raises(RuntimeError, match="SystemExit"):
        await worker.run(leave)
    assert await worker.run(lambda: 7) == 7
    assert "a fault in ours" in caplog.text and "ZeroDivisionError" in caplog.text


async def test_nobody_waits_any_more() -> None:
    worker = Worker("ours")
    waiting = asyncio.create_task(worker.run(lambda: time.sleep(0.05)))
    await asyncio.sleep(0.01)
    waiting.cancel()
    assert await worker.run(lambda: 7) == 7


def test_a_loop_that_ended_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker("ours")

    async def leave() -> None:
        task = asyncio.create_task(worker.run(lambda: time.sleep(0.1)))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(leave())
    assert asyncio.run(worker.run(lambda: 7)) == 7
    assert not caplog.records


def test_work_under_way_does_not_hold_up_the_end() -> None:
    code = (
        "import time; from comfyfixersmart.server_routes.worker import Worker; "
        "Worker('ours').do(lambda: time.sleep(60)); time.sleep(0.1)"
    )
    began = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
    assert time.monotonic() - began < 20
