"""Python's cyclic garbage collector inside ComfyUI, where one full pass holds every thread for half a second.

A ComfyUI that has loaded torch holds about two million objects. Any thread that makes many new ones starts a full
pass over all of them (measured in 0.3.75: 280 to 820 ms), and the event loop stands still meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def set_aside() -> None:
    """Leave out of all later passes what is alive now. Meant for the end of ComfyUI's start: modules live as long as it does.

    Takes no time. What was garbage at that moment and part of a cycle is never freed; no model is loaded yet then.
    """
    gc.freeze()


@contextmanager
def paused() -> Iterator[None]:
    """No automatic pass while we work: what our stages make has no cycles. Explicit ones, as ComfyUI does between
    prompts, still run."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
