"""What is known of node types in general, merged from several layers. Pure values; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Input(NamedTuple):
    """One input of a node type.

    `folders`: the `folder_paths` names whose file list this input offers; several when a tie could not
    be settled; None when the input does not read a model folder or that is not known. `options`: the
    choices of a combo, None when unknown or when they are files (file lists are never kept).
    `media`: "image", "video", "audio", "3d" or "file" when the value names a file of the input folder.
    """

    name: str
    type: str = ""  # MODEL, INT, STRING, COMBO …; "" when unknown
    widget: bool = True  # has a widget, so it takes a place in widgets_values
    required: bool = True
    folders: tuple[str, ...] | None = None
    options: tuple[Any, ...] | None = None
    media: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    control: bool = False  # followed by a control_after_generate value in widgets_values
    extras: tuple[str, ...] = ()  # choices offered beside the files ("None", "pixel_space" …)
    default: Any = None
    v3: bool = False  # defined by io.Schema: ComfyUI checks its choices from version 0.8.0 on only


@dataclass(frozen=True, slots=True)
class NodeType:
    """One class_type. `inputs` is None when the type exists but its inputs could not be read."""

    class_type: str
    inputs: tuple[Input, ...] | None = None
    output: bool | None = None  # OUTPUT_NODE; None when unknown
    api: bool = False  # a paid partner node
    downloads: bool = False  # fetches its own model files by name or preset
    pack: str | None = None  # folder name of the pack, "comfy-core", or None
    source: str = "knowledge"  # "server", "snapshot", "source" or "knowledge"
    dynamic: bool = False  # takes inputs the definition does not list (kwargs, autogrow)
    outputs: tuple[str, ...] | None = None  # link types by slot, "" where not known; None when unknown
    exact: bool = False  # its link types are plain texts that ComfyUI itself compares: no text class that equals
    # everything, no VALIDATE_INPUTS with input_types

    def input(self, name: str) -> Input | None:
        """The input of this name, if it is known."""
        for one in self.inputs or ():
            if one.name == name:
                return one
        return None


@dataclass(slots=True)
class NodeCatalogue:
    """class_type → NodeType, the best layer first: running server or snapshot, pack source, knowledge.

    `installed` holds the types known to be installed (from the first two layers). `virtual` are types
    that exist only in the browser. `digest` changes whenever any answer could.
    """

    types: dict[str, NodeType]
    installed: frozenset[str] = frozenset()
    virtual: frozenset[str] = frozenset()
    digest: str = ""
    folder_aliases: dict[str, str] = field(default_factory=dict)  # unet → diffusion_models, clip → text_encoders

    def get(self, class_type: str) -> NodeType | None:
        """What is known of this type, if anything."""
        return self.types.get(class_type)
