"""The reports as Markdown that reads well raw and rendered. Names from files can never become markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..health.types import Health
from ..readiness.types import RUNNABLE, UnlockStep
from ..resolution.types import RESOLVED
from . import health, verdicts, words
from .codes import CLAIMED, GROUPS, Item, codes, evidence_word, group, merged
from .data import MARKER, SCHEMA
from .overview import headline, machine, reasoned, step_title, unused_words
from .plot import trend
from .rows import listed, rows
from .types import Entry, Library

_HEAD = f"<!-- {MARKER} {SCHEMA} -->\n"
_MARKS = re.compile(r"([\\`*{}\[\]()<>#+!|~&^$]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore within a word is safe
_LINK = re.compile(r"(?i)\b(https?|ftp|www)(?=[:.])")
_BULLET = re.compile(r"^(\s*)(\d*)([-+=]|[.)](?=\s|$))")
_MOST_NODES, _MOST_UNUSED = 8, 50


def text(name: str) -> str:
    """Any text as plain words in a line: marks escaped, unseen characters shown, no address becomes a link."""
    shown = _MARKS.sub(r"\\\1", words.visible(name))
    shown = _LINK.sub(lambda found: f"{found[0][0]}<!-- -->{found[0][1:]}", shown)
    return _BULLET.sub(r"\1\2\\\3", shown)


def code(name: str) -> str:
    """A name in code type, whatever backticks it holds. Bars are safe in tables only as entities, so they go."""
    shown = words.visible(name).replace("|", "\u00a6")
    if not shown.strip():
        return "(no name)"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    edge = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def index_md(library: Library, slug: dict[str, str]) -> str:
    """`index.md`: the counts, what to get first, every workflow in a table."""
    shown = listed(library).entries
    counts = words.counts(entry.readiness.status for entry in shown)
    lines = [_HEAD + "# Workflow readiness", ""]
    lines += [
        f"{words.plural(len(shown), 'workflow')}, checked {words.date(library.when, year=True, clock=True)}.",
        "",
    ]
    if not library.entries:
        command = code(f"{library.command} scan FOLDER")
        lines += [f"No workflow was found here. Save one in ComfyUI, or scan another folder: {command}", ""]
    else:
        lines += [f"**{headline(counts)}.** {text(trend(library.history, library.when))}".rstrip(), ""]
        lines += [f"- {words.LABEL[status]}: {count}" for status, count in counts.items() if count]
        found = verdicts.summary(shown)
        lines += ["", " ".join(found)] if found else []
        broke = health.summary(shown)
        lines += ["", f"**{text(broke)}**"] if broke else []
        lines += ["", *_unlock(library.unlock), *_table(library, slug)]
    lines += [*_unused(library), *_machine(library)]
    return "\n".join(lines).rstrip() + "\n"


def _table(library: Library, slug: dict[str, str]) -> Iterable[str]:
    yield from ("## Workflows", "", "| Workflow | Status | Nearest to running | Changed |", "|---|---|---|---|")
    newest = {one.name: row.entry.name for row in rows(library.entries) for one in row.older}
    for entry in sorted(library.entries, key=lambda e: (words.nearness(e.readiness), e.name)):
        ready = entry.readiness
        label, _ = words.changed(entry.change, library.when)
        link = f"[{text(entry.name) or '(no name)'}]({_address(slug[entry.name])}.md)"
        if entry.name in newest:
            link += f", an older version of {text(words.title(newest[entry.name])[0])}"
        status = words.LABEL.get(ready.status, ready.status)
        yield f"| {link} | {status} | {text(words.short(ready))} | {label} |"
    yield ""


def _address(slug: str) -> str:
    from urllib.parse import quote

    return quote(slug)


def _unlock(steps: tuple[UnlockStep, ...]) -> Iterable[str]:
    if not steps:
        return
    yield from ("## The shortest ways to more", "")
    for step in steps:
        yield f"- **{step_title(step)}**"
        for need in step.needs:
            details = [part for part in (text(need.folder), words.size(need.size) if need.size else "") if part]
            yield f"    - {code(words.pack(need.name))}{', ' if details else ''}{', '.join(details)}"
    yield ""


def _unused(library: Library) -> Iterable[str]:
    if not library.unused:
        return
    yield from ("## Models that no workflow uses", "")
    yield from (
        f"{unused_words(library.unused)}. Only saved workflows are counted; nothing is ever deleted for you.",
        "",
    )
    largest = sorted(library.unused, key=lambda m: (-m.size, m.name))
    for model in largest[:_MOST_UNUSED]:
        size = f", {words.size(model.size)}" if model.size >= 0 else ""
        yield f"- {code(model.name)} in {text(model.folder)}{size}"
    if len(largest) > _MOST_UNUSED:
        yield f"- and {len(largest) - _MOST_UNUSED} smaller ones, all in index.json"
    yield ""


def _machine(library: Library) -> Iterable[str]:
    place = library.place
    yield from ("## This machine", "")
    rows = machine(place)
    if not rows:
        yield "No ComfyUI installation was given, so what needs models or node packs is Unknown."
    for label, value, small in rows:
        yield f"- {label}: {text(value)}{f' ({text(small)})' if small else ''}"
    for heading, pairs in (("failed to import", place.packs_failed), ("could not be read", place.packs_unreadable)):
        for reason, names in reasoned(pairs):
            yield f"- {words.listed([code(name) for name in names])} {heading}{f': {text(reason)}' if reason else ''}"
    if place.gaps:
        yield from ("", "What we could not tell:", "")
        yield from (f"- {text(gap)}" for gap in place.gaps)
    yield ""


def workflow_md(entry: Entry, *, alone: bool = False) -> str:
    """`{slug}.md`: one workflow, its verdict first, then each finding with its evidence and what would settle it.

    `alone`: to be pasted elsewhere, so without the head and the link that make it one of our files.
    """
    ready = entry.readiness
    name, folder = words.title(entry.name)
    lines = [("" if alone else _HEAD) + f"# {text(name) or '(no name)'}", ""]
    lines += [f"In {code(folder)}.", ""] if folder else []
    known = entry.health
    if known is not None and known.line:
        lines += [f"{text(known.line)}. {text(known.text)}".rstrip(), ""]
    lines += [f"**{text(words.verdict(ready))}.**", ""]
    about = words.distance(ready.distance, update=words.needs_update(ready))
    facts = [words.plural(ready.nodes, "node")] if ready.nodes else []
    facts += [words.plural(ready.models, "model file")] if ready.models else []
    if about or facts:
        lines += [
            ". ".join(part for part in (f"Left to do: {about}" if about else "", ", ".join(facts)) if part) + ".",
            "",
        ]
    if ready.status == RUNNABLE:
        lines += ["Nothing it needs is missing here.", ""]
    lines += _findings(merged(ready.findings, entry.resolutions))
    lines += _credits(entry)
    if ready.ignored:
        lines += [f"Not counted: {words.plural(ready.ignored, 'reference')} in muted or bypassed nodes.", ""]
    if entry.change and not (known is not None and known.broke is not None):
        lines += ["## When did it break?", "", text(words.story(entry.change)), ""]
    lines += _health(entry.health)
    if ready.warnings:
        lines += ["## Noticed while reading the file", "", *(f"- {text(one)}" for one in ready.warnings), ""]
    lines += [] if alone else ["[All workflows](index.md)"]
    return "\n".join(lines).rstrip() + "\n"


def _health(found: Health | None) -> list[str]:
    """Why it broke, what would settle that, and what practice says of it."""
    lines: list[str] = []
    if found is not None and found.broke is not None:
        lines += [
            "## What broke it",
            "",
            f"{text(health.story(found.broke))} {text(health.edits(found.broke))}".rstrip(),
            "",
        ]
        for cause in found.broke.because:
            lines.append(f"- {text(cause.text)}")
            lines += [f"    - Shown by: {text(cause.evidence)}"] if cause.evidence else []
            lines += [f"    - To do: {text(cause.fix)}"] if cause.fix else []
        lines.append("")
    if found is not None and (found.practice or found.fit):
        lines += ["## Worth a look", ""]
        lines += [f"- Memory: {text(found.fit)}"] if found.fit else []
        for note in found.practice:
            source = health.from_where(note)
            lines.append(f"- {text(health.noted(note))}{f' Source: {code(source)}' if source else ''}")
        lines.append("")
    return lines


_CHECKS = {"verified": "SHA-256 verified", "size_only": "only its size could be checked"}


def _credits(entry: Entry) -> list[str]:
    """Whose work the files are that plans brought: attribution stays with the workflow, not only in the journal."""
    if not entry.credits:
        return []
    lines = ["## Fetched for it", ""]
    for one in entry.credits:
        whose = ", ".join(part for part in (one.source, one.author) if part)
        licence = f"licence {one.licence}" if one.licence else "no licence given"
        check = _CHECKS.get(one.check, "could not be checked")
        lines.append(
            f"- {code(one.name)}: {text(whose)}; {text(licence)}; {check}{f'; {code(one.page)}' if one.page else ''}"
        )
    return [*lines, ""]


def _findings(items: Iterable[Item]) -> list[str]:
    lines: list[str] = []
    heading = -1
    for item in items:
        if group(item.finding) != heading:
            heading = group(item.finding)
            lines += [f"## {GROUPS[heading]}", ""]
        lines += [*_finding(item), ""]
    return lines


def _title(name: str) -> str:
    known = codes().get(name)
    return known.title if known else "Not here"


def _finding(item: Item) -> Iterable[str]:
    finding, names, resolution = item
    size = f", {words.size(finding.size)}" if finding.size else ""
    many = len(names) > 1
    yield f"### {code(words.pack(finding.pack) if many else finding.name)}"
    yield ""
    said = f"{_title(finding.code)}: {words.listed([code(name) for name in names])}." if many else text(finding.message)
    yield f"{text(finding.code)}{size} · {said}"
    yield ""
    if finding.nodes:
        named = [f"{text(node.title)} ({text(node.id)})" for node in finding.nodes[:_MOST_NODES]]
        more = len(finding.nodes) - len(named)
        yield f"- Needed by {words.listed(named + ([f'{more} more nodes'] if more else []))}"
    settled = resolution is not None and resolution.state == RESOLVED  # then what the workflow claims has been checked
    for one in finding.evidence:
        word = evidence_word(one.kind, one.path)
        path = f" {code(one.path)}" if one.path else ""
        if not settled or word != CLAIMED:
            yield f"- {f'**{word}** ' if word else ''}{text(one.text)}{path}"
    if resolution is not None:
        yield from _verdict(verdicts.said(resolution))
    for url in () if settled else finding.urls[:3]:
        yield f"- **{CLAIMED}** The author's link, not checked: {code(url)}"
    for fix in finding.fixes:
        yield f"- To do: {text(fix.text)}"


def _verdict(said: verdicts.Said) -> Iterable[str]:
    """Where the missing thing can be had, as far as the evidence goes."""
    first = said.offers[0] if said.state == RESOLVED and said.offers else None
    if first:
        yield f"- **{said.word}** {_offer(first)}{f' {text(said.belongs)}' if said.belongs else ''}"
        yield f"    - Why: {text(said.why)}"
        yield from _details(first, "    ", against="Mind")
        if said.mirrors:
            yield f"    - The very same file: {words.listed([text(one) for one in said.mirrors])}"
    else:
        yield f"- **{said.word}** {text(said.why)}"
        for number, offer in enumerate(said.offers[: verdicts.SHOWN], 1):
            yield f"    {number}. {_offer(offer)}"
            yield from _details(offer, "        ", against="Against", fits=True)
        if len(said.offers) > verdicts.SHOWN:
            yield f"    - and {len(said.offers) - verdicts.SHOWN} more, all in the JSON report"
    yield from (f"    - {text(one)}" for one in (*said.silent, said.chosen) if one)
    if said.settle:
        yield f"    - What would settle it: {text(' '.join(said.settle))}"
    if said.state != RESOLVED and said.places:
        yield f"    - Asked: {', '.join(f'{text(place)} ({text(heard)})' for place, heard in said.places)}"
    if said.looked:
        yield f"    - {text(said.looked)}"


def _details(offer: verdicts.Offer, indent: str, *, against: str, fits: bool = False) -> Iterable[str]:
    if fits and offer.fits:
        yield f"{indent}- Fits: {text(offer.fits)}"
    if offer.against:
        yield f"{indent}- {against}: {text(offer.against)}"
    if offer.page:
        yield f"{indent}- Page: {code(offer.page)}"


def _offer(offer: verdicts.Offer) -> str:
    """ "Hugging Face, owner/name: `folder/file`, 67 MB. By somebody. Licence apache-2.0." """
    where = f"{text(offer.title)}{f': {code(offer.file)}' if offer.file else ''}"
    return f"{where}{f', {text(offer.amount)}' if offer.amount else ''}. {text(offer.about)}".rstrip()
