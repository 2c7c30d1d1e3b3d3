"""Which folders an input reads, from three witnesses: what is known of the type, its source, and the list on offer. Pure.

The list on offer is what ComfyUI compares a value with, so it can overrule the others; but it proves nothing
while it is empty, and nothing between folders that hold the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...catalogue.types import Input, NodeType
from .lists import FileLists

Folders = tuple[str, ...] | None


def decide(lists: FileLists, choices: Sequence[Any], known: Folders, source: Folders) -> Folders:
    """The folders behind `choices`, the default one first; several after a tie, None when nobody can say.

    `known` (knowledge) and then `source` (the pack's own code) stand unless the list contradicts: when its files are
    exactly those of other folders, and not all files of the claimed ones.
    """
    live, _ = lists.settle(choices)
    silent = not any(lists.looks_like_file(one) for one in choices)
    for claim in (known, source):
        if claim and (live is None or silent or lists.files_of(claim) == lists.files_of(live)):
            return claim
    return live


def is_open(lists: FileLists, choices: Sequence[Any], known: Folders) -> bool:
    """Whether the source has to be asked: knowledge does not settle it, and these choices may be files of a folder.

    Also where the list names one folder: another one that is empty now may belong to it.
    """
    if known and decide(lists, choices, known, None) == known:
        return False
    live, _ = lists.settle(choices)
    placeholders = all(lists.is_placeholder(one) for one in choices)
    return live is not None or placeholders or any(lists.looks_like_file(one) for one in choices)


class Claim(NamedTuple):
    """What one witness says of an input: its folders, and the choices beside their files."""

    folders: Folders = None
    extras: tuple[str, ...] = ()


class Claims:
    """The witnesses for every input of an installation. `source` is only asked where the rest leaves a doubt."""

    def __init__(
        self,
        known: Mapping[str, NodeType],
        source: Callable[[str, str | None], NodeType | None],
        aliases: Mapping[str, str],
    ) -> None:
        """`known`: knowledge by class_type. `source(class_type, pack)`: the type as its source defines it."""
        self._known, self._source, self._aliases = known, source, dict(aliases)

    def media(self, class_type: str, name: str) -> str | None:
        """The kind of media that knowledge names for an input."""
        node = self._known.get(class_type)
        one = node.input(name) if node is not None else None
        return one.media if one is not None and not one.folders else None

    def known(self, class_type: str, name: str) -> Claim:
        """What knowledge says."""
        return self._claim(self._known.get(class_type), name)

    def source(self, class_type: str, pack: str | None, name: str) -> Claim:
        """What the source of the pack (None: ComfyUI's own) says."""
        return self._claim(self._source(class_type, pack), name)

    def _claim(self, node: NodeType | None, name: str) -> Claim:
        one: Input | None = node.input(name) if node is not None else None
        if one is None or not one.folders:
            return Claim()
        folders = tuple(dict.fromkeys(self._aliases.get(folder, folder) for folder in one.folders))
        return Claim(folders, one.extras)
