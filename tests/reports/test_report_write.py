from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import ComfyFixerError, NewerSchema
from comfyfixersmart.core.readiness.types import RUNNABLE
from comfyfixersmart.core.reports.write import write_reports
from report_samples import DAY, NOW, empty, hostile, library

SMALL = library(2, 2, 1, 1, 1)


def state(out: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.iterdir()}


def test_all_reports_are_written_and_named(tmp_path: Path) -> None:
    out = tmp_path / "new" / "reports"
    paths = write_reports(SMALL, out)
    assert paths[0] == out / "dashboard.html"
    assert sorted(path.name for path in paths) == sorted(path.name for path in out.iterdir())
    assert len(paths) == 3 + 2 * len(SMALL.entries)
    lines = json.loads((out / "index.json").read_bytes())["workflows"]
    assert all((out / f"{line['slug']}.md").is_file() for line in lines)


def test_what_did_not_change_is_not_touched(tmp_path: Path) -> None:
    write_reports(SMALL, tmp_path)
    before = state(tmp_path)
    write_reports(SMALL, tmp_path)
    assert state(tmp_path) == before
    write_reports(replace(SMALL, when=NOW + DAY), tmp_path)
    changed = {name for name, (_, stamp) in state(tmp_path).items() if before[name][1] != stamp}
    assert changed <= {"dashboard.html", "index.md", "index.json"}


def test_only_our_own_stale_reports_are_removed(tmp_path: Path) -> None:
    write_reports(SMALL, tmp_path)
    gone, *kept = SMALL.entries
    slug = {line["name"]: line["slug"] for line in json.loads((tmp_path / "index.json").read_bytes())["workflows"]}
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path / f"{slug[gone.name]}.md").write_text("now mine")
    write_reports(replace(SMALL, entries=tuple(kept)), tmp_path)
    assert not (tmp_path / f"{slug[gone.name]}.json").exists()
    assert (tmp_path / f"{slug[gone.name]}.md").read_text() == "now mine"
    assert (tmp_path / "notes.md").read_text() == "mine"
    assert all((tmp_path / f"{slug[entry.name]}.json").exists() for entry in kept)


@pytest.mark.parametrize("slug", ["../victim", "/victim", "..", "victim\x00", "a/../../victim", 7, None, "victim"])
def test_a_forged_index_removes_nothing_outside_and_nothing_foreign(tmp_path: Path, slug: object) -> None:
    out = tmp_path / "out"
    write_reports(empty(), out)
    victims = [tmp_path / "victim.json", tmp_path / "victim.md", out / "victim.json"]
    for victim in victims[:2]:
        victim.write_text("comfyfixersmart-report")
    victims[2].write_text("a workflow of somebody")
    body = json.loads((out / "index.json").read_bytes())
    body["workflows"] = [{"slug": slug}, 3, None]
    (out / "index.json").write_text(json.dumps(body))
    write_reports(replace(empty(), when=NOW + 1), out)
    assert all(victim.exists() for victim in victims)


def test_a_workflow_beside_the_reports_is_never_replaced(tmp_path: Path) -> None:
    write_reports(SMALL, tmp_path)
    slug = json.loads((tmp_path / "index.json").read_bytes())["workflows"][0]["slug"]
    for path in tmp_path.iterdir():
        path.unlink()
    mine = tmp_path / f"{slug}.json"
    mine.write_text('{"nodes": [], "links": []}')
    with pytest.raises(ComfyFixerError, match="not one of our reports") as error:
        write_reports(SMALL, tmp_path)
    assert error.value.code == "not_a_report"
    assert [path.name for path in tmp_path.iterdir()] == [mine.name]


@pytest.mark.parametrize("name", ["index.json", "workflow"])
def test_reports_of_a_newer_version_are_left_untouched(tmp_path: Path, name: str) -> None:
    write_reports(SMALL, tmp_path)
    slug = json.loads((tmp_path / "index.json").read_bytes())["workflows"][0]["slug"]
    path = tmp_path / (name if name == "index.json" else f"{slug}.json")
    path.write_text('{"schema": 2, "kind": "comfyfixersmart-report"}')
    before = state(tmp_path)
    with pytest.raises(NewerSchema):
        write_reports(replace(SMALL, when=NOW + DAY), tmp_path)
    assert state(tmp_path) == before


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    write_reports(SMALL, tmp_path)
    (tmp_path / "index.json").write_text('{"schema": 1, "kind": "comfyfixersmart-report", "workflows"')
    write_reports(SMALL, tmp_path)
    assert json.loads((tmp_path / "index.json").read_bytes())["counts"][RUNNABLE] == 3


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_reports(SMALL, out)
    target = tmp_path / "target.html"
    target.write_bytes((out / "dashboard.html").read_bytes() + b"<!-- older -->")
    (out / "dashboard.html").unlink()
    (out / "dashboard.html").symlink_to(target)
    write_reports(SMALL, out)
    assert target.read_bytes().endswith(b"<!-- older -->")
    assert not (out / "dashboard.html").is_symlink()


def test_hostile_names_stay_in_the_folder_and_strict_readers_accept_the_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = write_reports(hostile(), out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.parent for path in paths} == {out} and all(path.is_file() for path in paths)
    for path in paths:
        text = path.read_bytes().decode("utf-8")
        if path.suffix == ".json":
            json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "dashboard.html").mkdir()
    with pytest.raises(ComfyFixerError, match=r"dashboard\.html"):
        write_reports(empty(), tmp_path)
