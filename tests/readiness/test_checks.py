"""Node types, input media, the status by precedence, and the distance."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.types import DISABLED, FAILED, LOADED, Pack
from comfyfixersmart.core.inventory.types import UNREADABLE as PACK_UNREADABLE
from comfyfixersmart.core.readiness.check import distance, unreadable
from comfyfixersmart.core.readiness.types import Distance, Finding
from comfyfixersmart.core.requirements.types import INPUT_MEDIA, NODE_TYPE, NodeRef, Requirement, Violation
from comfyfixersmart.core.workflow.types import PackHint, Problem

from .places import Probe, check, file, need, one, place

WREN = frozenset({"Wren"})


def typed(name: str = "Wren", cnr_id: str | None = None, aux_id: str | None = None, **more: Any) -> Requirement:
    hint = PackHint(cnr_id, aux_id, None) if cnr_id or aux_id else None
    return Requirement(NODE_TYPE, name, (NodeRef("3", name, name),), pack=hint, **more)


# ---- node types --------------------------------------------------------------------------------------------


def test_an_installed_type_is_nothing() -> None:
    assert check(place(Pack("wren-pack", LOADED, WREN)), typed()).findings == ()
    assert check(place(types=("Wren",)), typed()).findings == ()


@pytest.mark.parametrize(
    ("state", "code", "fix"), [(FAILED, "NODE002", "repair_pack"), (DISABLED, "NODE003", "enable_pack")]
)
def test_a_pack_that_is_here_but_gives_no_types(state: str, code: str, fix: str) -> None:
    for pack, asked in (
        (Pack("wren-pack", state, WREN, reason="No feather"), typed()),
        (Pack("Wren-Pack", state), typed(cnr_id="wren-pack")),
        (Pack("folder", state, ids=("owner/wren",)), typed(aux_id="Owner/Wren")),
        (Pack("wren.disabled", state), typed(aux_id="someone/wren")),
    ):
        found = one(place(pack), asked)
        assert (found.code, found.weight, found.fixes[0].kind, found.pack) == (code, "blocked", fix, pack.name)


def test_a_loaded_pack_of_the_same_type_wins_over_a_broken_one() -> None:
    assert check(place(Pack("a", FAILED, WREN), Pack("b", LOADED, WREN)), typed()).findings == ()


def test_a_type_that_nobody_has() -> None:
    plain = one(place(), typed())
    assert (plain.code, plain.weight, plain.pack) == ("NODE001", "blocked", None)
    hinted = one(place(), typed(cnr_id="wren-pack"))
    assert (hinted.pack, hinted.fixes[0].kind, hinted.fixes[0].target) == ("wren-pack", "install_pack", "wren-pack")
    assert one(place(), typed(aux_id="owner/wren")).pack == "owner/wren"


def test_an_installed_pack_that_does_not_bring_the_type_wants_an_update() -> None:
    found = one(place(Pack("wren-pack", LOADED, frozenset({"Teal"}), version="1.0")), typed(cnr_id="Wren-Pack"))
    assert (found.code, found.weight, found.fixes[0].kind) == ("NODE001", "blocked", "update")


def test_a_type_of_comfyui_itself_wants_a_newer_comfyui() -> None:
    found = one(place(comfyui_version="0.3.75"), typed(cnr_id="comfy-core"))
    assert (found.pack, found.fixes[0].text) == ("comfy-core", "Update ComfyUI.")
    assert "0.3.75" in found.message


@pytest.mark.parametrize("state", [LOADED, PACK_UNREADABLE])
def test_packs_that_could_not_be_read_whole_make_it_unknown(state: str) -> None:
    unclear = Pack("thicket", state, complete=False, reason="computed names")
    assert one(place(unclear), typed()).weight == "unknown"
    assert one(place(unclear), typed(cnr_id="thicket")).weight == "unknown"
    assert one(place(unclear), typed(cnr_id="another-pack")).weight == "blocked", "the workflow names another pack"


@pytest.mark.parametrize("state", [FAILED, DISABLED])
def test_packs_that_bring_nothing_now_leave_nothing_open(state: str) -> None:
    assert one(place(Pack("thicket", state, complete=False)), typed()).weight == "blocked"


def test_types_that_are_not_known_at_all() -> None:
    found = one(place(types_known=False), typed(cnr_id="wren-pack"))
    assert (found.code, found.weight, found.pack) == ("NODE001", "unknown", "wren-pack")


def test_type_names_are_compared_to_the_letter() -> None:
    here = place(Pack("wren-pack", LOADED, frozenset({"Wren "})))
    assert one(here, typed("Wren")).code == "NODE001"
    assert check(here, typed("Wren ")).findings == ()


# ---- input media -------------------------------------------------------------------------------------------


def media(name: str) -> Requirement:
    return need(name, kind=INPUT_MEDIA, media="image")


def test_media_in_the_input_folder() -> None:
    here = place(inputs=frozenset({"heron.png", "sub/teal.png"}))
    assert check(here, media("heron.png"), media("sub/teal.png"), media("sub\\teal.png")).findings == ()
    absent = one(here, media("wren.png"))
    assert (absent.code, absent.weight, absent.fixes[0].target) == ("INPUT001", "needs_input", "3")


def test_media_elsewhere_is_asked_of_the_probe() -> None:
    probe = Probe(media={"heron.png [output]": True, "/abs/teal.png": False})
    assert check(place(), media("heron.png [output]"), probe=probe).findings == ()
    assert one(place(), media("/abs/teal.png"), probe=probe).weight == "needs_input"


def test_an_input_folder_that_could_not_be_listed() -> None:
    assert one(place(inputs_known=False), media("heron.png")).weight == "unknown"


# ---- the whole verdict -------------------------------------------------------------------------------------


def test_inactive_needs_never_count_but_are_told() -> None:
    found = check(place(), typed(active=False), need("thorn.pt", "brambles", active=False))
    assert (found.status, found.findings, found.ignored, found.models) == ("runnable", (), 1, 0)


def test_the_status_is_the_first_that_holds() -> None:
    here = place(unlisted=frozenset({"nettles"}), models={"brambles": [file("leaf.pt")]})
    blocked, open_question = need("thorn.pt", "brambles"), need("thorn.pt", "nettles")
    asked, told, fine = media("heron.png"), need("leaf.pt"), need("leaf.pt", "brambles")
    assert check(here, fine).status == "runnable"
    assert check(here, fine, told).status == "runnable"
    assert check(here, told, asked).status == "needs_input"
    assert check(here, asked, open_question).status == "unknown"
    assert check(here, asked, open_question, blocked).status == "blocked"


def test_findings_stand_heaviest_first() -> None:
    here = place(unlisted=frozenset({"nettles"}), models={"brambles": [file("leaf.pt")]})
    found = check(here, need("leaf.pt"), media("a.png"), need("x.pt", "nettles"), need("y.pt", "brambles"), typed())
    assert [each.weight for each in found.findings] == ["blocked", "blocked", "unknown", "needs_input", "info"]
    assert found.findings[0].code == "NODE001"


def test_paid_nodes_inform() -> None:
    found = check(place(types=("Wren",)), typed(), api_types=("Wren",))
    assert (found.status, found.findings[0].code, found.findings[0].nodes[0].id) == ("runnable", "API001", "3")


@pytest.mark.parametrize("value", ["x" * 500, None, 5, "", ["a"], {"b": 1}, "<b>\x07", "\ud800"])
def test_violations_of_any_value(value: Any) -> None:
    ref = NodeRef("3", "Wren", "Wren", "size")
    found = check(place(), violations=(Violation("VALUE001", ref, value, "one of a, b"),))
    assert (found.status, found.findings[0].code) == ("blocked", "VALUE001")
    assert len(found.findings[0].name) <= 80


def test_an_unreadable_file() -> None:
    found = unreadable(Problem("bad.json", "truncated", "It ends early.", "Save it again."))
    assert (found.workflow, found.status, found.findings[0].code) == ("bad.json", "unreadable", "FILE001")
    assert found.findings[0].fixes[0].text == "Save it again."
    assert unreadable(Problem("bad.json", "x", "y")).findings[0].fixes == ()


def test_an_inventory_of_nowhere_makes_everything_unknown() -> None:
    nowhere = nothing("No place was given.")
    found = check(nowhere, typed(), need("thorn.pt", "brambles"), need("leaf.pt"), media("heron.png"))
    assert found.status == "unknown"
    assert {each.weight for each in found.findings} == {"unknown"}
    assert len(found.findings) == 4
    assert found.distance == Distance()


# ---- distance ----------------------------------------------------------------------------------------------


def finding(code: str, name: str, weight: str = "blocked", **more: Any) -> Finding:
    return Finding(code, weight, name, "", **more)


def test_distance_counts_each_thing_once() -> None:
    told = distance(
        [
            finding("MODEL001", "thorn.pt", folders=("brambles",), size=5),
            finding("MODEL001", "thorn.pt", folders=("brambles",), size=5),
            finding("MODEL004", "leaf.pt", folders=("brambles",)),
            finding("NODE001", "Wren", pack="wren-pack"),
            finding("NODE001", "Teal", pack="Wren-Pack"),
            finding("MODEL003", "petal.pt"),
            finding("MODEL002", "seed.pt"),
            finding("VALUE001", "huge"),
            finding("LINK001", "image"),
            finding("INPUT001", "a.png", "needs_input"),
            finding("INPUT001", "b.png", "needs_input"),
            finding("MODEL001", "x.pt", "unknown"),
            finding("MODEL005", "y.pt", "info"),
        ]
    )
    assert (told.files, told.bytes, told.unsized) == (2, 5, 1)
    assert (told.packs, told.local, told.other, told.inputs) == (1, 2, 2, 2)


def test_a_workflow_that_runs_has_nothing_left() -> None:
    assert check(place(models={"brambles": [file("leaf.pt")]}), need("leaf.pt", "brambles")).distance == Distance()
