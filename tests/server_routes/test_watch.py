"""The cheap look at the disk: the same while nothing changes, also after a restart; another for every change that counts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from comfyfixersmart.server_routes.watch import HOT, Watch


def put(path: Path, text: str = "x", *, age: float = 3600.0) -> Path:
    """A file that was last written `age` seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    when = time.time() - age
    os.utime(path, (when, when))
    return path


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., str]:
    put(tmp_path / "workflows/one.json")
    put(tmp_path / "models/loras/a/b.safetensors")
    put(tmp_path / "models/vae/c.safetensors")
    put(tmp_path / "input/harbour.png")
    watch = Watch()

    def looking(*, again: bool = False) -> str:
        roots = [str(tmp_path / name) for name in ("models/loras", "models/vae", "models/absent", "input")]
        return (Watch() if again else watch).look([str(tmp_path / "workflows"), str(tmp_path / "gone")], roots)

    return looking


def test_nothing_changed(look: Callable[..., str]) -> None:
    first = look()
    assert look() == first
    assert look(again=True) == first, "a restart would start a cycle for nothing"


@pytest.mark.parametrize(
    "name",
    [
        "workflows/two.json",
        "workflows/sub/one.json",
        "models/loras/new.safetensors",
        "models/loras/a/deeper/new.safetensors",
        "models/vae/new.ckpt",
        "input/other.png",
    ],
)
def test_a_new_file_and_a_file_that_goes(look: Callable[..., str], tmp_path: Path, name: str) -> None:
    before = look()
    path = put(tmp_path / name)
    after = look()
    assert after != before
    assert look() == after == look(again=True)
    path.unlink()
    assert look() != after


def test_a_workflow_written_in_place(look: Callable[..., str], tmp_path: Path) -> None:
    before = look()
    put(tmp_path / "workflows/one.json", "y", age=10)
    assert look() != before


def test_a_copy_under_way_is_followed_although_its_folder_stays_the_same(
    look: Callable[..., str], tmp_path: Path
) -> None:
    path = put(tmp_path / "models/vae/big.safetensors", "1", age=0)
    seen = {look()}
    for size in (10, 100, 1000):
        folder = os.stat(path.parent)
        path.write_text("x" * size)
        assert os.stat(path.parent).st_mtime_ns == folder.st_mtime_ns
        seen.add(look())
    assert len(seen) == 4
    assert look(again=True) == look()


def test_a_file_at_rest_is_no_longer_asked(look: Callable[..., str], tmp_path: Path) -> None:
    path = put(tmp_path / "models/vae/big.safetensors", age=0)
    look()
    os.utime(path, (time.time() - HOT - 1,) * 2)
    rested = look()
    folder = os.stat(path.parent)
    path.write_text("yy")
    os.utime(path.parent, ns=(folder.st_atime_ns, folder.st_mtime_ns))
    assert look() == rested  # the next full cycle sees it


def test_half_downloaded_and_hidden_files_do_not_count(look: Callable[..., str], tmp_path: Path) -> None:
    """A download that writes for an hour must not start a cycle every minute."""
    part = put(tmp_path / "models/vae/big.safetensors.part", age=0)
    hidden = put(tmp_path / "models/vae/.lock", age=0)
    before = look()
    for path in (part, hidden):
        path.write_text("more and more")
    assert look() == before


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_loops_pipes_and_broken_links_end_nothing(look: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "models/loras/loop").symlink_to(tmp_path / "models")
    (tmp_path / "models/loras/gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "models/loras/pipe.safetensors")
    os.mkfifo(tmp_path / "workflows/pipe.json")
    assert look() == look() == look(again=True)


def test_a_linked_folder_is_followed(look: Callable[..., str], tmp_path: Path) -> None:
    put(tmp_path / "elsewhere/d.safetensors")
    (tmp_path / "models/loras/linked").symlink_to(tmp_path / "elsewhere")
    before = look()
    put(tmp_path / "elsewhere/e.safetensors")
    assert look() != before
