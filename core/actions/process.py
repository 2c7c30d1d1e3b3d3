"""What tells one process from all others, on this computer and on those that share a folder with it."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_BOOT_JITTER = 30.0  # seconds; where the boot has no id, its time is told a little differently each time


class Process(NamedTuple):
    """`boot`, `space`: the start of the computer, and the space in which process ids are given out; "" if not told."""

    host: str
    boot: str
    space: str
    pid: int
    began: str


def this_process() -> Process:
    """The process that runs this."""
    pid = os.getpid()
    return Process(socket.gethostname(), boot(), _space(), pid, began(pid))


@cache
def boot() -> str:
    """Names the time since this computer was switched on."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    psutil: Any = importlib.import_module("psutil")
    return f"{psutil.boot_time():.0f}"


def same_boot(one: str, other: str) -> bool:
    """Whether two answers of `boot` mean the same. Where that cannot be told, they do not."""
    if one.isdecimal() and other.isdecimal():
        return abs(float(one) - float(other)) < _BOOT_JITTER
    return one == other != ""


def _space() -> str:
    with contextlib.suppress(OSError):
        return os.readlink("/proc/self/ns/pid")  # each container numbers its processes anew
    return ""


def began(pid: int) -> str:
    """When a process began, as text that stays the same; "" where there is none of that number.

    On Linux in ticks since the computer was switched on: the time of day may be set while a process runs.
    """
    if pid <= 0:
        return ""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if told[0] in (b"Z", b"X") else told[19].decode("ascii")
    except (OSError, IndexError):
        if os.path.isdir("/proc/self"):
            return ""
    psutil: Any = importlib.import_module("psutil")
    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except psutil.Error:
        return ""


def stand_back() -> None:
    """Let this thread work only when nobody else of this computer wants to, as far as the system lets a thread say so.

    For good, so only for threads that are made for one piece of long work. Beside four downloads at full speed the event
    loop of the same process was late by a third to two thirds less, and the downloads were as fast.
    """
    if sys.platform == "linux":  # elsewhere the number of a thread means nothing, or another process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
