"""Where a file comes to lie: the first directory of the folder that its node reads, and the name as it is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ...errors import ComfyFixerError
from ...files import visible
from ...inventory.types import Folder
from ...readiness.types import Finding
from ...sources import names
from ..download.place import safe_destination
from .types import Given, NotPlanned, unique

_HERE = ("disk", "host", "snapshot")  # inventories of this computer


class Spot(NamedTuple):
    """A place for one file. `name`: what a workflow has to write to find it there."""

    path: str
    root: str
    folder: str
    name: str


def spot(finding: Finding, folders: Iterable[str], suffix: str, given: Given) -> Spot:
    """The place of a file of this suffix for this finding: in the first of these folders that lists such files.

    Raises NotPlanned with what is against the first one.
    """
    first = None
    for folder in unique(folder for folder in folders if folder) or ("",):
        try:
            return _in_folder(finding, folder, suffix, given)
        except NotPlanned as why:
            first = first or why
    assert first is not None
    raise first


def _in_folder(finding: Finding, folder: str, suffix: str, given: Given) -> Spot:
    entry = folder_of(folder, given)
    listed, name = listed_name(finding.name, suffix, given.inventory.separator)
    end = os.path.splitext(listed)[1].lower()
    if entry.suffixes and end not in entry.suffixes:
        kinds = ", ".join(sorted(entry.suffixes))
        raise NotPlanned(
            f"ComfyUI lists no {end or 'such'} files in {entry.name}, only {kinds}.",
            "Choose a file of another kind, or use a loader for this one.",
        )
    root = str(Path(_first(entry, given)))  # without doubled slashes, as the path below it will be
    path = below(root, listed)
    blocked = given.disk.in_the_way(os.path.dirname(path), root)
    if blocked is not None:
        raise NotPlanned(
            f"{blocked} is no folder inside {root}: it is a file, or a link that leads elsewhere.",
            "Nothing is written through such a link. Put a plain folder in its place, or the file there yourself.",
        )
    return Spot(path, root, entry.name, name)


def folder_of(folder: str, given: Given) -> Folder:
    """The folder of this name, which must lie on this computer. Raises NotPlanned."""
    inventory = given.inventory
    name = inventory.aliases.get(folder, folder)
    if not name:
        raise NotPlanned(
            "Which folder its node reads is not known.", "Install the pack of that node first, then check again."
        )
    entry = inventory.folders.get(name)
    if inventory.origin not in _HERE or not given.disk.exists(inventory.directories.get("base") or inventory.place):
        raise NotPlanned(
            f"Where the folder {name} lies is not known, or not on this computer.",
            "Make the plan on the computer that runs ComfyUI, with --comfyui or in the panel.",
        )
    if entry is None or not entry.paths:
        raise NotPlanned(
            f"ComfyUI has no folder {name} here: the pack whose nodes read it brings it, or a newer ComfyUI.",
            "Install that pack, or update ComfyUI, then check again.",
        )
    return entry


def _first(entry: Folder, given: Given) -> str:
    """The first directory that is there and can be written to; where there is none, the first that can be made.

    A directory that is absent is passed over at first: it may lie on a disk that is not plugged in.
    """
    disk = given.disk
    for root in entry.paths:
        if disk.exists(root) and disk.writable(root):
            return root
    for root in entry.paths:
        above = os.path.dirname(root)
        if not disk.exists(root) and disk.exists(above) and disk.writable(above):
            return root
    raise NotPlanned(
        f"No directory of the folder {entry.name} can be written to.",
        f"Give the user who runs ComfyUI the right to write into {entry.paths[0]}.",
    )


def listed_name(written: str, suffix: str, separator: str) -> tuple[str, str]:
    """The name under which ComfyUI lists the file of this suffix, and what a workflow has to write for it.

    A name of the other system gets this one's separator, and a file of another kind keeps its own suffix. Where a name is
    written without one, as in prompts, it stays so.
    """
    name = written.replace("\\", "/").replace("/", separator)
    own = names.suffix(written)
    if not own:
        return name + suffix, name
    if suffix and own != suffix:
        name = name[: -len(own)] + suffix
    return name, name


def below(root: str, name: str) -> str:
    """The path of a relative name below `root`. Raises NotPlanned for one that could lead out of it, be no file's, look
    like another, or never be listed."""
    hint = "Put the file into a model folder yourself, and choose it in the node."
    if visible(name) != name:
        raise NotPlanned("Its name holds signs that cannot be seen, so that it may look like another.", hint)
    if ".git" in name.replace("\\", "/").lower().split("/"):
        raise NotPlanned("ComfyUI lists nothing that lies in a folder .git.", hint)
    try:
        return safe_destination(root, name)
    except ComfyFixerError:
        raise NotPlanned("Its name is none that a file can have in a model folder.", hint) from None
