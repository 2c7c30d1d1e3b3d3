"""What a running ComfyUI knew, written and read again, with the disk as it is now."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.errors import InventoryError, NewerSchema
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.snapshot import CHANGED, GONE, NEW, read_snapshot, write_snapshot
from comfyfixersmart.core.inventory.types import FAILED, LOADED, UNREADABLE, Folder, Inventory, Pack


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def inventory(base: Path) -> Inventory:
    put(base / "custom_nodes/good/__init__.py")
    put(base / "custom_nodes/bad/__init__.py")
    put(base / "models/loras/a.safetensors")
    put(base / "input/cat.png")
    core = put(base / "nodes.py").parent
    inputs = (
        Input("ckpt", "COMBO", folders=("checkpoints",), extras=("None",)),
        Input("mode", "COMBO", options=("a", 1, 2.5, True, None), default="a"),
        Input("n", "INT", required=False, minimum=0, maximum=1e30, control=True),
        Input("image", "COMBO", media="image", widget=False),
    )
    return Inventory(
        origin="server",
        place=str(base),
        separator="/",
        comfyui_version="0.9.1",
        definitions={
            "Good": NodeType("Good", inputs, output=True, pack="good", source="snapshot", dynamic=True),
            "Core": NodeType("Core", None, pack="comfy-core", source="snapshot", api=True),
        },
        packs=(
            Pack("comfy-core", LOADED, frozenset({"Core"}), path=str(core), version="0.9.1"),
            Pack("good", LOADED, frozenset({"Good"}), path=str(base / "custom_nodes/good"), ids=("good", "o/good")),
            Pack("bad", FAILED, reason="ModuleNotFoundError: x", path=str(base / "custom_nodes/bad")),
        ),
        folders={
            "loras": Folder("loras", (str(base / "models/loras"),), frozenset({".safetensors"})),
            "custom_nodes": Folder("custom_nodes", (str(base / "custom_nodes"),), frozenset()),
        },
        directories={"input": str(base / "input"), "output": str(base / "output")},
        aliases={"unet": "diffusion_models"},
        gaps=("one thing",),
        taken=1_700_000_000.0,
    )


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Inventory]:
    given = inventory(tmp_path / "ui")
    write_snapshot(tmp_path / "state/snapshot.json", given)
    return tmp_path / "state/snapshot.json", given


def by_name(found: Inventory) -> dict[str, Pack]:
    return {pack.name: pack for pack in found.packs}


def test_what_was_written_comes_back(written: tuple[Path, Inventory]) -> None:
    path, given = written
    found = read_snapshot(path)
    assert found.origin == "snapshot" and found.taken == given.taken
    for part in ("definitions", "packs", "folders", "aliases", "gaps", "directories", "comfyui_version", "place"):
        assert getattr(found, part) == getattr(given, part), part
    assert found.inputs == {"cat.png"} and found.inputs_known and found.models_known and found.types_known
    assert "a.safetensors" not in path.read_text()


def test_model_files_are_listed_when_the_snapshot_is_read(written: tuple[Path, Inventory]) -> None:
    path, given = written
    first = read_snapshot(path)
    assert [file.name for file in first.models["loras"]] == ["a.safetensors"]
    put(Path(given.place) / "models/loras/b.safetensors")
    second = read_snapshot(path)
    assert [file.name for file in second.models["loras"]] == ["a.safetensors", "b.safetensors"]
    assert first.digest != second.digest == read_snapshot(path).digest


def test_packs_that_changed_since_are_not_believed(written: tuple[Path, Inventory]) -> None:
    path, given = written
    base = Path(given.place)
    os.utime(base / "custom_nodes/good/__init__.py", ns=(1, 1))  # an older version was checked out
    put(base / "custom_nodes/fresh/__init__.py")
    (base / "custom_nodes/bad/__init__.py").unlink()
    (base / "custom_nodes/bad").rmdir()
    found = read_snapshot(path)
    packs = by_name(found)
    for name, reason in (("good", CHANGED), ("bad", GONE), ("fresh", NEW)):
        assert (packs[name].state, packs[name].reason, packs[name].complete) == (UNREADABLE, reason, False)
        assert packs[name].node_types == frozenset()
    assert set(found.definitions) == {"Core"} and packs["comfy-core"].state == LOADED
    assert packs["good"].ids == ("good", "o/good")


def test_an_updated_comfyui_is_not_believed_either(written: tuple[Path, Inventory]) -> None:
    path, given = written
    os.utime(Path(given.place) / "nodes.py", ns=(5, 5))
    found = read_snapshot(path)
    assert by_name(found)["comfy-core"].state == UNREADABLE and "Core" not in found.definitions


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "types": [{"class_type": 3}]}'])
def test_what_is_no_snapshot_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InventoryError) as refused:
        read_snapshot(put(tmp_path / "s.json", text))
    assert refused.value.code == "no_snapshot"
    with pytest.raises(InventoryError):
        read_snapshot(tmp_path / "absent.json")


def test_a_newer_snapshot_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = put(tmp_path / "s.json", '{"schema": 2}')
    with pytest.raises(NewerSchema):
        read_snapshot(path)
    with pytest.raises(NewerSchema):
        write_snapshot(path, nothing("x"))
    assert path.read_text() == '{"schema": 2}'


def test_any_part_of_a_wrong_type_is_survived(written: tuple[Path, Inventory]) -> None:
    path, _ = written
    body: dict[str, Any] = json.loads(path.read_text())
    for key in body:
        for junk in (None, 7, "x", [], {}, [7], [{}], [{"name": 3}], {"x": 7}, [{"name": "n", "paths": 3}], True):
            if key in ("schema", "types"):
                continue
            path.write_text(json.dumps({**body, key: junk}))
            assert read_snapshot(path).origin == "snapshot"


def test_knowing_nothing_says_why() -> None:
    found = nothing("no ComfyUI was given")
    assert found.origin == "none" and found.gaps == ("no ComfyUI was given",)
    assert not (found.types_known or found.models_known or found.inputs_known)
    assert found.aliases["clip"] == "text_encoders"
