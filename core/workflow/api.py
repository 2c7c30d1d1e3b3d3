"""API format: node id → {class_type, inputs}; a link is `[node id, slot]`. Pure."""

from __future__ import annotations

from typing import Any

from .raw import Json, Link, Slot, raw_id
from .types import ALWAYS, Node, Scope, Workflow


def read_api(graph: dict[str, Json], name: str, carrier: str) -> Workflow:
    """The flat Workflow of an API graph. Keys beside the nodes (`_meta`, `extra` …) are passed over."""
    root = Scope("", "", "api", graph)
    workflow = Workflow(name, "api", [], root, [root], carrier)
    links: dict[str, Json] = {}
    for key, raw in graph.items():
        if not isinstance(raw, dict):
            continue
        class_type = raw.get("class_type")
        if not isinstance(class_type, str):
            if "inputs" in raw:
                workflow.warnings.append(f"Node {key} has no class_type: it was saved while its pack was missing.")
            continue
        inputs = raw.get("inputs")
        literals: dict[str, Any] = {}
        slots: list[Slot] = []
        for input_name, value in inputs.items() if isinstance(inputs, dict) else ():
            if is_link(value):
                link_id = f"{key}\0{input_name}"
                links[link_id] = Link(raw_id(value[0]), value[1], key, len(slots), "*")
                slots.append(Slot(input_name, "*", link_id, None))
            else:
                literals[input_name] = value
        node = Node(key, class_type, ALWAYS, True, literals, raw, 0)
        node._slots = tuple(slots)
        root.nodes[key] = node
        workflow.nodes.append(node)
    root._raw_links = links
    return workflow


def is_link(value: Json) -> bool:
    """`[node id, output slot]`, as ComfyUI itself tells a link from a list value."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], (str, int))
        and isinstance(value[1], int)
        and not isinstance(value[0], bool)
        and not isinstance(value[1], bool)
    )
