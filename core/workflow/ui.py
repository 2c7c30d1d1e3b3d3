"""UI format: expands subgraphs and group nodes by instance into one flat graph. Pure.

Ids inside an instance are `instance:inner`, as ComfyUI itself writes them when it runs the graph. Inner
nodes of a group node have no id; their index stands in. Definitions that nothing instantiates never count.
"""

from __future__ import annotations

from typing import Any

from .raw import Json, raw_id
from .types import ALWAYS, BYPASSED, MUTED, ModelHint, Node, Origin, Scope, Workflow

MAX_NODES = 100_000  # flat nodes of one workflow
MAX_LEVELS = 64  # instances inside instances
_OWN = "-1"  # in proxyWidgets, in place of a node: an input of the subgraph itself


class Impossible(ValueError):
    """The graph cannot be unfolded; `code` says why (it contains itself, is too deep or too large)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_ui(graph: dict[str, Json], name: str, carrier: str) -> Workflow:
    """The flat Workflow of a UI graph. Raises Impossible; anything of a wrong type is passed over with a warning."""
    root = Scope("", "", "root", graph)
    workflow = Workflow(name, "ui", [], root, [root], carrier, hints=tuple(model_hints(graph.get("models"))))
    _Expander(workflow, _definitions(graph), _group_nodes(graph)).expand(0, frozenset())
    _broadcasts(graph, workflow)
    return workflow


def model_hints(raw: Json) -> list[ModelHint]:
    """The usable entries of a `models` list."""
    hints = []
    for item in raw if isinstance(raw, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            digest, size = item.get("hash"), item.get("size")
            sha256 = digest.lower() if isinstance(digest, str) and len(digest) == 64 else None
            texts = [item.get(key) if isinstance(item.get(key), str) else None for key in ("url", "directory")]
            hints.append(ModelHint(item["name"], texts[0], texts[1], sha256, size if isinstance(size, int) else None))
    return hints


class _Expander:
    """Walks one graph level after another; a subgraph inside itself and runaway growth end the walk."""

    def __init__(self, workflow: Workflow, definitions: dict[str, dict[str, Json]], groups: dict[str, dict[str, Json]]):
        self.workflow = workflow
        self.definitions = definitions
        self.groups = groups

    def expand(self, level: int, above: frozenset[str]) -> None:
        scope = self.workflow.scopes[level]
        raw_nodes = scope.raw.get("nodes")
        if not isinstance(raw_nodes, list):
            return
        warn = self.workflow.warnings.append
        nodes, prefix, group = self.workflow.nodes, scope.prefix, scope.kind == "group"
        scope_active, here, groups = scope.active, scope.nodes, self.groups
        if len(nodes) + len(raw_nodes) > MAX_NODES:
            raise Impossible(
                "too_large", f"The workflow has more than {MAX_NODES:,} nodes once its subgraphs are unfolded."
            )
        for place, raw in enumerate(raw_nodes):
            kind = raw.get("type") if isinstance(raw, dict) else None
            if not isinstance(kind, str):
                warn(f"Entry {place + 1} of {scope.name or 'the graph'} is not a node and was passed over.")
                continue
            own = str(place) if group else raw_id(raw["id"]) if "id" in raw else f"#{place}"
            if own in here:
                warn(f"Two nodes have the id {prefix}{own}.")
                own = f"{own}#{place}"
            mode = raw.get("mode")
            if mode != ALWAYS:
                mode = mode if mode in (MUTED, BYPASSED) else ALWAYS
            definition = self.definitions.get(kind)
            key = kind if definition is not None else None
            if definition is None and groups and kind[8:9] in ("/", ">"):
                definition, key = groups.get(kind[9:]) if kind[:8] == "workflow" else None, kind
            if definition is not None and key is not None:
                here[own] = self._instance(level, raw, own, mode, definition, key, above)
                continue
            widgets = raw.get("widgets_values")
            node = Node(
                prefix + own,
                kind,
                mode,
                scope_active and mode == ALWAYS,
                widgets if isinstance(widgets, (list, dict)) else [],
                raw,
                level,
            )
            here[own] = node
            nodes.append(node)
        if scope.host:
            _host_values(scope, self.workflow)

    def _instance(
        self,
        level: int,
        raw: dict[str, Json],
        own: str,
        mode: int,
        definition: dict[str, Json],
        key: str,
        above: frozenset[str],
    ) -> Scope:
        scope = self.workflow.scopes[level]
        if key in above:
            raise Impossible("cyclic_subgraph", f"Subgraph {_name(definition, key)!r} contains itself.")
        if len(above) >= MAX_LEVELS:
            raise Impossible("too_deep", f"Subgraphs are nested more than {MAX_LEVELS} deep.")
        inner = Scope(
            f"{scope.prefix}{own}:",
            _name(definition, key),
            "subgraph" if key in self.definitions else "group",
            definition,
            parent=level,
            host=raw,
            inputs=_input_names(definition),
            active=scope.active and mode == ALWAYS,
            mode=mode,
        )
        self.workflow.scopes.append(inner)
        if len(self.workflow.scopes) > MAX_NODES:
            raise Impossible("too_large", f"The workflow has more than {MAX_NODES:,} subgraph instances.")
        self.expand(len(self.workflow.scopes) - 1, above | {key})
        return inner


def _definitions(graph: dict[str, Json]) -> dict[str, dict[str, Json]]:
    """Subgraph definitions by id; a definition may bring definitions of its own."""
    found: dict[str, dict[str, Json]] = {}
    queue = [graph]
    while queue:
        holder = queue.pop().get("definitions")
        listed = holder.get("subgraphs") if isinstance(holder, dict) else None
        for item in listed if isinstance(listed, list) else ():
            if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"] not in found:
                found[item["id"]] = item
                queue.append(item)
    return found


def _group_nodes(graph: dict[str, Json]) -> dict[str, dict[str, Json]]:
    extra = graph.get("extra")
    groups = extra.get("groupNodes") if isinstance(extra, dict) else None
    if not isinstance(groups, dict):
        return {}
    return {key: value for key, value in groups.items() if isinstance(value, dict)}


def _name(definition: dict[str, Json], key: str) -> str:
    name = definition.get("name")
    return name if isinstance(name, str) and name else key[9:] if key[:8] == "workflow" else key


def _input_names(definition: dict[str, Json]) -> tuple[str, ...]:
    inputs = definition.get("inputs")
    if not isinstance(inputs, list):
        return ()
    return tuple(str(item.get("name", "")) if isinstance(item, dict) else "" for item in inputs)


def _host_values(scope: Scope, workflow: Workflow) -> None:
    """Hands the values that the host of an instance sets down to the nodes inside: the host's value wins."""
    values = scope.host.get("widgets_values")
    if isinstance(values, dict):
        scope.host_values.update((key, value) for key, value in values.items() if isinstance(key, str))
        return
    if not isinstance(values, list) or not values:
        return
    if scope.kind == "group":
        _group_values(scope, values, workflow)
        return
    proxies = _proxies(scope)
    if len(proxies) != len(values):  # some pages keep only the values of its own inputs, in this same order
        proxies = [proxy for proxy in proxies if raw_id(proxy[0]) == _OWN]
    if len(proxies) == len(values):
        for proxy, value in zip(proxies, values, strict=True):
            _promote(scope, raw_id(proxy[0]), proxy[1], value)
        return
    named = scope.widget_inputs
    if len(named) == len(values):
        scope.host_values.update(zip(named, values, strict=True))
    elif any(isinstance(value, str) and "." in value for value in values):
        workflow.warnings.append(
            f"Subgraph {scope.name!r} ({scope.prefix[:-1]}) holds {len(values)} values for {len(named)} inputs; "
            "the values inside it were used."
        )


def _promote(scope: Scope, inner_id: str, widget: str, value: Json) -> None:
    if inner_id == _OWN:
        scope.host_values[widget] = value
        return
    inner = scope.nodes.get(inner_id)
    if isinstance(inner, Scope):  # promoted through two levels: follow the inner host's own list down
        inner.host_values[widget] = value
        for proxy in _proxies(inner):
            if proxy[1] == widget:
                _promote(inner, raw_id(proxy[0]), widget, value)
                break
    elif inner is not None:
        inner.overrides = {**(inner.overrides or {}), widget: value}


def _proxies(scope: Scope) -> list[list[Json]]:
    """`proxyWidgets` of an instance: [inner node id, or _OWN for a subgraph input; widget name]."""
    properties = scope.host.get("properties")
    listed = properties.get("proxyWidgets") if isinstance(properties, dict) else None
    if not isinstance(listed, list):
        return []
    return [item for item in listed if isinstance(item, list) and len(item) >= 2 and isinstance(item[1], str)]


def _group_values(scope: Scope, values: list[Json], workflow: Workflow) -> None:
    """A group node's host lists the widgets of all its inner nodes one after the other.

    Which copy ComfyUI uses when they differ is not settled by the files seen, so both are reported.
    """
    inner = [node for node in scope.nodes.values() if isinstance(node, Node) and isinstance(node.widgets, list)]
    if sum(len(node.widgets) for node in inner) != len(values):
        return
    start = 0
    for node in inner:
        part = values[start : start + len(node.widgets)]
        start += len(part)
        if part != node.widgets:
            node.alternate = part
            workflow.warnings.append(
                f"Group node {scope.name!r} and its inner {node.class_type} disagree; both were counted."
            )


def _broadcasts(graph: dict[str, Json], workflow: Workflow) -> None:
    """Use-Everywhere links live in `extra.ue_links`, not in `links`; they feed inputs that have no link."""
    extra = graph.get("extra")
    listed = extra.get("ue_links") if isinstance(extra, dict) else None
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, dict):
            continue
        target = workflow.by_id(raw_id(item.get("downstream")))
        slot: Any = item.get("downstream_slot")
        if target is None or not isinstance(slot, int) or not 0 <= slot < len(target.slots):
            continue
        origin_slot = item.get("upstream_slot")
        origin = Origin(raw_id(item.get("upstream")), origin_slot if isinstance(origin_slot, int) else 0)
        workflow.broadcast[target.id, target.slots[slot].name] = origin
