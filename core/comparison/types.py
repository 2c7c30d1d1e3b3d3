"""Two versions of a workflow, compared by what they mean. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..workflow.raw import Json

ADDED, REMOVED, CHANGED, REWIRED, REPLACED, SWITCHED, RENAMED = (
    "added", "removed", "changed", "rewired", "replaced", "switched", "renamed",
)  # fmt: skip


class Side(NamedTuple):
    """A node in one of the two versions."""

    id: str
    class_type: str
    title: str


class Difference(NamedTuple):
    """One thing that is not as it was. `kind`: ADDED, REMOVED (a node), CHANGED (a value: `input`, `before`, `after`),
    REWIRED (what feeds `input`; `before` and `after` say it in words), REPLACED (another type in the same place),
    SWITCHED (active, muted or bypassed) or RENAMED (its title). `old`, `new`: the node in each version."""

    kind: str
    old: Side | None
    new: Side | None
    input: str = ""
    before: Json = None
    after: Json = None
    text: str = ""


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
    """The whole. `same`: nothing but layout differs. `matched`: how many nodes were recognised in both."""

    old: str
    new: str
    differences: tuple[Difference, ...] = ()
    consequences: tuple[Consequence, ...] = ()
    matched: int = 0
    markdown: str = ""

    @property
    def same(self) -> bool:
        """Whether both would do the same."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "old": self.old,
            "new": self.new,
            "same": self.same,
            "matched": self.matched,
            "differences": [
                {**one._asdict(), "old": one.old and one.old._asdict(), "new": one.new and one.new._asdict()}
                for one in self.differences
            ],
            "consequences": [{**one._asdict(), "differences": list(one.differences)} for one in self.consequences],
            "markdown": self.markdown,
        }
