"""Statements, followed the way Python would; where a condition is not known, both ways are followed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from . import attempts, attributes, calls, classes, imports, operators
from . import expressions as ex
from .machine import NOTHING, Machine
from .values import Dict, Guard, PackRaised, Scope, Seq, Unknown, Value, join

MAX_LOOP = 5_000


class Signal(NamedTuple):
    """Control flow that surely leaves a block: "return" with its value, "break" or "continue"."""

    kind: str
    value: Value = None


def run(m: Machine, body: Sequence[ast.stmt], scope: Scope) -> Signal | None:
    """Follow a block; a Signal when it surely leaves early. Raises PackRaised where the pack would raise."""
    with m.deeper():
        for node in body:
            m.step()
            handler = _HANDLERS.get(type(node))
            signal = handler(m, node, scope) if handler is not None else None
            if signal is not None:
                return signal
    return None


def assign(m: Machine, target: ast.expr, value: Value, scope: Scope) -> None:
    """Bind a value to a name, attribute, item or pattern of them."""
    if isinstance(target, ast.Name):
        names = scope.module.names if target.id in scope.outer else scope.names
        names[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = _unpack(m, value, target.elts)
        for one, part in zip(target.elts, parts, strict=True):
            assign(m, one.value if isinstance(one, ast.Starred) else one, part, scope)
    elif isinstance(target, ast.Subscript):
        holder = ex.evaluate(m, target.value, scope)
        key = ex.evaluate(m, target.slice, scope)
        attributes.set_item(m, holder, key, value, m.place(scope.module, target))
    elif isinstance(target, ast.Attribute):
        attributes.set_attribute(m, ex.evaluate(m, target.value, scope), target.attr, value)


def _unpack(m: Machine, value: Value, targets: list[ast.expr]) -> list[Value]:
    items = value.items if isinstance(value, Seq) and value.plain else None
    if items is None or any(isinstance(t, ast.Starred) for t in targets) or len(items) != len(targets):
        if items is not None and isinstance(targets[-1], ast.Starred) and len(items) >= len(targets) - 1:
            head = len(targets) - 1
            return [*items[:head], Seq(items[head:])]
        return list(calls.spread(value, len(targets)))
    return list(items)


def _assign(m: Machine, node: ast.Assign, scope: Scope) -> None:
    value = ex.evaluate(m, node.value, scope)
    for target in node.targets:
        assign(m, target, value, scope)


def _annotated(m: Machine, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        assign(m, node.target, ex.evaluate(m, node.value, scope), scope)


def _augmented(m: Machine, node: ast.AugAssign, scope: Scope) -> None:
    load = ex.as_load(node.target)
    old, operand = ex.evaluate(m, load, scope), ex.evaluate(m, node.value, scope)
    if isinstance(old, Dict) and isinstance(node.op, ast.BitOr):
        attributes.update(m, old, operand, m.place(scope.module, node))
    elif isinstance(old, Seq) and old.kind == "list" and isinstance(node.op, ast.Add):
        calls.extend(m, old, operand)
    else:
        assign(m, node.target, operators.binary(m, node.op, old, operand) or m.unknown(scope.module, node), scope)


def _expression(m: Machine, node: ast.Expr, scope: Scope) -> None:
    ex.evaluate(m, node.value, scope)


def _if(m: Machine, node: ast.If, scope: Scope) -> Signal | None:
    why = Guard(m.place(scope.module, node.test))
    ways: list[tuple[list[ast.stmt], Guard]] = []
    rest: list[ast.stmt] = [node]
    while len(rest) == 1 and isinstance(rest[0], ast.If):  # an elif chain, however long, is one choice
        one = rest[0]
        test = ex.evaluate(m, one.test, scope)
        known = operators.truth(test)
        if known:
            rest = one.body
            break
        rest = one.orelse
        if known is None:
            depends = isinstance(test, Unknown) and test.guard is not None
            ways.append((one.body, test.guard if depends else why))
    return branch(m, [*ways, (rest, why)], scope, why) if ways else run(m, rest, scope)


def branch(m: Machine, ways: list[tuple[list[ast.stmt], Guard]], scope: Scope, why: Guard) -> Signal | None:
    """Follow several ways of which exactly one is taken, and join what they bind."""
    m.step(len(scope.names) * len(ways))
    before = dict(scope.names)
    ends: list[dict[str, Value]] = []
    signals: list[Signal] = []
    left: list[Guard] = []  # conditions under which a way was left early
    failure: PackRaised | None = None
    for body, guard in ways:
        scope.names.clear()
        scope.names.update(before)
        try:
            with m.under(guard):
                depth = len(m.guards)
                signal = run(m, body, scope)
                left += m.guards[depth:]
        except PackRaised as error:
            failure = error  # the way that raises is not the one that is taken when all goes well
            continue
        if signal is None:
            ends.append(dict(scope.names))
        else:
            signals.append(signal)
    _merge(scope, before, ends, why)
    if failure is not None and not ends and not signals:
        raise failure
    m.guards += left
    return _leave(m, scope, signals, bool(ends), why)


def _merge(scope: Scope, before: dict[str, Value], ends: list[dict[str, Value]], why: Guard) -> None:
    scope.names.clear()
    scope.names.update(ends[0] if ends else before)
    for other in ends[1:]:
        for name, value in other.items():
            mine = scope.names.get(name, value)
            scope.names[name] = mine if mine is value else join(mine, value, why.place)


def _leave(m: Machine, scope: Scope, signals: list[Signal], goes_on: bool, why: Guard) -> Signal | None:
    returned = [signal.value for signal in signals if signal.kind == "return"]
    if not goes_on and len(returned) == len(signals):
        value = returned[0]
        for other in returned[1:]:
            value = join(value, other, why.place)
        return Signal("return", value)
    scope.returns.extend(returned)
    if not goes_on:
        return next(signal for signal in signals if signal.kind != "return")
    if signals:
        m.guards.append(why)  # what follows happens only where another way was taken
    return None


def _for(m: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> Signal | None:
    source = ex.evaluate(m, node.iter, scope)
    items, more = calls.elements(m, source)
    why = Guard(m.place(scope.module, node.iter))
    left = len(scope.returns)
    for item in items[:MAX_LOOP]:
        with m.under(None):
            assign(m, node.target, item, scope)
            signal = run(m, node.body, scope)
        if signal is not None and signal.kind != "continue":
            return signal if signal.kind == "return" else None
    if more is not None or len(items) > MAX_LOOP:
        assign(m, node.target, calls.element_of(more), scope)
        _perhaps(m, node.body, scope, why)
    if len(scope.returns) > left:
        m.guards.append(why)  # a turn may have ended the function
    return run(m, node.orelse, scope)


def _perhaps(m: Machine, body: list[ast.stmt], scope: Scope, why: Guard) -> None:
    """Follow a loop's body that may run any number of times."""
    with m.under(None):
        branch(m, [(body, why), ([], why)], scope, why)


def _while(m: Machine, node: ast.While, scope: Scope) -> Signal | None:
    if operators.truth(ex.evaluate(m, node.test, scope)) is False:
        return run(m, node.orelse, scope)
    why = Guard(m.place(scope.module, node.test))
    for name in _bound_names(node.body):
        scope.names[name] = NOTHING  # a later turn may have changed it
    left = len(scope.returns)
    _perhaps(m, node.body, scope, why)
    if len(scope.returns) > left:
        m.guards.append(why)
    return None


def _bound_names(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _with(m: Machine, node: ast.With | ast.AsyncWith, scope: Scope) -> Signal | None:
    for item in node.items:
        value = ex.evaluate(m, item.context_expr, scope)
        if item.optional_vars is not None:
            assign(m, item.optional_vars, value, scope)
    return run(m, node.body, scope)


def _raise(m: Machine, node: ast.Raise, scope: Scope) -> None:
    raise PackRaised(f"{m.place(scope.module, node)}: raises {_described(m, node.exc, scope)}")


def _described(m: Machine, error: ast.expr | None, scope: Scope) -> str:
    """An exception as a traceback would end: its class and, where it can be told, its message."""
    if error is None:
        return "an error"
    kind = error.func if isinstance(error, ast.Call) else error
    words = [ex.evaluate(m, one, scope) for one in error.args[:1]] if isinstance(error, ast.Call) else []
    text = f": {words[0][:200]}" if words and isinstance(words[0], str) else ""
    return f"{ast.unparse(kind)[:80]}{text}"


def _return(m: Machine, node: ast.Return, scope: Scope) -> Signal:
    return Signal("return", None if node.value is None else ex.evaluate(m, node.value, scope))


def _import(m: Machine, node: ast.Import, scope: Scope) -> None:
    imports.bind_import(m, node, scope)


def _import_from(m: Machine, node: ast.ImportFrom, scope: Scope) -> None:
    imports.bind_from(m, node, scope)


def _function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    scope.names[node.name] = classes.bind_function(m, node, scope)


def _class(m: Machine, node: ast.ClassDef, scope: Scope) -> None:
    scope.names[node.name] = classes.define_class(m, node, scope)


def _global(m: Machine, node: ast.Global, scope: Scope) -> None:
    scope.outer |= frozenset(node.names)


def _delete(m: Machine, node: ast.Delete, scope: Scope) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            if not m.maybe():
                scope.names.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            holder = ex.evaluate(m, target.value, scope)
            attributes.delete_item(m, holder, ex.evaluate(m, target.slice, scope), m.place(scope.module, node))


def _match(m: Machine, node: ast.Match, scope: Scope) -> Signal | None:
    why = Guard(m.place(scope.module, node))
    for case in node.cases:
        for part in ast.walk(case.pattern):
            name = getattr(part, "name", None)
            if isinstance(name, str):
                scope.names[name] = NOTHING
    return branch(m, [*((case.body, why) for case in node.cases), ([], why)], scope, why)


def _break(m: Machine, node: ast.Break, scope: Scope) -> Signal:
    return Signal("break")


def _continue(m: Machine, node: ast.Continue, scope: Scope) -> Signal:
    return Signal("continue")


_HANDLERS: dict[type[ast.stmt], Callable[[Machine, Any, Scope], Signal | None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: attempts.follow,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Global: _global,
    ast.Delete: _delete,
    ast.Match: _match,
    ast.Break: _break,
    ast.Continue: _continue,
}
if hasattr(ast, "TryStar"):
    _HANDLERS[ast.TryStar] = attempts.follow
