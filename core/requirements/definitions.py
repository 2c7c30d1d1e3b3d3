"""What the definitions of the installed nodes forbid: options, ranges, links. Pure.

Only what ComfyUI itself would check is checked: nodes on a way to an output, types whose installed definition
is known, values that are certainly matched to their input. Nearly every node is in order, so that is settled
first and cheaply; links are only followed, and ways to an output only sought, where something looks wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.types import Input
from ..workflow.source import source
from ..workflow.types import Node, Workflow
from .links import Kinds, Made, circles, feeding, made, wrong_links
from .shapes import Kind, Limit, Shape
from .types import NodeRef, Violation
from .values import values

_BROADCASTERS = ("Anything Everywhere", "Seed Everywhere", "Prompts Everywhere")


def violations(
    workflow: Workflow, server: list[tuple[Node, Kind]], refused: list[Violation], kinds: Kinds
) -> list[Violation]:
    """All VALUE and LINK violations of one workflow.

    `server`: the nodes that are sent, with what is known of their types. `refused`: violations that the scan
    itself has met. `kinds`: what is known of a class_type.
    """
    if not server:
        return [Violation("LINK002", NodeRef("", "", ""))]
    outputs = [node for node, kind in server if kind.output]
    if not outputs:
        certain = all(kind.output is False and kind.installed for _, kind in server)
        return [Violation("LINK002", NodeRef("", "", ""))] if certain else []
    found = [(one.node.id, one) for one in refused]
    api = workflow.format == "api"
    everywhere: bool | None = None
    levels: dict[int, Made] = {}
    for node, kind in server:
        shape = kind.shape
        if shape is None or not kind.installed:
            continue
        if shape.limits and not _in_order(node, shape):
            found += [(node.id, one) for one in _values(workflow, node, shape)]
        needed = shape.required if api else shape.sockets
        level = levels.get(node.scope)
        if level is None:
            level = levels[node.scope] = made(workflow.scopes[node.scope], kinds)
        if not _linked(node, shape, level, needed):
            found += [(node.id, one) for one in wrong_links(workflow, node, shape, kinds)]
            if everywhere is None:
                everywhere = any(one.class_type.startswith(_BROADCASTERS) for one, _ in server)
            if needed and not everywhere:
                found += [(node.id, one) for one in _links(workflow, node, needed)]
    circling = not all(level.straight for level in levels.values())
    if not found and not circling:
        return []
    fed = feeding(workflow, outputs, kinds)
    return [one for node_id, one in found if node_id in fed] + (circles(workflow, fed) if circling else [])


# ---- links -------------------------------------------------------------------------------------------------


def _linked(node: Node, shape: Shape, level: Made, needed: tuple[str, ...]) -> bool:
    """Whether links that start at plain nodes which run feed all that is needed, and fit. If not, they are followed."""
    raw = node.raw.get("inputs")
    kinds = level.links
    try:
        if type(raw) is list:
            return shape.linked(
                tuple([(one["name"], kinds.get(one["link"])) for one in raw if one["link"] is not None])
            )
        links = tuple([(slot.name, kinds.get(slot.link)) for slot in node.slots if slot.link is not None])
    except (TypeError, KeyError):
        return False
    if type(node.widgets) is dict:  # API format: values stand beside the links
        direct = all(kind is not None for _, kind in links)
        return direct and {name for name, _ in links}.union(node.widgets).issuperset(needed) and shape.linked(links)
    return shape.linked(links)


def _links(workflow: Workflow, node: Node, needed: tuple[str, ...]) -> Iterator[Violation]:
    """Required inputs that nothing feeds. Inside group nodes the outer links are not known."""
    if workflow.scopes[node.scope].kind == "group":
        return
    stored = node.widgets if workflow.format == "api" and isinstance(node.widgets, dict) else {}
    for name in needed:
        if name not in stored and source(workflow, node, name) is None:
            there = any(slot.name == name for slot in node.slots)
            words = (
                ""
                if there or workflow.format == "api"
                else "The workflow was saved with a version that did not have it."
            )
            yield Violation("LINK001", NodeRef(node.id, node.class_type, node.title, name), None, words)


# ---- values ------------------------------------------------------------------------------------------------


def _in_order(node: Node, shape: Shape) -> bool:
    """Whether the values, taken in the definition's order, all fit. Then they do, whatever their names."""
    stored = node.widgets
    if type(stored) is not list or len(stored) != len(shape.layout) or node.overrides:
        return False
    return all(limit.takes(stored[place]) for place, limit in shape.limits)


def _values(workflow: Workflow, node: Node, shape: Shape) -> Iterator[Violation]:
    """Options not offered and numbers out of range, for values that no link replaces."""
    read = values(node, shape)
    if not read.exact:
        return
    linked = {name for slot in node.slots if slot.link is not None for name in (slot.widget, slot.name)}
    limits = {limit.spec.name: limit for _, limit in shape.limits}
    for name, value in read.items:
        limit = limits.get(name) if name is not None and name not in linked else None
        if limit is not None and not limit.takes(value) and not _mended(workflow, node, name, value):
            code, allowed = _wrong(limit, value)
            yield Violation(code, NodeRef(node.id, node.class_type, node.title, name), value, allowed)


def _mended(workflow: Workflow, node: Node, name: str | None, value: object) -> bool:
    """The page itself mends samplers saved in early 2023 as `sample_euler` when it loads the graph."""
    old = name == "sampler_name" and isinstance(value, str) and value.startswith("sample_")
    return old and workflow.format == "ui" and node.class_type in ("KSampler", "KSamplerAdvanced")


def _wrong(limit: Limit, value: object) -> tuple[str, str]:
    spec = limit.spec
    if spec.options is not None:
        return "VALUE001", _some(spec.options)
    try:
        float(value)  # type: ignore[arg-type]  # whatever it is: ComfyUI converts it too
    except (TypeError, ValueError):
        return "VALUE002", "a number"
    except OverflowError:
        pass
    return "VALUE002", _range(spec)


def _some(options: tuple[object, ...]) -> str:
    shown = ", ".join(str(option)[:40] for option in options[:8])
    if not options:
        return "nothing: its list is empty"
    return f"one of {shown}" if len(options) <= 8 else f"one of {len(options)}: {shown} …"


def _range(spec: Input) -> str:
    low, high = spec.minimum, spec.maximum
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
