"""What a terminal shows of plans, runs and the journal, as golden files; and names that try to do more than be read."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from comfyfixersmart.core.actions.entries import Entry, Reading
from comfyfixersmart.core.actions.types import (
    COMMAND,
    DOWNLOAD,
    ENABLE_PACK,
    HARD,
    INSTALL_PACK,
    LINK,
    MANAGER_V4,
    MOVE,
    RELINK,
    SYMBOLIC,
    WRITE_VERSION,
    Action,
    Edit,
    LeftOut,
    Offer,
    Output,
    PackTask,
    Plan,
    Risk,
    Volume,
)
from comfyfixersmart.core.actions.undo import Undone
from comfyfixersmart.core.readiness.types import Distance, Readiness
from comfyfixersmart.core.reports import console_run
from comfyfixersmart.core.reports.console_journal import print_journal, print_to_undo, print_undone
from comfyfixersmart.core.reports.console_plan import print_plan, question
from comfyfixersmart.core.reports.console_run import Bars, pace, print_changes, print_run
from comfyfixersmart.core.reports.types import Entry as Shown
from rich.console import Console

Golden = Callable[[str, str], None]
PLACE = "/opt/ComfyUI"
WHEN = 1_795_365_600.0
HOSTILE = "\x1b[31mred\x1b[0m\r\nDone.\u202etxt.exe\x07 [bold]x[/] [link=http://evil]y[/link]"


def printed(show: Callable[[Any], None]) -> str:
    """What is printed, without colours, as it is when the output is no terminal."""
    made = io.StringIO()
    show(Console(file=made, highlight=False, soft_wrap=True, width=120, no_color=True))
    return made.getvalue()


def offer(**changes: Any) -> Offer:
    page = "https://huggingface.co/brushworks/inkwash-xl/blob/main/inkwash_xl.safetensors"
    made = Offer(
        "huggingface:brushworks/inkwash-xl@inkwash_xl.safetensors", "huggingface", "Hugging Face",
        page.replace("/blob/", "/resolve/"), page, "brushworks/inkwash-xl", "0f3a9c2b17d4e5a6", "brushworks", "openrail++",
    )  # fmt: skip
    return made._replace(**changes)


def actions() -> tuple[Action, ...]:
    """One of each kind, and of each way of checking."""
    models = f"{PLACE}/models"
    pickle = Risk("pickle", "A pickle file by hedge. Loading one can run any program.", "I trust hedge and want it.")
    poi = Risk(
        "real_person", "A model of a real person, says Civitai.", "I have the consent of the person shown.",
        ("https://civitai.com/content/likeness-claim-request",),
    )  # fmt: skip
    code = Risk("runs_code", "A node pack is a program.")
    nodes = f"{PLACE}/custom_nodes"
    clone = f"git clone -- https://github.com/a/b {nodes}/b\npython -m pip install -r {nodes}/b/requirements.txt"
    return (
        Action("aaaaaaaaaa", MOVE, "paper.safetensors", f"{models}/loras/paper.safetensors", f"{models}/loras", "loras",
               origin=f"{models}/vae/paper.safetensors", workflows=("a.json",), why="It lies in vae."),
        Action("bbbbbbbbbb", LINK, "clip.safetensors", f"{models}/clip/clip.safetensors", f"{models}/clip", "clip",
               origin=f"{models}/text_encoders/clip.safetensors", link=HARD, workflows=("a.json", "b.json")),
        Action("cccccccccc", LINK, "big.gguf", f"{models}/unet/big.gguf", f"{models}/unet", "unet",
               origin="/mnt/other disk/big.gguf", link=SYMBOLIC, workflows=("b.json",)),
        Action("dddddddddd", DOWNLOAD, "inkwash_xl.safetensors", f"{models}/checkpoints/inkwash_xl.safetensors",
               f"{models}/checkpoints", "checkpoints", size=6_700_000_000, sha256="a" * 64,
               offers=(offer(), offer(by="Civitai"), offer(by="ModelScope")), workflows=("a.json",),
               why="One file carries this name.", aside=f"{models}/checkpoints/inkwash_xl.safetensors.damaged"),
        Action("eeeeeeeeee", DOWNLOAD, "old_brush.ckpt", f"{models}/checkpoints/old_brush.ckpt", f"{models}/checkpoints",
               "checkpoints", size=2_100_000_000, offers=(offer(licence="", author="", gate="gated",
               gate_text="Accept its terms first."),), format="pickle", chosen=True, why="You know it.", risks=(pickle, poi)),
        Action("ffffffffff", DOWNLOAD, "unsized.safetensors", f"{models}/vae/unsized.safetensors", f"{models}/vae", "vae",
               offers=(offer(gate="login", page=""),)),
        Action("1111111111", RELINK, "a.v2.json", f"{PLACE}/user/default/workflows/a.v2.json", origin=f"{PLACE}/user/default/workflows/a.json",
               edits=tuple(Edit(f"/nodes/{n}", f"old{n // 2}.pt", f"new{n // 2}.pt") for n in range(20)), workflows=("a.json",)),
        Action("2222222222", WRITE_VERSION, "b.v3.json", f"{PLACE}/user/default/workflows/b.v3.json",
               origin=f"{PLACE}/user/default/workflows/b.json", content="{}"),
        Action("3333333333", ENABLE_PACK, "inkwell", pack=PackTask("inkwell", "", "1.3.0", "", MANAGER_V4, "mv a b",
               f"{nodes}/.disabled/inkwell@1_3_0"), risks=(code,)),
        Action("4444444444", INSTALL_PACK, "Inkwell Nodes", pack=PackTask("inkwell-nodes", "https://github.com/a/inkwell", "1.4.0",
               "Active", MANAGER_V4, "x"), risks=(code,)),
        Action("5555555555", INSTALL_PACK, "Other Nodes", pack=PackTask("b", "https://github.com/a/b", "2.0.0", "Active", COMMAND, clone)),
    )  # fmt: skip


def plan(*chosen: Action, **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "made": WHEN, "expires": WHEN + 3600, "place": PLACE, "workflows": ("a.json", "b.json"), "nonce": "n",
        "actions": chosen or actions(),
        "left_out": (
            LeftOut("ghost.safetensors", "file", "MODEL001", "Nobody has it.", "Ask its author.", "0123456789abcdef", ("a.json",)),
            LeftOut("bad.safetensors", "file", "POLICY001", "Refused: sexual content with minors.", "Report it.",
                    help=("https://www.inhope.org/",)),
        ),
        "volumes": (Volume(f"{PLACE}/models", 10**12, 2 * 10**11, 8_800_000_000), Volume("/mnt/full", 10**11, 10**9, 2 * 10**9)),
    }  # fmt: skip
    return Plan(**{**values, **changes})


def test_a_plan(golden_file: Golden) -> None:
    golden_file("plans/plan.txt", printed(lambda out: print_plan(plan(), out=out)))


def test_a_plan_of_nothing(golden_file: Golden) -> None:
    left = tuple(LeftOut(f"file{n}", "file", "MODEL001", "Nobody has it.") for n in range(25))
    empty = Plan(WHEN, WHEN + 3600, PLACE, ("a.json",), (), left)
    golden_file("plans/nothing.txt", printed(lambda out: print_plan(empty, out=out)))


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (("d",), "Approve this action (6.7 GB)? [y/N]"),
        (("a", "d"), "Approve these 2 actions (6.7 GB)? [y/N]"),
        (("a", "b"), "Approve these 2 actions? [y/N]"),
        (("d", "f"), "Approve these 2 actions (over 6.7 GB)? [y/N]"),
    ],
)
def test_the_question(ids: tuple[str, ...], text: str) -> None:
    assert question(plan(*[one for one in actions() if one.id[0] in ids])) == text


# ---- runs --------------------------------------------------------------------------------------------------


def row(kind: str, title: str, state: str, **more: Any) -> dict[str, Any]:
    error = more.pop("error", None)
    told = dict(zip(("code", "message", "hint"), error, strict=True)) if error else None
    return {
        "id": title, "kind": kind, "title": title, "folder": "", "destination": "", "state": state, "check": "", "bytes": 0,
        "size": None, "speed": None, "left": None, "note": "", "text": "", "command": "", "error": told, **more,
    }  # fmt: skip


def run_of(*rows: dict[str, Any], state: str = "failed", **more: Any) -> dict[str, Any]:
    done = sum(one["state"] == "done" for one in rows)
    return {
        "id": "20261129-104500-0123abcd", "state": state, "done": done, "failed": 0, "total": len(rows), "bytes": 0,
        "bytes_total": 0, "speed": None, "left": None, "needs_restart": False, "error": None, "actions": list(rows), **more,
    }  # fmt: skip


def test_what_became_of_a_run(golden_file: Golden) -> None:
    by_hand = ("by_hand", "To be done by hand", "git clone a && pip install b")
    rows = [
        row(DOWNLOAD, "ink.safetensors", "done", text="Now in models/checkpoints", check="verified"),
        row(DOWNLOAD, "old.ckpt", "done", text="Now in models/checkpoints", check="size_only"),
        row(DOWNLOAD, "odd.bin", "done", text="Now in models/vae.", check="unverifiable"),
        row(DOWNLOAD, "wrong.safetensors", "failed", check="mismatch", error=("m", "It is another file.", "Make a new plan.")),
        row(DOWNLOAD, "full.safetensors", "paused", error=("disk_full", "/x: No space left", "Free some space, then resume.")),
        row(RELINK, "a.v2.json", "skipped", note="It needs wrong.safetensors, which did not succeed."),
        row(MOVE, "gone.safetensors", "cancelled"),
        row(INSTALL_PACK, "Other Nodes", "skipped", text="To be done by hand", command="git clone a\npip install b", error=by_hand),
        row(INSTALL_PACK, "Inkwell", "done", text="Installed by ComfyUI-Manager 4.3; restart ComfyUI", command="x"),
    ]  # fmt: skip
    told = run_of(*rows, needs_restart=True)
    void = {"code": "v", "message": "A source serves something else now.", "hint": "Make a new plan."}
    text = printed(lambda out: print_run(told, out=out))
    for state in ("done", "paused", "cancelled", "interrupted", "voided"):
        error = void if state == "voided" else None
        text += "\n" + printed(lambda out: print_run(run_of(rows[0], state=state, error=error), out=out))  # noqa: B023
    golden_file("plans/run.txt", text)


def shown(name: str, status: str) -> Shown:
    return Shown(name, Readiness(name, status, (), Distance(files=1) if status == "blocked" else Distance()))


def test_what_turned_runnable_and_what_is_left(golden_file: Golden) -> None:
    before = {"a.json": "blocked", "b.json": "blocked", "c.json": "runnable"}
    after = [
        shown("a.v2.json", "runnable"),
        shown("b.json", "blocked"),
        shown("c.json", "runnable"),
        shown("d.json", "unknown"),
    ]
    text = printed(lambda out: print_changes(before, after, out=out))
    text += "\n" + printed(lambda out: print_changes(before, [shown("b.json", "needs_input")], out=out))
    text += "\n" + printed(lambda out: print_changes(before, [shown("c.json", "runnable")], out=out))
    text += "\n" + printed(lambda out: print_changes({}, [], out=out))
    golden_file("plans/changes.txt", text)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"bytes": 1_200_000_000, "size": 6_700_000_000, "speed": 48e6, "left": 115.0}, "1.2 GB of 6.7 GB, 48 MB/s, 1 min left"),
        ({"bytes": 1_200_000_000, "size": 6_700_000_000, "speed": 48e6, "left": 12.4}, "1.2 GB of 6.7 GB, 48 MB/s, 12 s left"),
        ({"bytes": 1_200_000_000, "size": None, "speed": 0.0, "left": None}, "1.2 GB"),
        ({"bytes": 0, "size": 5, "note": "Checking what is here"}, "Checking what is here"),
        ({"bytes": 3 * 10**9, "size": 4 * 10**9, "note": "waiting for Civitai"}, "3.0 GB of 4.0 GB, waiting for Civitai"),
        ({"bytes": 3 * 10**9, "size": 4 * 10**9, "speed": 1e6, "note": "late"}, "3.0 GB of 4.0 GB, 1 MB/s"),
    ],
)  # fmt: skip
def test_how_fast_it_goes(changes: dict[str, Any], text: str) -> None:
    assert pace(row(DOWNLOAD, "x", "running", **changes)) == text


def test_bars_come_and_go_with_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(console_run.sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    running = row(DOWNLOAD, HOSTILE, "running", bytes=5 * 10**8, size=10**9, speed=1e6, left=500.0)
    with Bars() as bars:
        bars.update(run_of(running, row(DOWNLOAD, "second", "running", note="[red]note"), state="running"))
        assert len(bars._tasks) == 3
        bars._bars.refresh()
        bars.say("Pausing")
        bars.update(run_of({**running, "state": "done"}, state="running"))
        assert list(bars._tasks) == [""]
        bars._bars.refresh()
    bars.update(run_of(running))  # after its end nothing is shown
    text = terminal.getvalue()
    assert "500 MB of 1.0 GB, 1 MB/s, 8 min left" in text and "1 of 1 done. Pausing" in text
    assert "[red]note" in text and "\x1b[31mred" not in text and "\u202e" not in text
    with Bars(shown=False) as quiet:
        quiet.update(run_of(running))
    assert quiet._tasks == {}


@pytest.mark.parametrize("columns", [20, 40, 63, 64, 80, 90, 110, 200])
def test_bars_fit_into_any_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Name and how far it is stand in one line, whole or cut in their middle; a bar only where there is room."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(console_run.sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "a name of :bomb: that is far too long for any of them.safetensors"
    running = row(DOWNLOAD, name, "running", bytes=25 * 10**8, size=10**10, speed=481e6, left=500.0)
    with Bars() as bars:
        bars.update(run_of(running, state="running", bytes=25 * 10**8, bytes_total=10**10))
        bars._bars.refresh()
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", one) for one in re.split(r"[\r\n]", terminal.getvalue())]
    told = [one for one in lines if one.startswith("a n")]
    assert told and max(map(len, lines)) <= columns
    assert ("25 %" in told[0]) == (40 <= columns < 64) and (
        columns < 64 or "2.5 GB of 10.0 GB, 481 MB/s, 8 min left" in told[0]
    )
    assert ("━" in told[0]) == (columns >= 90)
    assert "\U0001f4a3" not in terminal.getvalue() and (columns < 110 or ":bomb:" in told[0]), "it is its name"


# ---- the journal -------------------------------------------------------------------------------------------


def entries() -> tuple[Entry, ...]:
    run, models = "20261129-104500-0123abcd", f"{PLACE}/models"
    ink = {
        "id": "d",
        "kind": DOWNLOAD,
        "title": "ink.safetensors",
        "folder": "checkpoints",
        "destination": f"{models}/checkpoints/ink.safetensors",
    }
    paper = {"id": "a", "kind": MOVE, "title": "paper.safetensors", "folder": "loras"}
    there = Output(f"{models}/checkpoints/ink.safetensors", False, True, 6_700_000_000, "a" * 64)
    moved = (
        Output(f"{models}/vae/paper.safetensors", True, False),
        Output(f"{models}/loras/paper.safetensors", False, True, 9_000),
    )
    said = {
        "author": "brushworks",
        "source": "Hugging Face",
        "licence": "",
        "page": "https://huggingface.co/x",
        "url": "",
    }
    yes = {"action": "e", "title": "old.ckpt", "code": "pickle", "text": "I trust hedge and want it."}
    wrong = {"code": "m", "message": "It is another file.", "hint": "Make a new plan."}
    told = [
        Entry("000000000001", WHEN, "command line", "approved", plan="f" * 64, consents=(yes,), text="2 actions, for a.json"),
        Entry("000000000002", WHEN + 1, "command line", "begun", run, action=ink),
        Entry("000000000003", WHEN + 60, "command line", "done", run, action=ink, outputs=(there,), attribution=said, check="verified", text="Now in models/checkpoints"),
        Entry("000000000004", WHEN + 61, "command line", "done", run, action=paper, outputs=moved),
        Entry("000000000005", WHEN + 62, "command line", "failed", run, action={**ink, "title": "wrong.bin"}, error=wrong),
        Entry("000000000006", WHEN + 63, "command line", "ended", run, text="failed: 2 of 3 done"),
        Entry("000000000007", WHEN + 90, "panel", "undone", run, action=paper, outputs=(moved[0]._replace(after=True),), undoes="000000000004", text="Moved back"),
        Entry("000000000008", WHEN + 95, "panel", "undo_failed", run, action=ink, error=wrong, undoes="000000000003"),
        Entry("000000000009", WHEN + 99, "panel", "torn", text="The line before this one was not written to its end."),
    ]  # fmt: skip
    return tuple(one._replace(line=at) for at, one in enumerate(told, 1))


def test_the_journal(golden_file: Golden) -> None:
    whole = Reading(entries(), torn=(8,), damage=(12, 13), newer=(20,))
    newest = list(reversed(whole.entries))
    path = f"{PLACE}/user/__comfyfixersmart/journal/journal.jsonl"
    text = printed(lambda out: print_journal(newest, whole, more=3, path=path, place=PLACE, out=out))
    text += "\n" + printed(lambda out: print_journal([], Reading(), more=0, path=path, place=PLACE, out=out))
    text += "\n" + printed(lambda out: print_to_undo([newest[6]], out=out))
    undone = [
        Undone("000000000003", True, "Moved to .comfyfixersmart-undo"),
        Undone("nosuch", False, "", {"message": "No.", "hint": "Look."}),
    ]
    text += "\n" + printed(lambda out: print_undone(undone, whole, out=out))
    golden_file("plans/journal.txt", text)


# ---- names that try to do more than be read ----------------------------------------------------------------


def test_hostile_names_are_harmless_everywhere() -> None:
    bad = HOSTILE
    risk = Risk("pickle", bad, bad, (bad,))
    pack = PackTask(bad, bad, bad, bad, COMMAND, bad, bad)
    hostile = [
        Action("a", kind, bad, f"{PLACE}/{bad}", PLACE, bad, origin=bad, offers=(offer(**dict.fromkeys(("by", "page", "repo", "revision", "author", "licence", "gate", "gate_text"), bad)),), edits=(Edit(bad, bad, bad),), pack=pack, aside=bad, workflows=(bad,), why=bad, risks=(risk,), link=HARD)
        for kind in (MOVE, LINK, DOWNLOAD, RELINK, WRITE_VERSION, ENABLE_PACK, INSTALL_PACK)
    ]  # fmt: skip
    made = plan(
        *hostile,
        left_out=(LeftOut(bad, "file", "MODEL001", bad, bad, bad, (bad,), (bad,)),),
        volumes=(Volume(bad, 1, 1, 1),),
    )
    text = printed(lambda out: print_plan(made, out=out)) + question(made)
    rows = [
        row(DOWNLOAD, bad, state, note=bad, text=bad, command=bad, error=(bad, bad, bad))
        for state in ("done", "failed", "skipped")
    ]
    text += printed(lambda out: print_run(run_of(*rows, error={"message": bad, "hint": bad}), out=out))
    text += printed(
        lambda out: print_changes({bad: "blocked"}, [shown(bad, "runnable"), shown(bad + "2", "blocked")], out=out)
    )
    entry = Entry(bad, WHEN, bad, "done", bad, action={"kind": MOVE, "title": bad}, outputs=(Output(bad, False, True),), attribution={"author": bad, "source": bad, "licence": bad, "page": bad}, consents=({"title": bad, "text": bad},), error={"message": bad, "hint": bad}, text=bad)  # fmt: skip
    text += printed(
        lambda out: print_journal([entry], Reading((entry,), damage=(1,)), more=0, path=bad, place=bad, out=out)
    )
    strange = entry._replace(event=bad, action={"kind": bad, "title": bad})  # of a journal that somebody made up
    text += printed(lambda out: print_journal([strange], Reading((strange,)), more=0, path=bad, place=bad, out=out))
    text += printed(lambda out: print_run(run_of(row(bad, bad, bad)), out=out))
    text += printed(lambda out: print_to_undo([entry, strange], out=out))
    text += printed(
        lambda out: print_undone(
            [Undone(bad, False, bad, {"message": bad}), Undone(bad, True, bad)], Reading((entry,)), out=out
        )
    )
    assert "\x1b" not in text and "\r" not in text and "\x07" not in text and "\u202e" not in text
    assert "\nDone.\\u202e" not in text, "no line of its own"
    assert text.count("[bold]x[/]") > 40, "its brackets are no markup"
    assert json.dumps(text)
