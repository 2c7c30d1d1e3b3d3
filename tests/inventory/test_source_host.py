"""A real ComfyUI loads the fixture packs and answers for itself; reading their source must give the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from comfyfixersmart.core.catalogue.types import NodeType
from comfyfixersmart.core.inventory.source import Host, read_core, read_folder_table, read_pack

pytestmark = pytest.mark.comfyui

PACKS = Path(__file__).resolve().parents[1] / "fixtures" / "packs"
FAILING = {"failing_import", "missing_module"}


@pytest.fixture(scope="module")
def answer(comfyui: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """/object_info with API nodes, the log, and ComfyUI's folder."""
    base = tmp_path_factory.mktemp("packs")
    shutil.copytree(PACKS, base / "custom_nodes")  # ComfyUI writes __pycache__ beside what it loads
    for path in _one_file_each(Host(comfyui.installer.install().checkout)):
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_bytes(b"x")
    with comfyui.running(base, api_nodes=True) as server:
        status, info = server.get("/object_info")
        assert status == 200
        return info, server.log_text(), comfyui.installer.install().checkout


def _one_file_each(host: Host) -> dict[str, str]:
    """For every model folder one file that names it: path below the base folder → the name it is listed under."""
    files = {"models/quills/only_quills.safetensors": "quills", "models/inkwells/only_inkwells.ink": "inkwells"}
    for name, folder in read_folder_table(host.folder, host).folders.items():
        suffix = min(folder.suffixes or {".x"})
        if name not in {"custom_nodes", "diffusers"} and folder.paths[0].startswith("models/"):
            files[f"{folder.paths[0]}/only_{name}{suffix}"] = name
    return files


def _packs(host: Host) -> dict[str, NodeType]:
    """The types that should be there: those of packs that load, less those whose optional import is absent."""
    found: dict[str, NodeType] = {}
    for path in sorted(PACKS.iterdir()):
        pack = read_pack(path, host)
        absent = [name for name in pack.imports if name.startswith("comfyfixersmart_fixture")]
        if path.name.endswith((".disabled", ".pyc")) or path.name == "__pycache__" or pack.failed or absent:
            continue
        found.update({name: known for name, known in pack.definitions.items() if name not in pack.needs})
    return found


def test_the_fixture_packs_bring_what_their_source_says(answer: tuple[dict[str, Any], str, Path]) -> None:
    info, log, folder = answer
    real = {name: one for name, one in info.items() if one["python_module"].startswith("custom_nodes.")}
    ours = _packs(Host(folder))
    assert set(real) - set(ours) == {"BellChurch", "BellBicycle"}  # of the pack that is known to be incomplete
    assert set(ours) <= set(real)
    for name, known in ours.items():
        _same(name, known, real[name])
    for name in FAILING:
        assert f"Cannot import {name}" in log or f"{name} module for custom nodes" in log


def test_the_core_is_what_its_source_says(answer: tuple[dict[str, Any], str, Path]) -> None:
    info, _, folder = answer
    own, partner = read_core(folder)
    ours = {**own.definitions, **partner.definitions}
    real = {name: one for name, one in info.items() if not one["python_module"].startswith("custom_nodes.")}
    assert own.complete
    assert partner.complete
    assert set(ours) == set(real)
    for name, known in ours.items():
        _same(name, known, real[name])


def _same(name: str, known: NodeType, real: dict[str, Any]) -> None:
    assert known.output == real["output_node"], name
    assert known.inputs is not None, name
    made = ["COMBO" if isinstance(one, list) else one for one in real["output"]]
    assert known.outputs is None or all(ours in (theirs, "") for ours, theirs in zip(known.outputs, made, strict=True))
    expected = [
        (field, section == "required", spec)
        for section in ("required", "optional")
        for field, spec in real["input"].get(section, {}).items()
    ]
    assert [one.name for one in known.inputs] == [field for field, _, _ in expected], name
    for one, (field, required, spec) in zip(known.inputs, expected, strict=True):
        settings = spec[1] if len(spec) > 1 else {}
        kind = "COMBO" if isinstance(spec[0], list) else spec[0]
        assert one.required == required, f"{name}.{field}"
        assert one.type in (kind, ""), f"{name}.{field}"
        assert (one.minimum, one.maximum) == (settings.get("min"), settings.get("max")), f"{name}.{field}"
        choices = spec[0] if isinstance(spec[0], list) else settings.get("options")
        if one.options is not None:
            assert list(one.options) == choices, f"{name}.{field}"
        elif isinstance(choices, list) and not one.media:
            listed = {c.removeprefix("only_").split(".")[0] for c in choices if c.startswith("only_")}
            assert listed <= set(one.folders or ()), f"{name}.{field}"
            assert set((one.folders or ())[:1]) <= listed | {"diffusers"}, f"{name}.{field}"
            if one.folders:
                assert {c for c in choices if not c.startswith("only_")} <= set(one.extras), f"{name}.{field}"
