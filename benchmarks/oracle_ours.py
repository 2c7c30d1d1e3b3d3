"""Our answers, by each way that ComfyFixerSmart looks at an installation."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from comfyfixersmart.core.app import App
from comfyfixersmart.core.inventory.disk import read_disk
from comfyfixersmart.core.inventory.server import read_server
from comfyfixersmart.core.inventory.types import Inventory
from comfyfixersmart.core.readiness.types import INFO
from comfyfixersmart.core.workflow.read import read_bytes
from oracle_cases import Subject

EXTENSION, SERVER, DISK = "inside ComfyUI", "over HTTP", "from disk"
WAYS = (EXTENSION, SERVER, DISK)  # the first is what people get
SCAN_LIMIT = 60  # seconds for one look at the installation
_HEADERS = {"X-ComfyFixerSmart": "1"}
_FILES = ("MODEL", "INPUT")

_Finding = tuple[str, str, str, str]  # code, weight, name, message


class Answer(NamedTuple):
    """A verdict. `files`: the names that it finds fault with; `only_files`: nothing else is wrong."""

    status: str
    files: frozenset[str]
    only_files: bool
    types: frozenset[str]
    reasons: str

    def __str__(self) -> str:
        return f"{self.status} {self.reasons}"


class Ours:
    """ComfyFixerSmart in one installation."""

    def __init__(self, server: Any, installed: Any, config: Path, state: Path) -> None:
        self._server, self._host, self._config, self._state = server, installed, config, state
        self._apps: dict[str, App] = {}

    def answers(self, way: str, subjects: list[Subject]) -> list[Answer]:
        """The verdict on each workflow, as the installation is now."""
        if way == EXTENSION:
            self._scan()
            return [self._routed(one) for one in subjects]
        app = self._app(way)
        return [_checked(app, one) for one in subjects]

    # ---- the extension, through its routes ---------------------------------------------------------------

    def _scan(self) -> None:
        """One cycle that began after now: it looks at the whole installation."""
        cycle = self._ask("GET", "status")
        asked, end = cycle["now"], time.monotonic() + SCAN_LIMIT
        while time.monotonic() < end:
            cycle = self._ask("GET", "status")["cycle"]
            last = cycle["last"]
            if last and last["started"] >= asked and last["outcome"] == "done":
                return
            if cycle["state"] != "running":  # to ask during a cycle means that one
                self._ask("POST", "scan", {})
            time.sleep(0.05)
        raise RuntimeError(f"no cycle ended within {SCAN_LIMIT} s: {cycle}")

    def _routed(self, one: Subject) -> Answer:
        found = self._ask("POST", "check", {"workflow": json.loads(one.data), "name": one.name})["workflow"]
        findings = ((each["code"], each["weight"], name, each["message"]) for each in found["findings"] for name in each["names"])  # fmt: skip
        return _answer(found["status"], findings)

    def _ask(self, method: str, route: str, body: Any = None) -> Any:
        path = f"/comfyfixersmart/{route}"
        status, answer = self._server.get(path) if method == "GET" else self._server.post(path, body, _HEADERS)
        if status != 200:
            raise RuntimeError(f"{path} gives status {status}: {str(answer)[:300]}")
        return answer

    # ---- from outside --------------------------------------------------------------------------------------

    def _app(self, way: str) -> App:
        inventory = self._inventory(way)
        if way in self._apps:
            self._apps[way].refresh(inventory)
        else:
            self._apps[way] = App(inventory)
        return self._apps[way]

    def _inventory(self, way: str) -> Inventory:
        if way == SERVER:
            return read_server(self._server.url)
        host, configs = self._host, [self._config]
        return read_disk(
            self._server.base, code=host.checkout, extra_configs=configs, python=host.venv, cache=self._state
        )


def _checked(app: App, one: Subject) -> Answer:
    (workflow,) = read_bytes(one.data, one.name).workflows
    readiness = app.check_workflow(workflow).readiness
    return _answer(readiness.status, ((each.code, each.weight, each.name, each.message) for each in readiness.findings))


def _answer(status: str, findings: Iterable[_Finding]) -> Answer:
    heavy = [one for one in findings if one[1] != INFO]
    files = [one for one in heavy if one[0].startswith(_FILES)]
    types = frozenset(name for code, _, name, _ in heavy if code.startswith("NODE"))
    reasons = "; ".join(f"{code} {name[:80]}: {message[:120]}" for code, _, name, message in heavy)
    return Answer(status, frozenset(one[2] for one in files), len(files) == len(heavy), types, reasons)
