"""The whole way from bytes to verdict and map against one invented installation, with what must hold after it."""

from __future__ import annotations

import json
import time
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.inventory.types import Inventory, ModelFile, Pack
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.readiness.check import unreadable
from comfyfixersmart.core.readiness.types import STATUSES
from comfyfixersmart.core.requirements.inspection import inspection
from comfyfixersmart.core.workflow.read import read_bytes

LIMIT = 1.0  # seconds one case may take

_TYPES = (
    NodeType("LoadBramble", (Input("file", "COMBO", folders=("brambles",)), Input("weight", "FLOAT", maximum=2.0))),
    NodeType("LoadImage", (Input("image", "COMBO", media="image"),), output=False),
    NodeType(
        "PickTeal",
        (
            Input("size", "COMBO", options=("small", "large", 3, True)),
            Input("seed", "INT", minimum=0, maximum=100, control=True),
            Input("image", "IMAGE", widget=False),
        ),
        output=False,
    ),
    NodeType("FeedHeron", (Input("image", "IMAGE", widget=False), Input("text", "STRING")), output=False),
    NodeType("KSampler", (Input("seed", "INT", control=True, minimum=0), Input("model", "MODEL", widget=False))),
    NodeType("HeronSink", (Input("images", "IMAGE", widget=False),), output=True),
    NodeType("SaveImage", None, output=True),
)


def installation() -> App:
    """An App over plain values; nothing of it is on this disk."""
    files = [ModelFile("thorn.safetensors", "", 5, 1), ModelFile("sub/leaf.gguf", "", 5, 1)]
    types = {one.class_type: one for one in _TYPES}
    return App(
        Inventory(
            "server",
            "fuzz",
            definitions=types,
            packs=(Pack("comfy-core", "loaded", frozenset(types)), Pack("wren-pack", "failed", frozenset({"Wren"}))),
            models={"brambles": files, "checkpoints": [], "loras": files},
            aliases=dict(document("folders")["aliases"]),
            digest="fuzz",
        )
    )


def look(app: App, data: bytes) -> None:
    """One case: no error, in bounded time, and every answer can be printed as JSON."""
    start = time.perf_counter()
    reading = read_bytes(data, "fuzz.json")
    assert reading.workflows or reading.problems or reading.prompts or not data.strip()
    names = [one.name for one in reading.workflows] + [one.name for one in reading.problems]
    assert len(set(names)) == len(names)
    for one in reading.workflows:
        needs = app.requirements(one)
        checked = app.check_workflow(one, maps=True)
        verdict = checked.readiness
        assert verdict.status in STATUSES
        assert (verdict.status == "runnable") == all(finding.weight == "info" for finding in verdict.findings)
        flat = {node.id for node in one.nodes}
        assert len(flat) == len(one.nodes), "flat ids are unique"
        assert {ref.id for finding in verdict.findings for ref in finding.nodes if ref.id} <= flat
        told: Any = inspection(needs)
        assert set(told["node_types"]).isdisjoint(told["inactive_node_types"])
        json.dumps([told, verdict, checked.graph and list(checked.graph.boxes)], default=str)
        if checked.graph is not None:
            boxes = checked.graph.boxes
            assert all(0 <= end < len(boxes) for link in checked.graph.links for end in link)
            assert all(box.x >= 0 and box.y >= 0 and box.w > 0 and box.h > 0 for box in boxes)
    for problem in reading.problems:
        assert unreadable(problem).status == "unreadable"
    took = time.perf_counter() - start
    assert took < LIMIT, f"took {took:.2f} s"
