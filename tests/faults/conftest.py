"""A scripted server, downloads from it in this process and in others, and clocks that nobody has to wait for."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from comfyfixersmart.core.actions.download import fetch_file
from comfyfixersmart.core.actions.types import DOWNLOAD, Action, ActionFailed, Done, Offer, Quiet
from comfyfixersmart.core.http import Clock, Http, Limit, Timeouts

HERE = Path(__file__).resolve().parent
NAME = "ink.safetensors"
MIB = 1 << 20
QUICK = Timeouts(connect=2.0, read=2.0, whole=5.0)


def load(path: Path) -> ModuleType:
    """A module of the tests, loaded once."""
    name = f"faults_{path.stem}"
    known = sys.modules.get(name)
    if known is None:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        known = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


scripted = load(HERE / "scripted.py")
safetensors = load(HERE.parent / "replay" / "files.py").safetensors
VirtualClock = load(HERE.parent / "replay" / "clocks.py").VirtualClock


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Bench:
    """A models folder, and what is fetched into it. `clock` is virtual unless a test puts a real one there."""

    models: Path
    data: bytes
    clock: Clock
    server: Any  # the first one
    trusted: set[str] = field(default_factory=set)
    control: Any = field(default_factory=Quiet)
    timeouts: Timeouts = QUICK

    @property
    def path(self) -> Path:
        return self.models / NAME

    @property
    def part(self) -> Path:
        """The part file of an action of this content."""
        return self.models / f"{NAME}.{sha256(self.data)[:12]}.part"

    def action(self, *servers: Any, **more: Any) -> Action:
        """The download of `data` from these servers, from the first one where none is named."""
        offers = tuple(offer(one, number) for number, one in enumerate(servers or (self.server,), 1))
        told = {
            "destination": str(self.path),
            "root": str(self.models),
            "size": len(self.data),
            "sha256": sha256(self.data),
        }
        return Action("a1", DOWNLOAD, NAME, **{**told, "folder": "checkpoints", "offers": offers, **more})

    def fetch(self, action: Action | None = None, *, control: Any = None) -> Done:
        action = action or self.action()
        hosts = {one.url.split("/")[2] for one in action.offers} | self.trusted
        limits = dict.fromkeys(hosts, Limit(1000.0, 1000))
        http = Http(trusted=hosts, limits=limits, timeouts=self.timeouts, clock=self.clock, patience=60.0)
        with contextlib.closing(http):
            return fetch_file(action, http, control or self.control, clock=self.clock)

    def fails(self, action: Action | None = None) -> ActionFailed:
        """How it fails. Every failure says what to do."""
        with pytest.raises(ActionFailed) as caught:
            self.fetch(action)
        assert caught.value.message.endswith(".") and caught.value.hint, caught.value.message
        return caught.value

    def whole(self) -> bool:
        """Whether the right file has the name."""
        return self.path.is_file() and self.path.read_bytes() == self.data

    def lies(self) -> list[str]:
        """All names in the folder."""
        return sorted(os.listdir(self.models))

    def begin(self, length: int, **more: Any) -> None:
        """Leave a part of so many right bytes, as a download that was paused there does."""
        self.server.then(scripted.cut(length, **more), *[scripted.drops] * 40)
        assert self.fails().pauses and self.part.stat().st_size == length
        self.server._next.clear()
        self.server.asks.clear()


def offer(server: Any, number: int = 1, **more: Any) -> Offer:
    by = "Hugging Face" if number == 1 else f"Mirror {number}"
    return Offer(f"direct:{number}", "direct", by, server.address, page="https://example.org/ink")._replace(**more)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power here, so that this process need not wait for the disk. Those of child.py do."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(os, "fdatasync", lambda _: None)


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], Any]]:
    """`serve(data)`: another scripted server."""
    with contextlib.ExitStack() as stack:
        yield lambda data: stack.enter_context(scripted.serving(data))


@pytest.fixture
def bench(tmp_path: Path, serve: Callable[[bytes], Any]) -> Bench:
    """A file of 300 kB at a scripted server."""
    models = tmp_path / "models"
    models.mkdir()
    data = safetensors("ink", 300_000)
    return Bench(models, data, VirtualClock(), serve(data))


class Zygote:
    """child.py, which forks: a process for each download at the cost of a fork."""

    def __init__(self, folder: Path, before: list[str] | None = None) -> None:
        self._folder = folder
        self._count = 0
        command = [*(before or []), sys.executable, str(HERE / "child.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self._hear() is not None

    def start(self, action: Action, **more: Any) -> tuple[int, Path]:
        """The pid of the process that fetches it, and where it writes what came of it."""
        self._count += 1
        result = self._folder / f"result-{self._count}.json"
        body = {
            name: getattr(action, name) for name in ("id", "title", "destination", "root", "folder", "size", "sha256")
        }
        body |= {name: getattr(action, name) for name in ("aside", "origin_size", "origin_mtime_ns")}
        body |= {"offers": [one._asdict() for one in action.offers]}
        host = action.offers[0].url.split("/")[2]
        return self._say({"do": "start", "action": body, "host": host, "result": str(result), **more})["pid"], result

    def wait(self, started: tuple[int, Path]) -> Any:
        """What came of it: its result, or its exit code where it did not end well."""
        pid, result = started
        code = self._say({"do": "wait", "pid": pid})["code"]
        return json.loads(result.read_text()) if code == 0 else code

    def fetch(self, action: Action, **more: Any) -> Any:
        return self.wait(self.start(action, **more))

    def run(self, command: str) -> str:
        """What a shell command says there."""
        return str(self._say({"do": "run", "command": command})["out"])

    def stop(self) -> None:
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _say(self, asked: dict[str, Any]) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else None


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    one = Zygote(tmp_path_factory.mktemp("results"))
    yield one
    one.stop()


@pytest.fixture
def in_namespace(tmp_path: Path) -> Iterator[Callable[[str], Zygote]]:
    """`in_namespace(commands)`: a Zygote in a mount namespace of its own, in which these shell commands were run."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    started: list[Zygote] = []

    def make(commands: str) -> Zygote:
        one = Zygote(tmp_path, ["unshare", "-rm", "sh", "-c", f'{commands} && exec "$@"', "sh"])
        started.append(one)
        if not one.ready:
            pytest.skip("no mount namespace can be made here")
        return one

    yield make
    for one in started:
        one.stop()


@pytest.fixture
def make_file() -> Callable[[str, int], bytes]:
    """`make_file(seed, size)`: a sound file of invented weights."""
    return safetensors  # type: ignore[no-any-return]
