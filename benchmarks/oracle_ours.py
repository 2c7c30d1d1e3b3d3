"""Our answers, by each way that ComfyFixerSmart looks at an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from comfyfixersmart.core.app import App
from comfyfixersmart.core.inventory.disk import read_disk
from comfyfixersmart.core.inventory.server import read_server
from comfyfixersmart.core.inventory.types import Inventory
from comfyfixersmart.core.readiness.types import INFO, Readiness
from comfyfixersmart.core.workflow.read import read_bytes
from oracle_cases import Subject

_FILES = ("MODEL", "INPUT")


class Answer(NamedTuple):
    """A verdict. `files`: the names that it finds fault with; `only_files`: nothing else is wrong."""

    status: str
    files: frozenset[str]
    only_files: bool
    types: frozenset[str]
    reasons: str

    def __str__(self) -> str:
        return f"{self.status} {self.reasons}"


class Ways:
    """Asks ComfyFixerSmart; each call looks at the installation anew."""

    names = ("server", "disk")

    def __init__(self, url: str, base: Path, installed: Any, config: Path, state: Path) -> None:
        self._url, self._base, self._host, self._config, self._state = url, base, installed, config, state
        self._apps: dict[str, App] = {}
        self._graphs: dict[str, Any] = {}

    def answers(self, way: str, subjects: list[Subject]) -> list[Answer]:
        """The verdict on each workflow, as the installation is now."""
        app = self._app(way)
        return [_answer(app.check_workflow(self._workflow(one)).readiness) for one in subjects]

    def _app(self, way: str) -> App:
        inventory = self._inventory(way)
        if way in self._apps:
            self._apps[way].refresh(inventory)
        else:
            self._apps[way] = App(inventory)
        return self._apps[way]

    def _inventory(self, way: str) -> Inventory:
        if way == "server":
            return read_server(self._url)
        return read_disk(
            self._base,
            code=self._host.checkout,
            extra_configs=[self._config],
            python=self._host.venv,
            cache=self._state,
        )

    def _workflow(self, one: Subject) -> Any:
        if one.name not in self._graphs:
            (self._graphs[one.name],) = read_bytes(one.data, one.name).workflows
        return self._graphs[one.name]


def _answer(readiness: Readiness) -> Answer:
    heavy = [one for one in readiness.findings if one.weight != INFO]
    files = [one for one in heavy if one.code.startswith(_FILES)]
    types = frozenset(one.name for one in heavy if one.code.startswith("NODE"))
    reasons = "; ".join(f"{one.code} {one.name[:80]}: {one.message[:120]}" for one in heavy)
    return Answer(readiness.status, frozenset(one.name for one in files), len(files) == len(heavy), types, reasons)
