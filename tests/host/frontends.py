"""ComfyUI's web page in other versions than its own: fetched once, pinned by hash, kept in the user's cache.

    root = static_root("1.58.1")
    with running(base, packs, args=["--front-end-root", str(root)]) as comfyui: ...

Licensed GPL-3: downloaded when a test wants it and served by the test's ComfyUI, never committed or shipped.
"""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = HERE / "frontends.txt"
CACHE_FOLDER = HERE.parent.parent / "scripts/cache_folder.py"
PACKAGE = "comfyui-frontend-package"
STATIC_IN_WHEEL = "comfyui_frontend_package/static/"
LIMIT = 300  # seconds for a wheel of 11 to 29 MB


class FrontendUnavailable(Exception):
    """This version of the page cannot be had here; says at which step."""


def versions() -> list[str]:
    """The pinned versions, oldest first."""
    return re.findall(rf"^{PACKAGE}==(\S+)", PINS.read_text(), re.MULTILINE)


def static_root(version: str) -> Path:
    """The folder for `--front-end-root`, with index.html in it. Raises FrontendUnavailable."""
    line = next((each for each in PINS.read_text().splitlines() if each.startswith(f"{PACKAGE}=={version} ")), None)
    if line is None:
        raise FrontendUnavailable(f"{version} is not pinned in {PINS.name}")
    return _fetched(_cache() / version, line, "--require-hashes")


def newest() -> tuple[str, Path]:
    """Version and folder of the newest page there is: to be tried and reported, never to fail a run."""
    with tempfile.TemporaryDirectory() as folder:
        root = _fetched(Path(folder) / "newest", PACKAGE)
        wheel = next((Path(folder) / "newest").glob("*.whl")).name
        version = wheel.split("-")[1]
        kept = _cache() / version
        if not (kept / "ready").exists():
            shutil.rmtree(kept, ignore_errors=True)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(root.parent.parent, kept)
        return version, kept / STATIC_IN_WHEEL


def _cache() -> Path:
    cache_root: Callable[[], Path] = runpy.run_path(str(CACHE_FOLDER))["cache_root"]
    return cache_root() / "frontends"


def _fetched(folder: Path, requirement: str, *options: str) -> Path:
    """Download and unpack unless that is done; the mark is written last, so half a page is never used."""
    root = folder / STATIC_IN_WHEEL
    if (folder / "ready").exists():
        return root
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _download(folder, requirement, options)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            # The source maps are two thirds of it, and only people read them.
            wheel.extractall(folder, [name for name in wheel.namelist() if not name.endswith(".map")])
    except (OSError, StopIteration, zipfile.BadZipFile) as error:
        raise FrontendUnavailable(f"unpacking {requirement.split()[0]}: {error!r}") from error
    if not (root / "index.html").is_file():
        raise FrontendUnavailable(f"{requirement.split()[0]} has no {STATIC_IN_WHEEL}index.html")
    (folder / "ready").touch()
    return root


def _download(folder: Path, requirement: str, options: tuple[str, ...]) -> None:
    asked = folder / "requirement.txt"
    asked.write_text(requirement + "\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "download", "--no-deps", *options, "-r", str(asked), "-d", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LIMIT)
    except subprocess.TimeoutExpired as error:
        raise FrontendUnavailable(f"downloading {requirement.split()[0]}: no end after {LIMIT} s") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise FrontendUnavailable(f"downloading {requirement.split()[0]}: {tail}")
