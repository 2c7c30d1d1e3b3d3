"""The documentation of nodes that lies in this installation: ComfyUI's package of it, and what packs bring along.

ComfyUI shows `docs/<class>.md` or `docs/<class>/en.md` of its package comfyui_embedded_docs, and of each pack
`web/docs/<class>.md` or `web/docs/<class>/en.md`. Files are read when a node is first asked for, their first paragraph only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import UnreadableFile
from ..files import open_plain
from ..inventory.types import Inventory
from ..sources.local.places import own_sites, sites_of

_PACKAGE = os.path.join("comfyui_embedded_docs", "docs")
_PACKS = ("web/docs", "js/docs", "docs")  # what packs give as WEB_DIRECTORY, most often
_PLAIN = re.compile(r"[^\\/:*?\"<>|\x00-\x1f]{1,120}")
_READ = 16 << 10  # bytes of one file
_MOST = 400  # characters that are given
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|<[^>]{1,200}>|[*_`]{1,3}")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_CORE = "ComfyUI's documentation of {}"
_PACK = "the documentation of {} in {}"


class Doc(NamedTuple):
    """The first sentences of a node's documentation, and what people call the place they stand in."""

    text: str
    source: str


class Docs:
    """The documentation of one installation. Nothing is imported; what is not there is None."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._packages: list[str] | None = None
        self._known: dict[str, Doc | None] = {}
        self._packs = {pack.name: pack.path for pack in inventory.packs if pack.path}

    def __call__(self, class_type: str) -> Doc | None:
        """What is written of this node type."""
        if class_type not in self._known:
            self._known[class_type] = self._find(class_type)
        return self._known[class_type]

    def _find(self, class_type: str) -> Doc | None:
        if not _PLAIN.fullmatch(class_type) or class_type in (".", ".."):
            return None
        known = self._inventory.definitions.get(class_type)
        pack = known.pack if known is not None else None
        if pack and pack != "comfy-core":
            path = self._packs.get(pack, "")
            folders = [os.path.join(path, one) for one in _PACKS] if path and os.path.isdir(path) else []
            return _doc(folders, class_type, _PACK.format(class_type, pack))
        return _doc(self._places(), class_type, _CORE.format(class_type))

    def _places(self) -> list[str]:
        if self._packages is None:
            inventory = self._inventory
            sites: Iterable[str] = ()
            if inventory.origin == "host":
                sites = own_sites(("comfyui_embedded_docs",))
            elif inventory.origin in ("disk", "snapshot"):
                base = inventory.directories.get("base") or inventory.place
                sites = sites_of(base, inventory.directories.get("python", "")) or sites_of(base)
            found = (os.path.join(site, _PACKAGE) for site in sites)
            self._packages = [path for path in found if os.path.isdir(path)]
        return self._packages


def _doc(folders: Iterable[str], class_type: str, source: str) -> Doc | None:
    for folder in folders:
        for name in (os.path.join(class_type, "en.md"), f"{class_type}.md"):
            text = first_sentences(_read(os.path.join(folder, name)))
            if text:
                return Doc(text, source)
    return None


def _read(path: str) -> str:
    try:
        with open_plain(path) as (file, _):
            return file.read(_READ).decode("utf-8", "replace")
    except (UnreadableFile, OSError):
        return ""


def first_sentences(markdown: str) -> str:
    """The first paragraph in plain words: no heading, no markup, whole sentences of at most 400 characters in all."""
    lines: list[str] = []
    for line in markdown.splitlines():
        plain = line.strip()
        if not plain or plain.startswith(("#", "|", "!", ">", "---", "```", "<")):
            if lines:
                break
            continue
        lines.append(plain)
    text = " ".join(_MARKUP.sub("", _LINK.sub(r"\1", " ".join(lines))).split())
    said = ""
    for sentence in _SENTENCE.split(text):
        if len(said) + len(sentence) >= _MOST:
            break
        said = f"{said} {sentence}".strip()
    return said
