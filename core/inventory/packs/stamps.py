"""Whether the source of a pack changed, told from sizes and modification times without opening a file."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

MAX_FILES = 20_000  # .py files of one pack
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
# The parts of ComfyUI's own folder that node types come from; its models and custom_nodes are not source.
_CORE_PARTS = ("comfy", "comfy_api", "comfy_api_nodes", "comfy_extras", "comfy_execution")


def pack_stamp(path: str) -> tuple[str, int]:
    """A digest over (relative name, size, mtime_ns) of a pack's .py files, and the newest mtime_ns.

    `path` is a folder or a single .py file. What cannot be listed counts as absent.
    """
    return _stamp(path, _files(path))


def core_stamp(code: str) -> tuple[str, int]:
    """The same over ComfyUI's own node sources."""
    own = list(_files(code, deep=False))
    for part in _CORE_PARTS:
        own += _files(os.path.join(code, part))
    return _stamp(code, iter(own))


def _stamp(root: str, files: Iterator[tuple[str, int, int]]) -> tuple[str, int]:
    rows = sorted((path[len(root) :], size, mtime) for path, size, mtime in files)
    text = "\n".join(f"{name}\0{size}\0{mtime}" for name, size, mtime in rows)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest, max((mtime for _, _, mtime in rows), default=0)


def _files(root: str, *, deep: bool = True) -> Iterator[tuple[str, int, int]]:
    """(path, size, mtime_ns) of .py files. Links to folders are not followed: they may loop, and packs link nothing."""
    pending, count = [root], 0
    try:
        status = os.stat(root)
    except (OSError, ValueError):
        return
    if stat.S_ISREG(status.st_mode):
        yield root, status.st_size, status.st_mtime_ns
        return
    while pending and count < MAX_FILES:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(".py") and entry.is_file():
                        status = entry.stat()
                        count += 1
                        yield entry.path, status.st_size, status.st_mtime_ns
                    elif deep and _enters(entry):
                        pending.append(entry.path)
        except OSError:
            continue


def _enters(entry: os.DirEntry[str]) -> bool:
    return entry.name not in _SKIPPED and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
