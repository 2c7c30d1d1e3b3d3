"""New versions of workflows: a name of their own, whole or not there, and never over another file."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.relink import next_version
from comfyfixersmart.core.actions.types import (
    RELINK,
    WRITE_VERSION,
    Action,
    ActionFailed,
    Done,
    Edit,
    Output,
    Quiet,
    Stopped,
)
from comfyfixersmart.core.actions.versions import version_of, write_version

from .places import Place, bramble, killed_at, needs_fork

BODY = b'{ "name":"old" , "size": 1.50 }\n'
NEW = b'{ "name":"new" , "size": 1.50 }\n'


@pytest.mark.parametrize(
    ("name", "beside", "wanted"),
    [
        ("x.json", [], "x.v2.json"),
        ("x.v2.json", ["x.json"], "x.v3.json"),
        ("x.json", ["x.v2.json", "x.v7.json"], "x.v8.json"),
        ("x.v2.json", ["x.json", "x.v3.json"], "x.v4.json"),
        ("x.json", ["X.V4.JSON"], "x.v5.json"),
        ("X.JSON", ["x.v2.json"], "X.v3.json"),
        ("x.json", ["xx.v9.json", "x.v9.json.bak", "x.v9.png", "x.v10", "y.v5.json"], "x.v2.json"),
        ("x.v1.json", [], "x.v2.json"),
        ("x.v1.2.json", [], "x.v1.2.v2.json"),
        ("x.v.json", [], "x.v.v2.json"),
        ("x.v1234567.json", [], "x.v1234567.v2.json"),
        ("v2.json", [], "v2.v2.json"),
        (".v2.json", [], ".v2.v2.json"),
        ("ä 日本.json", ["Ä 日本.v2.json"], "ä 日本.v3.json"),
        ("a\nb.json", ["a\nb.v2.json"], "a\nb.v3.json"),
    ],
)
def test_the_next_number_is_above_all_others(tmp_path: Path, name: str, beside: list[str], wanted: str) -> None:
    for one in (name, *beside):
        (tmp_path / one).write_bytes(b"{}")
    assert next_version(str(tmp_path / name)) == str(tmp_path / wanted)
    (tmp_path / wanted).mkdir()  # whatever lies there
    assert version_of(Path(next_version(str(tmp_path / name))).name)[1] == version_of(wanted)[1] + 1


def action(place: Place, kind: str = RELINK, **more: Any) -> Action:
    origin = bramble(place.workflows, "heron.json", BODY)
    status = origin.stat()
    return Action(
        *("a1b2c3d4e5", kind, "heron.v2.json", str(origin.with_name("heron.v2.json")), str(origin.parent)),
        origin=str(origin),
        origin_size=status.st_size,
        origin_mtime_ns=status.st_mtime_ns,
        edits=(Edit("/name", "old", "new"),) if kind == RELINK else (),
        content=NEW.decode() if kind == WRITE_VERSION else "",
        **more,
    )


def refused(one: Action, code: str) -> ActionFailed:
    with pytest.raises(ActionFailed) as caught:
        write_version(one, Quiet())
    assert caught.value.code == code
    assert not os.path.exists(one.destination) or code == "destination_taken"
    return caught.value


@pytest.mark.parametrize("kind", [RELINK, WRITE_VERSION])
@pytest.mark.parametrize("promised", [True, False])
def test_a_version_is_written_beside_the_original(place: Place, kind: str, promised: bool) -> None:
    digest = hashlib.sha256(NEW).hexdigest()
    one = action(place, kind, sha256=digest if promised else None)
    done = write_version(one, Quiet())
    assert done == Done((Output(one.destination, False, True, len(NEW), digest),), text="Written beside the original")
    written = {"user/default/workflows/heron.json": BODY, "user/default/workflows/heron.v2.json": NEW}
    assert place.files() == written
    assert write_version(one, Quiet()) == done, "run again, it finds its own work"
    if promised:
        os.utime(one.origin)
        assert write_version(one, Quiet()) == done, "also when the original was saved again meanwhile"
    assert place.files() == written


def test_a_workflow_that_changed_is_left_alone(place: Place) -> None:
    one = action(place)
    Path(one.origin).write_bytes(BODY + b" ")
    refused(one, "changed_since")
    os.unlink(one.origin)
    refused(one, "changed_since")
    refused(replace(action(place), edits=(Edit("/name", "older", "new"),)), "changed_since")
    refused(replace(action(place), sha256="0" * 64), "changed_since")


def test_nothing_is_overwritten(place: Place) -> None:
    one = action(place)
    Path(one.destination).write_bytes(b"mine")
    refused(one, "destination_taken")
    assert Path(one.destination).read_bytes() == b"mine"
    os.unlink(one.destination)
    os.mkdir(one.destination)
    refused(one, "destination_taken")


def test_a_name_that_is_taken_at_the_last_moment_is_not_overwritten(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = action(place)
    exists = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: path != one.destination and exists(path))
    Path(one.destination).write_bytes(b"mine")
    refused(one, "destination_taken")
    assert set(os.listdir(one.root)) == {"heron.json", "heron.v2.json"}, "and no temporary file is left"


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, '{"a": "\x01"}', "{} {}"])
def test_what_is_no_json_is_not_written(place: Place, text: str) -> None:
    refused(replace(action(place, WRITE_VERSION), content=text), "not_valid")


def test_a_version_lies_in_the_folder_that_was_approved(place: Place) -> None:
    one = action(place)
    for outside in ("/x.json", str(place.base / "heron.v2.json"), one.root + "/../heron.v2.json"):
        refused(replace(one, destination=outside), "outside")


def test_a_full_disk_pauses_and_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    one = action(place)
    monkeypatch.setattr(os, "fsync", full)
    assert refused(one, "disk_full").pauses
    assert os.listdir(one.root) == ["heron.json"]


def test_a_name_that_is_too_long_is_said(place: Place) -> None:
    one = action(place)
    refused(replace(one, destination=os.path.join(one.root, "x" * 250 + ".v2.json")), "os_error")


def test_stopped_before_it_is_written(place: Place) -> None:
    class Stopping(Quiet):
        def check(self) -> None:
            raise Stopped(cancelled=False)

    one = action(place)
    with pytest.raises(Stopped):
        write_version(one, Stopping())
    assert not os.path.exists(one.destination)


def test_a_workflow_of_any_encoding(place: Place) -> None:
    one = action(place)
    data = "\ufeff".encode("utf-16-le") + json.dumps({"name": "old", "é": "日"}, ensure_ascii=False).encode("utf-16-le")
    status = bramble(place.workflows, "heron.json", data).stat()
    write_version(replace(one, origin_size=status.st_size), Quiet())
    assert Path(one.destination).read_bytes() == data.replace("old".encode("utf-16-le"), "new".encode("utf-16-le"))


@needs_fork
def test_killed_between_any_two_steps_it_ends_alike(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kills = 0
    for step in range(40):
        shutil.rmtree(place.base)
        place = Place(place.base)
        one = action(place)
        died = killed_at(step, monkeypatch, partial(write_version, one, Quiet()))
        kills += died
        found = place.files().get("user/default/workflows/heron.v2.json", NEW)
        assert found == NEW, "it is whole or not there"
        write_version(one, Quiet())
        seen = {name: data for name, data in place.files().items() if not name.endswith(".tmp")}
        assert seen == {"user/default/workflows/heron.json": BODY, "user/default/workflows/heron.v2.json": NEW}
        if not died:
            break
    assert kills >= 3
