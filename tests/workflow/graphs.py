"""Builders of small hand-made graphs: nodes, links, subgraphs, group nodes, and the Workflows read from them."""

from __future__ import annotations

import json
from typing import Any

from comfyfixersmart.core.workflow.read import Reading, read_bytes
from comfyfixersmart.core.workflow.types import Workflow

Json = Any


def node(own: Json, kind: str, *values: Json, mode: int = 0, inputs: list[Json] | None = None, **more: Json) -> Json:
    """A UI node; `values` become its widgets_values."""
    body: dict[str, Json] = {"id": own, "type": kind, "pos": [0, 0], "size": [200, 80], "mode": mode}
    if values:
        body["widgets_values"] = list(values)
    if inputs is not None:
        body["inputs"] = inputs
    return {**body, **more}


def socket(name: str, link: Json = None, kind: str = "IMAGE") -> Json:
    """An input without a widget."""
    return {"name": name, "type": kind, "link": link}


def widget(name: str, link: Json = None, kind: str = "STRING") -> Json:
    """An input that stands for a widget."""
    return {"name": name, "type": kind, "link": link, "widget": {"name": name}}


def out(name: str = "IMAGE", kind: str = "IMAGE", links: list[Json] | None = None) -> Json:
    return {"name": name, "type": kind, "links": links or []}


def graph(*nodes: Json, links: Json = (), subgraphs: Json = (), **more: Json) -> Json:
    """A UI graph. A link is `(id, origin, slot, target, slot[, type])`."""
    body: dict[str, Json] = {"nodes": list(nodes), "links": listed(links), "version": 0.4}
    if subgraphs:
        body["definitions"] = {"subgraphs": list(subgraphs)}
    return {**body, **more}


def listed(links: Json) -> Json:
    return [list(one) if len(one) > 5 else [*one, "IMAGE"] for one in links] if isinstance(links, tuple) else links


def subgraph(own: str, *nodes: Json, links: Json = (), inputs: Json = (), outputs: Json = (), **more: Json) -> Json:
    """A definition; its links are objects, -10 is its input end and -20 its output end."""
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return {
        "id": own,
        "name": more.pop("name", f"Subgraph {own}"),
        "inputs": [{"name": name, "type": "IMAGE"} for name in inputs],
        "outputs": [{"name": name, "type": "IMAGE"} for name in outputs],
        "nodes": list(nodes),
        "links": [dict(zip(keys, one, strict=True)) for one in listed(tuple(links))],
        **more,
    }


def proxies(*pairs: tuple[str, str]) -> Json:
    """`properties` of an instance whose host shows these widgets of its inside."""
    return {"proxyWidgets": [list(pair) for pair in pairs]}


def api(**nodes: tuple[str, dict[str, Json]]) -> Json:
    """An API graph: `n1=("Type", {input: value})`; ids lose their leading "n"."""
    return {name.lstrip("n"): {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}


def reading(value: Json, name: str = "moor.json") -> Reading:
    return read_bytes(json.dumps(value).encode(), name)


def workflow(value: Json, name: str = "moor.json") -> Workflow:
    """The one workflow that `value` holds."""
    found = reading(value, name)
    assert not found.problems, found.problems
    assert len(found.workflows) == 1
    return found.workflows[0]


def types(found: Workflow) -> list[tuple[str, str, bool]]:
    """Flat id, type and activity of every node, in order."""
    return [(one.id, one.class_type, one.active) for one in found.nodes]
