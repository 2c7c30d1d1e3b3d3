"""What comes in from a person, what goes out, the steps between, and the switches. Pure."""

from __future__ import annotations

from collections.abc import Collection

from ...requirements.types import INPUT_MEDIA
from ...workflow.source import source
from ...workflow.types import Node, Origin
from ..graph import Given, View
from ..types import Ending, Step, Switch
from .reader import Reader

_MEDIA = {
    "IMAGE": "image", "VIDEO": "video", "AUDIO": "audio", "MESH": "3d", "FILE_3D": "3d", "SPLAT": "3d", "VOXEL": "3d",
    "TRIMESH": "3d", "STRING": "text", "LATENT": "latent", "MASK": "mask", "MODEL": "model", "SVG": "image",
    "VHS_AUDIO": "audio", "CONDITIONING": "conditioning",
}  # fmt: skip


def medium_of(kind: str) -> str:
    """The medium of a link type; "" for those that are none."""
    first = kind.split(",")[0].strip()
    return _MEDIA.get(first) or ("3d" if first.startswith("FILE_3D") else "")


def inputs(reader: Reader, unused: Collection[str]) -> list[Ending]:
    """Where a person's files come in. `unused`: the nodes that nothing which goes out depends on."""
    found: dict[tuple[str, str], Ending] = {}
    view = reader.view
    for item in reader.needs.items:
        if item.kind != INPUT_MEDIA or not item.active:
            continue
        for ref in item.nodes:
            node = view.by_id.get(ref.id)
            if node is not None:
                medium = _in_medium(reader, node, item.media or "")
                key = (node.id, item.name)
                found.setdefault(
                    key, Ending(node.id, node.class_type, node.title, medium, item.name, node.id not in unused)
                )
    named = {node for node, _ in found}
    for node in view.order():
        line = reader.vocabulary.get(reader.does(node), {})
        if line.get("end") == "in" and node.id not in named:
            medium = _in_medium(reader, node, str(line.get("medium", "")))
            found[node.id, ""] = Ending(node.id, node.class_type, node.title, medium, "", node.id not in unused)
    place = {node.id: at for at, node in enumerate(view.order())}
    return sorted(found.values(), key=lambda one: place.get(one.node, 0))


def _in_medium(reader: Reader, node: Node, said: str) -> str:
    """A mask loader brings a mask and not a picture; else what the table or the definition says."""
    outs = [medium_of(kind) for kind in reader.view.outputs(node)]
    if said == "image" and outs and "image" not in outs:
        return outs[0] or said
    return said if said not in ("", "file") else next((one for one in outs if one), "")


def outputs(reader: Reader) -> list[Ending]:
    """Where something goes out: files that are kept, what is shown, and texts only where nothing else comes out."""
    found: list[Ending] = []
    texts: list[Ending] = []
    view = reader.view
    for node in view.order():
        does = reader.does(node)
        end = view.role(node).get("end") or reader.vocabulary.get(does, {}).get("end")
        known = view.known(node)
        if end in ("out", "preview") or (known is not None and known.output is True and does in ("", "process")):
            found.append(_ending(reader, node, end == "preview"))
        elif does == "show":
            texts.append(_ending(reader, node, True))
    return found or texts


def _ending(reader: Reader, node: Node, preview: bool) -> Ending:
    view = reader.view
    medium = view.role(node).get("medium")
    kinds = [view.kind(node, name) for name in view.feeds(node)]
    medium = medium or next((one for kind in kinds if (one := medium_of(kind))), "")
    return Ending(node.id, node.class_type, node.title, str(medium), preview=preview)


def unused(reader: Reader, ends: list[Ending]) -> dict[str, str]:
    """The nodes that will not run, since nothing that goes out depends on them: node → the switch that leaves it out, or "".

    Where nothing is known to go out, or its link is torn, everything runs as far as is known.
    """
    view = reader.view
    roots = {end.node for end in ends} | {node.id for node in view.nodes if _goes_out(reader, node)}
    kept = _behind(view, roots)
    if kept == roots:  # no output has anything behind it: a torn link, or a part of a graph
        return {}
    found = dict.fromkeys((node.id for node in view.nodes if node.id not in kept), "")
    for node in view.nodes:
        branch = view.branch(node) if found and "chooses" in view.role(node) else None
        if branch is None:
            continue
        for slot in node.slots:
            fed = source(view.workflow, node, slot.name) if slot.name != branch else None
            if isinstance(fed, Origin):
                for one in _behind(view, {fed.node}):
                    if one in found and not found[one]:
                        found[one] = node.id
    return found


def _goes_out(reader: Reader, node: Node) -> bool:
    """Whether a node is one that ComfyUI runs a graph for, or, where its type is not known, may be."""
    known = reader.view.known(node)
    if known is not None and known.output is not None:
        return known.output
    unread = known is None or known.output is None
    return unread and reader.does(node) in ("", "process", "show", "partner") and not reader.view.users(node)


def _behind(view: View, roots: set[str]) -> set[str]:
    found: set[str] = set()
    row = list(roots)
    while row:
        one = row.pop()
        node = view.by_id.get(one)
        if node is not None and one not in found:
            found.add(one)
            row += [feed.node.id for feed in view.feeds(node).values()]
    return found


def steps(reader: Reader, unused: Collection[str]) -> list[Step]:
    """What is done besides sampling, in the order in which data flows. `unused`: nodes that will not run."""
    found = []
    for node in reader.view.order():
        does = reader.does(node)
        line = reader.vocabulary.get(does, {})
        if node.id in unused or not (line.get("step") or does == "process"):
            continue
        values: list[Given] = [given for key in line.get("values", ()) for given in reader.all_given(node, key)]
        found.append(Step(node.id, node.class_type, node.title, does, _out_medium(reader, node), tuple(values)))
    return found


def _out_medium(reader: Reader, node: Node) -> str:
    own = reader.view.role(node).get("medium")
    return str(own) if own else next((one for kind in reader.view.outputs(node) if (one := medium_of(kind))), "")


def switches(reader: Reader) -> list[Switch]:
    """The choices that the author built in."""
    found = []
    view = reader.view
    for node in view.order():
        chooses = view.role(node).get("chooses")
        if not chooses:
            continue
        given = view.value(node, chooses["by"]) if "by" in chooses else None
        branches = tuple(chooses["of"].values()) if "of" in chooses else tuple(view.feeds(node))
        found.append(Switch(node.id, node.title, given, view.branch(node) or "", branches))
    return found
