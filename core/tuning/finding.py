"""HW001: a workflow that does not fit whole into the GPU. It informs and weighs nothing. Pure."""

from __future__ import annotations

from ..readiness.types import INFO, Evidence, Finding, Fix
from .modes import span
from .types import NOT, PARTS, TIGHT, Estimate, Stage

_FIX = "Tune it to this memory: smaller files, tiles or a smaller size."
_TITLES = {
    "text": "Text encoding",
    "encode": "Encoding",
    "sample": "Sampling",
    "decode": "Decoding",
    "upscale": "Upscaling",
}


def hw_finding(estimate: Estimate) -> Finding | None:
    """The finding where an Estimate does not fit whole; None where it does, most likely does, or where that is not known.

    Its evidence are the stages that want most, in the same sizes as on the page.
    """
    fits = estimate.fit == PARTS and estimate.against is not None and estimate.peak.likely <= estimate.against
    if estimate.fit not in (PARTS, TIGHT, NOT) or fits:
        return None
    top = sorted({_evidence(one): one for one in estimate.stages}.items(), key=lambda pair: -pair[1].total.likely)
    wanted = span(estimate.peak)
    message = f"{estimate.line.removesuffix('.')}."
    return Finding(
        "HW001", INFO, wanted, message, evidence=tuple(one for one, _ in top[:3]), fixes=(Fix("tune", _FIX),)
    )


def _evidence(stage: Stage) -> Evidence:
    title = _TITLES.get(stage.key, "Another model")
    return Evidence("estimate", f"{title}: {span(stage.weights)} of weights, {span(stage.working)} to compute in.")
