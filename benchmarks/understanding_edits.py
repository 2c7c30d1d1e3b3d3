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

from collections.abc import Callable, Iterator
from typing import Any

from understanding_edit_values import WORDS, Edit, Expected, ValueEditor
from understanding_graph import INPUT, Level, Link

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


class Editor(ValueEditor):
    """Edits one graph in place: values, and its nodes and links."""

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
