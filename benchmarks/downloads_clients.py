"""The clients of downloads.py: each fetches one file, and says what it took in time and in processor time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import peer_environment
from downloads_server import File, Nginx

HERE = Path(__file__).resolve().parent
HUGGINGFACE = "huggingface_hub==2.4.0"
LIMIT = 600  # seconds for one download


class Spent(NamedTuple):
    """One download: seconds on the clock and of the processor, by the client's own processes."""

    seconds: float
    cpu: float


class Client(Protocol):
    """Fetches `file` of the server into an empty folder."""

    name: str

    def fetch(self, server: Nginx, file: File, folder: Path) -> Spent: ...

    def close(self) -> None: ...


class Commands:
    """Programs that run one after the other: curl and then sha256sum, aria2c, curl and then sync."""

    def __init__(self, name: str, *commands: list[str]) -> None:
        self.name = name
        self._commands = commands

    def fetch(self, server: Nginx, file: File, folder: Path) -> Spent:
        """{url}, {path}, {folder}, {name} and {sha256} stand for what they say."""
        words = {
            "url": server.url(file.name),
            "path": str(folder / file.name),
            "folder": str(folder),
            "name": file.name,
            "sha256": file.sha256,
        }
        began, cpu = time.perf_counter(), 0.0
        for command in self._commands:
            cpu += run([one.format(**words) for one in command], file.sha256)
        return Spent(time.perf_counter() - began, cpu)

    def close(self) -> None:
        """Nothing runs on."""


def run(command: list[str], sha256: str = "") -> float:
    """Run it to its end; its processor time. Raises OSError where it fails, or where sha256sum prints another hash."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or (command[0] == "sha256sum" and sha256 not in said):
        raise OSError(f"{command[0]} failed (exit code {process.returncode}): {said.strip()[-300:]}")
    return used.ru_utime + used.ru_stime


def curl_sha256sum() -> Client:
    """curl to a file, then sha256sum of it: what a careful person does."""
    return Commands("curl, then sha256sum", ["curl", "-sS", "-f", "-o", "{path}", "{url}"], ["sha256sum", "{path}"])


def aria2() -> Client:
    """aria2 with its own check, over one connection, as a service allows one."""
    quiet = ["--quiet", "--no-conf", "--file-allocation=none", "--allow-overwrite=true", "-x1", "-s1"]
    command = ["aria2c", *quiet, "--checksum=sha-256={sha256}", "-d", "{folder}", "-o", "{name}", "{url}"]
    return Commands("aria2c -x1 --checksum", command)


def curl_sync() -> Client:
    """curl to a file, then sync of it."""
    return Commands("curl, then sync", ["curl", "-sS", "-f", "-o", "{path}", "{url}"], ["sync", "{path}"])


class Talking:
    """A Python process that has everything imported and downloads when it is told to."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._heard()

    def fetch(self, server: Nginx, file: File, folder: Path) -> Spent:
        """Raises OSError where it fails."""
        answer = self.ask(self.question(server, file, folder))
        return Spent(answer["seconds"], answer["cpu"])

    def question(self, server: Nginx, file: File, folder: Path) -> dict[str, Any]:
        """What it is asked for one file."""
        url, path = server.url(file.name), str(folder / file.name)
        return {"url": url, "path": path, "size": file.size, "sha256": file.sha256}

    def ask(self, question: dict[str, Any]) -> Any:
        """One line there and one back."""
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        return json.loads(self._heard())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin and self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _heard(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise OSError(f"{self.name} ended (exit code {self._process.wait(30)})")
        return line


class Hub(Talking):
    """The same through `hf_hub_download`: HEAD, ETag, commit, and the file into a folder."""

    def question(self, server: Nginx, file: File, folder: Path) -> dict[str, Any]:
        return {"repo": "bench/weights", "file": file.name, "folder": str(folder)}


def ours(server: Nginx, folder: Path) -> Client:
    """Ours. A small file first: what is imported on first use is paid once in ComfyUI's life, not by a download."""
    one = Talking("ours", [sys.executable, str(HERE / "downloads_child.py"), "serve"], dict(os.environ))
    folder.mkdir(exist_ok=True)
    one.fetch(server, server.small, folder)
    shutil.rmtree(folder)
    return one


def huggingface(server: Nginx, folder: Path, *, whole: bool = False) -> Client | str:
    """huggingface_hub, by its plain transfer or as a whole; a text says why it cannot be had."""
    python = peer_environment.installed("huggingface", HUGGINGFACE)
    if isinstance(python, str):
        return python
    told = {
        "HF_ENDPOINT": f"http://{server.host}",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",  # its own protocol needs its own service
        "HF_HOME": str(folder / "home"),
    }
    kind, name = (Hub, "hf_hub_download") if whole else (Talking, "huggingface_hub http_get")
    one = kind(name, [str(python), str(HERE / "downloads_hf.py")], {**os.environ, **told})
    (folder / "first").mkdir(parents=True, exist_ok=True)
    one.fetch(server, server.small, folder / "first")
    shutil.rmtree(folder)
    return one
