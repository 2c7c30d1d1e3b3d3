"""`fix`, `plan`, `apply` and `journal`: from a blocked workflow to a runnable one, and back, over a hub of our own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.packs import doing
from comfyfixersmart.core.cli import CANNOT, FINDINGS, FINE, running, shared
from comfyfixersmart.core.http import Limit, pace
from comfyfixersmart.core.reports import schema_actions
from comfyfixersmart.core.sources import roster

from ..host import fix_place
from ..sources.conftest import load
from ..workflow.graphs import graph, node

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[fix_place.World]:
    """The services with real bytes, behind which a storage on another host hands them out."""
    for name in fix_place.SERVICES:
        monkeypatch.setitem(roster._PACE, name, (500.0, 500))
    with fix_place.services(load) as one:
        for name, value in one.environment().items():
            monkeypatch.setenv(name, value)
        yield one


@pytest.fixture
def place(base: Path, world: fix_place.World) -> Path:
    """An installation whose saved workflow lacks three things."""
    for path in (base / "user/default/workflows").iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    fix_place.lay_out(base, load)
    return base


WHERE = ("--ask", "huggingface")
MODEL = f"models/checkpoints/{fix_place.INK}"
VERSION = f"{fix_place.NAME}.v2.json"


def answered(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Somebody sits at a terminal and answers so."""
    monkeypatch.setattr(shared, "at_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def digest_of(out: str) -> str:
    """The digest that a printed plan ends with."""
    return out.split("Digest ")[1].split()[0]


def printed(model: Any, out: str) -> Any:
    """JSON of the published shape."""
    body = json.loads(out)
    model.model_validate(body)
    return body


def everything(place: Path) -> str:
    """Whatever is written in the installation's protected folder."""
    state = place / "user/__comfyfixersmart"
    return "".join(path.read_text(errors="replace") for path in state.rglob("*") if path.is_file())


# ---- the whole way -----------------------------------------------------------------------------------------


def test_from_blocked_to_runnable_and_back(place: Path, world: fix_place.World, run: Run) -> None:
    where = ("--comfyui", place)
    code, plan, err = run("fix", *where, *WHERE)
    assert code == FINDINGS and "The plan: 3 actions, 3 MB to download. Nothing has happened yet." in plan
    assert "SHA-256 known; checked while it downloads" in plan and "A dry run: nothing was done." in err
    assert not (place / MODEL).exists() and world.served() == 0
    digest = digest_of(plan)
    assert f"comfyfixersmart fix --approve {digest} --comfyui {place}" in err

    code, out, err = run("fix", *where, "--approve", digest)
    assert code == FINE, out + err
    assert hashlib.sha256((place / MODEL).read_bytes()).hexdigest() == world.ink
    assert f"✓ download {fix_place.INK}: Now in models/checkpoints, SHA-256 verified" in out
    assert "Done. 3 of 3 actions done." in out
    assert f"✓ {VERSION}  Runnable  (new)" in out and "Nothing is left to do." in out
    assert world.served() == fix_place.SIZE

    code, journal, _ = run("journal", *where)
    assert code == FINE and journal.count("can be undone") == 3
    assert "Hugging Face, brushworks, apache-2.0, " in journal
    told = json.loads(run("journal", *where, "--json")[1])
    [ident] = {one["run"] for one in told["entries"] if one["run"]}
    assert run("journal", "undo", ident, *where)[0] == FINDINGS, "nobody confirmed it"
    code, out, _ = run("journal", "undo", ident, "--confirm", ident, *where)
    assert code == FINE and out.count("✓") == 3
    assert not (place / MODEL).exists()
    assert run("check", place / "user/default/workflows", *where)[0] == FINDINGS
    secret = everything(place) + plan + err + journal + out
    assert fix_place.CANARY not in secret and "Signature=" not in secret


def test_at_a_terminal_it_is_asked(
    place: Path, world: fix_place.World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "")
    code, _, err = run("fix", "--comfyui", place, *WHERE)
    assert code == FINDINGS and "Approve these 3 actions (3 MB)? [y/N]" in err and "Nothing was done." in err
    assert world.served() == 0
    answered(monkeypatch, "yes")
    code, out, _ = run("fix", "--comfyui", place, *WHERE, "--json")
    body = printed(schema_actions.Fix, out)
    assert code == FINE
    assert [(one["kind"], one["state"]) for one in body["run"]["actions"]] == [
        ("move", "done"), ("download", "done"), ("relink", "done"),
    ]  # fmt: skip
    assert body["workflows"] == [
        {"name": f"{fix_place.NAME}.json", "before": "blocked", "after": None},
        {"name": VERSION, "before": None, "after": "runnable"},
    ]
    assert body["plan"]["digest"] == body["run"]["digest"] and body["asked"] == ["huggingface"]


# ---- plan and apply ----------------------------------------------------------------------------------------


def test_a_plan_is_made_kept_and_written(place: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    code, out, _ = run("plan", "--comfyui", place, *WHERE, "--out", file)
    body = json.loads(file.read_text())
    assert code == FINE and f"To do it: comfyfixersmart apply {body['digest']} --comfyui {place}" in out
    assert (place / f"user/__comfyfixersmart/plans/{body['digest']}.json").is_file()
    assert (
        printed(schema_actions.Plan, run("plan", "--comfyui", place, *WHERE, "--json")[1])["digest"] != body["digest"]
    ), "each is new"

    code, shown, err = run("apply", file, "--comfyui", place)
    assert code == FINDINGS and digest_of(shown) == body["digest"] and "add --approve" in err
    code, out, _ = run("apply", file, "--comfyui", place, "--approve", body["digest"])
    assert code == FINE and "Done. 3 of 3 actions done." in out
    code, out, _ = run("apply", body["digest"], "--comfyui", place, "--approve", body["digest"], "--json")
    assert code == CANNOT and json.loads(out)["error"]["code"] == "already_approved"


def test_a_file_only_names_a_plan(place: Path, run: Run, tmp_path: Path) -> None:
    """Whoever changes a plan's file gets nothing done by it: what runs is what was made here and kept."""
    file = tmp_path / "plan.json"
    run("plan", "--comfyui", place, *WHERE, "--out", file)
    body = json.loads(file.read_text())
    digest = body["digest"]
    body["actions"][0]["destination"] = "/etc/cron.d/owned"
    file.write_text(json.dumps(body))

    def error(*arguments: Any) -> str:
        code, out, _ = run("apply", *arguments, "--comfyui", place, "--json")
        assert code == CANNOT
        return str(json.loads(out)["error"]["code"])

    assert error(file, "--approve", digest) == "plan_changed"
    file.write_text(json.dumps({**body, "digest": "0" * 64}))
    assert error(file) == "unknown_plan"
    assert error("f" * 64) == "unknown_plan"
    assert error(digest, "--approve", "0" * 64) == "other_plan"
    for text in ("{", "[]", '{"digest": "../../x"}'):
        file.write_text(text)
        assert error(file) == "bad_plan"
    assert error(tmp_path / "absent.json") == "bad_plan"
    assert error() == error(digest, "--continue") == "bad_usage"
    assert error("--continue") == "nothing_to_continue"


def test_a_plan_for_another_installation_is_not_run(place: Path, run: Run, tmp_path: Path) -> None:
    """Two installations that keep their state in one folder."""
    state = ("--state", tmp_path / "state")
    digest = json.loads(run("plan", "--comfyui", place, *WHERE, *state, "--json")[1])["digest"]
    other = tmp_path / "other"
    (other / "models").mkdir(parents=True)
    (other / "custom_nodes").mkdir()
    for words in (("apply", digest), ("fix", place / "user/default/workflows", "--approve", digest)):
        code, out, _ = run(*words, "--comfyui", other, *state, "--json")
        assert (code, json.loads(out)["error"]["code"]) == (CANNOT, "other_place")


def test_what_is_left_out_is_not_done(place: Path, world: fix_place.World, run: Run) -> None:
    body = printed(schema_actions.Plan, run("plan", "--comfyui", place, *WHERE, "--json")[1])
    ids = {one["kind"]: one["id"] for one in body["actions"]}
    out = ("--leave-out", ids["download"], "--prefer", f"{ids['move']}=link")
    code, text, _ = run("plan", "--comfyui", place, *WHERE, "--json", *out)
    body = json.loads(text)
    assert code == FINDINGS and [one["kind"] for one in body["actions"]] == ["link", "relink"]
    assert [(one["name"], one["why"]) for one in body["left_out"]] == [(fix_place.INK, "You left it out.")]
    code, text, _ = run("apply", body["digest"], "--comfyui", place, "--approve", body["digest"])
    assert code == FINE and world.served() == 0
    assert (place / f"models/loras/{fix_place.LANTERN}").is_file()
    assert (place / f"models/{fix_place.WRONG_FOLDER}/{fix_place.LANTERN}").is_file(), "linked, not moved"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("fix", "--prefer", "abc"), "bad_preference"),
        (("plan", "--prefer", "abc=copy"), "bad_preference"),
        (("fix", "--approve", "0" * 64), "unknown_plan"),
        (("journal", "redo", "x"), "bad_usage"),
        (("journal", "undo"), "bad_usage"),
        (("journal", "undo", "nosuch"), "unknown_entry"),
        (("journal", "--run", "nosuch"), "unknown_run"),
        (("journal", "--limit", "0"), "bad_usage"),
    ],
)
def test_wrong_words_are_told(place: Path, run: Run, arguments: tuple[str, ...], code: str) -> None:
    found, out, _ = run(*arguments, "--comfyui", place, "--json")
    assert (found, json.loads(out)["error"]["code"]) == (CANNOT, code)


def test_without_an_installation_nothing_can_be_changed(run: Run, tmp_path: Path) -> None:
    for words in (("fix", tmp_path), ("plan", tmp_path), ("apply", "0" * 64), ("journal",)):
        code, out, _ = run(*words, "--json", "--url", "http://127.0.0.1:1")
        assert (code, json.loads(out)["error"]["code"]) == (CANNOT, "no_state")


def test_it_comes_to_an_end(place: Path, run: Run) -> None:
    """What has a newer version that runs is done: nothing is written beside it once more, asked for all or by its name."""
    flows = place / "user/default/workflows"
    named = flows / f"{fix_place.NAME}.json"
    digest = json.loads(run("plan", named, "--comfyui", place, *WHERE, "--json")[1])["digest"]
    code, out, _ = run("fix", named, "--comfyui", place, "--approve", digest)
    assert code == FINE and f"✓ {VERSION}  Runnable  (new)" in out and "Nothing is left to do." in out
    before = sorted(path.name for path in flows.iterdir())
    assert VERSION in before
    for what in ((), (named,), (flows,), (flows / VERSION,)):
        code, out, _ = run("fix", *what, "--comfyui", place, *WHERE)
        assert (code, out) == (FINE, "There is nothing to do.\n")
        assert (
            printed(schema_actions.Plan, run("plan", *what, "--comfyui", place, *WHERE, "--json")[1])["actions"] == []
        )
    assert sorted(path.name for path in flows.iterdir()) == before


def test_files_of_one_name_in_two_folders_are_no_versions(place: Path, run: Run) -> None:
    flows = place / "user/default/workflows"
    (flows / "a").mkdir()
    (flows / "b").mkdir()
    named = [flows / "a/sea.json", flows / "b/sea.v2.json"]
    for path in named:
        shutil.copy(flows / f"{fix_place.NAME}.json", path)
    plan = json.loads(run("plan", *named, "--comfyui", place, *WHERE, "--json")[1])
    written = {
        Path(one["destination"]).relative_to(flows).as_posix() for one in plan["actions"] if one["kind"] == "relink"
    }
    assert written == {"a/sea.v2.json", "b/sea.v3.json"}


def test_what_is_to_be_pasted_means_the_same_place(
    place: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another folder, too, and whatever files are called; a terminal acts upon nothing in it."""
    flows = place / "user/default/workflows"
    odd = [
        "$(touch owned) 'x'.json",
        "\x1b]0;owned\x07.json",
        "new\nline.json",
        "\u202egnp.json",
        os.fsdecode(b"\xff.json"),
    ]
    for name in odd:
        shutil.copy(flows / f"{fix_place.NAME}.json", flows / name)
    extra, state = tmp_path / "extra paths.yaml", tmp_path / "the state"
    extra.write_text("other:\n  base_path: elsewhere\n  loras: loras\n")
    monkeypatch.chdir(place)
    more = (
        "--extra-model-paths",
        os.path.relpath(extra, place),
        "--state",
        os.path.relpath(state, place),
        "--from-source",
    )
    names = [f"user/default/workflows/{name}" for name in odd]
    _, out, err = run("fix", *names, "--comfyui", ".", *WHERE, *more)
    told = err.split("To do it: ")[1].rstrip("\n")
    assert all(sign.isprintable() for sign in told) and "\x1b" not in out and "\u202e" not in out
    shell = f'comfyfixersmart() {{ "{sys.executable}" -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@"; }}; {told}'
    words = json.loads(subprocess.run(["bash", "-c", shell], capture_output=True, check=True, cwd=tmp_path).stdout)
    assert words[:6] == ["fix", *(str(flows / name) for name in odd)]
    assert words[6:8] == ["--approve", digest_of(out)]
    told_of = ["--comfyui", str(place), "--state", str(state), "--extra-model-paths", str(extra), "--from-source"]
    assert words[8:] == told_of and not (tmp_path / "owned").exists()


# ---- consents ----------------------------------------------------------------------------------------------

PICKLE = "old_brush_v1.ckpt"
TRUST = "I trust brushworks and want this pickle file."


@pytest.fixture
def pickled(place: Path, world: fix_place.World) -> Path:
    """A second workflow, which lacks a pickle file; the hub has it."""
    hub = load("huggingface")
    brush = world.store.add(pickle_bytes())
    one = hub.Hub()
    one.repo("brushworks/old-brush", {PICKLE: hub.stored(world.store, brush)})
    one.repo("brushworks/inkwash-xl", {fix_place.INK: hub.stored(world.store, world.ink)})
    one.serve(world.hub, world.store)
    flow = place / "user/default/workflows/brush.json"
    link = f"{world.hub.address}/brushworks/old-brush/resolve/main/{PICKLE}"
    models = [{"name": PICKLE, "url": link, "directory": "checkpoints"}]
    flow.write_text(json.dumps(graph(node(1, "CheckpointLoaderSimple", PICKLE, properties={"models": models}))))
    return flow


def pickle_bytes() -> bytes:
    """What `torch.save` writes: a zip archive with a pickle inside. Nobody opens it here."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/version", b"3\n")
    return made.getvalue()


def test_each_consent_is_a_question_of_its_own(
    place: Path, pickled: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "y", "y")
    code, out, err = run("fix", pickled, "--comfyui", place, *WHERE)
    assert f"You are asked (pickle): {TRUST}" in out
    assert err.index(f"{TRUST} [y/N]") < err.index("Approve this action (")
    assert (place / "models/checkpoints" / PICKLE).is_file() and "Done. 1 of 1 action done." in out
    [yes] = [one for one in json.loads(run("journal", "--comfyui", place, "--json")[1])["entries"] if one["consents"]]
    assert yes["event"] == "approved" and yes["consents"][0]["text"] == TRUST
    assert f"Confirmed for {PICKLE}: {TRUST}" in run("journal", "--comfyui", place)[1]
    assert code == FINDINGS, "the little graph has no output node"


def test_what_is_not_consented_to_is_taken_out(
    place: Path, pickled: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "n", "y")
    code, out, err = run("fix", "--comfyui", place, *WHERE)
    assert code == FINDINGS and "Without what you declined:" in err
    first, second = out.split("[bold]The plan:[/]") if "[bold]" in out else out.split("The plan: ")[1:3]
    assert first.startswith("4 actions") and second.startswith("3 actions") and "You left it out." in second
    assert (place / MODEL).is_file() and not (place / "models/checkpoints" / PICKLE).exists()


def test_in_scripts_a_consent_is_named(place: Path, pickled: Path, run: Run) -> None:
    plan = json.loads(run("plan", pickled, "--comfyui", place, *WHERE, "--json")[1])
    digest, ident = plan["digest"], plan["actions"][0]["id"]

    def apply(*consents: str) -> tuple[int, Any]:
        words = [word for one in consents for word in ("--consent", one)]
        code, out, _ = run("apply", digest, "--approve", digest, *words, "--comfyui", place, "--json")
        return code, json.loads(out)

    code, body = apply()
    assert (code, body["error"]["code"]) == (CANNOT, "consent_missing")
    assert body["error"]["hint"] == f"Read them, and add --consent {ident}=pickle."
    for odd in (f"{ident}=adult", "nosuch=pickle", ident, f"{ident}=", f"{ident}=pickle,adult"):
        assert apply(odd)[1]["error"]["code"] == "bad_consent"
    code, body = apply(f"{ident}=pickle")
    schema_actions.Apply.model_validate(body)
    assert code == FINE and body["run"]["state"] == "done"


def test_declining_a_kept_plan_says_how_to_plan_without(
    place: Path, pickled: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = json.loads(run("plan", pickled, "--comfyui", place, *WHERE, "--json")[1])
    answered(monkeypatch, "n")
    code, _, err = run("apply", plan["digest"], "--comfyui", place)
    assert code == FINDINGS
    assert f"comfyfixersmart plan --leave-out {plan['actions'][0]['id']} --comfyui {place}" in err


# ---- stopping and going on ---------------------------------------------------------------------------------


def on_disk(place: Path, size: int) -> None:
    """Wait until so much of the file is on the disk: what the server has sent may still lie in the sockets."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if sum(path.stat().st_size for path in (place / "models/checkpoints").glob("*.part")) >= size:
            return
        time.sleep(0.01)
    raise AssertionError("the transfer did not come so far")


def pressing(place: Path, hold: Any, times: int = 1) -> threading.Thread:
    """Presses Ctrl-C as soon as the transfer has come so far, which goes no further."""

    def press() -> None:
        hold.reached.wait(60)
        on_disk(place, 1 << 20)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)  # two at the same moment are one

    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    return thread


def test_ctrl_c_pauses_and_the_run_goes_on_later(place: Path, world: fix_place.World, run: Run) -> None:
    digest = printed(schema_actions.Plan, run("plan", "--comfyui", place, *WHERE, "--json")[1])["digest"]
    hold = world.store.hold(world.ink, 2 << 20)
    thread = pressing(place, hold)
    code, out, _ = run("apply", digest, "--approve", digest, "--comfyui", place)
    thread.join(60)
    hold.release()
    assert code == CANNOT and "Paused. " in out and "Left" not in out
    assert f"To go on: comfyfixersmart apply --continue --comfyui {place}" in out
    assert not (place / MODEL).exists() and list((place / "models/checkpoints").glob("*.part"))
    before = world.served()
    code, out, _ = run("apply", "--continue", "--comfyui", place)
    assert code == FINE and "Done. 3 of 3 actions done." in out
    assert world.served() - before <= fix_place.SIZE - (1 << 20), "what was fetched is not fetched again"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run("apply", "--continue", "--comfyui", place)[0] == CANNOT, "nothing is left to go on with"


def test_a_second_ctrl_c_ends_at_once(
    place: Path, world: fix_place.World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = printed(schema_actions.Plan, run("plan", "--comfyui", place, *WHERE, "--json")[1])["digest"]
    monkeypatch.setattr(running, "_TICK", 60.0)  # the first one is not acted upon before the second comes
    hold = world.store.hold(world.ink, 2 << 20)
    thread = pressing(place, hold, times=2)
    code, _, err = run("apply", digest, "--approve", digest, "--comfyui", place)
    assert (code, err) == (CANNOT, "Cancelled. What was written before is whole.\n")
    thread.join(60)
    hold.release()
    for one in threading.enumerate():  # a program would be gone by now
        if one.name.startswith("comfyfixersmart-run-"):
            one.join(60)


@pytest.mark.slow
def test_as_a_program_killed_in_the_middle_and_continued(place: Path, world: fix_place.World, tmp_path: Path) -> None:
    """The real command in processes of its own: plan, apply, kill -9, apply --continue, journal, undo."""

    def command(*words: str | Path) -> list[str]:
        return [sys.executable, "-m", "comfyfixersmart.core.cli", *map(str, words), "--comfyui", str(place)]

    def done(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*words), capture_output=True, text=True, timeout=120, cwd=tmp_path)

    plan = json.loads(done("plan", *WHERE, "--json").stdout)
    hold = world.store.hold(world.ink, 2 << 20)
    with subprocess.Popen(command("apply", plan["digest"], "--approve", plan["digest"], "--quiet")) as killed:
        on_disk(place, 1 << 20)
        killed.kill()
    hold.release()
    assert not (place / MODEL).exists()
    before = world.served()
    after = done("apply", "--continue")
    assert after.returncode == FINE, after.stdout + after.stderr
    assert hashlib.sha256((place / MODEL).read_bytes()).hexdigest() == world.ink
    assert not list(place.rglob("*.part*"))
    assert world.served() - before <= fix_place.SIZE - (1 << 20) + (256 << 10), "what was fetched is not fetched again"
    listed = done("journal", "--all", "--json")
    ident = json.loads(listed.stdout)["entries"][0]["run"]
    undone = done("journal", "undo", ident, "--confirm", ident)
    assert undone.returncode == FINE, undone.stdout + undone.stderr
    assert not (place / MODEL).exists()
    assert done("check", place / "user/default/workflows").returncode == FINDINGS


# ---- packs -------------------------------------------------------------------------------------------------


@pytest.fixture
def packed(place: Path, world: fix_place.World) -> Path:
    """A workflow with a node type of a pack that is not here; the registry has it."""
    desk = load("registry").Desk()
    repo = "https://github.com/brushworks/Inkwell-Nodes"
    desk.pack("inkwell-nodes", repo=repo, classes=["InkWash"])
    desk.serve(world.hosts["registry"])
    flow = place / "user/default/workflows/wash.json"
    flow.write_text(json.dumps(graph(node(1, "InkWash", properties={"cnr_id": "inkwell-nodes", "ver": "1.4.0"}))))
    return flow


def test_a_manager_installs_what_was_approved(
    packed: Path, place: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "POLL", 0.01)
    monkeypatch.setattr(pace, "USUAL", Limit(10_000, 10_000))
    with load("server").serving() as comfyui:
        office = load("manager").Office("v4")
        office.offer("inkwell-nodes", "1.4.0")
        office.serve(comfyui)
        where = ("--comfyui", place, "--url", comfyui.address)
        plan = json.loads(run("plan", packed, *where, "--ask", "registry", "--json")[1])
        assert [one["pack"]["through"] for one in plan["actions"]] == ["manager_v4"]
        code, out, err = run("fix", packed, *where, "--approve", plan["digest"])
    assert office.packs["inkwell-nodes"]["ver"] == "1.4.0", out + err
    assert (
        "Installed by ComfyUI-Manager 4.3; restart ComfyUI" in out and "Restart ComfyUI to load the new packs." in out
    )
    assert code == FINDINGS, "not before ComfyUI has loaded it"


def test_without_a_manager_the_command_is_printed(packed: Path, place: Path, run: Run) -> None:
    plan = json.loads(run("plan", packed, "--comfyui", place, "--ask", "registry", "--json")[1])
    [action] = plan["actions"]
    assert action["pack"]["through"] == "command"
    code, out, _ = run("fix", packed, "--comfyui", place, "--approve", plan["digest"])
    assert code == FINDINGS
    assert "Paste this, then restart ComfyUI:" in out
    assert f"git clone -- https://github.com/brushworks/Inkwell-Nodes {place}/custom_nodes/Inkwell-Nodes" in out
    assert "– install" in out and "To be done by hand" in out
    assert "\n0 of 1 action done, 1 left to you.\n" in out, "nothing is called done"
    body = json.loads(run("journal", "--comfyui", place, "--json", "--all")[1])
    assert "failed" not in {one["event"] for one in body["entries"]}


# ---- the journal -------------------------------------------------------------------------------------------


def test_the_journal_of_nothing_and_of_much(place: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("journal", "--comfyui", place)
    assert (code, out) == (FINE, "Nothing was done here yet.\n")
    digest = printed(schema_actions.Plan, run("plan", "--comfyui", place, *WHERE, "--json")[1])["digest"]
    run("apply", digest, "--approve", digest, "--comfyui", place)
    whole = printed(schema_actions.Journal, run("journal", "--comfyui", place, "--json", "--all")[1])
    assert [one["event"] for one in whole["entries"]].count("begun") == 3 and not whole["more"]
    few = json.loads(run("journal", "--comfyui", place, "--json", "--limit", "2")[1])
    assert [one["id"] for one in few["entries"]] == [one["id"] for one in whole["entries"] if one["event"] != "begun"][
        :2
    ]
    assert (
        few["more"] and "3 older entries: --limit N or --all" in run("journal", "--comfyui", place, "--limit", "2")[1]
    )
    ident = next(one["run"] for one in whole["entries"] if one["run"])
    of_run = json.loads(run("journal", "--comfyui", place, "--json", "--run", ident)[1])["entries"]
    assert {one["run"] for one in of_run} == {ident}

    entry = next(one["id"] for one in whole["entries"] if one["can_undo"])
    answered(monkeypatch, "no")
    code, _, err = run("journal", "undo", entry, "--comfyui", place)
    assert code == FINDINGS and "Undo 1 action? [y/N]" in err and "Nothing was undone." in err
    answered(monkeypatch, "y")
    code, out, _ = run("journal", "undo", entry, "--comfyui", place, "--json")
    assert code == FINE and printed(schema_actions.Undo, out)["undone"][0]["ok"]
    code, out, _ = run("journal", "undo", entry, "--confirm", entry, "--comfyui", place)
    assert code == FINDINGS and "was undone before" in out
    code, out, _ = run("journal", "undo", entry, "--confirm", "another", "--comfyui", place, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (CANNOT, "not_confirmed")


def test_a_changed_journal_is_said_aloud(place: Path, run: Run) -> None:
    digest = printed(schema_actions.Plan, run("plan", "--comfyui", place, *WHERE, "--json")[1])["digest"]
    run("apply", digest, "--approve", digest, "--comfyui", place)
    path = Path(json.loads(run("journal", "--comfyui", place, "--json")[1])["file"])
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b'"actor":"command line"', b'"actor":"somebody"')
    path.write_bytes(b"\n".join(lines))
    code, out, _ = run("journal", "--comfyui", place)
    assert code == FINDINGS and "Line 2 of " in out and "was changed after being written" in out
