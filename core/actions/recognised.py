"""Whether a file is still the one that the journal tells of: only then it is ours to take back."""

from __future__ import annotations

import contextlib
import os
import stat

from ..errors import UnreadableFile
from ..weights.hashes import HashCache
from .entries import Entry
from .types import LINK, SYMBOLIC, ActionFailed, Output


def same(path: str, entry: Entry, one: Output) -> None:
    """Raise ActionFailed unless this is still the file that the entry tells of."""
    why = differs(path, entry, one)
    if why:
        raise ActionFailed(
            "changed_since", f"{path} {why}, so it was left alone.", "Look at it, and move it by hand if you want to."
        )


def differs(path: str, entry: Entry, one: Output) -> str:
    """ "" where this is the file that the entry tells of, else what speaks against it.

    By size and time where they are those that were written down, else by its hash where one is known.
    """
    about = entry.action or {}
    origin = os.path.abspath(str(about.get("origin", "")))
    try:
        found = os.lstat(path)
        if entry.kind == LINK and about.get("link") == SYMBOLIC:
            ours = stat.S_ISLNK(found.st_mode) and os.readlink(path) == origin
            return "" if ours else "is not the link that was made"
    except (OSError, ValueError):
        return "is not there any more"
    with contextlib.suppress(OSError):
        if entry.kind == LINK and os.path.samestat(found, os.stat(origin)):
            return ""  # whatever was done to the file: this is its second name
    if entry.stamps.get(one.path) == (found.st_size, found.st_mtime_ns):
        return ""
    if not stat.S_ISREG(found.st_mode):
        return "is no plain file any more"
    if one.size is not None and found.st_size != one.size:
        return f"has {found.st_size:,} bytes now, not {one.size:,}"
    if one.sha256 is None:
        return "was changed since"
    with contextlib.suppress(UnreadableFile, OSError):
        if HashCache(None).sha256(path) == one.sha256:
            return ""
    return "holds something else now"
