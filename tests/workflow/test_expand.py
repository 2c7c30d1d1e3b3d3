"""Subgraphs and group nodes become one flat graph: instance by instance, with the values that their hosts set."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.workflow.source import source
from comfyfixersmart.core.workflow.types import Literal, Node, Stored, Workflow

from .graphs import graph, node, proxies, reading, socket, subgraph, types, widget, workflow

LOADER = node(3, "LoadBramble", "inner.safetensors", 0.5, inputs=[widget("file"), widget("weight", kind="FLOAT")])


def by_id(found: Workflow, flat: str) -> Node:
    one = found.by_id(flat)
    assert one is not None, [each.id for each in found.nodes]
    return one


# ---- instances ---------------------------------------------------------------------------------------------


def test_each_instance_is_expanded_on_its_own() -> None:
    found = workflow(graph(node(12, "s"), node(13, "s"), subgraphs=[subgraph("s", LOADER, node(4, "Wren"))]))
    assert types(found) == [
        ("12:3", "LoadBramble", True),
        ("12:4", "Wren", True),
        ("13:3", "LoadBramble", True),
        ("13:4", "Wren", True),
    ]
    assert found.scopes[found.nodes[0].scope].prefix == "12:"


def test_nested_instances() -> None:
    inner = subgraph("in", node(1, "Wren"))
    outer = subgraph("out", node(2, "in"), node(3, "in"), node(4, "Teal"))
    found = workflow(graph(node(9, "out"), subgraphs=[outer, inner]))
    assert [flat for flat, _, _ in types(found)] == ["9:2:1", "9:3:1", "9:4"]


def test_definitions_that_nothing_instantiates_never_count() -> None:
    unused = subgraph("u", LOADER)
    inside_unused = subgraph("v", node(1, "u"))
    found = workflow(graph(node(1, "Wren"), subgraphs=[unused, inside_unused]))
    assert types(found) == [("1", "Wren", True)]


def test_a_definition_that_brings_definitions_of_its_own() -> None:
    outer = subgraph("out", node(2, "in"), definitions={"subgraphs": [subgraph("in", node(1, "Wren"))]})
    assert types(workflow(graph(node(9, "out"), subgraphs=[outer]))) == [("9:2:1", "Wren", True)]


@pytest.mark.parametrize("definitions", [None, [], {"subgraphs": {}}, {"subgraphs": [1, "x", {"id": 5}, {}]}, "x"])
def test_definitions_of_a_wrong_type_leave_the_node_as_it_is(definitions: Any) -> None:
    assert types(workflow({**graph(node(9, "lost-uuid")), "definitions": definitions})) == [("9", "lost-uuid", True)]


@pytest.mark.parametrize("nodes", [None, {}, "x", [], [1, None, "y"]])
def test_a_definition_without_usable_nodes(nodes: Any) -> None:
    assert types(workflow(graph(node(9, "s"), node(1, "Wren"), subgraphs=[{"id": "s", "nodes": nodes}]))) == [
        ("1", "Wren", True)
    ]


# ---- activity ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [2, 4])
def test_everything_inside_a_muted_or_bypassed_instance_is_inactive(mode: int) -> None:
    inner = subgraph("in", node(1, "Wren"))
    outer = subgraph("out", node(2, "in"), node(4, "Teal"))
    found = workflow(graph(node(9, "out", mode=mode), node(8, "in"), subgraphs=[outer, inner]))
    assert types(found) == [("9:2:1", "Wren", False), ("9:4", "Teal", False), ("8:1", "Wren", True)]


def test_one_muted_node_inside_leaves_the_others_active() -> None:
    inner = subgraph("in", node(1, "Wren", mode=2), node(2, "Wren"))
    found = workflow(graph(node(9, "in"), subgraphs=[inner]))
    assert types(found) == [("9:1", "Wren", False), ("9:2", "Wren", True)]


def test_a_muted_instance_inside_an_active_one() -> None:
    outer = subgraph("out", node(2, "in", mode=4), node(4, "Teal"))
    found = workflow(graph(node(9, "out"), subgraphs=[outer, subgraph("in", node(1, "Wren"))]))
    assert types(found) == [("9:2:1", "Wren", False), ("9:4", "Teal", True)]


def test_the_outside_of_a_muted_group_node_counts_too() -> None:
    found = workflow(grouped(node(5, "workflow/Nest", mode=2)))
    assert [active for _, _, active in types(found)] == [False, False]


# ---- promoted values ---------------------------------------------------------------------------------------


def promoted(host: Any, *, inputs: tuple[str, ...] = ("file", "weight")) -> Workflow:
    """Two widgets of one inner node, linked to the definition's inputs; `host` is the instance."""
    inner = node(
        3,
        "LoadBramble",
        "inner.safetensors",
        0.5,
        inputs=[widget("file", 21), widget("weight", 22, "FLOAT")],
    )
    links = ((21, -10, 0, 3, 0, "COMBO"), (22, -10, 1, 3, 1, "FLOAT"))
    return workflow(graph(host, subgraphs=[subgraph("s", inner, links=links, inputs=inputs)]))


def test_the_host_s_values_reach_the_inside_through_the_definition_s_inputs() -> None:
    found = promoted(node(9, "s", "outer.safetensors", 0.9))
    assert source(found, by_id(found, "9:3"), "file") == Literal("outer.safetensors")
    assert source(found, by_id(found, "9:3"), "weight") == Literal(0.9)


def test_two_instances_with_values_of_their_own() -> None:
    inner = node(3, "LoadBramble", "inner.safetensors", inputs=[widget("file", 21)])
    definition = subgraph("s", inner, links=((21, -10, 0, 3, 0, "COMBO"),), inputs=("file",))
    found = workflow(graph(node(8, "s", "one.safetensors"), node(9, "s", "two.safetensors"), subgraphs=[definition]))
    assert source(found, by_id(found, "8:3"), "file") == Literal("one.safetensors")
    assert source(found, by_id(found, "9:3"), "file") == Literal("two.safetensors")


def test_a_host_without_values_leaves_the_inner_ones() -> None:
    found = promoted(node(9, "s"))
    assert source(found, by_id(found, "9:3"), "file") == Stored()


def test_host_values_as_a_dict() -> None:
    found = promoted(node(9, "s", widgets_values={"file": "outer.safetensors"}))
    assert source(found, by_id(found, "9:3"), "file") == Literal("outer.safetensors")
    assert source(found, by_id(found, "9:3"), "weight") == Stored()


def test_only_inputs_that_end_at_a_widget_have_a_host_value() -> None:
    inner = node(3, "LoadBramble", "inner.safetensors", inputs=[socket("image", 21), widget("file", 22)])
    links = ((21, -10, 0, 3, 0, "IMAGE"), (22, -10, 1, 3, 1, "COMBO"))
    definition = subgraph("s", inner, links=links, inputs=("image", "file"))
    host = node(9, "s", "outer.safetensors", inputs=[socket("image"), widget("file")])
    found = workflow(graph(host, subgraphs=[definition]))
    assert source(found, by_id(found, "9:3"), "file") == Literal("outer.safetensors")


def test_proxy_widgets_name_the_inner_node() -> None:
    host = node(9, "s", "outer.safetensors", 0.9, properties=proxies(("3", "file"), ("4", "weight")))
    inner = node(3, "LoadBramble", "inner.safetensors", inputs=[widget("file")])
    other = node(4, "LoadBramble", "inner.safetensors", 0.5, inputs=[widget("file"), widget("weight")])
    found = workflow(graph(host, subgraphs=[subgraph("s", inner, other)]))
    assert by_id(found, "9:3").overrides == {"file": "outer.safetensors"}
    assert by_id(found, "9:4").overrides == {"weight": 0.9}


def test_proxy_widgets_of_minus_one_name_an_input_of_the_definition() -> None:
    host = node(9, "s", "outer.safetensors", 0.9, properties=proxies(("-1", "file"), ("-1", "weight")))
    found = promoted(host)
    assert source(found, by_id(found, "9:3"), "file") == Literal("outer.safetensors")


def test_a_page_that_keeps_only_the_values_of_the_subgraphs_own_inputs_keeps_them_in_the_order_of_the_widgets() -> None:
    """ComfyUI's page 1.32.9 saves them so, whatever the order of the inputs is."""
    shown = proxies(("-1", "weight"), ("4", "seed"), ("-1", "file"))
    found = promoted(node(9, "s", 0.9, "outer.safetensors", properties=shown))
    assert source(found, by_id(found, "9:3"), "file") == Literal("outer.safetensors")


def test_proxy_widgets_through_two_levels() -> None:
    inner = subgraph("in", node(3, "LoadBramble", "inner.safetensors", inputs=[widget("file")]))
    middle = node(7, "in", "middle.safetensors", properties=proxies(("3", "file")))
    host = node(9, "out", "outer.safetensors", properties=proxies(("7", "file")))
    found = workflow(graph(host, subgraphs=[subgraph("out", middle), inner]))
    assert by_id(found, "9:7:3").overrides == {"file": "outer.safetensors"}


@pytest.mark.parametrize("listed", [None, 5, "x", [5], [[]], [["3"]], [[3, 4]], [["3", "gone"]], [["77", "file"]]])
def test_proxy_widgets_of_a_wrong_type_are_passed_over(listed: Any) -> None:
    found = promoted(node(9, "s", "outer.safetensors", properties={"proxyWidgets": listed}))
    assert by_id(found, "9:3").class_type == "LoadBramble"


def test_host_values_that_do_not_come_out_even_are_told_and_the_inner_ones_stand() -> None:
    found = promoted(node(9, "s", "outer.safetensors", 0.9, "third.safetensors"))
    assert source(found, by_id(found, "9:3"), "file") == Stored()
    assert any("3 values" in text for text in found.warnings)


# ---- group nodes -------------------------------------------------------------------------------------------


def grouped(*nodes: Any, key: str = "Nest", inner: list[Any] | None = None) -> Any:
    members = inner or [{"type": "LoadBramble", "widgets_values": ["a.safetensors"]}, {"type": "Wren", "id": None}]
    return graph(*nodes, extra={"groupNodes": {key: {"nodes": members, "links": [[0, 0, 1, 0, 1, "IMAGE"]]}}})


@pytest.mark.parametrize("spelling", ["workflow/Nest", "workflow>Nest"])
def test_group_nodes_in_both_spellings(spelling: str) -> None:
    found = workflow(grouped(node(5, spelling), node(6, spelling)))
    assert types(found) == [
        ("5:0", "LoadBramble", True),
        ("5:1", "Wren", True),
        ("6:0", "LoadBramble", True),
        ("6:1", "Wren", True),
    ]


def test_group_names_are_case_sensitive_and_unused_ones_are_ignored() -> None:
    found = workflow(grouped(node(5, "workflow/nest"), node(6, "Wren")))
    assert types(found) == [("5", "workflow/nest", True), ("6", "Wren", True)]


def test_a_group_node_and_its_inside_that_disagree_are_both_kept() -> None:
    found = workflow(grouped(node(5, "workflow/Nest", "b.safetensors")))
    inner = by_id(found, "5:0")
    assert inner.widgets == ["a.safetensors"]
    assert inner.alternate == ["b.safetensors"]
    assert any("disagree" in text for text in found.warnings)


def test_a_group_node_that_agrees_says_nothing() -> None:
    found = workflow(grouped(node(5, "workflow/Nest", "a.safetensors")))
    assert by_id(found, "5:0").alternate is None
    assert found.warnings == []


@pytest.mark.parametrize("groups", [None, [], {"Nest": 5}, {"Nest": {"nodes": 5}}, {"Nest": {"nodes": [None, 7]}}])
def test_group_definitions_of_a_wrong_type(groups: Any) -> None:
    found = workflow(graph(node(5, "workflow/Nest"), node(6, "Wren"), extra={"groupNodes": groups}))
    assert ("6", "Wren", True) in types(found)


def test_a_group_node_inside_itself_cannot_be_read() -> None:
    found = reading(grouped(node(5, "workflow/Nest"), inner=[{"type": "workflow/Nest"}, {"type": "Wren"}]))
    assert [problem.code for problem in found.problems] == ["cyclic_subgraph"]


def test_a_group_node_may_hold_a_subgraph() -> None:
    body = grouped(node(5, "workflow/Nest"), inner=[{"type": "s"}])
    body["definitions"] = {"subgraphs": [subgraph("s", node(1, "Wren"))]}
    assert types(workflow(body)) == [("5:0:1", "Wren", True)]


# ---- hints -------------------------------------------------------------------------------------------------


def test_model_hints_of_the_root_and_their_wrong_types() -> None:
    models = [
        {"name": "a.safetensors", "url": "https://x/a", "directory": "loras", "hash": "AB" * 32, "size": 5},
        {"name": "b.safetensors", "url": 5, "directory": [], "hash": "short", "size": "big"},
        {"name": 5},
        {},
        None,
        "text",
    ]
    hints = workflow(graph(node(1, "Wren"), models=models)).hints
    assert hints[0] == ("a.safetensors", "https://x/a", "loras", "ab" * 32, 5)
    assert hints[1] == ("b.safetensors", None, None, None, None)
    assert len(hints) == 2
