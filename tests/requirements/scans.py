"""A small catalogue with invented types, and what a scan with it finds."""

from __future__ import annotations

from typing import Any

from comfyfixersmart.core.catalogue.build import build
from comfyfixersmart.core.catalogue.types import Input, NodeCatalogue, NodeType
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.requirements.references import Vocabulary
from comfyfixersmart.core.requirements.scan import Scanner
from comfyfixersmart.core.requirements.types import MODEL, Requirement, Requirements

from ..workflow.graphs import workflow

VOCABULARY = Vocabulary.from_document(document("references"))
VIRTUAL = {"types": ["Note", "MarkdownNote", "Reroute", "PrimitiveNode", "GetNode", "SetNode"]}
ALIASES = {"unet": "diffusion_models", "clip": "text_encoders"}

LOADER = NodeType(
    "LoadBramble",
    (
        Input("file", "COMBO", folders=("brambles",), extras=("None of them",)),
        Input("weight", "FLOAT", minimum=0.0, maximum=2.0),
    ),
    output=False,
    source="server",
)
SINK = NodeType(
    "HeronSink", (Input("images", "IMAGE", widget=False), Input("prefix", "STRING")), output=True, source="server"
)
PICTURE = NodeType("LoadHeron", (Input("picture", "COMBO", media="image"),), output=False, source="server")
TEXT = NodeType("WriteWren", (Input("text", "STRING"),), output=False, source="server")


def catalogue(*installed: NodeType, knowledge: dict[str, Any] | None = None) -> NodeCatalogue:
    """`installed` as an installation's own definitions, `knowledge` as lines of nodes.json."""
    return build({one.class_type: one for one in installed}, {"nodes": knowledge or {}}, VIRTUAL, aliases=ALIASES)


def scan(body: Any, *installed: NodeType, knowledge: dict[str, Any] | None = None) -> Requirements:
    """What the one workflow in `body` asks for."""
    known = installed or (LOADER, SINK, PICTURE, TEXT)
    return Scanner(catalogue(*known, knowledge=knowledge), VOCABULARY).scan(workflow(body))


def names(found: Requirements, kind: str = MODEL, active: bool = True) -> list[str]:
    return [one.name for one in found.of(kind, active)]


def the(found: Requirements, kind: str = MODEL, active: bool = True) -> Requirement:
    """The one requirement of this kind."""
    (one,) = found.of(kind, active)
    return one
