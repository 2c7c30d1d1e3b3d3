"""The dashboard's data: small lists of numbers that point into one table of strings. Pure.

A thousand workflows name the same files, nodes and messages over and over; with each text written once
the page stays under 4 MB. The order of the fields is known to two places only: here, and `unpack` in
`templates/data.js`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..health.types import Health
from ..readiness.types import RUNNABLE
from ..resolution.types import NOT_FOUND, Resolution
from ..workflow.map import GraphMap
from . import verdicts, words
from .codes import CLAIMED, GROUPS, HERE, Item, codes, evidence_word, group, merged
from .health import edits, from_where, noted, story, worth_telling
from .rows import Row
from .types import Library

KINDS = ("node", "group", "note", "off")
EVIDENCE = ("", HERE, CLAIMED)
MOST_STEPS = 60  # of one search; the JSON report has them all


class _Texts:
    """Each text once, made visible; `index(text)` is its place."""

    def __init__(self) -> None:
        self.table: list[str] = []
        self._places: dict[str, int] = {}

    def index(self, text: str) -> int:
        place = self._places.get(text)
        if place is None:
            place = self._places[text] = len(self.table)
            self.table.append(words.visible(text))
        return place

    def indexes(self, texts: Sequence[str]) -> list[int]:
        return [self.index(text) for text in texts]


class _Verdicts:
    """Each verdict on a missing thing once, however many workflows miss it; the place 0 is for none."""

    def __init__(self, texts: _Texts) -> None:
        self.table: list[list[Any]] = [[]]
        self._texts = texts
        self._places: dict[str, int] = {}

    def index(self, one: Resolution | None) -> int:
        if one is None:
            return 0
        place = self._places.get(one.key)
        if place is None:
            place = self._places[one.key] = len(self.table)
            self.table.append(_verdict(verdicts.said(one), self._texts))
        return place


def payload(library: Library, slug: dict[str, str], order: list[Row]) -> dict[str, Any]:
    """What the page's script needs: rows in the given order, the texts, and the paragraphs of the codes used."""
    texts = _Texts()
    texts.index("")
    found = _Verdicts(texts)
    rows = [_row(row, slug, library.when, texts, found) for row in order]
    known = codes()
    used = {finding.code for row in order for finding in row.entry.readiness.findings}
    return {
        "when": library.when,
        "order": words.ORDER,
        "labels": words.LABEL,
        "groups": GROUPS,
        "evidence": EVIDENCE,
        "kinds": KINDS,
        "codes": {code: list(known[code]) for code in known if code in used},
        "words": [verdicts.WORD[state] for state in verdicts.STATES],
        "verdicts": found.table,
        "rows": rows,
        "texts": texts.table,
    }


def _row(row: Row, slug: dict[str, str], now: float, texts: _Texts, found: _Verdicts) -> list[Any]:
    entry = row.entry
    ready = entry.readiness
    name, folder = words.title(entry.name)
    label, tone = words.changed(entry.change, now)
    status = _status(ready.status)
    return [
        slug[entry.name],
        texts.index(name),
        texts.index(folder),
        status,
        texts.index(words.short(ready)),
        [texts.index(label), tone, int(entry.change.when)] if entry.change and label else 0,
        texts.index("" if ready.status == RUNNABLE else words.verdict(ready)),
        texts.index(words.story(entry.change)),
        [ready.nodes, ready.models, ready.ignored],
        texts.indexes(ready.warnings),
        [_finding(item, texts, found) for item in merged(ready.findings, entry.resolutions)],
        texts.indexes(entry.uses),
        _map(entry.graph, texts) if entry.graph else 0,
        [
            part
            for one in row.older
            for part in (slug[one.name], texts.index(words.title(one.name)[0]), _status(one.readiness.status))
        ],
        _health(entry.health, texts) if worth_telling(entry.health) else 0,
    ]


def _health(found: Health | None, texts: _Texts) -> list[Any]:
    """What broke it: a sentence, then text, evidence and fix of each cause; then the notes with their sources; then
    the fit, and what the workflow is."""
    assert found is not None
    broke = found.broke
    causes: list[int] = []
    for one in broke.because if broke is not None else ():
        causes += texts.indexes((one.text, one.evidence, one.fix))
    notes: list[int] = []
    for note in found.practice:
        notes += texts.indexes((noted(note), from_where(note)))
    told = f"{story(broke)} {edits(broke)}".rstrip() if broke is not None else ""
    return [texts.index(told), causes, notes, *texts.indexes((found.fit, found.line, found.text))]


def _status(status: str) -> int:
    return words.ORDER.index(status) if status in words.ORDER else len(words.ORDER) - 1


def _finding(item: Item, texts: _Texts, found: _Verdicts) -> list[Any]:
    finding, names, resolution = item
    nodes: list[int] = []
    for node in finding.nodes:
        nodes += [texts.index(node.id), texts.index(node.title), texts.index(node.input or "")]
    evidence: list[int] = []
    for one in finding.evidence:
        word = EVIDENCE.index(evidence_word(one.kind, one.path))
        evidence += [word, texts.index(one.text), texts.index(one.path)]
    return [
        finding.code,
        texts.index(finding.weight),
        group(finding),
        texts.index(finding.name),
        texts.index(finding.message),
        texts.index(words.size(finding.size) if finding.size else ""),
        nodes,
        texts.indexes(finding.folders),
        evidence,
        texts.indexes(tuple(fix.text for fix in finding.fixes)),
        texts.indexes(finding.urls),
        texts.index(words.pack(finding.pack)),
        texts.indexes(names) if len(names) > 1 else [],
        found.index(resolution),
    ]


def _verdict(said: verdicts.Said, texts: _Texts) -> list[Any]:
    steps: list[int] = []
    for source, did, outcome, silent in said.steps[:MOST_STEPS]:
        steps += [texts.index(source), texts.index(did), texts.index(outcome), int(silent)]
    return [
        verdicts.STATES.index(said.state) if said.state in verdicts.STATES else 1,
        texts.index(said.aside),
        texts.index(said.why),
        [_offer(offer, texts) for offer in said.offers],
        texts.indexes(said.mirrors),
        texts.index(said.belongs),
        texts.indexes(said.settle),
        texts.indexes(said.silent),
        texts.index(said.chosen),
        texts.index(said.looked),
        [texts.indexes(place) for place in said.places] if said.state == NOT_FOUND else [],
        steps,
        max(len(said.steps) - MOST_STEPS, 0),
    ]


def _offer(offer: verdicts.Offer, texts: _Texts) -> list[Any]:
    return [
        texts.index(offer.title),
        texts.index(offer.file),
        texts.index(offer.amount),
        texts.index(offer.about),
        texts.index(offer.fits),
        texts.index(offer.against),
        texts.index(offer.page),
    ]


def _map(graph: GraphMap, texts: _Texts) -> list[Any]:
    boxes: list[int] = []
    index = texts.index
    for box in graph.boxes:
        kind = KINDS.index(box.kind) if box.kind in KINDS else 0
        boxes += (box.x, box.y, box.w, box.h, kind, index(box.label), index(box.id))
    links = [end for link in graph.links for end in link]
    return [
        texts.index(graph.title),
        [graph.width, graph.height, graph.outside, graph.more],
        boxes,
        links,
        sorted(graph.marked),
    ]
