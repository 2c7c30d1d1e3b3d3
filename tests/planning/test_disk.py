"""The disk as planning asks it: bytes, volumes, contents; nothing is ever written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.planning.disk import LocalDisk
from comfyfixersmart.core.actions.planning.needs import graph_bytes, needs_of, rechecker, used_of
from comfyfixersmart.core.errors import ComfyFixerError, UnreadableFile
from comfyfixersmart.core.library import find
from comfyfixersmart.core.weights.hashes import HashCache

from .scene import Scene, content, sha


def disk(scene: Scene, **more: object) -> LocalDisk:
    return LocalDisk(scene.inventory(), scene.hashes, **more)  # type: ignore[arg-type]


def test_free_bytes_and_volume_of_what_is_not_there_yet(scene: Scene) -> None:
    found = disk(scene)
    deep = scene.path("loras/not/there/yet.safetensors")
    told = found.free(deep)
    assert told is not None and 0 < told[1] <= told[0]
    assert found.volume(deep) == found.volume(scene.path("loras")) != ""


def test_what_is_there(scene: Scene) -> None:
    here = scene.put("vae/x.safetensors")
    found = disk(scene)
    assert found.exists(str(here)) and found.status(str(here)) == (here.stat().st_size, here.stat().st_mtime_ns)
    link = scene.base / "link"
    os.symlink("nowhere", link)
    assert found.exists(str(link)) and found.status(str(link)) is None
    assert found.status(str(scene.base)) is None, "a folder is no file"
    for odd in ("a\0b", str(scene.base / "\ud800x")):
        assert not found.exists(odd) and found.status(odd) is None and not found.writable(odd)


def test_folders_that_can_be_written(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    found = disk(scene)
    assert found.writable(scene.path("vae")) and not found.writable(scene.path("nothing"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # tests may run as root, who may write anywhere
    assert not found.writable(scene.path("vae"))


def test_the_same_content_is_found_and_each_file_is_read_once(scene: Scene, tmp_path: Path) -> None:
    alike = scene.put("checkpoints/alike.safetensors", bytes(len(content("x"))))
    here = scene.put("loras/x.safetensors", content("x"))
    scene.hashes = HashCache(tmp_path / "weights.json")
    read: list[str] = []
    found = disk(scene, progress=lambda path, done, total: read.append(path))
    wanted = sha(content("x"))
    assert found.same(wanted, len(content("x"))) == str(here)
    assert set(read) == {str(alike), str(here)}
    read.clear()
    assert found.same(wanted, len(content("x"))) == str(here) and not read
    assert found.same("0" * 64, len(content("x"))) is None and found.same(wanted, 5) is None
    assert found.same(wanted, None) is None
    scene.hashes.save()
    assert (tmp_path / "weights.json").is_file()


def test_hashing_can_be_cancelled(scene: Scene) -> None:
    scene.put("loras/x.safetensors", content("x"))
    with pytest.raises(ComfyFixerError) as raised:
        disk(scene, cancel=lambda: True).same(sha(content("x")), len(content("x")))
    assert raised.value.code == "cancelled"


def test_a_file_that_went_away_is_no_content(scene: Scene) -> None:
    here = scene.put("loras/x.safetensors", content("x"))
    found = disk(scene)
    here.unlink()
    assert found.same(sha(content("x")), len(content("x"))) is None


# ---- where needs come from ---------------------------------------------------------------------------------


def test_needs_are_the_findings_that_stand_in_the_way(scene: Scene) -> None:
    scene.put("loras/used.safetensors", content("used"))
    scene.flow("a.json", loras="used.safetensors", vae="gone.safetensors")
    app = scene.app()
    checked = app.check(find([str(scene.flows)]))
    (need,) = needs_of(app, checked, scene.store)
    assert (need.workflow, need.finding.name, need.resolution) == ("a.json", "gone.safetensors", None)
    assert need.path == str(scene.flows / "a.json")
    assert used_of(checked) == {"used.safetensors"}


def test_bytes_are_checked_in_place_of_a_file(scene: Scene) -> None:
    path = scene.flow("a.json", vae="gone.safetensors")
    again = rechecker(scene.app())
    assert again(str(path), graph_bytes(str(path))) == {("MODEL001", "gone.safetensors")}
    scene.put("vae/here.safetensors")
    changed = graph_bytes(str(path)).replace(b"gone.", b"here.")
    assert rechecker(scene.app())(str(path), changed) == set()
    with pytest.raises(ComfyFixerError, match="could not be read again"):
        again(str(path), b"{")
    with pytest.raises(UnreadableFile):
        graph_bytes(str(scene.flows / "nothing.json"))
