"""SIGKILL during a cycle, at random moments: every report and every cache is an old one or a new one, never broken."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KILLS, REAL_KILLS = 44, 6
WORKFLOWS, MODELS = 24, 40
STATE, REPORTS = "user/__comfyfixersmart", "output/reports/workflows"
MARKER = b"comfyfixersmart-report"
LEFT_OVER = re.compile(r"\.[^/]+\.[0-9a-f]{12}\.tmp")
LIMIT = 60  # seconds for one cycle on a busy machine
OURS = {"X-ComfyFixerSmart": "1"}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")]


class Nursery:
    """Processes that run cycle after cycle, one at a time (kill_nursery.py)."""

    def __init__(self, base: Path, log: Path) -> None:
        self.base, self.log = base, log
        command = [sys.executable, str(HERE / "kill_nursery.py"), str(base), str(log)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("start\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill(self, pid: int) -> None:
        assert self._process.stdout
        os.kill(pid, signal.SIGKILL)
        assert self._process.stdout.readline() == "ended\n"

    def end(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def outcomes(self) -> list[str]:
        return [line for line in self._lines() if " " not in line]

    def written(self) -> dict[str, set[str]]:
        """path → the hashes of all that was ever to be written there."""
        found: dict[str, set[str]] = {}
        for digest, _, path in (line.partition(" ") for line in self._lines() if " " in line):
            found.setdefault(path, set()).add(digest)
        return found

    def finished(self, count: int) -> None:
        """Wait until that many cycles more are done."""
        before, deadline = len(self.outcomes()), time.monotonic() + LIMIT
        while len(self.outcomes()) < before + count:
            assert time.monotonic() < deadline, "no cycle was done any more"
            time.sleep(0.01)
        assert set(self.outcomes()) == {"done"}

    def _lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    base = tmp_path / "ComfyUI"
    fill(base)
    one = Nursery(base, tmp_path / "log")
    yield one
    one.end()


def test_every_file_is_old_or_new_after_a_kill(nursery: Nursery) -> None:
    moments = random.Random(7)
    child = nursery.start()
    nursery.finished(1)
    began = time.monotonic()
    nursery.finished(2)
    cycle = (time.monotonic() - began) / 2
    nursery.kill(child)
    left = set()
    for number in range(KILLS):
        child = nursery.start()
        if number % 2:  # the start after a kill works, and its cycles finish
            nursery.finished(1)
        time.sleep(moments.uniform(0.0, 2.0 * cycle))
        nursery.kill(child)
        left |= whole(nursery.base, nursery.written())
    assert left, "no kill ever hit a write: the moments are badly chosen"
    for path in left:
        if path.exists():
            os.utime(path, (time.time() - 7200,) * 2)
    child = nursery.start()
    nursery.finished(1)
    nursery.kill(child)
    assert not [path for path in left if path.exists()], "temporary files stay"


@pytest.mark.comfyui
def test_the_real_comfyui_killed(comfyui: ModuleType, tmp_path: Path) -> None:
    base, moments, cycle = tmp_path / "base", random.Random(11), 0.0
    fill(base)
    packs: dict[str, Path] | None = {"ComfyFixerSmart": ROOT}
    for number in range(REAL_KILLS + 1):
        for model in range(MODELS):
            path = base / f"models/checkpoints/model {model}.safetensors"
            path.unlink(missing_ok=True) if (model + number) % 2 else path.touch()
        with comfyui.running(base, packs) as server:
            packs = None  # the link lies there now
            if number == 0:
                cycle = checked(server)
            if number == REAL_KILLS:
                checked(server)
                break
            server.post("/comfyfixersmart/scan", {}, OURS)
            time.sleep(moments.uniform(0.0, cycle))
            os.kill(server.pid, signal.SIGKILL)
        whole(base)
    whole(base)
    assert len(list((base / REPORTS).glob("*.json"))) == WORKFLOWS + 1


def checked(server: Any) -> float:
    """Ask for a cycle and wait for its end; the seconds it took."""
    asked = time.time()
    assert server.post("/comfyfixersmart/scan", {}, OURS)[0] == 200
    while time.time() < asked + LIMIT:
        last = server.get("/comfyfixersmart/status")[1]["cycle"]["last"]
        if last and last["started"] >= asked:
            assert last["outcome"] == "done", last
            return float(last["seconds"])
        time.sleep(0.1)
    raise AssertionError("no cycle was done")


def whole(base: Path, written: dict[str, set[str]] | None = None) -> set[Path]:
    """Assert that every file of ours is whole; the temporary files that a kill left behind.

    `written`: what was ever to be written where. Each file must be exactly one of these.
    """
    left: set[Path] = set()
    for path in (one for folder in (STATE, REPORTS) for one in (base / folder).rglob("*") if one.is_file()):
        if LEFT_OVER.fullmatch(path.name):
            left.add(path)
            continue
        data = path.read_bytes()
        if written is not None and path.name != "sources.json":  # a process of its own writes that one
            assert hashlib.sha256(data).hexdigest() in written.get(str(path), set()), f"{path} was never written so"
        if path.suffix == ".json":
            assert isinstance(json.loads(data)["schema"], int), path
        elif path.suffix == ".gz":
            assert hashlib.sha256(gzip.decompress(data)).hexdigest() == path.name.removesuffix(".json.gz")
        elif path.suffix == ".md":
            assert MARKER in data[:400] and data.endswith(b"\n"), path
        else:
            assert path.name == "dashboard.html" and MARKER in data[:400], path
            assert data.rstrip().endswith(b"</html>"), path
    return left


def fill(base: Path) -> None:
    """Workflows that name a model each; half of them run here."""
    for folder in ("models/checkpoints", "user/default/workflows", "input"):
        (base / folder).mkdir(parents=True)
    (base / "input/harbour.png").write_bytes(b"x")
    for number in range(WORKFLOWS):
        text = json.dumps(graph(f"model {number}.safetensors"))
        (base / f"user/default/workflows/workflow {number:02}.json").write_text(text)


def graph(checkpoint: str) -> dict[str, Any]:
    def node(id: int, type: str, values: list[str], **more: Any) -> dict[str, Any]:
        return {"id": id, "type": type, "mode": 0, "inputs": [], "outputs": [], "widgets_values": values, **more}

    image = [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]
    nodes = [
        node(1, "CheckpointLoaderSimple", [checkpoint]),
        node(2, "LoadImage", ["harbour.png", "image"], outputs=image),
        node(3, "SaveImage", ["out"], inputs=[{"name": "images", "type": "IMAGE", "link": 1}]),
    ]
    return {"nodes": nodes, "links": [[1, 2, 0, 3, 0, "IMAGE"]], "version": 0.4}
