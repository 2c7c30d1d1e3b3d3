"""Lets nodes of a workflow name another file, in a new version of the workflow beside the old one.

`edits` finds the texts that name it, `apply` changes them, and `write_version` writes that under `next_version`.
A name is looked for wherever a page may read it: in the node, at the host of a subgraph or group node that hands it
down, in a primitive that feeds it, in the API copy of the same run. Which of those places count is not reckoned anew:
each is marked, the graph is read as ever, and the marks that arrive at the nodes tell.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .. import jsontext
from ..requirements.types import NodeRef
from ..requirements.values import values
from ..workflow.locate import Found, locate
from ..workflow.raw import Json
from ..workflow.source import source
from ..workflow.types import PRIMITIVES, Literal, Node, Workflow
from ..workflow.ui import Impossible, read_ui
from .renaming import renamed
from .splice import apply, pointer
from .types import Edit
from .versions import next_version, write_version

__all__ = ["apply", "edits", "next_version", "write_version"]

_DEEPEST = 8  # levels inside one value of a widget
_MARK = re.compile("\ue000([0-9]+)\ue001")  # private letters: no name has them
_SHOWN = ("videopreview", "preview")  # what a player shows, not what the node reads


class _Spot(NamedTuple):
    """A text of the file that names the file: where it stands, and whose it is."""

    holder: Any  # the list or object it stands in
    key: Any
    pointer: str
    text: str
    owner: int  # id() of the raw node


def edits(data: bytes, nodes: Sequence[NodeRef], before: str, after: str, *, workflow: str = "") -> tuple[Edit, ...]:
    """The texts of a workflow file to change so that `nodes` ask for `after` where they asked for `before`.

    `nodes` as a finding names them. `workflow`: the name of the one that is meant where the file holds several, "x.json#2";
    by default the first. Empty where no text of these nodes names `before`, where a prompt cannot say `after`, or where
    the file is no JSON (a picture).
    """
    if not before or before == after or not nodes:
        return ()
    try:
        value = jsontext.loads(data)
    except (ValueError, RecursionError):
        return ()
    asked: dict[str, set[str | None]] = {}
    for node in nodes:
        asked.setdefault(node.id, set()).add(node.input)
    found: dict[str, Edit] = {}
    for graph in _graphs(locate(value), workflow):
        place = _place(value, graph.place)
        if place is None:
            continue
        look = _in_ui if graph.format == "ui" else _in_api
        for where, text in look(graph.graph, asked, before):
            new = renamed(text, before, after)
            if new is not None and new != text:
                found[place + where] = Edit(place + where, text, new)
    return tuple(found[where] for where in sorted(found))


# ---- which graph --------------------------------------------------------------------------------------------


def _graphs(found: list[Found], workflow: str) -> list[Found]:
    """The graph that is meant, and its API copy where they stand together."""
    own = [one for one in found if not one.companion]
    number = workflow.rpartition("#")[2]
    index = int(number) - 1 if "#" in workflow and number.isdecimal() else 0
    if not 0 <= index < len(own):
        return []
    chosen = own[index]
    beside = chosen.place.rpartition("/")[0]
    return [chosen, *(one for one in found if one.companion and one.place.rpartition("/")[0] == beside)]


def _place(value: Json, place: str) -> str | None:
    """A graph's place as a JSON pointer: keys of the file may hold a "/" themselves."""
    if not place:
        return ""
    if isinstance(value, str):
        try:
            value = jsontext.loads(value.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            return None
    children: Iterator[tuple[str, Json]] = iter(())
    if isinstance(value, dict):
        children = ((key, child) for key, child in value.items() if place.startswith(f"/{key}"))
    elif isinstance(value, list):
        step = place[1:].partition("/")[0]
        children = iter([(step, value[int(step)])] if step.isdecimal() and int(step) < len(value) else [])
    for key, child in children:
        rest = place[len(key) + 1 :]
        if not rest or rest[0] == "/":
            below = _place(child, rest)
            if below is not None:
                return pointer([key]) + below
    return None


# ---- which texts --------------------------------------------------------------------------------------------

_Asked = Mapping[str, set[str | None]]  # flat node id → the inputs that name the file


def _in_api(graph: dict[str, Json], asked: _Asked, before: str) -> Iterator[tuple[str, str]]:
    for id, inputs in asked.items():
        raw = graph.get(id)
        if isinstance(raw, dict):
            spots = list(_spots(raw, "inputs", pointer([id, "inputs"]), before, raw))
            named = [one for one in spots if one.pointer.split("/")[3] in {_step(name) for name in inputs if name}]
            yield from ((one.pointer, one.text) for one in named or spots)


def _step(name: str) -> str:
    return pointer([name])[1:]


def _in_ui(graph: dict[str, Json], asked: _Asked, before: str) -> Iterator[tuple[str, str]]:
    """Every text that a page may hand to one of these nodes, and what their `properties.models` call it."""
    workflow = _read(graph)
    targets = [node for node in map(workflow.by_id, asked) if node is not None] if workflow else []
    if workflow is None or not targets:
        return
    places = _places(graph)
    for node in targets:
        yield from _hints(node.raw, places.get(id(node.raw), ""), before)
    raws = {id(node.raw): node.raw for node in (*targets, *_primitives(workflow))}
    hosts = {id(host): host for node in targets for host in _hosts(workflow, node)}
    spots = [
        spot
        for key, raw in (raws | hosts).items()
        if key in places
        for spot in _spots(raw, "widgets_values", f"{places[key]}/widgets_values", before, raw)
    ]
    for number, spot in enumerate(spots):
        spot.holder[spot.key] = renamed(spot.text, before, f"\ue000{number}\ue001")
    taken = _arriving(graph, asked)
    for owner in {spot.owner for spot in spots} & hosts.keys():
        with _alone(
            hosts[owner], hosts
        ):  # a value that another one hides today is read where a page knows only this one
            taken |= _arriving(graph, asked)
    for number in sorted(taken):
        yield spots[number].pointer, spots[number].text


def _read(graph: dict[str, Json]) -> Workflow | None:
    try:
        return read_ui(graph, "", "")
    except Impossible:
        return None


def _places(graph: dict[str, Json]) -> dict[int, str]:
    """id() of each raw node → its JSON pointer below the graph. Subgraph definitions and group nodes too."""
    places: dict[int, str] = {}
    queue: list[tuple[Json, str]] = [(graph, "")]
    extra = graph.get("extra")
    groups = extra.get("groupNodes") if isinstance(extra, dict) else None
    if isinstance(groups, dict):
        queue += [(group, pointer(["extra", "groupNodes", name])) for name, group in groups.items()]
    while queue:
        holder, where = queue.pop()
        if not isinstance(holder, dict):
            continue
        nodes = holder.get("nodes")
        for index, raw in enumerate(nodes if isinstance(nodes, list) else ()):
            places[id(raw)] = f"{where}/nodes/{index}"
        definitions = holder.get("definitions")
        listed = definitions.get("subgraphs") if isinstance(definitions, dict) else None
        for index, item in enumerate(listed if isinstance(listed, list) else ()):
            queue.append((item, f"{where}/definitions/subgraphs/{index}"))
    return places


def _primitives(workflow: Workflow) -> list[Node]:
    return [node for node in workflow.nodes if node.class_type in PRIMITIVES]


def _hosts(workflow: Workflow, node: Node) -> Iterator[dict[str, Json]]:
    """The instances around a node, from the inside out."""
    scope = workflow.scopes[node.scope]
    while scope.parent >= 0:
        yield scope.host
        scope = workflow.scopes[scope.parent]


def _hints(raw: dict[str, Json], place: str, before: str) -> Iterator[tuple[str, str]]:
    properties = raw.get("properties")
    listed = properties.get("models") if isinstance(properties, dict) else None
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, dict) and item.get("name") == before and place:
            yield f"{place}/properties/models/{index}/name", before


def _spots(
    holder: Any, key: Any, where: str, before: str, owner: dict[str, Json], depth: int = _DEEPEST
) -> Iterator[_Spot]:
    value = holder.get(key) if isinstance(holder, dict) else holder[key]
    if isinstance(value, str):
        if renamed(value, before, "x") is not None:
            yield _Spot(holder, key, where, value, id(owner))
    elif isinstance(value, list | dict) and depth:
        keys = [one for one in value if one not in _SHOWN] if isinstance(value, dict) else range(len(value))
        for one in keys:
            yield from _spots(value, one, where + pointer([one]), before, owner, depth - 1)


@contextlib.contextmanager
def _alone(host: dict[str, Json], hosts: Mapping[int, dict[str, Json]]) -> Iterator[None]:
    """For a while, of all hosts only this one has values, and nothing else feeds it."""
    before = [(raw, dict(raw)) for raw in hosts.values()]
    for raw in hosts.values():
        if raw is not host:
            raw.pop("widgets_values", None)
    slots = host.get("inputs")
    if isinstance(slots, list):
        host["inputs"] = [{**slot, "link": None} if isinstance(slot, dict) else slot for slot in slots]
    try:
        yield
    finally:
        for raw, values_ in before:
            raw.update(values_)


def _arriving(graph: dict[str, Json], asked: _Asked) -> set[int]:
    """The marks that arrive at the nodes. Where a node names two different inputs alike, only those of `asked`."""
    found: set[int] = set()
    workflow = _read(graph)
    for id, inputs in asked.items() if workflow is not None else ():
        node = workflow.by_id(id) if workflow is not None else None
        if workflow is None or node is None:
            continue
        named: dict[int, str | None] = {}
        for name, value in _read_by(workflow, node):
            named.update((mark, name) for mark in _marks(value) if name is not None or mark not in named)
        wanted = {mark for mark, name in named.items() if name in inputs}
        found |= {mark for mark, name in named.items() if name is None} | wanted if wanted else set(named)
    return found


def _read_by(workflow: Workflow, node: Node) -> Iterator[tuple[str | None, Json]]:
    """What a node may read: input name, where it can be told, and value."""
    yield from values(node, None).items
    yield from ((None, value) for value in (node.alternate, node.widgets))
    for slot in node.slots:
        if slot.link is not None:
            fed = source(workflow, node, slot.name)
            if isinstance(fed, Literal):
                yield slot.widget or slot.name, fed.value


def _marks(value: Json, depth: int = _DEEPEST) -> Iterator[int]:
    if isinstance(value, str):
        yield from map(int, _MARK.findall(value))
    elif isinstance(value, list | dict) and depth:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _marks(one, depth - 1)
