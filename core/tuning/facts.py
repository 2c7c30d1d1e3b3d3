"""What a run costs, as facts that an explanation cites. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..explanation.types import Fact
from .modes import span
from .types import Estimate, Stage

SOURCE = "the memory estimate"
_WHILE = {
    "text": "while it reads the text",
    "encode": "while it encodes the picture",
    "sample": "while it samples",
    "decode": "while it decodes",
    "upscale": "while it upscales",
}
_MOST_NAMED = 5
_SIZE = re.compile(r"\d[\d.]*(?: to \d[\d.]*)? GB")
_BY_NAME = ", by its name"


def cost_facts(estimate: Estimate) -> tuple[Fact, ...]:
    """Facts of kind "cost": the whole and whether it fits, the stage that wants most, RAM, and what is not known.

    Sizes stand in `measured` as they are written; names of files and node types are the graph's own.
    """
    return tuple(_facts(estimate))


def _facts(estimate: Estimate) -> Iterator[Fact]:
    yield _whole(estimate)
    if estimate.stages:
        yield _most(max(estimate.stages, key=lambda one: one.total.likely))
        ram = span(estimate.ram)
        brief = ("RAM", ram, "Wanted besides, of the computer's own memory.")
        yield Fact("cost.ram", "cost", f"It wants {ram} of RAM.", source=SOURCE, measured=(ram,), brief=brief)
    if estimate.unknown:
        names = estimate.unknown[:_MOST_NAMED]
        more = ", and more" if len(estimate.unknown) > len(names) else ""
        text = f"Not known, so the range is wide: {', '.join(names)}{more}."
        yield Fact("cost.unknown", "cost", text, graph=tuple(_subject(name) for name in names), source=SOURCE)
    taken = tuple(one for one in estimate.assumed if not one.endswith(_BY_NAME))
    if taken:
        yield Fact("cost.assumed", "cost", f"Taken for granted: {'; '.join(taken)}.", source=SOURCE, measured=taken)


def _whole(estimate: Estimate) -> Fact:
    """The line and the note; in brief "Fits", "13.0 to 14.4 GB", "Your GPU has 16 GB. …"."""
    line = estimate.line.removesuffix(".")
    text = f"{line}. {estimate.note}".strip()
    head, _, sizes = line.partition(": ")
    wanted, _, has = sizes.partition(" wanted, ")
    brief = ("", "", "")
    if estimate.stages and sizes:
        rest = f"{has[:1].upper()}{has[1:]}. " if has else ""
        brief = (head, wanted.removesuffix(" wanted"), f"{rest}{estimate.note}")
    return Fact("cost.memory", "cost", text, source=SOURCE, measured=_sizes(text, *brief), brief=brief)


def _most(stage: Stage) -> Fact:
    """Where most of the whole goes. Only the larger part has its figure: two ranges beside the whole's do not add up for a
    reader, since no run has the least or the most of each at once."""
    weights = stage.weights.likely >= stage.working.likely
    larger = span(stage.weights if weights else stage.working)
    parts = f"weights ({larger}) and what it computes in" if weights else f"what it computes in ({larger}) and weights"
    when = _WHILE.get(stage.key, "in one of its other models")
    text = f"Most of that is wanted {when}: {parts}."
    brief = ("Most of it", "", f"{when[:1].upper()}{when[1:]}: {parts}.")
    return Fact("cost.peak", "cost", text, stage.nodes, source=SOURCE, measured=(larger,), brief=brief)


def _subject(text: str) -> str:
    """What an unknown is about: "the size of heron.safetensors" → "heron.safetensors"."""
    text = text.removeprefix("the size of ").removeprefix("the model of ").removesuffix(", of which no file is named")
    return text.removeprefix("what ").removesuffix(" loads")


def _sizes(*texts: str) -> tuple[str, ...]:
    """Every size of these texts as it is written there."""
    return tuple(dict.fromkeys(found for text in texts for found in _SIZE.findall(text)))
