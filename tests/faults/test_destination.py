"""What lies under the final name before, while and after a file comes: nothing of it is ever overwritten or lost."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.download.place import Place
from comfyfixersmart.core.actions.types import SIZE_ONLY, VERIFIED, ActionFailed, Output
from comfyfixersmart.core.http import Clock
from comfyfixersmart.core.inventory.models import list_models
from comfyfixersmart.core.inventory.types import Folder
from comfyfixersmart.core.readiness.index import _without_part
from comfyfixersmart.core.weights.headers import format_of, header_facts

faults = sys.modules["faults_scripted"]


# ---- before -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["file", "link"])
def test_the_right_file_is_here_already(bench: Any, tmp_path: Path, how: str) -> None:
    (tmp_path / "elsewhere").write_bytes(bench.data)
    if how == "link":
        bench.path.symlink_to(tmp_path / "elsewhere")
    else:
        bench.path.write_bytes(bench.data)
    done = bench.fetch()
    assert (done.check, done.text, done.offer) == (VERIFIED, "Was here already", "") and not bench.server.asks
    assert done.outputs == (Output(str(bench.path), True, True, len(bench.data), bench.action().sha256),)
    assert bench.fetch(bench.action(sha256=None)).check == SIZE_ONLY and not bench.server.asks


@pytest.mark.parametrize("what", ["other", "same size", "empty", "folder", "dangling", "unknown"])
def test_something_else_is_here(bench: Any, what: str) -> None:
    action = bench.action()
    if what == "folder":
        bench.path.mkdir()
    elif what == "dangling":
        bench.path.symlink_to("nowhere")
    else:
        content = {"other": b"other", "empty": b"", "same size": bytes(len(bench.data)), "unknown": bench.data}[what]
        bench.path.write_bytes(content)
        action = bench.action(sha256=None, size=None) if what == "unknown" else action
    failed = bench.fails(action)
    assert (failed.code, failed.pauses, failed.voids) == ("destination_taken", False, False)
    assert not bench.server.asks and bench.lies() == [bench.path.name]


def test_a_damaged_file_of_the_right_size_is_not_the_right_one(bench: Any) -> None:
    bench.path.write_bytes(bytes(len(bench.data)))
    assert bench.fails(bench.action(sha256=None)).code == "destination_taken"


def test_folders_are_made(bench: Any) -> None:
    path = bench.models / "sub" / "deeper" / "ink.safetensors"
    done = bench.fetch(bench.action(destination=str(path)))
    assert done.text == "Now in sub/deeper" and path.read_bytes() == bench.data


def test_a_root_is_made_but_nothing_above_it(bench: Any) -> None:
    """What is absent above may be a disk that is not plugged in."""
    root = bench.models / "loras"
    assert bench.fetch(bench.action(root=str(root), destination=str(root / "a.safetensors"))).check == VERIFIED
    root = bench.models / "unplugged" / "loras"
    failed = bench.fails(bench.action(root=str(root), destination=str(root / "a.safetensors")))
    assert failed.code == "no_folder" and bench.lies() == ["loras"]


def test_a_root_that_is_a_file(bench: Any) -> None:
    (bench.models / "loras").write_bytes(b"")
    root = str(bench.models / "loras")
    assert bench.fails(bench.action(root=root, destination=f"{root}/a.safetensors")).code == "unsafe_place"


# ---- a damaged file ------------------------------------------------------------------------------------------------


def damaged(bench: Any, **more: Any) -> Any:
    bench.path.write_bytes(b"damaged")
    status = bench.path.stat()
    told = {"aside": f"{bench.path}.damaged-0a1b2c3d", "origin_size": 7, "origin_mtime_ns": status.st_mtime_ns}
    return bench.action(**{**told, **more})


def test_a_damaged_file_goes_aside_when_the_new_one_is_complete(bench: Any) -> None:
    action = damaged(bench)
    bench.server.then(faults.cut(100_000), *[faults.drops] * 20)
    assert bench.fails(action).pauses and bench.path.read_bytes() == b"damaged"
    bench.server._next.clear()
    done = bench.fetch(action)
    assert bench.whole() and Path(action.aside).read_bytes() == b"damaged" and len(bench.lies()) == 2
    assert done.outputs == (
        Output(str(bench.path), True, True, len(bench.data), action.sha256),
        Output(action.aside, False, True, 7),
    )


@pytest.mark.parametrize("more", [{"origin_size": 8}, {"origin_mtime_ns": 5}])
def test_a_damaged_file_that_changed_since_stays(bench: Any, more: dict[str, int]) -> None:
    assert bench.fails(damaged(bench, **more)).code == "destination_taken"
    assert bench.path.read_bytes() == b"damaged" and not bench.server.asks


@pytest.mark.parametrize("where", ["/etc/aside", "{models}/../aside", "{models}/sub/aside", "{models}/.."])
def test_a_place_aside_that_is_not_beside_it(bench: Any, where: str) -> None:
    assert bench.fails(damaged(bench, aside=where.format(models=bench.models))).code == "unsafe_name"


def test_a_place_aside_that_is_taken(bench: Any) -> None:
    action = damaged(bench)
    Path(action.aside).write_bytes(b"mine")
    assert bench.fails(action).code == "destination_taken"
    assert Path(action.aside).read_bytes() == b"mine" and bench.path.read_bytes() == b"damaged"
    Path(action.aside).unlink()
    bench.server.asks.clear()
    assert bench.fetch(action).check == VERIFIED and not bench.server.asks


# ---- meanwhile -----------------------------------------------------------------------------------------------------


def meanwhile(bench: Any, happens: Callable[[], Any]) -> Any:
    """What came of a fetch in whose middle something happens."""
    bench.clock = Clock()
    hold = bench.server.hold_at(100_000)
    came: list[Any] = []

    def work() -> None:
        try:
            came.append(bench.fetch())
        except ActionFailed as failed:
            came.append(failed)

    thread = threading.Thread(target=work)
    thread.start()
    assert hold.reached.wait(30)
    happens()
    hold.release()
    thread.join(30)
    return came[0]


@pytest.mark.parametrize("links", [True, False])
def test_another_file_comes_there_meanwhile(bench: Any, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(Place, "link", lambda *_: False)
    failed = meanwhile(bench, lambda: bench.path.write_bytes(b"mine"))
    assert failed.code == "destination_taken" and bench.path.read_bytes() == b"mine"
    assert bench.part.read_bytes() == bench.data  # it is all there, for when there is room
    bench.path.unlink()
    bench.server.asks.clear()
    assert bench.fetch().check == VERIFIED and bench.whole() and not bench.server.asks


def test_who_put_the_right_file_there_after_all(bench: Any) -> None:
    """Our own part is complete and could not be placed; then a person brings the file: it is theirs."""
    assert meanwhile(bench, lambda: bench.path.write_bytes(b"mine")).code == "destination_taken"
    bench.path.write_bytes(bench.data)
    done = bench.fetch()
    assert done.outputs[0].before and done.text == "Was here already" and bench.lies() == [bench.path.name]


def test_the_right_file_comes_there_meanwhile(bench: Any) -> None:
    done = meanwhile(bench, lambda: bench.path.write_bytes(bench.data))
    assert (done.check, done.text) == (VERIFIED, "Was here already") and bench.lies() == [bench.path.name]


def test_the_part_is_replaced_meanwhile(bench: Any) -> None:
    """What has the final name is what was hashed."""

    def replace() -> None:
        while not (bench.part.exists() and bench.part.stat().st_size == 100_000):
            time.sleep(0.005)
        (bench.models / "evil").write_bytes(b"evil")
        os.replace(bench.models / "evil", bench.part)

    failed = meanwhile(bench, replace)
    assert failed.code == "place_changed" and not bench.path.exists()


def test_where_there_are_no_hard_links(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "link", lambda *_: False)
    action = damaged(bench)
    assert bench.fetch(action).check == VERIFIED and bench.whole()
    assert Path(action.aside).read_bytes() == b"damaged" and len(bench.lies()) == 2


# ---- what others see of it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffixes", [frozenset({".safetensors"}), frozenset({".json"}), frozenset()])
def test_nothing_beside_a_file_is_a_model(bench: Any, suffixes: frozenset[str]) -> None:
    """Not even in a folder that lists files of every kind; and the part is known as what it is a part of."""
    bench.begin(100_000)
    for more in (".part.owner", ".part.owner.0a1b2c3d", ".part.json.new", ".mismatch", "-2.mismatch"):
        Path(str(bench.part).removesuffix(".part") + more).write_bytes(b"x")
    Path(f"{bench.path}.damaged-0a1b2c3d").write_bytes(b"x")
    listing = list_models([Folder("f", (str(bench.models),), suffixes)])
    assert listing.models["f"] == [] and [file.name for file in listing.partial] == [bench.part.name]
    assert _without_part(bench.part.name) == bench.path.name


def test_parts_and_mismatches_have_the_format_of_their_file(bench: Any) -> None:
    bench.begin(100_000)
    facts = header_facts(bench.part)
    assert (facts.format, facts.complete, facts.true_size) == ("safetensors", False, len(bench.data))
    assert format_of("a.gguf.0a1b2c3d4e5f.part") == format_of("a.gguf.0a1b2c3d4e5f-2.mismatch") == "gguf"
    assert format_of("a.gguf.0a1b2c3d4e5f") == "unknown"
    assert _without_part("odd.pt2.0a1b2c3d4e5f.part") == "odd.pt2"
