"""Files of a pack and of ComfyUI under virtual paths, and their syntax trees. Reads; never runs or writes.

Virtual paths are POSIX and start with `BASE` for the ComfyUI folder, so that `os.path` arithmetic in a
pack ("../../models/x") gives the same answer wherever the files lie.
"""

from __future__ import annotations

import ast
import os
import posixpath
import re
import stat
import sys
import warnings
from pathlib import Path

from ....errors import UnreadableFile
from ....files import open_plain
from .values import PackRaised

BASE = "/<comfyui>"
MAX_FILE = 4 << 20
MAX_TOTAL = 48 << 20
MAX_LISTING = 5_000

# Syntax that a later Python accepts: a failure to parse it says nothing about the pack.
_NEWER = re.compile(
    r"f-string|^\s*type \w+ *=|^\s*(?:async )?def \w+\[|^\s*class \w+\[|multiple exception types must be parenthesized|expected ':'.*except",
    re.M,
)


class Unreadable(Exception):
    """A file that cannot be read as source here, which says nothing about whether it imports."""


class Tree:
    """Folders mounted at virtual paths; the longest mount that fits wins."""

    def __init__(self, mounts: dict[str, Path], home: str) -> None:
        self.mounts = sorted(mounts.items(), key=lambda item: -len(item[0]))
        self.home = home  # virtual folder that places are told relative to
        self.bytes = 0
        self.trees: dict[str, ast.Module] = {}

    def real(self, path: str) -> Path | None:
        """The file on disk behind a virtual path, or None when it lies outside all mounts."""
        clean = posixpath.normpath(path)
        for prefix, folder in self.mounts:
            if clean == prefix:
                return folder
            if clean.startswith(prefix + "/") and "\0" not in clean:
                return folder / clean[len(prefix) + 1 :]
        return None

    def owns(self, path: str) -> bool:
        """Whether a path lies in the pack itself, so that what is there is part of its source."""
        clean = posixpath.normpath(path)
        return self.home != BASE and (clean == self.home or clean.startswith(self.home + "/"))

    def relative(self, path: str) -> str:
        """A virtual path as people know it: from the pack's folder, or from ComfyUI's."""
        for start in (self.home, BASE):
            if path.startswith(start + "/"):
                return path[len(start) + 1 :]
        return path

    def is_file(self, path: str) -> bool:
        """Whether a regular file lies there."""
        real = self.real(path)
        return real is not None and _kind(real) == stat.S_IFREG

    def is_dir(self, path: str) -> bool:
        """Whether a folder lies there."""
        real = self.real(path)
        return real is not None and _kind(real) == stat.S_IFDIR

    def listing(self, path: str) -> list[str] | None:
        """Sorted names in a folder, or None when it cannot be listed or is too large to."""
        real = self.real(path)
        try:
            names = sorted(os.listdir(real)) if real is not None else None
        except (OSError, ValueError):
            return None
        return names if names is None or len(names) <= MAX_LISTING else None

    def find(self, folder: str, name: str) -> tuple[str, str] | None:
        """("package"|"module"|"namespace"|"binary", virtual path) of a module in a folder, or None."""
        base = posixpath.join(folder, name)
        if self.is_file(f"{base}/__init__.py"):
            return "package", f"{base}/__init__.py"
        if self.is_file(f"{base}.py"):
            return "module", f"{base}.py"
        if self._compiled(folder, name):
            return "binary", base
        return ("namespace", base) if self.is_dir(base) else None

    def _compiled(self, folder: str, name: str) -> list[str]:
        names = self.listing(folder) or []
        return [n for n in names if n.startswith(f"{name}.") and n.endswith((".so", ".pyd", ".pyc"))]

    def parse(self, path: str) -> ast.Module:
        """The syntax tree of a file. Raises PackRaised for code that cannot be Python, else Unreadable."""
        if path not in self.trees:
            self.trees[path] = self._parse(path)
        return self.trees[path]

    def _parse(self, path: str) -> ast.Module:
        shown = self.relative(path)
        data = self._read(path, shown)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "\d" in a plain string is the author's business
                return ast.parse(data)
        except (RecursionError, MemoryError) as error:
            raise Unreadable(f"{shown} is nested too deeply to be read") from error
        except SyntaxError as error:
            line = (error.text or "")[:200]
            if sys.version_info < (3, 14) and _NEWER.search(f"{line}\n{error.msg}"):
                raise Unreadable(f"{shown}:{error.lineno or 0} is written for a later Python") from error
            raise PackRaised(f"{shown}:{error.lineno or 0}: syntax error ({error.msg})") from error
        except ValueError as error:
            raise PackRaised(f"{shown}: not Python source ({error})") from error

    def _read(self, path: str, shown: str) -> bytes:
        real = self.real(path)
        if real is None:
            raise Unreadable(f"{shown} is not a readable file")
        try:
            with open_plain(real) as (file, status):
                if status.st_size > MAX_FILE:
                    raise Unreadable(f"{shown} is larger than {MAX_FILE >> 20} MiB")
                self.bytes += status.st_size
                if self.bytes > MAX_TOTAL:
                    raise Unreadable(f"{shown}: the pack has more than {MAX_TOTAL >> 20} MiB of source")
                return file.read(MAX_FILE)
        except UnreadableFile as error:
            raise Unreadable(f"{shown} cannot be read ({error.code})") from error


def _kind(path: Path) -> int:
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):
        return 0
