"""Workflow → Explanation: anatomy, facts, drawing and pages in one go. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalogue.types import NodeCatalogue
from ..readiness.types import Readiness
from ..requirements.types import Requirements
from ..workflow.types import Workflow
from .anatomy.build import anatomy, view_of
from .facts.build import facts
from .facts.ground import Docs
from .graph import View
from .pages.build import pages
from .pages.markdown import markdown
from .stages.build import stages
from .stages.drawing import draw
from .stages.models import loaders
from .types import Anatomy, Explanation, Fact


def explain(
    workflow: Workflow,
    needs: Requirements,
    catalogue: NodeCatalogue,
    *,
    readiness: Readiness | None = None,
    extra: Sequence[Fact] = (),
    families: Mapping[str, str] | None = None,
    docs: Docs | None = None,
    sizes: Mapping[str, int] | None = None,
    known: tuple[Anatomy, View] | None = None,
) -> Explanation:
    """All that can be said of one workflow, for two readers.

    `needs`: its scan. `readiness`: the verdict of this installation. `extra`: further facts (what it costs to run).
    `families`: model name → family told by file headers. `docs`: class_type → what ComfyUI's documentation says.
    `sizes`: model name → bytes. `known`: anatomy and view, where they were made already.
    """
    body, view = known if known is not None else _anatomy(workflow, needs, catalogue, families)
    steps = stages(body, view)
    own = facts(body, view, readiness=readiness, docs=docs, sizes=sizes, steps=steps)
    ids = {fact.id for fact in own}
    every = (*own, *(fact for fact in extra if fact.id not in ids))
    sheets = pages(body, every)
    text = {sheet.reader: markdown(body.name, sheet) for sheet in sheets}
    return Explanation(body.name, body, every, draw(steps, loaders(steps, body, view)), sheets, text)


def _anatomy(
    workflow: Workflow, needs: Requirements, catalogue: NodeCatalogue, families: Mapping[str, str] | None
) -> tuple[Anatomy, View]:
    view = view_of(workflow, catalogue)
    return anatomy(workflow, needs, catalogue, families=families, view=view), view
