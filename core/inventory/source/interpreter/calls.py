"""Calls: functions of the pack are followed, a few dozen of Python and ComfyUI are known, all else is Unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..library import functions, methods
from . import attributes, classes, statements
from . import expressions as ex
from .machine import MAX_DEPTH, MAX_RECURSION, NOTHING, Machine
from .operators import MAX_ITEMS
from .values import (
    Bound,
    Class,
    Dict,
    Entry,
    External,
    Func,
    Instance,
    Made,
    Member,
    Method,
    Module,
    SchemaType,
    Scope,
    Seq,
    Super,
    Unknown,
    Value,
    as_text,
    join,
    same,
)


def call_node(m: Machine, node: ast.Call, scope: Scope) -> Value:
    """The value of a call expression."""
    fn = ex.evaluate(m, node.func, scope)
    special = _scope_call(fn, node, scope)
    if special is not None:
        return special
    args = Seq()
    for one in node.args:
        if isinstance(one, ast.Starred):
            extend(m, args, ex.evaluate(m, one.value, scope))
        else:
            args.items.append(ex.evaluate(m, one, scope))
    kwargs: dict[str, Value] = {}
    unsure = args.more is not None
    for word in node.keywords:
        value = ex.evaluate(m, word.value, scope)
        if word.arg is not None:
            kwargs[word.arg] = value
        elif isinstance(value, Dict):
            kwargs.update({key: e.value for key, e in value.entries.items() if isinstance(key, str)})
            unsure = unsure or bool(value.more)
        else:
            unsure = True
    result = call(m, fn, args.items, kwargs, m.place(scope.module, node), unsure)
    if isinstance(result, Unknown) and not result.why:
        return fn if isinstance(fn, Unknown) and fn.why else m.unknown(scope.module, node)
    return result


def _scope_call(fn: Value, node: ast.Call, scope: Scope) -> Value:
    """Calls that depend on where they stand: super(), globals(), locals()."""
    if not isinstance(fn, External) or node.args:
        return None
    if fn.name in {"builtins.globals", "builtins.vars", "builtins.locals"}:
        names = scope.module.names if fn.name == "builtins.globals" else scope.names
        return Namespace(names, scope.module)
    if fn.name == "builtins.super":
        at: Scope | None = scope
        while at is not None:
            if "__class__" in at.names:
                return Super(at.names["__class__"], at.names.get("__receiver__"))
            at = at.parent
    return None


class Namespace(Dict):
    """The names of a module as `globals()` gives them: what is put in becomes a name."""

    __slots__ = ("module",)

    def __init__(self, names: dict[str, Value], module: Module) -> None:
        super().__init__(_Live(names))
        self.module = module

    def doubt(self, why: object) -> None:
        """A name that cannot be read was bound: from now on anything may be."""
        super().doubt(why)
        self.module.wild = True


class _Live(dict[object, Entry]):
    """Entries that are written through to a scope."""

    def __init__(self, names: dict[str, Value]) -> None:
        super().__init__({name: Entry(value) for name, value in names.items()})
        self.names = names

    def __setitem__(self, key: object, entry: Entry) -> None:
        super().__setitem__(key, entry)
        if isinstance(key, str):
            self.names[key] = entry.value


def call(m: Machine, fn: Value, args: list[Value], kwargs: dict[str, Value], where: str, unsure: bool = False) -> Value:
    """`fn(*args, **kwargs)`; `unsure` when there may be further arguments. Raises PackRaised as the callee would."""
    m.step()
    fn = attributes.resolve(m, fn)
    if isinstance(fn, Bound):
        return call(m, fn.func, [fn.receiver, *args], kwargs, where, unsure)
    if isinstance(fn, Func):
        return _run(m, fn, args, kwargs, unsure)
    if isinstance(fn, Class):
        return _instantiate(m, fn, args, kwargs, where, unsure)
    if isinstance(fn, Method):
        return methods.call_method(m, fn.receiver, fn.name, args, kwargs, where)
    if isinstance(fn, SchemaType):
        return Made(fn.name, args, kwargs, fn, unsure)
    if isinstance(fn, Instance):
        inner = attributes.get(m, fn, "__call__")
        return call(m, inner, args, kwargs, where, unsure) if isinstance(inner, Bound) else NOTHING
    if isinstance(fn, External):
        if fn.name.startswith("io3."):
            return _schema_call(fn.name[4:], args, kwargs, unsure)
        return functions.call_library(m, fn.name, args, kwargs, where)
    for one in (*args, *kwargs.values()):
        escape(one, where)
    return NOTHING


def _schema_call(name: str, args: list[Value], kwargs: dict[str, Value], unsure: bool) -> Value:
    if name == "Custom":
        return SchemaType("Custom", as_text(kwargs.get("io_type", args[0] if args else None)) or "")
    return Made(name, args, kwargs, None, unsure)


def escape(value: Value, where: str) -> None:
    """A dictionary was handed to code that is not read: it may come back with more in it."""
    if isinstance(value, Dict) and not value.frozen and not isinstance(value, Namespace):
        value.doubt(f"{where}: handed to code that is not read")


def _run(m: Machine, fn: Func, args: list[Value], kwargs: dict[str, Value], unsure: bool) -> Value:
    scope = Scope({}, fn.scope.module, fn.scope)
    _bind_arguments(fn, args, kwargs, scope, unsure)
    if fn.owner is not None:
        scope.names["__class__"] = fn.owner
        scope.names["__receiver__"] = args[0] if args else None
    if isinstance(fn.node, ast.Lambda):
        return ex.evaluate(m, fn.node.body, scope)
    key = id(fn.node)
    turns = m.active.get(key, 0)
    if turns >= MAX_RECURSION or m.depth > MAX_DEPTH - 12:
        m.cut = m.cut or turns < MAX_RECURSION
        for one in (*args, *kwargs.values()):
            escape(one, fn.name)
        return NOTHING
    generator = _is_generator(fn.node)
    scope.yields = [] if generator else None
    reading, m.reading = m.reading, m.reading or (fn.scope.module.host and fn.scope.module is not m.folders)
    m.active[key] = turns + 1
    try:
        with m.under(None), m.deeper(3):
            signal = statements.run(m, fn.node.body, scope)
    finally:
        m.reading = reading
        m.active[key] = turns
    if generator:
        return Seq(scope.yields or ())
    values = scope.returns if signal is None else [*scope.returns, signal.value]
    value = values[0] if values else None
    for other in values[1:]:
        value = join(value, other, fn.name)
    return value


def _is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    stack: list[ast.AST] = list(node.body)
    while stack:
        one = stack.pop()
        if isinstance(one, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(one))
    return False


def _bind_arguments(fn: Func, args: list[Value], kwargs: dict[str, Value], scope: Scope, unsure: bool) -> None:
    spec = fn.node.args
    positional = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    rest = dict(kwargs)
    missing = Unknown() if unsure else NOTHING
    offset = len(positional) - len(fn.defaults)
    for index, name in enumerate(positional):
        if index < len(args):
            scope.names[name] = args[index]
        elif name in rest:
            scope.names[name] = rest.pop(name)
        else:
            scope.names[name] = fn.defaults[index - offset] if index >= offset and not unsure else missing
    if spec.vararg is not None:
        scope.names[spec.vararg.arg] = Seq(args[len(positional) :], "tuple", missing if unsure else None)
    for one, default in zip(spec.kwonlyargs, fn.kw_defaults, strict=True):
        scope.names[one.arg] = rest.pop(one.arg) if one.arg in rest else missing if unsure else default
    if spec.kwarg is not None:
        words = Dict({key: Entry(value) for key, value in rest.items()})
        if unsure:
            words.doubt("arguments that cannot be read")
        scope.names[spec.kwarg.arg] = words


def _instantiate(
    m: Machine, cls: Class, args: list[Value], kwargs: dict[str, Value], where: str, unsure: bool
) -> Value:
    if classes.is_enum(cls):
        members = [v for v in cls.names.values() if isinstance(v, Member)]
        return next((v for v in members if args and same(v.value, args[0])), NOTHING)
    made = Instance(cls)
    if cls.derives("builtins.dict", "collections.OrderedDict", "collections.UserDict", "collections.defaultdict"):
        made.data = Dict()
    if cls.derives("builtins.str"):
        made.text = args[0] if args else ""
    init = attributes.get(m, made, "__init__")
    if isinstance(init, Bound):
        call(m, init, args, kwargs, where, unsure)
    elif made.data is not None:
        for one in args:
            attributes.update(m, made.data, one, where)
        made.data.entries.update({key: Entry(value) for key, value in kwargs.items()})
    else:
        fields = [name for one in reversed(list(cls.mro())) for name in one.fields]
        made.names.update(dict(zip(fields, args, strict=False)))
        made.names.update(kwargs)
    return made


def elements(m: Machine, value: Value) -> tuple[list[Value], Unknown | None]:
    """What iterating over a value gives, and an Unknown when there may be more."""
    if isinstance(value, Seq):
        return value.items, value.more
    if isinstance(value, Instance) and value.data is not None:
        value = value.data
    if isinstance(value, Dict):
        return list(value.entries), Unknown(value.more[0]) if value.more else None
    if isinstance(value, Class) and classes.is_enum(value):
        return [one for one in value.names.values() if isinstance(one, Member)], None
    if isinstance(value, str):
        return list(value[:MAX_ITEMS]), None
    return [], value if isinstance(value, Unknown) else NOTHING


def element_of(value: Value) -> Value:
    """One element of a collection that is not known."""
    return value if isinstance(value, Unknown) else NOTHING


def spread(value: Value, count: int) -> Iterator[Value]:
    """`count` values unpacked from one that is not fully known."""
    for index in range(count):
        if isinstance(value, Seq) and len(value.items) == count and value.more is None:
            yield value.items[index]
        else:
            yield element_of(value)


def extend(m: Machine, target: Seq, source: Value) -> None:
    """`target.extend(source)`."""
    if not m.may_change(target):
        return
    if isinstance(source, Seq):
        room = max(0, MAX_ITEMS - len(target.items))
        target.items.extend(source.items[:room])
        target.more = target.more or source.more
    else:
        items, more = elements(m, source)
        target.items.extend(items)
        target.more = target.more or more


def format_value(value: Value, spec: Value, conversion: int) -> str | None:
    """A value inside an f-string; None when it cannot be told or would be absurdly wide."""
    value = value.value if isinstance(value, Member) else value
    if isinstance(value, Instance):
        value = value.text
    known = isinstance(value, (str, int, float)) or value is None
    if not known or not isinstance(spec, str) or len(spec) > 8 or any(len(d) > 3 for d in spec.split(".")):
        return None
    try:
        shown: Value = repr(value) if conversion == 114 else value
        return format(shown, spec)[:MAX_ITEMS]
    except (ValueError, TypeError, OverflowError):
        return None
