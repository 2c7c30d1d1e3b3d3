"""Paths and folder listings: the pack's own files are real, model and input folders give markers."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable
from typing import Any

from ..interpreter import imports
from ..interpreter.machine import NOTHING, Machine
from ..interpreter.tree import BASE
from ..interpreter.values import Args, Dict, Names, PathText, Seq, Unknown, Value, Words, as_text
from . import methods


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
    if m.tree.owns(clean):
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


def texts_of(args: Args) -> list[str] | None:
    texts = [as_text(one) for one in args]
    return None if None in texts else [one for one in texts if one is not None]


def _pure(function: Callable[..., Any]) -> Callable[..., Value]:
    def apply(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        names = next((one for one in args if isinstance(one, Names)), None)
        if names is not None:
            return Names(names.folder, names.media, exact=False)
        texts = texts_of(args)
        if not texts or kwargs:
            return NOTHING
        result = function(*texts[:8])
        return Seq(result, "tuple") if isinstance(result, tuple) else result

    return apply


def _join(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    names = next((one for one in args if isinstance(one, Names)), None)
    texts = texts_of(args)
    return names if names is not None else posixpath.join(*texts) if texts else NOTHING


def _relpath(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start")
    if args and isinstance(args[0], Names):
        return args[0]  # back to the name inside its folder
    texts = texts_of([args[0], start]) if args else None
    return posixpath.relpath(texts[0], texts[1]) if texts and texts[0].startswith("/") else NOTHING


def _split_extension(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if args and isinstance(args[0], Names):
        return Seq([Names(args[0].folder, args[0].media, exact=False), Unknown()], "tuple")
    texts = texts_of(args)
    return Seq(posixpath.splitext(texts[0]), "tuple") if texts else NOTHING


def _test(kind: str) -> Callable[..., Value]:
    def apply(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
        return methods.path_test(m, args[0], kind) if args and isinstance(args[0], str) else NOTHING

    return apply


def make_path(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    if args and isinstance(args[0], Names):
        return args[0]
    texts = texts_of(args)
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


def _nothing_special(m: Machine, args: Args, kwargs: Words, where: str) -> Value:
    return None


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
    "os.makedirs": _nothing_special,
}
