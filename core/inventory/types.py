"""What is installed in one place: node types and packs, model files by folder, input files, hardware."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..catalogue.types import NodeType

LOADED, FAILED, DISABLED, UNREADABLE = "loaded", "failed", "disabled", "unreadable"
PARTNERS = "ComfyUI's partner nodes"  # the name under which they stand as a pack where a flag has left them out


class ModelFile(NamedTuple):
    """A file in a model folder. `name` is relative to `root`, with that system's separator, as ComfyUI lists it."""

    name: str
    root: str  # the folder on disk that holds it ("" from a server: the path is not known)
    size: int  # bytes; -1 when not known
    mtime_ns: int

    @property
    def path(self) -> str:
        """Where it lies on this disk; "" when that is not known."""
        return f"{self.root}/{self.name}" if self.root else ""


class Folder(NamedTuple):
    """One `folder_paths` name: its folders on disk in order (the first is the default target) and its suffixes.

    An empty suffix set means every file counts, as in ComfyUI.
    """

    name: str
    paths: tuple[str, ...]
    suffixes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pack:
    """One entry of custom_nodes, or the core.

    `node_types` are those that could be read. `complete` is False when there may be more that cannot
    be read without running the pack; `reason` then says why, as it does for a failed pack.
    """

    name: str  # folder name; "comfy-core" for ComfyUI itself
    state: str  # LOADED, FAILED, DISABLED or UNREADABLE
    node_types: frozenset[str] = frozenset()
    complete: bool = True
    reason: str = ""
    path: str = ""
    version: str = ""
    ids: tuple[str, ...] = ()  # registry id, owner/repo, lower case, to match cnr_id and aux_id


@dataclass(slots=True)
class Inventory:
    """One answer to "what is here?", and what that answer leaves open.

    `gaps` says in words what could not be told; a requirement that falls into a gap is `unknown`,
    never missing. `models_known` / `types_known` / `inputs_known` are False where nothing at all is
    known of that kind (no installation given, a folder that cannot be listed).
    """

    origin: str  # "disk", "server", "host" (inside the running ComfyUI), "snapshot" or "none"
    place: str  # the folder or address, for people
    separator: str = "/"  # os.sep of the machine that runs ComfyUI
    comfyui_version: str = ""
    definitions: dict[str, NodeType] = field(default_factory=dict)
    packs: tuple[Pack, ...] = ()
    folders: dict[str, Folder] = field(default_factory=dict)
    models: dict[str, list[ModelFile]] = field(default_factory=dict)  # by folder_paths name
    partial: list[ModelFile] = field(default_factory=list)  # half-downloaded files in any model folder
    inputs: frozenset[str] = frozenset()  # file names of the input folder, "/" as separator
    aliases: dict[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    types_known: bool = True
    models_known: bool = True
    inputs_known: bool = True
    unlisted: frozenset[str] = frozenset()  # folder names whose content is not known although others are
    hardware: dict[str, object] = field(default_factory=dict)
    taken: float = 0.0  # seconds since the epoch, when the inventory was taken
    digest: str = ""  # changes whenever any answer could
    directories: dict[str, str] = field(default_factory=dict)
    """ "input", "output", "temp", "user", "base" → path; "python": the environment that runs ComfyUI, where it is known."""
    seen: dict[str, tuple[int | None, str | None, int | None]] = field(default_factory=dict)
    """Model files that were here at an earlier scan: lower-case base name → size in bytes, SHA-256, mtime_ns."""
