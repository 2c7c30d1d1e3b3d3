"""The addresses in a workflow's notes."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.requirements.notes import MOST_LINKS, addresses, note_links, note_types, without_secrets

from ..workflow.graphs import api, graph, node, subgraph, workflow

FILE = "https://huggingface.co/moorland/heron/resolve/main/heron.safetensors"
CIVITAI = "https://civitai.com/models/12345?modelVersionId=67890"


def links(*nodes: object, **more: object) -> tuple[str, ...]:
    return note_links(workflow(graph(*nodes, **more)))


def test_addresses_of_notes_come_in_order_and_once() -> None:
    first = node(1, "Note", f"Get it at {CIVITAI}, or\n{FILE}.")
    second = node(2, "MarkdownNote", f"- [heron]({FILE}) (6.9 GB)\n- **https://github.com/moorland/nodes**")
    assert links(first, second) == (CIVITAI, FILE, "https://github.com/moorland/nodes")


@pytest.mark.parametrize(
    "kind", ["Note", "MarkdownNote", "Note Plus (mtb)", "LG_Note", "Label (rgthree)", "ShowText|pysssss"]
)
def test_all_kinds_of_notes_count(kind: str) -> None:
    assert links(node(1, kind, FILE)) == (FILE,)


def test_muted_notes_count_and_other_nodes_do_not() -> None:
    assert links(node(1, "Note", FILE, mode=2), node(2, "CLIPTextEncode", CIVITAI)) == (FILE,)
    assert not {"Reroute", "PrimitiveNode", "GetNode", "SetNode"} & note_types()


def test_texts_stand_in_widgets_of_any_shape_in_the_title_and_in_a_property() -> None:
    nested = node(1, "Note", {"text": [FILE]})
    named = node(2, "Note", widgets_values={"text": CIVITAI})
    title = node(3, "Label (rgthree)", title="https://hf.co/moorland/heron")
    old = node(4, "Note", properties={"text": "https://modelscope.cn/models/moorland/heron"})
    found = links(nested, named, title, old)
    assert found == (FILE, CIVITAI, "https://hf.co/moorland/heron", "https://modelscope.cn/models/moorland/heron")


def test_a_note_in_a_subgraph_is_read_once_however_often_it_is_used() -> None:
    inner = subgraph("pond", node(7, "MarkdownNote", FILE))
    assert links(node(1, "pond"), node(2, "pond"), subgraphs=(inner,)) == (FILE,)


def test_only_hosts_of_models_count_and_the_host_itself_must_be_one() -> None:
    text = "https://example.org/?q=huggingface https://example.org/civitai.com/x ftp://huggingface.co/a https://hf-mirror.com/a/b"
    assert links(node(1, "Note", text)) == ("https://hf-mirror.com/a/b",)


def test_there_is_an_end() -> None:
    many = " ".join(f"https://huggingface.co/moorland/heron-{number}" for number in range(MOST_LINKS * 2))
    assert len(links(node(1, "Note", many), node(2, "Note", FILE))) == MOST_LINKS


@pytest.mark.parametrize("values", [None, 7, [None, 3, True], {"a": 4}, [[[[[[[FILE]]]]]]], "text"])
def test_notes_of_odd_shape_say_nothing(values: object) -> None:
    odd = node(1, "Note", widgets_values=values, properties=[FILE], title=["x"])
    assert links(odd, node(2, "Note")) == ()


def test_api_graphs_and_workflows_without_notes_have_none() -> None:
    assert note_links(workflow(api(n1=("KSampler", {"seed": 1})))) == ()
    assert links(node(1, "KSampler", 1)) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"[a]({FILE})[b]({CIVITAI})", [FILE, CIVITAI]),
        (f"({FILE}), ({CIVITAI}).", [FILE, CIVITAI]),
        (f"下载：{FILE}，或 （{CIVITAI}）。", [FILE, CIVITAI]),
        (f'<a href="{FILE}">x</a>', [FILE]),
        (f"`{FILE}`|{CIVITAI}|", [FILE, CIVITAI]),
        ("see https://huggingface.co/a/b_(c)/resolve/main/d(1).safetensors!", ["https://huggingface.co/a/b_(c)/resolve/main/d(1).safetensors"]),
        ("https://", []),
        ("HTTPS://HuggingFace.co/a/b", ["HTTPS://HuggingFace.co/a/b"]),
    ],
)  # fmt: skip
def test_an_address_ends_where_the_text_goes_on(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://civitai.com/api/download/models/5?type=Model&token=CANARY", "https://civitai.com/api/download/models/5?type=Model"),
        ("https://civitai.com/api/download/models/5?token=CANARY", "https://civitai.com/api/download/models/5"),
        ("https://huggingface.co/a/b/resolve/main/c.gguf?download=true&x=hf_CANARY#CANARY", "https://huggingface.co/a/b/resolve/main/c.gguf"),
        ("https://files.example.org/x.pth?dl=1&X-Amz-Signature=CANARY&api_key=CANARY&to%6ben=CANARY", "https://files.example.org/x.pth?dl=1"),
        ("https://me:CANARY@huggingface.co/a/b", ""),
        ("https://example.org/a\nb", ""),
        ("https:///a", ""),
        ("https://huggingface.co/" + "a" * 3000, ""),
    ],
)  # fmt: skip
def test_keys_and_tokens_are_left_out(address: str, plain: str) -> None:
    assert without_secrets(address) == plain
