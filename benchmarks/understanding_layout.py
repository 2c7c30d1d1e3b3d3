"""Changes of a workflow file that mean nothing: other ids, other order, other places, nodes gathered in a subgraph."""

from __future__ import annotations

import random
import uuid
from typing import Any

from understanding_graph import INPUT, OUTPUT, Graph, Level


class Renumbered:
    """What every id has become: `flat` gives the new form of a flat id of the graph before."""

    def __init__(self, graph: Graph) -> None:
        self.kinds = {key: {str(n["id"]): n["type"] for n in level.raw["nodes"]} for key, level in graph.levels.items()}
        self.ids: dict[str, dict[Any, Any]] = {}

    def flat(self, flat: str) -> str:
        key, parts = "", []
        for part in flat.split(":") if flat else ():
            parts.append(str(self.ids[key].get(part, part)))
            key = self.kinds[key].get(part, "")
        return ":".join(parts)


def renumber(graph: Graph, rng: random.Random) -> Renumbered:
    """Gives every node, link and subgraph another id, throughout the file."""
    done = Renumbered(graph)
    for key, level in graph.levels.items():
        old = [node["id"] for node in level.raw["nodes"]]
        fresh = rng.sample(range(1, 4 * len(old) + 20), len(old))
        done.ids[key] = {str(one): number for one, number in zip(old, fresh, strict=True)}
    for key, level in graph.levels.items():
        _links(level, done.ids[key], rng)
        _nodes(graph, level, done.ids)
    names = {key: str(uuid.UUID(int=rng.getrandbits(128))) for key in graph.definitions}
    for level in graph.levels.values():
        for node in level.raw["nodes"]:
            node["type"] = names.get(node["type"], node["type"])
    for key, definition in graph.definitions.items():
        definition["id"] = names[key]
    _extra(graph, done.ids[""])
    return done


def _links(level: Level, ids: dict[str, Any], rng: random.Random) -> None:
    rows = level.links
    fresh = dict(zip([row.id for row in rows], rng.sample(range(1, 4 * len(rows) + 20), len(rows)), strict=True))

    def node(one: Any) -> Any:
        return one if one in (INPUT, OUTPUT) else ids.get(str(one), one)

    level.raw["links"] = [
        {"id": fresh[row.id], "origin_id": node(row.origin), "origin_slot": row.out, "target_id": node(row.target),
         "target_slot": row.into, "type": row.type}
        if level.key else [fresh[row.id], node(row.origin), row.out, node(row.target), row.into, row.type]
        for row in rows
    ]  # fmt: skip
    for one in level.raw["nodes"]:
        for slot in one.get("inputs") or []:
            slot["link"] = fresh.get(slot.get("link"))
        for slot in one.get("outputs") or []:
            if slot.get("links"):
                slot["links"] = [fresh[link] for link in slot["links"] if link in fresh]
    for side in ("inputs", "outputs"):
        for one in level.raw.get(side) or [] if level.key else []:
            one["linkIds"] = [fresh[link] for link in one.get("linkIds") or [] if link in fresh]


def _nodes(graph: Graph, level: Level, ids: dict[str, dict[Any, Any]]) -> None:
    for node in level.raw["nodes"]:
        node["id"] = ids[level.key].get(str(node["id"]), node["id"])
        inner = ids.get(node["type"])
        for row in (node.get("properties") or {}).get("proxyWidgets") or [] if inner else []:
            row[0] = str(inner.get(str(row[0]), row[0])) if inner else row[0]
    highest = max((node["id"] for node in level.raw["nodes"]), default=0)
    if not level.key:
        level.raw["last_node_id"] = highest + 3
        level.raw["last_link_id"] = max((link.id for link in level.links), default=0) + 3


def _extra(graph: Graph, ids: dict[str, Any]) -> None:
    extra = graph.raw.get("extra") or {}
    for row in extra.get("ue_links") or []:
        for key in ("downstream", "upstream"):
            row[key] = ids.get(str(row.get(key)), row.get(key))
    for key in ("linearData", "reroutes", "linkExtensions", "favoritedWidgets", "links_added_by_ue"):
        extra.pop(key, None)


def scatter(graph: Graph, rng: random.Random) -> None:
    """Moves, recolours, folds and reorders everything."""
    raw = graph.raw
    raw["extra"] = {**(raw.get("extra") or {}), "ds": {"scale": rng.random(), "offset": [rng.random(), 7]}}
    raw["id"], raw["revision"] = str(uuid.UUID(int=rng.getrandbits(128))), rng.randint(0, 99)
    for level in graph.levels.values():
        rng.shuffle(level.raw["nodes"])
        rng.shuffle(level.raw["links"])
        for order, node in enumerate(level.raw["nodes"]):
            node["pos"] = [rng.randint(-4000, 4000), rng.randint(-4000, 4000)]
            node["size"] = [rng.randint(100, 600), rng.randint(50, 900)]
            node["flags"] = {"collapsed": True} if rng.random() < 0.2 else {}
            node["order"] = order
            if rng.random() < 0.3:
                node["color"], node["bgcolor"] = "#233", f"#{rng.randint(100, 999)}"
            if rng.random() < 0.2:
                node["shape"] = 1
        for group in level.raw.get("groups") or []:
            group["bounding"] = [rng.randint(-900, 900), 0, 500, 400]
            group["color"] = "#3f789e"
    if graph.definitions:
        rng.shuffle(raw["definitions"]["subgraphs"])


def gather(graph: Graph, rng: random.Random) -> bool:
    """Moves some running nodes of the root into a new subgraph, with its inputs and outputs; False where there are none."""
    level = graph.levels[""]
    plain = {node["id"] for node in level.raw["nodes"] if graph.plain(node)}
    links = level.links
    start = [one for one in plain if any(one in (link.origin, link.target) for link in links)]
    if not start or (graph.raw.get("extra") or {}).get("ue_links"):
        return False
    chosen = {rng.choice(sorted(start))}
    for _ in range(rng.randint(1, 6)):
        beside = {end for link in links for end in (link.origin, link.target) if chosen & {link.origin, link.target}}
        rest = sorted((beside & plain) - chosen)
        if rest:
            chosen.add(rng.choice(rest))
    _gather(graph, level, chosen, rng)
    return True


def _gather(graph: Graph, level: Level, chosen: set[Any], rng: random.Random) -> None:
    nodes = level.nodes
    key, host = str(uuid.UUID(int=rng.getrandbits(128))), max(nodes) + 7
    inputs: dict[tuple[Any, int], dict[str, Any]] = {}
    outputs: dict[tuple[Any, int], dict[str, Any]] = {}
    inner: list[dict[str, Any]] = []
    outer: list[list[Any]] = []
    number = max(link.id for link in level.links) + 1

    def wire(origin: Any, out: int, target: Any, into: int, kind: Any) -> int:
        nonlocal number
        number += 1
        inner.append({"id": number, "origin_id": origin, "origin_slot": out, "target_id": target, "target_slot": into,
                      "type": kind})  # fmt: skip
        return number

    for link in level.links:
        ends = (link.origin in chosen, link.target in chosen)
        if ends == (True, True):
            nodes[link.target]["inputs"][link.into]["link"] = wire(
                link.origin, link.out, link.target, link.into, link.type
            )
        elif ends == (False, True):
            slot = inputs.setdefault(
                (link.origin, link.out), {"name": f"in_{len(inputs)}", "type": link.type, "linkIds": []}
            )
            place = list(inputs).index((link.origin, link.out))
            own = wire(INPUT, place, link.target, link.into, link.type)
            slot["linkIds"].append(own)
            nodes[link.target]["inputs"][link.into]["link"] = own
        elif ends == (True, False):
            fresh = (link.origin, link.out) not in outputs
            slot = outputs.setdefault(
                (link.origin, link.out), {"name": f"out_{len(outputs)}", "type": link.type, "linkIds": []}
            )
            place = list(outputs).index((link.origin, link.out))
            if fresh:
                slot["linkIds"].append(wire(link.origin, link.out, OUTPUT, place, link.type))
            outer.append([link.id, host, place, link.target, link.into, link.type])
        else:
            outer.append(list(link))
    hosted = [{"name": slot["name"], "type": slot["type"], "link": None} for slot in inputs.values()]
    for place, (origin, out) in enumerate(inputs):
        number += 1
        hosted[place]["link"] = number
        outer.append([number, origin, out, host, place, hosted[place]["type"]])
    definition = {"id": key, "version": 1, "name": "Gathered", "inputNode": {"id": INPUT}, "outputNode": {"id": OUTPUT},
                  "inputs": list(inputs.values()), "outputs": list(outputs.values()), "groups": [], "widgets": [],
                  "nodes": [node for one, node in nodes.items() if one in chosen], "links": inner}  # fmt: skip
    level.raw["nodes"] = [node for one, node in nodes.items() if one not in chosen]
    level.raw["nodes"].append(
        {"id": host, "type": key, "pos": [0, 0], "size": [200, 100], "flags": {}, "order": 0, "mode": 0, "inputs": hosted,
         "outputs": [{"name": slot["name"], "type": slot["type"], "links": []} for slot in outputs.values()],
         "properties": {}, "widgets_values": []}
    )  # fmt: skip
    level.raw["links"] = outer
    graph.raw.setdefault("definitions", {}).setdefault("subgraphs", []).append(definition)
