"""What the definitions of the installed nodes forbid, and what must never be called forbidden."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.requirements.types import Violation

from ..workflow.graphs import api, graph, node, out, proxies, socket, subgraph, widget
from .scans import SINK, scan

COMBO = NodeType(
    "PickTeal",
    (
        Input("size", "COMBO", options=("small", "large")),
        Input("seed", "INT", minimum=0, maximum=100, control=True),
        Input("share", "FLOAT", minimum=0.0, maximum=1.0),
    ),
    output=False,
)
FEED = NodeType(
    "FeedHeron",
    (
        Input("image", "IMAGE", widget=False),
        Input("mask", "MASK", widget=False, required=False),
        Input("text", "STRING"),
    ),
    output=False,
)
START = NodeType("StartHeron", (), output=False)
ALL = (COMBO, FEED, START, SINK)


def found(body: Any, *types: NodeType) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.node.id, one.node.input) for one in scan(body, *(types or ALL)).violations]


def shown(*nodes: Any, links: Any = (), **more: Any) -> Any:
    """The nodes, with a sink that shows node 1."""
    return graph(
        *nodes, node(99, "HeronSink", "x", inputs=[socket("images", 90)]), links=((90, 1, 0, 99, 0), *links), **more
    )


def violation(body: Any) -> Violation:
    (one,) = scan(body, *ALL).violations
    return one


# ---- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (["small", 5, "fixed", 0.5], []),
        (["small", 0, "randomize", 0], []),
        (["large", 100, "increment", 1], []),
        (["huge", 5, "fixed", 0.5], [("VALUE001", "size")]),
        (["small", 101, "fixed", 0.5], [("VALUE002", "seed")]),
        (["small", -1, "fixed", 1.01], [("VALUE002", "seed"), ("VALUE002", "share")]),
        ([None, "text", "fixed", None], [("VALUE001", "size"), ("VALUE002", "seed"), ("VALUE002", "share")]),
        (["small", "7", "fixed", "0.25"], []),
        (["small", 5, "fixed", []], [("VALUE002", "share")]),
        (["small", True, "fixed", False], []),
        (["SMALL", 5, "fixed", 0.5], [("VALUE001", "size")]),
    ],
)
def test_options_and_ranges(values: list[Any], wrong: list[tuple[str, str]]) -> None:
    assert found(shown(node(1, "PickTeal", *values))) == [(code, "1", name) for code, name in wrong]


def test_what_a_violation_says() -> None:
    one = violation(shown(node(1, "PickTeal", "huge", 5, "fixed", 0.5)))
    assert (one.value, one.allowed) == ("huge", "one of small, large")
    assert violation(shown(node(1, "PickTeal", "small", 500, "fixed", 0.5))).allowed == "0 to 100"


def test_the_same_in_an_api_graph() -> None:
    body = api(
        n1=("PickTeal", {"size": "huge", "seed": 5, "share": 7}), n2=("HeronSink", {"images": ["1", 0], "prefix": ""})
    )
    assert found(body) == [("VALUE001", "1", "size"), ("VALUE002", "1", "share")]


def test_numbers_among_the_options() -> None:
    kind = NodeType("PickKnot", (Input("n", "COMBO", options=(1, 2, "three")),), output=True)
    assert found(graph(node(1, "PickKnot", 2)), kind) == []
    assert found(graph(node(1, "PickKnot", 2.0)), kind) == []
    assert found(graph(node(1, "PickKnot", "2")), kind) == [("VALUE001", "1", "n")]


@pytest.mark.parametrize(
    "values",
    [
        ["huge"],
        ["huge", 5],
        [],
        ["huge", 5, "fixed", 0.5, "small", "extra", "values"],
        [5, "huge", 0.5, 7, 8, 9, 10],
    ],
)
def test_values_that_cannot_be_matched_for_certain_are_never_called_wrong(values: list[Any]) -> None:
    assert [code for code, _, _ in found(shown(node(1, "PickTeal", *values))) if code.startswith("VALUE")] == []


def test_a_node_saved_without_its_control_value() -> None:
    assert found(shown(node(1, "PickTeal", "small", 5, 0.5))) == []
    assert found(shown(node(1, "PickTeal", "small", 5, 1.5))) == [("VALUE002", "1", "share")]


def test_a_value_that_a_link_replaces_is_not_checked() -> None:
    inputs = [widget("size", 7, "COMBO"), widget("seed", None, "INT"), widget("share", None, "FLOAT")]
    body = shown(
        node(2, "StartHeron"), node(1, "PickTeal", "huge", 5, "fixed", 0.5, inputs=inputs), links=((7, 2, 0, 1, 0),)
    )
    assert found(body) == []


def test_a_promoted_value_is_the_one_that_is_checked() -> None:
    inputs = [widget("size", None, "COMBO"), widget("seed", None, "INT"), widget("share", None, "FLOAT")]
    inner = node(3, "PickTeal", "huge", 5, "fixed", 0.5, inputs=inputs)
    definition = subgraph("s", inner, links=((21, 3, 0, -20, 0, "IMAGE"),), outputs=("image",))
    right = shown(node(1, "s", "small", properties=proxies(("3", "size")), outputs=[out()]), subgraphs=[definition])
    assert found(right) == []
    wrong = shown(node(1, "s", "tiny", properties=proxies(("3", "size")), outputs=[out()]), subgraphs=[definition])
    assert found(wrong) == [("VALUE001", "1:3", "size")]


@pytest.mark.parametrize(
    ("inside", "host", "wrong"),
    [
        (("small", 5), {}, []),
        (
            ("small", 500),
            {},
            [("VALUE002", "1:3", "seed")],
        ),  # promoted without a value of its own: the inner one counts
        (("small", 5), {"widgets_values": ["small", 500]}, [("VALUE002", "1:3", "seed")]),
        (("huge", 500), {"widgets_values": ["small", 50]}, []),
        (("small", 5), {"widgets_values": ["huge", 5]}, [("VALUE001", "1:3", "size")]),
    ],
)
def test_a_value_promoted_through_an_input_of_the_subgraph(
    inside: tuple[Any, ...], host: dict[str, Any], wrong: list[Any]
) -> None:
    inputs = [widget("size", 21, "COMBO"), widget("seed", 22, "INT"), widget("share", None, "FLOAT")]
    inner = node(3, "PickTeal", *inside, "fixed", 0.5, inputs=inputs)
    links = ((21, -10, 0, 3, 0, "COMBO"), (22, -10, 1, 3, 1, "INT"), (23, 3, 0, -20, 0, "IMAGE"))
    definition = subgraph("s", inner, links=links, inputs=("size", "seed"), outputs=("image",))
    shell = node(1, "s", properties=proxies(("-1", "size"), ("-1", "seed")), outputs=[out()]) | host
    assert found(shown(shell, subgraphs=[definition])) == wrong


@pytest.mark.parametrize(
    ("place", "name", "value", "wrong"),
    [
        (0, "size", "large", []),
        (0, "size", "huge", [("VALUE001", "1", "size")]),
        (1, "seed", 50, []),
        (1, "seed", 500, []),  # the page presses a primitive's number into the range of the widget that it sets
    ],
)
def test_a_value_that_a_primitive_sets(place: int, name: str, value: Any, wrong: list[Any]) -> None:
    kinds = {"size": "COMBO", "seed": "INT", "share": "FLOAT"}
    inputs = [widget(one, 7 if one == name else None, kind) for one, kind in kinds.items()]
    primitive = node(2, "PrimitiveNode", value, "fixed", outputs=[out()])
    picks = node(1, "PickTeal", "small", 5, "fixed", 0.5, inputs=inputs)
    assert found(shown(primitive, picks, links=((7, 2, 0, 1, place),))) == wrong


def test_file_lists_and_media_are_never_options() -> None:
    kind = NodeType(
        "LoadKnot",
        (
            Input("file", "COMBO", folders=("knots",), options=("a.pt",)),
            Input("art", "COMBO", media="image", options=("a.png",)),
        ),
        output=True,
    )
    assert found(graph(node(1, "LoadKnot", "b.pt", "b.png")), kind) == []


def test_types_known_only_from_knowledge_are_not_checked() -> None:
    assert (
        scan(graph(node(1, "FarKnot", "x")), SINK, knowledge={"FarKnot": {"widgets": ["n"], "output": True}}).violations
        == ()
    )


# ---- the way to an output ----------------------------------------------------------------------------------


def test_only_nodes_on_the_way_to_an_output_are_checked() -> None:
    body = graph(
        node(1, "PickTeal", "huge", 5, "fixed", 0.5),
        node(2, "StartHeron"),
        node(99, "HeronSink", "x", inputs=[socket("images", 90)]),
        links=((90, 2, 0, 99, 0),),
    )
    assert found(body) == []


def test_the_way_leads_through_types_that_nobody_knows() -> None:
    body = shown(
        node(1, "Mystery", inputs=[socket("in", 7)]),
        node(2, "PickTeal", "huge", 5, "fixed", 0.5),
        links=((7, 2, 0, 1, 0),),
    )
    assert found(body) == [("VALUE001", "2", "size")]


def test_muted_and_bypassed_nodes_are_not_checked() -> None:
    for mode in (2, 4):
        body = graph(
            node(1, "PickTeal", "huge", 5, "fixed", 0.5, mode=mode),
            node(98, "StartHeron"),
            node(99, "HeronSink", "x", inputs=[socket("images", 90)]),
            links=((90, 98, 0, 99, 0),),
        )
        assert found(body) == []


# ---- links -------------------------------------------------------------------------------------------------


def test_a_required_input_without_a_link() -> None:
    assert found(shown(node(1, "FeedHeron", "t", inputs=[socket("image"), socket("mask", None, "MASK")]))) == [
        ("LINK001", "1", "image")
    ]
    assert found(api(n1=("FeedHeron", {"text": ""}), n2=("HeronSink", {"images": ["1", 0], "prefix": ""}))) == [
        ("LINK001", "1", "image")
    ]


def test_an_input_that_the_saved_node_did_not_have_yet() -> None:
    one = violation(shown(node(1, "FeedHeron", "t", inputs=[socket("mask", None, "MASK")])))
    assert (one.code, one.node.input) == ("LINK001", "image")
    assert "did not have it" in one.allowed


def test_a_link_from_a_muted_node_and_through_a_bypassed_one() -> None:
    def fed(mode: int, kind: str = "IMAGE") -> Any:
        middle = node(3, "FeedHeron", "t", mode=mode, inputs=[socket("image", 8, kind)], outputs=[out()])
        return shown(
            node(2, "StartHeron"),
            middle,
            node(1, "FeedHeron", "t", inputs=[socket("image", 7)]),
            links=((7, 3, 0, 1, 0), (8, 2, 0, 3, 0)),
        )

    assert found(fed(0)) == []
    assert found(fed(4)) == []
    assert found(fed(4, "IMAGE,MASK")) == []
    assert found(fed(2)) == [("LINK001", "1", "image")]
    assert found(fed(4, "LATENT")) == [("LINK001", "1", "image")]


def test_a_link_through_a_subgraph_border() -> None:
    definition = subgraph(
        "s",
        node(3, "FeedHeron", "t", inputs=[socket("image", 21)]),
        links=((21, -10, 0, 3, 0, "IMAGE"), (22, 3, 0, -20, 0, "IMAGE")),
        inputs=("image",),
        outputs=("image",),
    )
    linked = shown(
        node(2, "StartHeron"),
        node(1, "s", inputs=[socket("image", 7)]),
        links=((7, 2, 0, 1, 0),),
        subgraphs=[definition],
    )
    assert found(linked) == []


def test_an_api_graph_is_sent_as_it_is_so_its_required_values_must_be_there() -> None:
    body = api(n1=("PickTeal", {"size": "small", "share": 0.5}), n2=("HeronSink", {"images": ["1", 0], "prefix": ""}))
    assert found(body) == [("LINK001", "1", "seed")]


def test_an_instance_whose_output_nothing_feeds() -> None:
    definition = subgraph("s", node(3, "StartHeron"), outputs=("image",))
    assert found(shown(node(1, "s"), subgraphs=[definition])) == [("LINK001", "99", "images")]


def test_an_instance_whose_input_nobody_connected() -> None:
    inner = node(3, "FeedHeron", "t", inputs=[socket("image", 21)])
    links = ((21, -10, 0, 3, 0, "IMAGE"), (22, 3, 0, -20, 0, "IMAGE"))
    definition = subgraph("s", inner, links=links, inputs=("image",), outputs=("image",))
    assert found(shown(node(1, "s", inputs=[socket("image")]), subgraphs=[definition])) == [("LINK001", "1:3", "image")]


def test_a_sampler_saved_under_its_name_of_2023_is_mended_by_the_page() -> None:
    kind = NodeType("KSampler", (Input("sampler_name", "COMBO", options=("heron",)),), output=True)
    assert found(graph(node(1, "KSampler", "sample_heron")), kind) == []
    assert found(api(n1=("KSampler", {"sampler_name": "sample_heron"})), kind) == [("VALUE001", "1", "sampler_name")]


def test_use_everywhere_nodes_leave_links_open() -> None:
    body = shown(node(1, "FeedHeron", "t", inputs=[socket("image")]), node(5, "Anything Everywhere"))
    assert found(body) == []


def test_required_inputs_of_nodes_inside_a_group_node_are_left_open() -> None:
    groups = {
        "Nest": {
            "nodes": [
                {"type": "FeedHeron", "inputs": [socket("image")]},
                {"type": "HeronSink", "inputs": [socket("images")]},
            ],
            "links": [[0, 0, 1, 0, 1, "IMAGE"]],
        }
    }
    assert found(graph(node(5, "workflow/Nest"), extra={"groupNodes": groups})) == []


# ---- no output ---------------------------------------------------------------------------------------------


def test_a_graph_without_an_output() -> None:
    assert found(graph(node(1, "StartHeron"))) == [("LINK002", "", None)]
    assert found(graph(node(1, "StartHeron"), node(2, "HeronSink", "x", mode=4))) == [("LINK002", "", None)]


def test_a_graph_whose_output_cannot_be_told() -> None:
    assert found(graph(node(1, "StartHeron"), node(2, "Mystery"))) == []
    open_type = NodeType("OpenWren", (), output=None)
    assert found(graph(node(1, "OpenWren")), open_type) == []


# ---- hostile -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        5,
        {},
        [5],
        [{}],
        [{"name": 5, "link": 7}],
        [{"name": "image", "link": [1]}],
        [{"name": "image", "link": {}}],
        [{"name": ["image"], "link": 7}],
    ],
)
@pytest.mark.parametrize("links", [None, 5, {}, [5], [[]], [[[1], 2]], [{"id": [1]}], [{}], {"7": 5}])
def test_inputs_and_links_of_a_wrong_type(inputs: Any, links: Any) -> None:
    body = {**shown(node(1, "FeedHeron", "t")), "links": links}
    body["nodes"][0]["inputs"] = inputs
    assert {code for code, _, _ in found(body)} <= {"LINK001"}


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, [[]], None, float("nan"), 10**400, "9" * 5000])
def test_strange_values_never_end_a_scan(value: Any) -> None:
    found(shown(node(1, "PickTeal", value, value, "fixed", value)))


FORCED = NodeType(
    "CutKnot",
    (
        Input("image", "IMAGE", widget=False, required=False),
        Input("coordinates", "STRING", widget=False),  # forceInput
        Input("width", "INT", minimum=1, maximum=4096),
        Input("share", "FLOAT", minimum=0.0, maximum=1.0),
    ),
    output=True,
)


def test_values_that_older_pages_stored_for_inputs_without_a_widget() -> None:
    """The page drops them when their number comes out even with these inputs."""
    inputs = [socket("image"), widget("coordinates", 7)]
    body = graph(node(2, "StartHeron"), node(1, "CutKnot", "", 512, 0.5, inputs=inputs), links=((7, 2, 0, 1, 1),))
    assert found(body, FORCED, START) == []
    wrong = graph(node(2, "StartHeron"), node(1, "CutKnot", "", 512, 5, inputs=inputs), links=((7, 2, 0, 1, 1),))
    assert found(wrong, FORCED, START) == [("VALUE002", "1", "share")]
