"""Proves an explanation: nothing that it names or numbers is made up. Pure; used by tests, benchmarks and golden files.

Of every fact and of every row of a page, the numbers, file names, node ids and quoted texts are taken out. Each has to
stand among the values that the fact rests on, and those have to hold themselves: values of the graph stand in the raw
file, equal in type and value; known ones stand in the document that the fact names; counts are no larger than what can
be counted; what was worked out comes out again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from ..errors import ComfyFixerError
from ..knowledge import document
from ..workflow.raw import Json
from ..workflow.types import Workflow
from .facts import say
from .facts.practice import documented
from .facts.words import COMPUTED
from .graph import Given
from .types import GRAPH, Anatomy, Explanation, Fact, Row

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?(?![\w])")
_FILE = re.compile(
    r"[^\s“”\"'(),;:]+\.(?:safetensors|sft|ckpt|gguf|pth|pt|bin|onnx|png|jpe?g|webp|mp4|webm|wav|mp3|flac|glb)\b", re.I
)
_QUOTED = re.compile(r"“([^”]*)”")
_DOCUMENT = re.compile(r"knowledge/([a-z_]+)\.json(?:#(.+))?")
_MOST = 200  # complaints of one explanation

# How numbers are worked out of the values beside them.
RULES: dict[str, Callable[..., float]] = {
    "quotient": lambda a, b: round(a / b, 1),
    "mega": lambda pixels: round(pixels / 1_000_000, 1),
    "root": lambda pixels: round(pixels**0.5),
    "near": lambda frames, step, more: int(round((frames - more) / step) * step + more),
    "minus": lambda value: -value,
}


def untrue(explanation: Explanation, workflow: Workflow) -> list[str]:
    """Every complaint, as a sentence with the fact's id; [] for an explanation that is true by its sources."""
    return list(_all(explanation, workflow))[:_MOST]


def _all(explanation: Explanation, workflow: Workflow) -> Iterator[str]:
    found = Values(workflow)
    computed = _computed(explanation.anatomy)
    by_id: dict[str, Fact] = {}
    for fact in explanation.facts:
        if fact.id in by_id:
            yield f"{fact.id}: the id is used twice"
        by_id[fact.id] = fact
        yield from _fact(fact, found, computed)
    for page in explanation.pages:
        rows = [*page.lead, *(row for section in page.sections for row in section.rows)]
        for row in rows:
            yield from _row(page.reader, row, by_id, found)
        yield from _line(page.line, by_id)


class Values:
    """What stands in the raw file: every value, and the ids of its nodes."""

    def __init__(self, workflow: Workflow) -> None:
        self.ids = {node.id for node in workflow.nodes}
        self.count = max(len(workflow.nodes) + len(workflow.scopes), 60)
        self._values: set[tuple[str, Json]] = set()
        self._texts: list[str] = []
        row: list[Json] = [scope.raw for scope in workflow.scopes]
        row += [scope.host for scope in workflow.scopes]
        row += [scope.host_values for scope in workflow.scopes]
        row += [node.raw for node in workflow.nodes]
        row += [workflow.name]
        while row:
            one = row.pop()
            if isinstance(one, dict):
                row += [*one, *one.values()]
            elif isinstance(one, list):
                row += one
            else:
                self._values.add(_key(one))

    def __contains__(self, value: Json) -> bool:
        """Whether the value stands in the file, of the same type; a text also as a part of one, Markdown's marks aside."""
        if _key(value) in self._values:
            return True
        if not isinstance(value, str) or not value.strip():
            return False
        if not self._texts:
            self._texts = [text for kind, text in self._values if kind == "str" and isinstance(text, str)]
        return any(value in text or value in say.unmarked(text) for text in self._texts)


def _key(value: Json) -> tuple[str, Json]:
    if isinstance(value, bool) or value is None:
        return type(value).__name__, value
    if isinstance(value, int | float):
        return "number", float(value) if abs(value) < 2**53 else value
    return "str", value if isinstance(value, str) else ""


# ---- one fact ----------------------------------------------------------------------------------------------------


def _computed(anatomy: Anatomy) -> set[tuple[str, Json]]:
    """What the anatomy worked out: (node, value) of every value that stands at no input."""
    found: set[tuple[str, Json]] = set()
    row: list[Any] = [*anatomy.samplings, *anatomy.sizes, *anatomy.texts, *anatomy.steps, *anatomy.switches]
    while row:
        one = row.pop()
        if isinstance(one, Given):
            if not one.input and isinstance(one.value, str | int | float):
                found.add((one.node, one.value))
        elif isinstance(one, tuple):
            row += one
    return found


def _fact(fact: Fact, found: Values, computed: set[tuple[str, Json]]) -> Iterator[str]:
    for node in fact.nodes:
        if node not in found.ids:
            yield f"{fact.id}: there is no node {node}"
    for value in fact.graph:
        if value not in found:
            yield f"{fact.id}: {value!r} does not stand in the file"
    for number in fact.counted:
        if not isinstance(number, int) or not 0 <= number <= found.count:
            yield f"{fact.id}: {number!r} cannot be a count of things in this file"
    for result, rule, values in fact.worked:
        fine = (values[0], result) in computed if rule == COMPUTED else _works(result, rule, values)
        if not fine:
            yield f"{fact.id}: {result!r} is not the {rule} of {values!r}"
        for value in values if rule != COMPUTED else ():
            own = any(rule == COMPUTED and result == value for result, rule, _ in fact.worked)
            if value not in found and value not in fact.known and not own:
                yield f"{fact.id}: {value!r} is worked with, but stands nowhere"
    yield from _known(fact)
    for text in (fact.text, *fact.brief):
        for word in loose(text, [fact]):
            yield f"{fact.id}: {word!r} rests on nothing, in: {text}"


def _works(result: Json, rule: str, values: tuple[Json, ...]) -> bool:
    """Whether a number comes out again; "named" is a number that stands in a name."""
    try:
        if rule == "named":
            return re.search(rf"(?<!\d){result}(?!\d)", str(values[0])) is not None
        return bool(RULES[rule](*values) == result)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return False


def _known(fact: Fact) -> Iterator[str]:
    """Known values stand in the documents named; other sources (documentation, the check) are taken at their word."""
    if not fact.known:
        return
    if fact.source == GRAPH:
        yield f"{fact.id}: it knows {fact.known[0]!r} from nowhere"
        return
    sources = fact.source.split("; ")
    matches = [_DOCUMENT.fullmatch(source) for source in sources]
    if not all(matches):
        return
    stands = set().union(*(_standing(match[1], match[2] or "") for match in matches if match))
    for value in fact.known:
        if _key(value) not in stands:
            yield f"{fact.id}: {value!r} does not stand in {fact.source}"


@cache
def _standing(name: str, path: str) -> frozenset[tuple[str, Json]]:
    """All values below a place of a document; of a family also what it takes over from its base."""
    try:
        whole = document(name)
    except (OSError, ValueError, TypeError, ComfyFixerError):
        return frozenset()
    part = _part(name, whole, path)
    found: set[tuple[str, Json]] = set()
    row: list[Json] = [part]
    while row:
        one = row.pop()
        if isinstance(one, dict):
            row += one.values()
        elif isinstance(one, list):
            row += one
        elif one is not None:
            found.add(_key(one))
    return frozenset(found)


def _part(name: str, whole: Any, path: str) -> Any:
    if not path:
        return whole
    if name == "practice_families":
        return documented(path)
    part = whole
    for step in path.split("."):
        if isinstance(part, list):
            part = next((one for one in part if isinstance(one, dict) and one.get("id") == step), None)
        elif isinstance(part, dict):
            part = part.get(step)
        else:
            return None
    return part


# ---- texts -------------------------------------------------------------------------------------------------------


def loose(text: str, facts: Iterable[Fact]) -> list[str]:
    """The numbers, names and quotes in a text that none of these facts rests on."""
    names, numbers = _allowed(facts)
    rest = text
    for name in sorted((one for one in names if one in text), key=len, reverse=True):
        rest = rest.replace(name, " \x00 ")
    found = [f"“{quoted}”" for quoted in _QUOTED.findall(rest) if quoted.strip() != "\x00"]
    rest = _QUOTED.sub(" ", rest)
    found += _FILE.findall(rest)
    rest = _FILE.sub(" ", rest)
    return found + [one for one in _NUMBER.findall(rest) if one.strip("-") not in numbers and one not in numbers]


def _allowed(facts: Iterable[Fact]) -> tuple[set[str], set[str]]:
    names: set[str] = set()
    numbers: set[str] = set()
    for fact in facts:
        for value in (*fact.graph, *fact.known, *fact.measured):
            if isinstance(value, str):
                names.add(value)
                numbers |= {value} if _NUMBER.fullmatch(value) else set()
                names.add(say.value(value))
                names.add(say.quote(value))
            elif (number := say.number(value)) != "":
                numbers.add(number)
        numbers |= {str(one) for one in fact.counted}
        numbers |= {say.number(one) for one, _, _ in fact.worked}
    return {name for name in names if name.strip() and not _NUMBER.fullmatch(name)}, numbers


def _row(reader: str, row: Row, by_id: dict[str, Fact], found: Values) -> Iterator[str]:
    """A row says only what the facts it cites say."""
    where = f"{reader} page, {row.title or row.text[:40]!r}"
    cited = [by_id[one] for one in row.facts if one in by_id]
    if len(cited) != len(row.facts):
        yield f"{where}: it cites a fact that is not there"
    for node in row.nodes:
        if node not in found.ids:
            yield f"{where}: there is no node {node}"
        elif all(node not in fact.nodes for fact in cited):
            yield f"{where}: node {node} is not among the nodes of its facts"
    for text in (row.title, row.side, row.text):
        for word in loose(text, cited):
            yield f"{where}: {word!r} rests on nothing, in: {text}"


def _line(line: str, by_id: dict[str, Fact]) -> Iterator[str]:
    cited = [by_id[one] for one in ("task", "models") if one in by_id]
    for word in loose(line, cited):
        yield f"the line: {word!r} rests on nothing, in: {line}"
