"""What is known of the model files that a workflow names: from their headers where they are here, else from what is said.

Nothing is read beyond headers, and those once: they are kept by size and time of change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..inventory.types import ModelFile
from ..readiness.index import Index, base
from ..tuning.types import FileFacts
from ..weights.types import Parts


class Headers(Protocol):
    """What reads headers, and remembers them."""

    def parts(self, path: str) -> Parts | None: ...


class Files:
    """The `files` of an estimate: a name and the folders that its node reads → FileFacts, None where nothing is known.

    `sizes`: what the workflow, or a look-up, says of its files, by base name in lower case.
    """

    def __init__(
        self,
        index: Index,
        headers: Headers,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self._index, self._headers = index, headers
        self._sizes = dict(sizes or {})

    def __call__(self, name: str, folders: tuple[str, ...]) -> FileFacts | None:
        file = find(self._index, name, folders)
        if file is not None and file.size > 0:
            parts = self._headers.parts(file.path) if file.path else None
            if parts is None or not parts.bytes:
                return FileFacts(file.size, known_from="size")
            return FileFacts(file.size, parts.bytes, parts.bits)
        size = self._sizes.get(base(name).lower())
        return FileFacts(size, known_from="size") if size else None

    def family(self, name: str, folders: tuple[str, ...]) -> str:
        """What the file's own header calls its architecture; "" where it is not here or says nothing."""
        file = find(self._index, name, folders)
        parts = self._headers.parts(file.path) if file is not None and file.path else None
        return parts.family if parts is not None else ""


def find(index: Index, name: str, folders: tuple[str, ...]) -> ModelFile | None:
    """The file that a node of these folders gets under this name; of any folder where they are not known."""
    named = index.folders(folders)
    for folder in named:
        listed = index.by_folder.get(folder, {})
        file = listed.get(name) or listed.get(name.replace("\\", "/")) or listed.get(name.replace("/", "\\"))
        if file is not None:
            return file
    if named:
        return next((file for folder in named if (file := index.by_stem(folder, name)) is not None), None)
    places = index.by_base.get(base(name).lower(), ())
    return places[0][1] if places else None
