"""Finding ComfyUI-Manager: its kinds, what it says of itself, and why there is none."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.packs import find_manager, look_for
from comfyfixersmart.core.actions.packs.manager import security_level
from comfyfixersmart.core.actions.types import MANAGER_V3, MANAGER_V4
from comfyfixersmart.core.http import Http, NoAnswer

from .conftest import KINDS


def test_each_kind_is_known_and_nothing_but_questions_are_put(office: Any, http: Http, replay: Any) -> None:
    office.version = "V3.41" if office.kind == "v3" else "V4.3"
    found = find_manager(http, replay.address + "/")
    assert found is not None
    assert (found.through, found.old_screens) == (KINDS[office.kind], office.kind == "v4-old")
    assert (found.version, found.called) == (office.version[1:], f"ComfyUI-Manager {office.version[1:]}")
    assert (found.level, found.permits) == ("", True)
    assert {one.method for one in replay.log} == {"GET"}
    assert found.url("manager/queue/status") == (
        f"{replay.address}/manager/queue/status" if office.kind == "v3" else f"{replay.address}/v2/manager/queue/status"
    )


def test_the_fourth_generation_comes_before_the_third(http: Http, replay: Any, new: Any) -> None:
    replay.add("GET", "/manager/queue/status", {"total_count": 0, "is_processing": False})
    found = find_manager(http, replay.address)
    assert found is not None and found.through == MANAGER_V4


def test_without_one_the_reason_is_told(http: Http, replay: Any) -> None:
    found = look_for(http, replay.address)
    assert found.manager is None
    assert found.reason == f"No ComfyUI-Manager answers in the ComfyUI at {replay.address}."
    assert find_manager(http, replay.address) is None


def test_another_program_on_these_routes_is_none(http: Http, replay: Any) -> None:
    for body in ([], {"total_count": "3", "is_processing": False}, {"queue": []}):
        replay.add("GET", "/v2/manager/queue/status", body)
        replay.add("GET", "/manager/queue/status", body)
        assert look_for(http, replay.address).manager is None


def test_a_server_that_is_down_is_asked_once() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        client = Http(trusted={host}, patience=0.0)
        found = look_for(client, f"http://{host}")
        client.close()
    assert found.manager is None
    assert found.reason == f"ComfyUI at http://{host} did not answer: the connection was refused."


def test_a_host_that_the_client_does_not_trust_is_not_spoken_to(replay: Any) -> None:
    client = Http()
    found = look_for(client, replay.address)
    client.close()
    assert found.manager is None and not replay.log


def test_a_person_who_cancels_is_heard(replay: Any, new: Any) -> None:
    client = Http(trusted={replay.host}, cancel=lambda: True)
    with pytest.raises(NoAnswer) as error:
        look_for(client, replay.address)
    client.close()
    assert error.value.code == "cancelled"


@pytest.mark.parametrize("path", ["/v2/manager/version", "/v2/manager/is_legacy_manager_ui"])
def test_what_it_cannot_say_of_itself_does_not_matter(http: Http, replay: Any, new: Any, path: str) -> None:
    replay.fault(path, replay.Fault.status(404))
    found = find_manager(http, replay.address)
    assert found is not None and found.through == MANAGER_V4 and not found.old_screens


# ---- its security level ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level", "permits"),
    [
        ("[default]\nsecurity_level = strong\n", "strong", False),
        ("[default]\nsecurity_level = Normal-\nnetwork_mode = public\n", "normal-", True),
        ("[default]\nnetwork_mode = public\n", "normal", True),
        ("[default]\nsecurity_level = paranoid\n", "paranoid", False),
        ("[default]\nsecurity_level =\n", "unreadable", False),
        ("[default]\nsecurity_level = %(x)s\n", "unreadable", False),
        ("[other]\nsecurity_level = strong\n", "", True),
        ("no ini at all", "", True),
    ],
)
def test_its_own_settings_tell_the_level(
    http: Http, replay: Any, new: Any, tmp_path: Path, text: str, level: str, permits: bool
) -> None:
    folder = tmp_path / "user" / "__manager"
    folder.mkdir(parents=True)
    (folder / "config.ini").write_text(text)
    found = find_manager(http, replay.address, user=str(tmp_path / "user"))
    assert found is not None
    assert (found.level, found.permits) == (level, permits)


def test_the_place_of_older_ones_is_looked_at_too(tmp_path: Path) -> None:
    assert security_level(str(tmp_path)) == ""
    folder = tmp_path / "default" / "ComfyUI-Manager"
    folder.mkdir(parents=True)
    (folder / "config.ini").write_text("[default]\nsecurity_level = weak\n")
    assert security_level(str(tmp_path)) == "weak"


def test_the_third_generation_is_named_as_such(replay: Any, http: Http) -> None:
    from ..sources.conftest import load

    load("manager").Office("v3", version="V3.41").serve(replay)
    found = find_manager(http, replay.address)
    assert found is not None and found.through == MANAGER_V3 and repr(http) not in repr(found)
