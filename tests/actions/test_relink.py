"""Other names in a workflow: in all places that count, in no other, and every other byte as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions import relink
from comfyfixersmart.core.actions.types import ActionFailed, Edit
from comfyfixersmart.core.catalogue.build import build
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.requirements.references import Vocabulary
from comfyfixersmart.core.requirements.scan import Scanner
from comfyfixersmart.core.requirements.types import EMBEDDING, LORA_TAG, MODEL, NodeRef, Requirement, Requirements
from comfyfixersmart.core.workflow.read import read_bytes

OLD, NEW = "old.safetensors", "sub/néw (1).safetensors"
SCANNER = Scanner(
    build({}, document("nodes"), document("virtual_types")), Vocabulary.from_document(document("references"))
)


def scan(data: bytes, name: str = "x.json") -> Requirements:
    """What the workflow of this name in a file asks for."""
    (found,) = [one for one in read_bytes(data, name.partition("#")[0]).workflows if one.name == name]
    return SCANNER.scan(found)


def asked(needs: Requirements, name: str, kind: str = MODEL) -> set[str]:
    """The nodes that ask for it."""
    return {node.id for one in needs.items if one.kind == kind and one.name == name for node in one.nodes}


def relinked(body: Any, before: str = OLD, after: str = NEW, *, kind: str = MODEL, name: str = "x.json") -> Any:
    """The workflow after all that ask for `before` were told `after`; checked on the way."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    needs = scan(data, name)
    (need,) = [one for one in needs.items if one.kind == kind and one.name == before and one.active]
    edits = relink.edits(data, need.nodes, before, after, workflow=name)
    new = relink.apply(data, edits)
    check(needs, need, scan(new, name), after)
    assert relink.apply(new, [one._replace(before=one.after, after=one.before) for one in edits]) == data
    return new if isinstance(body, bytes) else json.loads(new)


def check(was: Requirements, need: Requirement, now: Requirements, after: str) -> None:
    """The nodes of `need` ask for `after`, none of them for the old name, and all else is asked for as before."""
    ids = {node.id for node in need.nodes}
    assert ids <= asked(now, after, need.kind)
    assert not ids & asked(now, need.name, need.kind)
    told = (need.name, after)
    assert [one for one in was.items if one.name not in told] == [one for one in now.items if one.name not in told]
    assert was.violations == now.violations and was.warnings == now.warnings


def node(id: Any, kind: str = "CheckpointLoaderSimple", widgets: Any = (OLD,), **more: Any) -> dict[str, Any]:
    return {"id": id, "type": kind, "pos": [0, 0], "mode": 0, "widgets_values": widgets, **more}


def graph(*nodes: Any, **more: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "links": [], **more}


# ---- where a name stands ------------------------------------------------------------------------------------


def test_the_nodes_own_value() -> None:
    body = graph(node(1), node(2, "VAELoader", [OLD]), node(3, widgets=["other.safetensors"]))
    data = json.dumps(body).encode()
    first = next(one for one in scan(data).items if one.name == OLD and "checkpoints" in one.folders)
    edits = relink.edits(data, first.nodes, OLD, NEW)
    assert edits == (Edit("/nodes/0/widgets_values/0", OLD, NEW),), "the other folder's node is not named"


def test_rows() -> None:
    row = {"on": True, "lora": OLD, "strength": 1}
    other = {"on": True, "lora": "x.safetensors"}
    found = relinked(graph(node(1, "Power Lora Loader (rgthree)", [{}, row, other, ""])))
    assert found["nodes"][0]["widgets_values"] == [{}, {**row, "lora": NEW}, other, ""]


def test_values_by_name_but_not_what_a_player_shows() -> None:
    values = {"ckpt": OLD, "videopreview": {"params": {"filename": OLD}}}
    found = relinked(graph(node(2, "VHS_VideoCombine", values)))
    assert found["nodes"][0]["widgets_values"] == {**values, "ckpt": NEW}


def test_what_properties_call_it() -> None:
    hint = {"name": OLD, "url": "https://heron.example/x", "directory": "checkpoints"}
    body = graph(node(1, properties={"models": [hint, {**hint, "name": "other"}]}), node(2, "Note", [OLD]))
    found = relinked(body)
    assert [one["name"] for one in found["nodes"][0]["properties"]["models"]] == [NEW, "other"]
    assert found["nodes"][1]["widgets_values"] == [OLD], "a note is no node that asks"


def test_two_inputs_that_say_the_same() -> None:
    slots = [{"name": name, "type": "COMBO", "widget": {"name": name}} for name in ("ckpt_name", "vae_name")]
    body = graph(node(1, "Efficient Loader", [OLD, OLD], inputs=slots))
    data = json.dumps(body).encode()
    ref = NodeRef("1", "Efficient Loader", "", "vae_name")
    assert relink.edits(data, [ref], OLD, NEW) == (Edit("/nodes/0/widgets_values/1", OLD, NEW),)
    assert len(relink.edits(data, [ref._replace(input=None)], OLD, NEW)) == 2
    body = {"1": {"class_type": "Efficient Loader", "inputs": {"ckpt_name": OLD, "vae_name": OLD}}}
    assert relink.edits(json.dumps(body).encode(), [ref], OLD, NEW) == (Edit("/1/inputs/vae_name", OLD, NEW),)


def subgraph(*nodes: Any, id: str = "sg", inputs: Any = (), links: Any = (), **more: Any) -> dict[str, Any]:
    return {"id": id, "name": id, "nodes": list(nodes), "inputs": list(inputs), "links": list(links), **more}


def test_inside_a_subgraph_that_two_instances_share() -> None:
    body = graph(
        node(12, "sg", []), node(13, "sg", []), definitions={"subgraphs": [subgraph(node(3), node(4, "Note", [""]))]}
    )
    found = relinked(body)
    assert found["definitions"]["subgraphs"][0]["nodes"][0]["widgets_values"] == [NEW]
    data = json.dumps(body).encode()
    refs = [NodeRef(id, "", "") for id in ("12:3", "13:3")]
    assert relink.edits(data, refs, OLD, NEW) == (Edit("/definitions/subgraphs/0/nodes/0/widgets_values/0", OLD, NEW),)


def test_a_value_that_the_host_hands_down_by_proxy() -> None:
    host = node(12, "sg", ["a", OLD], properties={"proxyWidgets": [["4", "text"], ["3", "ckpt_name"]]})
    slot = {"name": "ckpt_name", "type": "COMBO", "widget": {"name": "ckpt_name"}}
    for inner in ("stale.safetensors", OLD):
        inside = subgraph(node(3, widgets=[inner], inputs=[slot]), node(4, "CLIPTextEncode", ["b"]))
        found = relinked(graph(host, definitions={"subgraphs": [inside]}))
        assert found["nodes"][0]["widgets_values"] == ["a", NEW]
        told = found["definitions"]["subgraphs"][0]["nodes"][0]["widgets_values"]
        assert told == [NEW if inner == OLD else inner], "a page that reads the inner value finds the new name too"


def inner_input(**more: Any) -> dict[str, Any]:
    """A subgraph whose one input ends at the widget of its one node."""
    slot = {"name": "ckpt_name", "type": "COMBO", "widget": {"name": "ckpt_name"}, "link": 7}
    link = {"id": 7, "origin_id": -10, "origin_slot": 0, "target_id": 3, "target_slot": 0, "type": "COMBO"}
    return subgraph(node(3, inputs=[slot]), inputs=[{"name": "ckpt_name", "type": "COMBO"}], links=[link], **more)


def test_a_value_that_the_host_hands_down_through_an_input() -> None:
    body = graph(
        node(12, "sg", [OLD]), node(13, "sg", ["mine.safetensors"]), definitions={"subgraphs": [inner_input()]}
    )
    found = relinked(body)
    assert [one["widgets_values"] for one in found["nodes"]] == [[NEW], ["mine.safetensors"]]


@pytest.mark.parametrize("linked", [True, False])
def test_through_two_hosts_of_which_one_hides_the_other(linked: bool) -> None:
    slot = {"name": "ckpt_name", "type": "COMBO", "widget": {"name": "ckpt_name"}, "link": 9 if linked else None}
    link = {"id": 9, "origin_id": -10, "origin_slot": 0, "target_id": 12, "target_slot": 0, "type": "COMBO"}
    inner_host = node(12, "sg", [OLD], inputs=[slot], properties={"proxyWidgets": [["-1", "ckpt_name"]]})
    inputs = [{"name": "ckpt_name", "type": "COMBO"}] if linked else []
    outer = subgraph(inner_host, id="outer", inputs=inputs, links=[link] if linked else [])
    host = node(20, "outer", [OLD], properties={"proxyWidgets": [["-1" if linked else "12", "ckpt_name"]]})
    found = relinked(graph(host, definitions={"subgraphs": [outer, inner_input()]}))
    assert OLD not in json.dumps(found)


def test_a_primitive_that_feeds_it() -> None:
    slot = {"name": "ckpt_name", "type": "COMBO", "widget": {"name": "ckpt_name"}, "link": 1}
    body = graph(
        node(1, inputs=[slot], widgets=["shown.safetensors"]),
        node(2, "PrimitiveNode", [OLD, "fixed"], outputs=[{"links": [1]}]),
        node(5, "PrimitiveNode", [OLD, "fixed"]),
        links=[[1, 2, 0, 1, 0, "COMBO"]],
    )
    found = relinked(body)
    assert [one["widgets_values"][0] for one in found["nodes"]] == ["shown.safetensors", NEW, OLD]


def test_a_group_node_and_its_host() -> None:
    inner = {"nodes": [{"type": "CheckpointLoaderSimple", "widgets_values": [OLD]}], "links": [], "external": []}
    for kind in ("workflow/pair", "workflow>pair"):
        for told in (OLD, "other.safetensors"):
            found = relinked(graph(node(8, kind, [told]), extra={"groupNodes": {"pair": inner}}))
            assert found["extra"]["groupNodes"]["pair"]["nodes"][0]["widgets_values"] == [NEW]
            assert found["nodes"][0]["widgets_values"] == [NEW if told == OLD else told]


def test_an_api_graph() -> None:
    body = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": OLD}, "_meta": {"title": OLD}},
        "a/b~c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": OLD}},
        "6": {"class_type": "Save", "inputs": {"text": ["4", 0], "prefix": "x"}},
    }
    found = relinked(body)
    assert found["a/b~c"]["inputs"] == found["4"]["inputs"] == {"ckpt_name": NEW}
    assert found["4"]["_meta"] == {"title": OLD}


def test_the_copy_of_the_same_run_is_changed_too() -> None:
    api = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": OLD}}}
    found = relinked({"prompt": api, "workflow": graph(node(1)), "note": OLD})
    assert found["prompt"]["1"]["inputs"] == {"ckpt_name": NEW}
    assert found["workflow"]["nodes"][0]["widgets_values"] == [NEW]
    assert found["note"] == OLD


def test_the_graph_that_is_meant_where_there_are_several() -> None:
    body = [{"workflow": graph(node(1))}, {"workflow": graph(node(1), node(2))}]
    found = relinked(body, name="x.json#2")
    assert [one["workflow"]["nodes"][0]["widgets_values"] for one in found] == [[OLD], [NEW]]
    assert relink.edits(json.dumps(body).encode(), [NodeRef("1", "", "")], OLD, NEW, workflow="x.json#3") == ()


@pytest.mark.parametrize("key", ["workflow", "a/b", "~x", "a~1b", ""])
def test_a_graph_in_a_text_in_a_file(key: str) -> None:
    inner = json.dumps(graph(node(1, title='"q" \\ é')), ensure_ascii=False)
    outer = {"before": [1.50, "x"], key: inner}
    for ascii_only in (True, False):
        data = json.dumps(outer, ensure_ascii=ascii_only, indent=1).encode()
        new = relinked(data)
        assert json.loads(json.loads(new)[key]) == graph(node(1, title='"q" \\ é', widgets=[NEW]))
        assert new.startswith(data[: data.index(b"old.")]) and new.isascii() == ascii_only


# ---- in prompts ---------------------------------------------------------------------------------------------


def test_a_lora_of_a_prompt() -> None:
    text = "a <lora:old:0.5>, <lora:older:1> <lyco: old :1:2> old"
    found = relinked(graph(node(1, "ImpactWildcardEncode", [text])), "old", "néw", kind=LORA_TAG)
    assert found["nodes"][0]["widgets_values"] == ["a <lora:néw:0.5>, <lora:older:1> <lyco: néw :1:2> old"]


def test_an_embedding_of_a_prompt() -> None:
    text = "(embedding:old\\(1\\):1.2), embedding:old\\(1\\)., embedding:old, old(1)"
    found = relinked(graph(node(1, "CLIPTextEncode", [text])), "old(1)", "sub/néw(2).pt", kind=EMBEDDING)
    assert found["nodes"][0]["widgets_values"] == [
        "(embedding:sub/néw\\(2\\).pt:1.2), embedding:sub/néw\\(2\\).pt., embedding:old, old(1)"
    ]


@pytest.mark.parametrize("after", ["two words", "a,b", "a:b", "a<b", "", "dot."])
def test_a_name_that_no_prompt_can_say(after: str) -> None:
    body = json.dumps(graph(node(1, "CLIPTextEncode", ["embedding:old"]))).encode()
    assert relink.edits(body, [NodeRef("1", "", "")], "old", after) == ()
    if after in ("a:b", "a<b", ""):
        body = json.dumps(graph(node(1, "CLIPTextEncode", ["<lora:old:1>"]))).encode()
        assert relink.edits(body, [NodeRef("1", "", "")], "old", after) == ()


# ---- nothing to change --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\x89PNG", b"[" * 100_000, b'"x"', b"{}", b'{"nodes": [{"id": 1, "type": "x"}]}', b"\xff\xfe"]
)
def test_what_holds_no_such_name_has_no_edits(data: bytes) -> None:
    assert relink.edits(data, [NodeRef("1", "", "")], OLD, NEW) == ()


def test_nodes_that_are_not_there_have_no_edits() -> None:
    data = json.dumps(graph(node(1))).encode()
    refs = [NodeRef(id, "", "") for id in ("2", "1:1", "", "x")]
    assert relink.edits(data, refs, OLD, NEW) == ()
    assert relink.edits(data, [NodeRef("1", "", "")], OLD, OLD) == ()
    assert relink.edits(data, [], OLD, NEW) == ()
    loop = graph(node(1), node(2, "sg"), definitions={"subgraphs": [subgraph(node(3, "sg"))]})
    assert relink.edits(json.dumps(loop).encode(), [NodeRef("1", "", "")], OLD, NEW) == ()


# ---- the bytes ----------------------------------------------------------------------------------------------

STRANGE = (
    '{ "x" : [1.0, 1e+5, -0.0, NaN, 1E400, 12345678901234567890, "\\u00e9\\/", "é"] ,\r\n\t"name":"old",\n"z":[ ]}\n'
)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_other_byte_stays(codec: str) -> None:
    data = STRANGE.encode(codec)
    if codec == "utf-16":
        data = b"\xfe\xff" + STRANGE.encode("utf-16-be")
    new = relink.apply(data, [Edit("/name", "old", 'n"é\n😀')])
    at = data.index(
        "old".encode(codec.replace("-sig", "").replace("utf-16", "utf-16-le")[:9]) if codec == "utf-8" else b"o"
    )
    assert new[:at] == data[:at]
    assert json.loads(new)["name"] == 'n"é\n😀'
    assert relink.apply(new, [Edit("/name", 'n"é\n😀', "old")]) == data


def test_escapes_are_the_files_own() -> None:
    assert relink.apply(b'["a\\u00e9"]', [Edit("/0", "aé", "bé😀")]) == b'["b\\u00e9\\ud83d\\ude00"]'
    assert relink.apply('["aé"]'.encode(), [Edit("/0", "aé", "bé😀")]) == '["bé😀"]'.encode()
    assert relink.apply(b'["a"]', [Edit("/0", "a", "é")]) == '["é"]'.encode(), "nothing says that it may not"
    assert relink.apply(b'["a\\/b"]', [Edit("/0", "a/b", "a/b/c")]) == b'["a\\/b\\/c"]'
    assert relink.apply(b'["a/b"]', [Edit("/0", "a/b", "a/b/c")]) == b'["a/b/c"]'
    assert relink.apply(b'["\\ud83d\\ude00 \\ud800x"]', [Edit("/0", "\U0001f600 \ud800x", "\U0001f600 \ud800y")]) == (
        b'["\\ud83d\\ude00 \\ud800y"]'
    )
    assert relink.apply('["é"]'.encode(), [Edit("/0", "é", "\udcff")]) == b'["\\udcff"]'


def test_several_texts_at_once_and_of_a_key_that_comes_twice_the_last() -> None:
    data = b'{"a":["x","y",{"b~/":"x"}],"c":"x","c":"z"}'
    edits = [Edit("/c", "z", "1"), Edit("/a/2/b~0~1", "x", "long long"), Edit("/a/0", "x", ""), Edit("/c", "z", "1")]
    assert relink.apply(data, edits) == b'{"a":["","y",{"b~/":"long long"}],"c":"x","c":"1"}'
    assert relink.apply(data, []) == data


@pytest.mark.parametrize(
    "edit",
    [
        Edit("/name", "older", "new"),
        Edit("/names", "old", "new"),
        Edit("/x", "old", "new"),
        Edit("/x/0", "1.0", "new"),
        Edit("/x/9", "old", "new"),
        Edit("/x/-1", "old", "new"),
        Edit("/name/0", "old", "new"),
        Edit("name", "old", "new"),
        Edit("", "old", "new"),
    ],
)
def test_a_file_that_is_not_the_one_is_refused(edit: Edit) -> None:
    with pytest.raises(ActionFailed) as caught:
        relink.apply(STRANGE.encode(), [edit])
    assert caught.value.code == "changed_since"


@pytest.mark.parametrize("data", [b"", b'["old"', b'["old",]]', b'["old"] x', b"\xff\xff", b'{"0" "old"}', b"[" * 9999])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ActionFailed) as caught:
        relink.apply(data, [Edit("/0", "old", "new")])
    assert caught.value.code == "changed_since"


def test_two_changes_of_one_text_are_refused() -> None:
    with pytest.raises(ActionFailed):
        relink.apply(b'["old"]', [Edit("/0", "old", "a"), Edit("/0", "old", "b")])
    with pytest.raises(ActionFailed):
        relink.apply(b'["[]"]', [Edit("/0", "[]", "a"), Edit("/0/1", "old", "b")])


# ---- real workflows -----------------------------------------------------------------------------------------


def templates() -> Iterator[Path]:
    package = pytest.importorskip("comfyui_workflow_templates_json", reason="the templates are not installed")
    yield from sorted(Path(next(iter(package.__path__))).rglob("*.json"))


@pytest.mark.slow
def test_every_name_of_every_template_can_become_another() -> None:
    workflows = names = texts = 0
    for path in templates():
        data = path.read_bytes()
        for one in read_bytes(data, path.name).workflows:
            workflows += 1
            needs = SCANNER.scan(one)
            for need in needs.items:
                if need.kind not in (MODEL, EMBEDDING, LORA_TAG):
                    continue
                after = NEW if need.kind == MODEL else "sub/néw(1)"
                edits = relink.edits(data, need.nodes, need.name, after, workflow=one.name)
                assert edits, (path.name, need)
                new = relink.apply(data, edits)
                check(needs, need, scan(new, one.name), after)
                assert relink.apply(new, [e._replace(before=e.after, after=e.before) for e in edits]) == data
                names, texts = names + 1, texts + len(edits)
    print(f"{workflows} workflows, {names} names, {texts} texts")
    assert workflows > 600 and names > 900
