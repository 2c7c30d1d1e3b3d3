"""The one flat graph that every file format becomes. Pure values; no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = Any  # a value as json.loads gives it; every reader checks the type before use

ALWAYS, MUTED, BYPASSED = 0, 2, 4  # LiteGraph's node modes; 2 and 4 are not sent to the server


class Slot(NamedTuple):
    """One input of a node as the file lists it. `link` is an id in the node's scope, or None."""

    name: str
    type: str
    link: Json
    widget: str | None  # the widget this socket stands for, when the file says so


class Origin(NamedTuple):
    """What feeds an input: the flat id of the node that makes the value, and its output slot."""

    node: str
    slot: int


class Literal(NamedTuple):
    """What feeds an input is a value stored elsewhere: a PrimitiveNode's, or a subgraph host's."""

    value: Json


class ModelHint(NamedTuple):
    """An entry of `properties.models` or of a top-level `models` list: where to get a file, never proof of need."""

    name: str
    url: str | None
    directory: str | None
    hash: str | None
    hash_type: str | None
    size: int | None


class PackHint(NamedTuple):
    """What a node says of the pack it came from: registry id, `owner/repo`, version. Case varies between files."""

    cnr_id: str | None
    aux_id: str | None
    ver: str | None


@dataclass(slots=True)
class Node:
    """One node that would run, or would if it were not muted or bypassed.

    `id` is ComfyUI's own: `12`, or `12:3` for node 3 inside subgraph instance 12. `widgets` is the
    file's `widgets_values` (list or dict), or the literal inputs of an API node (dict). `overrides`
    holds promoted values that the host of a subgraph sets from outside, by widget name. `raw` is the
    file's own object, for titles, properties and places.
    """

    id: str
    class_type: str
    active: bool
    slots: tuple[Slot, ...]
    widgets: list[Json] | dict[str, Json]
    raw: dict[str, Json]
    scope: Scope
    overrides: dict[str, Json] | None = None
    mode: int = ALWAYS

    @property
    def title(self) -> str:
        """The name the author gave, else the type."""
        meta = self.raw.get("_meta")
        title = self.raw.get("title") or (meta.get("title") if isinstance(meta, dict) else None)
        return title if isinstance(title, str) and title.strip() else self.class_type


@dataclass(slots=True)
class Scope:
    """One graph level: the root, or the inside of one instance of a subgraph or group node.

    `links` maps link id → (origin id, origin slot, target id, target slot, type), raw ids of this level.
    `nodes` maps raw id → the flat node, or the inner Scope where the raw node is an instance.
    """

    prefix: str  # "" for the root, "12:" inside instance 12
    name: str
    links: dict[Json, tuple[Json, int, Json, int, str]]
    nodes: dict[str, Node | Scope]
    parent: Scope | None = None
    host: dict[str, Json] = field(default_factory=dict)  # the instance's raw object in the parent scope
    host_slots: tuple[Slot, ...] = ()
    inputs: tuple[str, ...] = ()  # the definition's input names
    host_values: dict[str, Json] = field(default_factory=dict)  # the host's own values, by input name
    active: bool = True
    mode: int = ALWAYS


@dataclass(slots=True)
class Workflow:
    """One graph, flat. `name` is the file's name, with `#2` … for further graphs in the same file."""

    name: str
    format: str  # "ui" or "api"
    nodes: list[Node]
    root: Scope
    scopes: list[Scope]
    carrier: str = "json"  # where the graph sat: "json", "json:/workflow", "png:tEXt:workflow" …
    hints: tuple[ModelHint, ...] = ()
    warnings: list[str] = field(default_factory=list)
    broadcast: dict[tuple[str, str], Origin] = field(default_factory=dict)  # (node id, input) ← Use-Everywhere

    def by_id(self, flat_id: str) -> Node | None:
        """The node with this flat id."""
        found: Node | Scope | None = self.root
        for part in flat_id.split(":"):
            if not isinstance(found, Scope):
                return None
            found = found.nodes.get(part)
        return found if isinstance(found, Node) else None

    def active_nodes(self) -> Iterator[Node]:
        """The nodes that are sent to the server, frontend-only ones included."""
        return (node for node in self.nodes if node.active)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file, or one graph of it, cannot be read. Becomes finding FILE001."""

    name: str
    code: str
    message: str
    hint: str = ""
