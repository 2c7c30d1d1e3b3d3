"""Values changed where they stand: in the node, at a host, in a primitive; and nothing else in the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from comfyfixersmart.core.tuning.edit.edited import NotEdited, edited
from comfyfixersmart.core.tuning.types import NeedsFile
from comfyfixersmart.core.workflow.read import read_bytes

from .tune_graphs import Graph, change, picture, value_edit, view_of


def read_value(data: bytes, node: str, name: str) -> Any:
    """What the node of the first workflow gets."""
    view = view_of(read_bytes(data, "x.json").workflows[0])
    given = view.value(view.by_id[node], name)
    return given.value if given else None


def test_own_widget_changes_and_every_other_letter_stays() -> None:
    data = picture().data(indent=2)
    new = edited(data, [change(value_edit(7, "steps", 30, 20))], view_of)
    assert read_value(new, "7", "steps") == 20
    before, after = data.decode().splitlines(), new.decode().splitlines()
    assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [("        30,", "        20,")]


def test_value_equal_to_another_one_of_the_same_node_is_told_apart() -> None:
    new = edited(picture(side=512).data(), [change(value_edit(6, "height", 512, 448))], view_of)
    assert (read_value(new, "6", "width"), read_value(new, "6", "height")) == (512, 448)


def test_value_in_a_primitive_changes_there() -> None:
    graph = picture()
    primitive = graph.node("PrimitiveNode", [30, "fixed"])
    graph.raw(7)["inputs"].append({"name": "steps", "type": "INT", "widget": {"name": "steps"}, "link": None})
    graph.link((primitive, 0), 7, "steps")
    new = edited(graph.data(), [change(value_edit(7, "steps", 30, 20))], view_of)
    assert read_value(new, "7", "steps") == 20
    assert json.loads(new)["nodes"][-1]["widgets_values"][0] == 20
    assert json.loads(new)["nodes"][6]["widgets_values"][2] == 30  # the widget that the link hides


def test_value_in_a_node_that_holds_it_changes_for_all_who_read_it() -> None:
    graph = picture()
    held = graph.node("PrimitiveInt", [1024])
    for name in ("width", "height"):
        graph.raw(6)["inputs"].append({"name": name, "type": "INT", "widget": {"name": name}, "link": None})
        graph.link((held, 0), 6, name)
    new = edited(graph.data(), [change(value_edit(held, "value", 1024, 896))], view_of)
    assert (read_value(new, "6", "width"), read_value(new, "6", "height")) == (896, 896)


def test_two_inputs_that_hang_on_one_value_cannot_become_two_values() -> None:
    graph = picture()
    held = graph.node("PrimitiveInt", [1024])
    for name in ("width", "height"):
        graph.raw(6)["inputs"].append({"name": name, "type": "INT", "widget": {"name": name}, "link": None})
        graph.link((held, 0), 6, name)
    both = change(value_edit(6, "width", 1024, 896), value_edit(6, "height", 1024, 512))
    with pytest.raises(NotEdited):
        edited(graph.data(), [both], view_of)


def hosted(*values: Any, instances: int = 1) -> dict[str, Any]:
    """A latent inside a subgraph, its width and height promoted, once for each of `instances`."""
    inside = {
        "id": 5, "type": "EmptyLatentImage", "pos": [0, 0], "mode": 0, "outputs": [], "widgets_values": [1024, 1024, 4],
        "inputs": [
            {"name": "width", "type": "INT", "widget": {"name": "width"}, "link": 1},
            {"name": "height", "type": "INT", "widget": {"name": "height"}, "link": 2},
        ],
    }  # fmt: skip
    links = [
        {"id": i + 1, "origin_id": -10, "origin_slot": i, "target_id": 5, "target_slot": i, "type": "INT"}
        for i in range(2)
    ]
    definition = {"id": "aaaa", "name": "Size", "nodes": [inside], "links": links, "outputs": [],
                  "inputs": [{"name": "width", "type": "INT"}, {"name": "height", "type": "INT"}]}  # fmt: skip
    hosts = [
        {"id": 10 + i, "type": "aaaa", "pos": [0, 0], "mode": 0, "outputs": [], "widgets_values": list(values),
         "properties": {"proxyWidgets": [["-1", "width"], ["-1", "height"]]},
         "inputs": [{"name": name, "type": "INT", "widget": {"name": name}, "link": None} for name in ("width", "height")]}
        for i in range(instances)
    ]  # fmt: skip
    return {"nodes": hosts, "links": [], "last_node_id": 99, "definitions": {"subgraphs": [definition]}}


def test_value_at_a_host_changes_there_and_inside_for_pages_that_know_no_host_values() -> None:
    new = edited(json.dumps(hosted(1024, 768)).encode(), [change(value_edit("10:5", "width", 1024, 896))], view_of)
    assert read_value(new, "10:5", "width") == 896
    assert json.loads(new)["nodes"][0]["widgets_values"] == [896, 768]
    assert json.loads(new)["definitions"]["subgraphs"][0]["nodes"][0]["widgets_values"] == [896, 1024, 4]


def test_a_host_keeps_its_spelling_and_the_order_of_its_keys() -> None:
    text = json.dumps(hosted(1024, 768)).replace('"mode": 0', '"mode":  0, "shown": 1e-05').encode()
    new = edited(text, [change(value_edit("10:5", "width", 1024, 896))], view_of)
    assert new == text.replace(b'"widgets_values": [1024, 7', b'"widgets_values": [896, 7').replace(
        b'"widgets_values": [1024, 1', b'"widgets_values": [896, 1'
    )
    assert edited(new, [change(value_edit("10:5", "width", 896, 1024))], view_of) == text


def test_host_of_one_of_two_instances_changes_alone() -> None:
    data = json.dumps(hosted(640, 480, instances=2)).encode()
    new = edited(data, [change(value_edit("11:5", "height", 480, 384))], view_of)
    assert (read_value(new, "10:5", "height"), read_value(new, "11:5", "height")) == (480, 384)


def test_inside_that_two_instances_share_changes_only_when_both_are_meant() -> None:
    data = json.dumps(hosted(640, 480, instances=2)).encode()
    with pytest.raises(NotEdited, match="several times"):
        edited(data, [change(value_edit("10:5", "batch_size", 4, 1))], view_of)
    both = change(value_edit("10:5", "batch_size", 4, 1), value_edit("11:5", "batch_size", 4, 1))
    new = edited(data, [both], view_of)
    assert (read_value(new, "10:5", "batch_size"), read_value(new, "11:5", "batch_size")) == (1, 1)


def test_api_format() -> None:
    graph = {
        "1": {"class_type": "EmptyLatentImage", "inputs": {"width": 1024, "height": ["2", 0], "batch_size": 2}},
        "2": {"class_type": "PrimitiveInt", "inputs": {"value": 1024}},
    }
    edits = change(value_edit(1, "width", 1024, 896), value_edit(2, "value", 1024, 640))
    new = json.loads(edited(json.dumps(graph).encode(), [edits], view_of))
    assert new["1"]["inputs"] == {"width": 896, "height": ["2", 0], "batch_size": 2}
    assert new["2"]["inputs"] == {"value": 640}


def test_wrapped_graph_and_its_api_copy_change_together() -> None:
    prompt = {"7": {"class_type": "KSampler", "inputs": {"steps": 30, "cfg": 6.5}}}
    data = json.dumps({"a/b": {"workflow": picture().value(), "prompt": prompt}, "note": "kept"}).encode()
    new = json.loads(edited(data, [change(value_edit(7, "steps", 30, 20))], view_of))
    assert new["a/b"]["workflow"]["nodes"][6]["widgets_values"][2] == 20
    assert new["a/b"]["prompt"]["7"]["inputs"]["steps"] == 20 and new["note"] == "kept"


def test_graph_in_a_json_string() -> None:
    data = json.dumps({"workflow": json.dumps(picture().value())}).encode()
    new = json.loads(edited(data, [change(value_edit(7, "steps", 30, 20))], view_of))
    assert json.loads(new["workflow"])["nodes"][6]["widgets_values"][2] == 20


def test_second_workflow_of_a_file() -> None:
    data = json.dumps([picture().value(), picture(steps=40).value()]).encode()
    new = json.loads(edited(data, [change(value_edit(7, "steps", 40, 20))], view_of, workflow="x.json#2"))
    assert [one["nodes"][6]["widgets_values"][2] for one in new] == [30, 20]


def test_what_a_strict_writer_would_lose_survives() -> None:
    text = picture().data().decode()
    odd = '"odd": [NaN, 1e400, 123456789012345678901234567890, 1.50, "\\ud800", "\\u00e9", "é", -0.0]'
    data = b"\xef\xbb\xbf" + (text[:-1] + f", {odd}" + "}").encode()
    new = edited(data, [change(value_edit(7, "steps", 30, 20))], view_of)
    assert new.startswith(b"\xef\xbb\xbf") and odd.encode() in new and len(new) == len(data)


def test_links_to_files_follow_a_changed_name() -> None:
    graph = picture()
    graph.raw(1)["properties"]["models"] = [
        {"name": "lake_fp16.safetensors", "url": "https://example.org/old", "directory": "diffusion_models"},
        {"name": "other.safetensors", "url": "https://example.org/other", "directory": "vae"},
    ]
    edit = value_edit(1, "unet_name", "lake_fp16.safetensors", "lake_fp8.safetensors")
    needs = NeedsFile("lake_fp8.safetensors", "diffusion_models", False, None, "https://example.org/new")
    kept = graph.raw(1)["properties"]["models"][1]
    new = json.loads(edited(graph.data(), [change(edit, needs=needs)], view_of))["nodes"][0]["properties"]["models"]
    assert new == [{"name": needs.name, "url": needs.url, "directory": needs.folder}, kept]
    new = json.loads(edited(graph.data(), [change(edit)], view_of))["nodes"][0]["properties"]["models"]
    assert new == [kept]  # an address of the old file would fetch the old file


@pytest.mark.parametrize(
    "edit",
    [
        value_edit(7, "steps", 31, 20),
        value_edit(7, "no_such_input", 30, 20),
        value_edit(70, "steps", 30, 20),
        value_edit(7, "steps", 30.0, 20),
        value_edit(7, "steps", [30], 20),
    ],
)
def test_what_is_not_there_is_not_edited(edit: Any) -> None:
    with pytest.raises(NotEdited):
        edited(picture().data(), [change(edit)], view_of)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"nodes": []}', b"\x89PNG\r\n\x1a\n", b'"text"', b"\xff\xfe\x00"])
def test_what_is_no_workflow_is_not_edited(data: bytes) -> None:
    with pytest.raises(NotEdited):
        edited(data, [change(value_edit(7, "steps", 30, 20))], view_of)


def test_inside_of_a_group_node_is_left_alone() -> None:
    inner = {"type": "EmptyLatentImage", "mode": 0, "inputs": [], "outputs": [], "widgets_values": [512, 512, 4]}
    graph = Graph()
    graph.node("workflow/Latents", [512, 512, 4])
    value = graph.value() | {"extra": {"groupNodes": {"Latents": {"nodes": [inner], "links": []}}}}
    with pytest.raises(NotEdited):
        edited(json.dumps(value).encode(), [change(value_edit("1:0", "batch_size", 4, 1))], view_of)
