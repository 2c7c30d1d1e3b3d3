"""One thread of our own for long work, a piece at a time.

asyncio's own pool is joined when the interpreter ends, so a scan in it would hold up the end of ComfyUI; a daemon
thread is simply dropped, which is safe because every write is atomic.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_log = logging.getLogger("comfyfixersmart.worker")


class Worker:
    """Does one thing after the other. `run` waits for the result without holding the event loop, `do` does not wait."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many jobs have not begun."""
        return self._jobs.qsize()

    def do(self, job: Callable[[], Any]) -> None:
        """Let `job` be done when its turn comes. For any thread; what it raises is logged and ends nothing."""
        self._jobs.put(job)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()

    async def run(self, job: Callable[[], T]) -> T:
        """The result of `job`, or what it raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            result, error = None, None
            try:
                result = job()
            except BaseException as raised:  # whatever it is, the waiting task must hear of it
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: ComfyUI is ending
                loop.call_soon_threadsafe(_settle, future, result, error)

        self.do(work)
        return await future

    def _serve(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except BaseException:
                _log.warning(
                    "ComfyFixerSmart: a fault in %s. That is ours; please report it.", self._name, exc_info=True
                )
            del job  # else what it held would be kept until the next one


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled meanwhile
        return
    if error is not None:
        future.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
    else:
        future.set_result(result)
