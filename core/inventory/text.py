"""Small text files of an installation: read whole, bounded, and never from a pipe; and TOML read as text.

tomllib is missing in Python 3.10, and broken pyproject files are common: a line that is fine counts.
"""

from __future__ import annotations

import os
import re

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


def toml_section(text: str, name: str) -> str:
    """The lines of one TOML table, "" when there is none."""
    found = re.search(rf"^\s*\[{re.escape(name)}\]\s*(?:#.*)?$(.*?)(?=^\s*\[|\Z)", text, re.M | re.S)
    return found[1] if found else ""


def toml_text(table: str, key: str, *, inline: bool = False) -> str:
    """The text value of `key`; `inline` finds it inside an inline table too."""
    start = r"(?:^|[{,.])" if inline else "^"
    found = re.search(rf"{start}\s*\"?{key}\"?\s*=\s*[\"']([^\"'\n]{{1,300}})[\"']", table, re.M | re.I)
    return found[1].strip() if found else ""
