"""What the author says beside the graph: notes, one by one, and the rest as a count. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..explanation.outline import NOTES
from ..workflow.raw import Json
from ..workflow.types import Node, Workflow
from .types import NOTED, Difference, Side
from .values import alike, frozen, word_diff
from .words import says

_ALIKE = 0.5  # share of equal words from which on two notes are the same one, rewritten
_MOST_TRIED = 2_000  # pairs of notes that are compared by their words
_TOLD = ("title", "name", "description", "info", "models")  # of the graph and its `extra`


def notes(old: Workflow, new: Workflow) -> list[Difference]:
    """The notes that were changed, added or taken away. An API graph has none, so nothing is told against one."""
    if old.format != new.format:
        return []
    gone, come = _notes(old), _notes(new)
    for text in (Counter(map(_text, gone)) & Counter(map(_text, come))).elements():
        gone.remove(next(one for one in gone if _text(one) == text))
        come.remove(next(one for one in come if _text(one) == text))
    rows = []
    for before in list(gone):
        after = next((one for one in come if one.id == before.id), None) or _nearest(before, come, len(gone))
        if after is not None:
            gone.remove(before)
            come.remove(after)
            rows.append(_row(before, after))
    return [*rows, *(_row(one, None) for one in gone), *(_row(None, one) for one in come)]


def _notes(workflow: Workflow) -> list[Node]:
    return [node for node in workflow.nodes if node.class_type in NOTES and _text(node)]


def _text(node: Node) -> str:
    held = node.widgets.values() if isinstance(node.widgets, dict) else node.widgets
    return next((one.strip() for one in held if isinstance(one, str) and one.strip()), "")


def _nearest(note: Node, others: list[Node], many: int) -> Node | None:
    if many * len(others) > _MOST_TRIED:
        return None
    best = max(others, key=lambda one: alike(_text(note), _text(one)), default=None)
    return best if best is not None and alike(_text(note), _text(best)) >= _ALIKE else None


def _row(before: Node | None, after: Node | None) -> Difference:
    sides = [Side(one.id, one.class_type, one.title) if one is not None else None for one in (before, after)]
    texts = [_text(one) if one is not None else None for one in (before, after)]
    words = word_diff(texts[0], texts[1]) if texts[0] and texts[1] else ()
    row = Difference(NOTED, sides[0], sides[1], "", texts[0], texts[1], words=words)
    return row._replace(text=says(row))


def metadata(old: Workflow, new: Workflow) -> int:
    """How many further things that the author says differ: links of model files, titles of groups, a description."""
    if old.format != new.format:
        return 0
    before, after = (Counter(_told(one)) for one in (old, new))
    return max((before - after).total(), (after - before).total())


def _told(workflow: Workflow) -> Iterator[object]:
    root = workflow.root.raw
    extra = root.get("extra")
    for holder in (root, extra if isinstance(extra, dict) else {}):
        yield from (("said", key, frozen(holder[key])) for key in _TOLD if holder.get(key))
    seen: set[int] = set()
    for node in workflow.nodes:  # an inner node of two instances is one object of the file
        if id(node.raw) not in seen:
            seen.add(id(node.raw))
            yield from (("link", frozen(one)) for one in _list(node.properties.get("models")))
    for scope in workflow.scopes:
        if id(scope.raw) not in seen and scope.kind != "api":
            seen.add(id(scope.raw))
            groups = (one.get("title") for one in _list(scope.raw.get("groups")) if isinstance(one, dict))
            yield from (("group", frozen(title)) for title in groups)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
