"""The scripts a person starts: they are startable, and the sample they show holds what it promises."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "example_workflows").glob("*.json"))


@pytest.fixture(scope="module")
def sample_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_installation", ROOT / "scripts/sample_installation.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sample(sample_script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sample") / "ComfyUI"
    sample_script.build(target)
    return target


@pytest.mark.parametrize("name", ["scripts/test", "scripts/check", "scripts/demo", ".ci/run"])
def test_scripts_can_be_started(name: str) -> None:
    script = ROOT / name
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], capture_output=True).returncode == 0


def test_test_script_names_what_it_lacks(tmp_path: Path) -> None:
    """A machine without a fitting Python gets one line, not a traceback."""
    done = subprocess.run(
        ["bash", str(ROOT / "scripts/test")], env={**os.environ, "PYTHON": "/bin/false"}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Python 3.10 or newer is needed; name one in the environment variable PYTHON.\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_whole_graphs(path: Path) -> None:
    graph = json.loads(path.read_text(encoding="utf-8"))
    ids = {node["id"] for node in graph["nodes"]}
    assert len(ids) == len(graph["nodes"])
    for link_id, origin, slot, target, target_slot, _ in graph["links"]:
        nodes = {node["id"]: node for node in graph["nodes"]}
        assert link_id in nodes[origin]["outputs"][slot]["links"]
        assert nodes[target]["inputs"][target_slot]["link"] == link_id


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_the_picture_that_comfyui_looks_for(path: Path) -> None:
    """Taken by tests/host/test_pictures.py; the template browser asks for NAME.jpg."""
    picture = path.with_suffix(".jpg").read_bytes()
    assert picture[:3] == b"\xff\xd8\xff" and len(picture) <= 60 << 10


def test_sample_is_an_installation_with_a_snapshot(sample: Path) -> None:
    from comfyfixersmart.core.inventory.layout import find_layout
    from comfyfixersmart.core.inventory.snapshot import read_snapshot

    layout = find_layout(sample)
    assert [Path(folder).name for folder in layout.workflow_folders()] == ["workflows"]
    inventory = read_snapshot(sample / "user/__comfyfixersmart/snapshot.json")
    assert {pack.name: pack.state for pack in inventory.packs} == {
        "comfy-core": "loaded",
        "sample-tone-pack": "loaded",
        "sample-broken-pack": "failed",
    }
    assert "KSampler" in inventory.definitions


def test_sample_is_never_laid_over_something_else(sample_script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no sample installation"):
        sample_script.build(tmp_path)
    assert (tmp_path / "precious.txt").read_text() == "mine"
    sample_script.build(tmp_path / "new")
    sample_script.build(tmp_path / "new")
