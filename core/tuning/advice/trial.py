"""What a change is worth: it is made, the new graph is read and estimated, and both estimates are compared. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ...explanation.graph import View
from ...explanation.types import Anatomy
from ...workflow.raw import Json
from ...workflow.types import Workflow
from ..edit.edited import NotEdited, ViewOf, edited_view
from ..types import NOTHING, Change, Estimate, FileFacts, Files, Range, Stage

Reread = Callable[[Workflow], Anatomy]
Measure = Callable[[Anatomy, Files], Estimate]


_MOST_NODES, _FEWEST = 40_000, 12  # read for one answer, all trials together; trials of a workflow however large


class State(NamedTuple):
    """A graph with changes made, as it reads, and what it wants."""

    graph: dict[str, Json]
    view: View
    anatomy: Anatomy
    estimate: Estimate


class Trials:
    """Makes changes to one workflow and says what comes of them. `refused`: change id → why it cannot be made. `spent`:
    whether it was asked for more than it makes: each takes as long as the workflow is large."""

    def __init__(self, view: View, anatomy: Anatomy, view_of: ViewOf, reread: Reread, measure: Measure, files: Files):
        self._format = view.workflow.format
        self._view_of, self._reread, self._measure, self._files = view_of, reread, measure, files
        self.start = State(view.workflow.root.raw, view, anatomy, measure(anatomy, files))
        self.refused: dict[str, str] = {}
        self.spent = False
        self._left = max(_FEWEST, _MOST_NODES // max(1, len(view.nodes)))
        self._known: dict[frozenset[str], State | None] = {}

    def after(self, state: State, changes: Sequence[Change], made: Sequence[Change] = ()) -> State | None:
        """The state with these changes made too; None where one cannot be made, or no more are tried. `made`: those that
        it has already."""
        key = frozenset(change.id for change in (*made, *changes))
        if key not in self._known:
            if not self._left:
                self.spent = True
                return None
            self._left -= 1
            self._known[key] = self._after(state, changes, made)
        return self._known[key]

    def whole(self, changes: Sequence[Change]) -> State | None:
        """All of them at once, made to the workflow as it is: as they are written."""
        known = self._known.get(frozenset(change.id for change in changes)) if len(changes) == 1 else None
        return known or self._after(self.start, changes, ())

    def _after(self, state: State, changes: Sequence[Change], made: Sequence[Change]) -> State | None:
        try:
            graph, view = edited_view(state.view, state.graph, self._format, changes, self._view_of)
            anatomy = self._reread(view.workflow)
        except NotEdited as error:
            self.refused.update({change.id: error.message for change in changes})
            return None
        every = (*made, *changes)
        return State(graph, view, anatomy, self._measure(anatomy, with_sizes(self._files, every)))


def with_sizes(files: Files, changes: Sequence[Change]) -> Files:
    """`files`, and the sizes of the files that the changes bring."""
    sizes: Mapping[str, int] = {one.needs.name: one.needs.size for one in changes if one.needs and one.needs.size}

    def known(name: str, folders: tuple[str, ...]) -> FileFacts | None:
        found = files(name, folders)
        return found or (FileFacts(sizes[name], known_from="size") if name in sizes else None)

    return known


def largest(stages: Sequence[Stage]) -> Range:
    """The largest total of the stages, each end for itself."""
    totals = [stage.total for stage in stages]
    if not totals:
        return NOTHING
    return Range(*(max(one[at] for one in totals) for at in range(3)))
