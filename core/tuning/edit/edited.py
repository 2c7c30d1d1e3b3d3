"""The bytes of a workflow's new version: changes made where their values stand, read again, and compared. Pure.

A value may stand in the node, at the host of a subgraph around it, in a primitive or a node that only holds it; a
subgraph's inside may be shared by several instances. None of that is reckoned anew here: each place that could be meant
is marked, the graph is read as ever, and the marks that arrive tell (`values.py`). Nodes are replaced, put into a
link or bypassed in `nodes.py`. In the end old and new graph are both read, and every value and link of every
node is compared: whatever differs without being meant, or does not differ as meant, raises NotEdited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import jsontext
from ...errors import ComfyFixerError
from ...explanation.graph import View
from ...workflow.api import read_api
from ...workflow.locate import Found, locate
from ...workflow.raw import Json
from ...workflow.types import Workflow
from ...workflow.ui import Impossible, read_ui
from ..types import Change, Edit
from .text import rewritten

ViewOf = Callable[[Workflow], View]


class NotEdited(ComfyFixerError):
    """A change that cannot be made in this file, or whose effect cannot be verified. `message` says why, in words."""

    def __init__(self, reason: str) -> None:
        super().__init__("not_edited", reason, "Make this change by hand on the canvas.")


def edited(data: bytes, changes: Sequence[Change], view_of: ViewOf, *, workflow: str = "") -> bytes:
    """The workflow file with the edits of these changes; every other letter of it stays.

    `data`: a JSON file in UI or API format, wrapped or not; where an API copy of the same run stands beside the graph,
    it is edited too. `view_of`: reads a Workflow with the node types in force (`lambda one: view_of(one, catalogue)`).
    `workflow`: the name of the one that is meant where the file holds several ("x.json#2"); by default the first.
    Raises NotEdited.
    """
    try:
        mark, codec, text = jsontext.decoded(data)
        value = jsontext.loads(text)
        found = _graphs(locate(value), workflow)
        for one in found:
            value = _put(value, one, edited_graph(one.graph, one.format, changes, view_of))
        return mark + rewritten(text, value).encode(codec, "surrogatepass")
    except (ValueError, RecursionError):
        raise NotEdited("The file is not a JSON text that can be edited.") from None


def edited_graph(graph: dict[str, Json], form: str, changes: Sequence[Change], view_of: ViewOf) -> dict[str, Json]:
    """The same for one graph that is parsed already ("ui" or "api"): a new graph. Raises NotEdited."""
    return edited_view(_view(graph, form, view_of), graph, form, changes, view_of)[0]


def edited_view(
    before: View, graph: dict[str, Json], form: str, changes: Sequence[Change], view_of: ViewOf
) -> tuple[dict[str, Json], View]:
    """The same, of a graph that was read already (`before`): the new graph, and the View of it. Raises NotEdited."""
    from .nodes import structural
    from .values import put_values
    from .verify import verify

    edits = [edit for change in changes for edit in change.edits]
    name = before.workflow.name
    new: dict[str, Json] = copied(graph)
    for edit in edits:
        if edit.kind != "value":
            structural(new, form, _view(new, form, view_of), edit)
    values = [edit for edit in edits if edit.kind == "value"]
    meant = put_values(new, form, values, lambda one: _view(one, form, view_of))
    after = _view(new, form, view_of, name)
    if form == "ui" and _hints(new, changes, after):
        after = _view(new, form, view_of, name)
    verify(before, after, edits, meant)
    return new, after


def copied(value: Json) -> Json:
    """A JSON value whose lists and objects are its own."""
    if isinstance(value, dict):
        return {key: copied(one) if isinstance(one, dict | list) else one for key, one in value.items()}
    return [copied(one) if isinstance(one, dict | list) else one for one in value] if isinstance(value, list) else value


def read_graph(graph: dict[str, Json], form: str, name: str = "") -> Workflow:
    """The flat Workflow of a parsed graph. Raises NotEdited."""
    try:
        return read_ui(graph, name, "json") if form == "ui" else read_api(graph, name, "json")
    except Impossible as error:
        raise NotEdited(str(error)) from None


def _view(graph: dict[str, Json], form: str, view_of: ViewOf, name: str = "") -> View:
    return view_of(read_graph(graph, form, name))


# ---- which graph --------------------------------------------------------------------------------------------


def _graphs(found: list[Found], workflow: str) -> list[Found]:
    """The graph that is meant, and its API copy where they stand together."""
    own = [one for one in found if not one.companion]
    number = workflow.rpartition("#")[2]
    index = int(number) - 1 if "#" in workflow and number.isdecimal() else 0
    if not 0 <= index < len(own):
        raise NotEdited("The file holds no such workflow.")
    chosen = own[index]
    beside = chosen.place.rpartition("/")[0]
    return [chosen, *(one for one in found if one.companion and one.place.rpartition("/")[0] == beside)]


def _put(value: Json, found: Found, graph: dict[str, Json]) -> Json:
    """`value` with another graph at the place of the one found; a JSON text in a string becomes one again."""
    new = _replaced(value, found.place, graph)
    if new is None:
        raise NotEdited("The graph inside the file cannot be put back in its place.")
    return new[0]


def _replaced(value: Json, place: str, graph: dict[str, Json]) -> tuple[Json] | None:
    """Keys of the file may hold a "/" themselves, so the way is tried."""
    if isinstance(value, str):
        inner = _replaced(jsontext.loads(value.lstrip("\ufeff")), place, graph)
        return (rewritten(value, inner[0]),) if inner else None
    if not place:
        return (graph,)
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = [key for key in value if place == f"/{key}" or place.startswith(f"/{key}/")]
    elif isinstance(value, list) and (step := place[1:].partition("/")[0]).isdecimal() and int(step) < len(value):
        keys = [int(step)]
    for key in keys:
        below = (
            _replaced(value[key], place[len(str(key)) + 1 :], graph)
            if isinstance(value[key], dict | list | str)
            else None
        )
        if below is not None:
            whole = dict(value) if isinstance(value, dict) else list(value)
            whole[key] = below[0]
            return (whole,)
    return None


# ---- where files lie ----------------------------------------------------------------------------------------


def _hints(graph: dict[str, Json], changes: Sequence[Change], view: View) -> bool:
    """`properties.models` follow a changed file name: ComfyUI offers downloads by them. Whether there was one to change."""
    found = False
    for change in changes:
        for edit in change.edits:
            if not isinstance(edit.before, str) or not isinstance(edit.after, str) or edit.kind != "value":
                continue
            node = view.by_id.get(edit.node)
            for raw in (graph, node.properties if node is not None else {}):
                listed = raw.get("models")
                if isinstance(listed, list) and any(_about(one, edit) for one in listed):
                    raw["models"] = [new for one in listed if (new := _hint(one, change, edit)) is not None]
                    found = True
    return found


def _about(one: Json, edit: Edit) -> bool:
    return isinstance(one, dict) and one.get("name") == edit.before


def _hint(one: Json, change: Change, edit: Edit) -> Json:
    if not _about(one, edit):
        return one
    needs = change.needs
    if needs is None or not needs.url:
        return None  # the old address would fetch the old file
    return {"name": needs.name, "url": needs.url, "directory": needs.folder}
