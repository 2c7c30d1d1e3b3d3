"""The model files that run, with their roles, families, strengths and precision. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...knowledge import document
from ...requirements.types import EMBEDDING, LORA_TAG, MODEL, NodeRef, Requirement
from ...workflow.types import Node
from .. import types as t
from ..graph import Given
from ..types import ModelPart, Sampling
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
    for part in _fetched(reader, families):
        found.setdefault((part.name, part.node, part.input), part._replace(used=part.node not in unused))
    return list(found.values())


def _fetched(reader: Reader, families: Mapping[str, str]) -> Iterator[ModelPart]:
    """Models that a node knows by a name of its own and fetches itself: no file is named, so the scan has none."""
    for node in reader.view.nodes:
        for name, role in reader.view.role(node).get("fetches", {}).items():
            given = reader.view.value(node, name)
            if given is None or not isinstance(given.value, str) or not given.value.strip():
                continue
            family, said = _family(reader, given.value, node, families)
            yield ModelPart(
                given.value, (), node.id, name, node.class_type, str(role), family, said,
                dtype=reader.given(node, "dtype"), optional=True,
            )  # fmt: skip


def _part(reader: Reader, item: Requirement, ref: NodeRef, node: Node, families: Mapping[str, str]) -> ModelPart:
    role = _role(reader, item, node, ref.input or "")
    family, said = _family(reader, item.name, node, families)
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


def _family(reader: Reader, name: str, node: Node, families: Mapping[str, str]) -> tuple[str, str]:
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
    """How strongly a part counts: a LoRA by its loader or by the row beside its name, others where they are applied."""
    view = reader.view
    if role in _APPLIED:
        yield from _applied(reader, node)
    if role != t.LORA or item.kind == LORA_TAG:
        return
    stored = view.values(node)
    for _, value in view.stored(node).items:
        for row in value if isinstance(value, list) else (value,):
            if isinstance(row, dict) and item.name in row.values():
                yield from (Given(row[key], node.id, "") for key in _ROW_STRENGTHS if _number(row.get(key)))
                return
    patterns = view.role(node).get("strengths")
    if not patterns:
        yield from reader.all_given(node, "strength")
        return
    place = next((name for name, value in stored.items() if value == item.name), "")
    number = "".join(char for char in place if char.isdigit())
    names = [str(pattern).format(number) for pattern in patterns]
    yield from (found for name in names if (found := view.value(node, name)) is not None)


def _applied(reader: Reader, node: Node) -> Iterator[Given]:
    """The strengths at the nodes that use what a loader loads; a node in between may only choose a kind."""
    row, seen = [node], {node.id}
    while row and len(seen) < _MOST_USERS:
        for user, _, _ in reader.view.users(row.pop(0)):
            if user.id in seen or reader.samples(user):
                continue
            seen.add(user.id)
            found = list(reader.all_given(user, "strength"))
            yield from found
            if not found and reader.does(user) in ("patch", "pass"):
                row.append(user)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def settle_families(parts: list[ModelPart], passes: list[Sampling]) -> None:
    """Gives a diffusion model whose name tells nothing the family for which the text encoder of its pass is loaded."""
    for one in passes:
        told = {
            parts[at].family
            for at in one.models
            if parts[at].role == t.TEXT_ENCODER and parts[at].family_from == _LOADER
        }
        for at in one.models if len(told) == 1 else ():
            if parts[at].role == t.DIFFUSION_MODEL and not parts[at].family:
                parts[at] = parts[at]._replace(family=next(iter(told)), family_from=_LOADER)


def settle_uses(reader: Reader, parts: list[ModelPart]) -> None:
    """Loaders are used for more than their folder says: a file that only finds things in pictures (SAM 3, RT-DETR) is a
    detector, and a text encoder that only writes texts is a language model."""
    for at, part in enumerate(parts):
        if part.samplers or part.role not in (t.CHECKPOINT, t.DIFFUSION_MODEL, t.TEXT_ENCODER):
            continue
        uses = _uses(reader, part.node)
        if part.role == t.TEXT_ENCODER and uses and uses <= _WRITES:
            said = "" if part.family_from == _LOADER else part.family_from  # a loader says what it would encode for
            parts[at] = part._replace(role=t.LANGUAGE_MODEL, family=part.family if said else "", family_from=said)
        elif part.role != t.TEXT_ENCODER and uses & _FINDS and "sample" not in uses:
            parts[at] = part._replace(role=t.DETECTOR)


def _uses(reader: Reader, node: str) -> set[str]:
    """What is done with what a loader gives, seen through LoRAs, patches and switches."""
    found: set[str] = set()
    row, seen = [node], {node}
    while row and len(seen) < _MOST_USERS:
        for user, _, _ in reader.view.users(reader.view.by_id[row.pop()]):
            does = reader.does(user)
            if user.id not in seen:
                seen.add(user.id)
                if does in ("lora", "patch", "pass", "choose"):
                    row.append(user.id)
                else:
                    found.add(does)
    return found


_FINDS = frozenset({"detect", "pose", "depth"})
_WRITES = frozenset({"generate_text", "caption"})
_LOADER = "loader"
_APPLIED = frozenset({t.CONTROLNET, t.MODEL_PATCH, t.IP_ADAPTER, t.STYLE_MODEL})
_MOST_USERS = 30
