"""What nodes work out from values that stand in the graph: sums, aspect ratios, sizes of scaled pictures. Pure.

Only arithmetic that has one result is done, as the documentation of the node describes it; whatever depends on a
person's file stays unknown.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from ...workflow.raw import Json
from ...workflow.types import Node
from ..graph import View

_MOST_TEXT, _MOST_PARTS, _MOST_NUMBER = 300, 80, 1e12
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "round": round, "sqrt": math.sqrt, "ceil": math.ceil, "floor": math.floor,
    "int": int, "float": float,
}  # fmt: skip
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_RATIO = re.compile(r"\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)")


class Arithmetic:
    """The `compute` of a View."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __call__(self, node: Node, slot: int) -> Json:
        """What `slot` of `node` holds; None where that is not settled by the graph alone."""
        way = self._view.role(node).get("computes")
        rule = _RULES.get(way) if isinstance(way, str) else None
        if rule is None:
            return None
        try:
            return rule(self._view, node, slot)
        except (ArithmeticError, ValueError, TypeError, SyntaxError, KeyError, RecursionError):
            return None


def _expression(view: View, node: Node, slot: int) -> Json:
    """A formula over inputs named by letters ("values.a", or plainly "a"); out come FLOAT, INT and BOOLEAN."""
    text = next((v for v in (_text(view, node, n) for n in ("expression", "value")) if v), None)
    if text is None or len(text) > _MOST_TEXT:
        return None
    names = {name.rpartition(".")[2]: name for name in view.feeds(node) if len(name.rpartition(".")[2]) == 1}
    values = {letter: _number(view, node, name) for letter, name in names.items()}
    result = evaluate(text, values)
    if result is None:
        return None
    outs = view.outputs(node)
    kind = outs[slot] if 0 <= slot < len(outs) else ""
    return int(result) if kind == "INT" else result != 0 if kind == "BOOLEAN" else result


def evaluate(text: str, values: Mapping[str, float | None]) -> float | None:
    """A formula of numbers, letters, brackets, + - * / // % ** and plain functions; None where it is anything else."""
    tree = ast.parse(text.strip(), mode="eval")
    if sum(1 for _ in ast.walk(tree)) > _MOST_PARTS:
        return None
    result = _part(tree.body, values)
    fine = isinstance(result, (int, float)) and math.isfinite(result) and abs(result) < _MOST_NUMBER
    return result if fine else None


def _part(node: ast.expr, values: Mapping[str, float | None]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name) and values.get(node.id) is not None:
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_part(node.operand, values)
    if isinstance(node, ast.BinOp):
        left, right = _part(node.left, values), _part(node.right, values)
        if isinstance(node.op, ast.Pow):
            return math.pow(left, right)
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _COMPARE[type(node.ops[0])](_part(node.left, values), _part(node.comparators[0], values))
    if isinstance(node, ast.IfExp):
        return _part(node.body if _part(node.test, values) else node.orelse, values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _FUNCTIONS[node.func.id](*(_part(one, values) for one in node.args))
    raise ValueError


def _resolution(view: View, node: Node, slot: int) -> Json:
    """Width and height of an aspect ratio and a number of megapixels (1 megapixel: 1024 × 1024), to a multiple."""
    found = _RATIO.match(_text(view, node, "aspect_ratio") or "")
    pixels, multiple = _number(view, node, "megapixels"), _number(view, node, "multiple") or 8
    if found is None or not pixels:
        return None
    wide, high = float(found[1]), float(found[2])
    scale = math.sqrt(pixels * 1024 * 1024 / (wide * high))
    side = wide if slot == 0 else high if slot == 1 else None
    return None if side is None else int(round(side * scale / multiple) * multiple)


def _convert(view: View, node: Node, slot: int) -> Json:
    number = _number(view, node, "value")
    outs = view.outputs(node)
    if number is None or not 0 <= slot < len(outs):
        return None
    return int(number) if outs[slot] == "INT" else float(number)


def _count(view: View, node: Node, slot: int) -> Json:
    """The place of a choice among those that the person wrote: they follow it in the stored values."""
    stored = node.widgets
    chosen = _text(view, node, "choice")
    if slot != 1 or not isinstance(stored, list) or chosen is None:
        return None
    options = [one for one in stored[2:] if isinstance(one, str) and one]
    return options.index(chosen) if options.count(chosen) == 1 else None


def _size(view: View, node: Node, slot: int) -> Json:
    """The size of a picture that was scaled to numbers that stand in the graph."""
    names = [name for name in view.feeds(node) if view.kind(node, name) == "IMAGE"]
    feed = view.feed(node, names[0]) if names else None
    key = ("width", "height")[slot] if 0 <= slot <= 1 else None
    if view.role(node).get("first"):  # its first output is the picture itself
        key = ("width", "height")[slot - 1] if 1 <= slot <= 2 else None
    seen = {node.id}
    while feed is not None and key is not None and feed.node.id not in seen:
        one = feed.node
        seen.add(one.id)
        fixed = fixed_size(view, one)
        if fixed is not None:
            return fixed[key == "height"]
        if view.role(one).get("does") not in ("edit", "compose_same", "show", "pass"):
            return None
        names = [name for name in view.feeds(one) if view.kind(one, name) == "IMAGE"]
        feed = view.feed(one, names[0]) if names else None
    return None


def fixed_size(view: View, node: Node) -> tuple[int, int] | None:
    """The width and height to which a node scales or draws a picture, whatever it gets."""
    names = view.role(node).get("fixed")
    if not names:
        return None
    sides = [_number(view, node, name) for name in names]
    if any(side is None or side <= 0 for side in sides):
        return None
    return int(sides[0] or 0), int(sides[1] or 0)


def _number(view: View, node: Node, name: str) -> float | None:
    given = view.value(node, name)
    value = given.value if given is not None else None
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _text(view: View, node: Node, name: str) -> str | None:
    given = view.value(node, name)
    return given.value if given is not None and isinstance(given.value, str) else None


_RULES: dict[str, Callable[[View, Node, int], Json]] = {
    "expression": _expression, "resolution": _resolution, "convert": _convert, "choice": _count, "size": _size,
}  # fmt: skip
