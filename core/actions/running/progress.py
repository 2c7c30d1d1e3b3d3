"""How fast bytes come in, how long the rest will take, and how often that is told. Pure, but for the clock it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW = 5.0  # seconds over which the speed is an average
SHORTEST = 0.5  # seconds; a speed over less would jump
STEP = 0.1  # seconds between two marks that are kept
TELL = 0.25  # seconds between two reports of progress

Steady = Callable[[], float]  # seconds that only go forward


class Meter:
    """The speed of one transfer, a moving average. `at` is called with the bytes that are there."""

    def __init__(self, steady: Steady) -> None:
        self._steady = steady
        self._marks: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> None:
        """So many bytes are there now. Fewer than before: it began anew, and so does the average."""
        now = self._steady()
        marks = self._marks
        if marks and done < marks[-1][1]:
            marks.clear()
        if len(marks) >= 2 and now - marks[-2][0] < STEP:
            marks[-1] = (now, done)
        else:
            marks.append((now, done))
        self._forget(now)

    def reset(self) -> None:
        """What comes next is not fetched at the same pace."""
        self._marks.clear()

    def speed(self) -> float | None:
        """Bytes per second; None as long as it cannot be told, 0.0 when nothing came for the whole window."""
        now = self._steady()
        self._forget(now)
        if not self._marks:
            return None
        (since, before), (_, done) = self._marks[0], self._marks[-1]
        span = now - max(since, now - WINDOW)  # after a silence the last mark lies long before the window
        if len(self._marks) == 1:
            return 0.0 if span >= WINDOW else None
        return (done - before) / span if span >= SHORTEST else None

    def _forget(self, now: float) -> None:
        """Keep one mark from before the window: the average begins there."""
        marks = self._marks
        while len(marks) >= 2 and marks[1][0] <= now - WINDOW:
            marks.popleft()


def left(remaining: int | None, speed: float | None) -> float | None:
    """Seconds until the rest is there; None where it cannot be told."""
    if remaining is None or not speed or speed <= 0:
        return None
    return max(0, remaining) / speed


class Throttle:
    """Lets progress be told at most every `TELL` seconds."""

    def __init__(self, steady: Steady, every: float = TELL) -> None:
        self._steady = steady
        self._every = every
        self._last: float | None = None

    def wait(self) -> float:
        """Seconds until the next may be told; 0 when it may now."""
        if self._last is None:
            return 0.0
        return max(0.0, self._last + self._every - self._steady())

    def told(self) -> None:
        """Something was told now."""
        self._last = self._steady()
