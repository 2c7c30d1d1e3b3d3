"""Start and stop a real ComfyUI as a process of its own, in a base folder of its own.

    with running(tmp_path / "base", packs={"ComfyFixerSmart": ROOT}) as comfyui:
        status, stats = comfyui.get("/system_stats")

A module that wants it loads this file by its path: the folder must not come onto sys.path, where `server` is the name
of ComfyUI's own module.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

START_LIMIT = 120  # seconds until /system_stats has to answer; an installed host takes 7 to 10
STOP_LIMIT = 20  # seconds; SIGINT ends it in 2
LOG_TAIL = 30  # lines shown when it dies
FOLDERS = ("custom_nodes", "models", "input", "output", "user/default/workflows")


def _load_beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"comfyui_host_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


installer = _load_beside("install")
HostUnavailable = installer.HostUnavailable


@dataclass(frozen=True)
class Server:
    """A running ComfyUI; `base` holds its models, input, output, user and custom_nodes folders."""

    url: str
    base: Path
    log: Path
    pid: int = 0

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Status and decoded answer (bytes where it is not JSON)."""
        return self._ask("GET", path, None, headers or {})

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self._ask("POST", path, json.dumps(body).encode(), sent)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, Any]:
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=dict(headers))
        try:
            with _opener().open(request, timeout=60) as answer:
                status, raw = answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                status, raw = refused.code, refused.read()
        try:
            return status, json.loads(raw)
        except ValueError:
            return status, raw


def lay_out(base: Path, packs: Mapping[str, Path] | None = None) -> None:
    """A base folder as ComfyUI expects it, each pack linked under the given name."""
    for folder in FOLDERS:
        (base / folder).mkdir(parents=True, exist_ok=True)
    # Otherwise the first-run template browser covers the page, and in some versions Escape does not close it.
    settings = base / "user/default/comfy.settings.json"
    if not settings.exists():
        settings.write_text('{"Comfy.TutorialCompleted": true}')
    for name, target in (packs or {}).items():
        (base / "custom_nodes" / name).symlink_to(target, target_is_directory=True)


@contextmanager
def running(
    base: Path,
    packs: Mapping[str, Path] | None = None,
    *,
    api_nodes: bool = False,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    first: bool = False,
    checkout: Path | None = None,
) -> Iterator[Server]:
    """A ComfyUI that answers, until the block ends. Raises HostUnavailable naming the step that failed.

    `env` is added to its environment. `first`: where this user may, it runs before everything else on this machine,
    so that its times are its own. `checkout`: a copy of ComfyUI to run in place of the installed one.
    """
    host = installer.install(say=lambda line: print(line, file=sys.stderr))
    lay_out(base, packs)
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}", base, base / "comfyui.log")
    command = [
        *(str(host.python), "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(port)),
        *("--base-directory", str(base), "--disable-auto-launch"),
        *("--database-url", f"sqlite:///{base / 'user/comfyui.db'}"),  # else it lands in the shared checkout
        *(() if api_nodes else ("--disable-api-nodes",)),
        *args,
    ]
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=checkout or host.checkout,
            env=_environment() | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=first,
        )
    server = replace(server, pid=process.pid)
    try:
        if first:
            _put_first(process.pid)
        _wait_until_it_answers(process, server)
        yield server
    finally:
        _stop(process)


def _put_first(pid: int) -> None:
    """Highest priority, also among sessions, between which Linux shares its processors first."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, pid, -20)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-20")


def _wait_until_it_answers(process: subprocess.Popen[bytes], server: Server) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _failed(server, f"it ended with exit code {process.returncode}")
        try:
            if server.get("/system_stats")[0] == 200:
                return
        except OSError:
            pass  # the port is not open yet
        time.sleep(0.25)
    raise _failed(server, f"no answer on /system_stats within {START_LIMIT} s")


def _failed(server: Server, what: str) -> Exception:
    tail = installer.last_lines(server.log_text(), LOG_TAIL)
    error: Exception = HostUnavailable("starting ComfyUI", f"{what}; last lines of its log:\n{tail}")
    return error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C as a person would press it, so that ComfyUI's own exit handlers run."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Ours, without what would lead the host to other Python code or out to the network."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONWARNINGS", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _opener() -> urllib.request.OpenerDirector:
    """Loopback never goes through a proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
