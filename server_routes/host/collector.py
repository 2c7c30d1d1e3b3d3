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
    """No automatic pass while we work: what our stages make has no cycles. Explicit ones, as ComfyUI does between
    prompts, still run.

    What we made and kept is then among the old objects at once: left among the young ones, it would all be looked
    through the moment the collector is on again. (Freezing and unfreezing moves the whole lists and looks at nothing.)
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.unfreeze()
            gc.enable()
