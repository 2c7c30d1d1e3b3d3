"""Class and function definitions, with the decorators that matter."""

from __future__ import annotations

import ast

from . import calls, statements
from . import expressions as ex
from .machine import Machine
from .values import (
    SCALARS,
    Bound,
    Class,
    External,
    Func,
    Instance,
    Made,
    Member,
    SchemaType,
    Scope,
    Unknown,
    Value,
)

ENUMS = ("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag")
_KINDS = {
    "builtins.classmethod": "class",
    "builtins.staticmethod": "static",
    "builtins.property": "property",
    "functools.cached_property": "property",
}
# Decorators after which a function still returns what its body says.
_HARMLESS = ("functools.", "typing.", "typing_extensions.", "torch.", "abc.", "builtins.")


def define_class(m: Machine, node: ast.ClassDef, scope: Scope) -> Value:
    """The value of a class statement, after its body and its decorators."""
    bases = [ex.evaluate(m, base.value if isinstance(base, ast.Starred) else base, scope) for base in node.bases]
    cls = Class(node.name, bases, {}, scope.module, _fields(node), ast.get_docstring(node))
    inner = Scope(cls.names, scope.module, scope, body_of_class=True)
    statements.run(m, node.body, inner)
    for inner_value in cls.names.values():
        if isinstance(inner_value, Func) and inner_value.owner is None:
            inner_value.owner = cls
    if is_enum(cls):
        _make_members(cls)
    _announce(m, cls)
    value: Value = cls
    for decorator in reversed(node.decorator_list):
        value = _decorated(m, decorator, value, scope)
    return value


def _fields(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name))


def is_enum(cls: Class) -> bool:
    """Whether a class is an Enum."""
    return cls.derives(*ENUMS)


def _make_members(cls: Class) -> None:
    for name, value in list(cls.names.items()):
        if not _is_private(name) and isinstance(value, (*SCALARS, Unknown)):
            cls.names[name] = Member(cls.name, name, value)


def _is_private(name: str) -> bool:
    """Names that an Enum does not turn into members: `__x`, `__x__`, `_x_`."""
    return name.startswith("__") or (name.startswith("_") and name.endswith("_"))


def _announce(m: Machine, cls: Class) -> None:
    """Call the nearest base's `__init_subclass__`: some packs register their nodes there."""
    for base in cls.mro():
        hook = base.names.get("__init_subclass__") if base is not cls else None
        if isinstance(hook, Func) and not base.module.host:
            calls.call(m, Bound(hook, cls), [], {}, "")
            return


def _decorated(m: Machine, node: ast.expr, value: Value, scope: Scope) -> Value:
    decorator = ex.evaluate(m, node, scope)
    if isinstance(decorator, Made) and decorator.name == "comfytype":
        text = decorator.kwargs.get("io_type", decorator.args[0] if decorator.args else "")
        return SchemaType(value.name if isinstance(value, Class) else "", text if isinstance(text, str) else "")
    if isinstance(decorator, (Func, Bound, Instance)):
        result = calls.call(m, decorator, [value], {}, m.place(scope.module, node))
        return value if isinstance(result, Unknown) or result is None else result
    return value


def bind_function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Value:
    """The value of a def statement, after its decorators."""
    outer = scope.parent if scope.body_of_class else scope
    func = _function(m, node, scope, outer, node.name)
    value: Value = func
    for decorator in reversed(node.decorator_list):
        applied = ex.evaluate(m, decorator, scope)
        if isinstance(applied, External) and applied.name in _KINDS:
            func.kind = _KINDS[applied.name]
        elif isinstance(applied, (Func, Bound, Instance)):
            value = calls.call(m, applied, [value], {}, m.place(scope.module, decorator))
        elif not (isinstance(applied, External) and applied.name.startswith(_HARMLESS)):
            # Routes, event hooks and the like keep the function; what they return is not followed.
            value = value if isinstance(applied, (External, Unknown)) else Unknown(m.place(scope.module, decorator))
    return value


def lambda_function(m: Machine, node: ast.Lambda, scope: Scope) -> Func:
    """The value of a lambda."""
    return _function(m, node, scope, scope.parent if scope.body_of_class else scope, "<lambda>")


def _function(
    m: Machine,
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    scope: Scope,
    outer: Scope | None,
    name: str,
) -> Func:
    defaults = [ex.evaluate(m, one, scope) for one in node.args.defaults]
    kw_defaults = [None if one is None else ex.evaluate(m, one, scope) for one in node.args.kw_defaults]
    return Func(node, outer or Scope(scope.module.names, scope.module), name, defaults, kw_defaults)
