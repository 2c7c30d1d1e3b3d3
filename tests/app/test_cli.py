"""The command line: exit codes, what it prints as JSON, what it writes and above all what it does not."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.cli import CANNOT, FINDINGS, FINE, main, shared

from ..workflow.graphs import graph, node

Tree = Callable[[Path], dict[str, tuple[int, int]]]
FLOWS = "user/default/workflows"
RUNS, BLOCKED, CUT = "cyanotype.json", "image-to-image.json", "cut off while saving.json"
LOOSE = graph(node(1, "CheckpointLoaderSimple", "thorn.safetensors"), node(2, "SaveImage", "x"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`run(*arguments)`: exit code, standard output, standard error."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """One workflow beside no ComfyUI."""
    path = tmp_path / "loose.json"
    path.write_text(json.dumps(LOOSE))
    return path


# ---- check -------------------------------------------------------------------------------------------------


def test_check_tells_by_its_exit_code(base: Path, run: Run) -> None:
    flows = base / FLOWS
    assert run("check", flows / RUNS, "--comfyui", base)[0] == FINE
    assert run("check", flows / BLOCKED, "--comfyui", base)[0] == FINDINGS
    assert run("check", flows / CUT, "--comfyui", base)[0] == FINDINGS
    assert run("check", flows / "gone.json", "--comfyui", base)[0] == CANNOT


def test_an_unknown_workflow_only_fails_when_asked_to(loose: Path, run: Run) -> None:
    assert run("check", loose)[0] == FINE
    assert run("check", loose, "--strict")[0] == FINDINGS


def test_needs_input_never_fails(base: Path, run: Run) -> None:
    assert run("check", base / FLOWS / "harbour from a lost sketch.json", "--comfyui", base, "--strict")[0] == FINE


def test_check_as_json(base: Path, run: Run) -> None:
    code, out, err = run("check", base / FLOWS, "--comfyui", base, "--json")
    body = json.loads(out)
    assert (code, err) == (FINDINGS, "")
    by_name = {one["name"]: one for one in body["workflows"]}
    assert by_name[RUNS]["status"] == "runnable"
    assert by_name[CUT]["status"] == "unreadable"
    assert sorted(body["new_breakage"]) == sorted(
        name for name, one in by_name.items() if one["status"] in ("blocked", "unreadable")
    )
    assert isinstance(body["schema"], int)


def test_check_in_words(base: Path, run: Run) -> None:
    _, out, _ = run("check", base / FLOWS / BLOCKED, "--comfyui", base)
    assert BLOCKED in out
    assert "MODEL002" in out


def test_check_writes_nothing(
    base: Path, run: Run, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    run("check", base / FLOWS, "--comfyui", base, "--json")
    run("check", base / FLOWS, "--comfyui", base, "--from-source")
    assert tree(tmp_path) == before


def test_a_baseline_fails_on_new_breakage_only(base: Path, run: Run, tmp_path: Path) -> None:
    flows = base / FLOWS
    _, out, _ = run("check", flows, "--comfyui", base, "--json")
    before = tmp_path / "before.json"
    before.write_text(out)
    assert run("check", flows, "--comfyui", base, "--baseline", before)[0] == FINE
    shutil.copy(base / FLOWS / BLOCKED, base / FLOWS / RUNS)
    code, out, _ = run("check", flows, "--comfyui", base, "--baseline", before, "--json")
    assert (code, json.loads(out)["new_breakage"]) == (FINDINGS, [RUNS])


@pytest.mark.parametrize("text", ["", "garbage", "{}", "[]", '{"workflows": 5}', '{"workflows": [5]}', "[" * 100_000])
def test_a_baseline_that_is_none(base: Path, run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "before.json"
    path.write_text(text)
    code, _, err = run("check", base / FLOWS / RUNS, "--comfyui", base, "--baseline", path)
    assert code == CANNOT
    assert str(path) in err
    assert "check --json" in err


# ---- inspect -----------------------------------------------------------------------------------------------

KEYS = {
    "format",
    "node_types",
    "inactive_node_types",
    "virtual_types",
    "models",
    "text_refs",
    "input_media",
    "warnings",
}


def test_inspect_a_file(base: Path, run: Run) -> None:
    code, out, err = run("inspect", base / FLOWS / RUNS, "--json")
    assert (code, err) == (FINE, "")
    assert set(json.loads(out)) == KEYS


def test_inspect_a_folder(base: Path, run: Run) -> None:
    code, out, _ = run("inspect", base / FLOWS, "--json")
    body = json.loads(out)
    assert code == FINDINGS
    assert set(body[RUNS]) == KEYS
    assert set(body["portraits/papercut.json"]) == KEYS
    assert set(body[CUT]) == {"error"}
    assert set(body[CUT]["error"]) == {"code", "message"}


def test_inspect_a_file_with_several_graphs(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "many.json"
    path.write_text(json.dumps([{"workflow": LOOSE}, {"workflow": LOOSE}]))
    assert list(json.loads(run("inspect", path, "--json")[1])) == ["many.json", "many.json#2"]


def test_inspect_writes_nothing_and_says_the_same_in_words(base: Path, run: Run, tree: Tree) -> None:
    before = tree(base.parent)
    code, out, _ = run("inspect", base / FLOWS)
    assert code == FINDINGS
    assert RUNS in out and "sd_xl_base_1.0.safetensors" in out
    assert tree(base.parent) == before


def test_inspect_a_file_that_holds_nothing(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    code, out, _ = run("inspect", path, "--json")
    assert code == FINDINGS
    assert json.loads(out)["error"]["code"] == "no_workflow"


# ---- scan --------------------------------------------------------------------------------------------------


def test_scan_writes_reports_into_the_installation(base: Path, run: Run, tree: Tree) -> None:
    before = tree(base)
    code, out, _ = run("scan", "--comfyui", base)
    assert code == FINDINGS
    after = tree(base)
    written = {name for name in after if after[name] != before.get(name)}
    reports, state = "output/reports", "user/__comfyfixersmart"
    assert all(name.startswith((reports, state)) or name in ("output", "user") for name in written)
    assert {"index.json", "index.md", "dashboard.html"} <= {
        path.name for path in (base / reports / "workflows").iterdir()
    }
    assert "dashboard.html" in out


def test_scan_writes_only_below_out_and_state(
    base: Path, run: Run, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    run("scan", base / FLOWS, "--comfyui", base, "--out", tmp_path / "out", "--state", tmp_path / "kept")
    after = tree(tmp_path)
    assert {name for name in after if after[name] != before.get(name) and not name.startswith(("out", "kept"))} == set()
    assert (tmp_path / "out/dashboard.html").is_file()
    assert (tmp_path / "kept/history.json").is_file()


def test_scan_twice_grows_the_history_and_says_what_broke(base: Path, run: Run) -> None:
    run("scan", "--comfyui", base, "--json")
    shutil.copy(base / FLOWS / BLOCKED, base / FLOWS / RUNS)
    _, out, _ = run("scan", "--comfyui", base, "--json")
    body = json.loads(out)
    assert {one["name"]: one["status"] for one in body["workflows"]}[RUNS] == "blocked"
    history = json.loads((base / "user/__comfyfixersmart/history.json").read_text())
    assert history["schema"]


def test_scan_without_a_comfyui_is_unknown_and_fine(loose: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("scan", loose, "--out", tmp_path / "out", "--json")
    body = json.loads(out)
    assert code == FINE
    assert [one["status"] for one in body["workflows"]] == ["unknown"]


def test_a_name_that_would_leave_the_output_folder(tmp_path: Path, run: Run, tree: Tree) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    for name in ("..%2f..%2fout.json", "CON.json", "a:b.json", "x" * 200 + ".json", " .json", "<b>&.json", "-n.json"):
        (flows / name).write_text(json.dumps(LOOSE))
    before = set(tree(tmp_path))
    run("scan", flows, "--out", tmp_path / "deep/out", "--state", tmp_path / "deep/state")
    assert all(name.startswith("deep") for name in set(tree(tmp_path)) - before)


# ---- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "GONE.json"],
        ["inspect", "GONE.json"],
        ["scan", "GONE"],
        ["scan"],
        ["check", "LOOSE", "--comfyui", "GONE"],
        ["check", "LOOSE", "--snapshot", "GONE.json"],
        ["check", "LOOSE", "--url", "ftp://nowhere"],
        ["check", "LOOSE", "--url", "http://127.0.0.1:9", "--snapshot", "LOOSE"],
        ["check", "LOOSE", "--url", "http://127.0.0.1:9"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_errors_are_one_line_with_a_remedy(
    loose: Path, run: Run, tmp_path: Path, arguments: list[str], as_json: bool
) -> None:
    given = [one.replace("LOOSE", str(loose)).replace("GONE", str(tmp_path / "gone")) for one in arguments]
    code, out, err = run(*given, *(["--json"] if as_json else []))
    assert code == CANNOT
    if as_json:
        told = json.loads(out)["error"]
        assert told["code"] and told["message"]
        assert told["hint"]
    else:
        assert out == ""
        assert err.startswith("comfyfixersmart: ") and err.count("\n") == 1
        assert len(err.split(". ")) >= 2, "what happened, then what to do"


def test_a_command_that_does_not_exist(run: Run) -> None:
    with_code: Any = None
    try:
        with_code = run("dance")[0]
    except SystemExit as left:
        with_code = left.code
    assert with_code == CANNOT


def test_a_name_that_is_no_text_is_printed(tmp_path: Path, run: Run) -> None:
    if sys.platform != "linux":
        pytest.skip("only here a name may be any bytes")
    with open(os.fsencode(tmp_path) + b"/lone\xff.json", "w") as file:
        json.dump(LOOSE, file)
    for command in (["check"], ["inspect"], ["scan", "--out", str(tmp_path / "out")]):
        for more in ([], ["--json"]):
            code, out, _ = run(*command, tmp_path, *more)
            assert code == FINE
            assert "lone" in out or command[0] == "scan"


# ---- as a process ------------------------------------------------------------------------------------------


def process(*arguments: str | Path, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "comfyfixersmart.core.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", **more)


def test_a_reader_that_goes_away_is_no_error(base: Path) -> None:
    asked = process("check", base / FLOWS, "--comfyui", base, "--json")
    assert asked.stdout is not None and asked.stderr is not None
    asked.stdout.close()
    assert asked.wait(30) in (FINE, FINDINGS, CANNOT)
    assert asked.stderr.read() == ""
    asked.stderr.close()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full 2>&1"])
def test_streams_that_are_closed_or_full(base: Path, closed: str) -> None:
    """It goes on without them, and its exit code says how it ended."""
    own = f'"{sys.executable}" -m comfyfixersmart.core.cli'
    script = f'cd /; {own} journal --comfyui "{base}" {closed}; echo "code $?" >&3'
    told = subprocess.run(["bash", "-c", f"{{ {script}; }} 3>&1 1>&2"], capture_output=True, text=True, timeout=60)
    full = closed.startswith(">/dev/full")
    assert told.stdout == f"code {CANNOT if full else FINE}\n" and "Traceback" not in told.stderr
    assert ("Nothing was done here yet." in told.stderr) == (closed == "2>&-")


def test_an_answer_that_cannot_be_read_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of another alphabet, in a terminal of another encoding."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfey\n"), encoding="utf-8"))
    assert not shared.said_yes("Well? [y/N]")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_ctrl_c_ends_with_a_word_and_without_a_trace(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "a.json").write_text(json.dumps(graph(*(node(n, "Wren", "x") for n in range(2000)))))
    for number in range(300):
        shutil.copy(flows / "a.json", flows / f"a{number}.json")
    asked = process("scan", flows, "--out", tmp_path / "out", "--state", tmp_path / "state")
    time.sleep(0.5)
    asked.send_signal(signal.SIGINT)
    _, err = asked.communicate(timeout=30)
    assert "Traceback" not in err
    if asked.returncode not in (FINE, FINDINGS):  # it was quicker than we were
        assert asked.returncode == CANNOT
        assert err.startswith("Cancelled")


def test_a_snapshot_says_how_old_it_is(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What ComfyUI loaded after that moment is not in it, so its age is part of every answer made from it."""
    path = base / "user" / "__comfyfixersmart" / "snapshot.json"
    body = json.loads(path.read_text())
    for taken, said in ((time.time() - 3 * 3600 - 60, "3 h ago"), (0, "at an unknown time")):
        path.write_text(json.dumps({**body, "taken": taken}))
        main(["check", str(base / "user/default/workflows"), "--comfyui", str(base)])
        assert f"Node types as ComfyUI had them {said}" in capsys.readouterr().out
    main(["scan", "--comfyui", str(base), "--json"])
    assert json.loads(capsys.readouterr().out)["place"]["taken"] is None
    path.write_text(json.dumps(body))
    main(["scan", "--comfyui", str(base), "--quiet"])
    index = (base / "output/reports/workflows/index.md").read_text()
    assert "as ComfyUI had it on " in index
