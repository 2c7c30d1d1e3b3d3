"""What is known of functions outside the pack: Python's own, and those of ComfyUI that list files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any

from ..interpreter import attributes, calls, imports
from ..interpreter.machine import NOTHING, Machine
from ..interpreter.operators import truth
from ..interpreter.values import (
    Args,
    Bound,
    Class,
    Dict,
    Entry,
    External,
    Func,
    Module,
    Names,
    Seq,
    Unknown,
    Value,
    Words,
    as_text,
)
from . import builtins, paths
from .paths import texts_of

# Calls that read their arguments and give nothing back; a mapping handed to them stays as it is.
_READERS = (
    "logging.",
    "builtins.print",
    "builtins.len",
    "builtins.id",
    "json.dump",
    "pprint.",
    "builtins.repr",
    "typing.",
)


def call_library(m: Machine, name: str, args: Args, kwargs: Words, where: str) -> Value:
    """A call of a function that is known by its dotted name only."""
    handler = TABLE.get(name) or paths.TABLE.get(name) or builtins.TABLE.get(name)
    if handler is None and name.startswith(("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath")):
        handler = paths.make_path
    if handler is not None:
        return handler(m, args, kwargs, where)
    if not name.startswith(_READERS):
        for one in (*args, *kwargs.values()):
            calls.escape(one, where)
    return NOTHING


def _filename_list(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    name = as_text(args[0] if args else kwargs.get("folder_name"))
    return Seq(more=Unknown(where)) if name is None else Seq([Names(name)])


def _filename_list_full(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return Seq([_filename_list(m, args, kwargs, where), NOTHING, NOTHING], "tuple")


def _filter_content(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    kinds = args[1] if len(args) > 1 else kwargs.get("content_types")
    kind = kinds.items[0] if isinstance(kinds, Seq) and kinds.items and isinstance(kinds.items[0], str) else "file"
    media = {"model": "3d"}.get(kind, kind)
    items, more = calls.elements(m, args[0]) if args else ([], None)
    kept = [Names(one.folder, media, one.exact) if isinstance(one, Names) else one for one in items]
    return Seq(kept, more=more)


def _recursive_search(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return Seq([paths.file_names(m, args[0]) if args else NOTHING, Dict()], "tuple")


def _import_module(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    name = as_text(args[0]) if args else None
    package = args[1] if len(args) > 1 else kwargs.get("package")
    if name is None:
        return Unknown(f"{where}: imports a module whose name cannot be read")
    level = len(name) - len(name.lstrip("."))
    if level:
        base = package if isinstance(package, str) else imports.PACK
        above = Module(base, "", base)
        return imports.relative(m, above, level, name[level:], _NO_NODE)
    if name == imports.PACK or name.startswith(f"{imports.PACK}."):
        return imports.local(m, name, f"{where}: there is no module {name}")
    return imports.absolute(m, name, Module(where, "", ""), None)


def _spec_from_file(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    path = args[1] if len(args) > 1 else kwargs.get("location")
    texts = texts_of([args[0], path]) if args else None
    return Unknown(where) if texts is None else Seq([posixpath.normpath(texts[1])], "spec")


def _module_from_spec(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    spec = args[0] if args else None
    if not isinstance(spec, Seq) or spec.kind != "spec":
        return Unknown(where)
    path = spec.items[0]
    inside = posixpath.relpath(path, m.tree.home)
    if inside.startswith("..") or not m.tree.is_file(path):
        return Unknown(where)
    parts = posixpath.splitext(inside)[0].split("/")
    package = parts[-1] == "__init__"
    dotted = ".".join([imports.PACK, *(parts[:-1] if package else parts)])
    return m.modules.get(dotted) or imports.load(m, dotted, ("package" if package else "module", path))


def _iter_modules(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    folders, _ = calls.elements(m, args[0] if args else kwargs.get("path"))
    out: list[Value] = []
    for folder in folders:
        names = paths.file_names(m, folder)
        if not isinstance(names, Seq) or any(isinstance(n, Names) for n in names.items):
            return NOTHING
        for name in names.items:
            package = m.tree.is_file(f"{folder}/{name}/__init__.py")
            if (package or name.endswith(".py")) and name != "__init__.py":
                out.append(Seq([NOTHING, name if package else name[:-3], package], "tuple"))
    return Seq(out)


def _search_path(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    folder = next((as_text(one) for one in reversed(args) if as_text(one) is not None), None)
    if folder is not None and m.tree.owns(folder):
        clean = posixpath.normpath(folder)
        if clean not in m.search:
            m.search.append(clean)
    return None


def _members(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    holder, test = args[0] if args else None, args[1] if len(args) > 1 else None
    if not isinstance(holder, (Module, Class)):
        return NOTHING
    pairs = [(name, attributes.resolve(m, value)) for name, value in sorted(holder.names.items())]
    kept = [(n, v, True if test is None else truth(calls.call(m, test, [v], {}, where))) for n, v in pairs]
    pairs = [(name, value) for name, value, fits in kept if fits]
    doubtful = any(fits is None for _, _, fits in kept) or (isinstance(holder, Module) and holder.wild)
    more = Unknown(where) if doubtful else None
    return Seq([Seq([name, value], "tuple") for name, value in pairs], more=more)


def _is_class(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if not args or isinstance(args[0], Unknown) or (isinstance(args[0], External) and not args[0].module):
        return NOTHING
    return isinstance(args[0], Class)


def _is_function(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if not args or isinstance(args[0], (Unknown, External)):
        return NOTHING
    return isinstance(args[0], (Func, Bound))


def _copy(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    value = args[0] if args else NOTHING
    if isinstance(value, Dict):
        twin = value.copy()
        for key, entry in twin.entries.items():
            inner = entry.value if not isinstance(entry.value, (Dict, Seq)) else _copy(m, [entry.value], {}, where)
            twin.entries[key] = Entry(inner, entry.guards)
        return twin
    return Seq(value.items, value.kind, value.more) if isinstance(value, Seq) else value


def _partial(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return Bound(args[0], args[1]) if len(args) == 2 and not kwargs and isinstance(args[0], Func) else NOTHING


def _chain(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    out = Seq()
    for one in args:
        calls.extend(m, out, one)
    return out


_RISKY = re.compile(r"\)[*+{?]|(?:[*+}?].*){3}", re.S)  # patterns that could take long on a short text


def _substitute(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    texts = texts_of(args)
    if texts is None or len(texts) != 3 or kwargs or max(map(len, texts)) > 200 or _RISKY.search(texts[0]):
        return NOTHING
    try:
        return re.sub(texts[0], texts[1], texts[2])
    except (re.error, IndexError, OverflowError):
        return NOTHING


def _environment(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    # Switches for developers: read as if none were set, else nearly every pack that has one would be unknown.
    return args[1] if len(args) > 1 else kwargs.get("default")


class _NoNode:
    lineno = 0


_NO_NODE: Any = _NoNode()

TABLE: dict[str, Callable[..., Value]] = {
    "folder_paths.get_filename_list": _filename_list,
    "folder_paths.get_filename_list_": _filename_list_full,
    "folder_paths.filter_files_content_types": _filter_content,
    "folder_paths.recursive_search": _recursive_search,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "importlib.util.spec_from_file_location": _spec_from_file,
    "importlib.util.module_from_spec": _module_from_spec,
    "pkgutil.iter_modules": _iter_modules,
    "sys.path.append": _search_path,
    "sys.path.insert": _search_path,
    "inspect.getmembers": _members,
    "inspect.isclass": _is_class,
    "inspect.isfunction": _is_function,
    "copy.copy": _copy,
    "copy.deepcopy": _copy,
    "functools.partial": _partial,
    "itertools.chain": _chain,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "re.sub": _substitute,
}
