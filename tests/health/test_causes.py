"""Why a workflow does not run any more: only what evidence shows, each cause with its proof and its fix."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.catalogue.types import NodeType
from comfyfixersmart.core.comparison.types import PROMPT, Difference, Side
from comfyfixersmart.core.health.causes import Edited, because
from comfyfixersmart.core.health.stamp import Here, Stamp, commit
from comfyfixersmart.core.health.types import Cause
from comfyfixersmart.core.inventory.types import DISABLED, FAILED, LOADED, Folder, Inventory, ModelFile, Pack
from comfyfixersmart.core.readiness.index import build_index
from comfyfixersmart.core.readiness.types import (
    BLOCKED,
    INFO,
    NEEDS_INPUT,
    UNKNOWN,
    UNREADABLE,
    Evidence,
    Finding,
    Fix,
    Readiness,
)
from comfyfixersmart.core.requirements.types import NodeRef

from ..readiness.places import file, place

MOSS = "moss_xl.safetensors"
NODE = NodeRef("7", "ThistleBlend", "Blend", "mode")


def pack(version: str = "1.2.0", state: str = LOADED, reason: str = "") -> Pack:
    return Pack(
        "thistle-nodes", state, frozenset({"ThistleBlend"}), reason=reason, path="/packs/thistle", version=version
    )


def before(**more: Any) -> Inventory:
    """The place while the workflow ran."""
    given = {"models": {"checkpoints": [file(MOSS, 6_900_000_000)]}, "comfyui_version": "0.3.70", **more}
    return place(given.pop("pack", pack()), **given)


def stamp() -> Stamp:
    return Here(build_index(before())).stamp(("ThistleBlend", "HeronSink"), (MOSS,), 1_000.0, 5.0, "a" * 64)


def told(finding: Finding, now: Inventory, edited: Edited | None = None, status: str = BLOCKED) -> tuple[Cause, ...]:
    readiness = Readiness("moor.json", status, (finding,))
    return because(readiness, stamp(), Here(build_index(now)), edited, "/flows/moor.json")


def only(*given: Any, **more: Any) -> Cause:
    (found,) = told(*given, **more)
    return found


def missing(name: str = MOSS, code: str = "MODEL001", **more: Any) -> Finding:
    return Finding(code, BLOCKED, name, "Missing.", (NodeRef("3", "LoadBramble", "Loader", "file"),), **more)


def test_a_file_that_is_gone() -> None:
    found = only(missing(), before(models={}))
    assert (found.cause, found.fix_kind) == ("file_gone", "resolve")
    assert found.text == f"The file {MOSS} is gone."
    assert found.evidence == f"MODEL001: 6.9 GB, it lay at /models/{MOSS}"


def test_a_file_that_was_never_here_is_no_cause() -> None:
    found = only(missing("never_here.safetensors"), before())
    assert found.cause == "unknown"
    assert found.evidence == "MODEL001: never_here.safetensors"


def test_a_file_that_lies_elsewhere_now() -> None:
    finding = missing(
        code="MODEL002",
        evidence=(Evidence("wrong_folder", "It lies in loras.", f"/models/loras/{MOSS}"),),
        fixes=(Fix("move", "Move it to checkpoints.", "checkpoints"),),
    )
    found = only(finding, before(models={"loras": [file(MOSS)]}))
    assert (found.cause, found.fix, found.fix_kind) == ("file_gone", "Move it to checkpoints.", "move")
    assert f"/models/loras/{MOSS}" in found.text


def test_a_file_that_was_cut_short() -> None:
    found = only(missing(code="MODEL004"), before(models={"checkpoints": [file(MOSS, 1_200_000_000)]}))
    assert found.cause == "file_changed"
    assert "it had 6.9 GB and has 1.2 GB now" in found.text


def test_a_damaged_file_that_is_as_it_was_is_no_cause() -> None:
    assert only(missing(code="MODEL004"), before()).cause == "unknown"


def lost(code: str) -> Finding:
    return Finding(code, BLOCKED, "ThistleBlend", "Not installed.", (NodeRef("7", "ThistleBlend", "Blend"),))


@pytest.mark.parametrize(
    "code, now, cause, said",
    [
        ("NODE001", None, "pack_gone", "The pack thistle-nodes is gone"),
        ("NODE003", pack(state=DISABLED), "pack_gone", "was disabled"),
        ("NODE002", pack(state=FAILED, reason="ImportError: no reeds"), "pack_failed", "ImportError: no reeds"),
        ("NODE002", pack("2.0.0", FAILED, "boom"), "pack_failed", "updated from 1.2.0 to 2.0.0"),
        ("NODE001", replace(pack("2.0.0"), node_types=frozenset()), "pack_updated", "from 1.2.0 to 2.0.0"),
    ],
)
def test_packs(code: str, now: Pack | None, cause: str, said: str) -> None:
    inventory = before(pack=now) if now is not None else replace(before(), packs=before().packs[:1])
    found = only(lost(code), inventory)
    assert found.cause == cause
    assert said in found.text
    assert found.evidence.startswith(code) and found.fix


def test_a_pack_of_the_same_version_explains_nothing() -> None:
    assert only(lost("NODE001"), before(pack=replace(pack(), node_types=frozenset()))).cause == "unknown"


def value(kind: str) -> Finding:
    return Finding("VALUE001", BLOCKED, "soft light", "Not offered any more.", (NODE._replace(class_type=kind),))


def test_an_option_that_an_update_took_away() -> None:
    found = only(value("ThistleBlend"), before(pack=pack("1.3.0")))
    assert found.cause == "pack_updated"
    assert "ThistleBlend: Not offered any more." in found.text


def test_an_option_that_comfyui_took_away() -> None:
    found = only(value("HeronSink"), before(comfyui_version="0.3.75"))
    assert found.cause == "comfyui_updated"
    assert "from 0.3.70 to 0.3.75" in found.text


def edit(node: str = "7", input: str = "mode", kind: str = "changed", **more: Any) -> Edited:
    side = Side(node, "ThistleBlend", "Blend")
    return Edited((Difference(kind, side, side, input, "screen", "soft light", "mode: screen → soft light", **more),))


def test_an_edit_that_touched_the_very_input() -> None:
    found = only(value("ThistleBlend"), before(pack=pack("1.3.0")), edit())
    assert (found.cause, found.fix_kind) == ("workflow_edited", "compare")
    assert "mode: screen → soft light" in found.text


def test_an_edit_elsewhere_does_not_hide_an_update() -> None:
    assert only(value("ThistleBlend"), before(pack=pack("1.3.0")), edit("9")).cause == "pack_updated"
    assert only(value("ThistleBlend"), before(pack=pack("1.3.0")), edit(input="amount")).cause == "pack_updated"


def test_an_edit_is_told_where_nothing_else_is_known() -> None:
    found = only(value("ThistleBlend"), before(), edit("9"))
    assert found.cause == "workflow_edited"
    assert "What is wrong now: Not offered any more." in found.text


def test_a_file_that_cannot_be_read_any_more() -> None:
    finding = Finding("FILE001", UNREADABLE, "moor.json", "The JSON ends too early.")
    found = only(finding, before(), Edited(None), status=UNREADABLE)
    assert (found.cause, found.fix_kind) == ("workflow_edited", "restore")
    assert "/flows/moor.json" in found.evidence


def test_several_causes_stand_side_by_side_and_none_twice() -> None:
    other = replace(before(), models={}, packs=before().packs[:1])
    readiness = Readiness("moor.json", BLOCKED, (lost("NODE001"), missing(), missing(), missing("x.safetensors")))
    found = because(readiness, stamp(), Here(build_index(other)), None)
    assert [one.cause for one in found] == ["pack_gone", "file_gone"]


def test_notes_that_weigh_nothing_are_no_cause() -> None:
    readiness = Readiness("moor.json", BLOCKED, (missing()._replace(weight=INFO),))
    assert [one.cause for one in because(readiness, stamp(), Here(build_index(before())), None)] == ["unknown"]


def test_a_clone_is_told_by_its_commit(tmp_path: Path) -> None:
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit(str(tmp_path)) == ""
    (tmp_path / ".git" / "packed-refs").write_text(f"# pack-refs\n{'b' * 40} refs/heads/main\n")
    assert commit(str(tmp_path)) == "b" * 8
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("c" * 40 + "\n")
    assert commit(str(tmp_path)) == "c" * 8
    (tmp_path / ".git" / "HEAD").write_text("ref: ../../../etc/passwd\n")
    assert commit(str(tmp_path)) == ""
    assert commit("") == ""


# ---- no false cause ----------------------------------------------------------------------------------------


def test_what_is_not_known_and_what_waits_for_the_person_is_no_cause() -> None:
    unknown = missing()._replace(weight=UNKNOWN)
    own = Finding("INPUT001", NEEDS_INPUT, "reeds.png", "Your picture is not there.")
    readiness = Readiness("moor.json", BLOCKED, (unknown, own, lost("NODE001")))
    here = Here(build_index(replace(before(), packs=before().packs[:1])))
    assert [one.cause for one in because(readiness, stamp(), here, None)] == ["pack_gone"]
    (only_,) = because(readiness._replace(findings=(own, value("Other"))), stamp(), here, None)
    assert only_.cause == "unknown" and "Not offered any more" in only_.text


def test_a_file_of_which_only_a_download_is_left() -> None:
    found = only(missing(code="MODEL004"), before(models={}))
    assert found.cause == "file_gone" and "only a part of a download" in found.text


def test_a_folder_that_is_away_is_told_once_and_no_file_is_to_be_fetched(tmp_path: Path) -> None:
    drive, home = tmp_path / "drive", tmp_path / "home"
    home.mkdir()
    folders = {"checkpoints": Folder("checkpoints", (str(drive), str(home)), frozenset())}

    def installed(*names: str, at: Path = drive) -> Inventory:
        listed = [ModelFile(name, str(at / name), 7, 1) for name in names]
        return replace(before(), models={"checkpoints": listed}, folders=folders)

    names = ("moss.safetensors", "fern.safetensors")
    readiness = Readiness("moor.json", BLOCKED, tuple(missing(name) for name in names))

    def causes(at: Path) -> tuple[Cause, ...]:
        was = Here(build_index(installed(*names, at=at))).stamp((), names, 1.0)
        return because(readiness, was, Here(build_index(installed())), None)

    (away,) = causes(drive)
    assert (away.cause, away.fix_kind) == ("file_gone", "folder") and str(drive) in away.text
    assert [one.text for one in causes(home)] == [f"The file {name} is gone." for name in names], "the folder is there"


def test_a_type_whose_pack_nobody_knew_does_not_blame_comfyui() -> None:
    kinds = {"SedgeBlur": NodeType("SedgeBlur", (), False, pack=None, source="server")}
    was = Here(build_index(before(definitions=kinds))).stamp(("SedgeBlur",), (), 1.0)
    readiness = Readiness("moor.json", BLOCKED, (lost("NODE001")._replace(name="SedgeBlur"),))
    (found,) = because(readiness, was, Here(build_index(before(comfyui_version="0.4.0"))), None)
    assert found.cause == "unknown"
    assert Stamp.from_json(was.as_json()) == was


def test_an_update_names_what_it_took_and_the_way_back() -> None:
    found = only(lost("NODE001"), before(pack=replace(pack("2.0.0"), node_types=frozenset())))
    assert (
        found.text == "The pack thistle-nodes was updated from 1.2.0 to 2.0.0. It does not have ThistleBlend any more."
    )
    assert "go back to version 1.2.0" in found.fix


def test_an_edit_names_its_node_and_keeps_what_was_written_out_of_the_reports() -> None:
    assert "Blend (7), mode: screen → soft light" in only(value("ThistleBlend"), before(), edit()).text
    side = Side("7", "ThistleBlend", "Blend")
    prompt = Difference("changed", side, side, "mode", "a", "b", "mode: a secret heron", PROMPT)
    said = only(value("ThistleBlend"), before(), Edited((prompt,)))
    assert "secret" not in said.text and "the text" in said.text
