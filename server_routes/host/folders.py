"""`folder_paths` as plain values. Its table is public; packs change it while they load, so it is read at each call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .modules import module, text

if TYPE_CHECKING:
    from ...core.inventory.types import Folder

STATE = "comfyfixersmart"
_OURS = {"input": "get_input_directory", "output": "get_output_directory", "temp": "get_temp_directory"}
_DIRECTORIES = {**_OURS, "user": "get_user_directory"}


def directories() -> dict[str, str]:
    """`input`, `output`, `temp`, `user` and `base`; what cannot be asked is left out."""
    paths = module("folder_paths")
    found = {name: _asked(paths, getter) for name, getter in _DIRECTORIES.items()}
    found["base"] = text(getattr(paths, "base_path", ""))
    return {name: path for name, path in found.items() if path}


def folder_table(gaps: list[str] | None = None) -> dict[str, Folder]:
    """`folder_names_and_paths`: the first directory of each is the default target. Entries of a wrong shape are gaps."""
    from ...core.inventory.types import Folder

    found: dict[str, Folder] = {}
    for name, entry in _table().items():
        try:
            paths, suffixes = entry[0], entry[1]
            if isinstance(paths, str | bytes):  # its letters would be taken for folders, "/" among them
                raise TypeError
            found[name] = Folder(
                name,
                tuple(dict.fromkeys(os.path.normpath(os.fsdecode(path)) for path in paths)),
                frozenset(one for one in suffixes if isinstance(one, str)),
            )
        except (TypeError, IndexError, KeyError, ValueError):
            if gaps is not None:
                gaps.append(f"the folder table has an entry that cannot be read: {name}")
    return found


def file_lists(folders: dict[str, Folder], gaps: list[str]) -> dict[str, list[str]]:
    """What ComfyUI itself offers from each folder, from the cache that its own page fills too."""
    paths = module("folder_paths")
    found: dict[str, list[str]] = {}
    for name in folders:
        if name == "custom_nodes":
            continue
        try:
            found[name] = [file for file in paths.get_filename_list(name) if isinstance(file, str)]
        except Exception as error:  # a folder of a pack may be anything
            gaps.append(f"ComfyUI cannot list its folder {name}: {type(error).__name__}")
    return found


def aliases(known: dict[str, str]) -> dict[str, str]:
    """Old folder names and what they stand for here: the `known` ones as this ComfyUI maps them."""
    mapped = getattr(module("folder_paths"), "map_legacy", None)
    if not callable(mapped):
        return dict(known)
    found = {}
    for old in known:
        new = text(mapped(old))
        if new and new != old:
            found[old] = new
    return found


def state_folder() -> Path:
    """The folder that no route of ComfyUI serves: `get_system_user_directory`, or the same place where 0.3.64 lacks it."""
    own = getattr(module("folder_paths"), "get_system_user_directory", None)
    if callable(own):
        return Path(own(STATE))
    return Path(directories()["user"], f"__{STATE}")


def roots() -> tuple[str, ...]:
    """Every directory that holds model files."""
    found: dict[str, None] = {}
    for name, folder in folder_table().items():
        if name != "custom_nodes":
            found.update(dict.fromkeys(folder.paths))
    return tuple(found)


def _table() -> dict[str, Any]:
    table = getattr(module("folder_paths"), "folder_names_and_paths", None)
    if not isinstance(table, dict):
        return {}
    return {name: entry for name, entry in list(table.items()) if isinstance(name, str)}


def _asked(paths: Any, getter: str) -> str:
    ask = getattr(paths, getter, None)
    return os.path.abspath(text(ask())) if callable(ask) and text(ask()) else ""
