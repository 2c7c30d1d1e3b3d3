"""What `resolve` says in a terminal: each missing thing with its verdict, what speaks for and against, and the steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..resolution.types import RESOLVED, UNCERTAIN, Resolution
from . import verdicts, words
from .codes import merged
from .console import console, headed, safe, verdict_word
from .types import Entry

KEY = 8  # characters of a key that are shown; a longer beginning may be given too
_EDGE = " " * 15


def print_found(
    entries: Sequence[Entry], wanted: Mapping[str, int], *, steps: bool, requests: Mapping[str, int], kept: bool
) -> None:
    """One block per workflow that lacks something. `wanted`: by workflow, how many things were to be looked up.

    `kept`: whether there is a place where a choice would be kept.
    """
    out = console()
    for entry in entries:
        out.print(headed(entry))
        items = [item for item in merged(entry.readiness.findings, entry.resolutions) if item.resolution is not None]
        for item in items:
            name = words.pack(item.finding.pack) if len(item.names) > 1 else item.finding.name
            if item.resolution is not None:
                print_verdict(item.resolution, name, steps=steps)
        left = wanted.get(entry.name, 0) - len(entry.resolutions)
        if left > 0:
            out.print(f"    {words.plural(left, 'thing')} not looked up yet.", style="dim")
    for told in verdicts.summary(entries):
        out.print(told)
    if requests:
        asked = words.listed(
            [f"{safe(host)} {words.plural(count, 'time')}" for host, count in sorted(requests.items())]
        )
        out.print(f"Asked {asked}.", style="dim")
    if kept and any(
        one.state == UNCERTAIN and one.candidates for entry in entries for one in entry.resolutions.values()
    ):
        out.print("To choose one: comfyfixersmart resolve --choose KEY=NUMBER --reason TEXT", style="dim")


def print_verdict(one: Resolution, name: str, *, steps: bool) -> None:
    """One missing thing and where it can be had."""
    out, told = console(), verdicts.said(one)
    pad = " " * (10 - len(told.word))
    aside = f"  {safe(told.aside)}" if told.aside else ""
    out.print(f"    {verdict_word(one)}{pad} [bold]{safe(name)}[/]{aside}  [dim]key {safe(one.key[:KEY])}[/]")
    for text, style in _lines(told):
        out.print(f"{_EDGE}{safe(text)}", style=style)
    for number, (source, did, outcome, _) in enumerate(told.steps if steps else (), 1):
        out.print(f"{_EDGE}{number:>2}. {safe(source)}: {safe(did)} → {safe(outcome)}", style="dim")


def _lines(told: verdicts.Said) -> Iterable[tuple[str, Any]]:
    """Each line with its style."""
    if told.state == RESOLVED and told.offers:
        first = told.offers[0]
        yield f"{first.title}{f': {first.file}' if first.file else ''}", None
        yield f"{first.about} {told.belongs}".strip(), None
        yield f"Why: {told.why}", "dim"
        yield from ((text, None) for text in (first.against and f"Mind: {first.against}", told.chosen) if text)
        yield from ((text, "dim") for text in (first.page,) if text)
        if told.mirrors:
            yield f"The very same file: {words.listed(told.mirrors)}", "dim"
        return
    yield told.why, None
    for number, offer in enumerate(told.offers[: verdicts.SHOWN], 1):
        where = f"{offer.title}{f': {offer.file}' if offer.file else ''}"
        yield f"{number}. {where}{f', {offer.amount}' if offer.amount else ''}. {offer.about}", None
        for heading, text in (("Fits", offer.fits), ("Against", offer.against)):
            if text:
                yield f"   {heading}: {text}", "dim"
        yield from ((f"   {text}", "dim") for text in (offer.page,) if text)
    if len(told.offers) > verdicts.SHOWN:
        yield f"and {len(told.offers) - verdicts.SHOWN} more: --json lists them", "dim"
    yield from ((text, "yellow") for text in told.silent)
    if told.places:
        yield f"Asked: {', '.join(f'{place} ({heard})' for place, heard in told.places)}", "dim"
    if told.settle:
        yield f"What would settle it: {' '.join(told.settle)}", None
