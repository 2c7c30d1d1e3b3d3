"""The root `__init__.py` in every way it gets imported: by ComfyUI, by pytest, as an installed package."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("httpx", "jinja2", "llama_cpp", "pynvml", "torch", "rich", "yaml", "pydantic", "aiohttp", "PIL")

# What ComfyUI does with an entry of custom_nodes: the module's name is its path, and an event loop is running.
AS_COMFYUI_DOES = """
import asyncio, importlib, importlib.util, json, os, sys
folder, before = sys.argv[1], set(sys.modules)

async def load():
    name = folder.replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, os.path.join(folder, "__init__.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

module = asyncio.run(load())
print(json.dumps({
    "mappings": module.NODE_CLASS_MAPPINGS,
    "web": getattr(module, "WEB_DIRECTORY", None),
    "loaded": sorted(set(sys.modules) - before),
    "sub": importlib.import_module(module.__name__ + ".core.errors").__name__,
    "on_path": [each for each in sys.path if each and os.path.realpath(each) == os.path.realpath(folder)],
    "files": sorted(os.listdir(os.path.dirname(folder))),
}))
"""


def load_as_comfyui_does(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", AS_COMFYUI_DOES, str(folder)],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("name", ["ComfyFixerSmart", "comfy-fixer-smart", "Comfy.Fixer v1.0", "комфи 修復"])
def test_comfyui_loads_it_under_any_folder_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(ROOT, target_is_directory=True)
    told = load_as_comfyui_does(tmp_path / name)
    assert told["mappings"] == {}
    assert told["on_path"] == []
    assert told["files"] == [name], "importing writes no file"
    assert told["sub"].endswith(".core.errors"), "relative imports hold under a name that is a path"
    tops = {module.split(".")[0] for module in told["loaded"]}
    assert not tops & {*HEAVY, "comfyfixersmart", "folder_paths", "server"}


def test_web_directory_is_there_if_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "pack").symlink_to(ROOT, target_is_directory=True)
    web = load_as_comfyui_does(tmp_path / "pack")["web"]
    assert web is None or (ROOT / web).is_dir()


def test_installed_package_is_importable_from_anywhere(tmp_path: Path) -> None:
    check = "import comfyfixersmart.core.errors, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", check], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not set(HEAVY) & set(done.stdout.split())


def test_our_root_is_not_on_the_path() -> None:
    """It holds a `nodes` folder, which would shadow ComfyUI's module of that name."""
    assert str(ROOT) not in {os.path.realpath(each) for each in sys.path}
    found = importlib.util.find_spec("nodes")
    assert found is None or not str(found.origin).startswith(str(ROOT))


@pytest.mark.parametrize("name", ["main", "my-pack v2.0"])
def test_pytest_runs_in_any_folder_name(tmp_path: Path, name: str) -> None:
    """pytest imports the root `__init__.py` a second time, under the folder's name."""
    copy = tmp_path / name
    (copy / "tests").mkdir(parents=True)
    for each in ("__init__.py", "pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / each, copy / each)
    (copy / "nodes").mkdir()
    (copy / "nodes/__init__.py").touch()
    (copy / "tests/test_it.py").write_text(
        "import importlib.util, os, sys\n"
        "def test_it():\n"
        f"    assert {str(copy)!r} not in map(os.path.realpath, sys.path)\n"
        f"    assert not str(importlib.util.find_spec('nodes')).count({str(copy)!r})\n"
    )
    pytest_beside = Path(sys.executable).with_name("pytest")
    done = subprocess.run(
        [str(pytest_beside), "-q", "-p", "no:cacheprovider"], capture_output=True, text=True, cwd=copy
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
