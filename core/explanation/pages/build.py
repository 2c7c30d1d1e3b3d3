"""Facts → the two pages, for a newcomer and for an expert. Pure: pages arrange facts and say nothing of their own."""

from __future__ import annotations

from ..types import Anatomy, Fact, Page
from . import expert, newcomer
from .shelf import Shelf


def pages(anatomy: Anatomy, facts: tuple[Fact, ...]) -> tuple[Page, Page]:
    """The newcomer's page, then the expert's."""
    shelf = Shelf(anatomy, facts)
    return newcomer.page(shelf), expert.page(shelf)
