"""The workflow files of a library: found by one scandir walk, named by their path below the root."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MEDIA_SUFFIXES = (
    ".png", ".webp", ".jpg", ".jpeg", ".avif", ".mp4", ".mov", ".m4v", ".m4a", ".webm", ".mkv", ".mp3", ".flac",
    ".ogg", ".opus",
)  # fmt: skip
MAX_DEPTH = 64
MAX_FILES = 200_000


class WorkflowFile(NamedTuple):
    """A file that may hold workflows. `name` is its path below the root with "/"; `given`: named by the person."""

    path: str
    name: str
    size: int
    mtime_ns: int
    given: bool = False


def find(roots: Iterable[str], *, media: bool = True) -> Iterator[WorkflowFile]:
    """The workflow files at and below `roots`: a file is taken as it is, a folder is walked.

    Suffixes only choose which files of a folder are opened; what a file is, its bytes tell. Hidden
    entries are passed over (ComfyUI keeps `.index.json` beside workflows). Links to folders are
    followed, each folder once. With several roots, names begin with the root's own name.
    """
    listed = list(roots)
    prefixes = _prefixes(listed) if len(listed) > 1 else [""] * len(listed)
    suffixes = (".json", *MEDIA_SUFFIXES) if media else (".json",)
    for root, prefix in zip(listed, prefixes, strict=True):
        if os.path.isdir(root):
            yield from _walk(root, f"{prefix}/" if prefix else "", suffixes)
        else:
            yield _given(root, prefix or os.path.basename(root))


def _given(path: str, name: str) -> WorkflowFile:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return WorkflowFile(path, name, -1, 0, True)
    return WorkflowFile(path, name, status.st_size, status.st_mtime_ns, True)


def _prefixes(roots: list[str]) -> list[str]:
    """The shortest ends of the paths that tell the roots apart."""
    parts = [os.path.abspath(root).replace("\\", "/").strip("/").split("/") for root in roots]
    taken = 1
    while taken < max(map(len, parts)) and len({"/".join(one[-taken:]) for one in parts}) < len(parts):
        taken += 1
    names = ["/".join(one[-taken:]) for one in parts]
    return [name if names.count(name) == 1 else f"{name} ({at + 1})" for at, name in enumerate(names)]


def _walk(root: str, prefix: str, suffixes: tuple[str, ...]) -> Iterator[WorkflowFile]:
    stack = [(root, prefix, 0)]
    seen: set[tuple[int, int]] = set()
    count = 0
    while stack:
        folder, below, depth = stack.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        folders = []
        for entry in found:
            if entry.name.startswith("."):
                continue
            try:
                if entry.name.lower().endswith(suffixes):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        count += 1
                        yield WorkflowFile(entry.path, below + entry.name, status.st_size, status.st_mtime_ns)
                    if not stat.S_ISDIR(status.st_mode):
                        continue
                if depth < MAX_DEPTH and entry.is_dir():
                    status = entry.stat()
                    if (status.st_dev, status.st_ino) not in seen:
                        seen.add((status.st_dev, status.st_ino))
                        folders.append((entry.path, f"{below}{entry.name}/", depth + 1))
            except OSError:  # vanished meanwhile, or a broken link
                continue
            if count >= MAX_FILES:
                return
        stack += reversed(folders)
