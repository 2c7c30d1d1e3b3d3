"""The servers of host_impact.py: how one is laid out, what it says of a scan, and what it saw of sockets and memory."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from scan_accuracy import template_files
from scan_speed import MODEL_FILES, best, copy_library, model_tree, walk_stat

__all__ = ["MODEL_FILES", "Host", "Scan", "lay_out", "look_at_the_disk", "share_of_a_core", "started"]

ROOT = Path(__file__).resolve().parent.parent
NAME = "ComfyFixerSmart"
PACKS = {NAME: ROOT, "impact": ROOT / "tests/host/packs/impact"}
OURS = {"X-ComfyFixerSmart": "1"}
IDLE = 2.0  # seconds that the loop is watched before a scan
AFTER = 1.0  # seconds after it that count too: what was put off comes then
LIMIT = 120  # seconds for one scan
FULL = 2  # the oldest generation of the garbage collector


class Scan(NamedTuple):
    """One scan: how long it took, and how late a task on the event loop woke, in milliseconds."""

    seconds: float
    workflows: int
    p99: float
    longest: float
    idle_p99: float
    idle_longest: float
    answer: float  # the slowest answer of /queue
    full_collections: int
    late: list[str]  # the worst moments, with what our thread did


class Call(NamedTuple):
    """One event of the audit hook."""

    when: float
    event: str
    what: str
    ours: bool  # our code was on the stack
    near: bool  # this machine itself


def lay_out(base: Path) -> Path:
    """A base folder with the templates as saved workflows and 10,000 model files, all of them a day old."""
    model_tree(base)
    (base / "user/default/workflows").rmdir()
    copy_library(base / "user/default/workflows", template_files())
    (base / "input/3d").mkdir()  # ComfyUI makes it when its node types are first asked
    yesterday = time.time() - 86_400
    for path in (*base.joinpath("models").rglob("*"), *base.joinpath("user/default/workflows").iterdir()):
        os.utime(path, (yesterday, yesterday))
    return base


@contextmanager
def started(server: Any, base: Path) -> Iterator[Host]:
    """A ComfyUI with this checkout and the measuring pack, put before whatever else runs on this machine."""
    with server.running(base, PACKS, first=True, env={"COMFYFIXERSMART_WATCH": "false"}) as running:
        yield Host(running, str(server.installer.installed().python))


class Host:
    """One running server."""

    def __init__(self, server: Any, python: str) -> None:
        self.server = server
        self.python = python
        self._get("/object_info")  # what ComfyUI itself keeps once a page was open is not ours
        self.at_first = self.memory()

    def scan(self) -> Scan:
        """Ask for a cycle and watch the loop until it is done."""
        self._get("/impact/reset")
        time.sleep(IDLE)
        before = self._get("/impact/loop")["ticks"]
        asked = time.time()
        status, said = self.server.post("/comfyfixersmart/scan", {}, OURS)
        if status != 200:
            raise RuntimeError(f"the scan was refused: {status} {said}")
        last, answer = self._finished(asked)
        time.sleep(AFTER)
        loop = self._get("/impact/loop")
        return _scan(last, before, loop, answer)

    def _finished(self, asked: float) -> tuple[dict[str, Any], float]:
        """The cycle as the status tells it, and the slowest answer of a route of ComfyUI until then."""
        slowest, end = 0.0, time.monotonic() + LIMIT
        while time.monotonic() < end:
            began = time.perf_counter()
            self._get("/queue")
            slowest = max(slowest, time.perf_counter() - began)
            cycle = self._get("/comfyfixersmart/status")["cycle"]
            if cycle["state"] == "idle" and cycle["last"] and cycle["last"]["finished"] > asked:
                if cycle["last"]["outcome"] != "done":
                    raise RuntimeError(f"the cycle failed: {cycle['last']}")
                return cycle["last"], slowest
            time.sleep(0.1)
        raise RuntimeError(f"no cycle was done within {LIMIT} s")

    def import_time(self) -> str:
        """What ComfyUI printed for our import."""
        found = re.search(rf"(\d+\.\d seconds)[^\n]*custom_nodes/{NAME}\n", self.server.log_text())
        return found[1] if found else "not printed"

    def modules(self) -> tuple[list[str], list[str]]:
        """The heavy modules, and ours, that were loaded when the last pack had been imported."""
        found = self._get("/impact/modules")
        return found["heavy"], found["ours"]

    def scripts(self) -> dict[str, int]:
        """Our scripts among those that the page loads by itself, with their sizes in bytes."""
        listed = [path for path in self._get("/extensions") if path.startswith(f"/extensions/{NAME}/")]
        return {path: len(self.server.get(path)[1]) for path in listed}

    def memory(self) -> int:
        """What the process holds in memory, in bytes."""
        return int(self._get("/impact/memory")["rss"])

    def calls(self) -> list[Call]:
        """Everything the audit hook saw."""
        return [Call(*row) for row in self._get("/impact/calls")]

    def sees_calls(self) -> bool:
        """Whether the hook sees an address beyond this machine. Nothing is sent there."""
        before = sum(not one.near for one in self.calls())
        self.server.post("/impact/probe", {})
        return sum(not one.near for one in self.calls()) == before + 1

    def _get(self, path: str) -> Any:
        status, answer = self.server.get(path)
        if status != 200:
            raise RuntimeError(f"{path} gives status {status}: {str(answer)[:300]}")
        return answer


def _scan(last: dict[str, Any], before: list[Any], loop: dict[str, Any], answer: float) -> Scan:
    began, ended = last["started"], last["finished"]
    # A tick belongs to the scan when any of its wait did. (When it was due, how late it came.)
    during = [row for row in loop["ticks"] if row[0] + row[1] >= began and row[0] <= ended]
    around = [row for row in loop["ticks"] if row[0] + row[1] >= began and row[0] <= ended + AFTER]
    worst = sorted(around, key=lambda row: -row[1])[:8]
    idle = sorted(row[1] * 1000 for row in before)
    late = sorted(row[1] * 1000 for row in during)
    passes = [row for row in loop["collections"] if row[2] == FULL and row[3].startswith("comfyfixersmart")]
    return Scan(
        last["seconds"],
        last["workflows"],
        _share(late, 0.99),
        worst[0][1] * 1000,
        _share(idle, 0.99),
        idle[-1],
        answer * 1000,
        len(passes),
        [f"{row[1] * 1000:.1f} ms at {row[0] - began:.2f} s  {row[2]}" for row in worst],
    )


def _share(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def look_at_the_disk(base: Path) -> tuple[float, float]:
    """Seconds that one look takes when nothing changed, and that scandir and stat of the same take."""
    from comfyfixersmart.server_routes.watch import Watch

    workflows, models = str(base / "user/default/workflows"), str(base / "models")
    roots = [os.path.join(models, name) for name in os.listdir(models)] + [str(base / "input")]
    watch = Watch()
    watch.look([workflows], roots)
    look, floor = best(5, lambda: watch.look([workflows], roots), lambda: walk_stat(workflows) + walk_stat(models))
    return look, floor


def share_of_a_core(seconds: float) -> float:
    """Percent of one core for a look that takes so long: the cycle waits between two of them."""
    from comfyfixersmart.server_routes.cycle import LOOK, LOOK_SHARE

    return 100 * seconds / (seconds + max(LOOK, LOOK_SHARE * seconds))
