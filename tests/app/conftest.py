"""A small installation with workflows in every state, and folders seen before and after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from comfyfixersmart.core.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("sample") / "base"
    subprocess.run([sys.executable, str(ROOT / "scripts/sample_installation.py"), str(base)], check=True)
    return base


@pytest.fixture
def base(_sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample installation for one test."""
    place = Path(shutil.copytree(_sample, tmp_path / "ComfyUI", symlinks=True))
    snapshot = place / "user" / "__comfyfixersmart" / "snapshot.json"  # a snapshot of another place is not believed
    snapshot.write_text(snapshot.read_text().replace(str(_sample), str(place)))
    return place


@pytest.fixture
def tree() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """`tree(folder)`: every path below it with size and time of change."""

    def listing(folder: Path) -> dict[str, tuple[int, int]]:
        found = {}
        for path in sorted(folder.rglob("*")):
            status = path.lstat()
            found[str(path.relative_to(folder))] = (status.st_size if path.is_file() else 0, status.st_mtime_ns)
        return found

    return listing


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("COMFYFIXERSMART_") or name == "HF_ENDPOINT"]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`run(*arguments)`: exit code, standard output, standard error."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
