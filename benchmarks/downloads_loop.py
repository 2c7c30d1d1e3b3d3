"""Four downloads at once in a process that serves pages like ComfyUI's: how late is its event loop, how much memory?"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from downloads_server import MB, File, Nginx
from table import Table

HERE = Path(__file__).resolve().parent
AT_ONCE = 4
P99, MEMORY = 10.0, 8.0  # ms; MB for each download
IDLE = 3.0  # seconds that the loop is watched before
BETWEEN = 0.02  # seconds between two questions to the page's server
LIMIT = 300  # seconds


def beside_an_event_loop(table: Table, server: Nginx, base: Path, runs: int, tolerance: float) -> None:
    """Each run in a process of its own, before whatever else runs here; the median of them counts."""
    found = [_measured(server, base / f"four {number}") for number in range(max(1, runs))]
    what = f"with {AT_ONCE} downloads of {server.big.size // MB:,} MiB"
    for name, target in (("p99", P99), ("longest", None)):
        idle, busy = ([_share(one[when], name) for one in found] for when in ("idle", "busy"))
        middle = statistics.median(busy)
        note = f"{middle:.1f} ms (worst of {len(busy)} {max(busy):.1f}; idle {statistics.median(idle):.1f})"
        row = f"a task of 5 ms on the event loop is late, {name}, {what}"
        if target is None:
            table.add(row, note, "no target")
        else:
            table.add(row, note, f"≤ {target:g} ms", middle <= target * tolerance)
    slowest = statistics.median(one["slowest"] for one in found)
    table.add("slowest answer of a small route meanwhile", f"{slowest * 1000:.0f} ms", "no target")
    total = max(AT_ONCE * server.big.size / MB / one["seconds"] for one in found)
    checks = sorted({check for one in found for check in one["checks"]})
    table.add("all four together", f"{total:,.0f} MiB/s, {', '.join(checks)}", "verified", checks == ["verified"])
    each = max(one["memory"] for one in found) / AT_ONCE / 1e6
    table.add("memory added by each of them (peak)", f"{each:.1f} MB", f"≤ {MEMORY:g} MB", each <= MEMORY * tolerance)


def _measured(server: Nginx, folder: Path) -> dict[str, Any]:
    """One run in a child: how late each tick came, idle and busy, seconds, bytes of memory, and the slowest answer."""
    folder.mkdir()
    big, small = server.big, server.small
    asked = {
        "first": {"url": server.url(small.name), "path": str(folder / "first.safetensors"), **_content(small)},
        "each": {"url": server.url(big.name), **_content(big)},
        "files": [{"path": str(folder / f"{number}.safetensors")} for number in range(AT_ONCE)],
        "seconds": IDLE,
    }
    command = [sys.executable, str(HERE / "downloads_child.py"), "loop", json.dumps(asked)]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    put_first(child.pid)
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
        shutil.rmtree(folder)
    if found is None:
        raise OSError(f"four downloads failed (exit code {child.returncode})")
    return {**found, "slowest": slowest}


def put_first(pid: int) -> None:
    """Before whatever else runs on this machine, where this user may: what is measured is the process with itself."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, -20)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-20")


def _content(file: File) -> dict[str, Any]:
    return {"size": file.size, "sha256": file.sha256}


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
