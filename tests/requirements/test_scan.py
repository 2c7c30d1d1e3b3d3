"""Every kind of evidence that a workflow needs a file, and everything that only looks like one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.requirements.types import EMBEDDING, INPUT_MEDIA, LORA_TAG, MODEL, NODE_TYPE

from ..workflow.graphs import api, graph, node, proxies, socket, subgraph, widget
from .scans import LOADER, PICTURE, SINK, TEXT, names, scan, the

STRUCTURED: dict[str, Any] = document("references")["structured"]
ROWS = sorted(kind for kind, shape in STRUCTURED.items() if shape["kind"] == "rows")
COUNTED = sorted(kind for kind, shape in STRUCTURED.items() if shape["kind"] == "counted")


# ---- node types --------------------------------------------------------------------------------------------


def test_types_active_inactive_and_virtual() -> None:
    found = scan(
        graph(
            node(1, "Wren", properties={"cnr_id": "wren-pack"}),
            node(2, "Teal", mode=4),
            node(3, "Knot", mode=2),
            node(4, "Wren", mode=2),
            node(5, "Note", "a.safetensors"),
            node(6, "Reroute", mode=2),
            node(7, "PrimitiveNode", "b.safetensors"),
        )
    )
    assert names(found, NODE_TYPE) == ["Wren"]
    assert sorted(names(found, NODE_TYPE, active=False)) == ["Knot", "Teal"]
    assert found.virtual_types == ("Note", "PrimitiveNode", "Reroute")
    assert found.nodes == 1
    assert found.of(MODEL) == ()
    assert the(found, NODE_TYPE).pack == ("wren-pack", None, None)


def test_one_type_stands_once_with_all_its_nodes() -> None:
    found = scan(graph(node(1, "Wren", title="First"), node("2", "Wren")))
    assert [(ref.id, ref.title) for ref in the(found, NODE_TYPE).nodes] == [("1", "First"), ("2", "Wren")]


def test_partner_types_are_named() -> None:
    found = scan(
        graph(node(1, "PaidHeron"), node(2, "PaidTeal", mode=2)),
        knowledge={"PaidHeron": {"api": True}, "PaidTeal": {"api": True}},
    )
    assert found.api_types == ("PaidHeron",)


# ---- evidence, best first ----------------------------------------------------------------------------------


def test_the_catalogue_s_folder() -> None:
    one = the(scan(graph(node(1, "LoadBramble", "thorn.safetensors", 0.5))))
    assert (one.name, one.folders, one.optional) == ("thorn.safetensors", ("brambles",), False)
    assert [(ref.id, ref.input) for ref in one.nodes] == [("1", "file")]


def test_the_catalogue_s_folder_of_a_name_without_suffix() -> None:
    assert the(scan(graph(node(1, "LoadBramble", "thorn-directory", 0.5)))).folders == ("brambles",)


def test_the_catalogue_s_folder_in_an_api_graph() -> None:
    one = the(scan(api(n1=("LoadBramble", {"file": "thorn.safetensors", "weight": 0.5}))))
    assert (one.name, one.folders) == ("thorn.safetensors", ("brambles",))


def test_knowledge_gives_the_folder_of_a_type_that_is_not_installed() -> None:
    known = {"FarBramble": {"widgets": ["weight", "file"], "folders": {"file": ["unet"]}}}
    one = the(scan(graph(node(1, "FarBramble", 0.5, "thorn.safetensors")), knowledge=known))
    assert one.name == "thorn.safetensors"
    assert one.folders in (("diffusion_models",), ("unet",))


def test_the_suffix_of_an_unknown_type_leaves_the_folder_open() -> None:
    found = scan(graph(node(1, "Mystery", "sub/thorn.gguf", 5, None, ["a"], "plain text")))
    assert [(one.name, one.folders) for one in found.of(MODEL)] == [("sub/thorn.gguf", ())]


@pytest.mark.parametrize("suffix", document("references")["suffixes"])
def test_every_suffix_counts_whatever_its_case(suffix: str) -> None:
    assert names(scan(graph(node(1, "Mystery", f"thorn{suffix}", f"leaf{suffix.upper()}")))) == [
        f"thorn{suffix}",
        f"leaf{suffix.upper()}",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "https://host/thorn.safetensors",
        "a\nb.safetensors",
        ".safetensors",
        "thorn.safetensors.txt",
        "picture.png",
        "font.ttf",
        "x" * 500 + ".safetensors",
        " ".join(["a long sentence about", *["words"] * 12, "thorn.safetensors"]),
        "",
        "   ",
    ],
)
def test_texts_that_are_no_file_names(value: str) -> None:
    assert names(scan(graph(node(1, "Mystery", value)))) == []


def test_the_input_name_tells_the_folder_in_an_api_graph_of_unknown_types() -> None:
    one = the(scan(api(n1=("Mystery", {"ckpt_name": "thorn.safetensors"}))))
    assert one.folders == ("checkpoints",)
    assert the(scan(api(n1=("Mystery", {"model_name": "thorn.safetensors"})))).folders == ()


def test_hints_give_url_hash_size_and_a_folder_where_none_is_known() -> None:
    models = [
        {"name": "thorn.safetensors", "url": "https://h/thorn", "directory": "unet", "hash": "AB" * 32, "size": 9}
    ]
    found = scan(graph(node(1, "Mystery", "sub\\thorn.safetensors", properties={"models": models})))
    one = the(found)
    assert (one.urls, one.sha256, one.size, one.directory) == (("https://h/thorn",), "ab" * 32, 9, "unet")
    assert one.folders == ("diffusion_models",)


def test_hints_never_prove_a_need_and_never_override_the_catalogue() -> None:
    models = [
        {"name": "thorn.safetensors", "url": "https://h", "directory": "loras"},
        {"name": "unused.safetensors", "url": "https://h", "directory": "loras"},
    ]
    one = the(scan(graph(node(1, "LoadBramble", "thorn.safetensors", 0.5, properties={"models": models}))))
    assert one.folders == ("brambles",)
    assert one.directory == "loras"


@pytest.mark.parametrize("models", [None, 5, "x", {}, [5], [{"name": 5}], [[]], [{"url": "x"}]])
def test_hints_of_a_wrong_type(models: Any) -> None:
    assert names(scan(graph(node(1, "Mystery", "thorn.safetensors", properties={"models": models})))) == [
        "thorn.safetensors"
    ]


def test_a_type_that_fetches_its_own_files_makes_them_optional() -> None:
    known = {"FetchTeal": {"downloads": True}}
    assert the(scan(graph(node(1, "FetchTeal", "teal.pth")), knowledge=known)).optional
    both = scan(graph(node(1, "FetchTeal", "teal.pth"), node(2, "Mystery", "teal.pth")), knowledge=known)
    assert not all(one.optional for one in both.of(MODEL))


# ---- what is no reference ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentinel", ["None", "none", "[None]", "Baked VAE", "(use same)", " none ", "%model%", "", "auto"]
)
def test_sentinels(sentinel: str) -> None:
    assert names(scan(graph(node(1, "LoadBramble", sentinel, 0.5)))) == []


def test_choices_offered_beside_the_files() -> None:
    assert names(scan(graph(node(1, "LoadBramble", "None of them", 0.5)))) == []


@pytest.mark.parametrize("kind", ["ShowText|pysssss", "easy showAnything", "PreviewAny", "Display Any (rgthree)"])
def test_display_caches(kind: str) -> None:
    assert names(scan(graph(node(1, kind, "thorn.safetensors", ["leaf.safetensors"])))) == []


def test_notes_and_primitives_by_themselves() -> None:
    found = scan(graph(node(1, "Note", "thorn.safetensors"), node(2, "PrimitiveNode", "leaf.safetensors")))
    assert found.of(MODEL) == ()


def test_a_value_that_a_link_overrides_is_stale() -> None:
    body = graph(
        node(1, "PickWren"),
        node(2, "LoadBramble", "stale.safetensors", 0.5, inputs=[widget("file", 7), widget("weight")]),
        links=((7, 1, 0, 2, 0, "COMBO"),),
    )
    assert names(scan(body)) == []


def test_a_primitive_s_value_counts_through_its_link_in_the_folder_of_the_reader() -> None:
    body = graph(
        node(1, "PrimitiveNode", "fresh.safetensors"),
        node(2, "LoadBramble", "stale.safetensors", 0.5, inputs=[widget("file", 7), widget("weight")]),
        links=((7, 1, 0, 2, 0, "COMBO"),),
    )
    one = the(scan(body))
    assert (one.name, one.folders) == ("fresh.safetensors", ("brambles",))


def test_the_option_of_a_combo_is_no_file() -> None:
    combo = NodeType("PickTeal", (Input("size", "COMBO", options=("small.pt", "large.pt")),), output=False)
    found = scan(graph(node(1, "PickTeal", "small.pt"), node(2, "PickTeal", "other.pt")), combo)
    assert names(found) == ["other.pt"]


def test_previews_inside_a_widget_dict() -> None:
    values = {"video": "a.mp4", "videopreview": {"params": {"filename": "thorn.pt"}}, "format": "x.pt"}
    assert names(scan(graph(node(1, "Mystery", widgets_values=values)))) == ["x.pt"]


# ---- activity ----------------------------------------------------------------------------------------------


def test_inactive_models_are_kept_apart_and_active_wins() -> None:
    found = scan(
        graph(
            node(1, "LoadBramble", "thorn.safetensors", 0.5),
            node(2, "LoadBramble", "thorn.safetensors", 0.5, mode=4),
            node(3, "LoadBramble", "leaf.safetensors", 0.5, mode=2),
        )
    )
    assert names(found) == ["thorn.safetensors"]
    assert names(found, active=False) == ["leaf.safetensors"]


def test_inside_a_bypassed_instance() -> None:
    inner = subgraph("s", node(3, "LoadBramble", "thorn.safetensors", 0.5))
    found = scan(graph(node(9, "s", mode=4), subgraphs=[inner]))
    assert names(found) == []
    assert names(found, active=False) == ["thorn.safetensors"]


# ---- subgraphs and group nodes -----------------------------------------------------------------------------


def test_host_values_replace_the_inner_ones_per_instance() -> None:
    inner = node(3, "LoadBramble", "inner.safetensors", 0.5, inputs=[widget("file", 21), widget("weight")])
    definition = subgraph("s", inner, links=((21, -10, 0, 3, 0, "COMBO"),), inputs=("file",))
    found = scan(
        graph(node(8, "s", "one.safetensors"), node(9, "s", "two.safetensors"), node(7, "s"), subgraphs=[definition])
    )
    assert {(one.name, one.nodes[0].id) for one in found.of(MODEL)} == {
        ("one.safetensors", "8:3"),
        ("two.safetensors", "9:3"),
        ("inner.safetensors", "7:3"),
    }
    assert {one.folders for one in found.of(MODEL)} == {("brambles",)}


def test_proxy_widgets_replace_the_inner_ones() -> None:
    inner = node(3, "LoadBramble", "inner.safetensors", 0.5, inputs=[widget("file"), widget("weight")])
    host = node(9, "s", "outer.safetensors", properties=proxies(("3", "file")))
    assert names(scan(graph(host, subgraphs=[subgraph("s", inner)]))) == ["outer.safetensors"]


def test_the_host_s_copy_is_no_reference_of_its_own() -> None:
    inner = node(3, "LoadBramble", "inner.safetensors", 0.5, inputs=[widget("file", 21), widget("weight")])
    definition = subgraph("s", inner, links=((21, -10, 0, 3, 0, "COMBO"),), inputs=("file",))
    found = scan(graph(node(8, "s", "inner.safetensors"), subgraphs=[definition]))
    assert [(one.name, [ref.id for ref in one.nodes]) for one in found.of(MODEL)] == [("inner.safetensors", ["8:3"])]


def test_a_group_node_that_disagrees_with_its_inside_reports_both() -> None:
    groups = {"Nest": {"nodes": [{"type": "LoadBramble", "widgets_values": ["inner.safetensors", 0.5]}], "links": []}}
    body = graph(node(5, "workflow/Nest", "outer.safetensors", 0.5), extra={"groupNodes": groups})
    assert sorted(names(scan(body))) == ["inner.safetensors", "outer.safetensors"]


# ---- structured nodes --------------------------------------------------------------------------------------


def row(shape: dict[str, Any], name: str, on: bool) -> dict[str, Any]:
    return {shape["name"]: name, shape["on"]: on, "strength": 1}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_that_are_switched_off_do_not_count(kind: str) -> None:
    shape = STRUCTURED[kind]
    used, unused = ("thorn", "leaf") if shape.get("stem") else ("thorn.safetensors", "leaf.safetensors")
    rows = [row(shape, used, True), row(shape, unused, False)]
    for values in ([{}, {"type": "header"}, *rows, ""], ["text", rows], [rows]):
        found = scan(graph(node(1, kind, *values)))
        assert [(one.name, one.folders, one.stem) for one in found.of(MODEL)] == [
            (used, (shape["folder"],), bool(shape.get("stem")))
        ]


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("name", ["None", "", None, 5, ["x"]])
def test_rows_without_a_usable_name(kind: str, name: Any) -> None:
    assert names(scan(graph(node(1, kind, row(STRUCTURED[kind], name, True))))) == []


@pytest.mark.parametrize("kind", COUNTED)
def test_counted_widgets_beyond_the_count_or_switched_off_do_not_count(kind: str) -> None:
    shape = STRUCTURED[kind]
    values: dict[str, Any] = {shape["name"].format(n): f"thorn{n}.safetensors" for n in (1, 2, 3)}
    if "count" in shape:
        values[shape["count"]] = 2
    else:
        off = shape["off"][0]
        values.update({shape["switch"].format(n): "On" for n in (1, 2)} | {shape["switch"].format(3): off})
    found = scan(graph(node(1, kind, widgets_values=values)))
    assert [(one.name, one.folders) for one in found.of(MODEL)] == [
        ("thorn1.safetensors", (shape["folder"],)),
        ("thorn2.safetensors", (shape["folder"],)),
    ]


@pytest.mark.parametrize("kind", COUNTED)
def test_a_counted_node_in_an_api_graph_with_linked_names(kind: str) -> None:
    name = STRUCTURED[kind]["name"]
    body = {"1": {"class_type": kind, "inputs": {name.format(1): ["2", 0], name.format(2): "None"}}}
    assert names(scan(body)) == []


def test_a_vhs_like_dict_names_media_where_the_catalogue_says_so() -> None:
    video = NodeType("LoadFilm", (Input("video", "COMBO", media="video"), Input("rate", "FLOAT")), output=False)
    values = {"video": "film.mp4", "rate": 0, "videopreview": {"hidden": False, "params": {"filename": "film.mp4"}}}
    assert names(scan(graph(node(1, "LoadFilm", widgets_values=values)), video), INPUT_MEDIA) == ["film.mp4"]


# ---- prompts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a heron, embedding:soft", ["soft"]),
        ("(embedding:soft:1.2), water", ["soft"]),
        ("embedding:one embedding:two.pt,embedding:sub/three", ["one", "two.pt", "sub/three"]),
        ("embedding:odd\\(v2\\), x", ["odd(v2)"]),
        ("embedding:tail.", ["tail"]),
        ("embedding: apart", []),
        ("no such thing", []),
    ],
)
def test_embeddings(text: str, found: list[str]) -> None:
    needs = scan(graph(node(1, "WriteWren", text)))
    assert names(needs, EMBEDDING) == found
    assert {one.folders for one in needs.of(EMBEDDING)} <= {("embeddings",)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<lora:thorn:0.8>", ["thorn"]),
        ("<lora:thorn>", ["thorn"]),
        ("<lyco:leaf:1:0.5> and <lora:sub\\thorn.safetensors:1>", ["leaf", "sub\\thorn.safetensors"]),
        ("<lora::1> <lor:x> < lora:x >", []),
    ],
)
def test_lora_tags(text: str, found: list[str]) -> None:
    needs = scan(graph(node(1, "WriteWren", text)))
    assert names(needs, LORA_TAG) == found
    assert all(one.optional and one.folders == ("loras",) for one in needs.of(LORA_TAG))


def test_a_tag_where_the_node_reads_tags_is_needed() -> None:
    kind = document("references")["lora_tag_readers"][0]
    assert not the(scan(graph(node(1, kind, "<lora:thorn:1>"))), LORA_TAG).optional


def test_a_prompt_that_comes_through_a_primitive_and_one_that_is_replaced() -> None:
    body = graph(
        node(1, "PrimitiveNode", "embedding:fresh"),
        node(2, "WriteWren", "embedding:stale", inputs=[widget("text", 7)]),
        links=((7, 1, 0, 2, 0, "STRING"),),
    )
    assert names(scan(body), EMBEDDING) == ["fresh"]


# ---- media and odd names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["heron.png", "sub/heron.png", "clipspace/heron.png [input]", "C:\\art\\heron.png"])
def test_input_media(value: str) -> None:
    one = the(scan(graph(node(1, "LoadHeron", value))), INPUT_MEDIA)
    assert (one.name, one.media) == (value, "image")


@pytest.mark.parametrize("value", ["https://host/heron.png", "none", "a\nb"])
def test_what_is_no_input_media(value: Any) -> None:
    assert names(scan(graph(node(1, "LoadHeron", value))), INPUT_MEDIA) == []


@pytest.mark.parametrize("value", ["", None, 5])
def test_no_picture_is_chosen(value: Any) -> None:
    assert names(scan(graph(node(1, "LoadHeron", value))), INPUT_MEDIA) == [""]


@pytest.mark.parametrize(
    "value",
    [
        "sub\\thorn.safetensors",
        "..\\..\\thorn.safetensors",
        "/abs/thorn.safetensors",
        "C:\\models\\thorn.safetensors",
        "thörn 鷺.safetensors",
        "a\u202eb.safetensors",
        "lone\ud800.safetensors",
        "ctrl\x07.safetensors",
        "<b>thorn</b>.safetensors",
    ],
)
def test_names_stay_as_written(value: str) -> None:
    assert names(scan(graph(node(1, "LoadBramble", value, 0.5)))) == [value]


def test_a_civitai_urn_is_a_model_of_unknown_folder() -> None:
    one = the(scan(api(n1=("Mystery", {"lora": "urn:air:sdxl:lora:civitai:12@34"}))))
    assert (one.name, one.folders) == ("urn:air:sdxl:lora:civitai:12@34", ())


def test_a_url_as_the_value_of_a_loader_is_no_file() -> None:
    assert names(scan(graph(node(1, "LoadBramble", "https://h/thorn.safetensors", 0.5)))) == []


# ---- which value belongs to which input --------------------------------------------------------------------


SEEDED = NodeType(
    "SeededTeal",
    (
        Input("seed", "INT", control=True),
        Input("file", "COMBO", folders=("teals",)),
        Input("note", "STRING"),
    ),
    output=False,
)


@pytest.mark.parametrize(
    "values",
    [
        [5, "randomize", "teal.pt", "note.pt"],
        [5, "teal.pt", "note.pt"],
        [5, "fixed", "teal.pt", "note.pt", "button"],
    ],
    ids=["with control", "without control", "with a button's value"],
)
def test_control_after_generate(values: list[Any]) -> None:
    found = scan(graph(node(1, "SeededTeal", *values)), SEEDED)
    assert ("teal.pt", ("teals",)) in [(one.name, one.folders) for one in found.of(MODEL)]
    assert ("note.pt", ("teals",)) not in [(one.name, one.folders) for one in found.of(MODEL)]


def test_an_older_node_with_fewer_values() -> None:
    found = scan(graph(node(1, "SeededTeal", 5, "fixed", "teal.pt")), SEEDED)
    assert [(one.name, one.folders) for one in found.of(MODEL)] == [("teal.pt", ("teals",))]


def test_widget_names_in_the_file_win_over_a_definition_that_does_not_fit() -> None:
    inputs = [widget("file"), widget("gone"), widget("more"), widget("other")]
    found = scan(graph(node(1, "SeededTeal", "teal.pt", 1, 2, 3, inputs=inputs)), SEEDED)
    assert [(one.name, one.folders) for one in found.of(MODEL)] == [("teal.pt", ("teals",))]


def test_values_that_fit_nothing_are_still_read_by_their_suffix() -> None:
    found = scan(graph(node(1, "SeededTeal", *[1] * 9, "teal.pt")), SEEDED)
    assert [(one.name, one.folders) for one in found.of(MODEL)] == [("teal.pt", ())]


# ---- the whole ---------------------------------------------------------------------------------------------


def test_one_file_in_two_folders_is_two_needs_and_in_two_nodes_is_one() -> None:
    other = NodeType("OtherBramble", (Input("file", "COMBO", folders=("nettles",)),), output=False)
    body = graph(
        node(1, "LoadBramble", "thorn.pt", 0.5),
        node(2, "LoadBramble", "thorn.pt", 0.7),
        node(3, "OtherBramble", "thorn.pt"),
    )
    found = scan(body, LOADER, SINK, PICTURE, TEXT, other)
    assert {(one.folders, len(one.nodes)) for one in found.of(MODEL)} == {(("brambles",), 2), (("nettles",), 1)}


def test_a_scan_holds_nothing_of_the_one_before() -> None:
    body = graph(node(1, "LoadBramble", "thorn.pt", 0.5), node(9, "HeronSink", "x", inputs=[socket("images")]))
    assert scan(body) == scan(body)
    assert json.dumps(scan(body).items)
