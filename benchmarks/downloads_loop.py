"""Four downloads at once in a process that serves pages like ComfyUI's: how late is its event loop, how much memory?"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from downloads_server import MB, Nginx
from table import Table

HERE = Path(__file__).resolve().parent
AT_ONCE = 4
P99, MEMORY = 10.0, 8.0  # ms; MB for each download
IDLE = 3.0  # seconds that the loop is watched before
BETWEEN = 0.02  # seconds between two questions to the page's server
LIMIT = 300  # seconds


def beside_an_event_loop(table: Table, server: Nginx, base: Path, tolerance: float) -> None:
    """The whole part, in a child process."""
    folder = base / "four"
    folder.mkdir()
    big, small = server.big, server.small
    asked = {
        "first": {"url": server.url(small.name), "path": str(folder / "first.safetensors"), **_content(small)},
        "each": {"url": server.url(big.name), **_content(big)},
        "files": [{"path": str(folder / f"{number}.safetensors")} for number in range(AT_ONCE)],
        "seconds": IDLE,
    }
    command = [sys.executable, str(HERE / "downloads_child.py"), "loop", json.dumps(asked)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    try:
        line = child.stdout.readline()
        if not line:
            raise OSError(f"four downloads: the process ended (exit code {child.wait(LIMIT)})")
        answers = _Answers(json.loads(line)["port"])
        found = json.loads(child.stdout.readline() or "null")
        slowest = answers.end()
    finally:
        child.stdout.close()
        child.wait(LIMIT)
    if found is None:
        raise OSError(f"four downloads failed (exit code {child.returncode})")
    for name, target in (("p99", P99), ("longest", None)):
        idle, busy = (_share(found[when], name) for when in ("idle", "busy"))
        note = f"{busy:.1f} ms (idle {idle:.1f} ms)"
        what = f"a task of 5 ms on the event loop is late, {name}, with {AT_ONCE} downloads of {big.size // MB:,} MiB"
        if target is None:
            table.add(what, note, "no target")
        else:
            table.add(what, note, f"≤ {target:g} ms", busy <= target * tolerance)
    table.add("slowest answer of a small route meanwhile", f"{slowest * 1000:.0f} ms", "no target")
    total = AT_ONCE * big.size / MB / found["seconds"]
    table.add("all four together", f"{total:,.0f} MiB/s, {', '.join(sorted(set(found['checks'])))}", "no target")
    each = found["memory"] / AT_ONCE / 1e6
    table.add("memory added by each of them (peak)", f"{each:.1f} MB", f"≤ {MEMORY:g} MB", each <= MEMORY * tolerance)


def _content(file: object) -> dict[str, object]:
    return {"size": getattr(file, "size", 0), "sha256": getattr(file, "sha256", "")}


def _share(late: list[float], name: str) -> float:
    values = sorted(late)
    return 1000 * (values[-1] if name == "longest" else values[min(int(len(values) * 0.99), len(values) - 1)])


class _Answers:
    """Asks a small route again and again, as a page does; the slowest answer counts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._slowest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Seconds of the slowest."""
        self._over.set()
        self._thread.join(30)
        return self._slowest

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            while not self._over.is_set():
                began = time.perf_counter()
                connection.request("POST", "/prompt", b'{"prompt": {}}')
                connection.getresponse().read()
                self._slowest = max(self._slowest, time.perf_counter() - began)
                self._over.wait(BETWEEN)
        except (OSError, http.client.HTTPException):
            return  # the process has ended
        finally:
            connection.close()
