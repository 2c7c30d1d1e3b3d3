"""What the reports say of health: what broke since when and why, practice notes, how it fits the memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..health.types import Broke, Cause, Health, Practice
from . import words
from .types import Entry

OWN = "ComfyFixerSmart's own tables"  # that stand in `knowledge/`
MOST = 12  # broken workflows that the dashboard lists; each workflow's own page has the rest


def broken(entries: Iterable[Entry]) -> list[tuple[Entry, Broke]]:
    """The workflows that ran here and do not any more, the newest first."""
    found = [(one, one.health.broke) for one in entries if one.health is not None and one.health.broke is not None]
    return sorted(found, key=lambda pair: (-pair[1].when, pair[0].name))


def summary(entries: Iterable[Entry]) -> str:
    """ "2 workflows broke since Tue 24 Nov: …"; "" where none did."""
    found = broken(entries)
    if not found:
        return ""
    causes = dict.fromkeys(one.because[0].text.rstrip(".") for _, one in found if one.because)
    told = "; ".join(words.visible(text) for text in list(causes)[:2])
    more = f"; {len(causes) - 2} more causes" if len(causes) > 2 else ""
    since = words.weekday(min(one.when for _, one in found))
    return f"{words.plural(len(found), 'workflow')} broke since {since}: {told}{more}."


def count(entries: Iterable[Entry]) -> str:
    """ "2 workflows that ran here do not any more." """
    found = len(broken(entries))
    verb = "does" if found == 1 else "do"
    return f"{words.plural(found, 'workflow')} that ran here {verb} not any more." if found else ""


def story(broke: Broke) -> str:
    """ "Broke on Tue 24 Nov 2026; it last ran on Sun 22 Nov 2026.", with the time where both are one day."""
    when, last = words.date(broke.when, year=True), words.date(broke.last_good, year=True)
    if when and when == last:
        at, before = (words.date(moment, clock=True).rpartition(", ")[2] for moment in (broke.when, broke.last_good))
        return f"Broke on {when}, {at}; it last ran at {before}." if at != before else f"Broke on {when}."
    return f"Broke on {when}{f'; it last ran on {last}' if last else ''}."


def edits(broke: Broke) -> str:
    """What of the workflow itself is not as it was; "" where it is."""
    if not broke.differences:
        return ""
    count = words.plural(broke.differences, "difference")
    return f"The workflow itself was changed since: {count} from the version that ran."


def cards(entries: Iterable[Entry], slug: dict[str, str]) -> list[dict[str, Any]]:
    """The broken workflows for the dashboard's own block."""
    return [
        {
            "slug": slug[entry.name],
            "name": words.visible(words.title(entry.name)[0]),
            "story": story(broke),
            "causes": [_cause(one) for one in broke.because],
            "edits": edits(broke),
        }
        for entry, broke in broken(entries)[:MOST]
    ]


def _cause(one: Cause) -> dict[str, str]:
    return {key: words.visible(value) for key, value in one._asdict().items()}


def noted(one: Practice) -> str:
    """A note with its nodes and where it is from: "… (nodes 3, 12)"."""
    nodes = words.listed(one.nodes[:6])
    return f"{one.text}{f' ({nodes_word(one.nodes)} {nodes})' if nodes else ''}"


def nodes_word(nodes: Sequence[str]) -> str:
    """ "node", or "nodes"."""
    return "node" if len(nodes) == 1 else "nodes"


def from_where(one: Practice) -> str:
    """The page that says so, else whose word it is; "" where the graph itself shows it."""
    if one.url or one.source in ("", "graph"):
        return one.url
    return OWN if one.source.startswith("knowledge/") else one.source


def worth_telling(health: Health | None) -> bool:
    """Whether there is anything in it to show."""
    return health is not None and bool(health.broke or health.practice or health.fit or health.line)
