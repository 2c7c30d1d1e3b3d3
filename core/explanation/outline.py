"""What a graph says of itself: its author's notes, its groups, the models it names, what goes in and comes out. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..catalogue.types import NodeCatalogue
from ..requirements.types import INPUT_MEDIA, MODEL, NodeRef, Requirements
from ..workflow.raw import Json
from ..workflow.types import BYPASSED, MUTED, Node, Workflow

MAX_ROWS = 300  # of each list
MAX_TEXT = 20_000  # characters of one note
NOTES = frozenset({"Note", "MarkdownNote", "Note Plus (mtb)", "LG_Note"})


class Note(NamedTuple):
    """A text the author left on the canvas, whole."""

    id: str
    title: str
    text: str


class ModelUse(NamedTuple):
    """A model file that a node names; `active` is False where only muted or bypassed nodes do."""

    name: str
    folders: tuple[str, ...]
    node_id: str
    class_type: str
    active: bool


class End(NamedTuple):
    """A node that takes a person's own file, or one that brings a result out. `name` is the file named, or ""."""

    node_id: str
    title: str
    class_type: str
    name: str = ""


class PackUse(NamedTuple):
    """A pack and how many active nodes come from it, as far as the installation or the workflow tells."""

    name: str
    nodes: int


class Counts(NamedTuple):
    """How many nodes the unfolded graph has, and how many of them would run."""

    nodes: int
    active: int
    muted: int
    bypassed: int
    subgraphs: int


class Outline(NamedTuple):
    """The whole, in the order the file has it."""

    counts: Counts
    notes: tuple[Note, ...]
    groups: tuple[str, ...]
    models: tuple[ModelUse, ...]
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    packs: tuple[PackUse, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "counts": self.counts._asdict(),
            "groups": list(self.groups),
            **{
                key: [{**row._asdict(), **_lists(row)} for row in getattr(self, key)]
                for key in ("notes", "models", "inputs", "outputs", "packs")
            },
        }


def _lists(row: Any) -> dict[str, Any]:
    return {"folders": list(row.folders)} if isinstance(row, ModelUse) else {}


def outline(workflow: Workflow, needs: Requirements, catalogue: NodeCatalogue) -> Outline:
    """What `workflow` says of itself; `needs` is its scan. Nothing is guessed: unknown types say nothing."""
    server = [node for node in workflow.nodes if node.class_type not in catalogue.virtual]
    return Outline(
        Counts(
            len(server),
            sum(node.active for node in server),
            sum(node.mode == MUTED for node in server),
            sum(node.mode == BYPASSED for node in server),
            sum(scope.kind in ("subgraph", "group") for scope in workflow.scopes),
        ),
        _notes(workflow),
        _groups(workflow),
        _models(needs),
        _inputs(needs),
        _outputs(server, catalogue),
        _packs(server, catalogue),
    )


def _notes(workflow: Workflow) -> tuple[Note, ...]:
    found: dict[tuple[str, str], Note] = {}
    for node in workflow.nodes:
        if node.class_type not in NOTES:
            continue
        text = next((value for value in _values(node) if isinstance(value, str) and value.strip()), "")
        if text:
            title = node.title if node.title != node.class_type else ""
            found.setdefault((title, text), Note(node.id, title, text.strip()[:MAX_TEXT]))
    return tuple(found.values())[:MAX_ROWS]


def _values(node: Node) -> list[Json]:
    return list(node.widgets.values()) if isinstance(node.widgets, dict) else node.widgets


def _groups(workflow: Workflow) -> tuple[str, ...]:
    titles: dict[str, None] = {}
    for scope in workflow.scopes:
        raw = scope.raw.get("groups") if scope.kind != "api" else None
        for group in raw if isinstance(raw, list) else ():
            title = group.get("title") if isinstance(group, dict) else None
            if isinstance(title, str) and title.strip():
                titles[title.strip()] = None
    return tuple(titles)[:MAX_ROWS]


def _models(needs: Requirements) -> tuple[ModelUse, ...]:
    rows = [
        ModelUse(item.name, item.folders, node.id, node.class_type, item.active)
        for item in needs.items
        if item.kind == MODEL
        for node in item.nodes
    ]
    return tuple(sorted(rows, key=lambda row: not row.active))[:MAX_ROWS]


def _inputs(needs: Requirements) -> tuple[End, ...]:
    ends: dict[tuple[str, str], End] = {}
    for item in needs.of(INPUT_MEDIA):
        for node in item.nodes:
            ends.setdefault((node.id, item.name), _end(node, item.name))
    return tuple(ends.values())[:MAX_ROWS]


def _end(node: NodeRef, name: str) -> End:
    return End(node.id, node.title, node.class_type, name)


def _outputs(server: list[Node], catalogue: NodeCatalogue) -> tuple[End, ...]:
    ends = []
    for node in server:
        known = catalogue.get(node.class_type) if node.active else None
        if known is not None and known.output:
            ends.append(End(node.id, node.title, node.class_type))
    return tuple(ends)[:MAX_ROWS]


def _packs(server: list[Node], catalogue: NodeCatalogue) -> tuple[PackUse, ...]:
    counts: dict[str, int] = {}
    for node in server:
        if not node.active:
            continue
        known, hint = catalogue.get(node.class_type), node.pack
        name = (known.pack if known is not None else None) or (hint and (hint.cnr_id or hint.aux_id)) or ""
        counts[name] = counts.get(name, 0) + 1
    rows = [PackUse(name, nodes) for name, nodes in counts.items()]
    return tuple(sorted(rows, key=lambda row: (-row.nodes, row.name)))[:MAX_ROWS]
