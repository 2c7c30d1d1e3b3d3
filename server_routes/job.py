"""One search that a person asked for: how far it is, what it found, and how much of that others may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.schedule import CANCELLED, DONE, FAILED

if TYPE_CHECKING:
    from ..core.resolution.types import Resolution

RUNNING = "running"
WORKFLOW, OPEN, LIBRARY = "workflow", "open", "library"  # a listed workflow, the graph on the canvas, all workflows
_STATES = ("RESOLVED", "UNCERTAIN", "NOT_FOUND")
_HIDDEN = {"message": "The search failed.", "hint": "ComfyUI's log says more."}
Json = dict[str, Any]

__all__ = ["CANCELLED", "DONE", "FAILED", "LIBRARY", "OPEN", "RUNNING", "WORKFLOW", "Job"]


@dataclass(slots=True)
class Job:
    """`owner`: who asked. `allowed`: what the person let be asked when it began."""

    id: int
    owner: str
    scope: str
    slug: str | None
    allowed: frozenset[str]
    state: str = RUNNING
    done: int = 0
    total: int = 0
    now: Json | None = None
    error: dict[str, str] | None = None
    _counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_STATES, 0))
    _silent: dict[str, None] = field(default_factory=dict)
    _results: dict[str, Resolution] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.state == RUNNING

    def at(self, done: int, total: int, name: str, did: str, found: Resolution | None) -> None:
        """How far it is. `found`: the verdict that has just come in."""
        if found is not None:
            self._count(found)
        self.done, self.total = done, total
        self.now = {"name": name, "did": did}

    def took(self, found: Iterable[Resolution]) -> None:
        """All that it found. Of a library only the counts: its verdicts are shown with their workflows."""
        self._counts, self._silent = dict.fromkeys(_STATES, 0), {}
        for one in found:
            self._count(one)
            if self.scope != LIBRARY:
                self._results[one.key] = one

    def end(self, state: str, error: dict[str, str] | None = None) -> None:
        """It is over, for the first reason that is given."""
        if self.running:
            self.state, self.error, self.now = state, error, None

    def _count(self, found: Resolution) -> None:
        self._counts[found.state] += 1
        self._silent.update(dict.fromkeys(one.source for one in found.silent))

    # ---- as JSON ---------------------------------------------------------------------------------------

    def as_json(self, *, results: bool = True) -> Json:
        """For its owner. `results`: with the verdicts themselves."""
        from ..core.resolution.types import to_json

        found = {key: to_json(one) for key, one in self._results.items()} if results else {}
        now = self.now if self.running else None
        return {**self.as_event(private=False), "slug": self.slug, "now": now, "results": found}

    def as_foreign(self) -> Json:
        """For another user: how far it is, and no name of anything."""
        return {**self.as_event(private=True), "slug": None, "now": None, "results": {}}

    def as_event(self, *, private: bool) -> Json:
        """For everyone's pages. `private`: several users share this ComfyUI, so not even an error may name a thing."""
        error = self.error
        return {
            "id": self.id,
            "state": self.state,
            "scope": self.scope,
            "done": self.done,
            "total": self.total,
            "counts": dict(self._counts),
            "silent": list(self._silent),
            "error": {**_HIDDEN, "code": error["code"]} if error and private else error,
        }
