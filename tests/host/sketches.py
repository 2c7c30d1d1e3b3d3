"""Small invented workflows as ComfyUI saves them, and a model file for one of them. Node types are ComfyUI's own.

`harbour` needs nothing; `heron` an upscale model that is nowhere; `shimmer` a node type nobody has; `osprey` holds its
loader inside a subgraph (ComfyUI writes that node's id as "12:3").
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HERON = "4x-heron_fine_grain.safetensors"
OSPREY = "4x-osprey.safetensors"
SUBGRAPH = "5d1c2a90-aaaa-4bbb-8ccc-0123456789ab"


def write_all(folder: Path) -> None:
    """All four below a library folder; two in a sub-folder."""
    for name, made in {
        "harbour_invert.json": harbour(),
        "osprey_subgraph.json": osprey(),
        "sketches/heron_upscale.json": heron(),
        "sketches/heron_shimmer.json": shimmer(),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made))


def write_model(path: Path) -> None:
    """A whole, tiny safetensors file."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def harbour() -> Json:
    note = _node(
        9, "Note", (80, -200), values=["Made for the harbour series.\nInvert first, then save."], title="Read me"
    )
    invert = _node(2, "ImageInvert", (480, 120), [("image", "IMAGE", 1)], [("IMAGE", "IMAGE", [2])])
    group = {"id": 1, "title": "Invert", "bounding": [60, 60, 720, 240], "flags": {}}
    links = [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]]
    return _flow(1, [_picture(), invert, _save(3, 2), note], links, groups=[group])


def heron() -> Json:
    return _upscaled(2, _loader(2, (80, 340), HERON, 2))


def shimmer() -> Json:
    node = _node(2, "HeronShimmer", (480, 120), [("image", "IMAGE", 1)], [("IMAGE", "IMAGE", [2])])
    node["properties"] |= {"cnr_id": "comfyui-heron-tools", "ver": "1.2.0"}
    return _flow(3, [_picture(), node, _save(3, 2)], [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]])


def osprey() -> Json:
    outlet = {"id": "6e1c2a90-aaaa-4bbb-8ccc-0123456789ab", "name": "UPSCALE_MODEL", "type": "UPSCALE_MODEL"}
    inside = {
        "id": SUBGRAPH,
        "name": "Sharpener",
        "version": 1,
        "revision": 0,
        "config": {},
        "extra": {},
        "state": {"lastGroupId": 0, "lastNodeId": 3, "lastLinkId": 1, "lastRerouteId": 0},
        "inputNode": {"id": -10, "bounding": [0, 200, 120, 60]},
        "outputNode": {"id": -20, "bounding": [600, 200, 140, 60]},
        "inputs": [],
        "outputs": [{**outlet, "linkIds": [1], "pos": [620, 220]}],
        "widgets": [],
        "nodes": [_loader(3, (200, 200), OSPREY, 1)],
        "groups": [],
        "links": [_inner_link(1, 3, -20)],
    }
    instance = _node(12, SUBGRAPH, (80, 340), (), [("UPSCALE_MODEL", "UPSCALE_MODEL", [2])])
    return _upscaled(12, instance, definitions={"subgraphs": [inside]})


def _upscaled(loader: int, node: Json, **more: Any) -> Json:
    inputs = [("upscale_model", "UPSCALE_MODEL", 2), ("image", "IMAGE", 1)]
    work = _node(3, "ImageUpscaleWithModel", (560, 160), inputs, [("IMAGE", "IMAGE", [3])])
    links = [[1, 1, 0, 3, 1, "IMAGE"], [2, loader, 0, 3, 0, "UPSCALE_MODEL"], [3, 3, 0, 4, 0, "IMAGE"]]
    return _flow(loader, [_picture(), node, work, _save(4, 3)], links, **more)


def _picture() -> Json:
    return _node(1, "EmptyImage", (80, 120), (), [("IMAGE", "IMAGE", [1])], [64, 64, 1, 0])


def _loader(number: int, at: tuple[int, int], model: str, link: int) -> Json:
    return _node(number, "UpscaleModelLoader", at, (), [("UPSCALE_MODEL", "UPSCALE_MODEL", [link])], [model])


def _save(number: int, link: int) -> Json:
    return _node(number, "SaveImage", (1000, 120), [("images", "IMAGE", link)], (), ["heron"])


def _inner_link(number: int, origin: int, target: int) -> Json:
    ends = {"origin_id": origin, "origin_slot": 0, "target_id": target, "target_slot": 0}
    return {"id": number, **ends, "type": "UPSCALE_MODEL"}


def _node(
    number: int,
    kind: str,
    at: tuple[int, int],
    inputs: Sequence[tuple[str, str, int]] = (),
    outputs: Sequence[tuple[str, str, list[int]]] = (),
    values: Sequence[Any] = (),
    **more: Any,
) -> Json:
    return {
        "id": number,
        "type": kind,
        "pos": list(at),
        "size": [280, 130],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [{"name": name, "type": type_, "link": link} for name, type_, link in inputs],
        "outputs": [{"name": name, "type": type_, "links": links} for name, type_, links in outputs],
        "properties": {"Node name for S&R": kind},
        "widgets_values": list(values),
        **more,
    }


def _flow(mark: int, nodes: list[Json], links: list[list[Any]], **more: Any) -> Json:
    return {
        "id": f"0b8f3c1e-1111-4222-8333-{mark:012d}",
        "revision": 0,
        "last_node_id": max(node["id"] for node in nodes),
        "last_link_id": max(link[0] for link in links),
        "nodes": nodes,
        "links": links,
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
        **more,
    }
