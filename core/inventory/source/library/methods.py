"""Methods of strings, lists, dictionaries, paths and file-name markers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any

from ..interpreter import attributes, calls
from ..interpreter.machine import NOTHING, Machine
from ..interpreter.operators import MAX_TEXT
from ..interpreter.values import SCALARS, Dict, Member, Names, PathText, Seq, Unknown, Value, as_key, as_text
from . import paths

# Pure, and their result is never much longer than what goes in.
_TEXT = frozenset(
    {
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isdigit",
        "isidentifier",
        "islower",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    }
)


def call_method(
    m: Machine, receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value], where: str
) -> Value:
    """`receiver.name(*args, **kwargs)`."""
    if isinstance(receiver, PathText) and name in _PATH:
        return _path(m, receiver, name, args)
    if isinstance(receiver, str):
        return _text(m, receiver, name, args, kwargs)
    if isinstance(receiver, Names):
        return _names(receiver, name, args)
    table = _SEQ if isinstance(receiver, Seq) else _DICT
    method = table.get(name)
    if method is None:
        return NOTHING
    return method(m, receiver, args, kwargs, where)


def _text(m: Machine, text: str, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if name == "join" and args:
        parts = [as_text(one) for one in calls.elements(m, args[0])[0]]
        whole = isinstance(args[0], (Seq, Dict)) and args[0].more in (None, [])
        sure = whole and all(part is not None for part in parts)
        joined = text.join(part or "" for part in parts)
        return joined if sure and len(joined) <= MAX_TEXT else NOTHING
    plain = [
        tuple(a.items) if isinstance(a, Seq) and a.plain else a.value if isinstance(a, Member) else a for a in args
    ]
    if not all(isinstance(a, (*SCALARS, tuple)) for a in (*plain, *kwargs.values())):
        return NOTHING
    if name == "format":
        return _format(text, plain, kwargs)
    if name == "replace":
        return _replace(text, *plain) if len(plain) == 2 else NOTHING
    if name not in _TEXT:
        return NOTHING
    try:
        result = getattr(text, name)(*plain, **kwargs)
    except (TypeError, ValueError):
        return NOTHING
    return (
        Seq(result, "tuple" if isinstance(result, tuple) else "list") if isinstance(result, (list, tuple)) else result
    )


def _replace(text: str, old: Value, new: Value) -> Value:
    if not isinstance(old, str) or not isinstance(new, str):
        return NOTHING
    worst = (text.count(old) + 1) * (len(new) + 1) + len(text)
    return text.replace(old, new) if worst <= MAX_TEXT else NOTHING


_UNSAFE_FORMAT = re.compile(r"\{[^{}]*(?:[.\[]|:[^{}]*(?:\d{3}|\{))")  # attributes, or a huge width


def _format(text: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if _UNSAFE_FORMAT.search(text):
        return NOTHING
    try:
        return text.format(*args, **kwargs)[:MAX_TEXT]
    except (ValueError, TypeError, LookupError, AttributeError):
        return NOTHING


def _names(names: Names, name: str, args: list[Value]) -> Value:
    slashes = name == "replace" and [a for a in args if a in ("/", "\\")] == args
    if slashes or name in {"as_posix", "encode", "strip"}:
        return names
    if name in {"replace", "lower", "upper", "title", "removeprefix", "removesuffix", "format", "rstrip", "lstrip"}:
        return Names(names.folder, names.media, exact=False)
    if name == "relative_to":
        return names
    if name in {"split", "rsplit", "partition", "rpartition", "splitlines"}:
        return Seq([Names(names.folder, names.media, exact=False)])
    return NOTHING


_PATH = frozenset(
    {"joinpath", "resolve", "absolute", "expanduser", "as_posix", "exists", "is_dir", "is_file", "iterdir", "glob"}
    | {"rglob", "with_suffix", "with_name", "is_relative_to", "relative_to"}
)


def _path(m: Machine, path: PathText, name: str, args: list[Value]) -> Value:
    words = [as_text(one) for one in args]
    if name in {"exists", "is_dir", "is_file"}:
        return path_test(m, path, name)
    if name in {"resolve", "absolute", "expanduser"}:
        return PathText(posixpath.normpath(path))
    if name == "as_posix":
        return str(path)
    if name == "is_relative_to" and words and words[0] is not None:
        return f"{path}/".startswith(f"{words[0]}/")
    if None in words:
        return NOTHING
    texts = [word for word in words if word is not None]
    if name == "relative_to" and texts and f"{path}/".startswith(f"{texts[0]}/"):
        return PathText(posixpath.relpath(path, texts[0]))
    if name == "joinpath":
        return PathText(posixpath.join(path, *texts))
    if name == "with_suffix" and texts:
        return PathText(posixpath.splitext(path)[0] + texts[0])
    if name == "with_name" and texts:
        return PathText(posixpath.join(posixpath.dirname(path), texts[0]))
    if name == "iterdir":
        found = paths.file_names(m, path)
        if isinstance(found, Seq):
            found.items = [PathText(f"{path}/{one}") if isinstance(one, str) else one for one in found.items]
        return found
    pattern = texts[0] if texts else "*"
    return paths.glob_paths(m, posixpath.join(path, f"**/{pattern}" if name == "rglob" else pattern), PathText)


def path_test(m: Machine, path: str, kind: str) -> Value:
    """Whether a file of the pack is there; NOTHING for anything that a user's machine decides."""
    if not m.tree.owns(path):
        return NOTHING
    found = {"is_dir": m.tree.is_dir(path), "is_file": m.tree.is_file(path)}
    return found.get(kind, any(found.values()))


def _append(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    if not args or not m.may_change(target):
        return
    if m.maybe() and not any(isinstance(one, Names) for one in (*target.items, args[0])):
        target.more = target.more or Unknown(where)
    target.items.append(args[0])


def _insert(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    if len(args) != 2 or not m.may_change(target):
        return
    if isinstance(args[0], int) and not isinstance(args[0], bool):
        target.items.insert(args[0], args[1])
    else:
        target.more = target.more or Unknown(where)


def _extend(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    for one in args:
        calls.extend(m, target, one)


def _remove(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    if m.may_change(target) and args:
        if target.plain and isinstance(args[0], SCALARS) and not m.maybe():
            target.items = [one for one in target.items if one != args[0]]
        elif target.plain:
            target.more = Unknown(where)


def _pop_item(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> Value:
    if not m.may_change(target):
        return NOTHING
    index = args[0] if args else -1
    if target.plain and isinstance(index, int) and -len(target.items) <= index < len(target.items):
        return target.items.pop(index)
    target.more = target.more or Unknown(where)
    return NOTHING


def _reorder(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    if m.may_change(target):
        try:
            target.items.sort()
        except TypeError:  # markers and unknown elements have no order; the set of choices stays the same
            return


def _copy_seq(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> Seq:
    return Seq(target.items, target.kind, target.more)


def _union(m: Machine, target: Seq, args: list[Value], kwargs: dict[str, Value], where: str) -> Seq:
    out = Seq(target.items, target.kind, target.more)
    for one in args:
        calls.extend(m, out, one)
    return out


def _update(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    for one in args:
        attributes.update(m, target, one, where)
    for key, value in kwargs.items():
        attributes.set_item(m, target, key, value, where)


def _items(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Seq:
    pairs = [Seq([key, entry.value], "tuple") for key, entry in target.entries.items()]
    return Seq(pairs, "list", Unknown(target.more[0]) if target.more else None)


def _keys(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Seq:
    return Seq(target.entries, "list", Unknown(target.more[0]) if target.more else None)


def _values(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Seq:
    values = (entry.value for entry in target.entries.values())
    return Seq(values, "list", Unknown(target.more[0]) if target.more else None)


def _get(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Value:
    ok, key = as_key(args[0]) if args else (False, None)
    if ok and key in target.entries:
        return target.entries[key].value
    default = args[1] if len(args) > 1 else None
    return default if ok and not target.more else NOTHING


def _pop_key(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Value:
    found = _get(m, target, args, kwargs, where)
    if args:
        attributes.delete_item(m, target, args[0], where)
    return found


def _setdefault(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Value:
    ok, key = as_key(args[0]) if args else (False, None)
    if ok and key in target.entries:
        return target.entries[key].value
    value = args[1] if len(args) > 1 else None
    attributes.set_item(m, target, args[0] if args else NOTHING, value, where)
    return value


def _copy_dict(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> Dict:
    return target.copy()


def _set_item(m: Machine, target: Dict, args: list[Value], kwargs: dict[str, Value], where: str) -> None:
    if len(args) == 2:
        attributes.set_item(m, target, args[0], args[1], where)


_SEQ: dict[str, Callable[..., Any]] = {
    "append": _append,
    "add": _append,
    "insert": _insert,
    "extend": _extend,
    "update": _extend,
    "remove": _remove,
    "discard": _remove,
    "pop": _pop_item,
    "sort": _reorder,
    "reverse": _reorder,
    "copy": _copy_seq,
    "union": _union,
}
_DICT: dict[str, Callable[..., Any]] = {
    "update": _update,
    "items": _items,
    "keys": _keys,
    "values": _values,
    "get": _get,
    "pop": _pop_key,
    "setdefault": _setdefault,
    "copy": _copy_dict,
    "__setitem__": _set_item,
}
