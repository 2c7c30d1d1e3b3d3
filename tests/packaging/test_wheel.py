"""What a wheel holds: every package and every data file, and that it works where only the wheel is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
CODE = ("core", "nodes", "server_routes")
DATA = ("knowledge", "web", "example_workflows", "locales", *CODE)
NOT_SHIPPED = {"__pycache__", ".mypy_cache", ".ruff_cache"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_package_list_equals_the_tree() -> None:
    """An editable install hides a forgotten one; the wheel would lack it."""
    found = {
        ".".join(("comfyfixersmart", *each.parent.relative_to(ROOT).parts))
        for each in [ROOT / "__init__.py", *(path for top in CODE for path in (ROOT / top).rglob("__init__.py"))]
    }
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for top in CODE for path in (ROOT / top).rglob("*.py")}
    assert not [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()]


def test_version_is_said_once() -> None:
    import comfyfixersmart

    assert comfyfixersmart.__version__ == PROJECT["project"]["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what would be committed: a build leaves folders in the tree it builds."""
    place = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, place / "source", ignore=_unwanted)
    _run([sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(place), str(place / "source")])
    return next(place.glob("*.whl"))


@pytest.mark.slow
def test_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.removeprefix("comfyfixersmart/") for name in archive.namelist()}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for top in DATA
        for path in (ROOT / top).rglob("*")
        if path.is_file() and not NOT_SHIPPED & set(path.parts)
    }
    assert wanted - inside == set()
    assert not [name for name in inside if name.startswith(("tests", "scripts", "benchmarks", ".ci"))]


@pytest.mark.slow
def test_wheel_works_where_only_the_wheel_is(wheel: Path, tmp_path: Path) -> None:
    _run([sys.executable, "-m", "venv", str(tmp_path / "venv")])
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)])
    check = (
        "import comfyfixersmart, pathlib; from comfyfixersmart.core.knowledge import document; document('folders'); "
        "print(pathlib.Path(comfyfixersmart.__file__).parent)"
    )
    place = Path(_run([str(python), "-c", check]).strip())
    assert place.is_relative_to(tmp_path)
    example = place / "example_workflows/text-to-image-sdxl.json"
    told = _run([str(python.with_name("comfyfixersmart")), "inspect", str(example), "--json"])
    assert "sd_xl_base_1.0.safetensors" in told


def _unwanted(folder: str, names: list[str]) -> set[str]:
    if Path(folder) != ROOT:
        return NOT_SHIPPED & set(names)
    return {
        name
        for name in names
        if name.startswith(".") or name in {"build", "dist", "tests"} or name.endswith("egg-info")
    }


def _run(argv: list[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd="/",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
