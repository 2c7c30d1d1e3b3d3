"""How the person's word reaches a running action, and how far it is reaches the run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..types import Stopped

_log = logging.getLogger("comfyfixersmart.actions")  # a fixed name: inside ComfyUI, __name__ is a file path

Told = Callable[[int, int | None, str], None]


class Handle:
    """A Control (see types.py). `stop` may be called from any thread, as often as you like."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._stop: Stopped | None = None
        self._wake: Callable[[], None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether the person paused or cancelled it."""
        return self._stop is not None

    def stop(self, *, cancelled: bool) -> None:
        """Let it end: paused, or for good. What was cancelled stays so."""
        with self._lock:
            if self._stop is None or cancelled:
                self._stop = Stopped(cancelled)
            wake, self._wake = self._wake, None
        _call(wake)

    def check(self) -> None:
        stop = self._stop
        if stop is not None:
            raise Stopped(stop.cancelled)

    def tell(self, done: int, total: int | None, note: str = "") -> None:
        self._told(done, total, note)

    def on_stop(self, wake: Callable[[], None] | None) -> None:
        with self._lock:
            late = wake if self._stop is not None else None  # the word came before there was anything to wake
            self._wake = None if late else wake
        _call(late)


def _call(wake: Callable[[], None] | None) -> None:
    if wake is None:
        return
    try:
        wake()
    except Exception:  # the read ends by itself later
        _log.debug("a blocked read could not be woken", exc_info=True)
