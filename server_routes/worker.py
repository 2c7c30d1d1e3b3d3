"""One thread of our own for long work, a piece at a time.

asyncio's own pool is joined when the interpreter ends, so a scan in it would hold up the end of ComfyUI; a daemon
thread is simply dropped, which is safe because every write is atomic.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Runs functions one after the other; `run` waits for the result without holding the event loop."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any], asyncio.AbstractEventLoop]] = (
            queue.SimpleQueue()
        )
        self._name = name
        self._thread: threading.Thread | None = None

    async def run(self, job: Callable[[], T]) -> T:
        """The result of `job`, or what it raised."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((job, future, loop))
        return await future

    def _serve(self) -> None:
        while True:
            job, future, loop = self._jobs.get()
            try:
                result, error = job(), None
            except BaseException as raised:  # whatever it is, the waiting task must hear of it
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:  # the loop is closed: ComfyUI is ending
                return


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled meanwhile
        return
    if error is not None:
        future.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
    else:
        future.set_result(result)
