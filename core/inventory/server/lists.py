"""The file lists of a running ComfyUI, and which of them stands behind a list of choices. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...knowledge import document

_NOTHING = frozenset({"none", "", "disabled", "default", "auto", "baked vae"})


class FileLists:
    """The file lists of a server's folders, arranged to find the folder behind a list of choices."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self.names = {folder: frozenset(files) for folder, files in lists.items()}
        self.by_files: dict[frozenset[str], list[str]] = {}
        for folder, files in self.names.items():
            self.by_files.setdefault(files, []).append(folder)
        facts = document("folders")
        media = (suffix for group in facts["input_suffixes"].values() for suffix in group)
        other = (".yaml", ".yml", ".json", ".txt", ".gguf", ".onnx", ".engine", ".npz", ".ttf", ".otf", ".csv", ".cube")
        self.suffixes = frozenset((*facts["weights"], *media, *other))
        self.media = {suffix: kind for kind, group in facts["input_suffixes"].items() for suffix in group}

    def looks_like_file(self, value: Any) -> bool:
        """Whether a choice is a file name by its suffix."""
        return isinstance(value, str) and os.path.splitext(value)[1].lower() in self.suffixes

    def is_placeholder(self, value: Any) -> bool:
        """Whether a choice stands for "no file", as in a list that would hold files if there were any."""
        return isinstance(value, str) and value.lower() in _NOTHING

    def files_of(self, folders: Iterable[str]) -> frozenset[str]:
        """The files of several folders together; a folder that is not listed has none."""
        return frozenset().union(*(self.names.get(folder, frozenset()) for folder in folders))

    def settle(self, options: Sequence[Any]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """The folders whose files these choices are, and the choices that stand beside the files.

        Several folders when a tie could not be settled, or when the choices are the files of all of them.
        """
        if not all(isinstance(one, str) for one in options):
            return None, ()
        files = frozenset(options)
        if files in self.by_files:
            return tuple(self.by_files[files]), ()
        inside = {folder: names for folder, names in self.names.items() if names and names <= files}
        largest = {
            folder: names for folder, names in inside.items() if not any(names < other for other in inside.values())
        }
        rest = files.difference(*largest.values())
        if not largest or any(self.looks_like_file(one) for one in rest):
            return None, ()
        return tuple(largest), tuple(one for one in options if one in rest)

    def media_kind(self, options: list[Any]) -> str | None:
        """The kind of media when every choice is a media file by its suffix; "file" for a mixture."""
        kinds = {self.media.get(os.path.splitext(str(one))[1].lower(), "") for one in options}
        if not kinds or "" in kinds:
            return None
        return kinds.pop() if len(kinds) == 1 else "file"
