"""Exactly what was edited is reported, through whatever else was done to the file."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comfyui_workflow_templates_json
import pytest
from comfyfixersmart.core.comparison import nearest
from comfyfixersmart.core.comparison.nearest import Nearest
from comfyfixersmart.core.workflow.read import read_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from .graphs import (
    APP,
    Raw,
    between,
    compare,
    copied,
    find,
    graph,
    link,
    node,
    picture,
    remove,
    rows,
    shuffled,
    unlink,
)


def edited(change: Callable[[Raw], Any], raw: Raw | None = None) -> list[tuple[Any, ...]]:
    """What is reported of one edit, the same with kept ids and with new ones (ids left out then)."""
    old = raw or picture()
    new = copied(old)
    change(new)
    kept = between(old, new)
    moved = between(old, shuffled(new))
    assert sorted(str((k, i, b, a)) for k, _, _, i, b, a in rows(moved) if k != "rewired") == sorted(
        str((k, i, b, a)) for k, _, _, i, b, a in rows(kept) if k != "rewired"
    )
    assert len(moved.differences) == len(kept.differences)
    return rows(kept)


def test_nothing_and_layout() -> None:
    same = between(picture(), picture())
    assert same.same and same.verdict == "Nothing differs." and same.matched == 8
    moved = between(picture(), shuffled(picture()))
    assert moved.same and moved.differences == () and moved.verdict == "Only the layout differs."


def test_a_value() -> None:
    found = edited(lambda raw: find(raw, 6)["widgets_values"].__setitem__(2, 8))
    assert found == [("changed", "6", "6", "steps", 24, 8)]


def test_one_and_one_point_nought_are_one_and_true_is_not() -> None:
    assert edited(lambda raw: find(raw, 6)["widgets_values"].__setitem__(6, 1)) == []
    assert edited(lambda raw: find(raw, 2)["widgets_values"].__setitem__(1, True)) == [
        ("changed", "2", "2", "strength_model", 0.8, True)
    ]


def test_a_fixed_seed_is_a_change_and_one_drawn_anew_is_not() -> None:
    assert edited(lambda raw: find(raw, 6)["widgets_values"].__setitem__(0, 8)) == [("changed", "6", "6", "seed", 7, 8)]
    old, new = picture(), picture()
    for raw, seed in ((old, 7), (new, 8)):
        find(raw, 6)["widgets_values"][:2] = [seed, "randomize"]
    found = between(old, new)
    assert [one.kind for one in found.differences] == ["seed"] and found.same
    assert found.verdict == "Nothing that runs differs: only a seed that is drawn anew at each run."


def test_what_happens_to_a_seed_after_a_run() -> None:
    found = edited(lambda raw: find(raw, 6)["widgets_values"].__setitem__(1, "increment"))
    assert found == [("changed", "6", "6", "control_after_generate", "fixed", "increment")]


def test_values_without_a_name_go_by_position() -> None:
    raw = graph([node(1, "FogMaker", ["thick", [1, {"a": 2}]])])
    found = edited(lambda new: find(new, 1)["widgets_values"][1][1].update(a=3), raw)
    assert found == [("changed", "1", "1", "value 2.2.a", 2, 3)]


def test_a_text_word_by_word() -> None:
    new = picture()
    find(new, 3)["widgets_values"][0] = "a lighthouse above the harbour at dusk"
    (one,) = between(picture(), new).differences
    assert one.what == "prompt" and ("-", "bay") in one.words and ("+", "harbour") in one.words
    assert one.text == "text: a lighthouse above the [-bay-] {+harbour+} at dusk"


def test_a_model_file() -> None:
    new = picture()
    find(new, 1)["widgets_values"][0] = "harbour_xl_v2.safetensors"
    found = between(picture(), new)
    assert [(one.kind, one.what) for one in found.differences] == [("changed", "model")]
    assert found.verdict == "1 change: a model file."


def test_a_removed_node_and_what_read_it() -> None:
    def change(raw: Raw) -> None:
        remove(raw, 2)
        link(raw, 1, 0, 6, 0)

    found = edited(change)
    assert [one[:4] for one in found] == [("removed", "2", None, ""), ("rewired", "6", "6", "model")]
    assert found[1][4:] == ("MODEL of LoraLoaderModelOnly (2)", "MODEL of CheckpointLoaderSimple (1)")


def test_what_follows_names_its_cause() -> None:
    new = picture()
    remove(new, 2)
    found = between(picture(), new)
    assert [one.follows for one in found.differences] == [-1, 0]
    assert found.verdict == "1 change: one LoRA removed." and found.as_json()["count"] == 1


def test_an_added_node() -> None:
    def change(raw: Raw) -> None:
        raw["nodes"].append(node(20, "LoraLoaderModelOnly", ["dusk.safetensors", 0.5], "MODEL", "MODEL"))
        link(raw, 2, 0, 20, 0)
        link(raw, 20, 0, 6, 0)

    assert [one[:4] for one in edited(change)] == [("added", None, "20", ""), ("rewired", "6", "6", "model")]


def test_a_cut_link() -> None:
    assert edited(lambda raw: unlink(raw, 7, 1)) == [
        ("rewired", "7", "7", "vae", "VAE of CheckpointLoaderSimple (1)", "nothing")
    ]


def test_another_type_in_the_same_place() -> None:
    found = edited(lambda raw: find(raw, 7).update(type="VAEDecodeTiled", widgets_values=[512, 64, 64, 8]))
    assert found == [("replaced", "7", "7", "", "VAEDecode", "VAEDecodeTiled")]


@pytest.mark.parametrize(("mode", "word"), [(2, "muted"), (4, "bypassed")])
def test_switched_off_is_one_difference(mode: int, word: str) -> None:
    found = edited(lambda raw: find(raw, 2).update(mode=mode))
    assert found == [("switched", "2", "2", "", "on", word)]


def test_a_title() -> None:
    found = edited(lambda raw: find(raw, 3).update(title="What to see"))
    assert found == [("renamed", "3", "3", "", "CLIPTextEncode", "What to see")]
    assert edited(lambda raw: find(raw, 5).update(title="Empty Latent Image")) == []


def test_notes_and_the_authors_remarks() -> None:
    old = picture()
    old["nodes"].append(node(30, "MarkdownNote", ["Use the long lens at dusk."], title="How"))
    old["groups"] = [{"title": "Load", "bounding": [0, 0, 1, 1]}]
    new = copied(old)
    find(new, 30)["widgets_values"] = ["Use the short lens at dusk."]
    new["groups"] = [{"title": "Read", "bounding": [5, 5, 1, 1]}]
    found = between(old, new)
    assert [one.kind for one in found.differences] == ["noted"] and found.same and found.metadata == 1
    assert found.verdict == "Nothing that runs differs: only a note and 1 remark of the author."


def test_what_is_bypassed_may_go_without_rewiring_anything() -> None:
    old = picture()
    find(old, 2)["mode"] = 4
    new = copied(old)
    remove(new, 2)
    link(new, 1, 0, 6, 0)
    assert [one[0] for one in rows(between(old, new))] == ["removed"]


def test_reroutes_and_primitives_are_looked_through() -> None:
    new = picture()
    new["nodes"] += [
        node(40, "Reroute", [], "any:*", "*"),
        node(41, "PrimitiveNode", [24, "fixed"], "", "INT"),
    ]
    find(new, 6)["inputs"].append({"name": "steps", "type": "INT", "link": None, "widget": {"name": "steps"}})
    link(new, 1, 2, 40, 0)
    link(new, 40, 0, 7, 1)
    link(new, 41, 0, 6, 4)
    assert between(picture(), new).differences == ()
    newer = copied(new)
    find(newer, 41)["widgets_values"][0] = 9
    (one,) = between(new, newer).differences
    assert (one.kind, one.old and one.old.id, one.input, one.before, one.after) == ("changed", "41", "steps", 24, 9)


def test_nodes_moved_into_a_subgraph_are_the_same_nodes() -> None:
    raw = picture()
    inner = [one for one in raw["nodes"] if one["id"] in (6, 7)]
    outer = [one for one in raw["nodes"] if one["id"] not in (6, 7)]
    names = ("model", "positive", "negative", "latent", "vae")
    ends = ((6, 0), (6, 1), (6, 2), (6, 3), (7, 1))
    links = [
        {"id": 100 + at, "origin_id": -10, "origin_slot": at, "target_id": one, "target_slot": into, "type": "*"}
        for at, (one, into) in enumerate(ends)
    ]
    links += [
        {"id": 110, "origin_id": 6, "origin_slot": 0, "target_id": 7, "target_slot": 0, "type": "LATENT"},
        {"id": 111, "origin_id": 7, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"},
    ]
    for one in links:
        for held in inner:
            if held["id"] == one["target_id"]:
                held["inputs"][one["target_slot"]]["link"] = one["id"]
    definition = {
        "id": "5f0c8b9e-6a2f-4d0e-9a52-0d3f6a7c1b2e", "name": "Paint", "nodes": inner, "links": links,
        "inputs": [{"name": name, "linkIds": [100 + at]} for at, name in enumerate(names)],
        "outputs": [{"name": "image", "linkIds": [111]}],
    }  # fmt: skip
    host = node(50, str(definition["id"]), [], "model positive negative latent vae", "IMAGE")
    new = graph(
        [*outer, host], (1, 0, 2, 0), (1, 1, 3, 0), (1, 1, 4, 0), (2, 0, 50, 0), (3, 0, 50, 1), (4, 0, 50, 2),
        (5, 0, 50, 3), (1, 2, 50, 4), (50, 0, 8, 0), definitions={"subgraphs": [definition]},
    )  # fmt: skip
    found = between(picture(), new)
    assert found.differences == () and found.matched == 8
    off = copied(new)
    find(off, 50)["mode"] = 2
    assert rows(between(new, off)) == [("switched", "50", "50", "", "on", "muted")]
    named = copied(new)
    find(named, 50)["title"] = "Sky"
    told = between(new, named)
    assert rows(told) == [("renamed", "50", "50", "", "Paint", "Sky")] and told.same
    find(named, 50)["title"] = "Paint"
    assert between(new, named).differences == (), "the title that it had without one"


def test_twins_may_change_places() -> None:
    def twins(order: list[int]) -> Raw:
        nodes = [node(1, "LoadImage", ["pier.png", "image"], "", "IMAGE MASK")]
        nodes += [node(number, "PreviewImage", [], "images:IMAGE") for number in order]
        return graph(nodes, *((1, 0, number, 0) for number in order))

    assert between(twins([2, 3, 4]), twins([9, 4, 2])).differences == ()
    assert [one.kind for one in between(twins([2, 3, 4]), twins([9, 4])).differences] == ["removed"]


def test_the_api_form_of_the_same_graph_says_nothing() -> None:
    old = picture()
    find(old, 2)["mode"] = 4
    names = {1: ["ckpt_name"], 3: ["text"], 4: ["text"], 5: ["width", "height", "batch_size"], 8: ["filename_prefix"]}
    values = {str(n): dict(zip(keys, find(old, n)["widgets_values"], strict=True)) for n, keys in names.items()}
    values["6"] = {"seed": 7, "steps": 24, "cfg": 6.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}
    wires = {
        "3": {"clip": ["1", 1]}, "4": {"clip": ["1", 1]}, "7": {"samples": ["6", 0], "vae": ["1", 2]},
        "6": {"model": ["1", 0], "positive": ["3", 0], "negative": ["4", 0], "latent_image": ["5", 0]},
        "8": {"images": ["7", 0]},
    }  # fmt: skip
    api = {
        str(one["id"]): {
            "class_type": one["type"],
            "inputs": {**values.get(str(one["id"]), {}), **wires.get(str(one["id"]), {})},
            "_meta": {"title": f"A title of {one['id']}"},
        }
        for one in old["nodes"]
        if one["id"] != 2
    }
    assert between(old, api).differences == ()
    api["6"]["inputs"]["steps"] = 9
    assert [one[3:] for one in rows(between(old, api))] == [("steps", 24, 9)]


def templates() -> list[Path]:
    folder = Path(comfyui_workflow_templates_json.__file__).parent / "templates"
    return sorted(folder.glob("*.json"))


@pytest.mark.parametrize("path", random.Random("templates").sample(templates(), 25), ids=lambda path: path.stem)
def test_templates_are_equal_to_themselves(path: Path) -> None:
    data = path.read_bytes()
    for old, new in zip(read_bytes(data, "a").workflows, read_bytes(data, "b").workflows, strict=True):
        found = compare(old, new, APP.catalogue)
        assert found.same and not found.differences and found.verdict == "Nothing differs."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 8), st.sampled_from(["id", "type", "mode", "inputs", "outputs", "widgets_values", "title"]), JSON)
def test_damaged_graphs_are_compared_all_the_same(number: int, key: str, value: Any) -> None:
    new = picture()
    find(new, number)[key] = value
    json.dumps(between(picture(), new).as_json())
    assert between(new, new).differences == ()


@settings(max_examples=60, deadline=None)
@given(JSON, JSON)
def test_any_value(before: Any, after: Any) -> None:
    old, new = (graph([node(1, "FogMaker", ["x", value])]) for value in (before, after))
    assert between(old, copied(old) if before == before else old).same
    between(old, new)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 2), st.integers(1, 8), st.integers(0, 3)), max_size=14),
    st.integers(),
)
def test_circles_and_wild_links(wires: list[tuple[int, int, int, int]], seed: int) -> None:
    raw = picture()
    raw["links"] = []
    for origin, out, target, into in wires:
        if into < len(find(raw, target)["inputs"]):
            link(raw, origin, out, target, into)
    between(picture(), raw)
    assert between(raw, shuffled(raw, seed)).same


def test_of_two_links_at_an_output_the_one_that_the_subgraph_lists_first_counts() -> None:
    def two(listed: list[int], order: int) -> Raw:
        inner = [node(1, "LoadImage", ["a.png"], "", "IMAGE"), node(2, "LoadImage", ["b.png"], "", "IMAGE")]
        links = [
            {"id": 10 + one, "origin_id": one, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"}
            for one in (1, 2)
        ]
        definition = {"id": "d", "name": "Two", "nodes": inner, "links": links[::order], "inputs": []}
        definition["outputs"] = [{"name": "image", "linkIds": listed}]
        nodes = [node(3, "d", [], "", "IMAGE"), node(4, "SaveImage", ["out"], "images:IMAGE")]
        return graph(nodes, (3, 0, 4, 0), definitions={"subgraphs": [definition]})

    assert between(two([12, 11], 1), two([12, 11], -1)).differences == ()
    found = between(two([12, 11], 1), two([11, 12], 1))
    assert [(one.kind, one.input) for one in found.differences] == [("rewired", "images")]


def test_second_thoughts_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of samplers of which each has another seed and number: nothing tells which is which."""
    looks = []
    cost = Nearest._cost
    monkeypatch.setattr(Nearest, "_cost", lambda self, one: looks.append(one) or cost(self, one))
    monkeypatch.setattr(nearest, "_MOST_COSTS", 500)

    def row(first: int, seed: int) -> Raw:
        ids = range(first, first + 40)
        return {
            str(one): {
                "class_type": "KSampler",
                "inputs": {"seed": seed + one % 7, "steps": 20, **({"latent_image": [str(one - 1), 0]} if one > first else {})},
            }
            for one in ids
        }  # fmt: skip

    assert between(row(10, 1), row(900, 100)).matched == 40
    assert len(looks) < 1_000
