"""Model files: here to the letter, here in another way, in part, or missing; and never a guess."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.inventory.types import Folder, Inventory, ModelFile
from comfyfixersmart.core.readiness import check as check_module
from comfyfixersmart.core.readiness.check import Checker
from comfyfixersmart.core.readiness.index import build_index
from comfyfixersmart.core.readiness.models import Remembered
from comfyfixersmart.core.requirements.types import EMBEDDING, LORA_TAG, NodeRef, Requirements

from .places import Probe, check, file, need, one, place

SHA = "ab" * 32
KINDS: list[tuple[str, str, str]] = [
    # written, listed, kind of evidence
    ("thorn.pt", "sub/thorn.pt", "sub_folder"),
    ("sub/thorn.pt", "thorn.pt", "sub_folder"),
    ("sub\\thorn.pt", "sub/thorn.pt", "slash"),
    ("sub/thorn.pt", "sub\\thorn.pt", "slash"),
    ("Thorn.PT", "thorn.pt", "case"),
    ("SUB/thorn.pt", "sub/thorn.pt", "case"),
]


def brambles(*files: ModelFile, **more: Any) -> Inventory:
    return place(models={"brambles": list(files), "nettles": []}, **more)


def test_present_to_the_letter_is_nothing() -> None:
    assert check(brambles(file("sub/thorn.pt")), need("sub/thorn.pt", "brambles")).findings == ()


def test_present_in_any_folder_that_the_node_reads() -> None:
    assert check(brambles(file("thorn.pt")), need("thorn.pt", "nettles", "brambles")).findings == ()


def test_an_alias_is_the_folder() -> None:
    here = brambles(file("thorn.pt"), aliases={"thickets": "brambles"})
    assert check(here, need("thorn.pt", "thickets")).findings == ()


@pytest.mark.parametrize(("written", "listed", "kind"), KINDS)
def test_the_right_folder_under_another_spelling(written: str, listed: str, kind: str) -> None:
    found = one(brambles(file(listed)), need(written, "brambles"))
    assert (found.code, found.weight, found.size) == ("MODEL003", "blocked", 0)
    assert found.evidence[0].kind == kind
    assert found.fixes[0].target == listed


def test_of_several_spellings_the_nearest_is_named() -> None:
    here = brambles(file("zz/thorn.pt"), file("sub\\thorn.pt"), file("aa/thorn.pt"))
    assert one(here, need("sub/thorn.pt", "brambles")).fixes[0].target == "sub\\thorn.pt"


def test_the_wrong_folder() -> None:
    found = one(place(models={"brambles": [], "nettles": [file("thorn.pt")]}), need("thorn.pt", "brambles"))
    assert (found.code, found.fixes[0].kind, found.fixes[0].target) == ("MODEL002", "move", "brambles")
    assert found.evidence[0].path == "/models/thorn.pt"


def test_a_kind_of_file_that_the_folder_does_not_list() -> None:
    probe = Probe(unlisted={"thorn.gguf": "/models/brambles/thorn.gguf"})
    found = one(place(models={"brambles": []}), need("thorn.gguf", "brambles"), probe=probe)
    assert (found.code, found.message) == ("MODEL002", "Here, but ComfyUI lists no .gguf files in the folder brambles.")
    assert found.evidence[0].path == "/models/brambles/thorn.gguf"


def test_a_generic_name_in_another_folder_proves_nothing() -> None:
    here = place(models={"brambles": [], "nettles": [file("model.safetensors")]})
    found = one(here, need("model.safetensors", "brambles"))
    assert (found.code, found.evidence[0].kind) == ("MODEL001", "same_name")


def test_another_size_in_another_folder_is_another_file() -> None:
    here = place(models={"brambles": [], "nettles": [file("thorn.pt", 100)]})
    assert one(here, need("thorn.pt", "brambles", size=999)).code == "MODEL001"
    assert one(here, need("thorn.pt", "brambles", size=100)).code == "MODEL002"


# ---- the same content --------------------------------------------------------------------------------------


def test_the_same_hash_under_another_name() -> None:
    probe = Probe(hashes={"petal.pt": SHA})
    wanted = need("thorn.pt", "brambles", size=7, sha256=SHA)
    here = place(models={"brambles": [file("petal.pt", 7), file("leaf.pt", 8)], "nettles": [file("seed.pt", 9)]})
    found = one(here, wanted, probe=probe)
    assert (found.code, found.evidence[0].kind, found.fixes[0].target) == ("MODEL003", "same_hash", "petal.pt")
    assert probe.hashed == ["petal.pt"], "only a file of the expected size is hashed"


def test_the_same_hash_in_another_folder() -> None:
    probe = Probe(hashes={"petal.pt": SHA})
    here = place(models={"brambles": [], "nettles": [file("petal.pt", 7)]})
    assert one(here, need("thorn.pt", "brambles", size=7, sha256=SHA), probe=probe).code == "MODEL002"


@pytest.mark.parametrize(("size", "sha256"), [(None, SHA), (7, None), (None, None), (8, SHA)])
def test_nothing_is_hashed_without_an_expected_size_and_hash(size: int | None, sha256: str | None) -> None:
    probe = Probe(hashes={"petal.pt": SHA})
    found = one(brambles(file("petal.pt", 7)), need("thorn.pt", "brambles", size=size, sha256=sha256), probe=probe)
    assert found.code == "MODEL001"
    assert probe.hashed == []


def test_what_is_remembered_of_a_vanished_file_finds_it_under_a_new_name() -> None:
    probe = Probe(hashes={"petal.pt": SHA}, seen={"thorn.pt": Remembered(7, SHA)})
    found = one(brambles(file("petal.pt", 7)), need("thorn.pt", "brambles"), probe=probe)
    assert (found.code, found.fixes[0].target) == ("MODEL003", "petal.pt")


def test_one_thing_that_many_workflows_ask_for_is_hashed_once() -> None:
    probe = Probe(hashes={"petal.pt": "cd" * 32})
    wanted = need("thorn.pt", "brambles", size=7, sha256=SHA)
    check(brambles(file("petal.pt", 7)), wanted, wanted, wanted, probe=probe)
    assert probe.hashed == ["petal.pt"]


# ---- damaged and half here ---------------------------------------------------------------------------------


def test_a_file_that_is_not_whole() -> None:
    probe = Probe(damage={"thorn.pt": "ends at 1 of 2 GB"})
    found = one(brambles(file("thorn.pt")), need("thorn.pt", "brambles"), probe=probe)
    assert (found.code, found.weight) == ("MODEL004", "blocked")
    assert found.evidence[0].text == "Ends at 1 of 2 GB."


@pytest.mark.parametrize(
    "part", ["thorn.safetensors.part", "sub/thorn.safetensors.a1b2.incomplete", "THORN.safetensors.crdownload"]
)
def test_a_download_that_did_not_finish(part: str) -> None:
    here = brambles(partial=[file(part)])
    found = one(here, need("thorn.safetensors", "brambles", size=5))
    assert (found.code, found.size, found.evidence[0].kind) == ("MODEL004", 5, "part_file")


def test_missing() -> None:
    found = one(brambles(file("leaf.pt")), need("thorn.pt", "brambles", size=5, urls=("https://h",)))
    assert (found.code, found.weight, found.size, found.urls) == ("MODEL001", "blocked", 5, ("https://h",))
    assert found.folders == ("brambles",)


# ---- what cannot be told -----------------------------------------------------------------------------------


def test_no_list_of_models_at_all_is_unknown() -> None:
    nowhere = place(models_known=False)
    assert one(nowhere, need("thorn.pt", "brambles")).weight == "unknown"
    assert one(nowhere, need("thorn.pt")).weight == "unknown"


def test_a_folder_that_could_not_be_listed_is_unknown_and_others_are_not() -> None:
    here = brambles(file("leaf.pt"), unlisted=frozenset({"nettles"}))
    assert one(here, need("thorn.pt", "nettles")).weight == "unknown"
    assert one(here, need("thorn.pt", "brambles")).weight == "blocked"
    assert check(here, need("leaf.pt", "nettles", "brambles")).findings == ()


def test_here_but_nobody_knows_what_the_node_reads() -> None:
    found = one(brambles(file("sub/thorn.pt")), need("thorn.pt"))
    assert (found.code, found.weight, found.evidence[0].kind) == ("MODEL005", "info", "on_disk")


def test_nowhere_and_nobody_knows_what_the_node_reads() -> None:
    elsewhere = (NodeRef("3", "Mystery", "Loader", "file"),)
    assert one(brambles(), need("thorn.pt")).weight == "unknown", "an installed node may look elsewhere"
    assert one(brambles(), need("thorn.pt", nodes=elsewhere)).weight == "blocked"
    assert one(brambles(types_known=False), need("thorn.pt", nodes=elsewhere)).weight == "unknown"


# ---- optional, embeddings, LoRA tags -----------------------------------------------------------------------


def test_what_a_node_fetches_itself_never_blocks() -> None:
    found = one(brambles(), need("thorn.pt", "brambles", optional=True))
    assert (found.weight, found.code) == ("info", "MODEL001")
    assert "fetches it itself" in found.message


@pytest.mark.parametrize("listed", ["soft.pt", "soft.safetensors", "soft.bin"])
def test_an_embedding_is_named_by_its_stem(listed: str) -> None:
    here = place(models={"embeddings": [file(listed)]})
    assert check(here, need("soft", "embeddings", kind=EMBEDDING)).findings == ()
    assert check(here, need(listed, "embeddings", kind=EMBEDDING)).findings == ()


def test_an_embedding_that_is_missing_says_where_it_was_named() -> None:
    found = one(place(models={"embeddings": []}), need("soft", "embeddings", kind=EMBEDDING))
    assert (found.code, found.weight) == ("MODEL001", "blocked")
    assert "prompt" in found.message


def test_a_lora_tag_and_a_row_without_suffix() -> None:
    here = place(models={"loras": [file("sub/thorn.v2.safetensors")]})
    assert check(here, need("thorn.v2", "loras", kind=LORA_TAG, optional=True)).findings == ()
    assert check(here, need("thorn.v2", "loras", stem=True)).findings == ()


def test_a_directory_of_weights_is_one_model() -> None:
    here = brambles(
        file("thorn-int4/part1.safetensors"), folders={"brambles": Folder("brambles", (), frozenset({".safetensors"}))}
    )
    assert check(here, need("thorn-int4", "brambles")).findings == ()
    assert one(here, need("leaf-int4", "brambles")).code == "MODEL001"
    odd = brambles(file("x.safetensors/part1.safetensors"), folders=here.folders)
    assert one(odd, need("x.safetensors", "brambles")).code == "MODEL001", "ComfyUI does not list a directory"


@pytest.mark.parametrize(
    "name", ["", "/", "\\", "..", "../..", "C:\\x", "/abs/thorn.pt", "\ud800.pt", "a\0b.pt", "<i>.pt"]
)
def test_odd_names_never_end_a_check(name: str) -> None:
    for folders in ((), ("brambles",)):
        assert len(check(brambles(file("thorn.pt")), need(name, *folders)).findings) <= 1


def test_a_first_root_hides_the_same_name_in_a_second() -> None:
    probe = Probe(damage={"thorn.pt": "cut"})
    here = brambles(file("thorn.pt", 1, "/first"), file("thorn.pt", 2, "/second"))
    assert one(here, need("thorn.pt", "brambles"), probe=probe).evidence[0].path == "/first/thorn.pt"


def test_what_is_remembered_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_module, "MOST_KEPT", 3)
    checker = Checker(build_index(brambles()), Probe())
    for number in range(10):
        needs = (need(f"{number}.pt", "brambles"), need("same.pt", "brambles"))
        readiness = checker.check(Requirements("moor.json", "ui", needs))
        assert [finding.code for finding in readiness.findings] == ["MODEL001", "MODEL001"]
        assert len(checker._models) <= 3
