"""Edits of single values of a workflow; what each has to be reported as stands in `understanding_edits.py`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from understanding_graph import FRONTEND_ONLY, INPUT, OUTPUT, SHOWN, Graph, Level, distinct

SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
CONTROLS = ("fixed", "increment", "decrement", "randomize")
BUTTONS = ("image", "video", "audio", "upload", "refresh", "upload3dmodel", "uploadExtraResources", "clear", "")
WORDS = ("amber", "harbour", "velvet", "thistle", "quarry", "lantern", "meadow", "copper")


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


class ValueEditor:
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
