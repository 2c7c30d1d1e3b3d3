"""What feeds an input, seen through everything that exists only in the browser."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.workflow.source import Source, source
from comfyfixersmart.core.workflow.types import Literal, Origin

from .graphs import api, graph, node, out, socket, subgraph, widget, workflow

SOURCE = node(1, "HeronSource", outputs=[out(links=[7])])


def fed(body: Any, own: str = "9", name: str = "images") -> Source:
    found = workflow(body)
    one = found.by_id(own)
    assert one is not None
    return source(found, one, name)


def sink(link: Any, kind: str = "IMAGE") -> Any:
    return node(9, "HeronSink", inputs=[socket("images", link, kind)])


# ---- plain -------------------------------------------------------------------------------------------------


def test_a_link_to_a_node() -> None:
    assert fed(graph(SOURCE, sink(7), links=((7, 1, 2, 9, 0),))) == Origin("1", 2)


def test_no_link_a_lost_link_and_a_lost_node() -> None:
    assert fed(graph(SOURCE, sink(None))) is None
    assert fed(graph(SOURCE, sink(7))) is None
    assert fed(graph(SOURCE, sink(7), links=((7, 55, 0, 9, 0),))) is None
    assert fed(graph(SOURCE, sink(7), links=((7, 1, 0, 9, 0),)), name="mask") is None


def test_an_api_link() -> None:
    assert fed(api(n1=("HeronSource", {}), n9=("HeronSink", {"images": ["1", 3]}))) == Origin("1", 3)
    assert fed(api(n9=("HeronSink", {"images": ["1", 3]}))) is None


def test_a_widget_input_is_found_by_its_widget_s_name() -> None:
    target = node(9, "HeronSink", "x", inputs=[{"name": "in 1", "type": "STRING", "link": 7, "widget": {"name": "t"}}])
    assert fed(graph(SOURCE, target, links=((7, 1, 0, 9, 0),)), name="t") == Origin("1", 0)


# ---- nodes of the browser ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Reroute", "Reroute (rgthree)"])
def test_reroutes_in_a_row(kind: str) -> None:
    body = graph(
        SOURCE,
        node(2, kind, inputs=[socket("", 7, "*")]),
        node(3, kind, inputs=[socket("", 8, "*")]),
        sink(10),
        links=((7, 1, 1, 2, 0), (8, 2, 0, 3, 0), (10, 3, 0, 9, 0)),
    )
    assert fed(body) == Origin("1", 1)


def test_a_reroute_fed_by_nothing() -> None:
    assert fed(graph(node(3, "Reroute", inputs=[socket("", None)]), sink(10), links=((10, 3, 0, 9, 0),))) is None


def test_a_primitive_gives_its_value() -> None:
    body = graph(
        node(3, "PrimitiveNode", "a.safetensors", "randomize"),
        node(9, "LoadBramble", "old.safetensors", inputs=[widget("file", 10)]),
        links=((10, 3, 0, 9, 0, "COMBO"),),
    )
    assert fed(body, name="file") == Literal("a.safetensors", primitive=True)


def test_a_primitive_behind_a_reroute() -> None:
    body = graph(
        node(3, "PrimitiveNode", "a.safetensors"),
        node(4, "Reroute", inputs=[socket("", 10, "*")]),
        node(9, "LoadBramble", "old", inputs=[widget("file", 11)]),
        links=((10, 3, 0, 4, 0), (11, 4, 0, 9, 0)),
    )
    assert fed(body, name="file") == Literal("a.safetensors", primitive=True)


@pytest.mark.parametrize(("getter", "setter"), [("GetNode", "SetNode"), ("easy getNode", "easy setNode")])
def test_get_and_set(getter: str, setter: str) -> None:
    body = graph(
        SOURCE,
        node(2, setter, "heron", inputs=[socket("IMAGE", 7)]),
        node(4, setter, "teal", inputs=[socket("IMAGE", None)]),
        node(3, getter, "heron"),
        sink(10),
        links=((7, 1, 0, 2, 0), (10, 3, 0, 9, 0)),
    )
    assert fed(body) == Origin("1", 0)


def test_get_without_set_and_the_wrong_pair() -> None:
    lone = graph(node(3, "GetNode", "heron"), sink(10), links=((10, 3, 0, 9, 0),))
    assert fed(lone) is None
    mixed = graph(
        SOURCE,
        node(2, "easy setNode", "heron", inputs=[socket("IMAGE", 7)]),
        node(3, "GetNode", "heron"),
        sink(10),
        links=((7, 1, 0, 2, 0), (10, 3, 0, 9, 0)),
    )
    assert fed(mixed) is None


def test_get_inside_a_subgraph_finds_the_set_around_it() -> None:
    inner = subgraph("s", node(3, "GetNode", "heron"), sink(10), links=((10, 3, 0, 9, 0, "IMAGE"),))
    body = graph(
        SOURCE,
        node(2, "SetNode", "heron", inputs=[socket("IMAGE", 7)]),
        node(5, "s"),
        links=((7, 1, 0, 2, 0),),
        subgraphs=[inner],
    )
    assert fed(body, "5:9") == Origin("1", 0)


def test_the_output_of_a_set_node_goes_on() -> None:
    body = graph(
        SOURCE,
        node(2, "SetNode", "heron", inputs=[socket("IMAGE", 7)]),
        sink(10),
        links=((7, 1, 0, 2, 0), (10, 2, 0, 9, 0)),
    )
    assert fed(body) == Origin("1", 0)


def test_use_everywhere_links_feed_inputs_without_a_link() -> None:
    extra = {
        "ue_links": [{"downstream": 9, "downstream_slot": 0, "upstream": "1", "upstream_slot": 2, "type": "IMAGE"}]
    }
    assert fed(graph(SOURCE, sink(None), extra=extra)) == Origin("1", 2)
    linked = graph(SOURCE, node(2, "Teal"), sink(7), links=((7, 2, 0, 9, 0),), extra=extra)
    assert fed(linked) == Origin("2", 0)


@pytest.mark.parametrize(
    "links", [None, 5, [None, 5, {}], [{"downstream": 77}], [{"downstream": 9, "downstream_slot": "x"}], {"a": 1}]
)
def test_use_everywhere_links_of_a_wrong_type(links: Any) -> None:
    assert fed(graph(SOURCE, sink(None), extra={"ue_links": links})) is None


# ---- muted and bypassed ------------------------------------------------------------------------------------


def test_a_muted_origin_feeds_nothing() -> None:
    assert fed(graph({**SOURCE, "mode": 2}, sink(7), links=((7, 1, 0, 9, 0),))) is None


def past(inputs: list[Any], slot: int = 0, kind: str = "IMAGE", outputs: list[Any] | None = None) -> Source:
    """HeronSink fed by output `slot` of a bypassed node whose inputs are links 21, 22 … from nodes 1, 2 …"""
    body = graph(
        node(1, "One"),
        node(2, "Two"),
        node(3, "Three"),
        node(5, "Bypassed", mode=4, inputs=inputs, outputs=outputs or [out(), out("MASK", "MASK")]),
        sink(30, kind),
        links=((21, 1, 0, 5, 0), (22, 2, 0, 5, 1), (23, 3, 0, 5, 2), (30, 5, slot, 9, 0, kind)),
    )
    return fed(body)


def test_a_bypassed_node_hands_on_the_input_in_the_output_s_place() -> None:
    assert past([socket("a", 21), socket("b", 22)]) == Origin("1", 0)
    assert past([socket("a", 21), socket("b", 22, "MASK")], slot=1, kind="MASK") == Origin("2", 0)


def test_a_bypassed_node_hands_on_the_first_input_of_the_type() -> None:
    assert past([socket("a", 21, "MODEL"), socket("b", 22, "CLIP"), socket("c", 23)]) == Origin("3", 0)


def test_a_bypassed_node_without_an_input_of_the_type_feeds_nothing() -> None:
    assert past([socket("a", 21, "MODEL"), socket("b", 22, "CLIP")]) is None
    assert past([]) is None


def test_bypassed_nodes_in_a_row() -> None:
    body = graph(
        SOURCE,
        node(2, "Teal", mode=4, inputs=[socket("a", 7)], outputs=[out()]),
        node(3, "Teal", mode=4, inputs=[socket("a", 8)], outputs=[out()]),
        sink(10),
        links=((7, 1, 0, 2, 0), (8, 2, 0, 3, 0), (10, 3, 0, 9, 0)),
    )
    assert fed(body) == Origin("1", 0)


# ---- subgraph borders --------------------------------------------------------------------------------------


def test_into_an_instance_from_outside() -> None:
    inner = subgraph("s", node(3, "Wren"), links=((21, 3, 1, -20, 0, "IMAGE"),), outputs=("image",))
    body = graph(node(5, "s"), sink(7), links=((7, 5, 0, 9, 0),), subgraphs=[inner])
    assert fed(body) == Origin("5:3", 1)


def test_into_an_instance_at_an_output_that_nothing_feeds() -> None:
    inner = subgraph("s", node(3, "Wren"), outputs=("image",))
    assert fed(graph(node(5, "s"), sink(7), links=((7, 5, 0, 9, 0),), subgraphs=[inner])) is None


def test_out_of_an_instance() -> None:
    inner = subgraph("s", sink(21), links=((21, -10, 0, 9, 0, "IMAGE"),), inputs=("image",))
    body = graph(SOURCE, node(5, "s", inputs=[socket("image", 7)]), links=((7, 1, 0, 5, 0),), subgraphs=[inner])
    assert fed(body, "5:9") == Origin("1", 0)


def test_straight_through_an_instance() -> None:
    inner = subgraph("s", links=((21, -10, 0, -20, 0, "IMAGE"),), inputs=("image",), outputs=("image",))
    body = graph(
        SOURCE,
        node(5, "s", inputs=[socket("image", 7)]),
        sink(8),
        links=((7, 1, 0, 5, 0), (8, 5, 0, 9, 0)),
        subgraphs=[inner],
    )
    assert fed(body) == Origin("1", 0)


def test_through_two_levels_both_ways() -> None:
    deep = subgraph(
        "deep",
        node(3, "Wren", inputs=[socket("a", 21)]),
        links=((21, -10, 0, 3, 0, "IMAGE"), (22, 3, 0, -20, 0, "IMAGE")),
        inputs=("a",),
        outputs=("b",),
    )
    middle = subgraph(
        "middle",
        node(4, "deep", inputs=[socket("a", 31)]),
        links=((31, -10, 0, 4, 0, "IMAGE"), (32, 4, 0, -20, 0, "IMAGE")),
        inputs=("a",),
        outputs=("b",),
    )
    body = graph(
        SOURCE,
        node(5, "middle", inputs=[socket("a", 7)]),
        sink(8),
        links=((7, 1, 0, 5, 0), (8, 5, 0, 9, 0)),
        subgraphs=[middle, deep],
    )
    assert fed(body) == Origin("5:4:3", 0)
    assert fed(body, "5:4:3", "a") == Origin("1", 0)


@pytest.mark.parametrize(("mode", "expected"), [(2, None), (4, Origin("1", 0))])
def test_a_muted_or_bypassed_instance(mode: int, expected: Source) -> None:
    inner = subgraph("s", node(3, "Wren"), links=((21, 3, 1, -20, 0, "IMAGE"),), inputs=("a",), outputs=("image",))
    host = node(5, "s", mode=mode, inputs=[socket("a", 7)], outputs=[out()])
    body = graph(SOURCE, host, sink(8), links=((7, 1, 0, 5, 0), (8, 5, 0, 9, 0)), subgraphs=[inner])
    assert fed(body) == expected


def test_a_primitive_outside_feeds_a_widget_inside() -> None:
    inner = subgraph(
        "s",
        node(3, "LoadBramble", "old.safetensors", inputs=[widget("file", 21)]),
        links=((21, -10, 0, 3, 0, "COMBO"),),
        inputs=("file",),
    )
    body = graph(
        node(1, "PrimitiveNode", "new.safetensors"),
        node(5, "s", "host.safetensors", inputs=[widget("file", 7)]),
        links=((7, 1, 0, 5, 0, "COMBO"),),
        subgraphs=[inner],
    )
    assert fed(body, "5:3", "file") == Literal("new.safetensors", primitive=True)


def test_an_output_of_a_group_node_is_the_group_node() -> None:
    groups = {"Nest": {"nodes": [{"type": "Wren"}], "links": []}}
    body = graph(node(5, "workflow/Nest"), sink(8), links=((8, 5, 0, 9, 0),), extra={"groupNodes": groups})
    assert fed(body) is not None


# ---- loops -------------------------------------------------------------------------------------------------


def test_loops_end() -> None:
    reroutes = graph(
        node(2, "Reroute", inputs=[socket("", 8, "*")]),
        node(3, "Reroute", inputs=[socket("", 7, "*")]),
        sink(10),
        links=((7, 2, 0, 3, 0), (8, 3, 0, 2, 0), (10, 3, 0, 9, 0)),
    )
    assert fed(reroutes) is None
    own_setter = graph(
        node(2, "SetNode", "heron", inputs=[socket("IMAGE", 7)]),
        node(3, "GetNode", "heron"),
        sink(10),
        links=((7, 3, 0, 2, 0), (10, 3, 0, 9, 0)),
    )
    assert fed(own_setter) is None
    ring = subgraph("s", links=((21, -10, 0, -20, 0, "IMAGE"),), inputs=("a",), outputs=("b",))
    body = graph(
        node(5, "s", inputs=[socket("a", 8)]), sink(10), links=((8, 5, 0, 5, 0), (10, 5, 0, 9, 0)), subgraphs=[ring]
    )
    assert fed(body) is None
