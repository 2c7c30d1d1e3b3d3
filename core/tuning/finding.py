"""HW001: a workflow that does not fit into the GPU as it is. It informs and weighs nothing. Pure."""

from __future__ import annotations

from ..readiness.types import INFO, Evidence, Finding, Fix
from .modes import span
from .types import NOT, PARTS, TIGHT, Estimate


def hw_finding(estimate: Estimate) -> Finding | None:
    """The finding where an Estimate does not fit whole; None where it does, or where that is not known."""
    if estimate.fit not in (PARTS, TIGHT, NOT):
        return None
    evidence = tuple(
        Evidence("estimate", f"{stage.title}: {span(stage.total)}, weights {span(stage.weights)}")
        for stage in sorted(estimate.stages, key=lambda one: -one.total.likely)[:3]
    )
    fixes = (Fix("tune", "Fit it to this memory: Tune shows what would change.", ""),)
    return Finding("HW001", INFO, span(estimate.peak), f"{estimate.line}.", evidence=evidence, fixes=fixes)
