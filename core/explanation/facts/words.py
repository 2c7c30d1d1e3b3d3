"""Sentences that remember where each name and number in them came from. Pure.

A fact is written through `Words`: whatever is put into a sentence is noted under the file's values, the source's, the
counted or the measured ones, so that `check.py` can prove the sentence. Nothing else may name or number anything.
"""

from __future__ import annotations

from typing import NamedTuple

from ...workflow.raw import Json
from ..graph import Given
from ..types import GRAPH, Fact
from . import say
from .practice import Figure, Profile

COMPUTED = "computed"  # the rule of numbers that the anatomy worked out at a node


class Term(NamedTuple):
    """A piece of a sentence with what it rests on. `value` is what conditions compare."""

    value: Json
    text: str
    graph: tuple[Json, ...] = ()
    known: tuple[Json, ...] = ()
    counted: tuple[int, ...] = ()
    worked: tuple[tuple[Json, str, tuple[Json, ...]], ...] = ()
    source: str = ""
    url: str = ""
    nodes: tuple[str, ...] = ()


def of_given(given: Given | None, default: Term | None = None) -> Term | None:
    """The term of a value of the graph; None where it is not known."""
    if given is None or given.value is None or isinstance(given.value, list | dict):
        return default
    text = say.value(given.value)
    if not text:
        return default
    if not given.input:  # worked out of other values by the node itself
        return Term(given.value, text, worked=((given.value, COMPUTED, (given.node,)),), nodes=(given.node,))
    return Term(given.value, text, graph=(given.value,), nodes=(given.node,))


def of_name(name: str, nodes: tuple[str, ...] = ()) -> Term:
    """The term of a file name, as the file has it."""
    return Term(name, say.value(name), graph=(name,), nodes=nodes)


def of_range(figure: Figure | None) -> Term | None:
    """The term of a usual range: "20 to 50", or "4" where both ends are one."""
    if figure is None:
        return None
    low, high = figure.values[0], figure.values[1]
    text = say.number(low) if low == high else f"{say.number(low)} to {say.number(high)}"
    return Term(high, text, known=(low, high), source=figure.source, url=figure.url)


def of_label(known: Profile | None, fallback: str = "") -> Term | None:
    """The term of a model's usual name; `fallback`: a file name to use where the model is not known."""
    if known is not None:
        return Term(known.label, known.label, known=(known.label,), source=known.label_source)
    return of_name(fallback) if fallback else None


class Words:
    """The notes of one sentence while it is written."""

    def __init__(self, nodes: tuple[str, ...] = ()) -> None:
        self.graph: list[Json] = []
        self.known: list[Json] = []
        self.counted: list[int] = []
        self.measured: list[Json] = []
        self.worked: list[tuple[Json, str, tuple[Json, ...]]] = []
        self.nodes: list[str] = list(nodes)
        self.sources: list[str] = []
        self.url = ""

    def take(self, term: Term) -> str:
        """Use a term: its text, with all it rests on noted."""
        self.graph += term.graph
        self.known += term.known
        self.counted += term.counted
        self.worked += term.worked
        self.nodes += term.nodes
        if term.source:
            self.sources.append(term.source)
        self.url = self.url or term.url
        return term.text

    def value(self, given: Given) -> str:
        """Use a value of the graph, where it stands included."""
        term = of_given(given)
        return self.take(term) if term else ""

    def name(self, text: str) -> str:
        """Use a name that stands in the file, whole."""
        self.graph.append(text)
        return say.value(text)

    def quote(self, text: str) -> str:
        """Use the beginning of a text of the person's own."""
        self.graph.append(text)
        return say.quote(text)

    def label(self, text: str, source: str, url: str = "") -> str:
        """Use words that a document says."""
        self.known.append(text)
        self.sources.append(source)
        self.url = self.url or url
        return text

    def usual(self, figure: Figure) -> str:
        """Use a usual range."""
        term = of_range(figure)
        return self.take(term) if term else ""

    def count(self, number: int, one: str, many: str = "") -> str:
        """Use a count of things of the graph, small ones as words."""
        self.counted.append(number)
        return say.spelled(number, one, many)

    def size(self, count: int) -> str:
        """Use the size of a file."""
        text = say.size(count)
        self.measured.append(text)
        return text

    def work(self, result: float, rule: str, *values: Json) -> str:
        """Use a number worked out of the file's values by a rule that `check.py` knows."""
        self.worked.append((result, rule, values))
        return say.number(result)

    def fact(
        self,
        id: str,
        kind: str,
        text: str,
        *,
        brief: tuple[str, str, str] = ("", "", ""),
        weight: int = 0,
        code: str = "",
        source: str = "",
        url: str = "",
    ) -> Fact:
        """The finished fact."""
        sources = [source, *self.sources] if source else self.sources
        return Fact(
            id, kind, text, say.unique(self.nodes), tuple(self.graph), tuple(self.known),
            "; ".join(say.unique(sources)) or GRAPH, tuple(self.counted), tuple(self.measured), weight,
            tuple(self.worked), brief, url or self.url, code,
        )  # fmt: skip
