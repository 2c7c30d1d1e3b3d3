"""One example of every finding that a check can give, from a workflow's bytes to the finding as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from comfyfixersmart.core.catalogue.build import build
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.inventory.types import Inventory, Pack
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.readiness.check import Checker, unreadable
from comfyfixersmart.core.readiness.index import build_index
from comfyfixersmart.core.readiness.types import Finding
from comfyfixersmart.core.requirements.references import Vocabulary
from comfyfixersmart.core.requirements.scan import Scanner
from comfyfixersmart.core.workflow.read import read_bytes

from ..workflow.graphs import graph, node, out, socket
from .places import Probe, file, place

TYPES = (
    NodeType("LoadBramble", (Input("file", "COMBO", folders=("brambles",)),), output=False),
    NodeType("LoadHeron", (Input("picture", "COMBO", media="image"),), output=False),
    NodeType(
        "PickTeal",
        (Input("size", "COMBO", options=("small", "large")), Input("share", "FLOAT", minimum=0.0, maximum=1.0)),
        output=False,
    ),
    NodeType("HeronSink", (Input("images", "IMAGE", widget=False),), output=True, exact=True),
    NodeType("SayWren", (), output=False, outputs=("STRING",), exact=True),
)
KNOWN = {"nodes": {"PaidHeron": {"api": True, "output": True}}}
SINK = node(9, "HeronSink", title="Show it", inputs=[socket("images", 7)])


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Example(NamedTuple):
    """A workflow and the place it is checked against. The finding with this code is the golden one."""

    nodes: list[Any]
    place: Mapping[str, Any] = NOTHING
    probe: Mapping[str, Any] = NOTHING
    packs: tuple[Pack, ...] = ()


def loader(name: str = "thorn.safetensors", **more: Any) -> list[Any]:
    return [node(1, "LoadBramble", name, title="Bramble", outputs=[out(links=[7])], **more), SINK]


def lost(**properties: str) -> list[Any]:
    return [node(1, "LostWren", title="Lost", outputs=[out(links=[7])], properties=properties), SINK]


HINTED = [
    {"name": "thorn.safetensors", "url": "https://wood.example/thorn", "directory": "brambles", "hash": "AB" * 32}
]

EXAMPLES: dict[str, Example] = {
    "NODE001": Example(lost(cnr_id="wren-pack", ver="1.2")),
    "NODE002": Example(
        lost(), packs=(Pack("wren-pack", "failed", frozenset({"LostWren"}), reason="No module named 'feather'"),)
    ),
    "NODE003": Example(lost(), packs=(Pack("wren-pack", "disabled", frozenset({"LostWren"}), path="/here/wren"),)),
    "MODEL001": Example(loader(properties={"models": HINTED})),
    "MODEL002": Example(loader(), {"models": {"brambles": [], "nettles": [file("thorn.safetensors")]}}),
    "MODEL003": Example(loader(), {"models": {"brambles": [file("old/thorn.safetensors")]}}),
    "MODEL004": Example(
        loader(),
        {"models": {"brambles": [file("thorn.safetensors")]}},
        {"damage": {"thorn.safetensors": "it ends at 1.2 of 6.7 GB"}},
    ),
    "MODEL005": Example(
        [node(1, "LoadHeron", "heron.png"), node(2, "OpenWren", "thorn.safetensors"), SINK],
        {
            "models": {"nettles": [file("thorn.safetensors")]},
            "inputs": frozenset({"heron.png"}),
            "types": ("OpenWren",),
        },
    ),
    "VALUE001": Example([node(1, "PickTeal", "huge", 0.5, title="Teal", outputs=[out(links=[7])]), SINK]),
    "VALUE002": Example([node(1, "PickTeal", "small", 1.5, title="Teal", outputs=[out(links=[7])]), SINK]),
    "LINK001": Example([node(9, "HeronSink", title="Show it", inputs=[socket("images")])]),
    "LINK002": Example([node(1, "PickTeal", "small", 0.5)]),
    "LINK003": Example([node(1, "SayWren", title="Say it", outputs=[out(links=[7])]), SINK]),
    "INPUT001": Example([node(1, "LoadHeron", "heron.png", title="Heron", outputs=[out(links=[7])]), SINK]),
    "API001": Example([node(1, "PaidHeron", title="Paid"), SINK], {"types": ("PaidHeron",)}),
}


def findings(example: Example) -> tuple[Finding, ...]:
    installed = {one.class_type: one for one in TYPES}
    extra = {name: NodeType(name, None) for name in example.place.get("types", ())}
    asked = {key: value for key, value in example.place.items() if key != "types"}
    core = Pack("comfy-core", "loaded", frozenset(installed) | frozenset(extra))
    inventory: Inventory = place(core, *example.packs, **asked)
    catalogue = build({**installed, **extra}, KNOWN, document("virtual_types"))
    data = json.dumps(graph(*example.nodes, links=((7, 1, 0, 9, 0),))).encode()
    (workflow,) = read_bytes(data, "moor.json").workflows
    needs = Scanner(catalogue, Vocabulary.from_document(document("references"))).scan(workflow)
    return Checker(build_index(inventory), Probe(**example.probe)).check(needs).findings


@pytest.mark.parametrize("code", EXAMPLES)
def test_golden(code: str, golden: Callable[[str, Any], None]) -> None:
    found = findings(EXAMPLES[code])
    mine = [one for one in found if one.code == code]
    assert len(mine) == 1, [one.code for one in found]
    golden(code, as_json(mine[0]))


def test_golden_unreadable(golden: Callable[[str, Any], None]) -> None:
    (problem,) = read_bytes(b'{"nodes": [', "moor.json").problems
    verdict = unreadable(problem)
    assert verdict.status == "unreadable"
    golden("FILE001", as_json(verdict.findings[0]))


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_example_shows_one_thing_only(code: str) -> None:
    assert [one.code for one in findings(EXAMPLES[code]) if one.code != code] == []


def test_every_code_of_files_has_an_example() -> None:
    later = {"HW001", "LIC001", "POLICY001"}  # they belong to other stages
    assert set(EXAMPLES) | {"FILE001"} == set(document("findings")["codes"]) - later


def as_json(found: Finding) -> dict[str, Any]:
    """Nested named tuples as objects, so that the file explains itself."""
    body = found._asdict()
    for key in ("nodes", "evidence", "fixes"):
        body[key] = [one._asdict() for one in body[key]]
    return body
