"""Replaces a node's type in place, puts a node into a link, bypasses one: in the raw graph, as the page saves it."""

from __future__ import annotations

from typing import Any

from ...explanation.graph import View
from ...workflow.raw import Json, raw_id
from ...workflow.types import Node, Scope
from ..types import Edit

_WIDE, _GAP = 300, 40  # drawing units: how far to the right of its source a new node stands


def structural(graph: dict[str, Json], form: str, view: View, edit: Edit) -> None:
    """Makes one edit that is no change of a value, in place. `view` reads `graph`. Raises NotEdited."""
    from .edited import NotEdited

    node = view.by_id.get(edit.node)
    if node is None or view.workflow.scopes[node.scope].kind == "group":
        raise NotEdited(f"Node {edit.node} is not there, or is inside a group node.")
    if edit.kind == "type":
        _replace(view, node, edit, form)
    elif edit.kind == "mode" and form == "ui":
        node.raw["mode"] = edit.after
    elif edit.kind == "insert":
        _insert_api(graph, edit) if form == "api" else _insert(view, node, edit)
    else:
        raise NotEdited(f"A workflow in {form.upper()} format has no such change ({edit.kind}).")


# ---- another type in place ----------------------------------------------------------------------------------


def _replace(view: View, node: Node, edit: Edit, form: str) -> None:
    """The node becomes one of type `edit.after` with the widgets `edit.values`; links stay at their sockets' names."""
    from .edited import NotEdited

    raw, after = node.raw, str(edit.after)
    names = {name for name, _ in edit.values}
    if form == "api":
        linked = {slot.name: raw["inputs"][slot.name] for slot in node.slots}
        raw["class_type"], raw["inputs"] = after, {**linked, **{k: v for k, v in edit.values if k not in linked}}
        return
    inputs = raw.get("inputs")
    kept = []
    for slot in inputs if isinstance(inputs, list) else []:
        widget = slot.get("widget") if isinstance(slot, dict) else None
        if isinstance(widget, dict) and widget.get("name") not in names:
            if slot.get("link") is not None or _promoted(view, node, str(widget.get("name"))):
                raise NotEdited(
                    f"{widget.get('name')} of node {node.id} is fed from elsewhere, and {after} has no such input."
                )
            continue
        kept.append(slot)
    if len(kept) != len(inputs or []):
        _renumber(view.workflow.scopes[node.scope], raw, kept)
    raw["inputs"], raw["type"] = kept, after
    raw["widgets_values"] = [value for _, value in edit.values]
    properties = raw.get("properties")
    if isinstance(properties, dict) and "Node name for S&R" in properties:
        properties["Node name for S&R"] = after


def _promoted(view: View, node: Node, widget: str) -> bool:
    properties = view.workflow.scopes[node.scope].host.get("properties")
    proxies = properties.get("proxyWidgets") if isinstance(properties, dict) else None
    own = node.id.rpartition(":")[2]
    return any(
        isinstance(one, list) and [raw_id(one[0]), one[1]] == [own, widget] for one in proxies or () if len(one) > 1
    )


def _renumber(scope: Scope, raw: dict[str, Json], kept: list[Json]) -> None:
    """Links name their target by the slot's place, which moved."""
    places = {raw_id(slot.get("link")): place for place, slot in enumerate(kept) if isinstance(slot, dict)}
    links: Any = scope.raw.get("links")
    for link in links if isinstance(links, list) else []:
        key: Any = "target_slot" if isinstance(link, dict) else 4
        if isinstance(link, dict | list) and _link_id(link) in places:
            link[key] = places[_link_id(link)]


def _link_id(link: dict[str, Json] | list[Json]) -> str:
    if isinstance(link, dict):
        return raw_id(link.get("id"))
    return raw_id(link[0]) if len(link) > 4 else ""


# ---- a node put into a link ---------------------------------------------------------------------------------


def _insert_api(graph: dict[str, Json], edit: Edit) -> None:
    """Behind output 0 of `edit.node`: all that read it read the new node."""
    numbers = [int(key) for key in graph if key.isdecimal()]
    own = str(max(numbers, default=0) + 1)
    for raw in graph.values():
        inputs: Any = raw.get("inputs") if isinstance(raw, dict) else None
        for name, value in list(inputs.items()) if isinstance(inputs, dict) else ():
            if isinstance(value, list) and len(value) == 2 and raw_id(value[0]) == edit.node and value[1] == 0:
                inputs[name] = [own, 0]
    graph[own] = {"class_type": edit.after, "inputs": {edit.input: [edit.node, 0], **dict(edit.values)}}


def _insert(view: View, node: Node, edit: Edit) -> None:
    """Behind output 0 of `node`, in its own level of the graph: the new node takes over all its links."""
    from .edited import NotEdited

    scope = view.workflow.scopes[node.scope]
    level, outputs = scope.raw, node.raw.get("outputs")
    links, nodes = level.get("links"), level.get("nodes")
    first = outputs[0] if isinstance(outputs, list) and outputs else None
    if not isinstance(links, list) or not isinstance(nodes, list) or not isinstance(first, dict):
        raise NotEdited(f"The links of node {node.id} are not as ComfyUI writes them.")
    own, link_id = _next(level, "node", nodes), _next(level, "link", links)
    old = node.raw["id"]
    taken = []
    for link in links:
        if isinstance(link, dict) and link.get("origin_id") == old and link.get("origin_slot") == 0:
            link["origin_id"] = own
            taken.append(link.get("id"))
        elif isinstance(link, list) and len(link) >= 5 and link[1] == old and link[2] == 0:
            link[1] = own
            taken.append(link[0])
    if not taken:
        raise NotEdited(f"Nothing reads node {node.id}.")
    kind = str(first.get("type", "MODEL"))
    as_object = scope.kind == "subgraph" or bool(links and isinstance(links[0], dict))
    links.append(
        {"id": link_id, "origin_id": old, "origin_slot": 0, "target_id": own, "target_slot": 0, "type": kind}
        if as_object
        else [link_id, old, 0, own, 0, kind]
    )
    first["links"] = [link_id]
    nodes.append(
        {
            "id": own,
            "type": edit.after,
            "pos": _beside(node.raw.get("pos")),
            "size": [_WIDE, 82],
            "flags": {},
            "order": 0,
            "mode": 0,
            "inputs": [{"name": edit.input, "type": kind, "link": link_id}],
            "outputs": [{"name": kind, "type": kind, "slot_index": 0, "links": taken}],
            "properties": {"Node name for S&R": edit.after},
            "widgets_values": [value for _, value in edit.values],
        }
    )


def _next(level: dict[str, Json], what: str, items: list[Json]) -> int:
    """An id that is not in use, and the level's own counter set to it."""
    ids = [one.get("id") if isinstance(one, dict) else one[0] if isinstance(one, list) and one else 0 for one in items]
    state: Any = level.get("state")
    flat, nested = f"last_{what}_id", f"last{what.capitalize()}Id"
    counted = [level.get(flat), state.get(nested) if isinstance(state, dict) else 0]
    new = max((one for one in (*ids, *counted) if type(one) is int), default=0) + 1
    if type(level.get(flat)) is int:
        level[flat] = new
    if isinstance(state, dict) and type(state.get(nested)) is int:
        state[nested] = new
    return new


def _beside(pos: Json) -> Json:
    if isinstance(pos, list) and len(pos) >= 2 and all(isinstance(one, int | float) for one in pos[:2]):
        return [pos[0] + _WIDE + _GAP, pos[1]]
    return [0, 0]
