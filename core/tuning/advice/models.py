"""Proposals about model files: a smaller build, 8 bits while loading, the text encoder on the CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...explanation.graph import View
from ...explanation.types import CHECKPOINT, CONTROLNET, DIFFUSION_MODEL, TEXT_ENCODER, ModelPart
from ...knowledge import document
from ...workflow.types import Node
from ..known import bits_in
from ..parts import total, weigh
from ..types import GB, MEMORY, SAFETY, SPEED, Change, Edit
from .builds import Build, builds
from .table import Case, proposal

_ROLES = (DIFFUSION_MODEL, CHECKPOINT, TEXT_ENCODER, CONTROLNET)
_MOST_BUILDS = 3  # of one file
_WHOLE_BITS = 9  # what has fewer bits per number is packed already
_FP8 = "fp8_e4m3fn"
_LARGE = 8 * GB  # text encoders: a CPU is long about more


def model_changes(case: Case) -> Iterator[Change]:
    """All of them. Every node that names a file changes with it: else both files would be loaded."""
    files: dict[str, list[ModelPart]] = {}
    for part in case.anatomy.models:
        files.setdefault(part.name, []).append(part)
    for name, parts in files.items():
        if any(part.optional for part in parts) or not any(part.role in _ROLES and part.used for part in parts):
            continue
        yield from _smaller(case, name, parts)
        if parts[0].role == DIFFUSION_MODEL:
            yield from _eight_bits(case, name, parts)
    yield from _encoders(case)


def _size(case: Case, part: ModelPart) -> int | None:
    facts = case.files(part.name, part.folders)
    return facts.size if facts is not None else None


# ---- another build ------------------------------------------------------------------------------------------


def _smaller(case: Case, name: str, parts: list[ModelPart]) -> Iterator[Change]:
    part = parts[0]
    folder = part.folders[0] if part.folders else ""
    loaders = document("tuning")["gguf_loaders"]
    gguf = part.class_type in loaders and loaders[part.class_type]["type"] in case.view.catalogue.installed
    for build in builds(name, _size(case, part), folder, case.here, case.known, gguf)[:_MOST_BUILDS]:
        edits = _edits(case.view, parts, build, loaders)
        if edits is None:
            continue
        kind = "build_here" if build.needs.here else "build_known"
        words = {
            "before": _base(name),
            "after": _base(build.name),
            "said_by": build.needs.said_by or "a workflow's own link",
        }
        goals = (MEMORY, SAFETY) if build.label.startswith("GGUF") else (MEMORY, SPEED, SAFETY)
        yield proposal(
            kind, f"build.{name}.{build.name}", edits, goals, words, quality=build.quality, needs=build.needs,
            url=build.needs.url,
        )  # fmt: skip


def _edits(
    view: View, parts: list[ModelPart], build: Build, loaders: Mapping[str, Mapping[str, Any]]
) -> tuple[Edit, ...] | None:
    found = []
    for part in parts:
        given = view.value(view.by_id[part.node], part.input) if part.node in view.by_id else None
        if given is None or given.value != part.name:
            return None
        if build.name.lower().endswith(".gguf"):
            loader = loaders.get(part.class_type)
            if loader is None:
                return None
            values = dict(view.values(view.by_id[part.node]))
            kept = tuple((key, build.name if key == part.input else values.get(key)) for key in loader["keeps"])
            found.append(Edit("type", part.node, part.input, part.class_type, loader["type"], kept))
        else:
            found.append(Edit("value", part.node, part.input, part.name, build.name))
    return tuple(found)


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


# ---- 8 bits while loading -----------------------------------------------------------------------------------


def _eight_bits(case: Case, name: str, parts: list[ModelPart]) -> Iterator[Change]:
    """weight_dtype of the core loader, for files that are not packed already."""
    facts = case.files(name, parts[0].folders)
    bits = facts.bits.get("diffusion") if facts is not None else None
    if (bits or bits_in(name) or 16) < _WHOLE_BITS or name.lower().endswith(".gguf"):
        return
    edits = []
    for part in parts:
        if (
            part.dtype is None
            or part.dtype.value != "default"
            or not _offers(case.view, part.node, "weight_dtype", _FP8)
        ):
            return
        edits.append(Edit("value", part.dtype.node, part.dtype.input, "default", _FP8))
    yield proposal("dtype", f"dtype.{name}", tuple(edits), (MEMORY, SAFETY), {"before": _base(name)})


def _offers(view: View, node: str, name: str, choice: str) -> bool:
    """Whether the definition of a node's type offers this choice; of one that is not installed, what is known."""
    known = view.known(view.by_id[node]) if node in view.by_id else None
    spec = known.input(name) if known is not None else None
    if spec is None:
        return False
    return choice in spec.options if spec.options is not None else known is not None and known.pack == "comfy-core"


# ---- the text encoder on the CPU ----------------------------------------------------------------------------


def _encoders(case: Case) -> Iterator[Change]:
    """One change for all text encoders: they work at the same moment."""
    loaders = {part.node: part for part in case.anatomy.models if part.role == TEXT_ENCODER and part.used}
    edits: list[Edit] = []
    for id, part in loaders.items():
        edit = _on_cpu(case.view, case.view.by_id.get(id))
        if edit is None:
            return
        edits += [edit] if edit.before != edit.after or edit.values else []
        kind = part.class_type
    if edits:
        yield proposal(
            "encoder_cpu", "encoder.cpu", tuple(edits), (MEMORY, SAFETY), {"kind": kind, "slow": _slow(case)}
        )


def _slow(case: Case) -> str:
    size = total(row.bytes for row in weigh(case.anatomy.models, case.files) if row.weight.role == TEXT_ENCODER).likely
    if size <= _LARGE:
        return ""
    return f" With {size / GB:.0f} GB of text encoders that can take minutes, and it wants as much RAM."


def _on_cpu(view: View, node: Node | None) -> Edit | None:
    """None where the loader has no such choice, or has it already."""
    if node is None or not _offers(view, node.id, "device", "cpu"):
        return None
    given = view.value(node, "device")
    if given is not None and given.value == "default":
        return Edit("value", given.node, given.input, "default", "cpu")
    known = view.known(node)
    if given is not None or known is None or any(slot.link is not None for slot in node.slots):
        return None
    # Saved before there was such a choice: the node is written anew with all its values.
    stored = dict(view.values(node))
    names = [one.name for one in known.inputs or () if one.widget]
    if any(name not in stored for name in names if name != "device"):
        return None
    return Edit(
        "type", node.id, "device", node.class_type, node.class_type, tuple((n, stored.get(n, "cpu")) for n in names)
    )
