"""The Comfy Registry as a source of packs, against a small one of our own (tests/replay/registry.py)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit, NoAnswer
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.registry import Registry, repo_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import load

REPO = "https://github.com/brushworks/Inkwell-Nodes"
ODD = ["SDXL Ink (BW)", "Ink/Blend", "墨のノード", "Ink?#%&=+;", "Ink..Node", "ink 🖋"]


@pytest.fixture
def desk(replay: Any) -> Any:
    one = load("registry").Desk()
    one.pack(
        "inkwell-nodes", repo=REPO, classes=["InkWash", "InkBlend", *ODD], older={"1.3.2": "Active"}, downloads=900
    )
    one.pack("inkwell-nodes-fork", repo=f"{REPO}-fork.git", classes=["InkWashPlus"], downloads=50)
    one.pack("silent-pack", repo="https://gitlab.com/lanternlab/silent", classes=None, licence="MIT", status="")
    one.serve(replay)
    return one


@pytest.fixture
def registry(replay: Any) -> Registry:
    return Registry(replay.address)


# ---- by id -----------------------------------------------------------------------------------------------------


def test_a_pack_is_told_with_all_that_the_registry_says(desk: Any, registry: Registry, asker: Asker) -> None:
    one = registry.by_id(asker, "inkwell-nodes")
    assert one is not None
    assert (one.id, one.registry_id, one.source, one.repo) == (
        *("registry:inkwell-nodes", "inkwell-nodes", "registry", REPO),
    )
    assert (one.title, one.author, one.version, one.status) == ("Inkwell Nodes", "Brush Works", "1.4.0", "Active")
    assert (one.licence, one.downloads, one.stars, one.confirmed) == ("see LICENSE", 900, 41, True)
    assert one.page.endswith("/nodes/inkwell-nodes") and one.has_class is None


@pytest.mark.parametrize("unknown", ["no-such-pack", "../nodes", "a b", "", "x" * 200, "pack?x=1", "-pack"])
def test_an_unknown_id_is_none(desk: Any, registry: Registry, asker: Asker, unknown: str) -> None:
    assert registry.by_id(asker, unknown) is None


def test_ids_are_compared_as_the_registry_does(desk: Any, registry: Registry, asker: Asker, replay: Any) -> None:
    for pack_id in ("Inkwell_Nodes", "other"):
        desk.pack(pack_id)
    replay.fault("/nodes/{id}", replay.Fault.drift(lambda body: {**body, "id": "inkwell-nodes"}))
    one = registry.by_id(asker, "Inkwell_Nodes")
    assert one is not None and one.registry_id == "inkwell-nodes"
    with pytest.raises(NoAnswer):
        registry.by_id(asker, "other")


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ('{"file": "LICENSE"}', "see LICENSE"),
        ('{"text": "Apache-2.0"}', "Apache-2.0"),
        ("GPL-3.0 license", "GPL-3.0 license"),
        ('{"file": ', ""),
        ('{"a": 1}', ""),
        ("", ""),
    ],
)
def test_a_licence_may_be_json(desk: Any, registry: Registry, asker: Asker, said: str, licence: str) -> None:
    desk.pack("odd-licence", licence=said)
    one = registry.by_id(asker, "odd-licence")
    assert one is not None and one.licence == licence


@pytest.mark.parametrize(
    ("pack", "version", "status"),
    [
        ("Active", "Flagged", "Flagged"),
        ("Banned", "Active", "Banned"),
        ("Deleted", "Active", "Deleted"),
        ("", "Pending", "Pending"),
        ("", "Active", "Active"),
        ("Active", "Banned", "Banned"),
        ("Sparkling", "Wonderful", ""),
    ],
)
def test_the_worst_status_is_told(
    desk: Any, registry: Registry, asker: Asker, pack: str, version: str, status: str
) -> None:
    desk.pack("some-pack", status=pack, version_status=version)
    one = registry.by_id(asker, "some-pack")
    assert one is not None and one.status == status
    assert ("found, " in asker.steps[-1].outcome) == (status not in ("", "Active"))


def test_a_refusal_of_the_registry_itself_is_a_ban(desk: Any, registry: Registry, asker: Asker, replay: Any) -> None:
    replay.fault("/nodes/inkwell-nodes", replay.Fault.status(403, body={"error": "", "message": "banned"}))
    one = registry.by_id(asker, "inkwell-nodes")
    assert one is not None and one.status == "Banned"


def test_a_refusal_by_somebody_in_front_of_it_is_no_ban(
    desk: Any, registry: Registry, asker: Asker, replay: Any
) -> None:
    replay.fault("/nodes/inkwell-nodes", replay.Fault.text("Forbidden", kind="text/plain", status=403))
    with pytest.raises(NoAnswer):
        registry.by_id(asker, "inkwell-nodes")


@pytest.mark.parametrize(
    ("version", "told", "status"),
    [
        ("1.3.2", "1.3.2", "Active"),
        ("1.2.0", "1.2.0", "Flagged"),
        ("1.4.0", "1.4.0", "Active"),
        ("9.9.9", "1.4.0", "Active"),  # not there: the newest is told
        ("nightly", "1.4.0", "Active"),
        ("5a1f0c9b", "1.4.0", "Active"),
        ("../1.0", "1.4.0", "Active"),
    ],
)
def test_a_version_is_looked_up(
    desk: Any, registry: Registry, asker: Asker, version: str, told: str, status: str
) -> None:
    desk.packs["inkwell-nodes"]["versions"]["1.2.0"] = "Flagged"
    one = registry.by_id(asker, "inkwell-nodes", version)
    assert one is not None and (one.version, one.status) == (told, status)


# ---- by repository ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("repo", ["brushworks/Inkwell-Nodes", "BrushWorks/inkwell-nodes"])
def test_a_pack_is_found_by_its_repository_only_where_it_is_the_same(
    desk: Any, registry: Registry, asker: Asker, repo: str
) -> None:
    one = registry.by_repo(asker, repo)
    assert one is not None and one.registry_id == "inkwell-nodes"


@pytest.mark.parametrize(
    "repo", ["brushworks/Inkwell", "works/Inkwell-Nodes", "lanternlab/silent", "x", "a/b/c", "../..", ""]
)
def test_a_repository_that_is_only_alike_is_none(desk: Any, registry: Registry, asker: Asker, repo: str) -> None:
    assert registry.by_repo(asker, repo) is None


def test_a_banned_pack_is_known_by_its_repository(desk: Any, registry: Registry, asker: Asker) -> None:
    desk.pack("bad-pack", repo="https://github.com/mallory/bad", status="Banned")
    one = registry.by_repo(asker, "mallory/bad")
    assert one is not None and one.status == "Banned"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://github.com/BrushWorks/Inkwell.git", "github.com/brushworks/inkwell"),
        ("git+https://www.github.com/brushworks/inkwell/tree/main", "github.com/brushworks/inkwell"),
        ("git@github.com:brushworks/inkwell.git", "github.com/brushworks/inkwell"),
        ("ssh://git@github.com/brushworks/inkwell", "github.com/brushworks/inkwell"),
        ("http://gitlab.com/brushworks/inkwell/", "gitlab.com/brushworks/inkwell"),
        ("https://github.com.evil.example/brushworks/inkwell", ""),
        ("https://github.com/brushworks", ""),
        ("javascript:alert(1)//github.com/a/b", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_addresses_of_repositories(address: str, key: str) -> None:
    assert repo_key(address) == key


def test_an_address_on_another_host_is_not_handed_on(desk: Any, registry: Registry, asker: Asker) -> None:
    desk.pack("odd-repo", repo="https://evil.example/brushworks/inkwell")
    one = registry.by_id(asker, "odd-repo")
    assert one is not None and one.repo == ""


# ---- by class --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["InkWash", *ODD])
def test_a_class_is_found_whatever_its_letters(
    desk: Any, registry: Registry, asker: Asker, replay: Any, name: str
) -> None:
    found = registry.by_class(asker, name)
    assert [(one.registry_id, one.has_class) for one in found] == [("inkwell-nodes", True)]
    assert not replay.unknown and replay.log[0].path == f"/comfy-nodes/{name}/node"


def test_an_unknown_class_is_nobodys(desk: Any, registry: Registry, asker: Asker) -> None:
    assert registry.by_class(asker, "NobodyHasThis") == []
    assert [step.outcome for step in asker.steps] == ["nothing", "nothing"]


def test_all_packs_that_bring_a_class_are_told_not_only_the_first(desk: Any, registry: Registry, asker: Asker) -> None:
    desk.pack("wash-basin", classes=["InkWash"], downloads=5)
    desk.pack("wash-rack", classes=["InkWashRack"], downloads=9_000)
    found = registry.by_class(asker, "InkWash")
    assert [one.registry_id for one in found] == ["inkwell-nodes", "wash-basin"]
    assert all(one.has_class and one.confirmed for one in found)


def test_packs_with_classes_of_like_names_are_looked_into_up_to_a_bound(
    desk: Any, registry: Registry, asker: Asker, replay: Any
) -> None:
    for number in range(20):
        desk.pack(f"ink-{number}", classes=[f"InkWash{number}"])
    assert len(registry.by_class(asker, "InkWash")) == 1
    assert len(replay.asked("/nodes/{id}/versions/{version}/comfy-nodes")) == 8
    assert asker.steps[-1].did.startswith("Left 13 packs unchecked")


@pytest.mark.parametrize("name", ["", "x" * 300, "a\nb", "a\0b", "..", "."])
def test_what_can_be_no_class_is_not_sent(desk: Any, registry: Registry, asker: Asker, replay: Any, name: str) -> None:
    assert registry.by_class(asker, name) == [] and replay.log == []


def test_whether_a_version_brings_a_class(desk: Any, registry: Registry, asker: Asker, replay: Any) -> None:
    desk.page = 3
    assert registry.has_class(asker, "inkwell-nodes", "1.4.0", "ink 🖋") is True
    assert registry.has_class(asker, "inkwell-nodes", "1.4.0", "inkwash") is False
    assert len(replay.log) == 3  # three pages, once
    assert registry.has_class(asker, "silent-pack", "1.4.0", "InkWash") is None
    assert registry.has_class(asker, "inkwell-nodes", "8.8.8", "InkWash") is None
    assert registry.has_class(asker, "inkwell-nodes", "nightly", "InkWash") is None
    assert registry.has_class(asker, "inkwell-nodes", "", "InkWash") is None


def test_a_banned_packs_classes_are_not_told(desk: Any, registry: Registry, asker: Asker) -> None:
    desk.pack("bad-pack", classes=["Mine"], status="Banned")
    assert registry.has_class(asker, "bad-pack", "1.4.0", "Mine") is None


def test_nothing_is_asked_twice(desk: Any, registry: Registry, asker: Asker, replay: Any) -> None:
    for _ in range(3):
        registry.by_id(asker, "inkwell-nodes", "1.3.2")
        registry.by_id(asker, "no-such-pack")
        registry.by_class(asker, "InkWash")
        registry.by_repo(asker, "brushworks/Inkwell-Nodes")
    asked = [one.raw for one in replay.log]
    assert len(asked) == len(set(asked)) == 7
    assert asker.steps[-1].age is not None


# ---- when it does not answer -----------------------------------------------------------------------------------

CALLS = {
    "id": lambda registry, asker: registry.by_id(asker, "inkwell-nodes", "1.3.2"),
    "repo": lambda registry, asker: registry.by_repo(asker, "brushworks/Inkwell-Nodes"),
    "class": lambda registry, asker: registry.by_class(asker, "InkWash"),
    "has": lambda registry, asker: registry.has_class(asker, "inkwell-nodes", "1.4.0", "InkWash"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (lambda fault: fault.html, "not_json"),
        (lambda fault: fault.challenge, "not_json"),
        (lambda fault: fault.status(500), "server_error"),
        (lambda fault: fault.status(429, retry_after="9000"), "rate_limited"),
        (lambda fault: fault.text("[1, 2]"), "unexpected_shape"),
        (lambda fault: fault.text('{"id": 3, "nodes": [{}], "comfy_nodes": 7}'), "unexpected_shape"),
        (lambda fault: fault.huge(20 << 20), "too_large"),
        (lambda fault: fault.deep(), "bad_json"),
        (lambda fault: fault.reset, "unreachable"),
    ],
)
def test_a_fault_is_never_taken_for_an_absent_pack(
    desk: Any, registry: Registry, asker: Asker, replay: Any, call: str, fault: Any, code: str
) -> None:
    replay.fault("*", fault(replay.Fault))
    with pytest.raises(NoAnswer) as raised:
        CALLS[call](registry, asker)
    assert raised.value.code == code and asker.steps[-1].silent


def test_a_moment_of_trouble_passes_unseen(desk: Any, registry: Registry, asker: Asker, replay: Any) -> None:
    replay.fault("*", replay.Fault.status(429, retry_after="3"), times=1)
    assert registry.by_class(asker, "InkWash")


def test_another_host_is_not_followed(desk: Any, registry: Registry, asker: Asker, replay: Any, other: Any) -> None:
    replay.fault("*", replay.Fault.redirect(f"{other.address}/nodes/inkwell-nodes"))
    with pytest.raises(NoAnswer):
        registry.by_id(asker, "inkwell-nodes")
    assert other.log == []


_KEYS = (
    *("id", "name", "author", "publisher", "repository", "latest_version", "version", "status", "license", "downloads"),
    *("nodes", "comfy_nodes", "comfy_node_name", "totalNumberOfPages", "github_stars", "message"),
)
_VALUES = ("inkwell-nodes", REPO, "1.4.0", "InkWash", "NodeVersionStatusActive", '{"file": 3}')
_PLAIN = st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False) | st.text(max_size=8)


def _inside(inner: Any) -> Any:
    value = inner | st.sampled_from(_VALUES)
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), value, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.recursive(_PLAIN, _inside, max_leaves=12), status=st.sampled_from([200, 200, 403, 404]))
def test_no_answer_of_any_shape_raises_anything_else(replay: Any, clock: Any, body: Any, status: int) -> None:
    replay.add("GET", "/{rest...}", replay.Reply(body, status))
    http = Http(trusted={replay.host}, limits={replay.host: Limit(500, 500)}, clock=clock)
    try:
        for call in CALLS.values():
            with suppress(NoAnswer):
                call(Registry(replay.address), Asker(http, Answers(None, now=clock.now)))
    finally:
        http.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), value=st.recursive(_PLAIN, _inside, max_leaves=12))
def test_no_drift_of_one_value_raises_anything_else(desk: Any, replay: Any, clock: Any, at: int, value: Any) -> None:
    replay.mend()
    replay.fault("*", replay.Fault.drift(lambda body: load("mutations").mutated(body, at, value)))
    http = Http(trusted={replay.host}, limits={replay.host: Limit(500, 500)}, clock=clock)
    try:
        for call in CALLS.values():
            with suppress(NoAnswer):
                call(Registry(replay.address), Asker(http, Answers(None, now=clock.now)))
    finally:
        http.close()
