"""Work beside ComfyUI's event loop that lets it go on.

Two things in Python would keep it waiting. A thread that makes many objects starts full passes of the garbage
collector: a ComfyUI that has loaded torch holds about two million objects, and every thread stands still while they
are looked through (measured in 0.3.75: 280 to 820 ms each, five during one scan of 644 workflows). And a thread that
computes gives way only after 5 ms (1 ms instead: what the loop waits in one of a hundred cases fell from 13 to 8 ms).
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TURN = 0.001  # seconds
BREATH = 1.0  # seconds between two moments at which long work lets the collector in

_lock = threading.Lock()
_working = 0  # threads within `quietly`
_before: tuple[bool, float] = (True, 0.005)  # what the first of them found


@contextmanager
def quietly() -> Iterator[None]:
    """While any thread is within: no automatic pass of the collector, and short turns. Explicit passes, as ComfyUI
    makes between prompts, still run.

    At the end the garbage made since the last `settle` is collected: a pass over that alone.
    """
    _enter()
    try:
        yield
    except BaseException:
        settle()
        raise
    finally:
        _leave()


@contextmanager
def quietly_for_long(every: float = BREATH) -> Iterator[Callable[[], None]]:
    """`quietly` for work of minutes, which calls what it gets as often as it likes.

    At most once in `every` seconds the garbage made since is collected, ComfyUI's too: a pass over young objects alone. So nothing piles
    up, and still no pass looks through all that torch has loaded.
    """
    lock, last = threading.Lock(), time.monotonic()

    def breathe() -> None:
        nonlocal last
        with lock:
            if time.monotonic() - last >= every:
                gc.collect(1)
                last = time.monotonic()

    with quietly():
        yield breathe


def settle() -> None:
    """Within `quietly`: what is alive now is kept, and no young pass needs to look through it.

    For after work that makes no cycles. Freezing and unfreezing puts the young objects among the old ones; whole lists
    are moved, and nothing is looked at.
    """
    if _working:
        gc.freeze()
        gc.unfreeze()


def _enter() -> None:
    global _working, _before
    with _lock:
        if not _working:
            _before = gc.isenabled(), sys.getswitchinterval()
            gc.disable()
            sys.setswitchinterval(min(TURN, _before[1]))
        _working += 1


def _leave() -> None:
    global _working
    with _lock:
        _working -= 1
        if not _working:
            collecting, turn = _before
            sys.setswitchinterval(turn)
            if collecting:
                gc.collect(0)
                gc.enable()
