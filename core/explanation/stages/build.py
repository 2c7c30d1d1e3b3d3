"""The way from what goes in to what comes out, in steps that a person can follow. Pure.

Nodes that do one thing together are one step; loaders, numbers and switches stay out of it. A step stands behind
everything that feeds it, so the numbers go with the data. Which node belongs to what is told by `knowledge/roles.json`,
what a step is called by "stages" of `knowledge/tasks.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..graph import View
from ..kinds.marks import marks
from ..types import Anatomy
from .graph import MOST_STAGES, Group, StageGraph
from .groups import by_groups
from .join import joined, limited, merged, ordered, thinned
from .words import Words, table

__all__ = ["MOST_STAGES", "StageStep", "stages"]

_INPUTS = {"image": "picture", "mask": "picture", "video": "video_in", "audio": "sound_in", "3d": "model_in"}


class StageStep(NamedTuple):
    """One step. `samplings`, `texts`, `inputs`, `outputs`, `steps`, `models`: places in the anatomy's tuples.

    `number` starts at 1; `feeds`: numbers of the steps that this one hands something to, with the link's type.
    `left_out`: titles of steps between this one and what feeds it that found no place of their own.
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
    left_out: tuple[str, ...] = ()


def stages(anatomy: Anatomy, view: View) -> tuple[StageStep, ...]:
    """The numbered steps, at most `MOST_STAGES`; () for a workflow in which nothing is known to happen."""
    found = keys(anatomy, view)
    graph = StageGraph(view, found, _ends(anatomy))
    groups = joined(merged(thinned(graph.groups())))
    words = Words(anatomy, view)
    if len(groups) > MOST_STAGES:
        groups = by_groups(view, graph) or groups
    groups = limited(groups, {key: line["weak"] for key, line in table().items() if "weak" in line})
    for group in groups:
        words.settle(group)
    _with_setup(groups, anatomy)
    return _numbered(ordered(groups, tuple(table())), words, _places(anatomy))


def keys(anatomy: Anatomy, view: View) -> dict[str, str]:
    """Node id → key of the step it belongs to; nodes without one only hand things on."""
    told = {does: key for key, line in table().items() for does in line.get("does", ())}
    found = {}
    for node in view.nodes:
        key = told.get(view.role(node).get("does", ""))
        if key:
            found[node.id] = key
    found.update((node_id, "unknown") for node_id, _ in anatomy.opaque)
    found.update((node_id, "service") for node_id, _ in anatomy.partners)
    talking = [node for node in view.nodes if "language" in marks(view, node, ())]
    found.update((node.id, "words") for node in talking if found.get(node.id) == "service")
    for step in anatomy.steps:
        found.setdefault(step.node, told.get(step.does, "unknown"))
    for text in anatomy.texts:
        found.setdefault(text.node, "text")
    for sampling in anatomy.samplings:
        for node_id in sampling.nodes:
            if found.get(node_id) in ("unknown", "sample"):
                del found[node_id]
    found.update((one.node, "sample") for one in anatomy.samplings)
    found.update((one.node, _INPUTS.get(one.medium, "file_in")) for one in anatomy.inputs)
    for one in anatomy.outputs:
        if found.get(one.node) not in ("sample", "service"):
            found[one.node] = "show" if one.preview else "save"
    if "save" in found.values():  # what is only shown on the way is no step
        return {node: key for node, key in found.items() if key != "show"}
    return found


def _ends(anatomy: Anatomy) -> set[str]:
    """Where the way ends: what is kept, else what is shown."""
    return {one.node for one in anatomy.outputs if not one.preview} or {one.node for one in anatomy.outputs}


def _with_setup(groups: Sequence[Group], anatomy: Anatomy) -> None:
    """What sets up a sampling pass (guider, scheduler, noise) belongs to its step."""
    setup = {one.node: one.nodes for one in anatomy.samplings}
    taken = {node for group in groups for node in group.nodes}
    for group in groups:
        own = [node for sampler in group.ids for node in setup.get(sampler, ()) if node not in taken]
        group.folded += dict.fromkeys(own)
        taken.update(own)


def _numbered(
    groups: Sequence[Group], words: Words, places: Mapping[str, Mapping[str, list[int]]]
) -> tuple[StageStep, ...]:
    number = {id(group): place for place, group in enumerate(groups, 1)}
    found = []
    for group in groups:
        title, label = words.of(group)
        feeds = tuple((number[id(after)], kind) for after, kind in group.after.values())
        items = {
            name: tuple(place for node in group.nodes for place in own.get(node, ())) for name, own in places.items()
        }
        left = tuple(dict.fromkeys(words.of(one)[0] for one in group.dropped))
        found.append(
            StageStep(
                number[id(group)],
                group.key,
                title,
                label,
                tuple(group.nodes),
                group.depth,
                feeds,
                left_out=left,
                **items,
            )
        )
    return tuple(found)


def _places(anatomy: Anatomy) -> dict[str, dict[str, list[int]]]:
    """Which items of the anatomy stand at which node."""
    found: dict[str, dict[str, list[int]]] = {}
    for name in ("samplings", "texts", "inputs", "outputs", "steps", "models"):
        own = found[name] = {}
        for place, item in enumerate(getattr(anatomy, name)):
            own.setdefault(item.node, []).append(place)
    return found
