"""Two versions of a workflow, compared by what they mean. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..workflow.raw import Json

ADDED, REMOVED, CHANGED, REWIRED, REPLACED, SWITCHED, RENAMED, SEED, NOTED = (
    "added", "removed", "changed", "rewired", "replaced", "switched", "renamed", "seed", "noted",
)  # fmt: skip
IDLE = frozenset({RENAMED, SEED, NOTED})  # kinds that change nothing in what runs

# What a changed value is.
PROMPT, MODEL = "prompt", "model"


class Side(NamedTuple):
    """A node in one of the two versions. `within`: the names of the subgraphs it stands in, the outermost first."""

    id: str
    class_type: str
    title: str
    within: tuple[str, ...] = ()


class Difference(NamedTuple):
    """One thing that is not as it was. `old`, `new`: the node in each version. By `kind`:

    ADDED, REMOVED: a node. CHANGED: a value (`input`, `before`, `after`; `what` is PROMPT or MODEL where it is one,
    `words` the short word diff of a long text). SEED: the same for a seed that is drawn anew at each run anyway.
    REWIRED: what feeds `input`; `before` and `after` say it in words. REPLACED: another type in the same place.
    SWITCHED: `before` and `after` are "on", "muted" or "bypassed". RENAMED: its title. NOTED: a note of the author was
    changed, added (`before` None) or taken away (`after` None).

    `follows`: the place in `Comparison.differences` of what brought this one about (a node was removed, so its reader
    is fed by another), -1 where it stands for itself.
    """

    kind: str
    old: Side | None
    new: Side | None
    input: str = ""
    before: Json = None
    after: Json = None
    text: str = ""
    what: str = ""
    words: tuple[tuple[str, str], ...] = ()  # ("=" | "-" | "+", words)
    follows: int = -1

    @property
    def counts(self) -> bool:
        """Whether it changes what runs."""
        return self.kind not in IDLE


class Consequence(NamedTuple):
    """What the differences mean. `topic`: "models", "memory", "compute", "output", "readiness". `better`: True, False, or
    None where that is a matter of taste."""

    topic: str
    text: str
    before: str = ""
    after: str = ""
    better: bool | None = None
    differences: tuple[int, ...] = ()  # places in `Comparison.differences`


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole. `matched`: how many nodes were recognised in both. `metadata`: how many things the author says beside the
    graph (download links, titles of groups, a description) are not as they were. `verdict`: one sentence."""

    old: str
    new: str
    differences: tuple[Difference, ...] = ()
    consequences: tuple[Consequence, ...] = ()
    matched: int = 0
    metadata: int = 0
    verdict: str = ""
    markdown: str = ""

    @property
    def same(self) -> bool:
        """Whether both would do the same: nothing differs but layout, titles, notes and seeds that are drawn anew."""
        return not any(one.counts for one in self.differences)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values. `count` leaves out what only follows from another difference."""
        return {
            "old": self.old,
            "new": self.new,
            "same": self.same,
            "verdict": self.verdict,
            "matched": self.matched,
            "metadata": self.metadata,
            "count": sum(one.follows < 0 for one in self.differences),
            "differences": [_difference(one) for one in self.differences],
            "consequences": [{**one._asdict(), "differences": list(one.differences)} for one in self.consequences],
            "markdown": self.markdown,
        }


def _difference(one: Difference) -> dict[str, Any]:
    sides = {"old": _side(one.old), "new": _side(one.new)}
    return {**one._asdict(), **sides, "words": [list(part) for part in one.words], "counts": one.counts}


def _side(side: Side | None) -> dict[str, Any] | None:
    return side and {**side._asdict(), "within": list(side.within)}
