"""What a run costs, as facts that an explanation cites. Pure."""

from __future__ import annotations

from ..explanation.types import Fact
from .modes import span
from .types import GB, Estimate

SOURCE = "the memory estimate"


def cost_facts(estimate: Estimate) -> tuple[Fact, ...]:
    """Facts of kind "cost": the whole, then the stage that wants most, the weights of it, RAM, and what is not known."""
    found = [
        Fact("cost.memory", "cost", f"{estimate.line.removesuffix('.')}.", source=SOURCE, measured=_numbers(estimate))
    ]
    if estimate.stages:
        top = max(estimate.stages, key=lambda one: one.total.likely)
        text = f"Most memory is wanted in this stage: {top.title}, with {span(top.weights)} of weights and {span(top.working)} to compute in."
        found.append(
            Fact(
                "cost.peak",
                "cost",
                text,
                top.nodes,
                graph=(top.title,),
                source=SOURCE,
                measured=_ends(top.weights, top.working),
            )
        )
        found.append(
            Fact("cost.ram", "cost", f"RAM: {span(estimate.ram)}.", source=SOURCE, measured=_ends(estimate.ram))
        )
    return tuple(found)


def _numbers(estimate: Estimate) -> tuple[float, ...]:
    sizes = [*estimate.peak, *estimate.floor, *estimate.ram, *([estimate.against] if estimate.against else [])]
    return tuple(dict.fromkeys(round(size / GB, 1) for size in sizes))


def _ends(*ranges: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple(dict.fromkeys(round(one / GB, 1) for found in ranges for one in (found[0], found[2])))
