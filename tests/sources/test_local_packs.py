"""Classes, repositories and ids in the Manager's lists."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.sources.local import PackMap, Places
from comfyfixersmart.core.sources.local import table as table_module
from comfyfixersmart.core.sources.local.packs import CORE
from comfyfixersmart.core.sources.local.repos import repo_address, repo_key, repo_name
from comfyfixersmart.core.sources.local.table import plain_pattern

LISTS = Path(__file__).resolve().parents[1] / "fixtures/local"
MAP, PACKS, STATS, NODES = (
    (str(LISTS / name),)
    for name in ("extension-node-map.json", "custom-node-list.json", "github-stats.json", "nodes.json")
)
OFFLINE = Places(node_maps=MAP, node_lists=PACKS, stats=STATS)
FETCHED = OFFLINE._replace(registry=NODES)


def ids(packs: PackMap, class_type: str) -> list[str]:
    return [one.id for one in packs.of_class(class_type)]


def test_a_class_names_its_pack_with_all_that_the_lists_say() -> None:
    (one,) = PackMap(OFFLINE).of_class("LapwingCall")
    assert (one.id, one.source, one.registry_id) == ("git:popular/comfyui-lapwing", "manager", "")
    assert (one.title, one.author, one.stars) == ("ComfyUI Lapwing", "Lap Wing", 4000)
    assert one.repo == one.page == "https://github.com/popular/ComfyUI-Lapwing"
    assert one.has_class is True
    assert one.confirmed is False
    assert one.asked == os.stat(MAP[0]).st_mtime


def test_every_pack_that_claims_a_class_is_named_the_preferred_one_first_then_by_stars() -> None:
    packs = PackMap(OFFLINE)
    assert ids(packs, "SedgeMask") == [
        "git:curated/comfyui-snipe",
        "git:popular/comfyui-lapwing",
        "git:moorland/comfyui-sedge",
    ]
    assert ids(packs, "SedgeBlend") == ["git:moorland/comfyui-sedge", "git:copycat/comfyui-sedge-too"]


def test_comfyuis_own_classes_are_told_by_its_repository() -> None:
    packs = PackMap(OFFLINE)
    assert set(ids(packs, "MoorSampler")) <= CORE
    assert set(ids(packs, "MoorLoader")) - CORE == {"git:moorland/comfyui-sedge"}


def test_only_exact_classes_count_and_patterns_are_a_hint_for_people() -> None:
    packs = PackMap(OFFLINE)
    for absent in ("sedgeblend", "SedgeBlend ", "Sedge", "Mixer (snipe)", "", "Nowhere"):
        assert packs.of_class(absent) == []
    assert packs.pattern_hint("Mixer (snipe)") == ["Snipe"]
    assert packs.pattern_hint("LapwingCall") == packs.pattern_hint("a" * 5000) == []
    assert ids(packs, "Name, with (brackets) / slash") == ["git:popular/comfyui-lapwing"]


def test_files_and_other_hosts_have_a_repository_too() -> None:
    packs = PackMap(OFFLINE)
    (one,) = packs.of_class("OneFileNode")
    assert (one.id, one.title, one.repo) == (
        "git:single/one-file-node",
        "One File Node",
        "https://github.com/single/one-file-node",
    )
    (other,) = packs.of_class("CurlewNode")
    assert (other.id, other.repo) == (
        "git:git.example.org/heath/curlew-nodes",
        "https://git.example.org/Heath/curlew-nodes",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Moorland/ComfyUI-Sedge",
        "moorland/comfyui-sedge",
        "https://github.com/Moorland/ComfyUI-Sedge/",
        "https://github.com/moorland/ComfyUI-Sedge.git",
        "git@github.com:Moorland/ComfyUI-Sedge.git",
        "https://github.com/Moorland/ComfyUI-Sedge/tree/main#readme",
    ],
)
def test_a_repository_goes_by_any_of_its_addresses(text: str) -> None:
    one = PackMap(OFFLINE).of_repo(text)
    assert one is not None
    assert (one.id, one.has_class) == ("git:moorland/comfyui-sedge", None)


def test_a_repository_that_moved_is_known_by_both_names() -> None:
    packs = PackMap(OFFLINE)
    old, new = packs.of_repo("moved/ComfyUI-Old-Name"), packs.of_repo("moved/ComfyUI-New-Name")
    assert old == new
    assert new is not None
    assert new.repo == "https://github.com/moved/ComfyUI-New-Name"


@pytest.mark.parametrize(
    "text",
    ["", "sedge", "a/b/c", "../..", "https://github.com/", "javascript:alert(1)", "x\0/y", "http://[::1", "a" * 900],
)
def test_what_is_no_repository_names_no_pack(text: str) -> None:
    assert PackMap(OFFLINE).of_repo(text) is None


def test_the_managers_nickname_is_not_taken_for_a_registry_id() -> None:
    """Its "lapwing" may be quite another pack in the registry."""
    packs = PackMap(OFFLINE)
    assert packs.of_id("lapwing") is None
    one = packs.of_id("ComfyUI_Sedge")  # nickname and repository have the same name
    assert one is not None
    assert (one.id, one.registry_id) == ("git:moorland/comfyui-sedge", "")


def test_ids_come_from_the_registrys_list_where_it_was_fetched() -> None:
    packs = PackMap(FETCHED)
    one = packs.of_id("SEDGE-suite")
    assert one is not None
    assert (one.id, one.registry_id, one.title, one.status) == (
        "registry:sedge-suite",
        "sedge-suite",
        "Sedge Nodes",
        "Active",
    )
    assert ids(packs, "SedgeBlend") == ["registry:sedge-suite", "git:copycat/comfyui-sedge-too"]
    assert packs.of_id("comfyui_sedge") is None
    fresh = packs.of_id("only-here")
    assert fresh is not None
    assert (fresh.repo, fresh.title, fresh.status) == ("https://github.com/only/here", "Only Here", "")
    alone = packs.of_id("no-repository")
    assert alone is not None
    assert (alone.id, alone.repo, alone.status) == ("registry:no-repository", "", "Flagged")
    assert packs.of_id("../../evil") is packs.of_id("") is None


def test_a_repository_that_two_registry_packs_claim_has_no_id() -> None:
    """One of them may only pretend."""
    packs = PackMap(FETCHED)
    (one,) = packs.of_class("LapwingCall")
    assert (one.id, one.registry_id, one.status) == ("git:popular/comfyui-lapwing", "", "")
    asked = packs.of_id("lapwing-pro")
    assert asked is not None
    assert (asked.id, asked.registry_id) == ("registry:lapwing-pro", "lapwing-pro")


def test_lists_are_read_once_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = table_module.read_small
    monkeypatch.setattr(table_module, "read_small", lambda path, most: read.append(path) or real(path, most))
    packs = PackMap(FETCHED)
    assert read == []
    packs.of_class("SedgeBlend")
    packs.of_repo("a/b")
    packs.of_id("c")
    packs.pattern_hint("d")
    assert sorted(read) == sorted([*MAP, *PACKS, *STATS, *NODES])
    assert len(packs) == 10


def test_without_any_list_nothing_is_known() -> None:
    packs = PackMap(
        Places(node_maps=("/nowhere",), node_lists=("/nowhere",), stats=("/nowhere",), registry=("/nowhere",))
    )
    assert packs.of_class("SedgeBlend") == packs.pattern_hint("x") == []
    assert packs.of_repo("a/b") is packs.of_id("a") is None
    assert len(packs) == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "5",
        "{}",
        "[" * 100_000,
        '{"custom_nodes": {}, "nodes": {}}',
        '{"a": [[["b"]]]}',
        '{"https://github.com/a/b": []}',
    ],
)
def test_a_broken_list_is_passed_over_for_the_next(tmp_path: Path, body: str) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(body)
    first = (str(broken), str(tmp_path))
    found = PackMap(Places((), (), first + MAP, first + PACKS, first + STATS, first + NODES))
    assert ids(found, "SedgeBlend") == ids(PackMap(FETCHED), "SedgeBlend")


@pytest.mark.parametrize(
    "odd", [None, 5, "text", [], {}, [[]], [None], [["Odd"], None], [{"a": 1}, []], [["Odd"], {"title_aux": []}]]
)
def test_wrong_types_cost_only_themselves(tmp_path: Path, odd: Any) -> None:
    good = {"https://github.com/good/pack": [["Good"], {"title_aux": "Good"}]}
    stats = {"https://github.com/good/pack": {"stars": 5}, "https://github.com/odd/pack": odd, "": odd}
    files = {
        "map": {"https://github.com/odd/pack": odd, **good},
        "list": {"custom_nodes": [odd, {"files": odd, "reference": odd, "title": odd, "id": odd}]},
        "stats": stats,
        "nodes": {
            "nodes": [odd, {"id": odd}, {"id": "odd", "repository": odd, "publisher": odd, "status": odd, "name": odd}]
        },
    }
    for name, body in files.items():
        (tmp_path / name).write_text(json.dumps(body))
    (one,) = PackMap(Places((), (), *((str(tmp_path / name),) for name in files))).of_class("Good")
    assert (one.title, one.stars) == ("Good", 5)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", ".*.*x", "a{9}{9}", "(?=a)", "[", "a" * 500, 7, None])
def test_patterns_that_might_take_for_ever_are_not_tried(pattern: Any) -> None:
    assert plain_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (r" \(rgthree\)$", "Seed (rgthree)"),
        ("^DF_", "DF_Text"),
        ("(Gallery|Web.*Scraper)", "Web Page Scraper"),
        ("_jru$", "x_jru"),
    ],
)
def test_plain_patterns_are(pattern: str, name: str) -> None:
    found = plain_pattern(pattern)
    assert found is not None
    assert found.search(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Moorland/ComfyUI-Sedge", "Moorland/ComfyUI-Sedge"),
        ("https://raw.githubusercontent.com/a/b/main/c.py", "a/b"),
        ("https://www.github.com/a/b.git", "a/b"),
        ("ssh://git@github.com/a/b.git", "a/b"),
        ("https://gitee.example.org/A/b.git", "gitee.example.org/A/b"),
        ("https://me:secret@github.com/a/b", ""),
        ("https://git.example.org/a/../b", ""),
        ("https://github.com/./..", ""),
        ("https://github.com/a", ""),
    ],
)
def test_a_repository_has_one_spelling(text: str, name: str) -> None:
    assert repo_name(text) == name
    assert repo_key(text) == name.lower()


def test_the_address_of_a_repository_is_built_anew() -> None:
    assert repo_address("a/b") == "https://github.com/a/b"
    assert repo_address("git.example.org/a/b") == "https://git.example.org/a/b"
