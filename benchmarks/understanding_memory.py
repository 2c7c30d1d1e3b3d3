"""Memory: is the estimate near what people measured, and are the weights those of the headers?

The published figures are in `knowledge/memory_figures.json` and `memory_figures_held_back.json`, gathered before the
estimator was made; it was made on the first alone. An id whose sha256 is odd is held back. Every figure counts: none
is left out.

The half held back was looked at twice on 2026-11-29, each time as these sums and never figure by figure. First: median
error 7.3 %, 76 % inside, width 1.48. The ranges were then made wider, until 90 % of the first half lay inside with the
factors of their own family withheld. Second: median error 6.0 %, 93 % inside, width 1.59.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from comfyfixersmart.core.explanation.outline import Counts
from comfyfixersmart.core.explanation.types import Anatomy, ModelPart
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.tuning.estimate import estimate
from comfyfixersmart.core.tuning.types import Estimate, FileFacts
from comfyfixersmart.core.weights.parts import read_parts
from memory_figures import Judged, judged
from memory_files import Case, cases, write
from table import Row

_CHECKPOINT_PARTS = {"diffusion_model": "diffusion", "text_encoder": "text_encoder", "vae": "vae"}


def rows(verbose: bool = False) -> list[Row]:
    """Figures, held back and not, then weights against headers."""
    made_on, held = (document(name)["figures"] for name in ("memory_figures", "memory_figures_held_back"))
    return [
        _counted(made_on, held),
        *_against("the half it was made on", [judged(one) for one in made_on], target=False, verbose=verbose),
        *_against("the half held back", [judged(one) for one in held], target=True, verbose=verbose),
        _weights(verbose),
    ]


def _counted(made_on: list[dict[str, Any]], held: list[dict[str, Any]]) -> Row:
    """How many figures there are, and whether each lies in its half."""
    total = len(made_on) + len(held)
    odd = [int(hashlib.sha256(one["id"].encode()).hexdigest(), 16) % 2 for one in (*made_on, *held)]
    right = sum(odd[: len(made_on)]) == 0 and all(odd[len(made_on) :])
    value = f"{total}, of them {len(held)} held back" + ("" if right else ", some in the wrong half")
    return Row("published figures", value, ">= 40", total >= 40 and right)


def _against(which: str, found: list[Judged], *, target: bool, verbose: bool) -> list[Row]:
    error = statistics.median(one.error for one in found)
    inside = sum(one.inside for one in found) / len(found)
    width = statistics.median(one.width for one in found)
    off = sorted(found, key=lambda one: -one.error) if verbose else []
    return [
        Row(f"median error, {which}", f"{error:.1%}", "<= 15%" if target else "", error <= 0.15 if target else None,
            [_words(one) for one in off]),
        Row(f"inside the range, {which}", f"{inside:.1%} of {len(found)}", ">= 90%" if target else "",
            inside >= 0.9 if target else None, [one.id for one in found if not one.inside]),
        Row(f"high end over low end, median, {which}", f"{width:.2f}", "<= 1.6" if target else "",
            width <= 1.6 if target else None),
    ]  # fmt: skip


def _words(one: Judged) -> str:
    low, likely, high = (f"{size / 1e9:.1f}" for size in one.estimate)
    mark = "" if one.inside else ", outside"
    return (
        f"{one.id}: {one.published / 1e9:.1f} GB published, {likely} ({low} to {high}) estimated, {one.error:.0%}{mark}"
    )


def _weights(verbose: bool) -> Row:
    """The weights that an estimate counts, against the bytes of the tensors in the files."""
    worst, details = 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        every = list(cases())
        for case in every:
            path, data = write(Path(folder), case)
            counted = sum(weight.bytes or 0 for weight in _estimated(case, path).weights)
            expected = data - sum(_left_out(case))
            off = abs(counted - expected) / expected
            worst = max(worst, off)
            if verbose or off > 0.01:
                details.append(f"{case.name}: {counted} of {expected} bytes")
    return Row(f"weights against headers, worst of {len(every)}", f"{worst:.2%}", "<= 1%", worst <= 0.01, details)


def _left_out(case: Case) -> list[int]:
    """What ComfyUI does not load of a checkpoint: averaged weights and tables of training."""
    from memory_files import size

    return [size(kind, numbers) for name, kind, numbers in case.tensors if name.startswith(("model_ema", "alphas_"))]


def _estimated(case: Case, path: Path) -> Estimate:
    parts = read_parts(path)
    facts = FileFacts(path.stat().st_size, parts.bytes, parts.bits)
    part = ModelPart(case.name, ("models",), "1", "file", "Loader", case.role, case.family)
    none: tuple[Any, ...] = ()
    anatomy = Anatomy(
        "heron", "ui", none, none, none, none, (part,), none, none, none, none, none, none, none, none, none, none,
        Counts(1, 1, 0, 0, 0),
    )  # fmt: skip
    return estimate(anatomy, files=lambda name, folders: facts)
