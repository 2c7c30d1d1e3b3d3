"""A virtual environment for this checkout, in the user's cache, made once and reused.

Its folder is named after the Python version, this checkout's place and the contents of pyproject.toml: a changed
dependency list makes a new one, and two checkouts never share the editable install that points at one of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cache_folder import cache_root

ROOT = Path(__file__).resolve().parent.parent


class SetupFailed(Exception):
    """The environment could not be made; the message names the step and ends with its last lines."""


def ready_python(extra: str = "") -> Path:
    """The Python of an environment that has the project installed, with one of its extras (`test`) when named."""
    purpose = extra or "run"
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()[:8]
    family = f"{purpose}-py{sys.version_info.major}.{sys.version_info.minor}-{place}"
    folder = cache_root() / "environments" / f"{family}-{wanted}"
    if not (folder / "ready").is_file():
        _make(folder, f"{ROOT}[{extra}]" if extra else str(ROOT))
        _remove_useless(folder, family)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def named_tree(python: Path) -> Path:
    """A folder in which this checkout goes by its import name, whatever it is called on disk.

    mypy resolves `from ..` only below a package's own name, and does not follow an editable install.
    """
    folder = python.parent.parent / "named"
    link = folder / "comfyfixersmart"
    if not link.exists():
        folder.mkdir(exist_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    return folder


def command(python: Path, name: str) -> str:
    """The path of a console script installed beside `python`."""
    return str(python.with_name(name + (".exe" if os.name == "nt" else "")))


def _make(folder: Path, project: str) -> None:
    print(f"Setting up an environment in {folder} (once) ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run("creating the virtual environment", [sys.executable, "-m", "venv", str(folder)])
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    _run("installing the project", [*pip, "--editable", project])
    (folder / "ready").write_text(str(ROOT))


def _remove_useless(kept: Path, family: str) -> None:
    """Environments for an earlier pyproject.toml of this checkout, and those of checkouts that are gone."""
    for ready in kept.parent.glob("*/ready"):
        folder = ready.parent
        if folder != kept and (folder.name.startswith(family) or not Path(ready.read_text()).is_dir()):
            shutil.rmtree(folder, ignore_errors=True)


def _run(step: str, argv: list[str]) -> None:
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.rstrip().splitlines()[-20:])
        raise SetupFailed(f"{step} failed (exit code {done.returncode}):\n{tail}")
