"""What the cards around the list say: counts and ring, planner, unused models, this machine. Pure."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any

from ..readiness.types import RUNNABLE, Need, UnlockStep, UnusedModel
from . import words
from .types import Entry, Library, Place

_ROUND = 100.0  # the ring's length; the circle carries pathLength=100
_GAP, _LEAST = 1.0, 0.6
MOST_STEPS, MOST_NEEDS, MOST_UNUSED = 12, 6, 300


def ring(counts: dict[str, int]) -> list[tuple[str, float, float]]:
    """(status, length, offset) of each arc, in hundredths of the circle; none for an empty library."""
    present = [(status, count) for status, count in counts.items() if count]
    total = sum(count for _, count in present)
    gap = _GAP if len(present) > 1 else 0.0
    room = _ROUND - len(present) * (gap + (_LEAST if len(present) > 1 else 0))
    arcs, at = [], 0.0
    for status, count in present:
        length = room * count / total + (_LEAST if len(present) > 1 else 0)
        arcs.append((status, round(length, 2), round(-at, 2)))
        at += length + gap
    return arcs


def headline(counts: dict[str, int]) -> str:
    """ "97 of 146 run here"."""
    total = sum(counts.values())
    runnable = counts[RUNNABLE]
    return f"{runnable:,} of {total:,} {'runs' if runnable == 1 else 'run'} here"


def percent(counts: dict[str, int]) -> int:
    """The runnable share, rounded down: 100 only when every single one runs."""
    total = sum(counts.values())
    return 100 * counts[RUNNABLE] // total if total else 0


def steps(library: Library, order: list[Entry]) -> list[dict[str, Any]]:
    """The unlock planner's steps in words, each with the rows it unlocks and a list to copy."""
    row = {entry.name: index for index, entry in enumerate(order)}
    return [_step(step, row) for step in library.unlock[:MOST_STEPS]]


def _step(step: UnlockStep, row: dict[str, int]) -> dict[str, Any]:
    needs = [
        {
            "name": words.visible(words.pack(need.name)),
            "folder": words.visible(_kind(need)),
            "size": words.size(need.size) if need.size is not None else "",
            "kind": need.kind,
        }
        for need in step.needs
    ]
    return {
        "title": step_title(step),
        "needs": needs,
        "count": len(step.workflows),
        "where": _where(step.workflows),
        "rows": [row[name] for name in step.workflows if name in row],
        "text": step_text(step),
    }


def _kind(need: Need) -> str:
    """What a need is, or where it belongs."""
    if need.kind == "pack":
        return "newer version" if need.name == words.CORE else "node pack"
    return "node type" if need.kind == "type" else need.folder


def step_title(step: UnlockStep) -> str:
    """ "These 3 files, 9.2 GB, make 12 workflows run"."""
    unlocks = f"{words.plural(len(step.workflows), 'workflow')} run"
    local = [need for need in step.needs if need.kind == "local"]
    if len(local) == len(step.needs):
        verb = "makes" if len(local) == 1 else "make"
        return f"{words.plural(len(local), 'fix', 'fixes')} on this disk {verb} {unlocks}, with nothing to download"
    kinds = (("file", "file"), ("pack", "node pack"), ("type", "node type"))
    parts = [_counted(step.needs, kind, word) for kind, word in kinds]
    parts.append("a newer ComfyUI" if _core(step.needs) else "")
    parts.append(words.plural(len(local), "fix", "fixes") + " on this disk" if local else "")
    things = words.listed([part for part in parts if part])
    total = _bytes(step.needs)
    amount = f", {total}," if total else ""
    if len(step.needs) == 1:
        return f"{things[:1].upper()}{things[1:]}{amount} makes {unlocks}"
    these = "These " if len({need.kind for need in step.needs}) == 1 and not _core(step.needs) else ""
    return f"{these}{things if these else things[:1].upper() + things[1:]}{amount} make {unlocks}"


def step_text(step: UnlockStep) -> str:
    """The step as plain text to paste: one need a line, with folder and size."""
    lines = [step_title(step) + ":"]
    for need in step.needs:
        details = [need.folder and f"folder {need.folder}", words.size(need.size) if need.size is not None else ""]
        what = {"pack": "node pack ", "type": "node type ", "local": "put right: "}.get(need.kind, "")
        said = ", ".join(filter(None, details))
        lines.append(f"- {what}{words.pack(need.name)}{f' ({said})' if said else ''}")
    return words.visible("\0".join(lines)).replace("\\u0000", "\n") + "\n"


def _counted(needs: tuple[Need, ...], kind: str, word: str) -> str:
    count = sum(need.kind == kind for need in needs) - (kind == "pack" and _core(needs))
    return words.plural(count, word) if count else ""


def _core(needs: tuple[Need, ...]) -> bool:
    return any(need.kind == "pack" and need.name == words.CORE for need in needs)


def _bytes(needs: tuple[Need, ...]) -> str:
    files = [need.size for need in needs if need.kind == "file"]
    known = [size for size in files if size is not None]
    if not files or not known:
        return ""
    return f"{'over ' if len(known) < len(files) else ''}{words.size(sum(known))}"


def _where(names: tuple[str, ...]) -> str:
    folders = Counter(words.title(name)[1] for name in names)
    if list(folders) == [""]:
        return words.plural(len(names), "workflow")
    common = [words.visible(folder or "the top folder") for folder, _ in folders.most_common(2)]
    more = len(folders) - len(common)
    if more:
        common.append(words.plural(more, "other folder"))
    return f"{len(names)} in {words.listed(common)}"


def unused(models: tuple[UnusedModel, ...]) -> list[dict[str, str]]:
    """The largest models that nothing uses."""
    largest = sorted(models, key=lambda m: (-m.size, m.name))[:MOST_UNUSED]
    return [
        {
            "name": words.visible(m.name),
            "folder": words.visible(m.folder),
            "size": words.size(m.size) if m.size >= 0 else "",
        }
        for m in largest
    ]


def unused_words(models: tuple[UnusedModel, ...]) -> str:
    """ "41 files, 186.0 GB"."""
    total = sum(max(m.size, 0) for m in models)
    return f"{words.plural(len(models), 'file')}, {words.size(total)}"


def machine(place: Place) -> list[tuple[str, str, str]]:
    """(label, value, small print) of what is known of the installation; empty values are left out."""
    known = place.models or place.packs_loaded or place.origin != "none"
    rows = [
        ("ComfyUI", place.comfyui_version, ""),
        ("Found at", place.place if place.origin != "none" else "", origin(place)),
        ("GPU", place.gpu, words.size(place.vram_bytes) if place.vram_bytes else ""),
        ("Memory", words.size(place.ram_bytes) if place.ram_bytes else "", ""),
        ("Models", f"{words.plural(place.models, 'file')}, {words.size(place.models_bytes)}" if known else "", ""),
        ("Packs", packs(place) if known else "", ""),
    ]
    return [(label, words.visible(value), words.visible(small)) for label, value, small in rows if value]


_ORIGIN = {
    "disk": "read from its files, nothing was started",
    "server": "asked while it was running",
    "snapshot": "as ComfyUI had it",
    "host": "asked from inside, while it was running",
}


def origin(place: Place) -> str:
    """Where the answers come from, and of a snapshot, when it was taken."""
    said = _ORIGIN.get(place.origin, "")
    when = words.date(place.taken, year=True, clock=True) if place.origin == "snapshot" and place.taken else ""
    return f"{said} on {when}" if when else said


def packs(place: Place) -> str:
    """ "31 loaded, 1 failed, 2 disabled"."""
    parts = [f"{place.packs_loaded} {'installed' if place.origin == 'disk' else 'loaded'}"]
    parts += [f"{len(place.packs_failed)} failed"] if place.packs_failed else []
    parts += [f"{place.packs_disabled} disabled"] if place.packs_disabled else []
    parts += [f"{len(place.packs_unreadable)} not readable"] if place.packs_unreadable else []
    return ", ".join(parts)


def disk(place: Place) -> dict[str, str] | None:
    """Free and total space of the models disk with the used share, when both are known."""
    if not place.disk_total or place.disk_free is None:
        return None
    used = min(max(1 - place.disk_free / place.disk_total, 0), 1)
    return {
        "words": f"{words.size(place.disk_free)} free of {words.size(place.disk_total)}",
        "used": f"{100 * used:.1f}",
    }


def reasoned(pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, list[str]]]:
    """Packs with a reason, those with the same reason together."""
    ordered = sorted(pairs, key=lambda pair: pair[1])
    return [
        (words.visible(reason), [words.visible(name) for name, _ in group])
        for reason, group in groupby(ordered, key=lambda pair: pair[1])
    ]
