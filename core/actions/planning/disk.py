"""The disk that a plan is made for. Asked, never written to."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from ...errors import ComfyFixerError
from ...inventory.types import Inventory, ModelFile
from ...weights.hashes import HashCache
from ..moving import below

Hashing = Callable[[str, int, int], None]  # the file that is read, bytes done, bytes in all


class LocalDisk:
    """A Disk over this computer. `hashes`: where SHA-256 of model files are remembered; `cancel` ends the hashing of one,
    which can take a minute, with ComfyFixerError `cancelled`. Call `hashes.save()` after the plan."""

    def __init__(
        self,
        inventory: Inventory,
        hashes: HashCache,
        *,
        cancel: Callable[[], bool] | None = None,
        progress: Hashing | None = None,
    ) -> None:
        self._hashes = hashes
        self._cancel = cancel
        self._progress = progress
        self._by_size: dict[int, list[ModelFile]] = {}
        for files in inventory.models.values():
            for file in files:
                if file.size > 0 and file.path:
                    self._by_size.setdefault(file.size, []).append(file)

    def free(self, path: str) -> tuple[int, int] | None:
        """Bytes of the volume that holds this path, or would: total, and free for this user."""
        try:
            usage = shutil.disk_usage(_nearest(path))
        except (OSError, ValueError):
            return None
        return usage.total, usage.free

    def exists(self, path: str) -> bool:
        """Whether anything lies there, a broken link too."""
        try:
            return os.path.lexists(path)
        except ValueError:  # no file system has such a name
            return False

    def status(self, path: str) -> tuple[int, int] | None:
        """Size in bytes and mtime_ns of a plain file; None for anything else."""
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return None
        return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None

    def volume(self, path: str) -> str:
        """The device that holds this path, or would; "" where that cannot be told."""
        try:
            return str(os.stat(_nearest(path)).st_dev)
        except (OSError, ValueError):
            return ""

    def same(self, sha256: str, size: int | None) -> str | None:
        """The path of a model file with that content. Only files of that very size are read, each once."""
        seen: set[str] = set()
        for file in self._by_size.get(size or 0, ()):
            if file.path in seen:
                continue
            seen.add(file.path)
            if self._sha256(file.path) == sha256:
                return file.path
        return None

    def _sha256(self, path: str) -> str | None:
        say = self._progress
        progress = (lambda done, total: say(path, done, total)) if say is not None else None
        found = self._hashes.sha256(path, progress, self._cancel)
        if found is None and self._cancel is not None and self._cancel():
            raise ComfyFixerError("cancelled", "Planning was cancelled.")
        return found

    def writable(self, folder: str) -> bool:
        """Whether files can be put into this folder."""
        try:
            return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
        except ValueError:
            return False

    def in_the_way(self, folder: str, root: str) -> str | None:
        """What on the way down from `root` to `folder` is no folder inside of it: a file, or a link that leads out."""
        real, at = os.path.realpath(root), root
        for part in Path(folder).relative_to(root).parts:
            at = os.path.join(at, part)
            if not self.exists(at):
                return None  # it will be made
            if not os.path.isdir(at) or not below(os.path.realpath(at), real, same=True):
                return at
        return None


def _nearest(path: str) -> str:
    """The path itself, or the nearest folder above it that is there."""
    while not os.path.exists(path):
        above = os.path.dirname(path)
        if above == path:
            break
        path = above
    return path
