"""One installation's App: nothing is read twice, one bad file ends nothing, and what it keeps on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.app import App
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.types import Inventory, ModelFile, Pack
from comfyfixersmart.core.library import find
from comfyfixersmart.core.readiness.types import NEEDS_INPUT, RUNNABLE
from comfyfixersmart.core.workflow import read as reader
from comfyfixersmart.core.workflow.read import read_bytes as real_read

from ..workflow.graphs import graph, node

Tree = Callable[[Path], dict[str, tuple[int, int]]]
FLOW = graph(node(1, "CheckpointLoaderSimple", "thorn.safetensors"))


def here(*models: str, digest: str = "one") -> Inventory:
    files = [ModelFile(name, "/models", 5, 1) for name in models]
    core = Pack("comfy-core", "loaded", frozenset({"CheckpointLoaderSimple"}))
    return Inventory("none", "", packs=(core,), models={"checkpoints": files}, digest=digest)


def write(folder: Path, name: str, body: Any = FLOW) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def statuses(app: App, *roots: Path) -> dict[str, str]:
    return {one.name: one.readiness.status for one in app.check(find([str(root) for root in roots]))}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all files that are parsed."""
    names: list[str] = []

    def counted(data: bytes, name: str) -> Any:
        names.append(name)
        return real_read(data, name)

    monkeypatch.setattr(reader, "read_bytes", counted)
    return names


# ---- caching -----------------------------------------------------------------------------------------------


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, reads: list[str]) -> None:
    write(tmp_path, "a.json")
    app = App(here())
    (first,) = app.check(find([str(tmp_path)]))
    (second,) = app.check(find([str(tmp_path)]))
    assert second.readiness is first.readiness
    assert reads == ["a.json"]


def test_what_is_kept_of_files_that_are_gone_is_dropped(tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path, "a.json")
    app = App(here())
    for _ in range(2):
        app.check(find([str(tmp_path)]))
        app.forget()
    assert reads == ["a.json"]
    os.unlink(path)
    app.forget()
    assert not app._known


def test_a_changed_file_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path, "a.json")
    app = App(here("thorn.safetensors", "leaf.safetensors"))
    before = statuses(app, tmp_path)
    write(tmp_path, "a.json", graph(node(1, "CheckpointLoaderSimple", "gone.safetensors")))
    os.utime(path, ns=(1, 1))
    assert statuses(app, tmp_path) != before
    assert reads == ["a.json", "a.json"]


def test_another_inventory_is_another_verdict(tmp_path: Path, reads: list[str]) -> None:
    write(tmp_path, "a.json")
    app = App(here())
    assert statuses(app, tmp_path) == {"a.json": "blocked"}
    app.refresh(here("thorn.safetensors", digest="two"))
    assert statuses(app, tmp_path)["a.json"] != "blocked"
    assert len(reads) == 2


def test_the_same_inventory_again_keeps_the_verdicts(tmp_path: Path, reads: list[str]) -> None:
    write(tmp_path, "a.json")
    app = App(here())
    statuses(app, tmp_path)
    app.refresh(replace(here()))
    statuses(app, tmp_path)
    assert reads == ["a.json"]


def test_a_map_is_made_when_it_is_first_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "a.json")
    app = App(here())
    (plain,) = app.check(find([str(tmp_path)]))
    assert plain.graph is None
    (drawn,) = app.check(find([str(tmp_path)]), maps=True)
    assert drawn.graph is not None
    assert drawn.graph.marked, "the missing file's node is marked"
    (again,) = app.check(find([str(tmp_path)]))
    assert again is drawn


def test_the_same_file_under_another_name_is_told_under_that_name(tmp_path: Path) -> None:
    write(tmp_path, "sub/a.json")
    write(tmp_path, "sub/settings.json", {"theme": "dark"})
    app = App(here())
    assert list(statuses(app, tmp_path)) == ["sub/a.json"]
    assert list(statuses(app, tmp_path / "sub")) == ["a.json"]
    assert statuses(app, tmp_path / "sub/settings.json") == {"settings.json": "unreadable"}


# ---- one bad file ------------------------------------------------------------------------------------------


def test_bad_files_become_verdicts_and_the_others_are_still_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "good.json")
    (tmp_path / "cut.json").write_text('{"nodes": [')
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.json")
    found = statuses(App(here()), tmp_path)
    assert found.pop("good.json") == "blocked"
    assert set(found.values()) == {"unreadable"}
    assert {"cut.json", "gone.json"} <= set(found)


def test_other_json_of_a_folder_is_passed_over_and_a_given_one_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "settings.json", {"theme": "dark"})
    assert statuses(App(here()), tmp_path) == {}
    assert statuses(App(here()), path) == {"settings.json": "unreadable"}


def test_a_fault_of_ours_in_one_file_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.json")
    write(tmp_path, "b.json")

    def broken(data: bytes, name: str) -> Any:
        if name == "a.json":
            raise ZeroDivisionError
        return real_read(data, name)

    monkeypatch.setattr(reader, "read_bytes", broken)
    assert statuses(App(here()), tmp_path) == {"a.json": "unreadable", "b.json": "blocked"}


def test_a_file_with_several_graphs(tmp_path: Path) -> None:
    write(tmp_path, "many.json", [{"workflow": FLOW}, {"workflow": FLOW}])
    assert list(statuses(App(here()), tmp_path)) == ["many.json", "many.json#2"]


def test_progress_and_cancel(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path, f"{number}.json")
    seen: list[tuple[int, int, str]] = []
    app = App(here())
    app.check(find([str(tmp_path)]), progress=lambda *told: seen.append(told))
    assert [told[:2] for told in seen] == [(n, 5) for n in range(5)]
    assert len(app.check(find([str(tmp_path)]), cancel=lambda: len(seen) > 0)) == 0


# ---- what a scan keeps -------------------------------------------------------------------------------------


def test_without_a_state_folder_nothing_is_written(tmp_path: Path, tree: Tree) -> None:
    write(tmp_path, "a.json")
    before = tree(tmp_path)
    app = App(here())
    app.library(app.check(find([str(tmp_path)])))
    assert tree(tmp_path) == before


def test_each_scan_is_recorded_once(tmp_path: Path) -> None:
    write(tmp_path / "flows", "a.json")
    app = App(here(), state=tmp_path / "state")
    for when in (1_000_000.0, 2_000_000.0):
        library = app.library(app.check(find([str(tmp_path / "flows")])), when=when)
    assert len(library.history) == 2
    body = json.loads((tmp_path / "state/history.json").read_text())
    assert isinstance(body["schema"], int)


def test_the_bytes_of_a_workflow_that_runs_are_kept(tmp_path: Path) -> None:
    from comfyfixersmart.core.reports.versions import GoodVersions

    flow = graph(node(1, "CheckpointLoaderSimple", "thorn.safetensors"), node(2, "SaveImage", "x"))
    path = write(tmp_path / "flows", "a.json", flow)
    write(tmp_path / "flows", "bad.json", graph(node(1, "CheckpointLoaderSimple", "gone.safetensors")))
    core = Pack("comfy-core", "loaded", frozenset({"CheckpointLoaderSimple", "SaveImage"}))
    app = App(replace(here("thorn.safetensors"), packs=(core,)), state=tmp_path / "state")
    library = app.library(app.check(find([str(tmp_path / "flows")])))
    good = {one.name for one in library.entries if one.readiness.status in (RUNNABLE, NEEDS_INPUT)}
    assert good == {"a.json"}
    kept = GoodVersions(tmp_path / "state/good")
    assert kept.read("a.json") == path.read_bytes()
    assert kept.read("bad.json") is None


def test_state_that_cannot_be_written_costs_no_report(tmp_path: Path) -> None:
    write(tmp_path / "flows", "a.json")
    (tmp_path / "state").write_text("a file where a folder should be")
    app = App(here(), state=tmp_path / "state")
    library = app.library(app.check(find([str(tmp_path / "flows")])))
    assert len(library.entries) == 1
    assert any("not kept" in gap for gap in library.place.gaps)


def test_state_of_a_newer_version_is_left_untouched(tmp_path: Path) -> None:
    write(tmp_path / "flows", "a.json")
    state = tmp_path / "state"
    state.mkdir()
    (state / "history.json").write_text('{"schema": 99, "future": true}')
    app = App(here(), state=state)
    app.library(app.check(find([str(tmp_path / "flows")])))
    assert json.loads((state / "history.json").read_text()) == {"schema": 99, "future": True}


def test_an_inventory_of_nowhere(tmp_path: Path) -> None:
    write(tmp_path, "a.json")
    assert statuses(App(nothing("No place was given.")), tmp_path) == {"a.json": "unknown"}
