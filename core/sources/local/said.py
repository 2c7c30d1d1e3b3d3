"""One thing that a file says of a model file, checked for its shape. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from ...knowledge import document
from ...requirements.notes import without_secrets
from ..names import base, sendable, suffix

MOST_SAID = 2000  # by one file
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EMPTY_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # says only that a download failed
_FOLDER = re.compile(r"[A-Za-z0-9][\w .+-]{0,63}")
_LARGEST = 1 << 50  # bytes


class Said(NamedTuple):
    """A name and where its file is said to be. `url` is "" where only its hash is given. `note`: a note says so."""

    name: str
    url: str
    folder: str = ""
    sha256: str | None = None
    size: int | None = None
    note: bool = False


def said(
    name: Any, url: Any, folder: Any = "", sha256: Any = None, size: Any = None, note: bool = False
) -> Said | None:
    """The same from values of any type and origin; None where they do not tell of a model file.

    Paths in a name are cut to its base name. An address with a password in it is not taken.
    """
    own = base(name).strip() if isinstance(name, str) else ""
    if not suffix(own) or own == suffix(own) or len(own) > 255 or not sendable(own):
        return None
    digest = sha256.strip().lower() if isinstance(sha256, str) else ""
    if not _SHA256.fullmatch(digest) or digest == _EMPTY_FILE:
        digest = ""
    address = _address(url)
    if not address and not digest:
        return None
    known = size if type(size) is int and 0 < size < _LARGEST else None
    return Said(own, address, folder_name(folder), digest or None, known, note)


def folder_name(text: Any) -> str:
    """The `folder_paths` name at the head of a path below `models/`: "unet/FLUX1" → diffusion_models; "" for none."""
    head = text.replace("\\", "/").strip().split("/", 1)[0] if isinstance(text, str) else ""
    return _aliases().get(head, head) if _FOLDER.fullmatch(head) else ""


def _address(url: Any) -> str:
    plain = url.strip().replace(" ", "%20") if isinstance(url, str) else ""
    if plain[:8].lower().partition("://")[0] not in ("http", "https") or any(char.isspace() for char in plain):
        return ""
    return without_secrets(plain)


@cache
def _aliases() -> dict[str, str]:
    return dict(document("folders")["aliases"])
