"""Two versions of a workflow → what differs, and what that means. Pure.

Layout never counts: places, sizes, colours, the order of nodes, ids of nodes and links, and which nodes a subgraph
gathers. Neither do values that a node only shows. A seed that ComfyUI draws anew at each run is reported as SEED and
changes nothing; one that is fixed is a changed value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..catalogue.types import NodeCatalogue
from ..explanation.graph import Roles
from ..knowledge import document
from ..requirements.types import Requirements
from ..workflow.types import Workflow
from .beside import metadata, notes
from .consequences import consequences
from .differences import Differences
from .drawn import Drawn
from .matching import match
from .page import markdown
from .types import Comparison, Difference
from .words import verdict

if TYPE_CHECKING:
    from ..explanation.types import Anatomy
    from ..readiness.types import Readiness
    from ..tuning.types import Estimate


def compare(
    old: Workflow,
    new: Workflow,
    catalogue: NodeCatalogue,
    *,
    needs: tuple[Requirements, Requirements] | None = None,
    anatomies: tuple[Anatomy, Anatomy] | None = None,
    estimates: tuple[Estimate | None, Estimate | None] | None = None,
    readiness: tuple[Readiness | None, Readiness | None] | None = None,
) -> Comparison:
    """How `new` differs from `old`. What is handed in of both decides which consequences can be told."""
    differences, matched = differ(old, new, catalogue)
    beside = metadata(old, new)
    found = Comparison(
        old.name,
        new.name,
        tuple(differences),
        consequences(differences, needs=needs, anatomies=anatomies, estimates=estimates, readiness=readiness),
        matched,
        beside,
        verdict(differences, beside, layout=not _equal(old, new)),
    )
    return replace(found, markdown=markdown(found))


def differ(old: Workflow, new: Workflow, catalogue: NodeCatalogue) -> tuple[list[Difference], int]:
    """The differences alone, and how many nodes were recognised in both."""
    display = frozenset(document("references")["display"])
    as_run = old.format != new.format
    drawn = [Drawn(one, catalogue, _roles(), display, as_run=as_run) for one in (old, new)]
    pairs = match(drawn[0], drawn[1])
    found = Differences(drawn[0], drawn[1], pairs, catalogue).all()
    return [*found, *notes(old, new)], len(pairs)


def _equal(old: Workflow, new: Workflow) -> bool:
    """Whether the two graphs are the same to the last coordinate."""
    try:
        return bool(old.root.raw == new.root.raw)
    except RecursionError:
        return False


def _roles() -> Roles:
    found: Roles = document("roles")["types"]
    return found
