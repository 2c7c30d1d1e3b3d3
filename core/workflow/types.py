"""The one flat graph that every file format becomes. Pure values; no I/O.

`Workflow` holds flat nodes; `Scope` remembers the levels they came from, because links, promoted values
and maps live per level. Slots and links are built on first use: most nodes are never asked for them.
Nodes and scopes name their level by its index, not by reference: without cycles a parsed tree is freed the
moment its Workflow is dropped, which halves the time of a scan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .raw import Json, Link, Slot, index_links, raw_id, read_link, read_slots, text

ALWAYS, MUTED, BYPASSED = 0, 2, 4  # LiteGraph's node modes; 2 and 4 are not sent to the server

# Types that exist only in the browser and hand a value on; links through them have to be followed.
REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
PRIMITIVES = frozenset({"PrimitiveNode"})
GETTERS = {"GetNode": "SetNode", "easy getNode": "easy setNode"}
SETTERS = frozenset(GETTERS.values())
PASSING = REROUTES | SETTERS | frozenset(GETTERS)

SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "-10", "-20"  # the two ends of a subgraph definition, as link ids


class Origin(NamedTuple):
    """What feeds an input: the flat id of the node that makes the value, and its output slot."""

    node: str
    slot: int


class Literal(NamedTuple):
    """What feeds an input is a value stored elsewhere: a PrimitiveNode's (`primitive`), or a subgraph host's."""

    value: Json
    primitive: bool = False


class Stored(NamedTuple):
    """The input is linked to a promoted widget without a value of its own: the node's stored value stands."""


class ModelHint(NamedTuple):
    """An entry of `properties.models` or of a top-level `models` list: where to get a file, never proof of need."""

    name: str
    url: str | None
    directory: str | None
    sha256: str | None
    size: int | None


class PackHint(NamedTuple):
    """What a node says of the pack it came from: registry id, `owner/repo`, version. Case varies between files."""

    cnr_id: str | None
    aux_id: str | None
    ver: str | None


class Node:
    """One node that would run, or would if it were not muted or bypassed.

    `id` is ComfyUI's own: `12`, or `12:3` for node 3 inside subgraph instance 12. `widgets` is the
    file's `widgets_values` (list or dict), or the literal inputs of an API node (dict). `overrides`
    holds promoted values that the host of a subgraph sets from outside, by widget name. `alternate`
    is the host's copy of `widgets` for a node inside a group node, where the two differ. `raw` is the
    file's own object, for titles, properties and places; `scope` is the index of its level.
    """

    __slots__ = ("_slots", "active", "alternate", "class_type", "id", "mode", "overrides", "raw", "scope", "widgets")

    def __init__(
        self,
        id: str,
        class_type: str,
        mode: int,
        active: bool,
        widgets: list[Json] | dict[str, Json],
        raw: dict[str, Json],
        scope: int,
    ) -> None:
        self.id = id
        self.class_type = class_type
        self.mode = mode
        self.active = active
        self.widgets = widgets
        self.raw = raw
        self.scope = scope
        self.overrides: dict[str, Json] | None = None
        self.alternate: list[Json] | None = None
        self._slots: tuple[Slot, ...] | None = None

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The inputs as the file lists them, in order."""
        if self._slots is None:
            self._slots = read_slots(self.raw.get("inputs"))
        return self._slots

    @property
    def title(self) -> str:
        """The name the author gave, else the type."""
        meta = self.raw.get("_meta")
        title = self.raw.get("title") or (meta.get("title") if isinstance(meta, dict) else None)
        return title if isinstance(title, str) and title.strip() else self.class_type

    @property
    def properties(self) -> dict[str, Json]:
        """The file's `properties`, {} when absent or of a wrong type."""
        found = self.raw.get("properties")
        return found if isinstance(found, dict) else {}

    @property
    def pack(self) -> PackHint | None:
        """What the node says of its pack, if anything."""
        found = self.raw.get("properties")
        if not isinstance(found, dict) or ("cnr_id" not in found and "aux_id" not in found):
            return None
        cnr_id, aux_id = text(found.get("cnr_id")), text(found.get("aux_id"))
        return PackHint(cnr_id, aux_id, text(found.get("ver"))) if cnr_id or aux_id else None


@dataclass(slots=True, eq=False)
class Scope:
    """One graph level: the root, or the inside of one instance of a subgraph or group node.

    `nodes` maps raw id → the flat node, or the inner Scope where the raw node is an instance.
    `host` is the instance's raw object in the parent scope; `inputs` are the definition's input names.
    `kind` is "root", "subgraph", "group" (old group node) or "api".
    """

    prefix: str  # "" for the root, "12:" inside instance 12
    name: str
    kind: str
    raw: dict[str, Json]
    nodes: dict[str, Node | Scope] = field(default_factory=dict)
    parent: int = -1  # index of the scope around it; -1 for the root
    host: dict[str, Json] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    host_values: dict[str, Json] = field(default_factory=dict)  # the host's own values, by input name
    active: bool = True
    mode: int = ALWAYS
    _raw_links: dict[str, Json] | None = None
    _links: dict[str, Link] | None = None
    _outlets: dict[int, str] | None = None
    _host_slots: tuple[Slot, ...] | None = None
    _widget_inputs: list[str] | None = None

    def link(self, link_id: str) -> Link | None:
        """One link of this level. Most links are never asked for, so each is read when it is."""
        if self._raw_links is None:
            self._raw_links = index_links(self.raw.get("links"), by_index=self.kind == "group")
        found = self._raw_links.get(link_id)
        if found is not None and type(found) is not Link:
            found = self._raw_links[link_id] = read_link(found)
        return found

    @property
    def links(self) -> dict[str, Link]:
        """All links of this level, by id."""
        if self._links is None:
            self.link("")
            found = {link_id: self.link(link_id) for link_id in self._raw_links or ()}
            self._links = {link_id: link for link_id, link in found.items() if link is not None}
        return self._links

    @property
    def outlets(self) -> dict[int, str]:
        """Output slot of a subgraph → the inner link that ends there; of several, the first that the slot itself lists."""
        if self._outlets is None:
            raw, slots = self.raw.get("links"), self.raw.get("outputs")
            ends: dict[int, list[str]] = {}
            for item in raw if isinstance(raw, list) else ():
                if isinstance(item, dict) and raw_id(item.get("target_id")) == SUBGRAPH_OUTPUT:
                    slot = item.get("target_slot")
                    ends.setdefault(slot if type(slot) is int else -1, []).append(raw_id(item.get("id")))
            self._outlets = {slot: links[0] for slot, links in ends.items()}
            for slot, item in enumerate(slots if isinstance(slots, list) else ()):
                listed = item.get("linkIds") if isinstance(item, dict) else None
                first = raw_id(listed[0]) if isinstance(listed, list) and listed else ""
                if first in ends.get(slot, ()):
                    self._outlets[slot] = first
        return self._outlets

    @property
    def widget_inputs(self) -> list[str]:
        """The definition's inputs that end at a widget inside, in its order: the host shows a widget for those."""
        if self._widget_inputs is None:
            ends = set()
            for link in self.links.values():
                target = self.nodes.get(link.target) if link.origin == SUBGRAPH_INPUT else None
                if isinstance(target, Scope):
                    slots = target.host_slots
                else:
                    slots = target.slots if target is not None else ()
                if 0 <= link.target_slot < len(slots) and slots[link.target_slot].widget is not None:
                    ends.add(link.origin_slot)
            self._widget_inputs = [name for index, name in enumerate(self.inputs) if index in ends]
        return self._widget_inputs

    @property
    def host_slots(self) -> tuple[Slot, ...]:
        """The inputs of the instance's own node in the parent scope."""
        if self._host_slots is None:
            self._host_slots = read_slots(self.host.get("inputs"))
        return self._host_slots


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
        for part in flat_id.split(":") if self.format == "ui" else (flat_id,):
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
