"""One catalogue from an installation's own definitions and from what is known of node types in general."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.catalogue.build import build, from_knowledge
from comfyfixersmart.core.catalogue.types import Input, NodeCatalogue, NodeType
from comfyfixersmart.core.knowledge import document

KNOWN = {
    "LoadBramble": {"widgets": ["file", "weight"], "folders": {"file": ["brambles"]}, "extras": {"file": ["None"]}},
    "LoadHeron": {"widgets": ["picture"], "media": {"picture": "image"}, "output": True, "pack": "heron-pack"},
    "FetchTeal": {"downloads": True},
    "PaidKnot": {"api": True},
}


def catalogue(*installed: NodeType, aliases: dict[str, str] | None = None) -> NodeCatalogue:
    types = {one.class_type: one for one in installed}
    return build(types, {"nodes": KNOWN}, {"types": ["Note"]}, aliases=aliases or {}, digest="d1")


def given(found: NodeCatalogue, kind: str, name: str) -> Input:
    known = found.get(kind)
    assert known is not None
    one = known.input(name)
    assert one is not None
    return one


def test_knowledge_alone() -> None:
    found = catalogue()
    assert found.installed == frozenset()
    assert found.virtual == {"Note"}
    assert found.digest == "d1"
    assert given(found, "LoadBramble", "file").folders == ("brambles",)
    assert given(found, "LoadBramble", "file").extras == ("None",)
    assert given(found, "LoadHeron", "picture").media == "image"
    assert found.types["LoadHeron"].output is True
    assert found.types["LoadBramble"].output is None
    assert found.types["FetchTeal"].downloads and found.types["PaidKnot"].api
    assert found.types["FetchTeal"].inputs is None
    assert found.get("Nobody") is None


def test_a_control_value_belongs_to_the_input_before_it() -> None:
    one = from_knowledge("Seeded", {"widgets": ["seed", "control_after_generate", "steps"]})
    assert one.inputs is not None
    assert [(each.name, each.control) for each in one.inputs] == [("seed", True), ("steps", False)]


def test_an_installed_definition_stands_and_knowledge_fills_what_it_leaves_open() -> None:
    own = NodeType(
        "LoadBramble", (Input("file", "COMBO"), Input("extra", "INT", minimum=1)), output=False, source="server"
    )
    found = catalogue(own)
    assert found.installed == {"LoadBramble"}
    assert given(found, "LoadBramble", "file").folders == ("brambles",)
    assert given(found, "LoadBramble", "extra").minimum == 1
    assert found.types["LoadBramble"].output is False
    assert found.types["LoadBramble"].input("weight") is None, "an input the installed version does not have"


def test_an_installed_folder_is_never_replaced_by_another() -> None:
    own = NodeType("LoadBramble", (Input("file", "COMBO", folders=("nettles",)),))
    assert given(catalogue(own), "LoadBramble", "file").folders == ("nettles",)


def test_a_tie_between_folders_is_settled_by_knowledge_only_within_the_tie() -> None:
    tie = NodeType("LoadBramble", (Input("file", "COMBO", folders=("nettles", "brambles")),))
    assert given(catalogue(tie), "LoadBramble", "file").folders == ("brambles",)
    other = NodeType("LoadBramble", (Input("file", "COMBO", folders=("nettles", "thistles")),))
    assert given(catalogue(other), "LoadBramble", "file").folders == ("nettles", "thistles")


def test_a_list_without_files_is_that_of_an_empty_folder_and_its_words_are_choices() -> None:
    own = NodeType("LoadBramble", (Input("file", "COMBO", options=("a", "b")),))
    one = given(catalogue(own), "LoadBramble", "file")
    assert (one.folders, one.options) == (("brambles",), None)
    assert set(one.extras) == {"None", "a", "b"}


def test_a_list_of_files_that_is_no_folder_stays_a_list() -> None:
    own = NodeType("LoadBramble", (Input("file", "COMBO", options=("a.pt", "b.pt")),))
    one = given(catalogue(own), "LoadBramble", "file")
    assert (one.folders, one.options) == (None, ("a.pt", "b.pt"))


@pytest.mark.parametrize(
    ("version", "checked"),
    [
        ("0.3.75", False),
        ("v0.7.9", False),
        ("0.7.0+abc", False),
        ("0.8.0", True),
        ("0.10.1", True),
        ("1.0", True),
        ("", True),
        ("unknown", True),
        ("0.x.1", True),
    ],
)
def test_choices_of_v3_nodes_only_count_where_comfyui_checks_them(version: str, checked: bool) -> None:
    own = NodeType("PickKnot", (Input("n", "COMBO", options=("a",), v3=True), Input("m", "COMBO", options=("b",))))
    found = build({"PickKnot": own}, {"nodes": {}}, {"types": []}, version=version)
    assert (given(found, "PickKnot", "n").options is not None) is checked
    assert given(found, "PickKnot", "m").options == ("b",)


def test_an_input_without_widget_never_reads_a_folder() -> None:
    own = NodeType("LoadBramble", (Input("file", "STRING", widget=False),))
    assert given(catalogue(own), "LoadBramble", "file").folders is None


def test_a_type_whose_inputs_could_not_be_read_takes_the_known_ones() -> None:
    found = catalogue(NodeType("LoadBramble", None, source="source"))
    assert given(found, "LoadBramble", "file").folders == ("brambles",)
    assert "LoadBramble" in found.installed


def test_flags_are_never_lost() -> None:
    found = catalogue(NodeType("FetchTeal", ()), NodeType("PaidKnot", (), api=False))
    assert found.types["FetchTeal"].downloads
    assert found.types["PaidKnot"].api


def test_aliases_of_folders_are_resolved_without_doubles() -> None:
    own = NodeType("LoadKnot", (Input("file", folders=("unet", "diffusion_models", "clip")), Input("n", "INT")))
    found = catalogue(own, aliases={"unet": "diffusion_models", "clip": "text_encoders"})
    assert given(found, "LoadKnot", "file").folders == ("diffusion_models", "text_encoders")
    assert found.folder_aliases["unet"] == "diffusion_models"


def test_the_shipped_documents_build_a_catalogue() -> None:
    found = build({}, document("nodes"), document("virtual_types"), aliases=document("folders")["aliases"])
    assert len(found.types) > 1000
    assert given(found, "CheckpointLoaderSimple", "ckpt_name").folders == ("checkpoints",)
    assert found.virtual.isdisjoint(found.types), "a type is either virtual or on the server"
