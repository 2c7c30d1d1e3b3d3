"""Try statements: what a pack does when one of its imports may be missing."""

from __future__ import annotations

import ast

from . import statements
from .machine import NOTHING, Machine
from .tree import Unreadable
from .values import SCALARS, Guard, PackRaised, Scope, Unknown, same


def follow(m: Machine, node: ast.Try, scope: Scope) -> statements.Signal | None:
    """Follow a try statement: the body first, the handlers only where the body fails for sure."""
    needed: set[str] = set()
    guard = Guard(m.place(scope.module, node), needed)
    caught = any(_catches_imports(handler) for handler in node.handlers)
    m.imports.append(needed)
    m.trying += bool(node.handlers)
    failed: PackRaised | Unreadable | None
    try:
        with m.under(guard if caught else None):
            signal = statements.run(m, node.body, scope)
        failed = None
    except (PackRaised, Unreadable) as error:
        if not node.handlers:
            statements.run(m, node.finalbody, scope)
            raise
        signal, failed = None, error
    finally:
        m.imports.pop()
        m.trying -= bool(node.handlers)
    for handler in node.handlers:
        if handler.name:
            scope.names[handler.name] = NOTHING
    if failed is not None:
        try:
            signal = statements.run(m, _first_fitting(node.handlers).body, scope)
        except PackRaised:
            raise failed from None  # the first error says more than what the handler makes of it
    elif caught and needed and not _fatal(node.handlers):
        signal = signal or _otherwise(m, node, scope, guard, needed)
        _fallbacks(node.handlers, scope, guard)
    else:
        m.imports[-1].update(needed)
        guard.modules = set()
        signal = signal or statements.run(m, node.orelse, scope)
    return statements.run(m, node.finalbody, scope) or signal


def _otherwise(m: Machine, node: ast.Try, scope: Scope, guard: Guard, needed: set[str]) -> statements.Signal | None:
    """The else part, which only runs where the imports of the body worked. No handler covers what fails in it."""
    m.imports.append(needed)
    try:
        with m.under(guard):
            return statements.run(m, node.orelse, scope)
    finally:
        m.imports.pop()


def _fallbacks(handlers: list[ast.ExceptHandler], scope: Scope, guard: Guard) -> None:
    """Flags that the handlers would set otherwise tell whether the imports worked: their value is not known."""
    for node in (statement for handler in handlers for statement in handler.body):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                name = target.id if isinstance(target, ast.Name) else ""
                value = scope.names.get(name)
                if isinstance(value, SCALARS) and value and not same(value, node.value.value):
                    scope.names[name] = Unknown(guard.place, guard)


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    known = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in known) for kind in kinds)


def _first_fitting(handlers: list[ast.ExceptHandler]) -> ast.ExceptHandler:
    return next((handler for handler in handlers if _catches_imports(handler)), handlers[0])


def _fatal(handlers: list[ast.ExceptHandler]) -> bool:
    """Whether a failed import ends the pack all the same: the handler raises again."""
    return isinstance(_first_fitting(handlers).body[-1], ast.Raise)
