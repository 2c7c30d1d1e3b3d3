"""The workflow files of a library: found by one scandir walk, named by their path below the root, and read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .errors import UnreadableFile
from .files import open_plain, read_small

if TYPE_CHECKING:  # the readers are imported when the first file is read: ComfyUI must start at once
    from .workflow.read import Reading

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


def find(roots: Iterable[str], *, media: bool = True, unread: list[str] | None = None) -> Iterator[WorkflowFile]:
    """The workflow files at and below `roots`: a file is taken as it is, a folder is walked.

    Suffixes only choose which files of a folder are opened; what a file is, its bytes tell. Hidden
    entries are passed over (ComfyUI keeps `.index.json` beside workflows). Links to folders are
    followed, each folder once. With several roots, names begin with the root's own name. Folders that cannot
    be read are added to `unread`, in words.
    """
    listed = list({os.path.realpath(root): root for root in roots}.values())
    prefixes = _prefixes(listed) if len(listed) > 1 else [""] * len(listed)
    suffixes = (".json", *MEDIA_SUFFIXES) if media else (".json",)
    seen: set[tuple[int, int]] = set()
    for root, prefix in zip(listed, prefixes, strict=True):
        if os.path.isdir(root):
            yield from _walk(root, f"{prefix}/" if prefix else "", suffixes, seen, unread if unread is not None else [])
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
    parts = [os.path.realpath(root).replace("\\", "/").rstrip("/").split("/")[1:] for root in roots]
    taken = 1
    while taken < max(map(len, parts)) and len({"/".join(one[-taken:]) for one in parts}) < len(parts):
        taken += 1
    names = ["/".join(one[-taken:]) for one in parts]
    return [name if names.count(name) == 1 else f"{name} ({at + 1})" for at, name in enumerate(names)]


def _walk(
    root: str, prefix: str, suffixes: tuple[str, ...], seen: set[tuple[int, int]], unread: list[str]
) -> Iterator[WorkflowFile]:
    stack = [(root, prefix, 0)]
    count = 0
    while stack:
        folder, below, depth = stack.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unread.append(f"{below or folder} could not be read: {error.strerror}")
            continue
        folders = []
        for entry in found:
            if entry.name.startswith("."):
                continue
            if entry.name.lower().endswith(suffixes):
                file = _file(entry, below)
                if file is not None:
                    count += 1
                    yield file
                    continue
            if depth < MAX_DEPTH and _is_folder(entry):
                folders.append((entry.path, f"{below}{entry.name}/", depth + 1))
        if count >= MAX_FILES:
            unread.append(f"only the first {MAX_FILES:,} files of {root} were looked at")
            return
        stack += reversed(folders)


def _file(entry: os.DirEntry[str], below: str) -> WorkflowFile | None:
    """A file, or what only looks like one (a broken link, a FIFO): opening it will say what is wrong."""
    try:
        status = entry.stat()
    except OSError:
        return WorkflowFile(entry.path, below + entry.name, -1, 0)
    if stat.S_ISDIR(status.st_mode):
        return None
    size = status.st_size if stat.S_ISREG(status.st_mode) else -1
    return WorkflowFile(entry.path, below + entry.name, size, status.st_mtime_ns)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def file_of(name: str) -> str:
    """The file of a workflow's name: "sub/x.json" for "sub/x.json#2", which is the second one in it."""
    file, mark, graph = name.rpartition("#")
    return file if mark and graph.isdecimal() else name


def read_again(path: str, name: str) -> Reading:
    """What the file of this workflow holds now."""
    return read_file(WorkflowFile(path, file_of(name), -1, 0, True))


def read_file(file: WorkflowFile) -> Reading:
    """What one file holds. Never raises for a bad file: that becomes a Problem."""
    from .workflow.read import ONE_READ, Reading, read, read_bytes
    from .workflow.types import Problem

    try:
        data = read_small(file.path, ONE_READ)
        if data is not None:
            return read_bytes(data, file.name)
        with open_plain(file.path) as (stream, status):
            return read(stream, status.st_size, file.name)
    except UnreadableFile as error:
        return Reading(problems=[Problem(file.name, error.code, error.message, error.hint)])
    except OSError as error:
        return Reading(problems=[Problem(file.name, "read_error", f"The file cannot be read: {error.strerror}.")])
