"""The files in the model folders: one walk per root, then one filter per folder name.

A walk costs about what scandir and stat of the tree cost; nothing is opened and nothing hashed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

from ..knowledge import document
from .types import Folder, ModelFile

MAX_FILES = 1_000_000  # files and directories per root: more than any real library, less than memory
MAX_GAPS = 20  # per root
# A link to nothing or to itself, a file that went away, a path too deep to open: not there for ComfyUI either.
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_DIRECTORIES = frozenset({"folder"})  # what `diffusers` is registered with
_INDEX = "model_index.json"
# What our own downloads leave beside a file, until it is whole or for good: no model, in whatever folder it lies.
_OURS = re.compile(
    r"\.[0-9a-f]{12}(?:\.part(?:\.json(?:\.new)?|\.owner(?:\.[0-9a-f]{8})?)?|(?:-\d+)?\.mismatch)\Z"
    r"|\.damaged-[0-9a-f]{8}\Z"
)

_Above = frozenset[tuple[int, int]]  # the directories on the way down, by device and inode
_Pending = list[tuple[str, str, _Above]]


@dataclass(slots=True)
class Listing:
    """What lies in the model folders, by folder name, and what could not be told.

    `unlisted` names the folders of which some part could not be read; `gaps` says why.
    """

    models: dict[str, list[ModelFile]] = field(default_factory=dict)
    partial: list[ModelFile] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    gaps: list[str] = field(default_factory=list)

    def digest(self) -> str:
        """Changes when a file comes, goes, moves to another root, or changes its size or mtime."""
        state = hashlib.sha256()
        for name, files in self.models.items():
            state.update(f"{name}\n".encode("utf-8", "surrogatepass"))
            rows = "\n".join([f"{file[0]}\0{file[1]}\0{file[2]}\0{file[3]}" for file in files])
            state.update(rows.encode("utf-8", "surrogatepass"))
        return state.hexdigest()


def list_models(folders: Iterable[Folder]) -> Listing:
    """List every folder as `folder_paths.get_filename_list` does, with sizes (bytes) and mtimes (ns).

    Differences, on purpose: a link that closes a loop is not followed (ComfyUI follows it forty times),
    links to nothing and things that are not files are left out (ComfyUI offers them and then fails),
    a name that lies in several roots is listed once per root, in the order of the roots, and `folder`
    lists the directories with a `model_index.json`, which is what DiffusersLoader offers.
    """
    kept = [folder for folder in folders if folder.name != "custom_nodes"]
    walks = {root: _Walk(root, wanted) for root, wanted in _wanted(kept).items()}
    listing = Listing()
    for walk in walks.values():
        walk.run()
        listing.partial += walk.partial()
        listing.gaps += walk.gaps
    for folder in kept:
        listing.models[folder.name] = [file for root in folder.paths for file in walks[root].matching(folder.suffixes)]
        if any(walks[root].gaps for root in folder.paths):
            listing.unlisted.add(folder.name)
    return listing


def _wanted(folders: list[Folder]) -> dict[str, frozenset[str] | None]:
    """The suffixes that any folder wants from each root; None where one wants every file."""
    wanted: dict[str, frozenset[str] | None] = {}
    for folder in folders:
        own = folder.suffixes or None
        if own == _DIRECTORIES:
            own = frozenset({os.path.splitext(_INDEX)[1]})
        for root in folder.paths:
            so_far = wanted.get(root, frozenset())
            wanted[root] = None if own is None or so_far is None else so_far | own
    return wanted


class _Walk:
    """One root, walked once. Files that no folder wants are not even asked for their size."""

    def __init__(self, root: str, wanted: frozenset[str] | None) -> None:
        facts = document("folders")
        self.root = root
        self.skipped = frozenset(facts["skipped_directories"])
        self.partial_suffixes = frozenset(facts["partial_suffixes"])
        self.wanted = wanted and wanted | self.partial_suffixes
        self.directories = 0
        self.groups: dict[str, list[ModelFile]] = {}  # by suffix as written
        self.refused: set[str] = set()  # suffixes as written that nobody wants
        self.gaps: list[str] = []

    def run(self) -> None:
        """Walk the root. A root that does not exist is empty, as for ComfyUI."""
        pending: _Pending = []
        self._descend(self.root, "", frozenset(), pending)
        while pending:
            path, prefix, above = pending.pop()
            if self.directories + sum(map(len, self.groups.values())) > MAX_FILES:
                self.gaps.append(f"{self.root}: more than {MAX_FILES} files, the rest was not listed")
                return
            try:
                with os.scandir(path) as entries:
                    self._directory(entries, prefix, above, pending)
            except OSError as error:  # also in the middle: a network folder can fail between two entries
                self._failed(path, error)

    def _descend(self, path: str, prefix: str, above: _Above, pending: _Pending) -> None:
        """Put a directory on the list, unless it is one of those on the way to it."""
        try:
            status = os.stat(path)
        except ValueError:  # a path with a NUL from a configuration file
            return
        except OSError as error:
            self._failed(path, error)
            return
        identity = (status.st_dev, status.st_ino)
        if identity not in above:
            self.directories += 1  # links can make a few directories look like millions
            pending.append((path, prefix, above | {identity}))

    def _failed(self, path: str, error: OSError) -> None:
        """Note what could not be read, unless ComfyUI cannot have it either."""
        if error.errno in _NOT_THERE:
            return
        if len(self.gaps) < MAX_GAPS:
            self.gaps.append(f"{path}: {error.strerror or error}")

    def _directory(self, entries: Iterable[os.DirEntry[str]], prefix: str, above: _Above, pending: _Pending) -> None:
        """The entries of one directory. This loop is all that a scan costs beside scandir and stat, hence the locals."""
        root, groups, is_file = self.root, self.groups, stat.S_ISREG
        for entry in entries:
            name = entry.name
            try:
                if entry.is_dir():
                    if name not in self.skipped:
                        self._descend(entry.path, prefix + name + os.sep, above, pending)
                    continue
                dot = name.rfind(".")
                suffix = name[dot:] if dot > 0 and name[0] != "." else os.path.splitext(name)[1]
                group = groups.get(suffix)
                if group is None:
                    group = self._new_group(suffix)
                    if group is None:
                        continue
                status = entry.stat()
            except OSError as error:
                self._failed(entry.path, error)
                continue
            if is_file(status.st_mode):
                group.append(ModelFile(prefix + name, root, status.st_size, status.st_mtime_ns))

    def _new_group(self, suffix: str) -> list[ModelFile] | None:
        """The group of a suffix not met before; None when no folder wants it."""
        if suffix in self.refused:
            return None
        if self.wanted is not None and suffix.lower() not in self.wanted:
            self.refused.add(suffix)
            return None
        return self.groups.setdefault(suffix, [])

    def matching(self, suffixes: frozenset[str]) -> list[ModelFile]:
        """The files that a folder with these suffixes offers, sorted by name."""
        if suffixes == _DIRECTORIES:
            return self._directories()
        groups = [group for suffix, group in self.groups.items() if not suffixes or suffix.lower() in suffixes]
        found: Iterable[ModelFile] = chain.from_iterable(groups)
        if not suffixes or ".json" in suffixes:
            found = (file for file in found if not _OURS.search(file.name))
        return sorted(found, key=itemgetter(0))

    def partial(self) -> list[ModelFile]:
        """Half-downloaded files, sorted by name."""
        groups = [group for suffix, group in self.groups.items() if suffix.lower() in self.partial_suffixes]
        return sorted(chain.from_iterable(groups), key=itemgetter(0))

    def _directories(self) -> list[ModelFile]:
        """Directories that hold a diffusers model; their size is not known."""
        found = [file for file in chain.from_iterable(self.groups.values()) if os.path.basename(file.name) == _INDEX]
        return sorted(file._replace(name=os.path.dirname(file.name) or ".", size=-1) for file in found)
