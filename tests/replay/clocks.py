"""A clock that nobody has to wait for."""

from __future__ import annotations

import threading

from comfyfixersmart.core.http import Clock


class VirtualClock(Clock):
    """Time passes only by sleeping, at once. Threads share it: while one sleeps, it gets later for all."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.start = start
        self.passed = 0.0
        self.slept = 0.0  # seconds in all, of all threads
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.start + self.passed

    def steady(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.passed += max(0.0, seconds)
            self.slept += max(0.0, seconds)

    def forward(self, seconds: float) -> None:
        """It gets later without anybody having waited."""
        with self._lock:
            self.passed += seconds
