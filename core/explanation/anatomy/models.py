"""The model files that run, with their roles, families, strengths and precision. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...knowledge import document
from ...requirements.types import EMBEDDING, LORA_TAG, MODEL, NodeRef, Requirement
from ...workflow.types import Node
from .. import types as t
from ..graph import Given
from ..types import ModelPart
from .family import family_of
from .reader import Reader

_ROW_STRENGTHS = ("strength", "strengthTwo", "strength_model", "model_strength", "strength_clip", "clip_strength")


def models(reader: Reader, families: Mapping[str, str], unused: Collection[str] = ()) -> list[ModelPart]:
    """Every file that an active node names, once per node and input, in the order of the scan.

    `families`: name → family told by the file's header. `unused`: nodes that will not run.
    """
    found: dict[tuple[str, str, str], ModelPart] = {}
    for item in reader.needs.items:
        if not item.active or item.kind not in (MODEL, LORA_TAG, EMBEDDING):
            continue
        for ref in item.nodes:
            node = reader.view.by_id.get(ref.id)
            if node is not None:
                part = _part(reader, item, ref, node, families)
                found.setdefault((item.name, ref.id, ref.input or ""), part._replace(used=ref.id not in unused))
    return list(found.values())


def _part(reader: Reader, item: Requirement, ref: NodeRef, node: Node, families: Mapping[str, str]) -> ModelPart:
    role = _role(reader, item, node, ref.input or "")
    family, said = _family(reader, item.name, node, role, families)
    return ModelPart(
        item.name, item.folders, ref.id, ref.input or "", ref.class_type, role, family, said,
        tuple(_strengths(reader, item, node, role)), reader.given(node, "dtype"), (), item.optional,
        device=reader.view.value(node, "device") if role == t.TEXT_ENCODER else None,
    )  # fmt: skip


def _role(reader: Reader, item: Requirement, node: Node, name: str) -> str:
    if item.kind == LORA_TAG:
        return t.LORA
    if item.kind == EMBEDDING:
        return t.EMBEDDING
    table = document("roles")["loaders"]
    own = reader.view.role(node).get("models", {})
    if name in own:
        return str(own[name])
    for folder in item.folders:
        if folder in table["folders"]:
            return str(table["folders"][folder])
    if name in table["inputs"]:
        return str(table["inputs"][name])
    for kind in reader.view.outputs(node):
        if kind in table["links"]:
            return str(table["links"][kind])
    return t.LORA if reader.does(node) == "lora" else t.OTHER


def _family(reader: Reader, name: str, node: Node, role: str, families: Mapping[str, str]) -> tuple[str, str]:
    if families.get(name):
        return families[name], "header"
    spoken = family_of(name)
    if spoken:
        return spoken, "file name"
    line = reader.view.role(node)
    if line.get("family"):
        return str(line["family"]), "loader"
    chosen = reader.view.value(node, str(line["type_input"])) if "type_input" in line else None
    if chosen is not None and isinstance(chosen.value, str):
        family = document("roles")["loaders"]["types"].get(chosen.value, "")
        if family:
            return str(family), "loader"
    return "", ""


def _strengths(reader: Reader, item: Requirement, node: Node, role: str) -> Iterator[Given]:
    """What the loader itself says of how strongly a LoRA counts; of a row, the numbers beside its name."""
    if role != t.LORA or item.kind == LORA_TAG:
        return
    view = reader.view
    for name, value in view.values(node).items():
        for row in value if isinstance(value, list) else (value,):
            if isinstance(row, dict) and item.name in row.values():
                yield from (Given(row[key], node.id, name) for key in _ROW_STRENGTHS if _number(row.get(key)))
                return
    place = next((name for name, value in view.values(node).items() if value == item.name), "")
    number = place.rpartition("_")[2]
    patterns = view.role(node).get("strengths")
    if patterns:
        names = [str(pattern).format(number) for pattern in patterns]
        yield from (found for name in names if (found := view.value(node, name)) is not None)
    else:
        yield from reader.all_given(node, "strength")


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
