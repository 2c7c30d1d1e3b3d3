"""kill -9 in the middle of a download, again and again: how many bytes does the server send twice?"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from downloads_server import MB, File, Nginx

HERE = Path(__file__).resolve().parent
LIMIT = 120  # seconds for one start to come as far as its kill
QUIET = ["--quiet", "--no-conf", "--file-allocation=none", "-x1", "-s1"]
STARTED = 64 << 10  # bytes that a program may write before it has any of the file


class Killed(NamedTuple):
    """One file, fetched in spite of `kills` kills. Bytes that were sent again, after each kill and in all."""

    kills: int
    again: list[int]
    total: int
    right: bool


Command = Callable[[str, Path, File], list[str]]


def ours(url: str, path: Path, file: File) -> list[str]:
    """Our own, started anew like ComfyUI after a crash."""
    asked = {"url": url, "path": str(path), "size": file.size, "sha256": file.sha256}
    return [sys.executable, str(HERE / "downloads_child.py"), "once", json.dumps(asked)]


def curl(url: str, path: Path, file: File) -> list[str]:
    """curl that goes on at the file's length."""
    return ["curl", "-sS", "-f", "-C", "-", "-o", str(path), url]


def aria2(url: str, path: Path, file: File) -> list[str]:
    """aria2 that goes on by its control file, which it writes once a minute."""
    check = f"--checksum=sha-256={file.sha256}"
    return ["aria2c", *QUIET, "-c", check, "-d", str(path.parent), "-o", path.name, url]


def killed(command: Command, server: Nginx, folder: Path, kills: int, seed: int = 5) -> Killed:
    """Fetch the small file at 80 MB/s, killed at `kills` random places; none in the last quarter, as each comes a bit late."""
    file = server.small
    folder.mkdir()
    path = folder / file.name
    url, before = server.url(file.name, slow=True), server.lines()
    chance = random.Random(seed)
    places = sorted(chance.randrange(file.size // 50, file.size * 3 // 4) for _ in range(kills))
    done = 0
    for before_it, place in itertools.pairwise([0, *places]):
        process = _started(command(url, path, file))
        if _has_written(process, place - before_it):
            process.kill()
            done += 1
        process.wait(LIMIT)
    _started(command(url, path, file)).wait(LIMIT)
    requests = [one for one in server.settled(before, done + 1) if one.sent > 1]  # one byte: a question, not the file
    right = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    shutil.rmtree(folder)
    again = [max(0, one.start + one.sent - then.start) for one, then in itertools.pairwise(requests)]
    return Killed(done, again, sum(one.sent for one in requests) - file.size, right)


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _has_written(process: subprocess.Popen[bytes], much: int) -> bool:
    """Wait until this process has written so many bytes more than at its start; False when it ended before."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        if _written(process.pid) >= much + STARTED:
            return True
        time.sleep(0.0005)
    process.kill()
    raise OSError(f"{much / MB:.1f} MiB were not written within {LIMIT} s")


def _written(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/io").read_text()
    except OSError:  # it has just ended
        return 0
    return int(told.partition("wchar:")[2].split()[0])
