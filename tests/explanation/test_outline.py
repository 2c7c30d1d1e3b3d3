"""What a graph says of itself, and nothing that it does not say."""

from __future__ import annotations

import json
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.explanation.outline import MAX_ROWS, Outline
from comfyfixersmart.core.inventory.known import nothing
from hypothesis import given, settings
from hypothesis import strategies as st


def said(graph: Any) -> Outline:
    outline = App(nothing("nothing is installed here")).look_at_graph(graph, "on the canvas")[1]
    assert outline is not None
    return outline


def node(number: int, kind: str, *values: object, **more: object) -> dict[str, Any]:
    return {"id": number, "type": kind, "mode": 0, "inputs": [], "outputs": [], "widgets_values": list(values), **more}


GRAPH = {
    "nodes": [
        node(1, "CheckpointLoaderSimple", "harbour_xl.safetensors", properties={"cnr_id": "comfy-core"}),
        node(2, "LoraLoader", "mist.safetensors", 0.8, 0.8, mode=4),
        node(3, "LoadImage", "pier.png", "image"),
        node(4, "SaveImage", "out", title="The result"),
        node(5, "MarkdownNote", "## Take 14\nUse the *long* lens.", title="How to use"),
        node(6, "Note", "  "),
        node(7, "FogMaker", properties={"cnr_id": "fog-pack"}),
        node(8, "Mystery"),
        node(9, "PreviewImage", mode=2),
    ],
    "links": [],
    "groups": [{"title": "Load"}, {"title": "Load"}, {"title": " "}, {"title": 5}, "x"],
}


def test_all_of_it() -> None:
    found = said(GRAPH)
    assert found.counts == (7, 5, 1, 1, 0)
    assert [(note.title, note.text) for note in found.notes] == [("How to use", "## Take 14\nUse the *long* lens.")]
    assert found.groups == ("Load",)
    assert [(one.name, one.folders, one.active) for one in found.models] == [
        ("harbour_xl.safetensors", ("checkpoints",), True),
        ("mist.safetensors", ("loras",), False),
    ]
    assert [(one.node_id, one.name) for one in found.inputs] == [("3", "pier.png")]
    assert [(one.node_id, one.title) for one in found.outputs] == [("4", "The result")]
    assert dict(found.packs) == {"comfy-core": 3, "fog-pack": 1, "": 1}
    assert json.loads(json.dumps(found.as_json()))["models"][0] == {
        "name": "harbour_xl.safetensors",
        "folders": ["checkpoints"],
        "node_id": "1",
        "class_type": "CheckpointLoaderSimple",
        "active": True,
    }


def test_an_api_prompt_has_no_notes_or_groups() -> None:
    prompt = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "harbour_xl.safetensors"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}, "_meta": {"title": "Keep"}},
    }
    found = said(prompt)
    assert (found.notes, found.groups) == ((), ())
    assert [one.title for one in found.outputs] == ["Keep"]


def test_a_huge_graph_gives_bounded_lists() -> None:
    graph = {"nodes": [node(n, "SaveImage", "x", title=f"{n}") for n in range(5000)], "links": []}
    found = said(graph)
    assert len(found.outputs) == MAX_ROWS and found.counts.nodes == 5000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": anything, "type": st.sampled_from(["Note", "SaveImage", "LoadImage"])},
            optional={"widgets_values": anything, "title": anything, "properties": anything, "mode": anything},
        ),
        max_size=5,
    ),
    anything,
)
def test_any_graph_has_an_outline(nodes: list[dict[str, Any]], groups: object) -> None:
    app = App(nothing("nothing is installed here"))
    checked, outline = app.look_at_graph({"nodes": nodes, "links": [], "groups": groups}, "x")
    assert checked.readiness.status
    assert outline is None or json.dumps(outline.as_json())
