"""Python's built-in functions on values that may be known in part."""

from __future__ import annotations

from collections.abc import Callable

from ..interpreter import attributes, calls
from ..interpreter.machine import NOTHING, Machine
from ..interpreter.operators import truth
from ..interpreter.values import (
    SCALARS,
    Args,
    Bound,
    Class,
    Dict,
    Entry,
    External,
    Func,
    Instance,
    Member,
    Method,
    Module,
    Names,
    Seq,
    Unknown,
    Value,
    Words,
    as_key,
    as_text,
)


def _collection(kind: str) -> Callable[..., Value]:
    def make(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        if not args:
            return Seq(kind=kind)
        items, more = calls.elements(m, args[0])
        if kind == "set":
            items = _unique(items)
        return Seq(items, kind, more)

    return make


def _unique(items: list[Value]) -> list[Value]:
    seen: set[object] = set()
    out: list[Value] = []
    for one in items:
        ok, key = as_key(one)
        if ok and (type(key), key) in seen:
            continue
        seen.add((type(key), key) if ok else id(one))
        out.append(one)
    return out


def _dict(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    out = Dict()
    for one in args:
        attributes.update(m, out, one, where)
    for key, value in kwargs.items():
        out.entries[key] = Entry(value, m.condition())
    return out


def _defaultdict(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return _dict(m, args[1:], kwargs, where)


def _sorted(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    items, more = calls.elements(m, args[0]) if args else ([], NOTHING)
    plain = [one.value if isinstance(one, Member) else one for one in items]
    if ("key" not in kwargs and all(isinstance(one, str) for one in plain)) or (
        "key" not in kwargs and all(isinstance(one, (int, float)) for one in plain)
    ):
        items = sorted(plain, reverse=kwargs.get("reverse") is True)
    return Seq(items, "list", more)


def _reversed(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    items, more = calls.elements(m, args[0]) if args else ([], NOTHING)
    return Seq(items[::-1], "list", more)


def _enumerate(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    items, more = calls.elements(m, args[0]) if args else ([], NOTHING)
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    first = start if isinstance(start, int) else 0
    return Seq([Seq([first + n, one], "tuple") for n, one in enumerate(items)], "list", more)


def _zip(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    columns = [calls.elements(m, one) for one in args]
    more = next((more for _, more in columns if more is not None), None)
    rows = zip(*(items for items, _ in columns), strict=False)
    return Seq([Seq(row, "tuple") for row in rows], "list", more)


def _range(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if not args or len(args) > 3 or not all(isinstance(one, int) for one in args):
        return NOTHING
    numbers = range(*args) if len(args) < 3 or args[2] else range(0)
    return Seq(numbers[:5000], more=Unknown(where) if len(numbers[:5001]) > 5000 else None)


def _len(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    value = args[0] if args else NOTHING
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Seq) and value.plain and value.kind != "set":
        return len(value.items)
    return len(value.entries) if isinstance(value, Dict) and not value.more else NOTHING


def _str(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    value = args[0] if args else ""
    if isinstance(value, (Names, str)):
        return value if isinstance(value, Names) else str(value)
    if isinstance(value, (int, float)) or value is None:
        return str(value) if not isinstance(value, int) or abs(value) < 1 << 256 else NOTHING
    text = as_text(value) if isinstance(value, Instance) else None
    return NOTHING if text is None else text


def _int(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    value = args[0] if args else 0
    value = value.value if isinstance(value, Member) else value
    try:
        return (
            int(value) if isinstance(value, (int, float, str)) and len(args) < 2 and len(str(value)) < 100 else NOTHING
        )
    except (ValueError, OverflowError):
        return NOTHING


def _float(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    value = args[0] if args else 0.0
    try:
        return float(value) if isinstance(value, (int, float, str)) else NOTHING
    except (ValueError, OverflowError):
        return NOTHING


def _bool(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    known = truth(args[0]) if args else False
    return NOTHING if known is None else known


def _extreme(choose: Callable[..., Value]) -> Callable[..., Value]:
    def apply(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        items, more = calls.elements(m, args[0]) if len(args) == 1 else (args, None)
        numbers = items and not kwargs and more is None and all(isinstance(one, (int, float)) for one in items)
        return choose(items) if numbers else NOTHING

    return apply


def _round(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    fine = args and isinstance(args[0], (int, float)) and all(isinstance(a, int) and abs(a) < 20 for a in args[1:])
    try:
        return round(*args[:2]) if fine else NOTHING
    except (ValueError, OverflowError):
        return NOTHING


def _map(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) != 2:
        return NOTHING
    items, more = calls.elements(m, args[1])
    return Seq([calls.call(m, args[0], [one], {}, where) for one in items], "list", more)


def _filter(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) != 2:
        return NOTHING
    items, more = calls.elements(m, args[1])
    out: list[Value] = []
    for one in items:
        known = truth(one if args[0] is None else calls.call(m, args[0], [one], {}, where))
        if known is None and not isinstance(one, Names):
            more = more or Unknown(where)
        elif known is not False:
            out.append(one)
    return Seq(out, "list", more)


def _getattr(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) < 2 or not isinstance(args[1], str):
        return NOTHING
    found = attributes.get(m, args[0], args[1])
    if found is NOTHING and len(args) > 2:
        known = attributes.has_attribute(m, args[0], args[1])
        return args[2] if known is False else NOTHING
    return found


def _hasattr(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    known = attributes.has_attribute(m, args[0], args[1]) if len(args) == 2 and isinstance(args[1], str) else None
    return NOTHING if known is None else known


def _setattr(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) == 3 and isinstance(args[1], str):
        attributes.set_attribute(m, args[0], args[1], args[2])
    elif args and isinstance(args[0], Module):
        args[0].wild = True
    return None


def _vars(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return attributes.get(m, args[0], "__dict__") if args else NOTHING


def _isinstance(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) != 2:
        return NOTHING
    value, kind = args
    kinds = kind.items if isinstance(kind, Seq) else [kind]
    names = {one.name for one in kinds if isinstance(one, External)}
    if isinstance(value, Instance):
        return True if any(one in value.cls.mro() for one in kinds if isinstance(one, Class)) else NOTHING
    own = _OWN_TYPES.get(type(value))
    if own is None or len(names) != len(kinds):
        return NOTHING
    return f"builtins.{own}" in names or (own == "bool" and "builtins.int" in names)


_OWN_TYPES: dict[type, str] = {str: "str", int: "int", float: "float", bool: "bool", Dict: "dict", Class: "type"}


def _issubclass(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) != 2 or not isinstance(args[0], Class):
        return NOTHING
    kinds = args[1].items if isinstance(args[1], Seq) else [args[1]]
    for kind in kinds:
        if any(one is kind for one in args[0].mro()) or (isinstance(kind, External) and args[0].derives(kind.name)):
            return True
    return NOTHING if args[0].open or not all(isinstance(kind, Class) for kind in kinds) else False


def _type(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if len(args) == 3 and isinstance(args[2], Dict):
        bases = args[1].items if isinstance(args[1], Seq) else [NOTHING]
        names = {key: entry.value for key, entry in args[2].entries.items() if isinstance(key, str)}
        module = next((b.module for b in bases if isinstance(b, Class)), Module(where, "", ""))
        return Class(as_text(args[0]) or "", [*bases, *([NOTHING] if args[2].more else [])], names, module)
    return args[0].cls if len(args) == 1 and isinstance(args[0], Instance) else NOTHING


def _any_all(want: bool) -> Callable[..., Value]:
    def apply(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        items, more = calls.elements(m, args[0]) if args else ([], NOTHING)
        known = [truth(one) for one in items]
        if want in known:
            return want
        return NOTHING if None in known or more is not None else not want

    return apply


def _next(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    items, more = calls.elements(m, args[0]) if args else ([], NOTHING)
    if items and more is None:
        return items[0]
    return args[1] if len(args) > 1 and not items and more is None else NOTHING


def _sum(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    items, more = calls.elements(m, args[0]) if args else ([], NOTHING)
    if more is None and all(isinstance(one, Seq) for one in items):
        out = Seq()
        for one in items:
            calls.extend(m, out, one)
        return out
    return sum(items) if more is None and all(isinstance(one, (int, float)) for one in items) else NOTHING


def _callable(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    value = args[0] if args else NOTHING
    if isinstance(value, (Func, Bound, Class, Method)):
        return True
    return False if isinstance(value, (*SCALARS, Seq, Dict, Module)) else NOTHING


def _first(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return args[0] if args else NOTHING


def _exec(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    for module in m.modules.values():
        module.wild = True
    m.note(f"{where}: runs code made at run time")
    return NOTHING


TABLE: dict[str, Callable[..., Value]] = {
    "builtins.list": _collection("list"),
    "builtins.tuple": _collection("tuple"),
    "builtins.set": _collection("set"),
    "builtins.frozenset": _collection("set"),
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _defaultdict,
    "builtins.sorted": _sorted,
    "natsort.natsorted": _sorted,
    "builtins.reversed": _reversed,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.range": _range,
    "builtins.len": _len,
    "builtins.str": _str,
    "os.fspath": _str,
    "builtins.int": _int,
    "builtins.float": _float,
    "builtins.bool": _bool,
    "builtins.min": _extreme(min),
    "builtins.max": _extreme(max),
    "builtins.abs": _extreme(lambda items: abs(items[0])),
    "builtins.round": _round,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.getattr": _getattr,
    "builtins.hasattr": _hasattr,
    "builtins.setattr": _setattr,
    "builtins.vars": _vars,
    "builtins.isinstance": _isinstance,
    "builtins.issubclass": _issubclass,
    "builtins.type": _type,
    "builtins.any": _any_all(True),
    "builtins.all": _any_all(False),
    "builtins.next": _next,
    "builtins.iter": _first,
    "builtins.sum": _sum,
    "builtins.callable": _callable,
    "builtins.exec": _exec,
    "inspect.cleandoc": _str,
    "typing.cast": lambda m, args, kwargs, where: args[1] if len(args) > 1 else NOTHING,
}
