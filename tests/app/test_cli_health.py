"""What broke since it last ran, and why: from one scan to the next, in JSON, Markdown and the dashboard."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.inventory import snapshot
from comfyfixersmart.core.understanding import health

from ..server_routes.test_understanding import picture

Run = Callable[..., tuple[int, str, str]]
FLOWS = "user/default/workflows"
CYAN, TONE = "cyanotype.json", "upscale with tone.json"
FLUX = "models/diffusion_models/flux1-dev.safetensors"


class Yard:
    """An installation that was scanned once; `scan()` scans again and gives the health by workflow."""

    def __init__(self, base: Path, run: Run) -> None:
        self.base, self.out, self._run = base, base.parent / "reports", run
        self.scan()

    def scan(self) -> dict[str, Any]:
        _, said, _ = self._run("scan", "--comfyui", self.base, "--out", self.out, "--json")
        self.said = json.loads(said)
        return {one["name"]: one["health"] for one in self.said["workflows"]}

    def causes(self, name: str) -> list[dict[str, str]]:
        broke = self.scan()[name]["broke"]
        return list(broke["because"]) if broke else []

    def flow(self, name: str) -> Path:
        return self.base / FLOWS / name


@pytest.fixture
def yard(base: Path, run: Run) -> Yard:
    return Yard(base, run)


def test_nothing_broke_at_first(yard: Yard) -> None:
    assert all(one["broke"] is None for one in yard.scan().values() if one)


def test_a_file_that_is_gone_and_back(yard: Yard) -> None:
    (yard.base / FLUX).rename(yard.base / "aside")
    (cause,) = yard.causes(CYAN)
    assert cause["cause"] == "file_gone" and "flux1-dev.safetensors" in cause["text"]
    assert str(yard.base / FLUX) in cause["evidence"] and cause["fix"]
    broke = yard.scan()[CYAN]["broke"]
    assert broke["last_good"] < broke["when"] and broke["differences"] == 0
    first = broke["when"]
    assert yard.scan()[CYAN]["broke"]["when"] == first, "it stays the day on which it broke"
    (yard.base / "aside").rename(yard.base / FLUX)
    assert yard.scan()[CYAN]["broke"] is None


def test_a_file_that_was_cut_short(yard: Yard) -> None:
    data = (yard.base / FLUX).read_bytes()
    (yard.base / FLUX).write_bytes(data[:-20])
    (cause,) = yard.causes(CYAN)
    assert cause["cause"] == "file_changed"


def test_an_edit_of_the_workflow_itself(yard: Yard) -> None:
    text = yard.flow(CYAN).read_text()
    yard.flow(CYAN).write_text(text.replace("flux1-dev.safetensors", "flux9-never.safetensors"))
    (cause,) = yard.causes(CYAN)
    assert cause["cause"] == "workflow_edited" and "flux9-never.safetensors" in cause["text"]
    assert yard.scan()[CYAN]["broke"]["differences"] >= 1


def test_a_workflow_that_was_saved_again_as_it_was(yard: Yard) -> None:
    path = yard.flow(CYAN)
    path.write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    (yard.base / FLUX).unlink()
    (cause,) = yard.causes(CYAN)
    assert cause["cause"] == "file_gone"
    assert yard.scan()[CYAN]["broke"]["differences"] == 0


def test_a_workflow_that_cannot_be_read_any_more(yard: Yard) -> None:
    path = yard.flow(CYAN)
    path.write_bytes(path.read_bytes()[:-30])
    (cause,) = yard.causes(CYAN)
    assert (cause["cause"], cause["fix_kind"]) == ("workflow_edited", "restore")


def test_what_is_not_known_broke_nothing(yard: Yard) -> None:
    """A pack is gone, but another one that nobody could read may bring the node."""
    shutil.rmtree(yard.base / "custom_nodes/sample-tone-pack")
    assert yard.scan()[TONE]["broke"] is None


def test_it_stands_in_every_report(yard: Yard) -> None:
    (yard.base / FLUX).unlink()
    yard.scan()
    page = (yard.out / "dashboard.html").read_text()
    assert ">What broke<" in page and "The file flux1-dev.safetensors is gone." in page
    index = json.loads((yard.out / "index.json").read_text())
    line = next(one for one in index["workflows"] if one["name"] == CYAN)
    assert line["broke"]["cause"] == "file_gone"
    text = (yard.out / f"{line['slug']}.md").read_text()
    assert "## What broke it" in text and "- To do: " in text
    assert "1 workflow broke since" in (yard.out / "index.md").read_text()


def test_what_is_kept_of_a_newer_version_is_left_alone(yard: Yard) -> None:
    path = yard.base / "user/__comfyfixersmart/health.json"
    path.write_text(json.dumps({"schema": 99}))
    assert all(one is None for one in yard.scan().values())
    assert any("newer version" in gap for gap in yard.said["place"]["gaps"])
    assert json.loads(path.read_text()) == {"schema": 99}


def test_a_damaged_memory_costs_the_memory_only(yard: Yard) -> None:
    (yard.base / "user/__comfyfixersmart/health.json").write_text("[[[")
    assert yard.scan()[CYAN]["broke"] is None
    (yard.base / FLUX).unlink()
    assert yard.causes(CYAN)[0]["cause"] == "file_gone"


def test_the_second_graph_of_a_file_is_compared_with_itself(yard: Yard) -> None:
    one, two = picture(model="flux1-dev.safetensors"), json.loads(yard.flow(CYAN).read_text())
    yard.flow("pair.json").write_text(json.dumps([one, two]))
    assert {"pair.json", "pair.json#2"} <= set(yard.scan())
    text = yard.flow("pair.json").read_text().replace("clip_l.safetensors", "clip_never.safetensors")
    yard.flow("pair.json").write_text(text)
    (cause,) = yard.causes("pair.json#2")
    assert cause["cause"] == "workflow_edited" and "clip_never" in cause["text"]
    assert yard.scan()["pair.json#2"]["broke"]["differences"] == 1


def test_practice_notes_come_with_the_scan(yard: Yard) -> None:
    yard.flow("hasty.json").write_text(json.dumps(picture(side=1024, steps=3)))
    notes = yard.scan()["hasty.json"]["practice"]
    few = next(one for one in notes if "steps_few" in one["id"])
    assert "3 steps" in few["text"] and few["nodes"][0] == "5" and few["weight"] >= 1 and few["source"]
    page = json.loads((yard.out / "index.json").read_text())
    slug = next(one["slug"] for one in page["workflows"] if one["name"] == "hasty.json")
    assert "## Worth a look" in (yard.out / f"{slug}.md").read_text()
    yard.flow("hasty.json").write_text(json.dumps(picture(side=1024, steps=30)))
    assert not [one for one in yard.scan()["hasty.json"]["practice"] if "steps_few" in one["id"]]


def test_what_may_not_fit_is_a_note_that_weighs_nothing(base: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"devices": [{"name": "Heron 3000", "vram_total": 3_000_000_000}], "ram_total": 32_000_000_000}
    monkeypatch.setattr(snapshot, "read_hardware", lambda _models: dict(small))
    (base / FLOWS / "large.json").write_text(json.dumps(picture(side=2048)))
    yard = Yard(base, run)
    told = next(one for one in yard.said["workflows"] if one["name"] == "large.json")
    (note,) = [one for one in told["findings"] if one["code"] == "HW001"]
    assert note["weight"] == "info" and "GB" in note["message"]
    assert told["health"]["fit"] and "3 GB" in told["health"]["fit"]
    again = next(one for one in Yard(base, run).said["workflows"] if one["name"] == "large.json")
    assert [one["code"] for one in again["findings"]] == [one["code"] for one in told["findings"]], "once, not twice"
    large = {**small, "devices": [{"name": "Heron 9000", "vram_total": 96_000_000_000}]}
    monkeypatch.setattr(snapshot, "read_hardware", lambda _models: dict(large))
    after = next(one for one in Yard(base, run).said["workflows"] if one["name"] == "large.json")
    assert "HW001" not in [one["code"] for one in after["findings"]], "another machine is another answer"


def test_a_drive_that_is_away(yard: Yard) -> None:
    (yard.base / FLUX).parent.rename(yard.base / "away")
    (cause,) = yard.causes(CYAN)
    assert (cause["cause"], cause["fix_kind"]) == ("file_gone", "folder")
    assert str((yard.base / FLUX).parent) in cause["text"] and "drive" in cause["fix"]


def test_more_workflows_than_are_remembered_is_said(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MOST_WORKFLOWS", 3)
    yard.scan()
    assert "what broke is remembered of 3 workflows only" in yard.said["place"]["gaps"]


def test_a_huge_graph_is_not_reviewed(base: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MOST_NODES", 6)
    (base / FLOWS / "large.json").write_text(json.dumps(picture(steps=3)))
    told = next(one for one in Yard(base, run).said["workflows"] if one["name"] == "large.json")
    assert told["about"] is None and told["health"]["practice"] == []
