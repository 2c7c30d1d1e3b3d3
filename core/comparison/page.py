"""A comparison as Markdown that reads well raw and rendered. Names from files never become markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..explanation.facts.say import plural, sentence
from ..files import visible
from .types import NOTED, PROMPT, Comparison, Difference, Side
from .values import shortened

_MARKS = re.compile(r"([\\`*\[\]<>#|~&$]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore within a word is safe
_LINK = re.compile(r"(?i)\b(https?|ftp|www)(?=[:.])")
_BULLET = re.compile(r"^(\s*)(\d*)([-+=]|[.)](?=\s|$))")
_MOST = 400  # differences that are written out
_MOST_PARTS, _LONG = 24, 160  # of a word diff, and characters of each


def plain(text: str) -> str:
    """Any text as plain words in a line: marks escaped, unseen characters shown, no address becomes a link."""
    shown = _MARKS.sub(r"\\\1", visible(text))
    shown = _LINK.sub(lambda found: f"{found[0][0]}<!-- -->{found[0][1:]}", shown)
    return _BULLET.sub(r"\1\2\\\3", shown)


def markdown(comparison: Comparison) -> str:
    """The whole page: title, verdict, what it means, what changed."""
    lines = [f"# {plain(comparison.old)} → {plain(comparison.new)}", "", f"**{plain(comparison.verdict)}**"]
    if comparison.consequences:
        lines += ["", "## What it means", ""]
        lines += [f"- {plain(sentence(one.text))}" for one in comparison.consequences]
    lines += _changes(comparison.differences)
    if comparison.metadata:
        beside = plural(comparison.metadata, "remark of the author", "remarks of the author")
        lines += [
            "",
            f"Beside the graph, {beside} differ{'s' if comparison.metadata == 1 else ''} (links, titles of groups).",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _changes(differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        return
    followers: dict[int, list[Difference]] = {}
    nodes: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(differences[:_MOST]):
        if one.follows >= 0:
            followers.setdefault(one.follows, []).append(one)
        else:
            nodes.setdefault((one.old.id if one.old else "", one.new.id if one.new else ""), []).append(place)
    yield from ("", "## What changed")
    counting = sorted(nodes.values(), key=lambda places: not any(differences[place].counts for place in places))
    for places in counting:
        yield from ("", f"### {_heading(differences[places[0]])}", "")
        for place in places:
            yield from _lines(differences[place])
            for follower in followers.get(place, ()):
                yield f"    - {_node(follower.new or follower.old)}: {plain(follower.text)}"
    if len(differences) > _MOST:
        yield from ("", f"And {plural(len(differences) - _MOST, 'more difference')}, all in the JSON.")


def _lines(one: Difference) -> Iterator[str]:
    if one.what == PROMPT and one.words:
        yield f"- {plain(one.input)}: {_diffed(one.words)}"
        return
    yield f"- {plain(one.text)}"
    if one.kind == NOTED and one.words:
        yield f"    - {_diffed(one.words)}"


def _diffed(words: tuple[tuple[str, str], ...]) -> str:
    """A word diff: struck through what was taken out, bold what was put in."""
    marks = {"=": "{}", "-": "~~{}~~", "+": "**{}**"}
    parts = [marks[tag].format(plain(shortened(text, _LONG))) for tag, text in words[:_MOST_PARTS] if text]
    return " ".join([*parts, "…"] if len(words) > _MOST_PARTS else parts)


def _heading(one: Difference) -> str:
    side = one.new or one.old
    assert side is not None
    renumbered = one.old is not None and one.new is not None and one.old.id != one.new.id
    within = f", in {plain(' / '.join(side.within))}" if side.within else ""
    was = f", was node {plain(one.old.id)}" if renumbered and one.old is not None else ""
    return _node(side) + was + within


def _node(side: Side | None) -> str:
    if side is None:
        return ""
    kind = f", {plain(side.class_type)}" if side.title != side.class_type else ""
    return f"{plain(side.title)}{kind} (node {plain(side.id)})"
