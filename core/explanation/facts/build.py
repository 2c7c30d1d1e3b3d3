"""Anatomy → facts: everything that can be said of a workflow, each sentence with its nodes and what it rests on. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...readiness.types import Readiness
from ..graph import View
from ..stages.build import StageStep, stages
from ..types import Anatomy, Fact
from . import missing, parts, passes, purpose, rest, tune, way
from .ground import Docs, Ground
from .records import records
from .rules import judged


def facts(
    anatomy: Anatomy,
    view: View,
    *,
    readiness: Readiness | None = None,
    docs: Docs | None = None,
    sizes: Mapping[str, int] | None = None,
    steps: tuple[StageStep, ...] | None = None,
) -> tuple[Fact, ...]:
    """All facts of one workflow, in the order of the pages.

    `readiness`: the verdict here, for what is missing. `docs`: class_type → the first sentences of the installed
    documentation, alone or with the name of their source. `sizes`: model file → bytes. `steps`: of `stages`, where
    they are made already.
    """
    way_steps = stages(anatomy, view) if steps is None else steps
    ground = Ground(anatomy, view, way_steps, readiness=readiness, docs=docs, sizes=sizes)
    found: dict[str, Fact] = {}
    for builder in (
        purpose.purpose, purpose.inputs, purpose.outputs, purpose.result, purpose.speed, purpose.counts, way.way, parts.main, parts.models, parts.terse, parts.precisions, passes.samplings,
        passes.sizes, passes.texts, rest.switches, tune.knobs, lambda one: judged(records(one)), rest.off, missing.missing,
        rest.notes, rest.unknown,
        rest.documentation,
    ):  # fmt: skip
        for fact in builder(ground):
            found.setdefault(fact.id, fact)
    return tuple(found.values())
