"""`comfyfixersmart resolve`: who is asked, what is printed, how it ends, and what is kept."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from comfyfixersmart.core.cli import CANNOT, FINDINGS, FINE, shared
from comfyfixersmart.core.reports.schema_resolution import Resolve
from comfyfixersmart.core.resolution import session as sessions
from comfyfixersmart.core.resolution.store import Store
from comfyfixersmart.core.resolution.types import (
    EXACT_NAME,
    NOT_FOUND,
    RESOLVED,
    UNCERTAIN,
    Judged,
    Resolution,
    Silence,
    Want,
)
from comfyfixersmart.core.sources import roster
from comfyfixersmart.core.sources.types import Candidate, Step

from ..sources.conftest import load
from ..workflow.graphs import graph, node

KEY = "canary-5d1c0ffee-never-shown"
FILES = ("thorn.safetensors", "briar.safetensors", "sloe.safetensors")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """Two workflows that share one of three missing files, and one of no known ComfyUI."""
    folder = tmp_path / "flows"
    folder.mkdir()
    loaders = [node(at, "CheckpointLoaderSimple", name) for at, name in enumerate(FILES, 1)]
    (folder / "a.json").write_text(json.dumps(graph(*loaders[:2], node(9, "SaveImage", "x"))))
    (folder / "b.json").write_text(json.dumps(graph(*loaders[1:], node(9, "SaveImage", "x"))))
    return folder


# ---- a session of our own ----------------------------------------------------------------------------------


def candidate(name: str, repo: str) -> Candidate:
    page = f"https://huggingface.co/{repo}/blob/main/{name}"
    return Candidate(
        f"huggingface:{repo}@{name}", "huggingface", name, page.replace("/blob/", "/resolve/"), page=page, repo=repo,
        author=repo.partition("/")[0], size=6_500_000_000, sha256="a" * 64, licence="openrail++", confirmed=True,
    )  # fmt: skip


def verdict(want: Want, state: str) -> Resolution:
    several = (candidate(want.name, "hedge/thorns"), candidate(want.name, "other/mix"))
    step = Step("huggingface", f"Asked for repositories named “{want.name}”", "2 files of this name", 7200.0)
    return Resolution(
        want.key,
        want.kind,
        want.name,
        state,
        {RESOLVED: "One file of this name exists.", UNCERTAIN: "Two files carry this name."}.get(
            state, "Nobody has it."
        ),
        EXACT_NAME if state == RESOLVED else "",
        "checkpoints",
        tuple(Judged(one, ("It carries the very name",)) for one in several[: 2 if state == UNCERTAIN else 1])
        if state != NOT_FOUND
        else (),
        settle=() if state == RESOLVED else ("Choose one yourself: the choice is remembered",),
        silent=(Silence("civitai", "it took longer than 15 seconds"),) if state == UNCERTAIN else (),
        steps=(step,),
        when=1_795_365_600.0,
    )


class Fake:
    """Answers by the name of the file. `interrupt`: presses Ctrl-C after so many."""

    states: ClassVar[dict[str, str]] = {FILES[0]: RESOLVED, FILES[1]: UNCERTAIN, FILES[2]: NOT_FOUND}
    interrupt: int | None = None
    made: ClassVar[list[Fake]] = []

    def __init__(self, app: Any, *, state: Path | None, values: Any, keys: Any, offline: bool, workflows: Any) -> None:
        self.names, self.keys, self.offline = values.sources, dict(keys), offline
        self.workflows = [one.name for one in workflows]
        self.sources = type("Sources", (), {"names": self.names})
        self.requests = {"huggingface.co": 4} if values.sources else {}
        self.store = Store(state)
        self.closed = False
        Fake.made.append(self)

    def resolve(self, wants: Any, *, again: bool, progress: Any, cancel: Any) -> list[Resolution]:
        self.again = again
        found: list[Resolution] = []
        for done, want in enumerate({one.key: one for one in wants}.values()):
            if cancel():
                break
            progress(done, len(wants), want, "Asked for [bold]markup")
            found.append(self.store.put(verdict(want, self.states[want.name]), self.names))
            if self.interrupt == len(found):
                os.kill(os.getpid(), signal.SIGINT)
        return found

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Fake]]:
    monkeypatch.setattr(sessions, "Session", Fake)
    monkeypatch.setattr(Fake, "made", [])
    yield Fake
    assert all(one.closed for one in Fake.made)


def asked(fake: type[Fake]) -> tuple[str, ...]:
    return tuple(fake.made[-1].names)


# ---- what is printed, and the exit code ---------------------------------------------------------------------


def test_each_workflow_with_its_missing_things(flows: Path, run: Run, fake: type[Fake], tmp_path: Path) -> None:
    code, out, _ = run("resolve", flows, "--ask", "huggingface", "--state", tmp_path / "state")
    assert code == FINDINGS
    a, b = out.split("b.json")
    for text in (
        "RESOLVED   thorn.safetensors  6.5 GB  key ",
        "Hugging Face, hedge/thorns",
        "By hedge. Licence openrail++.",
    ):
        assert text in a, text
    for text in (
        "UNCERTAIN  briar.safetensors  2 candidates",
        "1. Hugging Face, hedge/thorns",
        "2. Hugging Face, other/mix",
    ):
        assert text in b, text
    assert "Belongs in checkpoints." in a and "Why: One file of this name exists." in a
    assert "Civitai did not answer: it took longer than 15 seconds, so we cannot say whether it has this file." in b
    assert "NOT FOUND  sloe.safetensors" in b and "Asked: Hugging Face (2 files of this name)" in b
    assert "Of 3 missing files: 1 found, 1 uncertain, 1 not found." in b
    assert "Asked huggingface.co 4 times." in b and "--choose KEY=NUMBER" in b
    assert "answer 2 h old" not in out
    assert (
        "1. Hugging Face: Asked for repositories named “sloe.safetensors” → 2 files of this name (answer 2 h old)"
        in (run("resolve", flows, "--ask", "huggingface", "--steps")[1])
    )


def test_as_json_it_is_of_the_published_shape(flows: Path, run: Run, fake: type[Fake]) -> None:
    code, out, err = run("resolve", flows, "--ask", "huggingface,civitai", "--json")
    body = json.loads(out)
    Resolve.model_validate(body)
    assert (code, err) == (FINDINGS, "")
    assert {one["name"]: {each["name"] for each in one["findings"]} for one in body["workflows"]} == {
        "a.json": set(FILES[:2]),
        "b.json": set(FILES[1:]),
    }
    assert body["counts"] == {"RESOLVED": 1, "UNCERTAIN": 1, "NOT_FOUND": 1}
    assert (body["requests"], body["asked"], body["complete"]) == (
        {"huggingface.co": 4},
        ["huggingface", "civitai"],
        True,
    )


def test_the_exit_code_says_whether_all_is_settled(
    flows: Path, run: Run, fake: type[Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fake, "states", dict.fromkeys(FILES, RESOLVED))
    assert run("resolve", flows, "--ask", "all")[0] == FINE
    for state in (UNCERTAIN, NOT_FOUND):
        monkeypatch.setattr(Fake, "states", {**dict.fromkeys(FILES, RESOLVED), FILES[2]: state})
        assert run("resolve", flows, "--ask", "all")[0] == FINDINGS


def test_nothing_missing_is_fine_and_no_file_is_not(tmp_path: Path, run: Run) -> None:
    (tmp_path / "fine.json").write_text(json.dumps(graph(node(1, "SaveImage", "x"))))
    code, out, err = run("resolve", tmp_path / "fine.json", "--json")
    assert json.loads(out)["counts"] == {"RESOLVED": 0, "UNCERTAIN": 0, "NOT_FOUND": 0}
    assert json.loads(out)["asked"] == [] and err == ""
    assert code in (FINE, FINDINGS)  # without a ComfyUI the node type itself is not known
    assert run("resolve", tmp_path / "gone.json")[0] == CANNOT
    assert run("resolve")[0] == CANNOT
    (tmp_path / "cut.json").write_text('{"nodes": [')
    assert run("resolve", tmp_path / "cut.json", "--offline")[0] == FINDINGS


def test_again_and_the_library_reach_the_search(base: Path, flows: Path, run: Run, fake: type[Fake]) -> None:
    run("resolve", flows, "--comfyui", base, "--offline", "--again", "--json")
    assert fake.made[-1].again and fake.made[-1].offline
    assert {"a.json", "b.json", "cyanotype.json"} <= set(fake.made[-1].workflows)


# ---- who may be asked --------------------------------------------------------------------------------------


def test_without_a_word_nobody_is_asked_and_it_says_how(flows: Path, run: Run, fake: type[Fake]) -> None:
    code, _, err = run("resolve", flows)
    assert asked(fake) == () and code == FINDINGS
    assert "--ask all" in err and err.count("\n") == 1
    assert run("resolve", flows, "--offline")[2] == ""


def test_names_on_the_command_line_hold_for_this_run(
    base: Path, flows: Path, run: Run, fake: type[Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYFIXERSMART_SOURCES", "modelscope")
    run("resolve", flows)
    assert asked(fake) == ("modelscope",)
    run("resolve", flows, "--ask", "Civitai, huggingface")
    assert asked(fake) == ("huggingface", "civitai")
    run("resolve", flows, "--ask", "all")
    assert asked(fake) == ("huggingface", "civitai", "modelscope", "registry", "direct")
    monkeypatch.setenv("COMFYFIXERSMART_BRAVE_KEY", KEY)
    run("resolve", flows, "--ask", "all")
    assert asked(fake)[-1] == "web" and fake.made[-1].keys == {"brave": KEY}
    run("resolve", flows, "--offline")
    assert asked(fake) == ()


@pytest.mark.parametrize(("given", "code"), [("hugging", "bad_source"), ("huggingface,web", "not_configured")])
def test_a_service_that_cannot_be_asked(flows: Path, run: Run, given: str, code: str) -> None:
    exit_code, out, _ = run("resolve", flows, "--ask", given, "--json")
    assert exit_code == CANNOT and json.loads(out)["error"]["code"] == code


def test_the_settings_of_the_installation_hold(base: Path, flows: Path, run: Run, fake: type[Fake]) -> None:
    protected = base / "user/__comfyfixersmart"
    (protected / "settings.json").write_text(json.dumps({"schema": 1, "sources": ["registry"]}))
    (protected / "keys.json").write_text(json.dumps({"schema": 1, "civitai": KEY}))
    _, out, err = run("resolve", flows, "--comfyui", base)
    assert asked(fake) == ("registry",) and fake.made[-1].keys == {"civitai": KEY}
    assert KEY not in out + err
    run("resolve", flows, "--comfyui", base, "--ask", "civitai", "--remember")
    assert json.loads((protected / "settings.json").read_text())["sources"] == ["civitai"]


def answered(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(shared, "at_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(
    ("answer", "names"), [("y\n", ("huggingface", "civitai", "modelscope", "registry", "direct")), ("\n", ()), ("", ())]
)
def test_at_a_terminal_the_person_first_reads_what_is_sent(
    flows: Path, run: Run, fake: type[Fake], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, names: Any
) -> None:
    state = tmp_path / "state"
    answered(monkeypatch, answer)
    _, out, err = run("resolve", flows, "--state", state, "--json")
    assert asked(fake) == names
    json.loads(out)
    for text in (
        *FILES,
        "Civitai (civitai.red)",
        "Is sent: Words of the missing file's name",
        "Ask these services? [y/N]",
    ):
        assert text in err, text
    assert "Never sent: prompts, paths, workflow texts, pictures." in err and "Web search" not in err
    assert not (state / "settings.json").exists()
    answered(monkeypatch, answer)
    run("resolve", flows, "--state", state, "--remember")
    assert json.loads((state / "settings.json").read_text())["sources"] == list(names)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert "Ask these services?" not in run("resolve", flows, "--state", state)[2], "asked once is enough"
    assert asked(fake) == names


def test_what_cannot_be_remembered_is_said(
    flows: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(run("resolve", flows, "--ask", "all", "--remember", "--json")[1])["error"]["code"] == "no_state"
    monkeypatch.setenv("COMFYFIXERSMART_SOURCES", "none")
    _, out, _ = run("resolve", flows, "--ask", "all", "--remember", "--state", tmp_path / "state", "--json")
    assert json.loads(out)["error"]["code"] == "fixed_setting"


# ---- ending ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_ctrl_c_keeps_and_prints_what_was_found(
    flows: Path, run: Run, fake: type[Fake], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Fake, "interrupt", 1)
    before = signal.getsignal(signal.SIGINT)
    code, out, err = run("resolve", flows, "--ask", "all", "--state", tmp_path / "state", "--json")
    body = json.loads(out)
    Resolve.model_validate(body)
    assert (code, err) == (CANNOT, "Cancelled. What was found is kept.\n")
    assert body["complete"] is False and sum(body["counts"].values()) == 1
    assert {
        each["resolution"]["name"] for one in body["workflows"] for each in one["findings"] if each["resolution"]
    } == {FILES[1]}
    assert signal.getsignal(signal.SIGINT) is before
    assert "1 thing not looked up yet." in run("resolve", flows, "--ask", "all", "--state", tmp_path / "state")[1]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_second_ctrl_c_ends_at_once(flows: Path, run: Run, fake: type[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    def never_looks(self: Fake, wants: Any, **_: Any) -> list[Resolution]:
        for _press in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        return []

    monkeypatch.setattr(Fake, "resolve", never_looks)
    code, out, err = run("resolve", flows, "--ask", "all")
    assert (code, out) == (CANNOT, "") and err.startswith("Cancelled.")


# ---- choosing by hand --------------------------------------------------------------------------------------


@pytest.fixture
def kept(flows: Path, run: Run, fake: type[Fake], tmp_path: Path) -> tuple[Path, str]:
    """A state folder in which things were looked up, and the key of what is not settled."""
    state = tmp_path / "state"
    _, out, _ = run("resolve", flows, "--ask", "all", "--state", state, "--json")
    found = [each["resolution"] for one in json.loads(out)["workflows"] for each in one["findings"]]
    return state, next(one["key"] for one in found if one["state"] == UNCERTAIN)


@pytest.mark.parametrize("by", ["number", "id"])
def test_a_choice_is_kept_with_its_reason_and_can_be_taken_back(
    flows: Path, run: Run, kept: tuple[Path, str], by: str
) -> None:
    state, key = kept
    second = candidate(FILES[1], "other/mix").id
    chosen = f"{key[:6].upper()}={2 if by == 'number' else second}"
    code, out, _ = run(
        "resolve", flows, "--state", state, "--choose", chosen, "--reason", "its author told me", "--json"
    )
    (one,) = json.loads(out)["resolutions"]
    assert (code, one["state"], one["rung"], one["candidates"][0]["id"]) == (FINE, RESOLVED, "chosen", second)
    assert one["choice"]["reason"] == "its author told me"
    said = run("resolve", flows, "--ask", "all", "--state", state)[1]
    assert "Why: You chose it: its author told me." in said and "Chosen by you on " in said
    code, out, _ = run("resolve", "--state", state, "--unchoose", key)  # a whole key needs no look at the workflows
    assert code == FINDINGS and "UNCERTAIN  briar.safetensors  2 candidates" in out


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ("KEY", "bad_choice"),
        ("KEY=", "bad_choice"),
        ("KEY=3", "unknown_candidate"),
        ("KEY=0", "unknown_candidate"),
        ("KEY=civitai:1/2", "unknown_candidate"),
        ("ffff=1", "bad_key"),
        ("K=1", "bad_key"),
        ("ffffffffffffffffffff=1", "unknown_question"),
    ],
)
def test_what_cannot_be_chosen_is_said(flows: Path, run: Run, kept: tuple[Path, str], choice: str, code: str) -> None:
    state, key = kept
    given = choice.replace("KEY", key).replace("K=", f"{key[:3]}=")
    exit_code, out, _ = run("resolve", flows, "--state", state, "--choose", given, "--json")
    assert (exit_code, json.loads(out)["error"]["code"]) == (CANNOT, code)
    assert json.loads(out)["error"]["hint"]
    assert not (state / "choices.json").exists()


def test_a_choice_needs_a_place_to_be_kept(flows: Path, run: Run) -> None:
    assert json.loads(run("resolve", flows, "--choose", "abcd=1", "--json")[1])["error"]["code"] == "no_state"


# ---- the whole way, over a hub of our own ------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A service of our own in the hub's place. That it is asked slowly is tested elsewhere."""
    monkeypatch.setitem(roster._PACE, roster.HUGGINGFACE, (500.0, 500))
    hub_module = load("huggingface")
    with load("server").serving() as replay:
        hub = hub_module.Hub()
        hub.repo("hedge/thorn", {FILES[0]: hub_module.weights("thorn", 6_500_000_000)}, licence="openrail++")
        hub.repo("hedge/briar", {FILES[1]: hub_module.weights("briar", 2_000_000_000)})
        hub.repo("stranger/briar-mix", {FILES[1]: hub_module.weights("another", 2_000_000_000)})
        hub.serve(replay)
        monkeypatch.setenv("COMFYFIXERSMART_ENDPOINTS", f"huggingface={replay.address}")
        monkeypatch.setenv("COMFYFIXERSMART_HUGGINGFACE_KEY", KEY)
        yield replay


def test_from_the_name_to_the_dashboard(base: Path, flows: Path, run: Run, hub: Any) -> None:
    where = ("--comfyui", base)
    code, out, err = run("resolve", flows, *where, "--ask", "huggingface", "--json")
    body = json.loads(out)
    Resolve.model_validate(body)
    states = {each["name"]: each["resolution"]["state"] for one in body["workflows"] for each in one["findings"]}
    assert (code, states) == (FINDINGS, dict(zip(FILES, (RESOLVED, UNCERTAIN, NOT_FOUND), strict=True)))
    assert body["requests"] == {hub.host: len(hub.log)}
    sent = len(hub.log)
    assert {request.headers.get("authorization") for request in hub.log} == {f"Bearer {KEY}"}

    _, out, _ = run("resolve", flows, *where, "--ask", "huggingface")
    assert len(hub.log) == sent, "what was answered is not asked again"
    key = next(line for line in out.splitlines() if "UNCERTAIN  briar" in line).rpartition("key ")[2]
    assert run("resolve", flows, *where, "--choose", f"{key}=1", "--reason", "the author's own")[0] == FINE

    said = run("check", flows, *where)[1]
    assert "RESOLVED  Hugging Face, hedge/thorn, 6.5 GB" in said and "NOT FOUND" in said
    assert run("scan", flows, *where, "--json")[0] == FINDINGS
    reports = base / "output/reports/workflows"
    assert json.loads((reports / "index.json").read_text())["resolutions"] == {
        "RESOLVED": 2,
        "UNCERTAIN": 0,
        "NOT_FOUND": 1,
    }
    assert "Of 3 missing files: 2 found, 1 not found." in (reports / "index.md").read_text()
    assert "hedge/thorn" in (reports / "dashboard.html").read_text()
    assert len(hub.log) == sent, "check and scan ask nobody"
    everything = "".join(path.read_text(errors="replace") for path in base.rglob("*") if path.is_file())
    assert KEY not in everything + out + err + said


def test_a_hub_that_is_down_is_named_and_never_taken_for_not_there(base: Path, flows: Path, run: Run, hub: Any) -> None:
    hub.fault("*", hub.Fault.html)
    code, out, _ = run("resolve", flows / "a.json", "--comfyui", base, "--ask", "huggingface")
    assert code == FINDINGS and "NOT FOUND" not in out
    assert out.count("Hugging Face did not answer: ") == 2
