"""Edits of real workflows and what a comparison has to report of each. Shares no code with the product.

What is expected was written down before any result was seen:

- value, text, choice, switch, model: one value of one node; one "changed" with that value before and after. Where the
  value is a seed whose `control_after_generate` is not "fixed": "seed" instead.
- control: what happens to a seed after each run; one "changed" with the words before and after.
- added: "added" for the node, and "rewired" for each input that reads from it now.
- removed: "removed" for the node, and "rewired" for each input that read from it (it is fed by nothing, or by what had
  fed the removed node). What the removed node itself read is no difference of its own.
- rewired: "rewired" for the one input.
- replaced: "replaced" for the node; its links stay. A value of the same input that is not the same is "changed".
- switched: "switched" for the node, or for the subgraph's instance; nothing for those that read it.
- renamed: "renamed".
- host: a value that the host of a subgraph holds for an input of the subgraph: one "changed" at the host, however many
  nodes inside read it.
- primitive: the value of a PrimitiveNode: one "changed" at the PrimitiveNode, however many read it.

Never chosen: nodes that have an identical twin (nothing tells which of the two was edited), values that a link or a host
overrides, and, in combinations, nodes next to another edit.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from understanding_graph import FRONTEND_ONLY, INPUT, OUTPUT, SHOWN, Graph, Level, Link, distinct

SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
CONTROLS = ("fixed", "increment", "decrement", "randomize")
BUTTONS = ("image", "video", "audio", "upload", "refresh", "upload3dmodel", "uploadExtraResources", "clear", "")
WORDS = ("amber", "harbour", "velvet", "thistle", "quarry", "lantern", "meadow", "copper")
INSERTED = {  # link type → a node that takes and gives it: type, its input, values
    "MODEL": ("LoraLoaderModelOnly", "model", ["harbour_light.safetensors", 0.7]),
    "CLIP": ("CLIPSetLastLayer", "clip", [-2]),
    "LATENT": ("LatentUpscaleBy", "samples", ["nearest-exact", 1.5]),
    "IMAGE": ("ImageScaleBy", "image", ["lanczos", 1.25]),
    "CONDITIONING": ("FluxGuidance", "conditioning", [3.25]),
    "MASK": ("GrowMask", "mask", [7, True]),
}
SWAPPED = {  # type → another that does the same, with values of its own
    "UNETLoader": ("UnetLoaderGGUF", ["swapped-Q5_K_M.gguf"]),
    "VAEDecode": ("VAEDecodeTiled", [512, 64, 64, 8]),
    "SaveImage": ("PreviewImage", []),
    "EmptyLatentImage": ("EmptySD3LatentImage", []),
}


class Expected(NamedTuple):
    """One row that has to be reported. `before`, `after`: only of values."""

    kind: str
    old: str
    new: str
    before: Any = None
    after: Any = None


@dataclass
class Edit:
    """What was done: its kind, what to expect, and what it touched, as (level, node id)."""

    kind: str
    expected: list[Expected]
    touched: set[tuple[str, Any]] = field(default_factory=set)


class Editor:
    """Edits one graph in place. `taken`: nodes that further edits keep away from."""

    def __init__(self, graph: Graph, rng: random.Random) -> None:
        self.graph, self.rng = graph, rng
        self.taken: set[tuple[str, Any]] = set()
        self._types = {node["type"] for level in graph.levels.values() for node in level.raw["nodes"]}
        self._distinct = {key: distinct(level) for key, level in graph.levels.items()}

    def edit(self, kind: str) -> Edit | None:
        """One edit of this kind somewhere, None where the graph has no place for it."""
        choices = list(getattr(self, f"_{kind}")())
        if not choices:
            return None
        done: Edit = self.rng.choice(choices)()
        self.taken |= done.touched
        return done

    # ---- where ------------------------------------------------------------------------------------------------

    def _nodes(self) -> Iterator[tuple[Level, dict[str, Any]]]:
        """Nodes that run, in levels that are on, without a twin, away from other edits."""
        for key, level in self.graph.levels.items():
            for node in level.raw["nodes"] if level.active else ():
                if self.graph.plain(node) and node["id"] in self._distinct[key] and self._free(level, node["id"]):
                    yield level, node

    def _free(self, level: Level, *ids: Any) -> bool:
        return not any((level.key, one) in self.taken for one in ids)

    def _around(self, level: Level, *ids: Any) -> set[tuple[str, Any]]:
        """The nodes and their neighbours, seen through what only the page knows and through borders of subgraphs."""
        found = {(level.key, one) for one in ids}
        edge = list(found)
        edge += [end for one in ids for end in self._through(level.key, one)]
        while edge:
            key, one = edge.pop()
            for link in self.graph.levels[key].links:
                if one in (link.origin, link.target):
                    for other in (link.origin, link.target):
                        if (key, other) not in found:
                            found.add((key, other))
                            edge += self._through(key, other)
        return found

    def _through(self, key: str, one: Any) -> list[tuple[str, Any]]:
        node = self.graph.levels[key].nodes.get(one)
        if one in (INPUT, OUTPUT):
            return [(k, n["id"]) for k, lv in self.graph.levels.items() for n in lv.raw["nodes"] if n["type"] == key]
        if node is None:
            return []
        if node["type"] in self.graph.definitions:
            return [(node["type"], INPUT), (node["type"], OUTPUT)]
        return [(key, one)] if node["type"] in FRONTEND_ONLY else []

    def _everywhere(self, level: Level, node: Any, kind: str, before: Any = None, after: Any = None) -> list[Expected]:
        return [Expected(kind, f"{p}{node}", f"{p}{node}", before, after) for p in level.prefixes]

    # ---- values -----------------------------------------------------------------------------------------------

    def _values(self, fits: Callable[[Any], bool]) -> Iterator[Callable[[], Edit]]:
        for level, node in self._nodes():
            held = node.get("widgets_values")
            linked = any("widget" in slot and slot.get("link") is not None for slot in node.get("inputs") or [])
            if not isinstance(held, list) or linked or node["type"] in SHOWN:
                continue
            if str(node["id"]) in self.graph.promoted(level.key):
                continue
            for place, value in enumerate(held):
                if fits(value) and not (isinstance(value, str) and value in (*CONTROLS, *BUTTONS)):
                    yield lambda level=level, node=node, place=place: self._set(level, node, place)

    def _set(self, level: Level, node: dict[str, Any], place: int) -> Edit:
        held = node["widgets_values"]
        before, after = held[place], self._other(held[place])
        control = held[place + 1] if place + 1 < len(held) and _number(before) else ""
        kind = "seed" if isinstance(control, str) and control in CONTROLS and control != "fixed" else "changed"
        held[place] = after
        expected = self._everywhere(level, node["id"], kind, before, after)
        return Edit(_kind(before), expected, self._around(level, node["id"]))

    def _other(self, value: Any) -> Any:
        rng = self.rng
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + rng.randint(1, 9)
        if isinstance(value, float):
            return round(value * 1.5 + 0.25, 4)
        if value.lower().endswith(SUFFIXES):
            return f"{rng.choice(WORDS)}_{rng.randint(1, 99)}{value[value.rindex('.') :]}"
        words = value.split(" ")
        if len(words) < 4:
            return f"{value}_{rng.choice(WORDS)}"
        words[rng.randrange(len(words))] = f"{rng.choice(WORDS)} {rng.choice(WORDS)}"
        return " ".join(words)

    def _number(self) -> Iterator[Callable[[], Edit]]:
        return self._values(lambda value: _kind(value) == "number")

    def _text(self) -> Iterator[Callable[[], Edit]]:
        return self._values(lambda value: _kind(value) == "text")

    def _choice(self) -> Iterator[Callable[[], Edit]]:
        return self._values(lambda value: _kind(value) == "choice")

    def _switch(self) -> Iterator[Callable[[], Edit]]:
        return self._values(lambda value: _kind(value) == "switch")

    def _model(self) -> Iterator[Callable[[], Edit]]:
        return self._values(lambda value: _kind(value) == "model")

    def _control(self) -> Iterator[Callable[[], Edit]]:
        for level, node in self._nodes():
            held = node.get("widgets_values")
            linked = any("widget" in slot and slot.get("link") is not None for slot in node.get("inputs") or [])
            if not isinstance(held, list) or linked or str(node["id"]) in self.graph.promoted(level.key):
                continue
            for place, word in enumerate(held):
                if place and isinstance(word, str) and word in CONTROLS and _number(held[place - 1]):
                    yield lambda level=level, node=node, place=place: self._set_control(level, node, place)

    def _set_control(self, level: Level, node: dict[str, Any], place: int) -> Edit:
        before = node["widgets_values"][place]
        after = node["widgets_values"][place] = self.rng.choice([one for one in CONTROLS if one != before])
        expected = self._everywhere(level, node["id"], "changed", before, after)
        return Edit("control", expected, self._around(level, node["id"]))

    def _host(self) -> Iterator[Callable[[], Edit]]:
        for level in self.graph.levels.values():
            for node in level.raw["nodes"] if level.active else ():
                held, names = node.get("widgets_values"), self._widgets(node)
                proxies = (node.get("properties") or {}).get("proxyWidgets")
                on = (
                    not node.get("mode", 0)
                    and self._free(level, node["id"])
                    and node["id"] in self._distinct[level.key]
                )
                if not (on and names and isinstance(held, list) and len(held) == len(names)) or proxies:
                    continue
                for place, name in enumerate(names):
                    linked = any(s.get("name") == name and s.get("link") is not None for s in node.get("inputs") or [])
                    if name and _kind(held[place]) and not linked and "seed" not in name:
                        yield lambda level=level, node=node, place=place: self._set_host(level, node, place)

    def _widgets(self, host: dict[str, Any]) -> list[str]:
        """The inputs of a subgraph that end at a widget, "" where no running node of it is among the ends."""
        inner = self.graph.levels.get(host["type"])
        names = []
        for place, one in enumerate((inner.raw.get("inputs") or []) if inner else ()):
            ends = [
                (inner.nodes.get(link.target), link.into)
                for link in inner.links
                if (link.origin, link.out) == (INPUT, place)
            ]
            ends = [(node, node["inputs"][into]) for node, into in ends if node is not None]
            if any("widget" in slot for _, slot in ends):
                runs = any(
                    self.graph.plain(node) and node.get("mode", 0) == 0 and "widget" in slot for node, slot in ends
                )
                names.append(one["name"] if runs else "")
        return names

    def _set_host(self, level: Level, node: dict[str, Any], place: int) -> Edit:
        held = node["widgets_values"]
        before, after = held[place], self._other(held[place])
        held[place] = after
        return Edit(
            "host", self._everywhere(level, node["id"], "changed", before, after), self._around(level, node["id"])
        )

    def _primitive(self) -> Iterator[Callable[[], Edit]]:
        for level in self.graph.levels.values():
            for node in level.raw["nodes"] if level.active else ():
                held = node.get("widgets_values")
                ends = [level.nodes.get(link.target) for link in level.links if link.origin == node["id"]]
                reads = any(one is not None and self.graph.plain(one) for one in ends)
                fits = node["type"] == "PrimitiveNode" and node["id"] in self._distinct[level.key]
                if fits and reads and held and _kind(held[0]) and self._free(level, node["id"]):
                    yield lambda level=level, node=node: self._set_primitive(level, node)

    def _set_primitive(self, level: Level, node: dict[str, Any]) -> Edit:
        edit = self._set(level, node, 0)
        return Edit("primitive", edit.expected, edit.touched)

    # ---- nodes and links --------------------------------------------------------------------------------------

    def _direct(self, level: Level) -> list[Link]:
        """Links from one running node to another, with names at both ends."""
        nodes = level.nodes
        found = []
        for link in level.links:
            ends = [nodes.get(link.origin), nodes.get(link.target)]
            if all(one and self.graph.plain(one) and one.get("mode", 0) == 0 for one in ends) and self._alone(
                level, link
            ):
                found.append(link)
        return found

    def _alone(self, level: Level, link: Link) -> bool:
        ids = (link.origin, link.target)
        return self._free(level, *ids) and all(one in self._distinct[level.key] for one in ids)

    def _active(self) -> Iterator[Level]:
        return (level for level in self.graph.levels.values() if level.active)

    def _added(self) -> Iterator[Callable[[], Edit]]:
        for level in self._active():
            for link in self._direct(level):
                if link.type in INSERTED and INSERTED[link.type][0] not in self._types:
                    yield lambda level=level, link=link: self._insert(level, link)
            for link in self._direct(level):
                if link.type == "IMAGE" and "PreviewImage" not in self._types:
                    yield lambda level=level, link=link: self._show(level, link)
            if level.key == "":
                yield lambda level=level: self._loose(level)

    def _make(self, level: Level, kind: str, name: str, wire: Any, values: list[Any], *, gives: bool = True) -> Any:
        number = max((node["id"] for node in level.raw["nodes"]), default=0) + self.rng.randint(1, 5)
        inputs = [{"name": name, "type": wire, "link": None}] if name else []
        outputs = [{"name": wire, "type": wire, "links": []}] if gives else []
        level.raw["nodes"].append(
            {"id": number, "type": kind, "pos": [0, 0], "size": [210, 60], "flags": {}, "order": 0, "mode": 0,
             "inputs": inputs, "outputs": outputs, "properties": {}, "widgets_values": values}
        )  # fmt: skip
        return number

    def _insert(self, level: Level, link: Link) -> Edit:
        kind, name, values = INSERTED[link.type]
        touched = self._around(level, link.origin, link.target)
        number = self._make(level, kind, name, link.type, list(values))
        level.connect(link.origin, link.out, number, 0, link.type)
        level.connect(number, 0, link.target, link.into, link.type)
        expected = self._everywhere(level, link.target, "rewired")
        return Edit("added", [*self._new(level, number), *expected], touched | {(level.key, number)})

    def _show(self, level: Level, link: Link) -> Edit:
        number = self._make(level, "PreviewImage", "images", "IMAGE", [], gives=False)
        level.connect(link.origin, link.out, number, 0, "IMAGE")
        return Edit("added", self._new(level, number), self._around(level, link.origin, number))

    def _loose(self, level: Level) -> Edit:
        number = self._make(level, "LoadImage", "", "IMAGE", [f"pier_{self.rng.randint(100, 999)}.png", "image"])
        return Edit("added", self._new(level, number), {(level.key, number)})

    def _new(self, level: Level, number: Any) -> list[Expected]:
        return [Expected("added", "", f"{prefix}{number}") for prefix in level.prefixes]

    def _removed(self) -> Iterator[Callable[[], Edit]]:
        for level, node in self._nodes():
            readers = [link for link in level.links if link.origin == node["id"]]
            direct = set(self._direct(level))
            if node.get("mode", 0) == 0 and all(link in direct for link in readers) and not self._hosted(level, node):
                yield lambda level=level, node=node: self._remove(level, node)

    def _hosted(self, level: Level, node: dict[str, Any]) -> bool:
        """Whether a host holds a value for it: without the node, the page would take that from the host too."""
        slots = node.get("inputs") or []
        return any(
            link.origin == INPUT and "widget" in slots[link.into] for link in level.links if link.target == node["id"]
        )

    def _remove(self, level: Level, node: dict[str, Any]) -> Edit:
        own = node["id"]
        touched = self._around(level, own)
        expected = [Expected("removed", f"{prefix}{own}", "") for prefix in level.prefixes]
        direct = set(self._direct(level))
        readers = [link for link in level.links if link.origin == own]
        feeds = {link.type: link for link in direct if link.target == own}
        bridge = self.rng.random() < 0.7
        for reader in readers:
            expected += self._everywhere(level, reader.target, "rewired")
        for reader in readers:
            feed = feeds.get(reader.type)
            if bridge and feed is not None:
                level.connect(feed.origin, feed.out, reader.target, reader.into, reader.type)
        level.drop({link.id for link in level.links if own in (link.origin, link.target)})
        level.raw["nodes"].remove(node)
        return Edit("removed", expected, touched)

    def _rewired(self) -> Iterator[Callable[[], Edit]]:
        for level in self._active():
            direct = self._direct(level)
            for link in direct:
                yield lambda level=level, link=link: self._cut(level, link)
                others = {(o.origin, o.out) for o in direct if o.type == link.type and o.origin != link.target}
                for origin, out in others - {(link.origin, link.out)}:
                    yield lambda level=level, link=link, origin=origin, out=out: self._rewire(level, link, origin, out)

    def _rewire(self, level: Level, link: Link, origin: Any, out: int) -> Edit:
        touched = self._around(level, link.origin, link.target, origin)
        level.connect(origin, out, link.target, link.into, link.type)
        return Edit("rewired", self._everywhere(level, link.target, "rewired"), touched)

    def _cut(self, level: Level, link: Link) -> Edit:
        touched = self._around(level, link.origin, link.target)
        level.cut(link.target, link.into)
        return Edit("rewired", self._everywhere(level, link.target, "rewired"), touched)

    def _replaced(self) -> Iterator[Callable[[], Edit]]:
        for level, node in self._nodes():
            if any(node["id"] in (link.origin, link.target) for link in self._direct(level)):
                yield lambda level=level, node=node: self._replace(level, node)

    def _replace(self, level: Level, node: dict[str, Any]) -> Edit:
        expected = self._everywhere(level, node["id"], "replaced")
        held = node.get("widgets_values")
        kind, values = SWAPPED.get(node["type"], (f"{node['type']} Plus (thistle)", []))
        if node["type"] == "UNETLoader" and isinstance(held, list) and held:
            expected += self._everywhere(level, node["id"], "changed", held[0], values[0])
        promoted = str(node["id"]) in self.graph.promoted(level.key)
        linked = any("widget" in slot and slot.get("link") is not None for slot in node.get("inputs") or [])
        if promoted or linked:
            kind, values = f"{node['type']} Plus (thistle)", held
            expected = self._everywhere(level, node["id"], "replaced")
        node["type"], node["widgets_values"] = kind, values
        return Edit("replaced", expected, self._around(level, node["id"]))

    def _switched(self) -> Iterator[Callable[[], Edit]]:
        for level, node in self._nodes():
            yield lambda level=level, node=node: self._turn(level, node)
        for level in self._active():
            for node in level.raw["nodes"]:
                inner = self.graph.definitions.get(node["type"])
                runs = inner and any(self.graph.plain(one) and one.get("mode", 0) == 0 for one in inner["nodes"])
                if runs and node["id"] in self._distinct[level.key] and self._free(level, node["id"]):
                    yield lambda level=level, node=node: self._turn(level, node)

    def _turn(self, level: Level, node: dict[str, Any]) -> Edit:
        node["mode"] = self.rng.choice([2, 4]) if node.get("mode", 0) == 0 else 0
        return Edit("switched", self._everywhere(level, node["id"], "switched"), self._around(level, node["id"]))

    def _renamed(self) -> Iterator[Callable[[], Edit]]:
        for level, node in self._nodes():
            yield lambda level=level, node=node: self._rename(level, node)

    def _rename(self, level: Level, node: dict[str, Any]) -> Edit:
        node["title"] = f"{self.rng.choice(WORDS)} {self.rng.choice(WORDS)} {self.rng.randint(1, 99)}"
        return Edit("renamed", self._everywhere(level, node["id"], "renamed"), self._around(level, node["id"]))


KINDS = (
    "number", "text", "choice", "switch", "model", "added", "removed", "rewired", "replaced", "switched", "renamed",
    "host", "primitive", "control",
)  # fmt: skip


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    """What sort of value it is; "" for those that are not edited."""
    if isinstance(value, bool):
        return "switch"
    if _number(value):
        return "number"
    if not isinstance(value, str) or not value:
        return ""
    if value.lower().endswith(SUFFIXES) and "\n" not in value:
        return "model"
    return "text" if len(value.split(" ")) >= 4 else "choice"
