"""The page for someone who knows the field: one line per pass, model, size and risk. Pure."""

from __future__ import annotations

from ..types import Fact, Page, Row, Section
from .newcomer import cost
from .shelf import MOST_NODES, Shelf, row, section, sentence


def page(shelf: Shelf) -> Page:
    """All parameters, and what is odd about them."""
    sections: list[Section] = [
        *section("passes", "Passes", map(row, shelf.of("sampling"))),
        *section("models", "Models", (_model(shelf, one) for one in shelf.models())),
        *section("sizes", "Sizes", map(row, shelf.of("size"))),
        *section("texts", "Texts", map(row, shelf.of("text"))),
        *section(
            "ends", "In and out", map(sentence, (one for one in shelf.of("input", "output") if one.id != "result"))
        ),
        *section("switches", "Switches", map(row, shelf.of("switch"))),
        *section("fit", "Memory", map(cost, shelf.of("cost"))),
        *section(
            "mind",
            "Risks",
            (_risk(one) for one in sorted(shelf.of("risk", "licence", "practice"), key=lambda one: -one.weight)),
        ),
        *section("off", "Off", map(sentence, shelf.of("off"))),
        *section("missing", "Missing", map(row, shelf.of("missing"))),
        *section("unknown", "Unknown", map(row, shelf.of("unknown"))),
    ]
    lead = tuple(
        sentence(shelf.by_id[one])._replace(nodes=())
        for one in ("counts", "result")
        if one in shelf.by_id and shelf.by_id[one].kind in ("task", "output")
    )
    return Page("expert", shelf.line(), lead, tuple(sections))


def _model(shelf: Shelf, fact: Fact) -> Row:
    """A model with its terse line, and the precision that its loader was told."""
    name, side, text = fact.brief
    kept = shelf.by_id.get(fact.id.replace(f"{fact.id.split('.', 1)[0]}.", "dtype.", 1))
    terse = shelf.by_id.get(f"terse.{fact.id}")
    said = terse.brief[2] if terse is not None else text
    said = f"{said}, {kept.brief[1]}" if kept is not None else said
    ids = tuple(one.id for one in (fact, terse, kept) if one is not None)
    return Row(name, side, said, fact.nodes[:MOST_NODES], ids)


def _risk(fact: Fact) -> Row:
    return Row("", "", fact.text, fact.nodes[:MOST_NODES], (fact.id,), fact.code)
