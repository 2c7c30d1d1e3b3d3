"""Puts new values where the old ones stand: every place that could be meant is marked; the marks that arrive tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ...explanation.graph import View
from ...workflow.raw import Json
from ...workflow.source import source
from ...workflow.types import Literal, Origin
from ..types import Edit
from .text import same

Reader = tuple[str, str]  # flat node id, input
Read = Callable[[dict[str, Json]], View]

_FIRST = 9_100_000_000_000  # marks in place of numbers; no workflow counts this far
_MOST_HOSTS = 64


class _Spot(NamedTuple):
    """A place that holds the value: list or object, index or key, and the raw node it belongs to."""

    holder: Any
    key: Any
    owner: dict[str, Json]

    @property
    def value(self) -> Json:
        return self.holder[self.key]


_Found = tuple[list[_Spot], set[Reader]]  # the places of a value, and all who read the one in force


def put_values(graph: dict[str, Json], form: str, edits: Sequence[Edit], read: Read) -> dict[Reader, Json]:
    """Changes `graph` in place, and gives every (node, input) that reads another value now, with that value.

    `read`: the graph as a View. Raises NotEdited where the place is not found, serves something that is not meant too,
    or is asked for two different values.
    """
    from .edited import NotEdited

    if not edits:
        return {}
    meant: dict[Reader, Json] = {}
    shared = _shared(read(graph)) if isinstance(graph.get("definitions"), dict) else {}
    plain = _together(graph, form, edits, read)
    asked = {(edit.node, edit.input): edit.after for edit in edits}
    for edit in edits:
        if (edit.node, edit.input) in meant and same(meant[edit.node, edit.input], edit.after):
            continue  # two inputs that hang on one value
        if (edit.node, edit.input) in meant:
            raise NotEdited(
                f"{edit.input} of node {edit.node} stands in one place with another value that changes otherwise."
            )
        found = plain.get((edit.node, edit.input)) or _arriving(graph, form, edit, read)
        if found is None:
            raise NotEdited(f"Where {edit.input} of node {edit.node} stands cannot be told.")
        spots, readers = found
        wanted = [id for id, name in readers if (id, name) in asked and same(asked[id, name], edit.after)]
        if any(not any(id.startswith(prefix) for id in wanted) for prefix in shared.get(id(spots[0].owner), ())):
            raise NotEdited(
                f"Node {edit.node} is in a subgraph that is used several times: the change would hit all of them."
            )
        for spot in spots:
            spot.holder[spot.key] = edit.after
        meant.update(dict.fromkeys(readers, edit.after))
    return meant


def _together(graph: dict[str, Json], form: str, edits: Sequence[Edit], read: Read) -> dict[Reader, _Found]:
    """What `_arriving` gives, in one reading, for edits whose value is not at a host."""
    before = {_key(edit.before) for edit in edits} - {None}
    spots = [spot for spot in _spots(graph, form) if _key(spot.value) in before]
    kept = [spot.value for spot in spots]
    marks = [_mark(value, number) for number, value in enumerate(kept)]
    for spot, mark in zip(spots, marks, strict=True):
        spot.holder[spot.key] = mark if mark is not None else spot.value
    try:
        view = read(graph)
        readers = _readers(view, marks)
        numbers = {_key(mark): place for place, mark in enumerate(marks)}
        places = [numbers.get(_key(_value(view, edit))) for edit in edits]
    finally:
        for spot, value in zip(spots, kept, strict=True):
            spot.holder[spot.key] = value
    hosts = {id(scope.host) for scope in view.workflow.scopes if scope.host}
    return {
        (edit.node, edit.input): ([spots[place]], readers.get(place, set()))
        for edit, place in zip(edits, places, strict=True)
        if place is not None and id(spots[place].owner) not in hosts and same(spots[place].value, edit.before)
    }


def _value(view: View, edit: Edit) -> Json:
    """What the edit's input gets, wherever it stands."""
    node = view.by_id.get(edit.node)
    given = view.value(node, edit.input) if node is not None else None
    return given.value if given is not None else None


def _readers(view: View, marks: list[Json]) -> dict[int, set[Reader]]:
    """Place of a mark → who reads it."""
    places = {mark: place for place, mark in enumerate(marks) if mark is not None}
    found: dict[int, set[Reader]] = {}
    for reader, value in read_values(view):
        if isinstance(value, str | int | float) and value in places:
            found.setdefault(places[value], set()).add(reader)
    return found


def _arriving(graph: dict[str, Json], form: str, edit: Edit, read: Read) -> _Found | None:
    """The places of the value, the one in force first, and all who read that one.

    A host's value hides the one inside; a page that knows no host values reads that, so it is changed as well.
    """
    spots = [spot for spot in _spots(graph, form) if same(spot.value, edit.before)]
    marks = [_mark(edit.before, number) for number in range(len(spots))]
    if not spots or marks[0] is None:
        return None
    found: list[_Spot] = []
    readers: set[Reader] = set()
    put_back: list[tuple[dict[str, Json], dict[str, Json]]] = []
    for spot, mark in zip(spots, marks, strict=True):
        spot.holder[spot.key] = mark
    try:
        for _ in range(_MOST_HOSTS):
            view = read(graph)
            place = _place(_value(view, edit), marks)
            if place is None:
                break
            spot = spots[place]
            if not found:
                readers = _readers(view, marks).get(place, set())
            found.append(spot)
            if not any(scope.host is spot.owner for scope in view.workflow.scopes):
                break
            put_back.append((spot.owner, dict(spot.owner)))
            del spot.owner["widgets_values"]
    finally:
        for owner, kept in reversed(put_back):  # its keys in their order, else it would be written anew
            owner.clear()
            owner.update(kept)
        for spot in spots:
            spot.holder[spot.key] = edit.before
    return (found, readers) if found else None


def read_values(view: View) -> Iterator[tuple[Reader, Json | Origin]]:
    """Every (node, input) with the value that stands there, or the Origin of what a node that runs hands it.

    Nodes that only hold a value and switches are not looked through: a switch that is thrown changes itself alone.
    """
    for node in view.nodes:
        stored = view.values(node)
        linked = {slot.widget or slot.name: slot for slot in node.slots if slot.link is not None}
        for name in dict.fromkeys((*stored, *linked)):
            fed = source(view.workflow, node, name) if name in linked or view.workflow.broadcast else None
            if isinstance(fed, Literal):
                yield (node.id, name), fed.value
            elif isinstance(fed, Origin):
                yield (node.id, name), fed
            elif name in stored:
                yield (node.id, name), stored[name]


def _shared(view: View) -> dict[int, list[str]]:
    """id() of a raw node in a definition that several running instances share → the prefixes of those instances."""
    prefixes: dict[int, list[str]] = {}
    for scope in view.workflow.scopes:
        if scope.active and scope.kind == "subgraph":
            prefixes.setdefault(id(scope.raw), []).append(scope.prefix)
    found: dict[int, list[str]] = {}
    for scope in view.workflow.scopes:
        nodes = scope.raw.get("nodes") if len(prefixes.get(id(scope.raw), ())) > 1 else None
        for raw in nodes if isinstance(nodes, list) else ():
            found[id(raw)] = prefixes[id(scope.raw)]
    return found


def _spots(graph: dict[str, Json], form: str) -> Iterator[_Spot]:
    """Every value that a node of the file holds at its first level. Insides of group nodes are left alone."""
    for raw in raw_nodes(graph, form):
        holder = raw.get("inputs") if form == "api" else raw.get("widgets_values")
        if isinstance(holder, dict):
            yield from (_Spot(holder, key, raw) for key in holder)
        elif isinstance(holder, list):
            yield from (_Spot(holder, index, raw) for index in range(len(holder)))


def raw_nodes(graph: dict[str, Json], form: str) -> Iterator[dict[str, Json]]:
    """The file's own node objects, those of subgraph definitions at all levels included."""
    if form == "api":
        yield from (raw for raw in graph.values() if isinstance(raw, dict))
        return
    queue: list[Json] = [graph]
    while queue:
        holder = queue.pop()
        if not isinstance(holder, dict):
            continue
        nodes, definitions = holder.get("nodes"), holder.get("definitions")
        yield from (raw for raw in (nodes if isinstance(nodes, list) else ()) if isinstance(raw, dict))
        listed = definitions.get("subgraphs") if isinstance(definitions, dict) else None
        queue += listed if isinstance(listed, list) else []


def _key(value: Json) -> tuple[str, Json] | None:
    """A value to look up by, told apart from equal ones of other types; None for what is no single value."""
    return (type(value).__name__, value) if isinstance(value, str | int | float) else None


def _mark(before: Json, number: int) -> Json:
    if isinstance(before, str):
        return f"\ue000{number}\ue001"  # private letters: no value has them
    if isinstance(before, bool | int):
        return _FIRST + number
    return _FIRST + number + 0.5 if isinstance(before, float) else None


def _place(value: Json, marks: list[Json]) -> int | None:
    return next((place for place, mark in enumerate(marks) if mark is not None and same(mark, value)), None)
