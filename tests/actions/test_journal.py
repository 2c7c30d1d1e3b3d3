"""The journal: written once and for good, by several at once, and never taken for what it is not."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.audit import KEPT, Audit, line
from comfyfixersmart.core.actions.entries import EVENTS, Entry, Reading, _checksum, parse
from comfyfixersmart.core.actions.journal import Journal
from comfyfixersmart.core.actions.types import DOWNLOAD, VERIFIED, Action, ActionFailed, Offer, Output
from comfyfixersmart.core.errors import UnreadableFile

OFFER = Offer(
    *("heron:otter/bramble@bramble.safetensors", "heron", "Heron Face"),
    "https://user:word@heron.example/otter/bramble.safetensors?X-Signature=secret#part",
    *("https://heron.example/otter?token=secret", "otter/bramble", "rev", "otter", "apache-2.0"),
)


def action(path: str = "/models/vae/bramble.safetensors") -> Action:
    return Action(
        *("a1b2c3d4e5", DOWNLOAD, "bramble.safetensors", path),
        root=os.path.dirname(path),
        folder="vae",
        offers=(OFFER,),
        aside="/models/vae/bramble.safetensors.damaged",
    )


def written(folder: Path, count: int = 4) -> bytes:
    """A journal of a few different entries."""
    journal = Journal(folder, now=iter(range(1000, 9999)).__next__)
    for number in range(count):
        journal.write(
            EVENTS[number % 4],
            actor="wren",
            run="20260101-000000-aabbccdd",
            plan="f" * 64,
            action=action(),
            inputs={"why": "été \u2028 \x1b[31m"},
            outputs=[Output(f"/models/vae/{number}.safetensors", False, True, 5, "0" * 64)],
            check=VERIFIED,
            consents=["pickle"],
            text="Now in models/vae",
        )
    return journal.path.read_bytes()


def test_an_entry_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "bramble.safetensors"
    file.write_bytes(b"12345")
    journal = Journal(tmp_path / "state", now=lambda: 1700000000.1234)
    wrote = journal.write(
        *("done",),
        actor="wren",
        run="r1",
        plan="f" * 64,
        action=action(str(file)),
        outputs=[Output(str(file), False, True, 5, "0" * 64), Output("/gone", True, False)],
        check=VERIFIED,
        text="Now in models/vae",
    )
    reading = journal.read()
    assert reading.entries == (wrote._replace(line=1),)
    assert (reading.torn, reading.damage, reading.newer) == ((), (), ())
    (entry,) = reading.entries
    assert len(entry.id) == 12 and int(entry.id, 16) >= 0
    assert entry.time == 1700000000.123
    assert entry.stamps == {str(file): (5, file.stat().st_mtime_ns)}
    assert entry.action is not None
    assert {"id", "kind", "title", "folder", "root", "destination", "aside"} == set(entry.action)
    shown = entry.as_json()
    assert shown["outputs"][0]["sha256"] == "0" * 64
    assert not {"stamps", "line"} & set(shown)
    json.dumps(shown)


def test_an_error_and_what_is_taken_back_stand_in_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first = journal.write("done", actor="wren", run="r1", plan="p", action=action())
    second = journal.write(
        "undo_failed", actor="heron", about=first, error=ActionFailed("gone", "It is gone.", "Look.")
    )
    third = journal.write("failed", actor="wren", error={"code": "x", "message": "y"})
    assert journal.read().entries == tuple(e._replace(line=n) for n, e in enumerate((first, second, third), 1))
    assert (second.undoes, second.run, second.plan, second.action) == (first.id, "r1", "p", first.action)
    assert second.error == {"code": "gone", "message": "It is gone.", "hint": "Look."}


def test_addresses_lose_what_may_be_secret(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    entry = journal.write("done", actor="wren", action=action())
    assert entry.attribution == {
        "author": "otter",
        "source": "Heron Face",
        "licence": "apache-2.0",
        "page": "https://heron.example/otter",
        "url": "https://heron.example/otter/bramble.safetensors",
    }
    for file in tmp_path.iterdir():
        assert b"secret" not in file.read_bytes() and b"word@" not in file.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    written(tmp_path / "state")
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_what_was_never_written_is_empty_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").read() == Reading()
    (tmp_path / "journal.jsonl").write_bytes(b"")
    assert Journal(tmp_path).read().entries == ()
    folder = tmp_path / "odd"
    (folder / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(UnreadableFile):
        Journal(folder).read()
    with pytest.raises(OSError):
        Journal(folder).write("done", actor="wren")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_in_its_place_is_never_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "journal.jsonl")
    with pytest.raises(OSError, match="regular"):
        Journal(tmp_path).write("done", actor="wren")


# ---- what a kill or a bad disk leaves -----------------------------------------------------------------------


def test_cut_at_every_byte_it_keeps_what_was_whole_and_can_be_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # thousands of files, and nothing here asks for the disk
    data = written(tmp_path / "state", 3)
    whole = parse(data).entries
    ends = [at for at in range(len(data) + 1) if data[:at].count(b"\n") and data[at - 1 : at] == b"\n"]
    torn_seen = 0
    journal = Journal(tmp_path / "cut")
    journal.path.parent.mkdir()
    for cut in range(len(data) + 1):
        reading = parse(data[:cut])
        complete = sum(end - 1 <= cut for end in ends)  # the newline itself may be missing
        assert reading.entries == whole[:complete], cut
        assert reading.damage == () and reading.newer == ()
        torn_seen += len(reading.torn)
        if cut <= ends[1]:
            continue  # it reads the same; going on is tried at every byte of the last line
        journal.path.write_bytes(data[:cut])
        added = journal.write("begun", actor="wren")
        again = journal.read()
        ours = tuple(one for one in again.entries if one.event != "torn")
        assert ours == (*whole[:complete], added._replace(line=again.entries[-1].line)), cut
        assert again.damage == () and again.torn == reading.torn
        assert journal.path.read_bytes().startswith(data[:cut]), "nothing is ever rewritten"
        has_note = any(one.event == "torn" for one in again.entries)
        assert has_note == bool(cut and data[cut - 1 : cut] != b"\n")
    assert torn_seen > len(data) - 3 * 3


def test_a_changed_byte_is_never_taken_for_anything_else(tmp_path: Path) -> None:
    data = written(tmp_path, 6)
    whole = set(map(repr, (one._replace(line=0) for one in parse(data).entries)))
    rng = random.Random(5)
    for _ in range(1000):
        at = rng.randrange(len(data))
        changed = bytearray(data)
        changed[at] ^= rng.randrange(1, 256)
        reading = parse(bytes(changed))
        read = {repr(one._replace(line=0)) for one in reading.entries}
        assert read < whole, "every entry that is read is one that was written, and one is missing"
        assert len(read) == len(reading.entries)
        assert reading.damage, (at, changed[at])
        assert not reading.newer


def test_the_end_of_the_file_that_became_something_else_is_damage(tmp_path: Path) -> None:
    data = written(tmp_path, 2)
    reading = parse(data[:-1] + b"X")
    assert len(reading.entries) == 1 and reading.damage == (2,) and reading.torn == ()


def test_a_line_of_a_newer_version_is_kept_and_said(tmp_path: Path) -> None:
    data = written(tmp_path, 1)
    body = b'{"schema":2,"id":"aa","something":{"new":1}'
    newer = body + b',"sum":"' + _checksum(body) + b'"}\n'
    (tmp_path / "journal.jsonl").write_bytes(data + newer)
    Journal(tmp_path).write("done", actor="wren")
    reading = Journal(tmp_path).read()
    assert [one.line for one in reading.entries] == [1, 3]
    assert (reading.newer, reading.damage, reading.torn) == ((2,), (), ())
    assert newer in (tmp_path / "journal.jsonl").read_bytes()
    assert reading.unread_after(reading.entries[0]) == (2,)
    assert reading.unread_after(reading.entries[1]) == ()


@pytest.mark.parametrize("values", ["{}", '{"id":1}', "[]", "null", '{"outputs":5}'])
def test_a_line_with_a_checksum_and_odd_values_is_damage(values: str) -> None:
    body = (b'{"schema":1,"x":' + values.encode()) if values[0] != "{" else b'{"schema":1,' + values[1:-1].encode()
    body = body.rstrip(b",")
    line_ = body + b',"sum":"' + _checksum(body) + b'"}\n'
    reading = parse(line_)
    assert reading.entries == () and reading.damage == (1,)


WRITER = """
import sys
from pathlib import Path
from comfyfixersmart.core.actions.journal import Journal
journal = Journal(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    journal.write("begun", actor=sys.argv[2], text=str(number), inputs={"why": "x" * 3000})
    print(number, flush=True)
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert child.stdout and child.stdout.readline() == "ready\n"
    return child


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    children = [writer(tmp_path, name, 200) for name in ("wren", "heron")]
    for child in children:
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=120)
        assert child.returncode == 0
    reading = Journal(tmp_path).read()
    assert (reading.torn, reading.damage) == ((), ())
    for name in ("wren", "heron"):
        texts = [one.text for one in reading.entries if one.actor == name and one.event == "begun"]
        assert texts == [str(number) for number in range(200)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_what_was_told_survives_a_kill(tmp_path: Path) -> None:
    for number in range(5):
        with writer(tmp_path, f"wren{number}", 100_000) as child:
            assert child.stdin and child.stdout
            child.stdin.write("\n")
            child.stdin.flush()
            for _ in range(7 * (number + 1)):
                child.stdout.readline()
            child.kill()
            told = 7 * (number + 1) + child.stdout.read().count("\n")
        reading = Journal(tmp_path).read()
        texts = [one.text for one in reading.entries if one.actor == f"wren{number}"]
        assert texts == [str(n) for n in range(len(texts))]
        assert told <= len(texts) <= told + 1
        assert reading.damage == ()


def test_a_journal_on_a_full_disk_raises_and_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    first = journal.write("begun", actor="wren")
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:40]))
    with pytest.raises(OSError):
        journal.write("done", actor="wren")
    monkeypatch.undo()
    last = journal.write("done", actor="wren")
    reading = journal.read()
    assert [one.id for one in reading.entries if one.event != "torn"] == [first.id, last.id]
    assert reading.torn == (2,) and reading.damage == ()


# ---- the audit log ------------------------------------------------------------------------------------------

NASTY = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))),
    *"\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u00ad",
    *(
        "\x1b[2J",
        "\x1b]0;pwned\x07",
        "\x9b31m",
        "\r\n2026-01-01 done",
        "\ud800",
        "\U000e0041",
        "|",
        "été",
        "日本",
        "😀",
    ),
]


def test_a_thousand_hostile_names_make_a_thousand_lines(tmp_path: Path) -> None:
    rng = random.Random(7)
    audit = Audit(tmp_path)
    for number in range(1000):
        name = "".join(rng.choices(NASTY, k=rng.randrange(1, 12))) + f"{number}"
        about = {"kind": DOWNLOAD, "title": name}
        audit.add(
            Entry(
                *("0" * 12, 1e9 + number, name, "done", name, name, about),
                outputs=(Output(f"/m/{name}", False, True, 1, "a" * 64),),
                attribution={"author": name, "source": name, "licence": name, "page": name},
                check=name,
                error={"code": name, "message": name},
                undoes=name,
                text=name,
            )
        )
    data = audit.path.read_bytes()
    assert sum(file.read_bytes().count(b"\n") for file in tmp_path.iterdir()) == 1000
    for file in tmp_path.iterdir():
        text = file.read_text("utf-8")
        assert all(one.isprintable() or one == "\n" for one in text)
        assert len(text.split("\n")) == len(text.splitlines()) + 1
        assert b"\x1b" not in data and b"\x9b" not in data.replace("\u009b".encode(), b"")


def test_a_line_says_who_did_what(tmp_path: Path) -> None:
    said = line(
        Entry(
            *("0" * 12, 1.7e9, "wren", "done", "r1", "f" * 64, {"kind": DOWNLOAD, "title": "bramble.safetensors"}),
            outputs=(Output("/models/vae/bramble.safetensors", False, True, 6700000000, "0" * 64),),
            attribution={"author": "otter", "source": "Heron Face", "licence": "apache-2.0", "page": ""},
            check=VERIFIED,
        )
    )
    assert said == (
        "2023-11-14 22:13:20Z done | download bramble.safetensors | verified | by wren | run r1 | plan ffffffffffff | "
        f"now at /models/vae/bramble.safetensors, 6,700,000,000 bytes, sha256 {'0' * 64} | otter, Heron Face, apache-2.0\n"
    )


def test_the_audit_log_is_bounded_and_its_loss_costs_nothing(tmp_path: Path) -> None:
    audit = Audit(tmp_path, most=2000)
    for number in range(300):
        audit.add(Entry("0" * 12, 1e9, "wren", "done", text=f"number {number} " + "x" * 60))
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["audit.log", *(f"audit.log.{number}" for number in range(1, KEPT + 1))]
    assert all(file.stat().st_size < 2200 for file in tmp_path.iterdir())
    assert "number 299 " in audit.path.read_text("utf-8")
    odd = tmp_path / "odd"
    (odd / "audit.log").mkdir(parents=True)
    journal = Journal(odd)
    wrote = journal.write("done", actor="wren")
    assert [one.id for one in journal.read().entries] == [wrote.id]
