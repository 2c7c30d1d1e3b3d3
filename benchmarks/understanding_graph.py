"""A workflow file as the generator of edits sees it: levels, nodes and links of the raw JSON. Shares no code with the product."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

FRONTEND_ONLY = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode", "GetNode", "SetNode", "VHS_SelectLatest"}
SHOWN = {"PreviewAny", "ShowText|pysssss", "Display Any (rgthree)"}  # what they store is what they showed
INPUT, OUTPUT = -10, -20  # the two ends of a subgraph definition


class Link(NamedTuple):
    """One link of a level."""

    id: Any
    origin: Any
    out: int
    target: Any
    into: int
    type: Any


@dataclass
class Level:
    """The root, or one subgraph definition. `prefixes`: of every instance, as flat ids begin ("" for the root, "12:").
    `active`: no host around it is switched off. `outer`: the id of the definition around it, "" for the root."""

    key: str
    raw: dict[str, Any]
    prefixes: list[str] = field(default_factory=list)
    active: bool = True

    @property
    def nodes(self) -> dict[Any, dict[str, Any]]:
        return {node["id"]: node for node in self.raw["nodes"]}

    @property
    def links(self) -> list[Link]:
        rows = []
        for item in self.raw["links"]:
            if isinstance(item, dict):
                keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
                rows.append(Link(*(item.get(key) for key in keys)))
            elif item is not None:
                rows.append(Link(*item[:6]))
        return rows

    def connect(self, origin: Any, out: int, target: Any, into: int, kind: Any) -> Any:
        """A new link between two nodes of the level; what fed the input before is cut."""
        nodes = self.nodes
        self.cut(target, into)
        number = max((link.id for link in self.links), default=0) + 1
        raw: Any = [number, origin, out, target, into, kind]
        if self.key:
            keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
            raw = dict(zip(keys, raw, strict=True))
        self.raw["links"].append(raw)
        nodes[target]["inputs"][into]["link"] = number
        slot = nodes[origin]["outputs"][out]
        slot["links"] = [*(slot.get("links") or []), number]
        return number

    def cut(self, target: Any, into: int) -> None:
        """Takes the link away that ends at this input."""
        gone = {link.id for link in self.links if link.target == target and link.into == into}
        self.drop(gone)

    def drop(self, gone: set[Any]) -> None:
        """Takes links away, with every mention of them."""
        if not gone:
            return
        self.raw["links"] = [
            one for one in self.raw["links"] if (one["id"] if isinstance(one, dict) else one[0]) not in gone
        ]
        for node in self.raw["nodes"]:
            for slot in node.get("inputs") or []:
                if slot.get("link") in gone:
                    slot["link"] = None
            for slot in node.get("outputs") or []:
                if slot.get("links"):
                    slot["links"] = [one for one in slot["links"] if one not in gone]
        for side in ("inputs", "outputs"):
            for one in self.raw.get(side) or [] if self.key else []:
                one["linkIds"] = [link for link in one.get("linkIds") or [] if link not in gone]


class Graph:
    """All levels of one file that something instantiates."""

    def __init__(self, data: bytes) -> None:
        self.raw: dict[str, Any] = json.loads(data)
        self.definitions = {one["id"]: one for one in self.raw.get("definitions", {}).get("subgraphs", [])}
        self.levels: dict[str, Level] = {"": Level("", self.raw, [""])}
        self._walk("", "", True)

    def _walk(self, key: str, prefix: str, active: bool) -> None:
        for node in self.levels[key].raw["nodes"]:
            kind = node["type"]
            if kind in self.definitions:
                on = active and node.get("mode", 0) == 0
                level = self.levels.setdefault(kind, Level(kind, self.definitions[kind]))
                level.prefixes.append(f"{prefix}{node['id']}:")
                level.active = level.active and on
                self._walk(kind, level.prefixes[-1], on)

    def plain(self, node: dict[str, Any]) -> bool:
        """Whether it is a node that ComfyUI itself runs: no instance, nothing that only the page knows."""
        kind = node["type"]
        return kind not in self.definitions and kind not in FRONTEND_ONLY and not kind.startswith("workflow")

    def hosts_of(self, key: str) -> list[dict[str, Any]]:
        """The instances of one definition."""
        return [node for level in self.levels.values() for node in level.raw["nodes"] if node["type"] == key]

    def promoted(self, key: str) -> set[str]:
        """Ids of the nodes of a definition whose values its hosts may set."""
        rows = [row for host in self.hosts_of(key) for row in (host.get("properties") or {}).get("proxyWidgets") or []]
        return {str(row[0]) for row in rows}


def distinct(level: Level, rounds: int = 4) -> set[Any]:
    """The ids of the nodes of a level that differ from all others by type, values, mode or neighbours: no twins."""
    colours: dict[Any, Any] = {
        node["id"]: json.dumps([node["type"], node.get("widgets_values"), node.get("mode", 0)])
        for node in level.raw["nodes"]
    }
    colours |= {INPUT: "input", OUTPUT: "output"}
    links = level.links
    for _ in range(rounds):
        beside: dict[Any, list[Any]] = {one: [] for one in colours}
        for link in links:
            if link.origin in colours and link.target in colours:
                beside[link.target].append(("from", link.into, link.out, colours[link.origin]))
                beside[link.origin].append(("to", link.into, link.out, colours[link.target]))
        colours = {one: hash((colour, tuple(sorted(beside[one], key=repr)))) for one, colour in colours.items()}
    count = Counter(colours.values())
    return {one for one, colour in colours.items() if count[colour] == 1}
