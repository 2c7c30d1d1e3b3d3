"""Expressions: what each is worth, or Unknown."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from typing import Any

from . import attributes, calls, classes
from .machine import MAX_DEPTH, NOTHING, Machine
from .operators import MAX_ITEMS, MAX_TEXT, binary, compared, truth
from .values import (
    SCALARS,
    Dict,
    External,
    Names,
    Scope,
    Seq,
    Unknown,
    Value,
    join,
)


def evaluate(m: Machine, node: ast.expr, scope: Scope) -> Value:
    """The value of an expression; Unknown where the source alone does not tell."""
    m.step()
    handler = _HANDLERS.get(type(node))
    if handler is None or m.depth >= MAX_DEPTH:
        return m.unknown(scope.module, node)
    m.depth += 1
    try:
        value = handler(m, node, scope)
    finally:
        m.depth -= 1
    if isinstance(value, (str, Seq)):
        size = len(value) if isinstance(value, str) else len(value.items)
        if size > 200:
            m.step(size)
    return value


_MISSING = object()


def lookup(m: Machine, name: str, scope: Scope) -> Value:
    """What a name is bound to in this scope; `_MISSING` when nowhere."""
    at: Scope | None = scope
    while at is not None:
        if name in at.names and name not in at.outer:
            return attributes.resolve(m, at.names[name])
        at = at.parent
    if name in scope.module.names:
        return attributes.resolve(m, scope.module.names[name])
    return External(f"builtins.{name}") if hasattr(builtins, name) else _MISSING


def as_load(node: ast.expr) -> ast.expr:
    """The same target, to be read."""
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(node.id, ast.Load()), node)
    return node


def _constant(m: Machine, node: ast.Constant, scope: Scope) -> Value:
    return node.value if isinstance(node.value, SCALARS) else NOTHING


def _name(m: Machine, node: ast.Name, scope: Scope) -> Value:
    value = lookup(m, node.id, scope)
    return m.unknown(scope.module, node) if value is _MISSING else value


def _sequence(m: Machine, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Seq:
    kind = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}[type(node)]
    out = Seq(kind=kind)
    for one in node.elts:
        if isinstance(one, ast.Starred):
            calls.extend(m, out, evaluate(m, one.value, scope))
        else:
            out.items.append(evaluate(m, one, scope))
    return out


def _dict(m: Machine, node: ast.Dict, scope: Scope) -> Dict:
    out = Dict()
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(m, value_node, scope)
        where = m.place(scope.module, value_node)
        if key_node is None:
            attributes.update(m, out, value, where)
        else:
            attributes.set_item(m, out, evaluate(m, key_node, scope), value, where)
    return out


def _attribute(m: Machine, node: ast.Attribute, scope: Scope) -> Value:
    holder = evaluate(m, node.value, scope)
    found = attributes.get(m, holder, node.attr)
    if isinstance(found, Unknown) and not found.why:
        return holder if isinstance(holder, Unknown) and holder.why else m.unknown(scope.module, node)
    return found


def _subscript(m: Machine, node: ast.Subscript, scope: Scope) -> Value:
    holder = evaluate(m, node.value, scope)
    if isinstance(node.slice, ast.Slice):
        bounds = [
            None if b is None else evaluate(m, b, scope) for b in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        found = _sliced(holder, bounds)
    else:
        found = attributes.get_item(m, holder, evaluate(m, node.slice, scope))
    return m.unknown(scope.module, node) if isinstance(found, Unknown) and not found.why else found


def _sliced(holder: Value, bounds: list[Value]) -> Value:
    if any(b is not None and not isinstance(b, int) for b in bounds):
        return NOTHING
    if isinstance(holder, str):
        return holder[slice(*bounds)] if bounds[2] != 0 else NOTHING
    if isinstance(holder, Names):
        return Names(holder.folder, holder.media, exact=False)
    if isinstance(holder, Seq) and bounds[2] != 0:
        if bounds == [None, None, None] or holder.plain:
            return Seq(holder.items[slice(*bounds)], holder.kind, holder.more)
        if all(isinstance(one, Names) for one in holder.items):
            return Seq(holder.items, holder.kind, holder.more)
    return NOTHING


def _binary(m: Machine, node: ast.BinOp, scope: Scope) -> Value:
    left, right = evaluate(m, node.left, scope), evaluate(m, node.right, scope)
    found = binary(m, node.op, left, right)
    return m.unknown(scope.module, node) if found is None else found


def _unary(m: Machine, node: ast.UnaryOp, scope: Scope) -> Value:
    value = evaluate(m, node.operand, scope)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        return NOTHING if known is None else not known
    if isinstance(value, (int, float)):
        if isinstance(node.op, ast.Invert):
            return ~value if isinstance(value, int) else NOTHING
        return -value if isinstance(node.op, ast.USub) else value
    return NOTHING


def _boolean(m: Machine, node: ast.BoolOp, scope: Scope) -> Value:
    stops = isinstance(node.op, ast.Or)
    value: Value = None
    doubtful: list[Value] = []
    for one in node.values:
        value = evaluate(m, one, scope)
        known = truth(value)
        if known is stops:
            break
        if known is None:
            doubtful.append(value)
    for other in doubtful:
        value = other if value is other else join(other, value, m.place(scope.module, node))
    return value


def _compare(m: Machine, node: ast.Compare, scope: Scope) -> Value:
    left = evaluate(m, node.left, scope)
    result: bool | None = True
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(m, right_node, scope)
        one = compared(op, left, right)
        if one is False:
            return False
        result = None if one is None else result
        left = right
    return NOTHING if result is None else result


def _either(m: Machine, node: ast.IfExp, scope: Scope) -> Value:
    known = truth(evaluate(m, node.test, scope))
    if known is not None:
        return evaluate(m, node.body if known else node.orelse, scope)
    return join(evaluate(m, node.body, scope), evaluate(m, node.orelse, scope), m.place(scope.module, node))


def _formatted(m: Machine, node: ast.JoinedStr, scope: Scope) -> Value:
    parts: list[str] = []
    names: Names | None = None
    for one in node.values:
        if isinstance(one, ast.Constant):
            parts.append(str(one.value))
            continue
        if not isinstance(one, ast.FormattedValue):
            return m.unknown(scope.module, node)
        value = evaluate(m, one.value, scope)
        spec = evaluate(m, one.format_spec, scope) if one.format_spec is not None else ""
        names = value if isinstance(value, Names) else names
        text = calls.format_value(value, spec, one.conversion)
        if text is None and names is None:
            return m.unknown(scope.module, node)
        parts.append(text or "")
    joined = "".join(parts)
    return Names(names.folder, names.media, exact=False) if names is not None else joined[:MAX_TEXT]


def _comprehension(m: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Seq:
    out = Seq(kind="set" if isinstance(node, ast.SetComp) else "list")
    for inner, sure in _turns(m, node.generators, scope):
        if inner is None:
            out.more = out.more or m.unknown(scope.module, node)
            continue
        value = evaluate(m, node.elt, inner)
        if sure or isinstance(value, Names):
            out.items.append(value)
        else:
            out.more = out.more or m.unknown(scope.module, node)
    return out


def _dict_comprehension(m: Machine, node: ast.DictComp, scope: Scope) -> Dict:
    out = Dict()
    where = m.place(scope.module, node)
    for inner, sure in _turns(m, node.generators, scope):
        if inner is None or not sure:
            out.doubt(m.unknown(scope.module, node).why)
            continue
        attributes.set_item(m, out, evaluate(m, node.key, inner), evaluate(m, node.value, inner), where)
    return out


def _turns(m: Machine, rules: list[ast.comprehension], scope: Scope) -> Iterator[tuple[Scope | None, bool]]:
    """The scope of each turn of a comprehension and whether it is sure to come; None for unknown further turns."""
    from .statements import assign

    rule, rest = rules[0], rules[1:]
    items, more = calls.elements(m, evaluate(m, rule.iter, scope))
    for item in items[:MAX_ITEMS]:
        inner = Scope({}, scope.module, scope)
        assign(m, rule.target, item, inner)
        tests = [truth(evaluate(m, test, inner)) for test in rule.ifs]
        if False in tests:
            continue
        sure = None not in tests
        if not rest:
            yield inner, sure
            continue
        for deeper, deeper_sure in _turns(m, rest, inner):
            yield deeper, sure and deeper_sure
    if more is not None:
        yield None, False


def _call(m: Machine, node: ast.Call, scope: Scope) -> Value:
    return calls.call_node(m, node, scope)


def _lambda(m: Machine, node: ast.Lambda, scope: Scope) -> Value:
    return classes.lambda_function(m, node, scope)


def _inner(m: Machine, node: ast.Await | ast.Starred, scope: Scope) -> Value:
    return evaluate(m, node.value, scope)


def _walrus(m: Machine, node: ast.NamedExpr, scope: Scope) -> Value:
    value = evaluate(m, node.value, scope)
    scope.names[node.target.id] = value
    return value


def _yield(m: Machine, node: ast.Yield, scope: Scope) -> Value:
    value = None if node.value is None else evaluate(m, node.value, scope)
    if scope.yields is not None:
        scope.yields.append(value)
    return NOTHING


def _yield_from(m: Machine, node: ast.YieldFrom, scope: Scope) -> Value:
    items, more = calls.elements(m, evaluate(m, node.value, scope))
    if scope.yields is not None:
        scope.yields.extend([*items, more] if more is not None else items)
    return NOTHING


_HANDLERS: dict[type[ast.expr], Callable[[Machine, Any, Scope], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _either,
    ast.JoinedStr: _formatted,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.NamedExpr: _walrus,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
