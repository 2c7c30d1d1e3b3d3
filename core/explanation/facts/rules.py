"""Asks the rules of `knowledge/practice.json` of records, and writes what they find. Pure.

A record is what one thing of the workflow looks like: its fields as terms, each with what it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...knowledge import document
from ...workflow.raw import Json
from ..types import Fact
from . import say
from .words import Term, Words

RULES = "knowledge/practice.json#rules.{}"
_FIELD = re.compile(r"\{([a-z_]+)\}")


class Record(NamedTuple):
    """One thing that rules look at. `key` makes the fact's id; `nodes` are jumped to."""

    each: str
    key: str
    nodes: tuple[str, ...]
    fields: Mapping[str, Term | None]


def value(term: Term | None) -> Json:
    """What conditions compare."""
    return term.value if term is not None else None


def plain(content: Json) -> Term:
    """A field that conditions ask for and no sentence shows."""
    return Term(content, "")


def judged(records: Iterator[Record]) -> Iterator[Fact]:
    """Every rule that holds, in the order of the rules, the weightiest things included."""
    rules: list[dict[str, Any]] = document("practice")["rules"]
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.each, []).append(record)
    for rule in rules:
        found: dict[str, Fact] = {}
        for record in by_kind.get(rule["each"], ()):
            fact = written(rule, record) if all(holds(line, record) for line in rule["when"]) else None
            if fact is not None:
                found[fact.text] = _joined(found[fact.text], fact) if fact.text in found else fact
        yield from found.values()


def _joined(one: Fact, other: Fact) -> Fact:
    """The same sentence of two places is said once, with the nodes of both."""
    return one._replace(
        nodes=say.unique((*one.nodes, *other.nodes)), graph=(*one.graph, *other.graph),
        known=(*one.known, *other.known), worked=(*one.worked, *other.worked),
    )  # fmt: skip


def holds(line: list[Any], record: Record) -> bool:
    """Whether one line of a rule is true of a record; a field that is not known makes it false."""
    field, comparison, *rest = line
    found = value(record.fields.get(field))
    if found is None:
        return False
    if comparison == "known":
        return bool(found != "")
    wanted = value(record.fields.get(rest[0][1:])) if isinstance(rest[0], str) and rest[0].startswith("@") else rest[0]
    if wanted is None:
        return False
    if comparison in ("=", "!="):
        return bool(found == wanted) is (comparison == "=")
    if comparison == "in":
        return found in list(wanted)
    if isinstance(found, bool) or not isinstance(found, int | float) or not isinstance(wanted, int | float):
        return False
    wanted *= rest[1] if len(rest) > 1 else 1
    return {"<": found < wanted, ">": found > wanted, "<=": found <= wanted, ">=": found >= wanted}[comparison]


def written(rule: Mapping[str, Any], record: Record) -> Fact | None:
    """The fact that a rule makes of a record; None where the sentence would need what is not known."""
    words = Words(record.nodes)
    text = filled(rule["text"], record, words)
    if text is None:
        return None
    own = RULES.format(rule["id"])
    url = str(rule.get("url", ""))
    said = str(rule["source"])
    if said.startswith("@"):
        figure = record.fields.get(said[1:]) or record.fields.get(f"{said[1:]}_usual")
        url = figure.url if figure is not None else ""
    words.known += rule.get("known", ())
    advice = filled(rule["improve"], record, words) if "improve" in rule else None
    code = str(rule.get("code", ""))
    kind = "licence" if record.each == "licence" else "risk"
    return words.fact(
        f"{kind}.{rule['id']}{'.' + record.key if record.key else ''}", kind, text,
        brief=(code or rule["id"], advice or "", text), weight=int(rule["weight"]), code=code, source=own, url=url,
    )  # fmt: skip


def filled(template: str, record: Record, words: Words) -> str | None:
    """The sentence with its fields put in; None where one of them has no words."""
    missing = False

    def put(match: re.Match[str]) -> str:
        nonlocal missing
        term = record.fields.get(match[1])
        if term is None or not term.text:
            missing = True
            return ""
        return words.take(term)

    text = _FIELD.sub(put, template)
    return None if missing else say.stop(text)
