"""Compares a graph before and after an edit, as the server would get it: what differs has to be meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...explanation.graph import View
from ...workflow.raw import Json
from ...workflow.source import source
from ...workflow.types import Literal, Node, Origin
from ..types import Edit
from .text import same
from .values import Reader, read_values


def verify(old: View, new: View, edits: Sequence[Edit], meant: Mapping[Reader, Json]) -> None:
    """Raises NotEdited unless every edit took effect and nothing else changed."""
    from .edited import NotEdited

    for edit in edits:
        if not _holds(new, edit):
            raise NotEdited(f"The change of {edit.input or 'the type'} of node {edit.node} did not take effect.")
    replaced = {edit.node for edit in edits if edit.kind == "type"}
    switched = {edit.node for edit in edits if edit.kind == "mode"}
    inserted = set(new.by_id) - set(old.by_id)
    if len(inserted) != sum(edit.kind == "insert" for edit in edits) or set(old.by_id) - set(new.by_id) != switched:
        raise NotEdited("Other nodes would run than were meant.")
    for id, node in old.by_id.items():
        if id not in switched and id not in replaced and not _alike(node, new.by_id[id]):
            raise NotEdited(f"Node {id} would change without being meant.")
    _values(dict(read_values(old)), dict(read_values(new)), meant, replaced | switched | inserted)
    rewired = {edit.node for edit in edits if edit.kind in ("insert", "mode")}
    _links(old, new, inserted, rewired, switched)


def _alike(one: Node, other: Node) -> bool:
    return one.class_type == other.class_type and one.mode == other.mode


def _holds(view: View, edit: Edit) -> bool:
    node = view.by_id.get(edit.node)
    if edit.kind == "mode":
        return node is None
    if node is None:
        return False
    if edit.kind == "value":
        given = view.value(node, edit.input)
        return given is not None and same(given.value, edit.after)
    if edit.kind == "type" and node.class_type != edit.after:
        return False
    if edit.kind == "insert":
        users = [user for user, _, _ in view.users(node)]
        if len(users) != 1 or users[0].class_type != edit.after:
            return False
        node = users[0]
    values: dict[str, Any] = dict(view.values(node))
    return all(name in values and same(values[name], value) for name, value in edit.values)


def _values(old: Mapping[Reader, Any], new: Mapping[Reader, Any], meant: Mapping[Reader, Json], free: set[str]) -> None:
    from .edited import NotEdited

    for reader in old.keys() | new.keys():
        if reader[0] in free and reader not in meant:
            continue
        before, after = old.get(reader, _NONE), new.get(reader, _NONE)
        if isinstance(before, Origin) and isinstance(after, Origin):
            continue  # links are compared apart
        if reader in meant and not same(after, meant[reader]):
            raise NotEdited(f"{reader[1]} of node {reader[0]} would not become what was meant.")
        if reader not in meant and not same(before, after):
            raise NotEdited(f"{reader[1]} of node {reader[0]} would change without being meant.")


_NONE: dict[str, str] = {"absent": "absent"}


def _links(old: View, new: View, inserted: set[str], rewired: set[str], gone: set[str]) -> None:
    """Links stay, but for those that came from a node that was bypassed or has another behind it now."""
    from .edited import NotEdited

    for id, node in old.by_id.items():
        if id in gone:
            continue
        for slot in node.slots:
            if slot.link is None:
                continue
            before = source(old.workflow, node, slot.name)
            after = source(new.workflow, new.by_id[id], slot.name)
            if isinstance(before, Literal) or isinstance(after, Literal) or before == after:
                continue  # values are compared above
            old_node = before.node if isinstance(before, Origin) else ""
            new_node = after.node if isinstance(after, Origin) else ""
            if old_node not in rewired or not new_node or not (new_node in inserted or old_node in gone):
                raise NotEdited(f"{slot.name} of node {id} would be fed by another node.")
