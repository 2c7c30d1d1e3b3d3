"""The page for someone who sees the workflow for the first time. Pure."""

from __future__ import annotations

from ..types import Fact, Page, Row, Section
from .shelf import MOST_NODES, Shelf, row, section, sentence

_LEAD = ("task", "result", "task.also", "purpose.speed", "purpose.good", "purpose.cost")
MOST_LEAD = 5
MOST_KNOBS = 9


def page(shelf: Shelf) -> Page:
    """How it works, what does what, what to change first, what to keep in mind, what is missing."""
    sections: list[Section] = [
        *section("how", "How it works", map(row, shelf.of("stage"))),
        *section("models", "Models and what they do", map(row, shelf.models())),
        *section("tune", "What to tune first", map(row, shelf.of("knob")[:MOST_KNOBS])),
        *section("switches", "Choices the author built in", (row(one) for one in shelf.of("switch") if one.weight)),
        *section("fit", "Will it fit?", map(cost, shelf.of("cost"))),
        *section("mind", "Keep in mind", (*map(sentence, _minded(shelf)), *_off(shelf))),
        *section("missing", "What is missing here", map(row, shelf.of("missing"))),
        *section("improve", "What could be better", _better(shelf)),
        *section("notes", "What the author says", map(row, shelf.of("note"))),
        *section("docs", "What the documentation says", map(row, shelf.of("doc"))),
        *section("unknown", "What we cannot tell", map(row, shelf.of("unknown"))),
    ]
    return Page("newcomer", shelf.line(), tuple(_lead(shelf)), tuple(sections))


def _lead(shelf: Shelf) -> list[Row]:
    found = [shelf.by_id[one] for one in _LEAD if one in shelf.by_id]
    found = [one for one in found if one.id != "result" or one.brief[2]]  # "out comes a picture" says nothing new
    return [sentence(one)._replace(nodes=()) for one in found[:MOST_LEAD]]


def _minded(shelf: Shelf) -> list[Fact]:
    """Risks and licences, what is likely wrong first; practice notes of others behind."""
    found = shelf.of("risk", "licence", "practice")
    return sorted(found, key=lambda one: -one.weight)


def _off(shelf: Shelf) -> list[Row]:
    return [sentence(one) for one in shelf.of("off")]


def _better(shelf: Shelf) -> list[Row]:
    """What would settle a risk, by the advice of its rule."""
    return [
        Row("", "", one.brief[1], one.nodes[:MOST_NODES], (one.id,))
        for one in _minded(shelf)
        if one.kind == "risk" and one.brief[1]
    ]


def cost(fact: Fact) -> Row:
    """A fact of what it costs to run: a row where it has a short form, else a sentence."""
    return row(fact) if fact.brief[0] else sentence(fact)
