"""What the definitions of the installed nodes forbid: options, ranges, links. Pure.

Only what ComfyUI itself would check is checked: nodes on a way to an output, types whose installed definition
is known, values that are certainly matched to their input. Nearly every node is in order, so that is settled
first and cheaply; links are only followed, and ways to an output only sought, where something looks wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.types import Input
from ..workflow.source import source
from ..workflow.types import MUTED, PRIMITIVES, Literal, Node, Stored, Workflow
from .links import Feeds, Kinds, Made, circles, dropped, feeding, made, node_links
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
    set_outside = _set_outside(workflow)
    muted = not api and any(node.mode == MUTED for node in workflow.nodes)
    everywhere: bool | None = None
    levels: list[Made] = []
    for node, kind in server:
        shape = kind.shape
        if shape is None or not kind.installed:
            continue
        if shape.limits and not (_in_order(node, shape) and (node.scope not in set_outside or _own(node))):
            found += [(node.id, one) for one in _values(workflow, node, shape)]
        if muted and shape.drawn:
            found += [(node.id, one) for one in dropped(workflow, node, shape)]
        needed = shape.required if api else shape.sockets
        levels = levels or made(workflow, server, kinds)
        if not _linked(node, shape, levels[node.scope], needed):
            if everywhere is None:
                everywhere = any(one.class_type.startswith(_BROADCASTERS) for one, _ in server)
            feeds = Feeds(workflow, node, shape, needed)
            found += [(node.id, one) for one in feeds.violations(levels[node.scope], kinds, everywhere)]
    circling = not all(level.straight for level in levels)
    if not found and not circling:
        return []
    fed = feeding(workflow, outputs, kinds)
    return [one for node_id, one in found if node_id in fed] + (circles(workflow, fed) if circling else [])


# ---- links -------------------------------------------------------------------------------------------------


def _linked(node: Node, shape: Shape, level: Made, needed: tuple[str, ...]) -> bool:
    """Whether links that start at plain nodes which run feed all that is needed, and fit. If not, they are followed."""
    links = node_links(node, level)
    try:
        if links is None or not shape.linked(links):
            return False
    except TypeError:  # a name that is none
        return False
    if type(node.widgets) is not dict:
        return True
    # API format: values stand beside the links, and every link is a direct one.
    given = {name for name, kind in links if kind is not None}
    return len(given) == len(links) and given.union(node.widgets).issuperset(needed)


# ---- values ------------------------------------------------------------------------------------------------


def _set_outside(workflow: Workflow) -> set[int]:
    """The levels on which a widget's value may come from elsewhere: from the host of the instance, or a primitive."""
    found = {index for index, scope in enumerate(workflow.scopes) if scope.host_values}
    return found.union([node.scope for node in workflow.nodes if node.class_type in PRIMITIVES])


def _in_order(node: Node, shape: Shape) -> bool:
    """Whether the values, taken in the definition's order, all fit. Then they do, whatever their names."""
    stored = node.widgets
    if type(stored) is not list or len(stored) != len(shape.layout) or node.overrides:
        return False
    return all(limit.takes(stored[place]) for place, limit in shape.limits)


def _own(node: Node) -> bool:
    """Whether no link ends at a widget: then the stored values are those that count."""
    return not any(slot.link is not None and slot.widget is not None for slot in node.slots)


def _values(workflow: Workflow, node: Node, shape: Shape) -> Iterator[Violation]:
    """Options not offered and numbers out of range, for values that no other node's output replaces."""
    read = values(node, shape)
    if not read.exact:
        return
    linked = {name for slot in node.slots if slot.link is not None for name in (slot.widget, slot.name)}
    limits = {limit.spec.name: limit for _, limit in shape.limits}
    for name, stored in read.items:
        limit = limits.get(name) if name is not None else None
        if limit is None or name is None:
            continue
        fed = source(workflow, node, name) if name in linked else Stored()
        value = fed.value if isinstance(fed, Literal) else stored
        if not isinstance(fed, (Literal, Stored)) or (isinstance(fed, Literal) and _pressed(limit, fed)):
            continue
        if not limit.takes(value) and not _mended(workflow, node, name, value):
            code, allowed = _wrong(limit, value)
            yield Violation(code, NodeRef(node.id, node.class_type, node.title, name), value, allowed)


def _pressed(limit: Limit, fed: Literal) -> bool:
    """The page presses a PrimitiveNode's number into the range of the widget that it sets."""
    return fed.primitive and limit.spec.options is None and isinstance(fed.value, (int, float))


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
