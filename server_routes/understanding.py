"""Explains, tunes and compares workflows for the people of this ComfyUI. Nothing is written here but plans."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import ComfyFixerError
from ..core.files import read_small, to_json
from .host.quiet import quietly, quietly_for_long, settle

if TYPE_CHECKING:
    from ..core.understanding.types import Subject
    from .host import User
    from .service import Service
    from .shelf import Shelf

OPEN = "the open graph"
MOST_NODES = 5_000  # of a graph that is understood: some stages take a second for each thousand
Json = dict[str, Any]


class Asked(NamedTuple):
    """Which workflow a question is about: a listed one, the graph on the canvas, or the last good version of a listed one."""

    slug: str | None = None
    workflow: Json | None = None
    name: str = ""
    good: str | None = None


@contextmanager
def _quietly() -> Iterator[None]:
    """`quietly`, and the tables that the first question loads cost the event loop no garbage pass afterwards."""
    with quietly():
        yield
        settle()


class Understand:
    """Over the App's understanding, for one person at a time. All of it may raise `unknown_workflow` and `no_workflow`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def explain(self, user: User, asked: Asked) -> Json:
        """A workflow explained, with how it fits this machine."""
        with _quietly():
            app = self._service.app()
            subject = self._subject(user, asked)
            told = app.understanding.explain(subject.workflow, sizes=self._sizes(user, subject)).as_json()
        return {"explanation": {**told, "name": subject.name, "slug": asked.slug}}

    def tune(self, user: User, asked: Asked, memory: int | None) -> Json:
        """Changes and variants that make it fit `memory` bytes; None takes the machine's own."""
        from ..core.understanding.tuning import tuned

        with _quietly():
            subject = self._subject(user, asked)
            told = tuned(self._service.app().understanding, subject, memory, sizes=self._sizes(user, subject))
        path = self._service.shelf(user).page_path(told.path) if told.path else None
        return {"tune": {**told.as_json(), "path": path, "name": subject.name, "slug": asked.slug}}

    def estimate(self, user: User, asked: Asked, memory: int | None, changes: Sequence[str]) -> Json:
        """What it would want with these changes. Raises ComfyFixerError `unknown_change`, `no_version`."""
        from ..core.understanding.tuning import estimated

        with _quietly():
            subject = self._subject(user, asked)
            known, sizes = self._service.app().understanding, self._sizes(user, subject)
            return {"estimate": estimated(known, subject, memory, changes, sizes=sizes).as_json()}

    def graph(self, user: User, asked: Asked, memory: int | None, changes: Sequence[str]) -> Json:
        """The graph with these changes, to be opened beside the one on the canvas. Raises ComfyFixerError `unknown_change`."""
        from ..core.understanding.tuning import next_name, written

        with _quietly():
            subject = self._subject(user, asked)
            known, sizes = self._service.app().understanding, self._sizes(user, subject)
            data = written(known, subject, memory, changes, sizes=sizes).data
        return {"workflow": json.loads(data), "name": next_name(asked.name or subject.name)}

    def plan(self, user: User, slug: str, memory: int | None, changes: Sequence[str]) -> Json:
        """A plan, which is kept, of the new version and what it needs. Raises ComfyFixerError `unknown_change`, `no_version`."""
        from ..core.actions.types import as_json
        from ..core.understanding.tuning import planned, written

        with quietly_for_long():
            shelf, app = self._service.shelf(user), self._service.app()
            subject = self._subject(user, Asked(slug))
            version = written(app.understanding, subject, memory, changes, sizes=self._sizes(user, subject))
            with closing(self._service.acting.open(user, shelf)) as session:
                plan = planned(app, session, subject, version)
        return {"plan": as_json(plan)}

    def compare(self, user: User, old: Asked, new: Asked) -> Json:
        """What is not the same in `new`. Raises ComfyFixerError `no_good_version`."""
        with _quietly():
            before, after = self._subject(user, old), self._subject(user, new)
            known, sizes = self._service.app().understanding, self._sizes(user, after)
            told = known.compare(before.workflow, after.workflow, sizes=sizes).as_json()
        return {"comparison": {**told, "old": before.name, "new": after.name}}

    # ---- which workflow ----------------------------------------------------------------------------------

    def _subject(self, user: User, asked: Asked) -> Subject:
        found = self._read(user, asked)
        if len(found.workflow.nodes) > MOST_NODES:
            raise ComfyFixerError(
                "too_large", f"The graph has more than {MOST_NODES:,} nodes.", "Ask about a part of it."
            )
        return found

    def _read(self, user: User, asked: Asked) -> Subject:
        from ..core.understanding.understanding import chosen, subject

        shelf = self._service.shelf(user)
        if asked.workflow is not None:
            name = asked.name or OPEN
            return subject(to_json(asked.workflow, indent=None).encode("ascii"), name)
        if asked.good is not None:
            return self._good(shelf, asked.good)
        file, name = shelf.find(asked.slug or "")
        data = b""
        if file.path.lower().endswith(".json"):
            from ..core.workflow.read import MAX_GRAPH_BYTES

            data = read_small(file.path, MAX_GRAPH_BYTES) or b""
        if data:
            return subject(data, file.name, path=file.path, graph=name)
        return chosen(self._service.app().read(file), file.name, path=file.path, graph=name)

    def _good(self, shelf: Shelf, slug: str) -> Subject:
        from ..core.understanding.understanding import good_version

        return good_version(shelf.state / "good", shelf.find(slug)[1])

    def _sizes(self, user: User, subject: Subject) -> dict[str, int]:
        """Sizes of what is not here, as far as it was looked up."""
        from ..core.understanding.understanding import resolved_sizes

        app, shelf = self._service.app(), self._service.shelf(user)
        checked = app.check_workflow(subject.workflow)
        return resolved_sizes(app.resolutions(checked, shelf.found).values())
