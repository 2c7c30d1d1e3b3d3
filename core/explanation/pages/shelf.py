"""The facts of one workflow, sorted for the pages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..types import Anatomy, Fact, Row, Section

MOST_NODES = 4  # links of one row
MOST_ROWS = 60  # of one section


class Shelf:
    """Facts by kind and by id, and how rows are made of them."""

    def __init__(self, anatomy: Anatomy, facts: Sequence[Fact]) -> None:
        self.anatomy = anatomy
        self.facts = facts
        self.by_id = {fact.id: fact for fact in facts}
        self._kinds: dict[str, list[Fact]] = {}
        for fact in facts:
            self._kinds.setdefault(fact.kind, []).append(fact)

    def of(self, *kinds: str) -> list[Fact]:
        """All facts of these kinds, in their order."""
        return [fact for kind in kinds for fact in self._kinds.get(kind, ())]

    def models(self) -> list[Fact]:
        """The facts of model files, the main models first."""
        return [fact for fact in self.facts if fact.kind in ("model", "lora") and not fact.id.startswith("dtype.")]

    def starting(self, *heads: str) -> list[Fact]:
        """All facts whose id begins like this."""
        return [fact for head in heads for fact in self.facts if fact.id.startswith(head)]

    def line(self) -> str:
        """What it is for, and the main models: "Picture edited by a sentence · FLUX.1 Kontext [dev]"."""
        task = self.by_id.get("task")
        models = self.by_id.get("models")
        parts = [task.brief[0] if task is not None else "", models.brief[0] if models is not None else ""]
        return " · ".join(part for part in parts if part)


def row(fact: Fact) -> Row:
    """A fact as a row of a table, by its short form."""
    title, side, text = fact.brief
    return Row(title, side, text, fact.nodes[:MOST_NODES], (fact.id,), fact.code)


def sentence(fact: Fact) -> Row:
    """A fact as a sentence."""
    return Row("", "", fact.text, fact.nodes[:MOST_NODES], (fact.id,), fact.code)


def section(key: str, title: str, rows: Iterable[Row]) -> list[Section]:
    """The section, or none where it has no rows."""
    found = tuple(rows)[:MOST_ROWS]
    return [Section(key, title, found)] if found else []
