"""The scanner's public contract: exactly these keys, whatever the graph."""

from __future__ import annotations

import json

from comfyfixersmart.core.requirements.inspection import inspection

from ..workflow.graphs import api, graph, node
from .scans import scan

KEYS = [
    "format",
    "node_types",
    "inactive_node_types",
    "virtual_types",
    "models",
    "text_refs",
    "input_media",
    "warnings",
]


def test_the_contract() -> None:
    models = [{"name": "thorn.pt", "url": "https://h/thorn.pt", "directory": "brambles", "hash": "CD" * 32}]
    body = graph(
        node(1, "LoadBramble", "thorn.pt", 0.5, properties={"models": models}),
        node(2, "LoadBramble", "thorn.pt", 0.7),
        node(3, "Mystery", "leaf.gguf", mode=2),
        node(4, "WriteWren", "embedding:soft, <lora:petal:1>"),
        node(5, "LoadHeron", "heron.png"),
        node(6, "LoadHeron", "off.png", mode=4),
        node(7, "Note", "words"),
        "no node",
    )
    told = inspection(scan(body))
    assert list(told) == KEYS
    hints = {
        "folders": ["brambles"],
        "node_type": "LoadBramble",
        "active": True,
        "hash": "cd" * 32,
        "url": "https://h/thorn.pt",
    }
    unknown = {"folders": [], "node_id": "3", "node_type": "Mystery", "active": False, "hash": None, "url": None}
    assert told["models"] == [
        {"name": "thorn.pt", "node_id": "1", **hints},
        {"name": "thorn.pt", "node_id": "2", **hints},
        {"name": "leaf.gguf", **unknown},
    ]
    assert told["format"] == "ui"
    assert told["node_types"] == ["LoadBramble", "LoadHeron", "WriteWren"]
    assert told["inactive_node_types"] == ["Mystery"]
    assert told["virtual_types"] == ["Note"]
    assert told["text_refs"] == [{"kind": "embedding", "name": "soft"}, {"kind": "lora", "name": "petal"}]
    assert told["input_media"] == ["heron.png"]
    assert len(told["warnings"]) == 1


def test_a_type_that_is_active_anywhere_is_not_inactive() -> None:
    told = inspection(scan(graph(node(1, "Wren"), node(2, "Wren", mode=2))))
    assert (told["node_types"], told["inactive_node_types"]) == (["Wren"], [])


def test_an_empty_graph_has_every_key() -> None:
    told = inspection(scan({"nodes": [], "links": []}))
    assert list(told) == KEYS
    assert {key: value for key, value in told.items() if value} == {"format": "ui"}


def test_it_is_plain_json_whatever_the_names_hold() -> None:
    body = api(n1=("LoadBramble", {"file": "\ud800<b>\x00.pt", "weight": float("nan")}))
    told = inspection(scan(body))
    assert json.loads(json.dumps(told)) == told
    assert told["format"] == "api"
