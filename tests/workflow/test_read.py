"""Bytes → Workflows: every spelling of a graph that was seen, and every way a file can be bad."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from comfyfixersmart.core.workflow.read import MAX_GRAPH_BYTES, read, read_bytes, read_json

from . import media_samples as media
from .graphs import api, graph, node, out, reading, socket, types, workflow

PLAIN = graph(
    node(1, "HeronSource", outputs=[out(links=[7])]),
    node(2, "HeronSink", inputs=[socket("images", 7)]),
    links=((7, 1, 0, 2, 0),),
)
PROMPT = api(n1=("HeronSource", {}), n2=("HeronSink", {"images": ["1", 0]}))
KINDS = ["HeronSource", "HeronSink"]


def kinds(data: bytes, name: str = "moor.json") -> list[str]:
    found = read_bytes(data, name)
    assert not found.problems, found.problems
    assert len(found.workflows) == 1
    return [one.class_type for one in found.workflows[0].nodes]


def problem(data: bytes) -> str:
    found = read_bytes(data, "bad.json")
    assert found.workflows == []
    assert len(found.problems) == 1
    assert found.problems[0].name == "bad.json"
    assert found.problems[0].message.endswith(".")
    return found.problems[0].code


# ---- UI graphs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "links",
    [
        [[7, 1, 0, 2, 0, "IMAGE"]],
        [[7, 1, 0, 2, 0]],
        [{"id": 7, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0, "type": "IMAGE"}],
        {"7": [7, 1, 0, 2, 0, "IMAGE"]},
        {"7": {"id": 7, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0}},
        [["7", "1", 0, "2", 0, "IMAGE"]],
        [[7.0, 1.0, 0, 2.0, 0, "IMAGE"]],
    ],
    ids=["arrays", "short arrays", "objects", "dict of arrays", "dict of objects", "string ids", "float ids"],
)
def test_links_in_every_spelling(links: Any) -> None:
    link = workflow({**PLAIN, "links": links}).root.link("7")
    assert link is not None
    assert (link.origin, link.origin_slot, link.target, link.target_slot) == ("1", 0, "2", 0)


@pytest.mark.parametrize(("own", "flat"), [(3, "3"), ("3", "3"), (3.0, "3"), ("knot-a", "knot-a"), (-4, "-4")])
def test_ids_in_every_spelling(own: Any, flat: str) -> None:
    found = workflow(graph(node(own, "Wren"), node(99, "Teal")))
    assert types(found)[0] == (flat, "Wren", True)
    assert found.by_id(flat) is found.nodes[0]


def test_an_id_of_a_strange_type_still_gives_a_node() -> None:
    found = workflow(graph(node(None, "Wren"), node([1], "Teal"), node({"a": 1}, "Knot"), node(True, "Ruff")))
    assert [kind for _, kind, _ in types(found)] == ["Wren", "Teal", "Knot", "Ruff"]
    assert len({flat for flat, _, _ in types(found)}) == 4


@pytest.mark.parametrize(
    ("stored", "read_as"),
    [([1, "a"], [1, "a"]), ({"x": 1}, {"x": 1}), (None, []), ("text", []), (5, []), (True, [])],
)
def test_widget_values_of_every_type(stored: Any, read_as: Any) -> None:
    found = workflow(graph(node(1, "Wren", widgets_values=stored)))
    assert found.nodes[0].widgets == read_as


def test_entries_that_are_no_nodes_are_passed_over_with_a_warning() -> None:
    found = workflow(graph(node(1, "Wren"), "text", 5, None, [], {"id": 2}, {"id": 3, "type": 7}))
    assert [kind for _, kind, _ in types(found)] == ["Wren"]
    assert len(found.warnings) == 6


def test_two_nodes_with_one_id_are_both_kept_and_told() -> None:
    found = workflow(graph(node(1, "Wren"), node(1, "Teal"), node("1", "Knot")))
    assert [kind for _, kind, _ in types(found)] == ["Wren", "Teal", "Knot"]
    assert len({flat for flat, _, _ in types(found)}) == 3
    assert len(found.warnings) == 2


def test_a_mode_that_is_not_muted_or_bypassed_runs() -> None:
    modes = [0, 1, 2, 3, 4, None, "4", [], {}, 2.0]
    found = workflow(graph(*(node(place, "Wren", mode=mode) for place, mode in enumerate(modes))))  # type: ignore[arg-type]
    off = {int(flat) for flat, _, active in types(found) if not active}
    assert off == {2, 4, 9}  # 2.0 means 2


def test_titles_and_pack_hints() -> None:
    named = node(1, "Wren", title="First wren", properties={"cnr_id": "Wren-Pack", "aux_id": "a/wren", "ver": "1.2"})
    blank = node(2, "Teal", title="  ", properties={"cnr_id": 5, "ver": "1"})
    found = workflow(graph(named, blank, node(3, "Knot", title=5, properties=[])))
    assert [one.title for one in found.nodes] == ["First wren", "Teal", "Knot"]
    assert found.nodes[0].pack == ("Wren-Pack", "a/wren", "1.2")
    assert found.nodes[1].pack is None
    assert found.nodes[2].pack is None


def test_type_names_stay_byte_exact() -> None:
    names = ["Wren ", "wren", "WREN", "Wren ☂️", "鷺"]
    assert [one.class_type for one in workflow(graph(*(node(i, n) for i, n in enumerate(names)))).nodes] == names


def test_an_empty_graph_is_a_workflow() -> None:
    assert workflow({"nodes": [], "links": []}).nodes == []


# ---- API graphs --------------------------------------------------------------------------------------------


def test_an_api_graph() -> None:
    found = workflow(PROMPT)
    assert found.format == "api"
    assert types(found) == [("1", "HeronSource", True), ("2", "HeronSink", True)]
    link = found.root.link(found.nodes[1].slots[0].link)
    assert link is not None
    assert (link.origin, link.origin_slot) == ("1", 0)


def test_keys_beside_the_nodes_are_no_nodes() -> None:
    beside = {"_meta": {"a": 1}, "_comment": "x", "extra": {"ds": {}}, "extraMetadata": "{}", "n": [1], "version": 0.4}
    found = workflow({**beside, **PROMPT})
    assert [one.class_type for one in found.nodes] == KINDS
    assert found.warnings == []


def test_a_node_saved_without_class_type_is_told() -> None:
    found = workflow({**PROMPT, "9": {"inputs": {"a": 1}}})
    assert [one.class_type for one in found.nodes] == KINDS
    assert "Node 9" in found.warnings[0]


@pytest.mark.parametrize("value", [["1", 0], [1, 0], ["5:3", 2]])
def test_a_link_value(value: Any) -> None:
    found = workflow(api(n1=("Wren", {"a": value, "b": "text"})))
    assert [slot.name for slot in found.nodes[0].slots] == ["a"]
    assert found.nodes[0].widgets == {"b": "text"}


@pytest.mark.parametrize("value", [["1"], ["1", "0"], [True, 0], ["1", 0, 0], [[1], 0], ["1", True], [], None, {}])
def test_a_list_that_is_no_link_is_a_value(value: Any) -> None:
    found = workflow(api(n1=("Wren", {"a": value})))
    assert found.nodes[0].slots == ()
    assert found.nodes[0].widgets == {"a": value}


def test_api_titles_and_ids_with_a_colon() -> None:
    found = workflow({"12:3": {"class_type": "Wren", "inputs": {}, "_meta": {"title": "Deep wren"}, "is_changed": 1}})
    assert found.nodes[0].title == "Deep wren"
    assert found.by_id("12:3") is found.nodes[0]


@pytest.mark.parametrize("inputs", [None, [], "text", 5])
def test_api_inputs_of_a_wrong_type(inputs: Any) -> None:
    found = workflow({"1": {"class_type": "Wren", "inputs": inputs}, "2": {"class_type": "Teal"}})
    assert [one.widgets for one in found.nodes] == [{}, {}]


# ---- wrapped -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"workflow": PLAIN}, "json:/workflow"),
        ({"input": {"workflow": PLAIN, "images": []}}, "json:/input/workflow"),
        ({"workflow": json.dumps(PLAIN)}, "json:/workflow"),
        (json.dumps(PLAIN), "json"),
        ({"extra_data": {"extra_pnginfo": {"workflow": PLAIN}}}, "json:/extra_data/extra_pnginfo/workflow"),
        ([{"note": 1}, {"workflow": PLAIN}], "json:/1/workflow"),
        ({"a": json.dumps({"workflow": json.dumps(PLAIN)})}, "json:/a/workflow"),
    ],
)
def test_a_wrapped_graph_is_found(body: Any, place: str) -> None:
    found = workflow(body)
    assert [one.class_type for one in found.nodes] == KINDS
    assert found.carrier == place
    assert found.name == "moor.json"


def test_a_wrapped_api_graph_is_found() -> None:
    assert workflow({"input": {"prompt": PROMPT}}).format == "api"
    assert workflow({"prompt": json.dumps(PROMPT)}).format == "api"


@pytest.mark.parametrize("first", ["prompt", "workflow"])
def test_where_both_stand_together_the_ui_graph_is_the_workflow(first: str) -> None:
    both = {"prompt": PROMPT, "workflow": PLAIN}
    found = reading({first: both[first], **both})
    assert [(one.name, one.format) for one in found.workflows] == [("moor.json", "ui")]
    assert [(one.name, one.format) for one in found.prompts] == [("moor.json", "api")]


def test_several_graphs_in_one_file_are_numbered() -> None:
    found = reading([{"workflow": PLAIN}, {"workflow": PLAIN}, {"prompt": PROMPT}])
    assert [(one.name, one.format) for one in found.workflows] == [
        ("moor.json", "ui"),
        ("moor.json#2", "ui"),
        ("moor.json#3", "api"),
    ]


def test_a_graph_inside_a_graph_is_not_taken_twice() -> None:
    assert len(reading({**PLAIN, "extra": {"prompt": PROMPT}}).workflows) == 1


@pytest.mark.parametrize(
    "wrap", [lambda inner: {"a": inner}, lambda inner: [inner], json.dumps], ids=["object", "list", "text"]
)
def test_wrapping_without_end_ends(wrap: Any) -> None:
    body: Any = PLAIN
    for _ in range(14 if wrap is json.dumps else 60):
        body = wrap(body)
    start = time.perf_counter()
    found = reading(body)
    assert time.perf_counter() - start < 1
    assert len(found.workflows) + len(found.problems) == 1


def test_a_crowd_of_graphs_is_bounded() -> None:
    assert len(reading([{"workflow": PLAIN}] * 500).workflows) <= 64


def test_json_without_a_graph_says_so() -> None:
    for body in ({}, [], {"a": 1}, {"nodes": 5}, {"nodes": "x"}, {"nodes": [1, 2]}, None, 5, "text", True):
        assert problem(json.dumps(body).encode()) in ("no_workflow", "not_json")


# ---- encodings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(encoding: str) -> None:
    data = json.dumps(graph(node(1, "鷺 ☂")), ensure_ascii=False).encode(encoding)
    assert kinds(data) == ["鷺 ☂"]


def test_utf_16_wrapped() -> None:
    assert kinds(json.dumps({"workflow": PLAIN}).encode("utf-16")) == KINDS
    assert kinds(json.dumps({"workflow": PLAIN}).encode("utf-16-be")) == KINDS


def test_white_space_before_the_graph() -> None:
    assert kinds(b"\n\t " + json.dumps(PLAIN).encode()) == KINDS
    assert kinds(b"\xef\xbb\xbf\r\n" + json.dumps(PLAIN).encode()) == KINDS


def test_nan_and_infinity_are_read() -> None:
    text = json.dumps(api(n1=("Wren", {"a": float("nan"), "b": float("inf")})))
    assert "NaN" in text
    assert kinds(text.encode()) == ["Wren"]


def test_lone_surrogates_are_read() -> None:
    found = read_bytes(b'{"nodes": [{"id": 1, "type": "W\\ud800", "pos": [0, 0]}], "links": []}', "a.json")
    assert found.workflows[0].nodes[0].class_type == "W\ud800"


def test_repeated_keys_and_deep_values_are_read() -> None:
    deep = "[" * 900 + "]" * 900
    assert kinds(f'{{"nodes": [], "nodes": [{{"id": 1, "type": "Wren", "x": {deep}}}], "links": []}}'.encode()) == [
        "Wren"
    ]


# ---- bad files ---------------------------------------------------------------------------------------------


WHOLE = json.dumps(PLAIN).encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (WHOLE[:-1], "truncated"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        (b"{", "truncated"),
        (b'{"nodes": [{"id": 1, "type": "Wr', "truncated"),
        (WHOLE + b"}", "trailing_data"),
        (WHOLE + WHOLE, "trailing_data"),
        (b'{"nodes": [],}', "not_json"),
        (b"Not a graph at all", "not_json"),
        (b"\xff\xfe\x00\x01\x80", "not_json"),
        (b"\x80\x81\x82", "not_json"),
        (b"[" * 200_000, "too_deep"),
        (b'{"nodes":' * 100_000, "too_deep"),
        (b'{"a": ' + b"9" * 1_000_000 + b"}", "not_json"),
        (b'{"nodes": [], "links": []}' + b" " * MAX_GRAPH_BYTES, "too_large"),
        (b"\0" * 100, "not_json"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:12]),
)
def test_bad_files_become_one_problem_each(data: bytes, code: str) -> None:
    start = time.perf_counter()
    assert problem(data) == code
    assert time.perf_counter() - start < 1


def test_a_file_over_the_limit_is_refused_without_being_read_whole() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = len(buffer)
            self.given += size
            buffer[:] = b"{" + b" " * (size - 1) if self.given == size else b" " * size
            return size

    stream = Endless()
    found = read(stream, 5 << 30, "huge.json")  # type: ignore[arg-type]
    assert found.problems[0].code == "too_large"
    assert stream.given <= MAX_GRAPH_BYTES + 65_536


def test_a_file_that_grows_or_shrinks_while_read() -> None:
    data = json.dumps(PLAIN).encode()
    assert read(io.BytesIO(data), len(data) + 100, "a.json").workflows
    assert read(io.BytesIO(data + b"  "), len(data), "a.json").workflows
    assert read(io.BytesIO(b""), 500, "a.json").problems[0].code == "empty"


def test_a_stream_that_hands_out_little_at_a_time_is_read_whole() -> None:
    class Slow(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            part = self.data.read(min(len(buffer), 1000))
            buffer[: len(part)] = part
            return len(part)

    data = json.dumps({**PLAIN, "extra": {"note": "x" * 20_000}}).encode()
    assert read(Slow(data), len(data), "slow.json").workflows  # type: ignore[arg-type]


def test_problems_name_the_remedy_where_there_is_one() -> None:
    assert read_json(b"", "a.json").problems[0].hint
    assert read_json(WHOLE[:-3], "a.json").problems[0].hint


# ---- bombs -------------------------------------------------------------------------------------------------


def bomb(levels: int, width: int) -> Any:
    """Definitions that each hold `width` instances of the next: width ** levels nodes."""
    definitions = [
        {"id": f"d{level}", "nodes": [node(i, f"d{level + 1}") for i in range(width)], "links": []}
        for level in range(levels)
    ]
    last = {"id": f"d{levels}", "nodes": [node(1, "Wren")], "links": []}
    return graph(node(1, "d0"), subgraphs=[*definitions, last])


def test_an_exponential_subgraph_bomb_ends_fast_with_a_problem() -> None:
    start = time.perf_counter()
    found = reading(bomb(30, 10))
    assert time.perf_counter() - start < 3
    assert [one.code for one in found.problems] == ["too_large"]
    assert found.workflows == []


def test_a_wide_bomb_of_empty_subgraphs_ends_fast() -> None:
    empty = {"id": "d1", "nodes": [], "links": []}
    rows = {"id": "d0", "nodes": [node(i, "d1") for i in range(2000)], "links": []}
    start = time.perf_counter()
    found = reading(graph(*(node(i, "d0") for i in range(2000)), subgraphs=[rows, empty]))
    assert time.perf_counter() - start < 3
    assert [one.code for one in found.problems] == ["too_large"]


def test_sixty_levels_are_read_and_more_are_told() -> None:
    assert len(workflow(bomb(60, 1)).nodes) == 1
    deep = reading(bomb(200, 1))
    assert deep.problems or deep.workflows[0].warnings


def test_a_subgraph_inside_itself_cannot_be_read() -> None:
    own = {"id": "d0", "name": "Loop", "nodes": [node(1, "d0"), node(2, "Wren")], "links": []}
    found = reading(graph(node(5, "d0"), subgraphs=[own]))
    assert [(one.code, "Loop" in one.message) for one in found.problems] == [("cyclic_subgraph", True)]
    assert not found.workflows


def test_two_subgraphs_inside_each_other_cannot_be_read() -> None:
    one = {"id": "d0", "name": "One", "nodes": [node(1, "d1"), node(2, "Wren")], "links": []}
    two = {"id": "d1", "name": "Two", "nodes": [node(1, "d0"), node(2, "Teal")], "links": []}
    found = reading(graph(node(5, "d0"), node(6, "d1"), subgraphs=[one, two]))
    assert [problem.code for problem in found.problems] == ["cyclic_subgraph"]


def test_a_subgraph_inside_itself_that_nothing_uses_does_no_harm() -> None:
    own = {"id": "d0", "name": "Loop", "nodes": [node(1, "d0")], "links": []}
    assert types(workflow(graph(node(5, "Wren"), subgraphs=[own]))) == [("5", "Wren", True)]


# ---- media -------------------------------------------------------------------------------------------------


def test_a_picture_with_both_gives_the_ui_graph_and_keeps_the_prompt() -> None:
    data = media.png(media.text("prompt", json.dumps(PROMPT)), media.text("workflow", json.dumps(PLAIN)))
    found = read_bytes(data, "moor.png")
    assert found.container == "png"
    assert [(one.format, one.name) for one in found.workflows] == [("ui", "moor.png")]
    assert [one.format for one in found.prompts] == ["api"]
    assert found.workflows[0].carrier.startswith("png:")


def test_a_picture_with_only_a_prompt() -> None:
    found = read_bytes(media.png(media.text("prompt", json.dumps(PROMPT))), "moor.png")
    assert [one.format for one in found.workflows] == ["api"]


def test_the_suffix_of_a_file_never_decides() -> None:
    assert read_bytes(media.png(media.text("workflow", json.dumps(PLAIN))), "moor.json").workflows
    assert read_bytes(json.dumps(PLAIN).encode(), "moor.png").workflows


def test_the_same_graph_in_two_places_of_a_picture_counts_once() -> None:
    block = media.exif({0x010F: b"workflow:" + WHOLE, 0x010E: b"Workflow: " + WHOLE})
    assert len(read_bytes(media.webp(block), "moor.webp").workflows) == 1


def test_a_picture_without_a_graph_and_one_with_a_broken_one() -> None:
    assert read_bytes(media.png(), "a.png").problems[0].code == "no_workflow"
    broken = read_bytes(media.png(media.text("workflow", '{"nodes": [')), "a.png")
    assert [one.code for one in broken.problems] == ["not_json"]
    assert "workflow" in broken.problems[0].message


def test_nan_in_a_picture_s_prompt() -> None:
    text = json.dumps(api(n1=("Wren", {"a": float("nan")})))
    assert read_bytes(media.png(media.text("prompt", text)), "a.png").workflows


def test_a_picture_whose_prompt_is_broken_still_gives_its_workflow() -> None:
    data = media.png(media.text("prompt", "{broken"), media.text("workflow", json.dumps(PLAIN)))
    found = read_bytes(data, "moor.png")
    assert [one.format for one in found.workflows] == ["ui"]


def test_a_picture_with_two_damaged_texts_is_one_problem() -> None:
    data = media.png(media.text("prompt", "{broken"), media.text("workflow", '{"nodes": ['))
    assert len(read_bytes(data, "moor.png").problems) == 1
