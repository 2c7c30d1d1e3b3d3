"""Small text files of an installation: read whole, bounded, and never from a pipe."""

from __future__ import annotations

import os

from ..errors import UnreadableFile
from ..files import open_plain

MAX_TEXT = 1 << 18  # bytes


def small_text(path: str | os.PathLike[str]) -> str:
    """The first 256 KiB of a plain file as text, wrong bytes replaced; "" for everything that cannot be read."""
    try:
        with open_plain(path) as (file, _):
            return file.read(MAX_TEXT).decode("utf-8", "replace")
    except UnreadableFile:
        return ""
