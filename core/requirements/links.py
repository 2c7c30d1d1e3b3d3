"""Links that ComfyUI refuses: another type, an output that is not there, nodes that feed each other in a circle. Pure.

As its validate_inputs (execution.py, comfy_execution/validation.py of 0.3.75) compares them: types are equal, or share
a part of a comma list. Only inputs that the definition lists are compared. What the page does with a bad link was
measured on its version 1.32.9: it sends a direct link as saved, but drops one that does not fit a reroute, so through
anything but a direct link only inputs are looked at that cannot do without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..catalogue.types import Input
from ..workflow.raw import Json, Link
from ..workflow.source import bypasses, source
from ..workflow.types import ALWAYS, MUTED, PASSING, SUBGRAPH_INPUT, Node, Origin, Scope, Workflow
from .shapes import NOWHERE, Kind, Outputs, Shape
from .types import NodeRef, Violation

_SHOWN = 6  # nodes of a circle that are named
_LAST = 1 << 60
_ROUNDS = 60  # a level that goes deeper is looked at in full

_NEWER = "The workflow was saved with a version that did not have it."

Kinds = Mapping[str, Kind]  # for any class_type: what is known of it
Links = tuple[tuple[str, str | None], ...]


class Made(NamedTuple):
    """The links of one level by the id that the file gives them → the type that comes out of its source.

    Only links that start at a plain node which runs; "" when its type is not known. `straight`: there is certainly
    no circle.
    """

    links: Mapping[Json, str]
    straight: bool


def made(workflow: Workflow, server: list[tuple[Node, Kind]], kinds: Kinds) -> list[Made]:
    """What the links of each level carry; `server` are the nodes that are sent.

    Nothing is known of a damaged level, nor of a group node's inside.
    """
    outs: list[dict[Json, Outputs]] = [{} for _ in workflow.scopes]
    try:
        for node, kind in server if workflow.format == "ui" else ():
            outs[node.scope][node.raw["id"]] = kind.outs
    except (TypeError, KeyError):
        return [Made({}, False) for _ in outs]
    return [_made(scope, here, kinds) for scope, here in zip(workflow.scopes, outs, strict=True)]


def _made(scope: Scope, outs: dict[Json, Outputs], kinds: Kinds) -> Made:
    if scope.kind == "group":
        return Made({}, True)
    try:
        return _made_api(scope, kinds) if scope.kind == "api" else _made_ui(scope, outs)
    except (TypeError, KeyError, ValueError, IndexError):
        return Made({}, False)


def _made_ui(scope: Scope, outs: dict[Json, Outputs]) -> Made:
    raw = scope.raw.get("links")
    if not raw:
        return Made({}, True)
    if type(raw[0]) is list:
        links = {one[0]: outs[one[1]][one[2]] for one in raw if one[1] in outs}
        return Made(links, _ordered(scope, raw) or _straight([(one[1], one[3]) for one in raw]))
    links = {one["id"]: outs[one["origin_id"]][one["origin_slot"]] for one in raw if one["origin_id"] in outs}
    return Made(links, _straight([(one["origin_id"], one["target_id"]) for one in raw]))


def _ordered(scope: Scope, raw: list[Json]) -> bool:
    """Whether every link leads on in the order in which the page numbered the nodes. Inside subgraphs that is stale."""
    place = {raw_node["id"]: raw_node.get("order", -1) for raw_node in scope.raw["nodes"]}
    return not [1 for one in raw if place.get(one[1], -1) >= place.get(one[3], _LAST)]


def _made_api(scope: Scope, kinds: Kinds) -> Made:
    links: dict[Json, str] = {}
    for link_id, link in scope.links.items():
        origin = scope.nodes.get(link.origin)
        if isinstance(origin, Node) and origin.class_type not in PASSING:
            links[link_id] = kinds[origin.class_type].outs[link.origin_slot]
    return Made(links, _straight([(link.origin, link.target) for link in scope.links.values()]))


def _straight(links: list[tuple[Json, Json]]) -> bool:
    """Whether these (origin, target) make no circle: again and again, those links go whose origin nothing leads to."""
    for _ in range(_ROUNDS):
        targets = {target for _, target in links}
        rest = [link for link in links if link[0] in targets]
        if len(rest) == len(links):
            return not rest
        links = rest
    return False


# ---- what is refused ---------------------------------------------------------------------------------------


class Feeds(NamedTuple):
    """One node whose links are looked at. `needed`: inputs that ComfyUI refuses to do without."""

    workflow: Workflow
    node: Node
    shape: Shape
    needed: tuple[str, ...]

    def violations(self, level: Made, kinds: Kinds, everywhere: bool) -> Iterator[Violation]:
        """The links that ComfyUI certainly refuses, and the needed inputs without one, unless a node gives `everywhere`.

        Inside group nodes the outer links are not known.
        """
        if self.workflow.scopes[self.node.scope].kind == "group":
            return
        links = node_links(self.node, level)
        if links is None or not all(isinstance(name, str) for name, _ in links):
            links = tuple((slot.name, NOWHERE) for slot in self.node.slots if slot.link is not None)
        direct = {name for name, kind in links if kind is not None}
        looked = [name for name, kind in links if not self.shape.fits(name, kind)]
        if self.workflow.format == "api":
            looked += [name for name, kind in links if kind is None]
        stored = self.node.widgets if self.workflow.format == "api" and isinstance(self.node.widgets, dict) else {}
        looked += [name for name in self.needed if name not in direct and name not in stored]
        for name in dict.fromkeys(looked):
            found = self._one(name, kinds)
            if found is not None and not (found.code == "LINK001" and everywhere):
                yield found

    def _one(self, name: str, kinds: Kinds) -> Violation | None:
        workflow, node = self.workflow, self.node
        scope = workflow.scopes[node.scope]
        slot = next((slot for slot in node.slots if name in (slot.name, slot.widget)), None)
        link = scope.link(slot.link) if slot is not None and slot.link is not None else None
        direct = _direct(scope, link) if link is not None else None
        if direct is not None and link is not None:
            return self._refused(name, direct, link.origin_slot, kinds)
        fed = source(workflow, node, name)
        if isinstance(fed, Origin):
            origin = workflow.by_id(fed.node)
            found = self._refused(name, origin, fed.slot, kinds) if origin is not None else None
            return None if found is not None and bypasses(workflow, node, name) else found
        if fed is not None:
            return None
        if name in self.needed:
            return self._wrong("LINK001", name, _NEWER if slot is None and workflow.format == "ui" else "")
        absent = workflow.format == "api" and link is not None and link.origin not in scope.raw
        if absent and link is not None and name in self.shape.by_name:
            return self._wrong("LINK003", name, f"Node {link.origin} is not in the file.")
        return None

    def _refused(self, name: str, origin: Node, slot: int, kinds: Kinds) -> Violation | None:
        """The refusal of a link from this output, where that is certain."""
        outs = kinds[origin.class_type].outs
        kind = outs[slot]
        saved = name in self.needed or _saved(self.workflow, origin, slot)
        if slot < 0 or not saved or self.shape.fits(name, kind):
            return None
        who = f"{origin.title} {origin.id}"
        words = f"It takes {self.shape.by_name[name].type}, and {who} gives {kind}."
        if kind == NOWHERE:
            words = f"{who} has no output number {slot + 1}: the installed version has {len(outs)}."
        return self._wrong("LINK003", name, words)

    def _wrong(self, code: str, name: str, words: str) -> Violation:
        node = self.node
        return Violation(code, NodeRef(node.id, node.class_type, node.title, name), None, words)


def dropped(workflow: Workflow, node: Node, shape: Shape) -> Iterator[Violation]:
    """Required widgets whose link comes from a muted node: the page (1.32.9) sends neither the link nor the value."""
    scope = workflow.scopes[node.scope]
    for slot in node.slots if scope.kind != "group" else ():
        name = slot.widget or slot.name
        if slot.link is None or name not in shape.drawn:
            continue
        origin = _outermost(workflow, scope, scope.link(slot.link))
        if isinstance(origin, Node) and origin.mode == MUTED:
            words = f"Its link comes from {origin.title} {origin.id}, which is muted."
            yield Violation("LINK001", NodeRef(node.id, node.class_type, node.title, name), None, words)


def _outermost(workflow: Workflow, scope: Scope, link: Link | None) -> Node | Scope | None:
    """Where a link starts, followed out of the subgraphs around it."""
    while link is not None and link.origin == SUBGRAPH_INPUT and scope.parent >= 0:
        name = scope.inputs[link.origin_slot] if 0 <= link.origin_slot < len(scope.inputs) else None
        outer = next((slot.link for slot in scope.host_slots if slot.name == name), None)
        scope = workflow.scopes[scope.parent]
        link = scope.link(outer) if outer is not None else None
    return scope.nodes.get(link.origin) if link is not None else None


def node_links(node: Node, level: Made) -> Links | None:
    """The linked inputs of a node and what comes into each, None in place of that for a link that is no direct one.

    None when the node is damaged.
    """
    raw = node.raw.get("inputs")
    kinds = level.links
    try:
        if type(raw) is list:
            return tuple([(one["name"], kinds.get(one["link"])) for one in raw if one["link"] is not None])
        return tuple([(slot.name, kinds.get(slot.link)) for slot in node.slots if slot.link is not None])
    except (TypeError, KeyError):
        return None


def _direct(scope: Scope, link: Link) -> Node | None:
    """The node where the link starts, if it is a plain one that runs."""
    first = scope.nodes.get(link.origin)
    plain = isinstance(first, Node) and first.mode == ALWAYS and first.class_type not in PASSING
    return first if plain and isinstance(first, Node) else None


def _saved(workflow: Workflow, origin: Node, slot: int) -> bool:
    """Whether the file itself lists this output: the page cannot show a link from one that is nowhere."""
    outputs = origin.raw.get("outputs")
    return workflow.format == "api" or slot == 0 or (isinstance(outputs, list) and slot < len(outputs))


# ---- ways to an output -------------------------------------------------------------------------------------


def feeding(workflow: Workflow, outputs: list[Node], kinds: Kinds) -> dict[str, list[str]]:
    """The ids of the nodes that feed an output, outputs included, with the ids of those that each is linked to.

    Links into inputs that the definition does not list are sent, but ComfyUI does not look at what is behind them.
    """
    found: dict[str, list[str]] = {node.id: [] for node in outputs}
    starts: dict[int, dict[Json, Node]] = {}
    queue = list(outputs)
    while queue:
        node = queue.pop()
        if node.scope not in starts:
            starts[node.scope] = _starts(workflow.scopes[node.scope])
        kind = kinds[node.class_type]
        listed = kind.shape.by_name if kind.installed and kind.shape is not None and not kind.dynamic else None
        for origin, linked in _origins(workflow, node, listed, starts[node.scope]):
            if not origin.active:
                continue
            if linked:
                found[node.id].append(origin.id)
            if origin.id not in found:
                found[origin.id] = []
                queue.append(origin)
    return found


def _origins(
    workflow: Workflow, node: Node, listed: Mapping[str, Input] | None, starts: dict[Json, Node]
) -> Iterator[tuple[Node, bool]]:
    """What feeds the listed inputs of a node, and whether by a link: another node may also give to all that fits."""
    quick = _quick(node, listed, starts) if not workflow.broadcast else None
    if quick is not None:
        yield from ((origin, True) for origin in quick)
        return
    for slot in node.slots:
        if listed is None or slot.name in listed or slot.widget in listed:
            fed = source(workflow, node, slot.name)
            origin = workflow.by_id(fed.node) if isinstance(fed, Origin) else None
            if origin is not None:
                yield origin, slot.link is not None


def _quick(node: Node, listed: Mapping[str, Input] | None, starts: dict[Json, Node]) -> list[Node] | None:
    """The same where every link is a direct one; None when one has to be followed."""
    try:
        raw = [one for one in node.raw["inputs"] if one["link"] is not None]
        return [starts[one["link"]] for one in raw if listed is None or one["name"] in listed]
    except (TypeError, KeyError):
        return None


def _starts(scope: Scope) -> dict[Json, Node]:
    """The plain node at the start of each link of a level, by the id that the file gives the link."""
    raw = scope.raw.get("links") if scope.kind != "group" else None
    if not isinstance(raw, list) or not raw:
        return {}
    ends = ("id", "origin_id") if type(raw[0]) is dict else (0, 1)
    try:
        nodes = {
            node.raw["id"]: node
            for node in scope.nodes.values()
            if type(node) is Node and node.mode == ALWAYS and node.class_type not in PASSING
        }
        return {one[ends[0]]: nodes[one[ends[1]]] for one in raw if one[ends[1]] in nodes}
    except (TypeError, KeyError, IndexError):
        return {}


def circles(workflow: Workflow, fed: Mapping[str, list[str]]) -> list[Violation]:
    """A finding for nodes that wait for each other, if there are any: the first circle found."""
    circle = [node for one in _circle(fed) if (node := workflow.by_id(one)) is not None]
    if not circle:
        return []
    names = [f"{node.title} {node.id}" for node in circle]
    shown = names if len(names) <= _SHOWN + 1 else [*names[:_SHOWN], f"{len(names) - _SHOWN - 1} more", names[-1]]
    words = f"The nodes feed each other in a circle: {' → '.join(shown)}."
    node = circle[0]
    return [Violation("LINK003", NodeRef(node.id, node.class_type, node.title), None, words)]


def _circle(before: Mapping[str, list[str]]) -> list[str]:
    """Nodes in the order in which they feed each other, the first one again at the end; [] when there is no circle."""
    from graphlib import CycleError, TopologicalSorter  # hardly any graph gets here

    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
