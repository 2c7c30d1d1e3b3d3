"""Operators and truth on values that may be known in part."""

from __future__ import annotations

import ast
import operator
import posixpath
import re
from collections.abc import Callable
from typing import Any

from . import attributes
from .machine import Machine
from .values import (
    SCALARS,
    Bound,
    Class,
    Dict,
    External,
    Func,
    Instance,
    Made,
    Member,
    Module,
    Names,
    PathText,
    SchemaType,
    Seq,
    Unknown,
    Value,
    as_key,
    same,
)

MAX_TEXT = 20_000
MAX_ITEMS = 20_000


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; None when that cannot be told."""
    if isinstance(value, SCALARS):
        return bool(value)
    if isinstance(value, Seq):
        if any(not isinstance(one, Names) for one in value.items):
            return True
        return None if value.items or value.more else False
    if isinstance(value, Dict):
        return True if any(not e.guards for e in value.entries.values()) else None if value.more else False
    return True if isinstance(value, (Func, Bound, Class, Module, Made, SchemaType)) else None


_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.Pow: operator.pow,
}


def binary(m: Machine, op: ast.operator, left: Value, right: Value) -> Value:
    """`left op right`, or None when it cannot be told."""
    left, right = (v.value if isinstance(v, Member) else v for v in (left, right))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _number(op, left, right)
    if isinstance(op, ast.Add):
        if isinstance(left, str) and isinstance(right, str) and len(left) + len(right) <= MAX_TEXT:
            return left + right
        if isinstance(left, Seq) and isinstance(right, Seq) and len(left.items) + len(right.items) <= MAX_ITEMS:
            return Seq(left.items + right.items, left.kind, left.more or right.more)
        if isinstance(left, Names) or isinstance(right, Names):
            names = left if isinstance(left, Names) else right
            return Names(names.folder, names.media, exact=False)
    if isinstance(op, ast.Mod) and isinstance(left, str):
        return _percent(left, right)
    if isinstance(op, ast.Div) and isinstance(left, PathText) and isinstance(right, str):
        return PathText(posixpath.join(left, right))
    if isinstance(op, ast.BitOr) and isinstance(left, Dict):
        out = left.copy()
        attributes.update(m, out, right, "")
        return out
    if isinstance(op, ast.BitOr) and isinstance(left, Seq) and isinstance(right, Seq):
        return Seq([*left.items, *right.items], "set", left.more or right.more)
    if (
        isinstance(op, ast.Mult)
        and isinstance(left, Seq)
        and isinstance(right, int)
        and 0 <= right * len(left.items) <= 1000
    ):
        return Seq(left.items * right, left.kind, left.more)
    if isinstance(op, ast.Mult) and isinstance(left, str) and isinstance(right, int) and 0 <= right * len(left) <= 1000:
        return left * right
    return None


def _number(op: ast.operator, left: float, right: float) -> Value:
    large = isinstance(op, (ast.Pow, ast.LShift)) and (abs(right) > 1024 or abs(left) > 1 << 64)
    apply = _ARITHMETIC.get(type(op))
    if large or apply is None or abs(left) > 1 << 4096 or abs(right) > 1 << 4096:
        return None
    try:
        result = apply(left, right)
    except (ArithmeticError, ValueError, TypeError):
        return None
    return result if isinstance(result, (int, float)) else None


_WIDE = re.compile(r"[\d*]{4}|\*")  # a width that would make a text of any length


def _percent(text: str, right: Value) -> Value:
    values = right.items if isinstance(right, Seq) else [right]
    if _WIDE.search(text) or not all(isinstance(v, (str, int, float)) for v in values):
        return None
    try:
        return text % tuple(values)
    except (ValueError, TypeError, OverflowError):
        return None


_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def compared(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """`left op right`, or None when it cannot be told."""
    if isinstance(op, (ast.In, ast.NotIn)):
        found = _contains(right, left)
        return found if found is None or isinstance(op, ast.In) else not found
    left, right = (v.value if isinstance(v, Member) else v for v in (left, right))
    if isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
        equal = _equal(left, right)
        return equal if equal is None or isinstance(op, (ast.Is, ast.Eq)) else not equal
    try:
        known = isinstance(left, SCALARS) and isinstance(right, SCALARS)
        return bool(_ORDER[type(op)](left, right)) if known else None
    except TypeError:
        return None


def _equal(left: Value, right: Value) -> bool | None:
    if isinstance(left, SCALARS) and isinstance(right, SCALARS):
        return bool(left == right)
    if any(isinstance(v, (Unknown, External, Names, Instance)) for v in (left, right)):
        return True if left is right and not isinstance(left, (Unknown, Names)) else None
    if left is None or right is None:
        return False
    if isinstance(left, (Class, Module, Func)) and isinstance(right, (Class, Module, Func)):
        return left is right
    return True if same(left, right) else None


def _contains(holder: Value, item: Value) -> bool | None:
    if isinstance(holder, str) and isinstance(item, str):
        return item in holder
    if isinstance(holder, Dict):
        ok, key = as_key(item)
        if ok and key in holder.entries:
            return True
        return False if ok and not holder.more else None
    if isinstance(holder, Seq) and not isinstance(item, (Unknown, Names)):
        if any(_equal(one, item) for one in holder.items):
            return True
        return False if holder.plain and all(_equal(one, item) is False for one in holder.items) else None
    return None
