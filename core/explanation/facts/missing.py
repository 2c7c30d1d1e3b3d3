"""Facts of what this installation lacks, as the check found it. Pure.

What could not be looked at is one sentence with counts: a row for each file would say the same thing twenty times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...readiness.types import INFO, UNKNOWN, Finding
from ..types import Fact
from . import say
from .ground import Ground
from .words import Words

MOST = 40  # rows
_CHECK = "the check of this installation"
_THINGS = {
    "NODE001": ("node type", ""),
    "MODEL001": ("model file", ""),
    "INPUT001": ("file of yours", "files of yours"),
}
_BLIND = (
    "Which ",
    "Whether ",
)  # how the check says that there was nothing to look at; else it gives a reason of its own
_NOWHERE = "no ComfyUI was looked at"


def missing(ground: Ground) -> Iterator[Fact]:
    """What is not here, the heaviest first; then what could not be told."""
    if ground.readiness is None:
        return
    found = [one for one in ground.readiness.findings if one.weight != INFO]
    blind = [one for one in found if _blind(one)]
    told = [one for one in found if len(blind) < 2 or not _blind(one)]
    told = _merged(told)
    for place, one in enumerate(told[:MOST]):
        yield _finding(ground, one, place)
    if len(told) > MOST:
        words = Words()
        text = f"{words.count(len(told) - MOST, 'more thing').capitalize()} of this kind."
        yield words.fact("missing.more", "missing", text, brief=("", "", text), source=_CHECK)
    if len(blind) > 1:
        yield _untold(ground, blind)


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """The same thing said of several nodes is one finding with all of them."""
    found: dict[tuple[object, ...], Finding] = {}
    for one in findings:
        fix = one.fixes[0].text if one.fixes else ""
        old = found.setdefault((one.code, one.name, one.message, fix), one)
        if old is not one:
            found[one.code, one.name, one.message, fix] = old._replace(nodes=(*old.nodes, *one.nodes))
    return list(found.values())


def _blind(one: Finding) -> bool:
    """Whether nothing was there in which it could have been looked for."""
    return one.weight == UNKNOWN and one.code in _THINGS and one.message.startswith(_BLIND)


def _nodes(ground: Ground, *findings: Finding) -> tuple[str, ...]:
    return say.unique(node.id for one in findings for node in one.nodes if node.id in ground.view.by_id)


def _untold(ground: Ground, blind: Sequence[Finding]) -> Fact:
    """ "Whether 10 node types and one model file are here could not be told: no ComfyUI was looked at." """
    names = {code: {one.name for one in blind if one.code == code} for code in _THINGS}
    words = Words(_nodes(ground, *blind))
    counts = say.listed([words.count(len(names[code]), *_THINGS[code]) for code in _THINGS if names[code]])
    why = _NOWHERE if _nothing(ground, names) else _reason(blind)
    words.known += [why] if why else []
    text = f"Whether {counts} are here could not be told{': ' + why if why else ''}."
    return words.fact("missing.untold", "missing", text, brief=("", "", text), source=_CHECK)


def _nothing(ground: Ground, names: Mapping[str, set[str]]) -> bool:
    """Whether not one type and not one file of the workflow could be told."""
    anatomy = ground.anatomy
    types = {node.class_type for node in ground.view.nodes}
    files = {part.name for part in anatomy.models if part.used and not part.optional}
    return (
        bool(types and names["MODEL001"] | names["INPUT001"])
        and types <= names["NODE001"]
        and files <= names["MODEL001"]
    )


def _reason(blind: Sequence[Finding]) -> str:
    """What the check gives as the reason of all of them, "" where they differ."""
    reasons = {one.message.rstrip(".").partition(": ")[2] for one in blind}
    return next(iter(reasons)) if len(reasons) == 1 else ""


def _finding(ground: Ground, one: Finding, place: int) -> Fact:
    words = Words(_nodes(ground, one))
    if one.code.startswith("LINK"):  # an input of the installed definition, or what is not there at all
        name = words.label(say.value(one.name), _CHECK)
    else:
        name = words.name(one.name)
    message = say.sentence(one.message)
    fix = say.sentence(one.fixes[0].text) if one.fixes else ""
    words.known += [one.message, message, fix]
    text = message if one.name in one.message else f"{name}: {message}"
    brief = (name, "", f"{message} {fix}".strip())
    id = f"missing.{one.code}.{place}"
    return words.fact(id, "missing", text, brief=brief, code=one.code, source=_CHECK)
