"""Where files go that are taken back: on the same volume, out of sight of ComfyUI's lists, and never deleted.

ComfyUI lists what lies below a model folder by its suffix and passes over no folder but `.git`. So an undo folder lies
outside all of them where that can be, and every file in it ends in `.undone`.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Iterator, Sequence

from .moving import below, named

NAME = ".comfyfixersmart-undo"
SUFFIX = ".undone"
_MOST = 1000  # files of one name in one undo folder
_NEVER = "custom_nodes"  # ComfyUI takes every folder in it for a pack


def beside(path: str, run: str) -> str:
    """A place for this file in an undo folder of its own folder."""
    folder, name = os.path.split(path)
    return os.path.join(folder, NAME, _plain(run), name)


def place(path: str, root: str, run: str, when: float, fenced: Iterable[str]) -> str:
    """A place for a file that lies below `root`: under the nearest folder above that is on the same volume, can be written
    to and lies in none of the `fenced` ones; else inside `root`.

    `run`: what the files of one undo share; `when`: seconds since the epoch.
    """
    real = os.path.realpath(os.path.dirname(path))
    root = os.path.realpath(root) if root else real
    if not below(real, root, same=True):
        root = real
    inner = os.path.relpath(os.path.join(real, os.path.basename(path)), root)
    day = time.strftime("%Y%m%d-", time.gmtime(max(0.0, when)))
    ours = os.path.join(
        NAME, f"{'' if run.startswith(day) else day}{_plain(run)}", os.path.basename(root) or "root", inner
    )
    return os.path.join(_outside(root, real, [os.path.realpath(one) for one in fenced]), ours)


def _outside(root: str, folder: str, fenced: Sequence[str]) -> str:
    try:
        volume = os.stat(folder).st_dev
    except OSError:
        return root
    above = os.path.dirname(root)
    while os.path.dirname(above) != above:  # never in the root of a disk
        try:
            if os.stat(above).st_dev != volume:
                break
        except OSError:
            break
        listed = any(below(above, one, same=True) for one in (*fenced, root)) or os.path.basename(above) == _NEVER
        if not listed and os.access(above, os.W_OK | os.X_OK):
            return above
        above = os.path.dirname(above)
    return root


def undone_names(path: str) -> Iterator[str]:
    """The names that a file may have in an undo folder, best first: none is ever overwritten there either."""
    for number in itertools.islice(itertools.count(1), _MOST):
        yield named(path, f"{f'.{number}' if number > 1 else ''}{SUFFIX}")


def _plain(name: str) -> str:
    """A run's name as one plain folder name."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)[:80] or "undo"
