"""The way from what goes in to what comes out, in steps that a person can follow. Pure.

Nodes that do one thing together are one step; loaders, numbers and switches stay out of it. A step stands behind
everything that feeds it, so the numbers go with the data. Which node belongs to what is told by `knowledge/roles.json`,
what a step is called by "stages" of `knowledge/tasks.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..knowledge import document
from ..workflow.types import Node
from .graph import View
from .stage_graph import MOST_STAGES, Group, StageGraph, joined, limited, merged
from .types import Anatomy

__all__ = ["MOST_STAGES", "StageStep", "stages"]

_INPUTS = {"image": "picture", "mask": "picture", "video": "video_in", "audio": "sound_in", "3d": "model_in"}
_PASSES = ("Sampling", "Second pass", "Third pass", "Fourth pass", "Fifth pass")


class StageStep(NamedTuple):
    """One step. `samplings`, `texts`, `inputs`, `outputs`, `steps`, `models`: places in the anatomy's tuples.

    `number` starts at 1; `feeds`: numbers of the steps that this one hands something to, with the link's type.
    """

    number: int
    key: str
    title: str
    label: str
    nodes: tuple[str, ...]
    depth: int = 0
    feeds: tuple[tuple[int, str], ...] = ()
    samplings: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    models: tuple[int, ...] = ()


def stages(anatomy: Anatomy, view: View) -> tuple[StageStep, ...]:
    """The numbered steps, at most `MOST_STAGES`; () for a workflow in which nothing is known to happen."""
    graph = StageGraph(view, keys(anatomy, view), {one.node for one in anatomy.outputs})
    groups = limited(joined(merged(graph.groups())), _weakness())
    order = {id(group): place for place, group in enumerate(groups, 1)}
    places = _places(anatomy)
    found = []
    passes = 0
    for number, group in enumerate(groups, 1):
        passes += group.key == "sample"
        title, label = _words(group, passes)
        feeds = tuple((order[id(after)], kind) for after, kind in group.after.values())
        found.append(
            StageStep(number, group.key, title, label, tuple(group.nodes), group.depth, feeds, **_items(group, places))
        )
    return tuple(found)


def keys(anatomy: Anatomy, view: View) -> dict[str, str]:
    """Node id → key of the step it belongs to; nodes without one only hand things on."""
    told = {does: key for key, line in _table().items() for does in line.get("does", ())}
    found = {}
    for node in view.nodes:
        key = told.get(view.role(node).get("does", ""))
        if key:
            found[node.id] = key
    for node_id, _ in anatomy.opaque:
        found.setdefault(node_id, "unknown")
    for node_id, _ in anatomy.partners:
        found[node_id] = "service"
    for step in anatomy.steps:
        found.setdefault(step.node, told.get(step.does, "unknown"))
    for text in anatomy.texts:
        found.setdefault(text.node, "text")
    for sampling in anatomy.samplings:
        for node_id in sampling.nodes:
            if found.get(node_id, "") in ("", "unknown"):
                found[node_id] = "sample"
        found[sampling.node] = "sample"
    for one in anatomy.inputs:
        found[one.node] = _INPUTS.get(one.medium, "file_in")
    for one in anatomy.outputs:
        if found.get(one.node) not in ("sample", "service"):
            found[one.node] = "show" if one.preview else "save"
    return found


def _words(group: Group, passes: int) -> tuple[str, str]:
    """Title and label of one step."""
    line = _table()[group.key]
    title, label = line["title"], line["label"]
    if group.key == "sample" and passes > 1:
        title, label = _PASSES[min(passes, len(_PASSES)) - 1], f"pass {passes}"
    elif "many" in line and len(group.ids) > 1:
        title = line["many"]
    elif group.key == "save" and "decode" in group.took:
        title = "Decode and save"
    return title, label


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    return document("tasks")["stages"]  # type: ignore[no-any-return]


@cache
def _weakness() -> Mapping[str, int]:
    return {key: line["weak"] for key, line in _table().items() if "weak" in line}


# ---- what of the anatomy a step is about -------------------------------------------------------------------


def _places(anatomy: Anatomy) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for name in ("samplings", "texts", "inputs", "outputs", "steps", "models"):
        own = found[name] = {}
        for place, item in enumerate(getattr(anatomy, name)):
            own.setdefault(item.node, []).append(place)
    return found


def _items(group: Group, places: Mapping[str, Mapping[str, list[int]]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(place for node in group.nodes for place in own.get(node, ())) for name, own in places.items()}


def _nodes(view: View) -> Iterator[Node]:
    yield from view.nodes
