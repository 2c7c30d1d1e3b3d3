"""What is known of functions outside the pack: Python's own, and those of ComfyUI that list files."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable
from typing import Any

from . import attributes, calls, imports, methods
from .machine import NOTHING, Machine
from .operators import truth
from .tree import BASE
from .values import (
    SCALARS,
    Bound,
    Class,
    Dict,
    Entry,
    External,
    Func,
    HostModule,
    Instance,
    Member,
    Method,
    Module,
    Names,
    PathText,
    Seq,
    Unknown,
    Value,
    as_text,
)

Args = list[Value]
Words = dict[str, Value]

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
    handler = TABLE.get(name)
    if handler is None and name.startswith(("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath")):
        handler = _make_path
    if handler is not None:
        return handler(m, args, kwargs, where)
    if not name.startswith(_READERS):
        for one in (*args, *kwargs.values()):
            calls.escape(one, where)
    return NOTHING


def file_names(m: Machine, path: Value) -> Value:
    """What listing a folder gives: markers for model and input folders, real names for the pack's own."""
    if isinstance(path, Names):
        return Seq([path])
    if not isinstance(path, str):
        return NOTHING
    clean = posixpath.normpath(path)
    if clean == f"{BASE}/input" or clean.startswith(f"{BASE}/input/"):
        exact = clean == f"{BASE}/input"
        return Seq([Names(None, "file", exact)])
    if clean == m.tree.home or clean.startswith(m.tree.home + "/"):
        names = m.tree.listing(clean)
        return NOTHING if names is None else Seq(names)
    folder = folder_of(m, clean)
    return NOTHING if folder is None else Seq([Names(folder)])


def folder_of(m: Machine, path: str) -> str | None:
    """The folder_paths name that has exactly this folder, if there is one."""
    table = imports.folder_paths(m).names.get("folder_names_and_paths")
    for name, entry in table.entries.items() if isinstance(table, Dict) else ():
        paths = entry.value.items[0] if isinstance(entry.value, Seq) and entry.value.items else None
        if isinstance(paths, Seq) and path in paths.items and isinstance(name, str):
            return name
    return None


def glob_paths(m: Machine, pattern: str, make: type[str] = str) -> Value:
    """Files of the pack that fit a pattern (one folder, or `**` below it), else markers."""
    head, _, tail = posixpath.normpath(pattern).rpartition("/")
    deep = head.endswith("/**")
    folder = head[:-3] if deep else head
    found = file_names(m, folder) if "*" not in folder else NOTHING
    if not isinstance(found, Seq) or any(isinstance(one, Names) for one in found.items):
        return found
    out = [make(f"{folder}/{name}") for name in found.items if fnmatch.fnmatchcase(name, tail)]
    if deep:
        for name in found.items:
            inner = glob_paths(m, f"{folder}/{name}/**/{tail}", make) if m.tree.is_dir(f"{folder}/{name}") else None
            m.step()
            out += inner.items if isinstance(inner, Seq) and len(out) < 5000 and folder.count("/") < 12 else []
    return Seq(out)


def _texts(args: Args) -> list[str] | None:
    texts = [as_text(one) for one in args]
    return None if None in texts else [one for one in texts if one is not None]


def _pure(function: Callable[..., Any]) -> Callable[..., Value]:
    def apply(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        names = next((one for one in args if isinstance(one, Names)), None)
        if names is not None:
            return Names(names.folder, names.media, exact=False)
        texts = _texts(args)
        if not texts or kwargs:
            return NOTHING
        result = function(*texts[:8])
        return Seq(result, "tuple") if isinstance(result, tuple) else result

    return apply


def _join(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    names = next((one for one in args if isinstance(one, Names)), None)
    texts = _texts(args)
    return names if names is not None else posixpath.join(*texts) if texts else NOTHING


def _relpath(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start")
    if args and isinstance(args[0], Names):
        return args[0]  # back to the name inside its folder
    texts = _texts([args[0], start]) if args else None
    return posixpath.relpath(texts[0], texts[1]) if texts and texts[0].startswith("/") else NOTHING


def _split_extension(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if args and isinstance(args[0], Names):
        return Seq([Names(args[0].folder, args[0].media, exact=False), Unknown()], "tuple")
    texts = _texts(args)
    return Seq(posixpath.splitext(texts[0]), "tuple") if texts else NOTHING


def _test(kind: str) -> Callable[..., Value]:
    def apply(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        return methods.path_test(m, args[0], kind) if args and isinstance(args[0], str) else NOTHING

    return apply


def _make_path(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if args and isinstance(args[0], Names):
        return args[0]
    texts = _texts(args)
    return PathText(posixpath.join(*texts)) if texts else NOTHING


def _listdir(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return file_names(m, args[0]) if args else NOTHING


def _scandir(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    found = file_names(m, args[0]) if args else NOTHING
    if isinstance(found, Seq) and isinstance(args[0], str):
        found.items = [PathText(f"{args[0]}/{one}") if isinstance(one, str) else one for one in found.items]
    return found


def _walk(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    found = file_names(m, args[0]) if args else NOTHING
    if isinstance(found, Seq) and any(isinstance(one, Names) for one in found.items):
        return Seq([Seq([found.items[0], Seq(found.items), Seq(found.items)], "tuple")])
    if not isinstance(found, Seq) or not isinstance(args[0], str):
        return NOTHING
    turns: list[Value] = []
    waiting = [posixpath.normpath(args[0])]
    while waiting and len(turns) < 500:
        m.step()
        folder = waiting.pop()
        names = m.tree.listing(folder) or []
        inner = [name for name in names if m.tree.is_dir(f"{folder}/{name}")]
        files = [name for name in names if name not in set(inner)]
        turns.append(Seq([folder, Seq(inner), Seq(files)], "tuple"))
        waiting += [f"{folder}/{name}" for name in inner]
    return Seq(turns, more=Unknown(where) if waiting else None)


def _glob(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return glob_paths(m, args[0]) if args and isinstance(args[0], str) else NOTHING


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
    return Seq([file_names(m, args[0]) if args else NOTHING, Dict()], "tuple")


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
    texts = _texts([args[0], path]) if args else None
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
        names = file_names(m, folder)
        if not isinstance(names, Seq) or any(isinstance(n, Names) for n in names.items):
            return NOTHING
        for name in names.items:
            package = m.tree.is_file(f"{folder}/{name}/__init__.py")
            if (package or name.endswith(".py")) and name != "__init__.py":
                out.append(Seq([NOTHING, name if package else name[:-3], package], "tuple"))
    return Seq(out)


def _search_path(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    folder = next((as_text(one) for one in reversed(args) if as_text(one) is not None), None)
    if folder is not None and posixpath.normpath(folder).startswith(m.tree.home):
        clean = posixpath.normpath(folder)
        if clean not in m.search:
            m.search.append(clean)
    return None


def _members(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    holder, test = args[0] if args else None, args[1] if len(args) > 1 else None
    if not isinstance(holder, (Module, Class)):
        return NOTHING
    pairs = [(name, attributes.resolve(m, value)) for name, value in sorted(holder.names.items())]
    if test is not None:
        pairs = [(n, v) for n, v in pairs if truth(calls.call(m, test, [v], {}, where)) is not False]
    more = Unknown(where) if isinstance(holder, Module) and holder.wild else None
    return Seq([Seq([name, value], "tuple") for name, value in pairs], more=more)


def _is_class(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if not args or isinstance(args[0], (Unknown, External)):
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


def _nothing_special(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return None


class _NoNode:
    lineno = 0


_NO_NODE: Any = _NoNode()

TABLE: dict[str, Callable[..., Value]] = {
    "os.path.join": _join,
    "os.path.dirname": _pure(posixpath.dirname),
    "os.path.basename": _pure(posixpath.basename),
    "os.path.abspath": _pure(posixpath.normpath),
    "os.path.realpath": _pure(posixpath.normpath),
    "os.path.normpath": _pure(posixpath.normpath),
    "os.path.split": _pure(posixpath.split),
    "os.path.splitext": _split_extension,
    "os.path.relpath": _relpath,
    "os.path.exists": _test("exists"),
    "os.path.isdir": _test("is_dir"),
    "os.path.isfile": _test("is_file"),
    "os.listdir": _listdir,
    "os.scandir": _scandir,
    "os.walk": _walk,
    "glob.glob": _glob,
    "glob.iglob": _glob,
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
    "os.makedirs": _nothing_special,
}

__all__ = ["SCALARS", "TABLE", "HostModule", "Instance", "Member", "Method", "call_library", "file_names", "glob_paths"]
