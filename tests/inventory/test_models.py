"""One walk per root gives what ComfyUI lists, and nothing on the disk can break it."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from comfyfixersmart.core.inventory import models
from comfyfixersmart.core.inventory.models import Listing, list_models
from comfyfixersmart.core.inventory.types import Folder

WEIGHTS = frozenset({".safetensors", ".ckpt", ".bin"})


def put(path: Path, size: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def names(listing: Listing, folder: str) -> list[str]:
    return [file.name for file in listing.models[folder]]


def listed(root: Path, suffixes: frozenset[str] = WEIGHTS) -> list[str]:
    return names(list_models([Folder("f", (str(root),), suffixes)]), "f")


def test_files_with_size_and_time_sorted_by_name(tmp_path: Path) -> None:
    for name in ("b.safetensors", "sub/deep/a.CKPT", "sub/c.txt", ".git/d.ckpt", ".hidden/e.ckpt", "a.ckpt"):
        put(tmp_path / name, 3)
    listing = list_models([Folder("loras", (str(tmp_path),), WEIGHTS)])
    assert names(listing, "loras") == [".hidden/e.ckpt", "a.ckpt", "b.safetensors", "sub/deep/a.CKPT"]
    file = listing.models["loras"][1]
    assert (file.size, file.mtime_ns) == (3, (tmp_path / "a.ckpt").stat().st_mtime_ns)
    assert file.path == str(tmp_path / "a.ckpt")
    assert not listing.gaps and not listing.unlisted


def test_suffixes_as_comfyui_takes_them(tmp_path: Path) -> None:
    for name in ("a.bin", "b", ".bin", "..bin", "c.", "d.tar.bin", "e.BIN"):
        put(tmp_path / name)
    assert listed(tmp_path, frozenset()) == ["..bin", ".bin", "a.bin", "b", "c.", "d.tar.bin", "e.BIN"]
    assert listed(tmp_path, frozenset({".bin"})) == ["a.bin", "d.tar.bin", "e.BIN"]
    assert listed(tmp_path, frozenset({""})) == ["..bin", ".bin", "b"]


def test_a_root_shared_by_several_names_is_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a.ckpt")
    put(tmp_path / "b.gguf")
    walked: list[str] = []
    original = models._Walk.run
    monkeypatch.setattr(models._Walk, "run", lambda walk: (walked.append(walk.root), original(walk)))
    root = (str(tmp_path),)
    listing = list_models(
        [
            Folder("unet", root, WEIGHTS),
            Folder("unet_gguf", root, frozenset({".gguf"})),
            Folder("all", root, frozenset()),
        ]
    )
    assert walked == [str(tmp_path)]
    assert [names(listing, name) for name in ("unet", "unet_gguf", "all")] == [
        ["a.ckpt"],
        ["b.gguf"],
        ["a.ckpt", "b.gguf"],
    ]


def test_the_same_name_in_two_roots_is_listed_for_each_in_order(tmp_path: Path) -> None:
    put(tmp_path / "one/a.ckpt")
    put(tmp_path / "two/a.ckpt")
    roots = (str(tmp_path / "two"), str(tmp_path / "one"), str(tmp_path / "absent"))
    found = list_models([Folder("f", roots, WEIGHTS)]).models["f"]
    assert [file.root for file in found] == list(roots[:2])


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    put(tmp_path / "store/x.ckpt")
    root = tmp_path / "root"
    root.mkdir()
    for name, target in (("a", "../store"), ("b", "../store"), ("me", "."), ("up", ".."), ("dead.ckpt", "gone")):
        (root / name).symlink_to(target)
    (root / "self.ckpt").symlink_to("self.ckpt")
    (root / "file.ckpt").symlink_to("../store/x.ckpt")
    listing = list_models([Folder("f", (str(root),), WEIGHTS)])
    assert names(listing, "f") == ["a/x.ckpt", "b/x.ckpt", "file.ckpt", "up/store/x.ckpt"]
    assert not listing.gaps


def test_a_few_links_that_look_like_millions_of_folders_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MAX_FILES", 500)
    for level in range(30):
        (tmp_path / f"d{level}").mkdir()
        for link in "ab":
            (tmp_path / f"d{level}" / link).symlink_to(tmp_path / f"d{level + 1}")
    (tmp_path / "d30").mkdir()
    listing = list_models([Folder("f", (str(tmp_path / "d0"),), WEIGHTS)])
    assert listing.unlisted == {"f"} and "more than 500" in listing.gaps[0]


def test_half_downloaded_files_are_collected_apart(tmp_path: Path) -> None:
    for name in ("a.safetensors.part", "b.ckpt.CRDOWNLOAD", "c.safetensors", "d.incomplete", "c.safetensors.aria2"):
        put(tmp_path / name)
    listing = list_models([Folder("f", (str(tmp_path),), WEIGHTS)])
    assert names(listing, "f") == ["c.safetensors"]
    assert [file.name for file in listing.partial] == [
        "a.safetensors.part",
        "b.ckpt.CRDOWNLOAD",
        "c.safetensors.aria2",
        "d.incomplete",
    ]


def test_diffusers_folders_are_listed_by_their_index(tmp_path: Path) -> None:
    for name in ("sd/model_index.json", "sd/unet/config.json", "deep/er/model_index.json", "no/config.json"):
        put(tmp_path / name)
    assert listed(tmp_path, frozenset({"folder"})) == ["deep/er", "sd"]


def test_what_is_not_a_file_is_ignored(tmp_path: Path) -> None:
    import socket

    put(tmp_path / "a.ckpt")
    os.mkfifo(tmp_path / "pipe.ckpt")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket must be short
        try:
            server.bind("s.ckpt")
        finally:
            os.chdir(here)
        assert listed(tmp_path) == ["a.ckpt"]


def test_odd_names_come_through(tmp_path: Path) -> None:
    odd = [
        b"\xff\xfe.ckpt",
        b"line\nbreak.ckpt",
        b"<b>\x1b[31m.ckpt",
        "ü\N{PILE OF POO}.ckpt".encode(),
        b"x" * 250 + b".ckpt",
    ]
    for name in odd:
        fd = os.open(os.path.join(os.fsencode(tmp_path), name), os.O_CREAT | os.O_WRONLY)
        os.close(fd)
    found = listed(tmp_path)
    assert sorted(map(os.fsencode, found)) == sorted(odd)
    listing = list_models([Folder("f", (str(tmp_path),), WEIGHTS)])
    assert len(listing.digest()) == 64


def test_an_unreadable_folder_is_a_gap_and_the_rest_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a.ckpt")
    put(tmp_path / "locked/b.ckpt")
    original = os.scandir

    def refusing(path: str):  # the tests may run as root, for whom no mode bits count
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(models.os, "scandir", refusing)
    other = tmp_path / "other"
    other.mkdir()
    listing = list_models([Folder("f", (str(tmp_path),), WEIGHTS), Folder("g", (str(other),), WEIGHTS)])
    assert names(listing, "f") == ["a.ckpt"]
    assert listing.gaps == [f"{tmp_path}/locked: Permission denied"] and listing.unlisted == {"f"}


def test_folders_deeper_than_any_path_end_quietly(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(4_000):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        listing = list_models([Folder("f", (str(tmp_path),), WEIGHTS)])
        assert listing.models["f"] == [] and not listing.unlisted
    finally:
        _remove_deep(here, 4_000)


def _remove_deep(here: int, depth: int) -> None:
    """rmtree recurses; pytest's own clean-up could not remove this."""
    for _ in range(depth):
        above = os.open("..", os.O_RDONLY, dir_fd=here)
        os.close(here)
        os.rmdir("d", dir_fd=above)
        here = above
    os.close(here)


def test_files_that_vanish_while_being_listed_do_no_harm(tmp_path: Path) -> None:
    for n in range(300):
        put(tmp_path / f"s{n % 7}" / f"{n}.ckpt")
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for n in range(0, 300, 3):
                (tmp_path / f"s{n % 7}" / f"{n}.ckpt").unlink(missing_ok=True)
            for n in range(0, 300, 3):
                put(tmp_path / f"s{n % 7}" / f"{n}.ckpt")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(20):
            assert len(listed(tmp_path)) >= 200
    finally:
        stop.set()
        thread.join()


def test_the_digest_changes_with_every_change_of_a_file(tmp_path: Path) -> None:
    put(tmp_path / "a.ckpt")
    folder = [Folder("f", (str(tmp_path),), WEIGHTS)]
    seen = [list_models(folder).digest()]
    assert list_models(folder).digest() == seen[0]
    os.utime(tmp_path / "a.ckpt", ns=(5, 5))
    seen.append(list_models(folder).digest())
    put(tmp_path / "a.ckpt", 9)
    os.utime(tmp_path / "a.ckpt", ns=(5, 5))
    seen.append(list_models(folder).digest())
    os.rename(tmp_path / "a.ckpt", tmp_path / "b.ckpt")
    seen.append(list_models(folder).digest())
    assert len(set(seen)) == 4
    assert stat.S_ISREG((tmp_path / "b.ckpt").stat().st_mode)


def test_roots_that_are_no_folders_are_empty(tmp_path: Path) -> None:
    put(tmp_path / "file")
    for root in (tmp_path / "file", tmp_path / "absent", Path("/nul\0byte")):
        assert listed(root) == []
