"""Links that ComfyUI refuses: another type, an output that is not there, nodes that feed each other in a circle. Pure.

As its validate_inputs (execution.py, comfy_execution/validation.py of 0.3.75) compares them: types are equal, or share
a part of a comma list. Only inputs that the definition lists are compared. What the page does with a bad link was
measured on its version 1.32.9: it sends a direct link as saved, but drops one that does not fit a reroute, so through
anything but a direct link only inputs are looked at that cannot do without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from ..workflow.raw import Json, Link
from ..workflow.source import bypasses, source
from ..workflow.types import ALWAYS, PASSING, Node, Origin, Scope, Workflow
from .shapes import NOWHERE, Kind, Shape
from .types import NodeRef, Violation

_SHOWN = 6  # nodes of a circle that are named
_ROUNDS = 60  # the deepest template has 26 nodes in a row

Kinds = Mapping[str, Kind]  # for any class_type: what is known of it


class Made(NamedTuple):
    """The links of one level by the id that the file gives them → the type that comes out of its source.

    Only links that start at a plain node which runs; "" when its type is not known. `straight`: there is certainly
    no circle.
    """

    links: Mapping[Json, str]
    straight: bool


def made(scope: Scope, kinds: Kinds) -> Made:
    """What the links of `scope` carry. Nothing is known of a damaged level, nor of a group node's inside."""
    if scope.kind == "group":
        return Made({}, True)
    try:
        return _made_api(scope, kinds) if scope.kind == "api" else _made_ui(scope, kinds)
    except (TypeError, KeyError, ValueError, IndexError):
        return Made({}, False)


def _made_ui(scope: Scope, kinds: Kinds) -> Made:
    outs = {
        node.raw["id"]: kinds[node.class_type].outs
        for node in scope.nodes.values()
        if isinstance(node, Node) and node.mode == ALWAYS and node.class_type not in PASSING
    }
    raw = scope.raw.get("links") or ()
    if scope.parent >= 0:
        ends = [(one["id"], one["origin_id"], one["origin_slot"], one["target_id"]) for one in raw]
    else:
        ends = [(one[0], one[1], one[2], one[3]) for one in raw]
    links = {link_id: outs[origin][slot] for link_id, origin, slot, _ in ends if origin in outs}
    return Made(links, _ordered(scope, ends) or _straight([(origin, target) for _, origin, _, target in ends]))


def _ordered(scope: Scope, ends: list[tuple[Json, Json, Json, Json]]) -> bool:
    """Whether every link leads on in the order in which the page numbered the nodes. Inside subgraphs they are stale."""
    if scope.parent >= 0:
        return False
    place = {
        (raw := one.raw if isinstance(one, Node) else one.host)["id"]: raw.get("order", -1)
        for one in scope.nodes.values()
    }
    return all(place[origin] < place[target] for _, origin, _, target in ends if origin in place and target in place)


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


def wrong_links(workflow: Workflow, node: Node, shape: Shape, kinds: Kinds) -> Iterator[Violation]:
    """The links into `node` that ComfyUI certainly refuses. Inside group nodes the links are not known."""
    scope = workflow.scopes[node.scope]
    for slot in node.slots if scope.kind != "group" else ():
        name = slot.name
        if slot.link is None or name not in shape.by_name:
            continue
        link = scope.link(slot.link)
        if link is None:
            continue
        words = ""
        if workflow.format == "api" and link.origin not in scope.raw:
            words = f"Node {link.origin} is not in the file." if name not in shape.required else ""
        elif name in shape.sockets or link.origin in scope.nodes:
            words = _why(workflow, node, shape, name, link, kinds)
        if words:
            yield Violation("LINK003", NodeRef(node.id, node.class_type, node.title, name), None, words)


def _why(workflow: Workflow, node: Node, shape: Shape, name: str, link: Link, kinds: Kinds) -> str:
    """Why the link is refused, "" when that is not certain."""
    origin = _direct(workflow.scopes[node.scope], link)
    direct = origin is not None
    if not direct and name not in shape.sockets:
        return ""
    fed = source(workflow, node, name) if origin is None else Origin(origin.id, link.origin_slot)
    if not isinstance(fed, Origin) or fed.slot < 0:
        return ""
    origin = origin or workflow.by_id(fed.node)
    if origin is None:
        return ""
    outs = kinds[origin.class_type].outs
    kind = outs[fed.slot]
    if shape.fits(name, kind) or not (name in shape.sockets or _saved(workflow, origin, fed.slot)):
        return ""
    if not direct and bypasses(workflow, node, name):
        return ""
    who = f"{origin.title} {origin.id}"
    if kind == NOWHERE:
        return f"{who} has no output number {fed.slot + 1}: the installed version has {len(outs)}."
    return f"It takes {shape.by_name[name].type}, and {who} gives {kind}."


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
    queue = list(outputs)
    while queue:
        node = queue.pop()
        scope = workflow.scopes[node.scope]
        kind = kinds[node.class_type]
        listed = kind.shape.by_name if kind.installed and kind.shape is not None and not kind.dynamic else None
        for slot in node.slots:
            if listed is not None and slot.name not in listed and slot.widget not in listed:
                continue
            link = scope.link(slot.link) if slot.link is not None else None
            origin = _direct(scope, link) if link is not None else None
            if origin is None:
                fed = source(workflow, node, slot.name)
                origin = workflow.by_id(fed.node) if isinstance(fed, Origin) else None
            if origin is None or not origin.active:
                continue
            if slot.link is not None:
                found[node.id].append(origin.id)
            if origin.id not in found:
                found[origin.id] = []
                queue.append(origin)
    return found


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
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
