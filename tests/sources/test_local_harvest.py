"""What saved workflows and the Manager's model list say of model files, and what hostile ones do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.sources.local.harvest import harvest, harvest_file
from comfyfixersmart.core.sources.local.models import harvest_list
from comfyfixersmart.core.sources.local.said import MOST_SAID, Said, folder_name, said

from ..workflow.graphs import graph, node, subgraph

LISTS = Path(__file__).resolve().parents[1] / "fixtures/local"
BASE = "https://huggingface.co/moorland/heron/resolve/main/"
HERON = f"{BASE}heron.safetensors"
DIGEST = "ab" * 32


def model(name: Any, url: Any = HERON, directory: Any = "checkpoints", **more: Any) -> Any:
    return {"name": name, "url": url, "directory": directory, **more}


def loader(own: int, *models: Any, **more: Any) -> Any:
    return node(own, "CheckpointLoaderSimple", "x", properties={"models": list(models)}, **more)


def told(*nodes: Any, **more: Any) -> list[Said]:
    return harvest(json.dumps(graph(*nodes, **more)).encode())


# ---- models lists ------------------------------------------------------------------------------------------


def test_a_loader_says_where_its_file_is() -> None:
    whole = model("heron.safetensors", hash=DIGEST.upper(), hash_type="SHA256", size=123)
    assert told(loader(1, whole)) == [Said("heron.safetensors", HERON, "checkpoints", DIGEST, 123)]


def test_lists_stand_at_the_root_in_nested_definitions_and_in_group_nodes() -> None:
    one, two, three, four, five = (f"{BASE}{name}.gguf" for name in ("one", "two", "three", "four", "five"))
    inner = subgraph("inner", loader(3, model("three.gguf", three)))
    outer = subgraph("outer", loader(2, model("two.gguf", two)), definitions={"subgraphs": [inner]})
    group = {"nodes": [loader(4, model("four.gguf", four))], "links": []}
    root = graph(loader(1, model("one.gguf", one), mode=4), subgraphs=(outer,), extra={"groupNodes": {"Pond": group}})
    found = harvest(json.dumps({**root, "models": [model("five.gguf", five)]}).encode())
    assert {one.name for one in found} == {"one.gguf", "two.gguf", "three.gguf", "four.gguf", "five.gguf"}


def test_a_wrapped_graph_and_one_in_a_string_are_read(tmp_path: Path) -> None:
    inside = graph(loader(1, model("heron.safetensors")))
    expected = [Said("heron.safetensors", HERON, "checkpoints")]
    assert harvest(json.dumps({"input": {"workflow": inside}}).encode()) == expected
    assert harvest(json.dumps({"workflow": json.dumps(inside)}).encode()) == expected
    for encoding in ("utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.json"
        path.write_bytes(json.dumps(inside).encode(encoding))
        assert harvest_file(str(path)) == expected


def test_a_picture_says_what_its_workflow_says(tmp_path: Path) -> None:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", json.dumps(graph(loader(1, model("heron.safetensors")))))
    info.add_text("prompt", "{broken")
    Image.new("RGB", (2, 2)).save(tmp_path / "moor.png", pnginfo=info)
    assert harvest_file(str(tmp_path / "moor.png")) == [Said("heron.safetensors", HERON, "checkpoints")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../heron.safetensors", "heron.safetensors"),
        ("SDXL\\heron.safetensors", "heron.safetensors"),
        ("C:\\models\\heron.ckpt", "heron.ckpt"),
        ("heron\0.safetensors", None),
        ("heron\n.safetensors", None),
        ("..", None),
        ("", None),
        (".safetensors", None),
        ("heron.exe", None),
        ("heron", None),
        ("a" * 300 + ".safetensors", None),
        ("\ud800.safetensors", None),
        (f"{HERON}", "heron.safetensors"),
        (7, None),
        (None, None),
        (["heron.safetensors"], None),
    ],
)
def test_a_name_is_cut_to_its_base_name_or_not_taken(name: Any, kept: str | None) -> None:
    one = said(name, HERON)
    assert (one.name if one is not None else None) == kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (f"{HERON}?download=true", HERON),
        (f" {BASE}moor heron.safetensors ", f"{BASE}moor%20heron.safetensors"),
        ("https://civitai.com/api/download/models/5?token=CANARY&fileId=6", "https://civitai.com/api/download/models/5?fileId=6"),
        ("https://me:CANARY@huggingface.co/a/b/resolve/main/c.ckpt", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("//huggingface.co/a", None),
        ("https://hugging\nface.co/a", None),
        ("https://huggingface.co/" + "a" * 5000, None),
        ("", None),
        (None, None),
        (5, None),
    ],
)  # fmt: skip
def test_an_address_is_of_the_web_and_holds_no_secret(url: Any, kept: str | None) -> None:
    one = said("heron.safetensors", url)
    assert (one.url if one is not None else None) == kept


@pytest.mark.parametrize(
    ("more", "sha256", "size"),
    [
        ({"hash": DIGEST, "hash_type": "sha-256"}, DIGEST, None),
        ({"hash": DIGEST, "hash_type": "BLAKE3"}, None, None),
        ({"hash": DIGEST, "hash_type": ["SHA256"]}, None, None),
        ({"hash": DIGEST[:10]}, None, None),
        ({"hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, None, None),
        ({"hash": 5, "size": True}, None, None),
        ({"size": -4}, None, None),
        ({"size": 1 << 70}, None, None),
        ({"size": "6.9GB"}, None, None),
        ({"size": 42}, None, 42),
    ],
)
def test_only_whole_hashes_and_sizes_count(more: dict[str, Any], sha256: str | None, size: int | None) -> None:
    (one,) = told(loader(1, model("heron.safetensors", **more)))
    assert (one.sha256, one.size) == (sha256, size)


def test_a_hash_without_an_address_is_kept() -> None:
    assert told(loader(1, model("heron.safetensors", None, hash=DIGEST))) == [
        Said("heron.safetensors", "", "checkpoints", DIGEST)
    ]
    assert told(loader(1, model("heron.safetensors", None))) == []


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("loras", "loras"),
        ("unet/FLUX1", "diffusion_models"),
        ("clip\\t5", "text_encoders"),
        (" vae ", "vae"),
        ("../outside", ""),
        ("/models/loras", ""),
        ("", ""),
        (None, ""),
        (3, ""),
    ],
)
def test_a_folder_goes_by_its_name_in_comfyui(text: Any, folder: str) -> None:
    assert folder_name(text) == folder


# ---- notes -------------------------------------------------------------------------------------------------


def test_a_note_tells_of_files_on_known_hosts() -> None:
    text = f"{HERON} https://example.org/teal.safetensors https://huggingface.co/moorland/heron {BASE}read.md"
    assert told(node(1, "Note", text, mode=2)) == [Said("heron.safetensors", HERON, note=True)]


def test_the_words_of_a_link_name_a_file_that_its_address_does_not_name() -> None:
    version = "https://civitai.com/api/download/models/67890"
    generic = f"{BASE}model.safetensors"
    text = f"[**teal_v2.safetensors**]({version}) [plover.safetensors]({generic}) [wrong.safetensors]({HERON})"
    text += " [whole.safetensors](https://huggingface.co/moorland/heron) [other.ckpt](https://example.org/x)"
    found = told(node(1, "MarkdownNote", text))
    assert {(one.name, one.url) for one in found} == {
        ("model.safetensors", generic),
        ("plover.safetensors", generic),
        ("heron.safetensors", HERON),
        ("teal_v2.safetensors", version),
    }
    assert all(one.note for one in found)


def test_texts_of_other_nodes_are_not_read() -> None:
    assert told(node(1, "CLIPTextEncode", HERON), node(2, "Reroute", HERON)) == []


# ---- hostile files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"http",
        b'{"nodes": "http"}',
        b"[" * 100_000 + b'"http"',
        b'{"nodes":' * 50_000 + b'"http"',
        b'{"nodes": [{"type": "Note", "id": 1, "widgets_values": ["http://"]}], "last": ' + b"9" * 10_000 + b"}",
        b'\xff\xfe{"http',
        b'{"http": "\xff"}',
        b'"http"',
        b"null http",
    ],
)
def test_broken_json_says_nothing(data: bytes) -> None:
    assert harvest(data) == []


@pytest.mark.parametrize(
    "odd", [None, 5, "text", [], {}, [None], [[]], [{"name": None}], {"name": "x"}, [{"name": "a.ckpt", "url": {}}]]
)
def test_wrong_types_cost_only_themselves(odd: Any) -> None:
    nodes: list[Any] = [
        odd,
        node(2, "Loader", properties=odd),
        node(3, "Loader", properties={"models": odd}),
        node(4, "Note", widgets_values=odd, title=odd, properties=odd),
        {"id": 5, "type": odd},
        loader(1, odd, model("heron.safetensors")),
    ]
    root = {**graph(*nodes), "models": odd, "definitions": odd, "extra": odd}
    root["nodes"].insert(0, node(9, "Reroute"))
    assert [one.name for one in harvest(json.dumps(root).encode())] == ["heron.safetensors"]
    for key in ("definitions", "extra"):
        root[key] = {"subgraphs": odd, "groupNodes": odd}
    assert [one.name for one in harvest(json.dumps(root).encode())] == ["heron.safetensors"]


def test_definitions_inside_each_other_without_end_come_to_one() -> None:
    deep: Any = subgraph("bottom", loader(1, model("heron.safetensors")))
    for number in range(150):
        deep = subgraph(f"level{number}", definitions={"subgraphs": [deep]})
    assert [one.name for one in told(node(1, "Reroute"), subgraphs=(deep,))] == ["heron.safetensors"]


def test_a_file_says_only_so_much() -> None:
    many = [model(f"heron{number}.safetensors") for number in range(400)]
    assert len(told(*(loader(at, *[{**one, "url": f"{HERON}{at}"} for one in many]) for at in range(8)))) == MOST_SAID


def test_what_is_no_plain_file_or_too_large_says_nothing(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(json.dumps(graph(loader(1, model("heron.safetensors")))).encode() + b" " * (9 << 20))
    assert harvest_file(str(large)) == []
    assert harvest_file(str(tmp_path)) is None
    assert harvest_file(str(tmp_path / "absent.json")) is None
    assert harvest_file("bad\0name") is None


# ---- the Manager's list ------------------------------------------------------------------------------------


def test_the_managers_list_says_files_addresses_and_folders() -> None:
    found = {(one.name, one.folder): one for one in harvest_list(str(LISTS / "model-list.json")) or ()}
    assert found["heron_xl_v1.safetensors", "checkpoints"].url.endswith(
        "/moorland/heron-xl/resolve/main/heron_xl_v1.safetensors"
    )
    assert ("4x_reed.pth", "upscale_models") in found  # "default" goes by type
    assert ("bittern-fp8.safetensors", "diffusion_models") in found
    assert ("sedge_sam.pth", "") in found
    assert ("outside.safetensors", "") in found
    assert all(one.size is None and not one.note for one in found.values())
    assert not any("huggingface>" in name or "whole" in name for name, _ in found)
    assert len(found) == 6


def test_a_generic_name_keeps_all_its_addresses() -> None:
    found = [one for one in harvest_list(str(LISTS / "model-list.json")) or () if one.name.startswith("diffusion_pyt")]
    assert [one.url.split("/")[4] for one in found] == ["sedge", "rush"]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"models": {}}', b'{"models": [[], 4, null]}', b"[" * 100_000])
def test_a_list_of_another_shape_says_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model-list.json"
    path.write_bytes(data)
    assert harvest_list(str(path)) == []
    assert harvest_list(str(tmp_path)) is None
