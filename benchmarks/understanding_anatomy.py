"""How much of a workflow is taken apart? Every official template: passes, models, sizes, texts, meaning of nodes, time.

    python benchmarks/understanding_anatomy.py [--verbose]

Nothing is installed: only the file and the tables speak. What is known can still be wrong; that is judged by eye and by
the tests. `--verbose` lists what is not known.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from comfyfixersmart.core.app import App
from comfyfixersmart.core.explanation.anatomy.build import anatomy
from comfyfixersmart.core.explanation.types import CHECKPOINT, DIFFUSION_MODEL, Anatomy, Sampling
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.requirements.types import Requirements
from comfyfixersmart.core.workflow.read import read_bytes
from comfyfixersmart.core.workflow.types import Workflow

sys.path.insert(0, str(Path(__file__).resolve().parent))
from table import Row

MEANING, SECONDS = 0.97, 0.015
_LARGE = range(150, 260)  # active nodes of the workflows that the time is taken of


def rows(verbose: bool = False) -> list[Row]:
    """The figures; one row that says why when the templates are not installed."""
    try:
        import comfyui_workflow_templates_json as package
    except ImportError:
        return [Row("templates", "not run: the package comfyui-workflow-templates-json is not installed")]
    app = App(nothing("no installation: the graph and the tables alone"))
    found: list[tuple[Workflow, Requirements, Anatomy]] = []
    for path in sorted((Path(package.__file__).parent / "templates").glob("*.json")):
        for workflow in read_bytes(path.read_bytes(), path.name).workflows:
            needs = app.requirements(workflow)
            found.append((workflow, needs, anatomy(workflow, needs, app.catalogue)))
    made = [one for _, _, one in found]
    return [_meaning(made, verbose), *_passes(made, verbose), _ends(made), _time(app, found)]


def _meaning(made: list[Anatomy], verbose: bool) -> Row:
    active, opaque = sum(one.counts.active for one in made), [kind for one in made for _, kind in one.opaque]
    share = 1 - len(opaque) / max(1, active)
    details = sorted(set(opaque)) if verbose else []
    return Row("nodes with a meaning", f"{share:.1%} of {active:,}", f">= {MEANING:.0%}", share >= MEANING, details)


def _passes(made: list[Anatomy], verbose: bool) -> list[Row]:
    """One row per thing that is known of a sampling pass."""

    def modelled(one: Sampling, whole: Anatomy) -> bool:
        return any(whole.models[at].role in (CHECKPOINT, DIFFUSION_MODEL) for at in one.models)

    def sized(one: Sampling, whole: Anatomy) -> bool:
        size = whole.sizes[one.size] if one.size is not None else None
        given = (size.width, size.frames, size.seconds, size.megapixels) if size is not None else ()
        return any(part is not None and part.value is not None for part in given)

    judged = {
        "its model": (modelled, 1.0),
        "its steps": (lambda one, _: one.steps is not None, 1.0),
        "its sampler": (lambda one, _: one.sampler is not None, 1.0),
        "where it starts": (lambda one, _: bool(one.start), 1.0),
        "where its size comes from": (lambda one, _: one.size is not None, 1.0),
        "its size in numbers": (sized, None),
        "its prompt": (lambda one, _: bool(one.positive), None),
    }
    every = [(one, whole) for whole in made for one in whole.samplings]
    result = []
    for what, (test, target) in judged.items():
        missing = [f"{whole.name} {one.node}" for one, whole in every if not test(one, whole)]
        share = 1 - len(missing) / max(1, len(every))
        ok = None if target is None else share >= target
        wanted = "" if target is None else f"{target:.0%}"
        result.append(Row(f"passes: {what}", f"{share:.1%} of {len(every)}", wanted, ok, missing if verbose else []))
    return result


def _ends(made: list[Anatomy]) -> Row:
    without = [one.name for one in made if not one.outputs]
    return Row(
        "workflows of which something comes out",
        f"{len(made) - len(without)} of {len(made)}",
        "all",
        not without,
        without,
    )


def _time(app: App, found: list[tuple[Workflow, Requirements, Anatomy]]) -> Row:
    large = [(workflow, needs) for workflow, needs, one in found if one.counts.active in _LARGE]
    if not large:
        return Row("anatomy of a 200-node workflow", "not run: there is none of that size")
    taken = []
    for workflow, needs in large:
        tries = []
        for _ in range(7):
            begin = time.process_time()
            anatomy(workflow, needs, app.catalogue)
            tries.append(time.process_time() - begin)
        taken.append(min(tries))
    worst = max(taken)
    return Row(
        "anatomy of a 200-node workflow", f"{worst * 1000:.1f} ms", f"<= {SECONDS * 1000:.0f} ms", worst <= SECONDS
    )


if __name__ == "__main__":
    from table import Table

    table = Table("anatomy")
    table.rows += rows("--verbose" in sys.argv)
    sys.exit(table.finish(False))
