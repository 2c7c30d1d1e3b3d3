"""What was worked out of a workflow's graph: practice notes and how it fits the memory. Kept until one of both changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..explanation.types import Fact
from ..readiness.types import INFO, Evidence, Finding, Fix
from .types import Practice

RULES = 1  # raised when the rules of practice change, so that every review is made again
MOST = 12  # notes of one workflow
MOST_TEXT = 1000  # characters
_KINDS = frozenset({"practice", "risk"})


class Review(NamedTuple):
    """`key`: of the content, the files and the machine that it was made of. `fit`: a line, "" where nothing was estimated;
    `heavy`: HW001, None where it fits; `line`, `text`: what it is, in a line and in a few sentences."""

    key: str
    practice: tuple[Practice, ...] = ()
    fit: str = ""
    heavy: Finding | None = None
    line: str = ""
    text: str = ""

    def as_json(self) -> list[Any]:
        """As plain JSON values."""
        return [self.key, [list(one) for one in self.practice], self.fit, _heavy(self.heavy), self.line, self.text]

    @classmethod
    def from_json(cls, raw: Any) -> Review | None:
        """What `as_json` gave; None where any of it is not as it was written."""
        try:
            key, practice, fit, heavy, line, text = raw
            notes = tuple(
                Practice(str(id), str(text), tuple(map(str, nodes)), str(source), str(url), int(weight))
                for id, text, nodes, source, url, weight in practice
            )
            return cls(str(key), notes, str(fit), _finding(heavy), str(line)[:MOST_TEXT], str(text)[:MOST_TEXT])
        except (TypeError, ValueError):
            return None


def practice_of(facts: Iterable[Fact]) -> tuple[Practice, ...]:
    """The facts that say what is odd, or better done otherwise; the heaviest first."""
    found = [one for one in facts if one.kind in _KINDS and one.weight >= 1]
    found.sort(key=lambda one: -one.weight)
    return tuple(Practice(one.id, one.text, one.nodes, one.source, one.url, one.weight) for one in found[:MOST])


def _heavy(one: Finding | None) -> list[Any] | None:
    """A note on memory has no folders, files or fixes that differ by place: the sentence and its reasons are all of it."""
    if one is None:
        return None
    return [
        one.code,
        one.name,
        one.message,
        [e.text for e in one.evidence],
        [[f.kind, f.text] for f in one.fixes],
        one.size,
    ]


def _finding(raw: Any) -> Finding | None:
    if raw is None:
        return None
    code, name, message, evidence, fixes, size = raw
    return Finding(
        str(code),
        INFO,
        str(name),
        str(message),
        evidence=tuple(Evidence("estimate", str(text)) for text in evidence),
        fixes=tuple(Fix(str(kind), str(text)) for kind, text in fixes),
        size=int(size) if size is not None else None,
    )
