"""The oracle's figures: the matrix, the agreement, what is counted apart, and every disagreement by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import NamedTuple

from comfyfixersmart.core.readiness.types import RUNNABLE, UNKNOWN
from oracle_cases import Case, Subject
from oracle_ours import WAYS, Answer, Ours
from oracle_page import Sent
from table import Table

CASES, SHARE, AGREEMENT, WORKFLOWS = 1000, 0.30, 0.995, 80  # the targets


class Judged(NamedTuple):
    """One case with both answers."""

    case: Case
    runnable: bool  # by ComfyUI
    why: str  # what it said
    ours: Answer

    @property
    def agreed(self) -> bool:
        """An `unknown` is no answer."""
        return self.ours.status != UNKNOWN and self.runnable == (self.ours.status == RUNNABLE)

    @property
    def stricter(self) -> bool:
        """ComfyUI runs it although files are absent, none of which it looks for: see `loose_names`. We do not."""
        files = self.ours.files
        return self.runnable and bool(files) and self.ours.only_files and files <= self.case.subject.loose

    def __str__(self) -> str:
        case = self.case
        return f"{case.subject.name} | {case.kind} {case.what} | ComfyUI: {self.why} | we: {self.ours}"


def show(table: Table, way: str, rows: list[Judged]) -> None:
    """All figures of one way to look. Only the first way has to bring the number of cases."""
    counted = [row for row in rows if not row.stricter]
    if way == WAYS[0]:
        _enough(table, way, rows, counted)
    wrong = [row for row in counted if not row.agreed]
    agreement = 1 - len(wrong) / max(1, len(counted))
    value = f"{agreement:.2%} of {len(counted)}"
    said = [*_matrix(counted), *map(str, wrong)]
    table.add(f"{way}: agreement", value, f"≥ {AGREEMENT:.1%}", agreement >= AGREEMENT, said)
    apart = Counter(row.case.kind for row in rows if row.stricter)
    lines = [f"{number:5} {kind}" for kind, number in apart.items()]
    table.add(f"{way}: stricter than ComfyUI, counted apart", str(apart.total()), details=lines)


def _enough(table: Table, way: str, rows: list[Judged], counted: list[Judged]) -> None:
    workflows = len({row.case.subject.name for row in rows})
    table.add(f"{way}: workflows", str(workflows), f"≥ {WORKFLOWS}", workflows >= WORKFLOWS)
    kinds = Counter(row.case.kind for row in counted)
    good = Counter(row.case.kind for row in counted if row.runnable)
    lines = [f"{number:5} {kind}, {good[kind]} of them runnable" for kind, number in kinds.items()]
    table.add(f"{way}: cases", str(len(counted)), f"≥ {CASES}", len(counted) >= CASES, lines)
    share = min(good.total(), len(counted) - good.total()) / max(1, len(counted))
    table.add(f"{way}: smaller class", f"{share:.1%}", f"≥ {SHARE:.0%}", share >= SHARE)


def _matrix(rows: list[Judged]) -> list[str]:
    counts = Counter((row.runnable, row.ours.status == RUNNABLE) for row in rows)
    lines = [f"{'':22}  we: runnable  we: not"]
    for truth, words in ((True, "ComfyUI: runnable"), (False, "ComfyUI: not runnable")):
        lines.append(f"{words:<22}  {counts[truth, True]:12}  {counts[truth, False]:7}")
    return lines


def as_they_are(table: Table, sent: dict[str, Sent], here: Set[str], ours: Ours, templates: dict[str, bytes]) -> None:
    """All templates: the types that we call missing are those that the page sends and the host lacks."""
    for way in WAYS:
        wrong, blocked = [], 0
        names = [name for name in templates if name in sent]
        answers = ours.answers(way, [Subject(name, templates[name], {}) for name in names])
        for name, answer in zip(names, answers, strict=True):
            lacking = {str(one) for one in sent[name].types} - here
            blocked += bool(lacking)
            if lacking != answer.types:
                wrong.append(f"{name}: only we {sorted(answer.types - lacking)}, only ComfyUI {sorted(lacking - answer.types)}")  # fmt: skip
        value = f"{len(names)}, {blocked} lack types, {len(wrong)} differ"
        every = len(names) == len(templates)
        wrong += [f"{name}: the page cannot load it" for name in templates.keys() - sent.keys()]
        table.add(f"{way}: missing types of all templates", value, "0 differ", not wrong and every, wrong)
