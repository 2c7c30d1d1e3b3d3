"""Node definitions as plain JSON and back, for caches and snapshots.

Whatever comes back from disk may be damaged: a value of a wrong type makes the whole definition fall
away (None), so that a cache is rebuilt and never half believed.
"""

from __future__ import annotations

from typing import Any

from ..catalogue.types import Input, NodeType

_INPUT = Input._fields
_DEFAULTS = Input._field_defaults
_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "type": (str,),
    "widget": (bool,),
    "required": (bool,),
    "folders": (list, type(None)),
    "options": (list, type(None)),
    "media": (str, type(None)),
    "minimum": (int, float, type(None)),
    "maximum": (int, float, type(None)),
    "control": (bool,),
    "extras": (list,),
    "v3": (bool,),
}


MOST_BITS = 1024  # of a whole number; Python refuses to write out one of a few thousand digits

_BARE = {str: "__str__", int: "__int__", float: "__float__", bool: "__bool__"}


def encode_types(types: dict[str, NodeType]) -> list[dict[str, Any]]:
    """Definitions as a JSON list; defaults are left out."""
    return [_encode_type(node) for node in types.values()]


def decode_types(raw: Any) -> dict[str, NodeType] | None:
    """The definitions of a JSON list by class_type, or None when any of it is damaged."""
    if not isinstance(raw, list):
        return None
    found: dict[str, NodeType] = {}
    for one in raw:
        node = _decode_type(one)
        if node is None:
            return None
        found[node.class_type] = node
    return found


def plain(value: Any, depth: int = 0) -> Any:
    """`value` if JSON can carry it, else its text; deep things are cut. Bools, numbers and texts stay, without what a
    class of a pack's own added to them: such a text may raise when it is compared."""
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return float("inf") if value > 0 else float("-inf")
    for kind in (bool, str, int, float):
        if isinstance(value, kind):
            return value if type(value) is kind else getattr(kind, _BARE[kind])(value)
    if value is None:
        return None
    if isinstance(value, list | tuple) and depth < 4:
        return [plain(one, depth + 1) for one in value[:1000]]
    return str(value)[:200]


def _encode_type(node: NodeType) -> dict[str, Any]:
    out: dict[str, Any] = {"class_type": node.class_type, "source": node.source}
    if node.inputs is not None:
        out["inputs"] = [_encode_input(one) for one in node.inputs]
    if node.output is not None:
        out["output"] = node.output
    if node.pack is not None:
        out["pack"] = node.pack
    if node.outputs is not None:
        out["outputs"] = list(node.outputs)
    return {**out, **{flag: True for flag in _FLAGS if getattr(node, flag)}}


_FLAGS = ("api", "downloads", "dynamic", "exact")


def _encode_input(one: Input) -> dict[str, Any]:
    values = zip(_INPUT, one, strict=True)
    return {key: plain(value) for key, value in values if key == "name" or value != _DEFAULTS.get(key)}


def _decode_type(raw: Any) -> NodeType | None:
    if not isinstance(raw, dict) or not isinstance(raw.get("class_type"), str):
        return None
    inputs: tuple[Input, ...] | None = None
    if "inputs" in raw:
        if not isinstance(raw["inputs"], list):
            return None
        read = [_decode_input(one) for one in raw["inputs"]]
        inputs = tuple(one for one in read if one is not None)
        if len(inputs) != len(read):
            return None
    output, pack, source = raw.get("output"), raw.get("pack"), raw.get("source", "knowledge")
    if not isinstance(output, bool | None) or not isinstance(pack, str | None) or not isinstance(source, str):
        return None
    outputs = raw.get("outputs")  # absent from snapshots of older versions
    if outputs is not None and not (isinstance(outputs, list) and all(isinstance(one, str) for one in outputs)):
        return None
    made = None if outputs is None else tuple(outputs)
    flags = {flag: raw.get(flag) is True for flag in _FLAGS}
    return NodeType(raw["class_type"], inputs, output, pack=pack, source=source, outputs=made, **flags)


def _decode_input(raw: Any) -> Input | None:
    if not isinstance(raw, dict) or "name" not in raw:
        return None
    values = {key: raw[key] for key in _INPUT if key in raw}
    if any(key in _TYPES and not isinstance(value, _TYPES[key]) for key, value in values.items()):
        return None
    for key in ("folders", "options", "extras"):
        if values.get(key) is not None:
            values[key] = tuple(_hashable(one) for one in values[key])
    if "default" in values:
        values["default"] = _hashable(values["default"])
    return Input(**values)


def _hashable(value: Any) -> Any:
    return tuple(_hashable(one) for one in value) if isinstance(value, list) else value
