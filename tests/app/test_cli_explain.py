"""`explain`, `tune` and `compare` on the command line: what they print, what they write, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.cli import CANNOT, FINDINGS, FINE, shared
from comfyfixersmart.core.reports import schema_understanding

from ..server_routes.test_understanding import picture
from ..workflow.media_samples import png, text

Run = Callable[..., tuple[int, str, str]]
Tree = Callable[[Path], dict[str, tuple[int, int]]]
FLOWS = "user/default/workflows"
CYAN = "cyanotype.json"


@pytest.fixture
def heron(base: Path) -> Path:
    """A saved workflow that makes larger pictures than it has to."""
    path = base / FLOWS / "heron.json"
    path.write_text(json.dumps(picture()), encoding="utf-8")
    return path


# ---- explain -----------------------------------------------------------------------------------------------


def test_explained_for_two_readers(base: Path, heron: Path, run: Run) -> None:
    code, newcomer, _ = run("explain", heron, "--comfyui", base)
    assert code == FINE
    assert newcomer.startswith("# heron.json") and "1536" in newcomer
    code, expert, _ = run("explain", heron, "--comfyui", base, "--for", "expert")
    assert code == FINE
    assert "1536" in expert and len(expert) < len(newcomer)


def test_explained_without_an_installation(heron: Path, run: Run) -> None:
    code, said, _ = run("explain", heron)
    assert code == FINE and "KSampler" in said + run("explain", heron, "--json")[1]


def test_explained_as_json(base: Path, heron: Path, run: Run) -> None:
    code, said, err = run("explain", heron, "--comfyui", base, "--json")
    body = json.loads(said)
    assert (code, err, body["name"]) == (FINE, "", "heron.json")
    schema_understanding.Explanation.model_validate(body)


def test_explaining_writes_nothing(base: Path, heron: Path, run: Run, tree: Tree) -> None:
    before = tree(base)
    run("explain", heron, "--comfyui", base)
    run("tune", heron, "--comfyui", base, "--memory", "6")
    run("compare", heron, base / FLOWS / CYAN, "--comfyui", base)
    assert tree(base) == before


@pytest.mark.parametrize("command", ["explain", "tune"])
def test_what_cannot_be_explained(base: Path, run: Run, tmp_path: Path, command: str) -> None:
    more = ("--memory", "8") if command == "tune" else ()
    assert run(command, tmp_path / "nothing.json", *more)[0] == CANNOT
    assert run(command, base / FLOWS, *more)[0] == CANNOT
    (tmp_path / "list.json").write_text('{"a": 1}')
    code, said, _ = run(command, tmp_path / "list.json", "--json", *more)
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "no_workflow")


def test_a_picture_that_carries_its_workflow(base: Path, heron: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "heron.png"
    path.write_bytes(png(text("workflow", json.dumps(picture()))))
    code, said, _ = run("explain", path, "--comfyui", base)
    assert code == FINE and "1536" in said
    assert run("compare", path, heron, "--comfyui", base)[0] == FINE
    code, said, _ = run("tune", path, "--memory", "6", "--comfyui", base)
    assert code == FINE and "No new version can be written" in said
    code, said, _ = run("tune", path, "--memory", "6", "--comfyui", base, "--write", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "no_version")


# ---- compare -----------------------------------------------------------------------------------------------


def test_the_same_and_not_the_same(base: Path, heron: Path, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(picture(steps=12)))
    assert run("compare", heron, heron, "--comfyui", base)[0] == FINE
    code, said, _ = run("compare", heron, other, "--comfyui", base)
    assert code == FINDINGS and "30 → 12" in said
    code, said, _ = run("compare", heron, other, "--comfyui", base, "--json")
    body = json.loads(said)
    assert (code, len(body["differences"]), body["old"]) == (FINDINGS, 1, "heron.json")
    schema_understanding.Compare.model_validate(body)


def test_compared_with_the_version_that_last_ran(base: Path, run: Run) -> None:
    flow = base / FLOWS / CYAN
    assert run("compare", flow, "--good", "--comfyui", base)[0] == CANNOT
    run("scan", "--comfyui", base)
    assert run("compare", flow, "--good", "--comfyui", base)[0] == FINE
    flow.write_text(flow.read_text().replace("flux1-dev.safetensors", "flux9-never.safetensors"))
    code, said, _ = run("compare", flow, "--good", "--comfyui", base)
    assert code == FINDINGS and "flux9-never.safetensors" in said and "as it last ran here" in said


def test_compare_wants_two_files_or_one_with_good(heron: Path, run: Run) -> None:
    for more in ((), (heron, "--good")):
        code, said, _ = run("compare", heron, *more, "--json")
        assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "bad_usage")


# ---- tune --------------------------------------------------------------------------------------------------


def test_proposals_in_words_and_as_json(base: Path, heron: Path, run: Run) -> None:
    code, said, _ = run("tune", heron, "--memory", "6", "--comfyui", base)
    assert code == FINE
    assert "6 GB" in said and "--write" in said and "heron.v2.json" in said
    code, said, _ = run("tune", heron, "--memory", "6GB", "--comfyui", base, "--json")
    body = json.loads(said)
    assert (code, body["target"], body["file"]) == (FINE, 6_000_000_000, "heron.v2.json")
    schema_understanding.Tune.model_validate(body)


def test_without_a_known_size_it_is_asked_for(
    base: Path, heron: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comfyfixersmart.core.inventory import snapshot

    monkeypatch.setattr(snapshot, "read_hardware", lambda _models: {})
    code, said, _ = run("tune", heron, "--comfyui", base, "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "no_memory")


@pytest.mark.parametrize("size", ["0", "-8", "much", "1e9"])
def test_a_size_that_is_none(heron: Path, run: Run, size: str) -> None:
    code, said, _ = run("tune", heron, f"--memory={size}", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "bad_usage")


def write(base: Path, heron: Path, run: Run, *more: str) -> Any:
    return run("tune", heron, "--memory", "6", "--comfyui", base, "--write", *more)


def test_without_a_terminal_nothing_is_written(base: Path, heron: Path, run: Run) -> None:
    code, said, err = write(base, heron, run)
    assert code == FINDINGS
    assert "heron.v2.json" in said and "A dry run" in err
    assert not heron.with_name("heron.v2.json").exists()


def test_approved_in_a_script(base: Path, heron: Path, run: Run) -> None:
    plan = json.loads(write(base, heron, run, "--json")[1])["plan"]
    assert [one["kind"] for one in plan["actions"]] == ["write_version"]
    before = heron.read_bytes()
    code, said, _ = write(base, heron, run, "--approve", plan["digest"], "--json")
    assert (code, json.loads(said)["run"]["state"]) == (FINE, "done")
    assert heron.read_bytes() == before
    assert run("compare", heron, heron.with_name("heron.v2.json"), "--comfyui", base)[0] == FINDINGS
    assert "heron.v2.json" in run("journal", "--comfyui", base)[1]


def test_asked_at_a_terminal(base: Path, heron: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "at_terminal", lambda: True)
    monkeypatch.setattr(shared, "said_yes", lambda _question: False)
    assert write(base, heron, run)[0] == FINDINGS
    assert not heron.with_name("heron.v2.json").exists()
    monkeypatch.setattr(shared, "said_yes", lambda _question: True)
    assert write(base, heron, run)[0] == FINE
    assert json.loads(heron.with_name("heron.v2.json").read_bytes())["nodes"]


def test_a_goal_and_single_changes(base: Path, heron: Path, run: Run) -> None:
    told = json.loads(run("tune", heron, "--memory", "6", "--comfyui", base, "--json")[1])
    goal = told["variants"][-1]["key"]
    plan = json.loads(write(base, heron, run, "--goal", goal, "--json")[1])["plan"]
    assert plan["actions"][-1]["kind"] == "write_version"
    code, said, _ = write(base, heron, run, "--change", "nonsense", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "unknown_change")


# ---- how it is printed -------------------------------------------------------------------------------------


@pytest.fixture
def steering(base: Path) -> Path:
    """A workflow whose texts would steer a terminal and look like Markdown."""
    graph = json.loads((base / FLOWS / CYAN).read_text())
    for node in graph["nodes"]:
        node["title"] = "moss_\x1b[31m[x](#node-9)\u202e <b>"
    path = base / FLOWS / "steer_ing.json"
    path.write_text(json.dumps(graph))
    return path


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")


def test_a_terminal_gets_words_and_a_file_gets_markdown(
    base: Path, steering: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, piped, _ = run("explain", steering, "--comfyui", base)
    assert "](#node-" in piped and "## How it works" in piped
    at_terminal(monkeypatch)
    _, shown, _ = run("explain", steering, "--comfyui", base)
    assert "steer_ing.json" in shown and "(5)" in shown
    assert "\\_" not in shown and "](#node-" not in shown and "##" not in shown and "**" not in shown
    assert run("explain", steering, "--comfyui", base, "--markdown")[1] == piped
    other = base / FLOWS / "upscale-image.json"
    _, compared, _ = run("compare", other, steering, "--comfyui", base)
    assert "##" not in compared and "\\_" not in compared and "<!--" not in compared
    assert "## What changed" in run("compare", other, steering, "--comfyui", base, "--markdown")[1]


@pytest.mark.parametrize("terminal", [True, False])
def test_no_text_of_a_workflow_steers_the_terminal(
    base: Path, steering: Path, run: Run, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    if terminal:
        at_terminal(monkeypatch)
        monkeypatch.setenv("NO_COLOR", "1")
    commands = [
        ("explain", steering),
        ("compare", base / FLOWS / "upscale-image.json", steering),
        ("tune", steering, "--memory", "4"),
    ]
    for command in commands:
        said = run(*command, "--comfyui", base)[1]
        assert "\x1b[31m" not in said and "\u202e" not in said, command


def test_the_last_good_version_can_be_had_back(base: Path, run: Run, tmp_path: Path) -> None:
    flow, copy = base / FLOWS / CYAN, tmp_path / "copy.json"
    before = flow.read_bytes()
    run("scan", "--comfyui", base)
    flow.write_bytes(before[:-30])
    assert run("compare", flow, "--good", "--comfyui", base)[0] == CANNOT
    code, said, _ = run("compare", flow, "--good", "--comfyui", base, "--save", copy)
    assert code == FINE and str(copy) in said and copy.read_bytes() == before
    code, said, _ = run("compare", flow, "--good", "--comfyui", base, "--save", copy, "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "exists")
    code, said, _ = run("compare", flow, flow, "--save", copy, "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "bad_usage")


def test_changes_are_tried_before_they_are_written(base: Path, heron: Path, run: Run) -> None:
    body = json.loads(run("tune", heron, "--memory", "6", "--comfyui", base, "--json")[1])
    code, said, _ = run("tune", heron, "--memory", "6", "--comfyui", base, "--change", body["changes"][0]["id"])
    assert code == FINE and "With the changes named: " in said
    code, said, _ = run("tune", heron, "--memory", "6", "--comfyui", base, "--change", "nonsense", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (CANNOT, "unknown_change")


def test_a_file_that_cannot_be_opened_is_named(base: Path, heron: Path, run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    code, _, err = run("compare", heron, tmp_path / "pipe.json", "--comfyui", base)
    assert code == CANNOT and "pipe.json: " in err


@pytest.mark.parametrize("command", ["explain", "tune"])
def test_a_reader_that_has_gone_is_no_finding(base: Path, heron: Path, command: str) -> None:
    more = ["--memory", "4"] if command == "tune" else []
    words = [sys.executable, "-m", "comfyfixersmart.core.cli", command, str(heron), "--comfyui", str(base), *more]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (CANNOT, b"")
