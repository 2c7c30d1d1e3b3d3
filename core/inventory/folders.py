"""The folder table of an installation: which directories each `folder_paths` name reads, in ComfyUI's order.

Built as ComfyUI builds it: its own table, then extra_model_paths.yaml, other configs, the output
folders that main.py adds, and at last what packs register when they are loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import UnreadableFile
from ..files import open_plain
from ..knowledge import document
from .layout import Layout
from .types import Folder

MAX_CONFIG = 1 << 20  # bytes of one YAML file
Entry = tuple[Iterable[str], Iterable[str]]  # directories, suffixes


class FolderTable:
    """`folder_paths.folder_names_and_paths`, rebuilt. `gaps` says what could not be read.

    `doubtful` is True when a source of directories could not be read, so that any folder may have more.
    """

    def __init__(self) -> None:
        self.paths: dict[str, list[str]] = {}
        self.suffixes: dict[str, frozenset[str]] = {}
        self.aliases: dict[str, str] = dict(document("folders")["aliases"])
        self.gaps: list[str] = []
        self.doubtful = False

    def add(self, name: str, path: str, *, is_default: bool = False) -> None:
        """As `folder_paths.add_model_folder_path`: a new name takes every file; a default goes first."""
        name = self.aliases.get(name, name)
        paths = self.paths.setdefault(name, [])
        self.suffixes.setdefault(name, frozenset())
        if path in paths:
            if is_default and paths[0] != path:
                paths.remove(path)
                paths.insert(0, path)
        else:
            paths.insert(0 if is_default else len(paths), path)

    def put(self, name: str, paths: Iterable[str], suffixes: Iterable[str]) -> None:
        """As an assignment to `folder_names_and_paths[name]`: what was there is replaced."""
        self.paths[name] = list(dict.fromkeys(paths))
        self.suffixes[name] = frozenset(suffixes)

    def folders(self) -> dict[str, Folder]:
        """The table as plain values, in ComfyUI's order."""
        return {name: Folder(name, tuple(paths), self.suffixes[name]) for name, paths in self.paths.items()}


def build_table(
    layout: Layout, own: Mapping[str, Entry] | None = None, extra_configs: Iterable[str | os.PathLike[str]] = ()
) -> FolderTable:
    """The table before any pack is loaded.

    `own` is the table read from the installation's folder_paths.py, with paths absolute or relative to
    the base directory; without it the table of `knowledge/folders.json` is used. `extra_configs` are YAML
    files beside extra_model_paths.yaml, which is always read.
    """
    table = FolderTable()
    for name, (paths, suffixes) in (own or known_folders()).items():
        table.put(name, (os.path.normpath(os.path.join(layout.base, path)) for path in paths), suffixes)
    beside = os.path.join(layout.code, "extra_model_paths.yaml")
    if layout.code and os.path.isfile(beside):
        _add_config(table, beside)
    for config in extra_configs:
        _add_config(table, os.path.abspath(os.path.expanduser(os.fspath(config))))
    for name in document("folders")["output_roots"]:
        table.add(name, os.path.join(layout.output, name))
    return table


def known_folders() -> dict[str, tuple[list[str], list[str]]]:
    """The table of `knowledge/folders.json`: directories relative to the base directory, and suffixes."""
    facts = document("folders")
    return {
        name: (entry["paths"], facts["weights"] if entry["suffixes"] == "weights" else entry["suffixes"])
        for name, entry in facts["folders"].items()
    }


def _add_config(table: FolderTable, path: str) -> None:
    """Add the directories of one YAML file, as ComfyUI's extra_config does."""
    try:
        sections = _read_yaml(path)
    except ValueError as error:
        table.gaps.append(f"{path} could not be read: {_line(error)}")
        table.doubtful = True
        return
    for title, section in sections.items():
        if section is None:
            continue
        if not isinstance(section, dict):
            table.gaps.append(f"{path}: {title!r} is not a section; ComfyUI does not start with it")
            continue
        _add_section(table, path, dict(section))


def _add_section(table: FolderTable, path: str, section: dict[Any, Any]) -> None:
    beside = os.path.dirname(path)
    base = section.pop("base_path", None)
    is_default = bool(section.pop("is_default", False))
    if isinstance(base, str):
        base = os.path.join(beside, os.path.expandvars(os.path.expanduser(base)))
    for name, lines in section.items():
        if not isinstance(name, str) or not isinstance(lines, str):
            table.gaps.append(f"{path}: {name!r} names no folder; ComfyUI does not start with it")
            continue
        for line in lines.split("\n"):  # not stripped: ComfyUI does not either
            if line:
                table.add(name, os.path.normpath(os.path.join(base or beside, line)), is_default=is_default)


def _read_yaml(path: str) -> dict[Any, Any]:
    """The top level of a YAML file. Raises ValueError for anything that is not one mapping."""
    import yaml

    try:
        with open_plain(path) as (file, _):
            raw = file.read(MAX_CONFIG + 1)
    except UnreadableFile as error:
        raise ValueError(error.message) from None
    if len(raw) > MAX_CONFIG:
        raise ValueError("larger than 1 MiB")
    try:
        body = yaml.safe_load(raw.decode("utf-8-sig"))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(_line(error) or "not YAML") from None
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ValueError("not a mapping of sections")
    return body


def _line(error: BaseException) -> str:
    """The first line of an error's text, without what a file name may have put into it."""
    text = str(error) or type(error).__name__
    mark = getattr(error, "problem_mark", None)  # PyYAML draws the place over several lines; its number is enough
    if mark is not None:
        text = f"{getattr(error, 'problem', None) or 'not YAML'}, line {mark.line + 1}"
    return "".join(c if c.isprintable() else " " for c in text)[:300].strip()
