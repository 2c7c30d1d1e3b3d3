"""The questions that need the disk, on real files and on hostile names."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import pytest
from comfyfixersmart.core.inventory.types import Folder, Inventory, ModelFile
from comfyfixersmart.core.probe import DiskProbe
from comfyfixersmart.core.readiness.models import Remembered


def inventory(root: Path | None = None, **more: object) -> Inventory:
    folders = {name: str(root / name) for name in ("input", "output", "temp")} if root else {}
    return Inventory("disk", str(root or ""), directories=folders, **more)  # type: ignore[arg-type]


def probe(root: Path | None = None, **more: object) -> DiskProbe:
    return DiskProbe(inventory(root, **more), None)


def safetensors(path: Path, body: int, said: int) -> ModelFile:
    header = json.dumps({"w": {"dtype": "U8", "shape": [said], "data_offsets": [0, said]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(body))
    return ModelFile(path.name, str(path.parent), path.stat().st_size, path.stat().st_mtime_ns)


def test_whole_cut_and_foreign_files(tmp_path: Path) -> None:
    asked = probe()
    assert asked.damage(safetensors(tmp_path / "whole.safetensors", 20, 20)) is None
    cut = asked.damage(safetensors(tmp_path / "cut.safetensors", 5, 20))
    assert cut
    pointer = tmp_path / "pointer.safetensors"
    pointer.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 6700000000\n")
    assert asked.damage(ModelFile(pointer.name, str(tmp_path), pointer.stat().st_size, 1)), "a Git LFS pointer"
    (tmp_path / "plain.pth").write_bytes(b"anything")
    assert asked.damage(ModelFile("plain.pth", str(tmp_path), 8, 1)) is None


def test_files_that_are_gone_or_elsewhere_tell_nothing(tmp_path: Path) -> None:
    asked = probe()
    for file in (ModelFile("gone.safetensors", str(tmp_path), 5, 1), ModelFile("far.safetensors", "", 5, 1)):
        assert asked.damage(file) is None
        assert asked.sha256(file) is None


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"thorn")
    assert probe().sha256(ModelFile("a.pt", str(tmp_path), 5, 1)) == hashlib.sha256(b"thorn").hexdigest()


def test_what_is_remembered() -> None:
    asked = probe(seen={"thorn.pt": (7, "ab" * 32, 5)})
    assert asked.remembered("Sub\\Thorn.PT") == Remembered(7, "ab" * 32, 5)
    assert asked.remembered("leaf.pt") is None


def test_media_by_its_annotation(tmp_path: Path) -> None:
    for name in ("output/sub", "temp", "input"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "output/sub/a.png").write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    asked = probe(tmp_path, inputs=frozenset({"in.png"}))
    assert asked.media("sub/a.png [output]") is True
    assert asked.media("b.png [output]") is False
    assert asked.media("in.png [input]") is True
    assert asked.media("b.png [input]") is False
    assert asked.media("../secret.png [output]") is False, "nothing outside that folder counts"
    assert asked.media("plain.png") is None
    assert asked.media(str(tmp_path / "secret.png")) is True
    assert asked.media(str(tmp_path / "gone.png")) is False
    assert probe().media("a.png [temp]") is None


@pytest.mark.parametrize("name", ["\ud800.png", "a\0b.png", "x" * 5000, "", ".", "/", "\\\\host\\share\\a.png"])
@pytest.mark.parametrize("ending", ["", " [output]", " [input]", " [temp]"])
def test_hostile_names(tmp_path: Path, name: str, ending: str) -> None:
    (tmp_path / "output").mkdir()
    asked = probe(tmp_path)
    assert not asked.media(name + ending)
    assert not asked.media(f"/{name}{ending}")


def test_what_was_learned_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"thorn")
    asked = DiskProbe(inventory(), tmp_path / "state")
    asked.sha256(ModelFile("a.pt", str(tmp_path), 5, 1))
    asked.save()
    assert json.loads((tmp_path / "state/weights.json").read_text())["schema"]


def test_a_file_that_its_folder_does_not_list(tmp_path: Path) -> None:
    (tmp_path / "brambles/sub").mkdir(parents=True)
    for name in ("thorn.gguf", "sub/leaf.gguf", "here.pt"):
        (tmp_path / "brambles" / name).write_bytes(b"x")
    (tmp_path / "outside.gguf").write_bytes(b"x")
    folder = Folder("brambles", (str(tmp_path / "brambles"),), frozenset({".pt"}))
    asked = probe(folders={"brambles": folder, "all": folder._replace(name="all", suffixes=frozenset())})
    assert asked.unlisted("thorn.gguf", ["brambles"]) == str(tmp_path / "brambles/thorn.gguf")
    assert asked.unlisted("sub/leaf.gguf", ["gone", "brambles"])
    for name in (
        "here.pt",
        "gone.gguf",
        "../outside.gguf",
        str(tmp_path / "outside.gguf"),
        "a\0.gguf",
        "\ud800.gguf",
        "",
    ):
        assert asked.unlisted(name, ["brambles"]) is None, name
    assert asked.unlisted("thorn.gguf", ["all"]) is None
