"""A value is followed to where it stands, and a link to what feeds it, through everything that only hands on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from comfyfixersmart.core.explanation.anatomy.arithmetic import evaluate
from comfyfixersmart.core.explanation.anatomy.build import view_of
from comfyfixersmart.core.explanation.graph import Given, View
from comfyfixersmart.core.workflow.read import read_bytes

from .built import app


def seen(nodes: list[dict[str, Any]], links: list[list[Any]], **more: Any) -> View:
    body = json.dumps({"nodes": nodes, "links": links, **more}).encode()
    (workflow,) = read_bytes(body, "harbour").workflows
    return view_of(workflow, app().catalogue)


def node(
    number: int, kind: str, values: list[Any], inputs: Sequence[dict[str, Any]] = (), outs: str = ""
) -> dict[str, Any]:
    outputs = [{"name": one, "type": one} for one in outs.split()]
    return {"id": number, "type": kind, "mode": 0, "inputs": list(inputs), "outputs": outputs, "widgets_values": values}


def widget(name: str, link: int | None, kind: str = "INT") -> dict[str, Any]:
    return {"name": name, "type": kind, "link": link, "widget": {"name": name}}


def socket(name: str, kind: str, link: int | None) -> dict[str, Any]:
    return {"name": name, "type": kind, "link": link}


STEPS = node(1, "KSampler", [7, "fixed", 20, 6.5, "euler", "normal", 1.0], [widget("steps", 1)], "LATENT")


@pytest.mark.parametrize(
    ("feeding", "expected"),
    [
        (node(2, "PrimitiveInt", [12, "fixed"], outs="INT"), Given(12, "2", "value")),
        (node(2, "PrimitiveNode", [12, "fixed"], outs="INT"), Given(12, "1", "steps")),
        (node(2, "INTConstant", [12], outs="INT"), Given(12, "2", "value")),
        (node(2, "ImpactInt", [12], outs="INT"), Given(12, "2", "value")),
        (node(2, "DriftWood", [12], outs="INT"), Given(None, "2", "")),
    ],
)
def test_a_value_stands_where_it_would_be_changed(feeding: dict[str, Any], expected: Given) -> None:
    view = seen([STEPS, feeding], [[1, 2, 0, 1, 0, "INT"]])
    assert view.value(view.by_id["1"], "steps") == expected
    assert view.value(view.by_id["1"], "cfg") == Given(6.5, "1", "cfg")
    assert view.value(view.by_id["1"], "no such input") is None


def switch(taken: bool) -> list[dict[str, Any]]:
    inputs = [socket("on_true", "INT", 2), socket("on_false", "INT", 3), widget("switch", None, "BOOLEAN")]
    return [
        node(2, "ComfySwitchNode", [taken], inputs, "INT"),
        node(3, "PrimitiveInt", [8], outs="INT"),
        node(4, "PrimitiveInt", [30], outs="INT"),
    ]


@pytest.mark.parametrize(("taken", "expected"), [(True, Given(8, "3", "value")), (False, Given(30, "4", "value"))])
def test_a_switch_hands_on_the_branch_that_it_takes(taken: bool, expected: Given) -> None:
    view = seen([STEPS, *switch(taken)], [[1, 2, 0, 1, 0, "INT"], [2, 3, 0, 2, 0, "INT"], [3, 4, 0, 2, 1, "INT"]])
    assert view.value(view.by_id["1"], "steps") == expected
    assert view.branch(view.by_id["2"]) == ("on_true" if taken else "on_false")
    assert [feed.node.id for feed in view.feeds(view.by_id["1"]).values()] == [expected.node]


def test_a_switch_that_decides_by_itself_is_not_settled() -> None:
    inputs = [socket("on_true", "BOOLEAN", 1), socket("on_false", "BOOLEAN", None), widget("switch", 2, "BOOLEAN")]
    view = seen(
        [node(2, "ComfySwitchNode", [True], inputs, "BOOLEAN")],
        [[1, 2, 0, 2, 0, "BOOLEAN"], [2, 2, 0, 2, 2, "BOOLEAN"]],
    )
    assert view.branch(view.by_id["2"]) is None
    assert [one.id for one in view.order()] == ["2"]


def test_arithmetic_on_what_stands_in_the_graph_is_done() -> None:
    sums = node(
        2,
        "ComfyMathExpression",
        ["a * b + 1"],
        [socket("values.a", "FLOAT,INT", 2), socket("values.b", "FLOAT,INT", 3)],
        "FLOAT INT",
    )
    view = seen(
        [STEPS, sums, node(3, "PrimitiveInt", [5], outs="INT"), node(4, "PrimitiveInt", [16], outs="INT")],
        [[1, 2, 1, 1, 0, "INT"], [2, 3, 0, 2, 0, "INT"], [3, 4, 0, 2, 1, "INT"]],
    )
    assert view.value(view.by_id["1"], "steps") == Given(81, "2", "")


def test_a_picture_of_a_person_has_no_size_before_the_run() -> None:
    size = node(2, "GetImageSize", [], [socket("image", "IMAGE", 2)], "INT INT INT")
    photo = node(3, "LoadImage", ["pier.png", "image"], outs="IMAGE MASK")
    view = seen([STEPS, size, photo], [[1, 2, 0, 1, 0, "INT"], [2, 3, 0, 2, 0, "IMAGE"]])
    assert view.value(view.by_id["1"], "steps") == Given(None, "2", "")


def test_the_size_of_a_picture_that_is_scaled_to_numbers_is_known() -> None:
    size = node(2, "GetImageSize", [], [socket("image", "IMAGE", 2)], "INT INT INT")
    scale = node(3, "ImageScale", ["lanczos", 768, 512, "center"], [socket("image", "IMAGE", 3)], "IMAGE")
    photo = node(4, "LoadImage", ["pier.png", "image"], outs="IMAGE MASK")
    view = seen(
        [STEPS, size, scale, photo], [[1, 2, 1, 1, 0, "INT"], [2, 3, 0, 2, 0, "IMAGE"], [3, 4, 0, 3, 0, "IMAGE"]]
    )
    assert view.value(view.by_id["1"], "steps") == Given(512, "2", "")


@pytest.mark.parametrize(
    ("values", "side"), [(["16:9 (Widescreen)", 1.0, 8], (1368, 768)), (["1:1 (Square)", 1, 8], (1024, 1024))]
)
def test_an_aspect_ratio_and_megapixels_make_a_size(values: list[Any], side: tuple[int, int]) -> None:
    canvas = node(1, "EmptyLatentImage", [64, 64, 1], [widget("width", 1), widget("height", 2)], "LATENT")
    chosen = node(2, "ResolutionSelector", values, outs="INT INT")
    view = seen([canvas, chosen], [[1, 2, 0, 1, 0, "INT"], [2, 2, 1, 1, 1, "INT"]])
    assert [view.value(view.by_id["1"], name) for name in ("width", "height")] == [Given(one, "2", "") for one in side]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", 7.0), ("(a - b) * 2 // 3", 0), ("a & -4", 4), ("max(a, 9) if b > 2 else 0", 9), ("-a % 3", 2),
        ("round(a / b, 1)", 1.3), ("c", None), ("a / 0", None), ("__import__('os')", None), ("a.real", None), ("", None),
        ("9 ** 9 ** 9 ** 9", None), ("'x' * a", None), ("[a]", None), ("a + " * 90 + "a", None),
    ],
)  # fmt: skip
def test_a_formula_is_numbers_letters_and_plain_functions(text: str, expected: float | None) -> None:
    try:
        found = evaluate(text, {"a": 4, "b": 3, "c": None})
    except (ArithmeticError, ValueError, TypeError, SyntaxError, KeyError):
        found = None
    assert found == expected


def test_widgets_that_depend_on_the_first_one_have_their_names() -> None:
    view = seen([node(1, "ResizeImageMaskNode", ["scale dimensions", 640, 480, "center", "area"])], [])
    assert view.values(view.by_id["1"])["resize_type.height"] == 480
    view = seen([node(1, "ResizeImageMaskNode", ["scale total pixels", 1.5, "area"])], [])
    assert view.values(view.by_id["1"]) == {
        "resize_type": "scale total pixels",
        "resize_type.megapixels": 1.5,
        "scale_method": "area",
    }


def test_the_type_of_a_link_is_told_by_its_end_where_its_beginning_says_nothing() -> None:
    wild = node(2, "DriftWood", [], outs="*")
    decode = node(1, "VAEDecode", [], [socket("samples", "LATENT", 1)], "IMAGE")
    view = seen([decode, wild], [[1, 2, 0, 1, 0, "*"]])
    assert view.kind(view.by_id["1"], "samples") == "LATENT"
    assert view.kind(view.by_id["1"], "vae") == ""


def test_a_value_that_a_subgraph_host_sets_stands_at_the_node_inside() -> None:
    inner = [{**node(9, "EmptyLatentImage", [64, 64, 1], [widget("width", 1)], "LATENT")}]
    definition = {
        "id": "dock", "name": "Dock", "nodes": inner, "inputs": [{"name": "width"}], "outputs": [],
        "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 9, "target_slot": 0, "type": "INT"}],
    }  # fmt: skip
    host = {**node(5, "dock", [896]), "properties": {"proxyWidgets": [["-1", "width"]]}}
    view = seen([host], [], definitions={"subgraphs": [definition]})
    assert view.value(view.by_id["5:9"], "width") == Given(896, "5:9", "width")


def test_an_input_without_a_widget_shares_the_value_of_the_widget_beside_it() -> None:
    inner = [
        node(8, "TextGenerate", ["a pier", 256, "off"], [widget("prompt", 1)], "STRING"),
        node(9, "ComfySwitchNode", [False], [socket("on_false", "STRING", 2), socket("on_true", "STRING", 3), widget("switch", None)], "STRING"),
    ]  # fmt: skip
    ends = [(-10, 0, 8, 0), (-10, 0, 9, 0), (8, 0, 9, 1)]
    definition = {
        "id": "dock", "name": "Dock", "nodes": inner, "inputs": [{"name": "text"}], "outputs": [],
        "links": [
            {"id": place, "origin_id": a, "origin_slot": b, "target_id": c, "target_slot": d, "type": "STRING"}
            for place, (a, b, c, d) in enumerate(ends, 1)
        ],
    }  # fmt: skip
    host = {**node(5, "dock", []), "properties": {"proxyWidgets": [["8", "prompt"]]}}
    view = seen([host], [], definitions={"subgraphs": [definition]})
    assert view.value(view.by_id["5:9"], "on_false") == Given("a pier", "5:8", "prompt")


def test_values_are_not_named_where_a_name_cannot_be_true() -> None:
    view = seen([node(1, "KSampler", ["euler", "fixed", 20, 7.0, "euler", "normal", 1.0])], [])
    assert view.values(view.by_id["1"]) == {}
