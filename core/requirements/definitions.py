"""What the definitions of the installed nodes forbid: options, ranges, links. Pure.

Only what ComfyUI itself would check is checked: nodes on a way to an output, types whose installed definition
is known, values that are certainly matched to their input.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.types import Input, NodeCatalogue, NodeType
from ..workflow.source import source
from ..workflow.types import Node, Origin, Workflow
from .types import NodeRef, Violation
from .values import values

_BROADCASTERS = ("Anything Everywhere", "Seed Everywhere", "Prompts Everywhere")


def violations(workflow: Workflow, catalogue: NodeCatalogue) -> list[Violation]:
    """All VALUE and LINK violations of one workflow."""
    server = [node for node in workflow.nodes if node.active and node.class_type not in catalogue.virtual]
    if not server or not any(node.class_type in catalogue.installed for node in server):
        return []
    found: list[Violation] = []
    outputs = []
    certain = True
    for node in server:
        known = catalogue.types.get(node.class_type)
        if known is None or known.output is None or node.class_type not in catalogue.installed:
            certain = certain and known is not None and known.output is not None
        if known is not None and known.output:
            outputs.append(node)
    if not outputs:
        if certain:
            found.append(Violation("LINK002", NodeRef("", "", "")))
        return found
    everywhere = any(node.class_type.startswith(_BROADCASTERS) for node in server)
    for node in _reachable(workflow, outputs):
        known = catalogue.types.get(node.class_type)
        if known is None or not known.inputs or node.class_type not in catalogue.installed:
            continue
        found += _values(workflow, node, known)
        if not known.dynamic and not everywhere and workflow.scopes[node.scope].kind != "group":
            found += _links(workflow, node, known)
    return found


def _reachable(workflow: Workflow, outputs: list[Node]) -> list[Node]:
    """The nodes that feed an output, outputs included."""
    seen: dict[str, Node] = {node.id: node for node in outputs}
    queue = list(outputs)
    while queue:
        node = queue.pop()
        for slot in node.slots:
            fed = source(workflow, node, slot.name)
            if isinstance(fed, Origin) and fed.node not in seen:
                origin = workflow.by_id(fed.node)
                if origin is not None and origin.active:
                    seen[origin.id] = origin
                    queue.append(origin)
    return list(seen.values())


def _links(workflow: Workflow, node: Node, known: NodeType) -> Iterator[Violation]:
    """Required sockets that nothing feeds."""
    for one in known.inputs or ():
        if one.widget or not one.required or one.type in ("", "*"):
            continue
        if source(workflow, node, one.name) is None:
            there = any(slot.name == one.name for slot in node.slots)
            words = (
                ""
                if there or workflow.format == "api"
                else "The workflow was saved with a version that did not have it."
            )
            yield Violation("LINK001", NodeRef(node.id, node.class_type, node.title, one.name), None, words)


def _values(workflow: Workflow, node: Node, known: NodeType) -> Iterator[Violation]:
    """Options not offered and numbers out of range, for values that no link replaces."""
    if not any(
        one.options is not None or one.minimum is not None or one.maximum is not None for one in known.inputs or ()
    ):
        return
    read = values(node, known)
    if not read.exact:
        return
    linked = {name for slot in node.slots if slot.link is not None for name in (slot.widget, slot.name)}
    for name, value in read.items:
        spec = known.input(name) if name is not None and name not in linked else None
        if spec is None:
            continue
        code, allowed = _wrong(spec, value)
        if code:
            yield Violation(code, NodeRef(node.id, node.class_type, node.title, name), value, allowed)


def _wrong(spec: Input, value: object) -> tuple[str, str]:
    if spec.options is not None and spec.folders is None and spec.media is None:
        if not any(value == option for option in spec.options) and isinstance(value, (str, int, float)):
            return "VALUE001", _some(spec.options)
        return "", ""
    if spec.type in ("INT", "FLOAT") and spec.options is None:
        try:
            number = float(value)  # type: ignore[arg-type]  # whatever it is: ComfyUI converts it too
        except (TypeError, ValueError):
            return "VALUE002", "a number"
        if (spec.minimum is not None and number < spec.minimum) or (spec.maximum is not None and number > spec.maximum):
            return "VALUE002", _range(spec)
    return "", ""


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
