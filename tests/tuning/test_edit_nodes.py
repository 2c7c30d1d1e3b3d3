"""Nodes replaced in place, put into a link, bypassed; and the text of the file around them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from comfyfixersmart.core.tuning.edit.edited import NotEdited, edited
from comfyfixersmart.core.tuning.edit.text import rewritten, same
from comfyfixersmart.core.tuning.types import Edit
from comfyfixersmart.core.workflow.read import read_bytes
from hypothesis import given
from hypothesis import strategies as st

from .tune_graphs import Graph, change, picture, value_edit, view_of

TILED = Edit(
    "type", "8", "", "VAEDecode", "VAEDecodeTiled",
    (("tile_size", 512), ("overlap", 64), ("temporal_size", 64), ("temporal_overlap", 8)),
)  # fmt: skip
LORA = Edit(
    "insert",
    "1",
    "model",
    "UNETLoader",
    "LoraLoaderModelOnly",
    (("lora_name", "quick.safetensors"), ("strength_model", 1.0)),
)


def opened(data: bytes) -> Any:
    """The first workflow as a View."""
    return view_of(read_bytes(data, "x.json").workflows[0])


def test_type_in_place_keeps_the_links() -> None:
    new = edited(picture().data(), [change(TILED)], view_of)
    view = opened(new)
    node = view.by_id["8"]
    assert node.class_type == "VAEDecodeTiled" and dict(view.values(node)) == dict(TILED.values)
    assert (view.feed(node, "samples").node.id, view.feed(node, "vae").node.id) == ("7", "3")
    assert [user.id for user, _, _ in view.users(node)] == ["9"]
    assert json.loads(new)["nodes"][7]["properties"] == {"Node name for S&R": "VAEDecodeTiled"}


def test_type_in_place_in_api_format() -> None:
    graph = {
        "3": {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["7", 0], "vae": ["3", 0]}},
        "7": {"class_type": "KSampler", "inputs": {"steps": 30}},
    }
    new = json.loads(edited(json.dumps(graph).encode(), [change(TILED)], view_of))
    assert new["8"] == {
        "class_type": "VAEDecodeTiled",
        "inputs": {"samples": ["7", 0], "vae": ["3", 0], **dict(TILED.values)},
    }


def test_inserted_node_takes_over_all_links() -> None:
    graph = picture()
    other = graph.node("KSampler", [7, "fixed", 12, 6.5, "euler", "normal", 1.0], model=(1, 0))
    view = opened(edited(graph.data(), [change(LORA)], view_of))
    added = view.by_id[str(other + 1)]
    assert added.class_type == "LoraLoaderModelOnly" and view.feed(added, "model").node.id == "1"
    assert {user.id for user, _, _ in view.users(added)} == {"7", str(other)}
    assert [user.id for user, _, _ in view.users(view.by_id["1"])] == [added.id]


def test_inserted_node_in_api_format() -> None:
    graph = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "a.safetensors", "weight_dtype": "default"}},
        "7": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "steps": 30}},
    }
    new = json.loads(edited(json.dumps(graph).encode(), [change(LORA, value_edit(7, "steps", 30, 8))], view_of))
    assert new["8"] == {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0], **dict(LORA.values)}}
    assert new["7"]["inputs"] == {"model": ["8", 0], "steps": 8}


def test_bypassed_node_hands_its_picture_on() -> None:
    graph = picture()
    model = graph.node("UpscaleModelLoader", ["x4.pth"])
    big = graph.node("ImageUpscaleWithModel", [], upscale_model=(model, 0), image=(8, 0))
    graph.node("SaveImage", ["large"], images=(big, 0))
    view = opened(edited(graph.data(), [change(Edit("mode", str(big), "mode", 0, 4))], view_of))
    assert str(big) not in view.by_id
    assert view.feed(view.by_id[str(big + 1)], "images").node.id == "8"


def test_bypass_that_would_hand_on_something_else_is_refused() -> None:
    with pytest.raises(NotEdited):
        edited(picture().data(), [change(Edit("mode", "1", "mode", 0, 4))], view_of)


@pytest.mark.parametrize("edit", [TILED._replace(node="99"), LORA._replace(node="9"), Edit("odd", "8", "", 1, 2)])
def test_structural_changes_that_cannot_be_made_are_refused(edit: Edit) -> None:
    with pytest.raises(NotEdited):
        edited(picture().data(), [change(edit)], view_of)


def test_links_of_a_damaged_graph_are_not_guessed() -> None:
    graph = Graph()
    graph.node("UNETLoader", ["a.safetensors", "default"])
    value = graph.value()
    value["links"] = {"1": "odd"}
    with pytest.raises(NotEdited):
        edited(json.dumps(value).encode(), [change(LORA)], view_of)


# ---- the text -----------------------------------------------------------------------------------------------

_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_VALUE = st.recursive(
    _LEAF,
    lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(max_size=4), child, max_size=4),
    max_leaves=12,
)


@given(old=_VALUE, new=_VALUE, indent=st.sampled_from([None, 2, 4]), ascii_only=st.booleans())
def test_rewritten_text_holds_the_new_value(old: Any, new: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(old, indent=indent, ensure_ascii=ascii_only)
    assert same(json.loads(rewritten(text, new)), new)


@given(value=_VALUE, indent=st.sampled_from([None, 1, 3]), tail=st.sampled_from(["", "\n", " \r\n"]))
def test_rewriting_the_same_value_changes_nothing(value: Any, indent: int | None, tail: str) -> None:
    text = json.dumps(value, indent=indent) + tail
    assert rewritten(text, json.loads(text)) == text


def test_added_entries_follow_the_style_of_the_file() -> None:
    text = json.dumps({"nodes": [{"id": 1}], "links": []}, indent=2)
    new = {"nodes": [{"id": 1}, {"id": 2}], "links": [[1, 2]], "more": True}
    assert rewritten(text, new) == json.dumps(new, indent=2)
    assert rewritten('{"a":[1]}', {"a": [1, 2]}) == '{"a":[1,2]}'
