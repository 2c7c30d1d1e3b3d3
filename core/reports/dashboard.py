"""`dashboard.html`: one self-contained page that opens from disk and asks nothing from any network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import jsontext
from ..readiness.types import RUNNABLE
from . import health, overview, verdicts, words
from .data import MARKER
from .payload import payload
from .plot import plot, trend
from .rows import listed, rows
from .slugs import slugs
from .types import Library

if TYPE_CHECKING:
    from jinja2 import Template

_SUFFIX = re.compile(r"\.[A-Za-z]{2,11}$")
_FOLDER = Path(__file__).resolve().parent / "templates"
_STYLES = ("dashboard.css", "list.css", "verdict.css")
_SCRIPTS = ("dom.js", "data.js", "map.js", "verdict.js", "detail.js", "list.js", "main.js")


def render(library: Library) -> str:
    """The whole page. Names from files reach it as escaped text or as JSON, never as markup or code."""
    slug = slugs(entry.name for entry in library.entries)
    order = sorted(rows(library.entries), key=lambda row: (words.nearness(row.entry.readiness), row.entry.name))
    library = listed(library)
    steps = overview.steps(library, [row.entry for row in order])
    body = payload(library, slug, order)
    body["steps"] = [{key: step[key] for key in ("title", "text", "rows")} for step in steps]
    script = _script()
    return _template().render(
        **_cards(library),
        broke=health.cards(library.entries, slug),
        broke_words=health.count(library.entries),
        broke_more=max(len(health.broken(library.entries)) - health.MOST, 0),
        steps=steps,
        data=_markup(_embedded(body)),
        style=_markup(_joined(_STYLES)),
        script=_markup(script),
        policy=_policy(script),
        marker=f"{MARKER} 1",
        halves=_halves,
        most_needs=overview.MOST_NEEDS,
    )


def _cards(library: Library) -> dict[str, Any]:
    """What the template shows around the list."""
    counts = words.counts(entry.readiness.status for entry in library.entries)
    stamp, place = words.moment(library.when), library.place
    left = max(len(library.unused) - overview.MOST_UNUSED, 0)
    return {
        "total": len(library.entries),
        "total_words": words.plural(len(library.entries), "workflow"),
        "when": words.date(library.when, year=True, clock=True),
        "iso": stamp.isoformat(timespec="minutes") if stamp else "",
        "command": words.visible(library.command),
        "counts": counts,
        "label": words.LABEL,
        "meaning": words.MEANING,
        "headline": overview.headline(counts),
        "percent": overview.percent(counts),
        "ring": overview.ring(counts),
        "ring_words": ", ".join(f"{count} {words.LABEL[status].lower()}" for status, count in counts.items()),
        "trend": trend(library.history, library.when) if counts[RUNNABLE] or library.history else "",
        "plot": plot(library.history),
        "found": " ".join(verdicts.summary(library.entries)),
        "origin": place.origin,
        "machine": overview.machine(place),
        "disk": overview.disk(place),
        "failed": overview.reasoned(place.packs_failed),
        "unreadable": overview.reasoned(place.packs_unreadable),
        "gaps": [words.visible(gap) for gap in place.gaps],
        "unused": overview.unused(library.unused),
        "unused_words": overview.unused_words(library.unused),
        "unused_more": f"{max(len(library.unused) - 6, 0):,}",
        "unused_left": left,
    }


def _embedded(body: Mapping[str, Any]) -> str:
    """JSON that can stand inside a script element: nothing in it can end the element or start a comment."""
    return "".join(map(_harmless, jsontext.parts(body, _COMPACT)))


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _harmless(text: str) -> str:
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def policy() -> str:
    """The page's Content-Security-Policy, for whoever serves it: it runs our script and nothing that a file brings."""
    return _policy(_script())


def _policy(script: str) -> str:
    """Content-Security-Policy: only this very script runs, and nothing is ever loaded."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _halves(name: str) -> tuple[str, str]:
    """A name's beginning, which may be cut on screen, and its end, which is always shown."""
    suffix = _SUFFIX.search(name)
    tail = min(10 + (len(suffix[0]) if suffix else 0), len(name) - 8) if len(name) > 24 else 0
    return name[: len(name) - tail], name[len(name) - tail :]


@cache
def _script() -> str:
    return f'(() => {{\n"use strict";\n{_joined(_SCRIPTS)}}})();\n'


@cache
def _joined(names: tuple[str, ...]) -> str:
    return "".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("dashboard.html.jinja")
