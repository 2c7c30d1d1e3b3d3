"""Links that ComfyUI refuses, and the many that it takes."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.catalogue.types import Input, NodeType

from ..workflow.graphs import graph, node, out, socket, subgraph, widget
from .scans import scan


def kind(name: str, made: Any, *inputs: Input, output: bool = False, exact: bool = True, **more: Any) -> NodeType:
    return NodeType(name, inputs, output, outputs=made, exact=exact, **more)


IMAGE = Input("image", "IMAGE", widget=False)
MASK = Input("mask", "MASK", widget=False, required=False)
SIZE = Input("size", "INT")
STYLE = Input("style", "COMBO", options=("soft", "hard"))
TYPES = (
    kind("SinkTeal", ("IMAGE",), IMAGE, MASK, SIZE, STYLE, output=True),
    kind("GiveImage", ("IMAGE", "MASK", "INT")),
    kind("GiveText", ("STRING",)),
    kind("GiveAny", ("*", "COMFY_MATCHTYPE_V3", "")),
    kind("GiveChoice", ("COMBO",)),
    kind("GiveNumber", ("FLOAT,INT", "FLOAT")),
    kind("GiveNothing", ()),
    kind("GiveUnknown", None),
    kind("GiveWild", ("LATENT",), exact=False),
    kind("WildSink", (), IMAGE, output=True, exact=False),
    kind("AnySink", (), Input("any", "*", widget=False), Input("open", "", widget=False), output=True),
    kind("PassImage", ("IMAGE",), IMAGE),
    kind("GrowSink", (), IMAGE, output=True, dynamic=True),
    kind("EitherSink", (), Input("image", "LATENT, IMAGE", widget=False), output=True),
)


def found(body: Any) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.node.id, one.node.input) for one in scan(body, *TYPES).violations]


def linked(give: str, slot: int, sink: str, name: str, **more: Any) -> Any:
    """One link; the file names all outputs, and what else the sink needs is there."""
    inputs = [socket("image", 8)] if name != "image" and sink == "SinkTeal" else []
    outputs = [out() for _ in range(4)]
    return graph(
        node(1, give, outputs=outputs),
        node(2, sink, 5, "soft", inputs=[*inputs, socket(name, 7)]),
        node(3, "GiveImage", outputs=outputs),
        links=((7, 1, slot, 2, 0), (8, 3, 0, 2, 0)),
        **more,
    )


@pytest.mark.parametrize(
    ("give", "slot", "sink", "name"),
    [
        ("GiveImage", 0, "SinkTeal", "image"),
        ("GiveImage", 1, "SinkTeal", "mask"),
        ("GiveImage", 2, "SinkTeal", "size"),
        ("GiveChoice", 0, "SinkTeal", "style"),
        ("GiveNumber", 0, "SinkTeal", "size"),
        ("GiveImage", 0, "EitherSink", "image"),
        ("GiveAny", 0, "SinkTeal", "image"),
        ("GiveAny", 1, "SinkTeal", "image"),
        ("GiveAny", 2, "SinkTeal", "image"),
        ("GiveUnknown", 0, "SinkTeal", "image"),
        ("GiveUnknown", 9, "SinkTeal", "image"),
        ("GiveWild", 0, "SinkTeal", "image"),
        ("GiveWild", 3, "SinkTeal", "image"),
        ("GiveText", 0, "WildSink", "image"),
        ("GiveText", 0, "AnySink", "any"),
        ("GiveText", 0, "AnySink", "open"),
        ("NotInstalled", 0, "SinkTeal", "image"),
        ("GiveText", 0, "SinkTeal", "gone_since"),  # sent, and not looked at
        ("GiveText", 0, "GrowSink", "image7"),
        ("GiveImage", -1, "SinkTeal", "size"),  # Python takes the last
    ],
)
def test_links_that_pass(give: str, slot: int, sink: str, name: str) -> None:
    assert [one for one in found(linked(give, slot, sink, name)) if one[0] == "LINK003"] == []


@pytest.mark.parametrize(
    ("give", "slot", "sink", "name"),
    [
        ("GiveText", 0, "SinkTeal", "image"),
        ("GiveText", 0, "SinkTeal", "mask"),
        ("GiveText", 0, "SinkTeal", "style"),
        ("GiveChoice", 0, "SinkTeal", "size"),
        ("GiveNumber", 1, "SinkTeal", "size"),
        ("GiveText", 0, "EitherSink", "image"),
        ("GiveText", 1, "SinkTeal", "mask"),
        ("GiveNothing", 0, "AnySink", "any"),
        ("GiveImage", 3, "AnySink", "open"),
    ],
)
def test_links_that_comfyui_refuses(give: str, slot: int, sink: str, name: str) -> None:
    assert ("LINK003", "2", name) in found(linked(give, slot, sink, name))


def words(body: Any) -> str:
    (one,) = scan(body, *TYPES).violations
    return one.allowed


def test_what_is_said() -> None:
    assert words(linked("GiveText", 0, "SinkTeal", "image")) == "It takes IMAGE, and GiveText 1 gives STRING."
    assert words(linked("GiveImage", 3, "EitherSink", "image")) == (
        "GiveImage 1 has no output number 4: the installed version has 3."
    )


def test_an_output_that_the_file_does_not_list_either() -> None:
    """The page cannot show such a link; a newer one drops it, which only a needed input does not forgive."""
    for name, wrong in (("image", [("LINK003", "2", "image")]), ("mask", [])):
        body = linked("GiveImage", 3, "SinkTeal", name)
        body["nodes"][0]["outputs"] = []
        assert found(body) == wrong


def test_only_what_leads_to_an_output() -> None:
    assert found(linked("GiveText", 0, "SinkTeal", "image", extra={})) != []
    aside = node(5, "PassImage", inputs=[socket("image", 9)])
    body = linked("GiveImage", 0, "SinkTeal", "image")
    body["nodes"] += [aside, node(6, "GiveText", outputs=[out()])]
    body["links"].append([9, 6, 0, 5, 0, "IMAGE"])
    assert found(body) == []
    body["nodes"][1]["inputs"] += [socket("gone_since", 10)]  # nor what is behind an input that nobody reads
    body["links"].append([10, 5, 0, 2, 1, "IMAGE"])
    assert found(body) == []


def through(*between: Any, kind: str = "IMAGE", name: str = "image") -> Any:
    """GiveText 1 → node 4 → the sink."""
    return graph(
        node(1, "GiveText", outputs=[out()]),
        *between,
        node(2, "SinkTeal", 5, "soft", inputs=[socket("image", 8 if name != "image" else 7), socket("mask", None if name == "image" else 7)]),
        node(3, "GiveImage", outputs=[out()]),
        links=((6, 1, 0, 4, 0, "STRING"), (7, 4, 0, 2, 0, kind), (8, 3, 0, 2, 0)),
    )  # fmt: skip


def test_through_a_reroute_only_needed_inputs() -> None:
    """The page drops what does not fit a reroute, so an optional input is simply left out."""
    reroute = node(4, "Reroute", inputs=[socket("", 6, "*")], outputs=[out()])
    assert found(through(reroute)) == [("LINK003", "2", "image")]
    assert found(through(reroute, name="mask")) == []


def test_what_comes_through_a_bypassed_node_is_left_to_the_page() -> None:
    assert found(through(node(4, "PassImage", inputs=[socket("image", 6, "*")], outputs=[out()], mode=4))) == []


def test_inside_and_across_a_subgraph() -> None:
    inner = subgraph(
        "s", node(3, "SinkTeal", 5, "soft", inputs=[socket("image", 1)]), node(4, "GiveText", outputs=[out()]),
        links=((1, 4, 0, 3, 0),),
    )  # fmt: skip
    assert found(graph(node(1, "s"), subgraphs=[inner])) == [("LINK003", "1:3", "image")]
    across = subgraph(
        "s", node(3, "SinkTeal", 5, "soft", inputs=[socket("image", 1)]), links=((1, "-10", 0, 3, 0),), inputs=("image",)
    )  # fmt: skip
    body = graph(
        node(1, "s", inputs=[socket("image", 7)]),
        node(2, "GiveText", outputs=[out()]),
        links=((7, 2, 0, 1, 0),),
        subgraphs=[across],
    )
    assert found(body) == [("LINK003", "1:3", "image")]


# ---- circles -----------------------------------------------------------------------------------------------


def test_a_circle() -> None:
    def ring(*numbers: int | None) -> Any:
        more = [{} if one is None else {"order": one} for one in numbers]
        return graph(
            node(1, "PassImage", inputs=[socket("image", 12)], outputs=[out()], **more[0]),
            node(2, "PassImage", inputs=[socket("image", 11)], outputs=[out()], **more[1]),
            node(3, "EitherSink", inputs=[socket("image", 13)], **more[2]),
            links=((11, 1, 0, 2, 0), (12, 2, 0, 1, 0), (13, 2, 0, 3, 0)),
        )

    for numbers in ((0, 1, 2), (None, None, None), (1, 1, 1)):
        (one,) = scan(ring(*numbers), *TYPES).violations
        assert one.code == "LINK003"
        assert one.allowed.startswith("The nodes feed each other in a circle: PassImage ")
        assert one.allowed.count("PassImage") == 3


def test_an_old_order_is_no_circle() -> None:
    body = linked("GiveImage", 0, "SinkTeal", "image")
    for place, one in enumerate(body["nodes"]):
        one["order"] = 9 - place
    assert found(body) == []
    long = [node(n, "PassImage", inputs=[socket("image", n)], outputs=[out()]) for n in range(2, 200)]
    chain = graph(
        node(1, "GiveImage", outputs=[out()]), *long, node(200, "EitherSink", inputs=[socket("image", 200)]),
        links=tuple((n, n - 1, 0, n, 0) for n in range(2, 201)),
    )  # fmt: skip
    assert found(chain) == []


def test_a_circle_that_leads_nowhere_is_not_looked_at() -> None:
    body = linked("GiveImage", 0, "SinkTeal", "image")
    body["nodes"].append(node(5, "PassImage", inputs=[socket("image", 9)], outputs=[out()]))
    body["links"].append([9, 5, 0, 5, 0, "IMAGE"])
    assert found(body) == []


# ---- API format --------------------------------------------------------------------------------------------


def prompt(**inputs: Any) -> Any:
    sink = {"image": ["1", 0], "size": 5, "style": "soft", **inputs}
    return {
        "1": {"class_type": "GiveImage", "inputs": {}},
        "2": {"class_type": "GiveText", "inputs": {}},
        "3": {"class_type": "PassImage", "inputs": {"image": ["1", 0]}},
        "9": {"class_type": "SinkTeal", "inputs": sink},
    }


@pytest.mark.parametrize(
    ("inputs", "wrong"),
    [
        ({}, []),
        ({"mask": ["1", 1], "size": ["1", 2]}, []),
        ({"image": ["2", 0]}, [("LINK003", "9", "image")]),
        ({"image": ["1", 7]}, [("LINK003", "9", "image")]),
        ({"image": ["1", -3]}, []),
        ({"style": ["2", 0]}, [("LINK003", "9", "style")]),
        ({"mask": ["77", 0]}, [("LINK003", "9", "mask")]),
        ({"image": ["77", 0]}, [("LINK001", "9", "image")]),
        ({"nobody_reads_it": ["77", 0]}, []),
        ({"image": ["9", 0]}, [("LINK003", "9", None)]),
        ({"image": ["3", 0]}, []),
    ],
)
def test_prompts(inputs: dict[str, Any], wrong: list[tuple[str, str, str | None]]) -> None:
    assert found(prompt(**inputs)) == wrong


def test_a_widget_that_is_linked() -> None:
    body = linked("GiveText", 0, "SinkTeal", "mask")
    body["nodes"][1]["inputs"][-1] = widget("style", 7)
    assert found(body) == [("LINK003", "2", "style")]


def test_a_widget_linked_to_a_muted_node_is_sent_with_nothing() -> None:
    """The page drops the link, and with it the value that the widget still shows."""
    for mode, expected in ((0, []), (2, [("LINK001", "2", "size")])):
        body = graph(
            node(1, "GiveImage", outputs=[out() for _ in range(4)]),
            node(2, "SinkTeal", 5, "soft", inputs=[socket("image", 7), widget("size", 8)]),
            node(3, "GiveNumber", outputs=[out(), out()], mode=mode),
            links=((7, 1, 0, 2, 0), (8, 3, 0, 2, 1)),
        )
        assert found(body) == expected


def test_a_widget_inside_a_subgraph_linked_to_a_muted_node_outside_is_sent_with_nothing() -> None:
    for mode, expected in ((0, []), (2, [("LINK001", "1:5", "size")])):
        inner = subgraph(
            "s",
            node(5, "SinkTeal", 5, "soft", inputs=[socket("image", 1), widget("size", 2)]),
            node(6, "GiveImage", outputs=[out()]),
            links=((1, 6, 0, 5, 0), (2, "-10", 0, 5, 1)),
            inputs=("size",),
        )
        body = graph(
            node(1, "s", inputs=[widget("size", 7)]),
            node(2, "GiveNumber", outputs=[out(), out()], mode=mode),
            links=((7, 2, 0, 1, 0),),
            subgraphs=[inner],
        )
        assert found(body) == expected
