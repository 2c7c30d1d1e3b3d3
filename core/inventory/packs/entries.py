"""The entries of custom_nodes: which packs there are, what they are called elsewhere, and what they bring."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..text import small_text, toml_section, toml_text
from ..types import UNREADABLE, Pack


@dataclass(frozen=True, slots=True)
class PackEntry:
    """One entry of a custom_nodes folder: `name` as it appears in reports, `path` on disk."""

    name: str
    path: str
    disabled: bool = False


def entries(folder: str) -> list[PackEntry]:
    """What ComfyUI would try to load from `folder`, in its order, then what is disabled there. [] when absent.

    Raises OSError when the folder is there and cannot be listed.
    """
    loaded: list[PackEntry] = []
    disabled: list[PackEntry] = []
    for entry in _listed(folder):
        name, path = entry.name, os.path.join(folder, entry.name)
        if name == ".disabled":  # where ComfyUI-Manager puts packs it disables
            disabled += [PackEntry(_enabled_name(e.name), e.path, True) for e in _listed(path) if _is_pack(e)]
        elif name.endswith(".disabled"):
            disabled.append(PackEntry(_enabled_name(name), path, True))
        elif _is_pack(entry):
            loaded.append(PackEntry(name, path))
    return loaded + sorted(disabled, key=lambda one: one.name)


def unlisted(folder: str) -> Pack:
    """What stands for the packs of a folder that is there and cannot be listed."""
    reason = "this folder cannot be listed"
    return Pack(os.path.basename(folder), UNREADABLE, complete=False, reason=reason, path=folder)


def identify(path: str) -> tuple[str, tuple[str, ...]]:
    """Version and ids of a pack: its registry id and its `owner/repo`, both lower case.

    From pyproject.toml and from the remote in .git/config, as plain text; nothing is run.
    """
    project = small_text(os.path.join(path, "pyproject.toml"))
    table = toml_section(project, "project")
    name, version = (toml_text(table, key) for key in ("name", "version"))
    links = [toml_text(project, "repository", inline=True), _remote(path)]
    version = version or _version_of_name(os.path.basename(path))
    ids = [name.lower(), *(_owner_repo(link) for link in links)]
    return version, tuple(dict.fromkeys(one for one in ids if one))


def own_modules(path: str) -> frozenset[str]:
    """Top-level names inside a pack, which it may import after changing sys.path."""
    try:
        return frozenset(name.split(".")[0] for name in os.listdir(path))
    except OSError:
        return frozenset()


def _listed(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from found
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return


def _is_pack(entry: os.DirEntry[str]) -> bool:
    """Folders and .py files. Hidden folders without __init__.py (.git, .cache) fail to load; nobody calls them packs."""
    name = entry.name
    try:
        if not entry.is_dir():
            return name.endswith(".py") and entry.is_file()
    except OSError:
        return False
    hidden = name.startswith(".") and not os.path.isfile(os.path.join(entry.path, "__init__.py"))
    return name != "__pycache__" and not hidden


def _enabled_name(name: str) -> str:
    """The name without what disabling added: `X.disabled`, or the Manager's `x@1_2_3`."""
    return name.removesuffix(".disabled").split("@")[0] or name


def _version_of_name(name: str) -> str:
    """`1.2.3` of the Manager's `x@1_2_3`."""
    _, _, version = name.removesuffix(".disabled").partition("@")
    return version.replace("_", ".") if version[:1].isdigit() else ""


def _remote(path: str) -> str:
    """The address of the git remote, from .git/config."""
    found = re.search(r"^\s*url\s*=\s*(\S{1,300})\s*$", small_text(os.path.join(path, ".git", "config")), re.M)
    return found[1] if found else ""


def _owner_repo(link: str) -> str:
    """`owner/repo` of a repository's address, https or ssh."""
    found = re.search(r"[/:]([\w.-]+)/([\w.-]+?)(?:\.git)?/?$", link)
    return f"{found[1]}/{found[2]}".lower() if found else ""
