"""A cheap look at the disk: has a saved workflow, a model or an input file changed since the last cycle?

The fingerprint is made of names, sizes and times alone, so it is the same after a restart. Saved workflows are asked
for their state at every look, because ComfyUI writes them in place. Of model folders only the folders are asked,
and files that changed in the last minutes: a copy still under way does not touch its folder's time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..core.knowledge import document
from ..core.library import find

HOT = 120.0  # seconds after its last change during which a file is asked again
MAX_FOLDERS = 20_000  # below one root; further ones are only seen by the next full cycle

_Key = tuple[int, int]


@dataclass(slots=True)
class _Folder:
    """One directory as it was at the last look."""

    mtime_ns: int
    files: dict[str, tuple[int, int]] = field(default_factory=dict)  # name → size, mtime_ns
    folders: list[str] = field(default_factory=list)
    digest: bytes = b""

    def sign(self) -> None:
        rows = "\n".join(f"{name}\0{size}\0{when}" for name, (size, when) in sorted(self.files.items()))
        self.digest = hashlib.sha256(f"{self.mtime_ns}\n{rows}".encode("utf-8", "surrogatepass")).digest()


class Watch:
    """Remembers what lay where. `look` costs about one stat per saved workflow and per model folder."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}
        self._hot: dict[str, tuple[str, str]] = {}  # path → its folder and name
        self._partial = frozenset(document("folders")["partial_suffixes"])

    def look(self, workflows: Iterable[str], roots: Iterable[str]) -> str:
        """The fingerprint of the saved workflows below `workflows` and of the files below `roots`. Never raises."""
        state = hashlib.sha256()
        for folder in workflows:
            for file in find([folder], media=False):
                row = f"{file.path}\0{file.size}\0{file.mtime_ns}\n"
                state.update(row.encode("utf-8", "surrogatepass"))
        self._cool()
        before, self._folders = self._folders, {}
        seen: set[_Key] = set()
        for root in dict.fromkeys(roots):
            self._tree(root, before, seen)
        for path in sorted(self._folders):
            state.update(path.encode("utf-8", "surrogatepass"))
            state.update(self._folders[path].digest)
        return state.hexdigest()

    def _tree(self, root: str, before: dict[str, _Folder], seen: set[_Key]) -> None:
        pending, count = [root], 0
        while pending and count < MAX_FOLDERS:
            path = pending.pop()
            try:
                status = os.stat(path)
                if not stat.S_ISDIR(status.st_mode) or (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
                known = before.get(path)
                if known is None or known.mtime_ns != status.st_mtime_ns:
                    known = self._read(path, status.st_mtime_ns)
            except (OSError, ValueError):
                continue  # gone, or not ours to read: the next cycle says so
            count += 1
            self._folders[path] = known
            pending += known.folders

    def _read(self, path: str, mtime_ns: int) -> _Folder:
        folder = _Folder(mtime_ns)
        now = time.time()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or os.path.splitext(entry.name)[1].lower() in self._partial:
                    continue
                try:
                    if entry.is_dir():
                        folder.folders.append(entry.path)
                        continue
                    status = entry.stat()
                except OSError:
                    continue
                folder.files[entry.name] = (status.st_size, status.st_mtime_ns)
                if now - status.st_mtime < HOT:
                    self._hot[entry.path] = (path, entry.name)
        folder.sign()
        return folder

    def _cool(self) -> None:
        """Ask the files that changed lately again; forget those that have been quiet."""
        now = time.time()
        for path, (place, name) in list(self._hot.items()):
            folder = self._folders.get(place)
            try:
                status = os.stat(path)
            except OSError:
                del self._hot[path]  # its folder's time tells
                continue
            if folder is not None and folder.files.get(name) != (status.st_size, status.st_mtime_ns):
                folder.files[name] = (status.st_size, status.st_mtime_ns)
                folder.sign()
            if not 0 <= now - status.st_mtime < HOT:
                del self._hot[path]
