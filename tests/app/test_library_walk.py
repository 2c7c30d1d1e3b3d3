"""Which files of a library are looked at, and under which names."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from comfyfixersmart.core.library import MEDIA_SUFFIXES, find


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")


def found(*roots: Path, media: bool = True) -> list[str]:
    return [one.name for one in find([str(root) for root in roots], media=media)]


def test_names_are_paths_below_the_root_in_a_settled_order(tmp_path: Path) -> None:
    make(tmp_path, "b.json", "a.json", "sub/c.json", "sub/deep/d.json", "A.json")
    assert found(tmp_path) == ["A.json", "a.json", "b.json", "sub/c.json", "sub/deep/d.json"]


def test_suffixes_choose_and_case_does_not_matter(tmp_path: Path) -> None:
    make(tmp_path, "a.JSON", "b.txt", "c.jsonl", "d", *(f"m{suffix}" for suffix in MEDIA_SUFFIXES))
    assert set(found(tmp_path)) == {"a.JSON", *(f"m{suffix}" for suffix in MEDIA_SUFFIXES)}
    assert found(tmp_path, media=False) == ["a.JSON"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a.json", ".index.json", ".git/b.json", "sub/.c.json")
    assert found(tmp_path) == ["a.json"]


def test_a_given_file_is_taken_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, "odd name.txt", ".hidden.json")
    given = list(find([str(tmp_path / "odd name.txt")]))
    assert [(one.name, one.size, one.given) for one in given] == [("odd name.txt", 2, True)]
    assert found(tmp_path / ".hidden.json") == [".hidden.json"]
    absent = list(find([str(tmp_path / "gone.json")]))
    assert [(one.name, one.size, one.given) for one in absent] == [("gone.json", -1, True)]


def test_several_roots_are_told_apart(tmp_path: Path) -> None:
    make(tmp_path, "x/flows/a.json", "y/flows/a.json", "z/other/a.json")
    names = found(tmp_path / "x/flows", tmp_path / "y/flows", tmp_path / "z/other")
    assert len(set(names)) == 3
    assert names[0].endswith("x/flows/a.json")


def test_the_same_root_twice_is_looked_at_once(tmp_path: Path) -> None:
    make(tmp_path, "sub/a.json")
    assert len(found(tmp_path, tmp_path, tmp_path / "sub")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    make(tmp_path, "library/a.json", "elsewhere/b.json")
    library = tmp_path / "library"
    (library / "loop").symlink_to(library, target_is_directory=True)
    (library / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (library / "again").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (library / "copy.json").symlink_to(library / "a.json")
    names = found(library)
    assert sorted(names) == ["a.json", "again/b.json", "copy.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_what_only_looks_like_a_file_is_never_opened_by_the_walk(tmp_path: Path) -> None:
    make(tmp_path, "a.json")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "broken.json").symlink_to(tmp_path / "gone")
    with socket.socket(socket.AF_UNIX) as door:
        os.chdir(tmp_path)
        door.bind("door.json")
    sizes = {one.name: one.size for one in find([str(tmp_path)])}
    assert sizes.pop("a.json") == 2
    assert set(sizes.values()) <= {-1}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "shut/b.json")
    (tmp_path / "shut").chmod(0)
    unread: list[str] = []
    try:
        assert [one.name for one in find([str(tmp_path)], unread=unread)] == ["a.json"]
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert len(unread) == 1 and "shut" in unread[0]


def test_a_folder_that_vanishes_while_it_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "sub/b.json")
    names = []
    for one in find([str(tmp_path)]):
        names.append(one.name)
        (tmp_path / "sub/b.json").unlink(missing_ok=True)
        if (tmp_path / "sub").exists():
            (tmp_path / "sub").rmdir()
    assert names == ["a.json"]


def test_a_folder_named_like_a_file_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "odd.json/a.json")
    assert found(tmp_path) == ["odd.json/a.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="only here a name may be any bytes")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/lone\xff.json", "wb") as file:
        file.write(b"{}")
    assert found(tmp_path) == ["lone\udcff.json"]
