"""Workflow × catalogue → Anatomy: the graph in the field's terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...catalogue.types import NodeCatalogue
from ...requirements.types import Requirements
from ...workflow.types import Workflow
from ..graph import View
from ..outline import outline
from ..types import Anatomy, Size
from . import ends
from .arithmetic import Arithmetic
from .lines import line_of
from .models import models, settle_families, settle_uses
from .reader import Reader
from .sampling import Passes
from .texts import Texts


def view_of(workflow: Workflow, catalogue: NodeCatalogue) -> View:
    """The flat graph with what `knowledge/roles.json` says of its types."""
    lines = {node.class_type: line_of(node.class_type) for node in workflow.nodes}
    view = View(workflow, catalogue, lines)
    view.compute = Arithmetic(view)
    return view


def anatomy(
    workflow: Workflow,
    needs: Requirements,
    catalogue: NodeCatalogue,
    *,
    families: Mapping[str, str] | None = None,
    view: View | None = None,
) -> Anatomy:
    """What is understood of one workflow. `needs`: its scan. `families`: model name → family told by file headers."""
    view = view or view_of(workflow, catalogue)
    reader = Reader(view, needs)
    outputs = ends.outputs(reader)
    unused = ends.unused(reader, outputs)
    parts = models(reader, families or {}, unused)
    texts, sizes = Texts(reader), list[Size]()
    passes = Passes(reader, parts, texts, sizes).find(unused)
    settle_families(parts, passes)
    settle_uses(reader, parts)
    texts.rest(unused)
    inputs = ends.inputs(reader, unused)
    steps = ends.steps(reader, unused)
    said = outline(workflow, needs, catalogue)
    kinds, kind_nodes = _kinds(
        view, inputs=inputs, outputs=outputs, models=parts, samplings=passes, texts=texts.found, steps=steps
    )
    return Anatomy(
        workflow.name, workflow.format, kinds, kind_nodes, tuple(inputs), tuple(outputs), tuple(parts), tuple(passes),
        tuple(sizes), tuple(texts.found), tuple(steps), tuple(ends.switches(reader)),
        tuple((node.id, node.class_type) for node in view.order() if reader.does(node) == "partner"),
        tuple((node.id, node.class_type) for node in view.order() if reader.does(node) in ("", "process")),
        tuple((node.id, node.class_type, node.title) for node in workflow.nodes
              if not node.active and node.class_type not in catalogue.virtual),
        said.notes, said.groups, said.counts,
    )  # fmt: skip


def _kinds(view: View, **parts: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from ..kinds.tell import kinds

    return kinds(view, **{name: tuple(value) for name, value in parts.items()})
