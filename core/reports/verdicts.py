"""A verdict on a missing thing in words: one place, so that Markdown, dashboard and terminal speak alike. Pure.

Names from files and services stand as they are: who writes them somewhere makes them harmless there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from ..readiness.types import BLOCKED, Finding
from ..resolution.types import CHOSEN, FILE, NOT_FOUND, PACK, RESOLVED, UNCERTAIN, Judged, Resolution
from ..sources.roster import CIVITAI, label
from ..sources.types import Candidate, PackCandidate, Step
from . import words
from .types import Entry

STATES = (RESOLVED, UNCERTAIN, NOT_FOUND)  # the order people see
WORD = {RESOLVED: "RESOLVED", UNCERTAIN: "UNCERTAIN", NOT_FOUND: "NOT FOUND"}
_COUNTED = {RESOLVED: "found", UNCERTAIN: "uncertain", NOT_FOUND: "not found"}
_SILENCE = "did not answer"
_MOST_HEARD = 80  # characters
SHOWN = 3  # candidates beside each other; the rest is folded


class Offer(NamedTuple):
    """One candidate in words. `about`, `fits` and `against` are whole sentences."""

    id: str
    title: str  # "Hugging Face, owner/name"
    file: str  # where in it the file lies, "" where it is the name that was asked for
    amount: str  # "67 MB", "version 1.7.9" or ""
    about: str  # who made it, under which licence, for which base model
    fits: str
    against: str
    page: str  # an address for people


class Said(NamedTuple):
    """One verdict in words. Everything but `offers` is sentences with their full stops."""

    state: str
    word: str
    aside: str  # beside the word: "6.7 GB", "3 candidates", "5 places asked"
    why: str
    offers: tuple[Offer, ...]  # of a RESOLVED one: the one
    mirrors: tuple[str, ...]  # titles of places with the very same content
    belongs: str
    settle: tuple[str, ...]
    silent: tuple[str, ...]
    chosen: str
    looked: str  # when it was looked up, or ""
    places: tuple[tuple[str, str], ...]  # who was asked, and what each had
    steps: tuple[tuple[str, str, str, bool], ...]  # source, what was done, what came of it, whether it stayed silent


def said(one: Resolution) -> Said:
    """The verdict in words."""
    offers = tuple(_offer(judged, one) for judged in one.candidates)
    found = one.state == RESOLVED
    why, silent = sentence(one.why), silences(one)
    if silent and not offers and _SILENCE in one.why:  # it would say the same twice, the second time with the reason
        why, silent = " ".join(silent), ()
    mirrors = tuple(offer.title for offer in offers[1 : 1 + max(one.mirrors, 0)]) if found else ()
    return Said(
        one.state,
        WORD.get(one.state, one.state),
        _aside(one, offers),
        why,
        offers[:1] if found else offers,
        mirrors,
        f"Belongs in {one.folder}." if one.folder and one.kind == FILE else "",
        tuple(sentence(each) for each in one.settle),
        silent,
        _chosen(one),
        _looked(one),
        _places(one),
        tuple((label(step.source), step.did.strip().rstrip("."), _outcome(step), step.silent) for step in one.steps),
    )


def line(one: Resolution) -> str:
    """The verdict in one line without its word: "Hugging Face, owner/name, 67 MB", "3 candidates: …"."""
    shown = said(one)
    if one.state == RESOLVED and shown.offers:
        first = shown.offers[0]
        return ", ".join(part for part in (first.title, first.amount) if part)
    return ": ".join(part for part in (shown.aside, shown.why) if part)


def silences(one: Resolution) -> tuple[str, ...]:
    """Which sources did not answer. That proves nothing about what they have."""
    thing = "this file" if one.kind == FILE else "a pack with this node"
    return tuple(
        f"{label(each.source)} {_SILENCE}: {each.reason.strip().rstrip('.') or 'no reason is known'}, "
        f"so we cannot say whether it has {thing}."
        for each in one.silent
    )


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "…")) else ".")


# ---- counts ------------------------------------------------------------------------------------------------


def counts(resolutions: Iterable[Resolution]) -> dict[str, int]:
    """How many of each state; the same question in several workflows counts once."""
    by_key = {one.key: one.state for one in resolutions}
    found = dict.fromkeys(STATES, 0)
    for state in by_key.values():
        found[state] = found.get(state, 0) + 1
    return found


def every(entries: Iterable[Entry]) -> list[Resolution]:
    """All verdicts of these workflows."""
    return [one for entry in entries for one in entry.resolutions.values()]


def summary(entries: Sequence[Entry]) -> list[str]:
    """ "Of 14 missing files: 9 found, 4 uncertain, 1 not found."; nothing when nothing was looked up yet."""
    known = every(entries)
    sentences = []
    for kind, thing in ((FILE, "missing file"), (PACK, "missing node type")):
        looked_up = counts(one for one in known if one.kind == kind)
        total = sum(looked_up.values())
        left = len(
            {_question(f) for e in entries for at, f in enumerate(e.readiness.findings) if _open(e, at, f, kind)}
        )
        if not total:
            continue
        parts = [f"{count:,} {_COUNTED.get(state, state)}" for state, count in looked_up.items() if count]
        parts += [f"{left:,} not looked up yet"] if left else []
        sentences.append(f"Of {words.plural(total + left, thing)}: {', '.join(parts)}.")
    return sentences


def _open(entry: Entry, at: int, finding: Finding, kind: str) -> bool:
    """Whether a finding could be looked up and was not."""
    if at in entry.resolutions or finding.weight != BLOCKED:
        return False
    if kind == FILE:
        return finding.code in ("MODEL001", "MODEL004")
    return finding.code == "NODE001" and finding.pack != words.CORE


def _question(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.name.lower(), finding.folders


# ---- one verdict -------------------------------------------------------------------------------------------


def _offer(judged: Judged, one: Resolution) -> Offer:
    candidate = judged.candidate
    titled = _file(candidate, one) if isinstance(candidate, Candidate) else _pack(candidate)
    fits, against = (" ".join(map(sentence, told)) for told in (judged.fits, judged.against))
    return Offer(candidate.id, *titled, fits, against, candidate.page)


_Titled = tuple[str, str, str, str]  # title, file, amount, about


def _file(one: Candidate, verdict: Resolution) -> _Titled:
    about = [f"By {one.author}." if one.author else "", _licence(one)]
    about += [f"Made for {one.base_model}." if one.base_model else "", _named_in(one)]
    path = one.path or one.file
    asked_for = verdict.name.replace("\\", "/").rpartition("/")[2]
    return (
        _joined(label(one.source), one.repo or _host(one.url), one.revision if one.source == CIVITAI else ""),
        "" if path == asked_for else path,
        words.size(one.size) if one.size else "",
        " ".join(filter(None, about)),
    )


def _pack(one: PackCandidate) -> _Titled:
    about = [f"By {one.author}." if one.author else "", _licence(one), _named_in(one)]
    return (
        _joined(label(one.source), one.title or one.registry_id or one.repo),
        "",
        f"version {one.version}" if one.version else "",
        " ".join(filter(None, about)),
    )


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _licence(one: Candidate | PackCandidate) -> str:
    """A mere claim says nothing of a licence, not even that there is none."""
    return f"Licence {one.licence}." if one.licence else "No licence given." if one.confirmed else ""


def _named_in(one: Candidate | PackCandidate) -> str:
    """Which workflow, template or list names it."""
    return f"Named in {one.said_by}." if one.said_by else ""


def _aside(one: Resolution, offers: Sequence[Offer]) -> str:
    if one.state == RESOLVED:
        return offers[0].amount if offers else ""
    if offers:
        return words.plural(len(offers), "candidate")
    if one.silent:
        return f"{words.plural(len(one.silent), 'source')} silent"
    places = len({step.source for step in one.steps})
    return f"{words.plural(places, 'place')} asked" if places else ""


def _chosen(one: Resolution) -> str:
    """When a person chose; the reason is part of why."""
    if one.choice is None or one.rung != CHOSEN:
        return ""
    when = words.date(one.choice.when, year=True) if one.choice.when > 0 else ""
    return f"Chosen by you on {when}." if when else "Chosen by you."


def _looked(one: Resolution) -> str:
    when = words.date(one.when, year=True, clock=True) if one.when > 0 else ""
    return f"Looked up {when}." if when else ""


def _places(one: Resolution) -> tuple[tuple[str, str], ...]:
    heard: dict[str, list[Step]] = {}
    for step in one.steps:
        heard.setdefault(step.source, []).append(step)
    return tuple((label(name), _heard(steps)) for name, steps in heard.items())


def _heard(steps: Sequence[Step]) -> str:
    """What one place said, in a few words: the last thing it had, if it had any."""
    if any(step.silent for step in steps):
        return "no answer"
    told = [step.outcome.strip().rstrip(".") for step in steps]
    text = next((one for one in reversed(told) if one and one != "nothing"), "nothing")
    return text if len(text) <= _MOST_HEARD else text[: _MOST_HEARD - 1] + "…"


def _outcome(step: Step) -> str:
    """What came of a step, and how old the answer is when it was kept from an earlier look-up."""
    text = step.outcome.strip().rstrip(".")
    return f"{text} (answer {words.span(step.age)} old)" if step.age is not None else text
