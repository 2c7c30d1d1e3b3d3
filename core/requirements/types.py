"""What one workflow needs from the place it runs in. Pure values; no I/O."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..workflow.types import PackHint

NODE_TYPE, MODEL, EMBEDDING, LORA_TAG, INPUT_MEDIA = "node_type", "model", "embedding", "lora_tag", "input_media"


class NodeRef(NamedTuple):
    """A node of the flat workflow that needs something: flat id, class_type, title, input or None."""

    id: str
    class_type: str
    title: str
    input: str | None = None


class Requirement(NamedTuple):
    """One thing needed, with every node that needs it (an installed node type is the same everywhere, and names none).

    `name` is as written in the file. `folders` are the `folder_paths` names that would satisfy it;
    empty when that is not known. An inactive requirement (only muted or bypassed nodes name it) never
    blocks. `optional`: the node fetches the file itself, or asks for it only as a hint in a text.
    """

    kind: str
    name: str
    nodes: tuple[NodeRef, ...]
    folders: tuple[str, ...] = ()
    active: bool = True
    optional: bool = False
    sha256: str | None = None
    size: int | None = None
    urls: tuple[str, ...] = ()
    directory: str | None = None  # the folder named in properties.models, as a hint only
    pack: PackHint | None = None  # for node types: what the workflow says of the pack
    media: str | None = None
    stem: bool = False  # the name is written without its suffix
    owner: str | None = None  # for node types: the pack that `knowledge/nodes.json` knows it from


class Violation(NamedTuple):
    """Something the definitions of the installed nodes forbid: a VALUE or LINK finding code, and why."""

    code: str
    node: NodeRef
    value: Any = None
    allowed: str = ""  # in words: what the installed version takes


class Requirements(NamedTuple):
    """All that one workflow asks for."""

    workflow: str
    format: str
    items: tuple[Requirement, ...]
    virtual_types: tuple[str, ...] = ()
    api_types: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    warnings: tuple[str, ...] = ()
    nodes: int = 0  # active server nodes

    def of(self, kind: str, active: bool = True) -> tuple[Requirement, ...]:
        """The requirements of one kind, active ones by default."""
        return tuple(item for item in self.items if item.kind == kind and item.active == active)
