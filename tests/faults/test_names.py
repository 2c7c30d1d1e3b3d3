"""No name leads out of its folder, and no link that is slipped in either."""

from __future__ import annotations

import os
import random
import sys
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from comfyfixersmart.core.actions.download import safe_destination
from comfyfixersmart.core.actions.download.part import names_of
from comfyfixersmart.core.actions.download.place import opened
from comfyfixersmart.core.actions.types import VERIFIED, ActionFailed
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.http import Clock
from hypothesis import given
from hypothesis import strategies as st

faults = sys.modules["faults_scripted"]
PIECES = [
    *(
        "..",
        ".",
        "",
        "/",
        "\\",
        "//",
        "\\\\",
        "C:",
        "c:\\",
        "\\\\server\\share\\",
        "\\\\?\\",
        "\\\\.\\",
        "~",
        "$HOME",
        "%2e%2e",
    ),
    *("a", "ink.safetensors", "sub", ":stream", "::$DATA", "\0", "\n", "\r", "\x7f", "*", "?", '"', "<", ">", "|"),
    *("CON", "con.safetensors", "NUL", "COM1", "LPT¹", "AUX.", "CONIN$", "CLOCK$", "PRN .x"),
    *(" ", ".", "...", "a.", "a ", "é", "e\u0301", "\u202e", "\u2215", "\uff0e\uff0e", "\uff0f", "\u2024\u2024", "😀"),
    *("\ud800", "\udcff", "x" * 300, "😀" * 70, "a" * 251 + ".pt", "\u00a0", "\ufeff"),
]
DEVICES = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"
}


def generated(count: int, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        parts = [chance.choice(PIECES) for _ in range(chance.randint(1, 5))]
        name = chance.choice(["", "/", "\\"]).join(parts)
        yield unicodedata.normalize(chance.choice(["NFC", "NFD"]), name) if chance.random() < 0.2 else name


def inside(name: str) -> bool:
    """Refused, or it stays inside under the rules of both systems and is a file that both can have."""
    for root, rules in (("/models/loras", PurePosixPath), ("C:\\models\\loras", PureWindowsPath)):
        try:
            path = safe_destination("/models/loras", name)
        except ComfyFixerError as error:
            assert error.code == "unsafe_name" and error.hint
            return True
        parts = PurePosixPath(path).relative_to("/models/loras").parts
        here = rules(root).joinpath(*parts)
        inner = here.relative_to(root).parts
        assert inner == parts and parts and here.drive == rules(root).drive, name
        for part in parts:
            assert part not in ("..", ".") and not part.endswith((".", " ")) and len(part.encode()) <= 255, name
            assert not set(part) & set('/\\:*?"<>|\0') and part.isprintable() | (min(part) >= " "), name
            assert part.split(".")[0].rstrip(" ").upper() not in DEVICES, name
            assert os.fsencode(part).decode("utf-8") == part, name
    return True


def test_no_name_of_thousands_leads_out() -> None:
    names = list(generated(2_000, 5))
    assert all(inside(name) for name in names)
    assert sum(taken(name) for name in names) > 20, "not all are refused"


@pytest.mark.slow
def test_no_name_of_a_hundred_thousand_leads_out(tmp_path: Path) -> None:
    """The plain ones are made, and lie where they should."""
    root = tmp_path / "models"
    root.mkdir()
    for number, name in enumerate(generated(100_000, 6)):
        assert inside(name)
        if taken(name) and number % 10 == 0:
            folder = root / str(number)
            folder.mkdir()
            path = Path(safe_destination(str(folder), name))
            with opened(str(folder), str(path)) as place:
                os.close(place.open(place.name, os.O_WRONLY | os.O_CREAT))
            assert folder.resolve() in path.resolve().parents and path.is_file()
    assert os.listdir(tmp_path) == ["models"]


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_no_text_leads_out(name: str) -> None:
    assert inside(name)


def taken(name: str) -> bool:
    try:
        safe_destination("/m", name)
    except ComfyFixerError:
        return False
    return True


@pytest.mark.parametrize(
    "name", ["ink.safetensors", "SDXL/ink 2.safetensors", "a\\b.pt", "émile.gguf", "墨.safetensors", ".x.pt"]
)
def test_plain_names_are_taken(name: str) -> None:
    assert safe_destination("/m", name) == "/m/" + name.replace("\\", "/")


@pytest.mark.parametrize(
    "where",
    ["/etc/x.pt", "{root}/../x.pt", "{root}", "{root}/", "{root}x/x.pt", "{root}//x.pt", "{root}/a/../x.pt", "x.pt"],
)
def test_a_destination_elsewhere(bench: Any, where: str) -> None:
    failed = bench.fails(bench.action(destination=where.format(root=bench.models)))
    assert failed.code == "unsafe_name" and not bench.server.asks and bench.lies() == []


# ---- names that are only odd ------------------------------------------------------------------------------------


ODD = [
    "x" * 243 + ".safetensors",
    "😀" * 60 + ".safetensors",
    "\u00e9.safetensors",
    "e\u0301.safetensors",
    "a'b $(c).safetensors",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names(bench: Any, name: str) -> None:
    """Our own names are cut where they would be too long."""
    path = bench.models / name
    action = bench.action(destination=str(path))
    bench.server.then(faults.cut(100_000), *[faults.drops] * 20)
    assert bench.fails(action).pauses and len(bench.lies()) == 2
    assert all(len(os.fsencode(one)) <= 255 for one in names_of(action, name))
    bench.server._next.clear()
    assert bench.fetch(action).check == VERIFIED and path.read_bytes() == bench.data and bench.lies() == [name]


def test_twins(bench: Any) -> None:
    """One name in two spellings of Unicode: two files where the disk tells them apart, else the one that is there."""
    for name in ODD[2:4]:
        assert bench.fetch(bench.action(destination=str(bench.models / name))).check == VERIFIED


# ---- links ------------------------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a file that is nobody's business."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "mine").write_bytes(b"mine")
    return folder


def untouched(outside: Path) -> bool:
    return os.listdir(outside) == ["mine"] and (outside / "mine").read_bytes() == b"mine"


def test_a_link_inside_the_folder_is_a_folder(bench: Any) -> None:
    (bench.models / "real").mkdir()
    (bench.models / "link").symlink_to("real")
    assert bench.fetch(bench.action(destination=str(bench.models / "link/sub/a.safetensors"))).check == VERIFIED
    assert (bench.models / "real/sub/a.safetensors").read_bytes() == bench.data


@pytest.mark.parametrize("to", ["{outside}", "{outside}/new", "../outside", "../../..", "/"])
def test_a_link_that_leads_out(bench: Any, outside: Path, to: str) -> None:
    (bench.models / "link").symlink_to(to.format(outside=outside))
    failed = bench.fails(bench.action(destination=str(bench.models / "link/sub/a.safetensors")))
    assert failed.code == "unsafe_place" and untouched(outside) and not bench.server.asks


def test_a_loop_of_links(bench: Any) -> None:
    (bench.models / "link").symlink_to("link")
    assert bench.fails(bench.action(destination=str(bench.models / "link/a.safetensors"))).code == "unsafe_place"


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "fifo"])
def test_something_else_under_the_name_of_the_part(bench: Any, outside: Path, kind: str) -> None:
    if kind == "folder":
        bench.part.mkdir()
    elif kind == "fifo":
        os.mkfifo(bench.part)
    else:
        bench.part.symlink_to(outside / ("mine" if kind == "link" else "new"))
    assert bench.fails().code == "unsafe_place" and untouched(outside) and not bench.path.exists()


def test_a_second_name_of_the_part_keeps_its_content(bench: Any, outside: Path) -> None:
    """A backup by hard links, say: what it holds must not change."""
    bench.begin(100_000)
    os.link(bench.part, outside / "copy")
    kept = (outside / "copy").read_bytes()
    assert bench.fetch().check == VERIFIED and bench.whole() and (outside / "copy").read_bytes() == kept


def test_the_folder_is_swapped_meanwhile(bench: Any, outside: Path) -> None:
    bench.clock = Clock()
    hold = bench.server.hold_at(100_000)
    path = bench.models / "sub" / "ink.safetensors"
    caught: list[BaseException] = []

    def work() -> None:
        try:
            bench.fetch(bench.action(destination=str(path)))
        except ActionFailed as failed:
            caught.append(failed)

    thread = threading.Thread(target=work)
    thread.start()
    assert hold.reached.wait(30)
    path.parent.rename(bench.models / "away")
    path.parent.symlink_to(outside)
    hold.release()
    thread.join(30)
    assert [getattr(one, "code", "") for one in caught] == ["place_changed"] and untouched(outside)
    assert any(name.endswith(".part") for name in os.listdir(bench.models / "away"))


def race(bench: Any, outside: Path, runs: int) -> None:
    """Somebody swaps part and folder for links, over and over, while files are fetched."""
    over = threading.Event()
    sub = bench.models / "sub"
    part = sub / bench.part.name

    def swap() -> None:
        chance = random.Random(1)
        while not over.is_set():
            try:
                if chance.random() < 0.5:
                    part.unlink(missing_ok=True)
                    part.symlink_to(outside / "mine")
                    part.unlink()
                else:
                    sub.rename(bench.models / f"away-{chance.random()}")
                    sub.symlink_to(outside)
                    sub.unlink()
            except OSError:
                continue

    thread = threading.Thread(target=swap)
    thread.start()
    codes: set[str] = set()
    for run in range(runs):
        try:
            done = bench.fetch(bench.action(destination=str(sub / f"{run}.safetensors")))
            codes.add(done.check)
        except ActionFailed as failed:
            codes.add(failed.code)
    over.set()
    thread.join()
    assert untouched(outside) and codes - {"write_failed"}
    for folder, _, files in os.walk(bench.models):
        for name in files:
            if name.endswith(".safetensors"):
                assert (Path(folder) / name).read_bytes() == bench.data


def test_links_that_are_swapped_in_fifty_times(bench: Any, outside: Path) -> None:
    race(bench, outside, 50)


@pytest.mark.slow
def test_links_that_are_swapped_in_a_thousand_times(bench: Any, outside: Path) -> None:
    race(bench, outside, 1_000)
