"""Python's cyclic garbage collector inside ComfyUI, where one full pass holds every thread for half a second.

A ComfyUI that has loaded torch holds about two million objects. Any thread that makes many new ones starts full
passes over all of them (measured in 0.3.75: 280 to 820 ms each, five during one scan of 644 workflows), and the event
loop stands still meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No automatic pass while we work. Explicit ones, as ComfyUI does between prompts, still run.

    At the end the garbage made since the last `settle` is collected: a pass over that alone.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    except BaseException:
        settle()
        raise
    finally:
        if was_on:
            gc.collect(0)
            gc.enable()


def settle() -> None:
    """Within `paused`: what is alive now is kept, and no young pass needs to look through it.

    For after work that makes no cycles. Freezing and unfreezing puts the young objects among the old ones; whole lists
    are moved, and nothing is looked at.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.unfreeze()
