"""What the differences mean, from what other stages found out about both versions. Pure.

Nothing is told that was not handed in, or that is not known of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..explanation.facts.say import listed, number, plural, seconds, size
from ..explanation.types import Anatomy, Ending, Size
from ..readiness.types import INFO, STATUSES, UNKNOWN, Finding, Readiness
from ..requirements.types import MODEL as NEEDED
from ..requirements.types import Requirements
from ..tuning.types import Estimate, Range
from . import types
from .types import CHANGED, SWITCHED, Consequence, Difference
from .words import ROLES, STATUS, kind_name

_SAME = 0.02  # figures closer than that are no difference
_MOST_FILES = 12


class Told:
    """The differences, and which of them are about these nodes or values."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        self.differences = differences

    def about(self, old: Iterable[str], new: Iterable[str], values: Iterable[object] = ()) -> tuple[int, ...]:
        """Places of the differences on these nodes (by their ids in either version) or with these values."""
        before, after, texts = set(old), set(new), {one for one in values if isinstance(one, str)}
        found = []
        for place, one in enumerate(self.differences):
            named = _on(one.old, before, one.kind) or _on(one.new, after, one.kind)
            if one.counts and (named or _among(one.before, texts) or _among(one.after, texts)):
                found.append(place)
        return tuple(found)


def _on(side: types.Side | None, ids: set[str], kind: str) -> bool:
    """A subgraph that was switched stands for all that is in it."""
    if side is None:
        return False
    return side.id in ids or (kind in (SWITCHED, CHANGED) and any(one.startswith(f"{side.id}:") for one in ids))


def _among(value: object, texts: set[str]) -> bool:
    return isinstance(value, str) and value in texts


def consequences(
    differences: Sequence[Difference],
    *,
    needs: tuple[Requirements, Requirements] | None = None,
    anatomies: tuple[Anatomy, Anatomy] | None = None,
    estimates: tuple[Estimate | None, Estimate | None] | None = None,
    readiness: tuple[Readiness | None, Readiness | None] | None = None,
) -> tuple[Consequence, ...]:
    """In the order in which people ask: models, memory, work, what comes out, whether it runs."""
    told = Told(differences)
    rows: list[Consequence] = []
    sizes = {w.name: w.bytes for one in estimates or () if one is not None for w in one.weights if w.bytes}
    if anatomies is not None:
        rows += _models(told, _parts(anatomies[0]), _parts(anatomies[1]), sizes)
    elif needs is not None:
        rows += _models(told, _needed(needs[0]), _needed(needs[1]), sizes)
    if estimates is not None and estimates[0] is not None and estimates[1] is not None:
        rows += _memory(told, estimates[0], estimates[1], anatomies)
        rows += _compute(told, estimates[0], estimates[1], anatomies)
    if anatomies is not None:
        rows += _output(told, *anatomies)
    if readiness is not None and readiness[0] is not None and readiness[1] is not None:
        rows += _readiness(told, readiness[0], readiness[1])
    return tuple(rows)


# ---- models ----------------------------------------------------------------------------------------------------

Files = dict[str, tuple[str, tuple[str, ...]]]  # name → role, nodes


def _parts(anatomy: Anatomy) -> Files:
    found: Files = {}
    for part in anatomy.models:
        role, nodes = found.get(part.name, (part.role, ()))
        found[part.name] = role, (*nodes, part.node)
    return found


def _needed(needs: Requirements) -> Files:
    return {item.name: (_role(item.folders), tuple(node.id for node in item.nodes)) for item in needs.of(NEEDED)}


def _role(folders: tuple[str, ...]) -> str:
    return folders[0] if folders else ""


def _models(told: Told, old: Files, new: Files, sizes: dict[str, int]) -> Iterator[Consequence]:
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    swapped = {one.before: one.after for one in told.differences if one.kind == CHANGED and one.what == types.MODEL}
    told_of = 0
    for name in list(gone):
        other = swapped.get(name)
        if isinstance(other, str) and other in come:
            gone.remove(name)
            come.remove(other)
            told_of += 1
            if told_of <= _MOST_FILES:
                yield _swap(told, name, other, old, new, sizes)
    for names, files, word in ((come, new, "Needs"), (gone, old, "No longer needs")):
        for name in names[: max(_MOST_FILES - told_of, 0)]:
            role, nodes = files[name]
            extra = f", {size(sizes[name])}" if name in sizes else ""
            cited = told.about(nodes if files is old else (), nodes if files is new else (), [name])
            text = f"{word} {ROLES.get(role, 'the file')} {name}{extra}."
            sides = (name, "") if files is old else ("", name)
            yield Consequence("models", text, *sides, differences=cited)
        if len(names) > max(_MOST_FILES - told_of, 0):
            rest = plural(len(names) - max(_MOST_FILES - told_of, 0), "more file")
            yield Consequence("models", f"{word} {rest}.")


def _swap(told: Told, name: str, other: str, old: Files, new: Files, sizes: dict[str, int]) -> Consequence:
    role = ROLES.get(new[other][0], "the file")
    before, after = (size(sizes[one]) if one in sizes else "" for one in (name, other))
    known = f" ({before} → {after})" if before and after and before != after else ""
    cited = told.about((), (), [name, other])
    return Consequence("models", f"Uses {role} {other} instead of {name}{known}.", name, other, differences=cited)


# ---- memory and work -------------------------------------------------------------------------------------------


def _bearing(anatomies: tuple[Anatomy, Anatomy] | None, told: Told) -> tuple[int, ...]:
    """The differences that bear on what a run costs: models, passes, sizes, and whatever was added or removed there."""
    if anatomies is None:
        return ()
    ids = [
        [*(m.node for m in one.models), *(n for s in one.samplings for n in (s.node, *s.nodes)), *_sized(one)]
        for one in anatomies
    ]
    return told.about(ids[0], ids[1])


def _sized(anatomy: Anatomy) -> Iterator[str]:
    for one in anatomy.sizes:
        yield one.node
        yield from (given.node for given in (one.width, one.height, one.frames, one.batch, one.seconds) if given)


def _memory(
    told: Told, old: Estimate, new: Estimate, anatomies: tuple[Anatomy, Anatomy] | None
) -> Iterator[Consequence]:
    before, after = old.peak, new.peak
    if not before.likely or not after.likely or _close(before.likely, after.likely):
        return
    less = after.likely < before.likely
    change = abs(1 - after.likely / before.likely)
    text = f"Wants {'less' if less else 'more'} GPU memory at its peak: {_range(before)} → {_range(after)}"
    text += f", about {change:.0%} {'less' if less else 'more'}." if change < 3 else "."
    if new.against and old.fit != new.fit and new.line:
        text += f" {new.line}."
    yield Consequence("memory", text, _range(before), _range(after), less, _bearing(anatomies, told))


def _range(one: Range) -> str:
    low, high = size(one.low), size(one.high)
    if low == high:
        return low
    number_, unit = low.rsplit(" ", 1)
    return f"{number_} to {high}" if high.endswith(f" {unit}") else f"{low} to {high}"


def _compute(
    told: Told, old: Estimate, new: Estimate, anatomies: tuple[Anatomy, Anatomy] | None
) -> Iterator[Consequence]:
    if not old.compute or not new.compute or _close(old.compute, new.compute):
        return
    factor = new.compute / old.compute
    less = factor < 1
    share = f"{factor:.0%}" if factor >= 0.1 else f"{factor:.1%}"
    text = (
        f"Sampling is about {share} of the work it was." if less else f"Sampling is about {factor:.3g} times the work."
    )
    yield Consequence("compute", text, "1", f"{factor:.3g}", less, _bearing(anatomies, told))


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _SAME * max(abs(one), abs(other))


# ---- what comes out --------------------------------------------------------------------------------------------


def _output(told: Told, old: Anatomy, new: Anatomy) -> Iterator[Consequence]:
    if old.kinds[:1] != new.kinds[:1] and old.kinds and new.kinds:
        names = kind_name(old.kinds[0]), kind_name(new.kinds[0])
        text = f"Another kind of workflow: {names[0]} becomes {names[1]}."
        yield Consequence("output", text, *names, differences=told.about(old.kind_nodes, new.kind_nodes))
    before, after = ([_measure(one) for one in anatomy.sizes if _measure(one)] for anatomy in (old, new))
    if before != after and before and after:
        names = listed(list(dict.fromkeys(before))[:3]), listed(list(dict.fromkeys(after))[:3])
        if names[0] != names[1]:
            cited = told.about(_sized(old), _sized(new))
            yield Consequence("output", f"Size of what is made: {names[0]} → {names[1]}.", *names, differences=cited)
    yield from _endings(told, old, new)


def _measure(one: Size) -> str:
    """ "1024 × 1024", "832 × 480, 81 frames at 16 per second"; "" where nothing is known."""
    width, height, frames, batch, length, fps = (
        number(given.value) if given is not None else ""
        for given in (one.width, one.height, one.frames, one.batch, one.seconds, one.fps)
    )
    parts = [f"{width} × {height}"] if width and height else []
    if frames and frames != "1":
        parts.append(f"{frames} frames" + (f" at {fps} per second" if fps else ""))
    if length and one.seconds is not None:
        parts.append(seconds(one.seconds.value))
    if batch not in ("", "1"):
        parts.append(f"{batch} at a time")
    return ", ".join(parts)


def _endings(told: Told, old: Anatomy, new: Anatomy) -> Iterator[Consequence]:
    """Outputs that are kept: how many of which medium, saved by what."""
    before, after = (_kept(one.outputs) for one in (old, new))
    if before == after:
        return
    names = listed(list(before)) or "nothing", listed(list(after)) or "nothing"
    cited = told.about([one.node for one in old.outputs], [one.node for one in new.outputs])
    yield Consequence("output", f"What is kept: {names[0]} → {names[1]}.", *names, differences=cited)


def _kept(outputs: tuple[Ending, ...]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for one in outputs:
        if not one.preview:
            key = f"{one.medium or 'file'} ({one.class_type})"
            counts[key] = counts.get(key, 0) + 1
    return tuple(key if count == 1 else f"{count} × {key}" for key, count in sorted(counts.items()))


# ---- readiness -------------------------------------------------------------------------------------------------


def _readiness(told: Told, old: Readiness, new: Readiness) -> Iterator[Consequence]:
    before, after = (
        {(f.code, f.name): f for f in one.findings if f.weight not in (INFO, UNKNOWN)} for one in (old, new)
    )
    come = [finding for key, finding in after.items() if key not in before]
    gone = [finding for key, finding in before.items() if key not in after]
    cited = told.about(
        [node.id for one in gone for node in one.nodes], [node.id for one in come for node in one.nodes],
        [one.name for one in (*come, *gone)],
    )  # fmt: skip
    if old.status != new.status:
        better = STATUSES.index(new.status) > STATUSES.index(old.status) if _known(old, new) else None
        names = STATUS.get(old.status, old.status), STATUS.get(new.status, new.status)
        yield Consequence("readiness", f"Status: {names[0]} → {names[1]}.", *names, better, cited)
    for findings, word, better in ((come, "New", False), (gone, "Settled", True)):
        for one in findings[:5]:
            yield _finding(told, one, word, better)
        if len(findings) > 5:
            yield Consequence("readiness", f"{word}: {plural(len(findings) - 5, 'more finding')}.", better=better)


def _known(*both: Readiness) -> bool:
    return all(one.status in STATUSES for one in both)


def _finding(told: Told, one: Finding, word: str, better: bool) -> Consequence:
    ids = [node.id for node in one.nodes]
    cited = told.about((), ids, [one.name]) if not better else told.about(ids, (), [one.name])
    about = "" if not one.name or one.name in one.message else f"{one.name}: "
    return Consequence("readiness", f"{word}: {about}{one.message}", better=better, differences=cited)
