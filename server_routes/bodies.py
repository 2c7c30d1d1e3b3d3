"""What a request may carry: JSON of a known shape and size. Imported on the first POST, since pydantic takes its time."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from ..core.errors import ComfyFixerError
from ..core.keys import KeyName
from ..core.settings import SourceName
from ..core.workflow.ui import MAX_NODES

MOST_ACTIONS = 5000  # that a request may name

Body = TypeVar("Body", bound=BaseModel)
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ChangeId = Annotated[str, StringConstraints(min_length=1, max_length=500)]  # holds the name of a file


class Empty(BaseModel):
    """`{}`: the route needs no words."""

    model_config = ConfigDict(extra="forbid")


class Check(BaseModel):
    """A graph as the page holds it, UI or API format, and the name it goes by."""

    model_config = ConfigDict(extra="forbid")

    workflow: dict[str, Any]
    name: str = Field("", max_length=1000)


class Change(BaseModel):
    """Settings to change; None forgets one. What each may be is for `core/settings.py` to say."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, Any] = Field(min_length=1, max_length=100)


class Consent(BaseModel):
    """Which services may be asked, and whether at each cycle too; None leaves that as it is."""

    model_config = ConfigDict(extra="forbid")

    sources: tuple[SourceName, ...] = Field(max_length=20)
    discovery: bool | None = None


class Key(BaseModel):
    """A key to keep for a service; None forgets it. What a key may be is for `core/keys.py` to say."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    source: KeyName
    key: SecretStr | None


class Subject(BaseModel):
    """What a request is about: a listed workflow, the graph as the page holds it, or (neither) the whole library."""

    model_config = ConfigDict(extra="forbid")

    slug: str | None = Field(None, max_length=300)
    workflow: dict[str, Any] | None = None
    name: str = Field("", max_length=1000)

    @model_validator(mode="after")
    def _one(self) -> Subject:
        if self.slug is not None and self.workflow is not None:
            raise ValueError("slug and workflow exclude each other")
        return self


class Resolve(Subject):
    """What to look up; `again`: also what has a verdict already."""

    again: bool = False


class MakePlan(Subject):
    """What to plan for; ids of actions that are not wanted, and how the person prefers others to be done."""

    leave_out: tuple[Id, ...] = Field((), max_length=MOST_ACTIONS)
    prefer: dict[Id, Literal["move", "link"]] = Field({}, max_length=MOST_ACTIONS)


class Approve(BaseModel):
    """The yes to the plan of this digest, with the codes of the risks that the person confirmed, by action."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    consents: dict[Id, tuple[Id, ...]] = Field({}, max_length=MOST_ACTIONS)


class Steer(BaseModel):
    """What is to become of the run, or of one of its actions."""

    model_config = ConfigDict(extra="forbid")

    do: Literal["pause", "resume", "cancel"]
    action: Id | None = None


class Undo(BaseModel):
    """What to take back: entries of the journal, or all that one run did."""

    model_config = ConfigDict(extra="forbid")

    entries: tuple[Id, ...] | None = Field(None, min_length=1, max_length=1000)
    run: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Undo:
        if (self.entries is None) == (self.run is None):
            raise ValueError("name either entries or a run")
        return self


class One(Subject):
    """One workflow: a listed one, or a graph as the page holds it."""

    @model_validator(mode="after")
    def _some(self) -> One:
        if self.slug is None and self.workflow is None:
            raise ValueError("name either a slug or a workflow")
        return self


class Explain(One):
    """What to explain."""


Memory = Annotated[float, Field(gt=0, le=4096)]  # GB of GPU memory


class Tune(One):
    """What to fit, to how much memory; None for that of this machine."""

    memory_gb: Memory | None = None


class Chosen(Tune):
    """The same with the changes that the person wants."""

    changes: tuple[ChangeId, ...] = Field((), max_length=200)


class ChosenPlan(BaseModel):
    """A new version to be planned: a listed workflow and the changes that the person wants."""

    model_config = ConfigDict(extra="forbid")

    slug: str = Field(max_length=300)
    memory_gb: Memory | None = None
    changes: tuple[ChangeId, ...] = Field(min_length=1, max_length=200)


class Side(Subject):
    """One of two versions: a listed workflow, a graph as the page holds it, or the last good version of a listed one."""

    good: str | None = Field(None, max_length=300)

    @model_validator(mode="after")
    def _some(self) -> Side:
        if (self.slug, self.workflow, self.good).count(None) != 2:
            raise ValueError("name a slug, a workflow or a good version")
        return self


class Compare(BaseModel):
    """Two versions."""

    model_config = ConfigDict(extra="forbid")

    old: Side
    new: Side


class Choose(BaseModel):
    """A candidate for a question, and why; None takes the choice back."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=100)
    candidate: str | None = Field(max_length=2000)
    reason: str = Field("", max_length=300)


def parse(shape: type[Body], raw: bytes) -> Body:
    """The body as `shape`. Raises ComfyFixerError `bad_body` or `too_large`; slow for large ones, so call it in a thread."""
    try:
        body = shape.model_validate(json.loads(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "extra_forbidden":  # the name stays unsaid: it may be a key in a wrong place
            raise _bad("it says more than is understood") from None
        place = ".".join(str(part)[:40] for part in first["loc"]) or "the body"
        raise _bad(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
    except (ValueError, RecursionError) as error:
        raise _bad(f"it is no JSON that can be read ({str(error)[:100]})") from None
    graphs = [getattr(one, "workflow", None) for one in (body, getattr(body, "old", None), getattr(body, "new", None))]
    if any(_nodes(graph or {}) > MAX_NODES for graph in graphs):
        raise ComfyFixerError(
            "too_large", f"The graph has more than {MAX_NODES:,} nodes.", "Split it into several workflows."
        )
    return body


def _bad(why: str) -> ComfyFixerError:
    return ComfyFixerError("bad_body", f"The request cannot be used: {why}.", "Reload the page and try again.")


def _nodes(graph: dict[str, Any]) -> int:
    """Nodes written in a graph and in its subgraph definitions, as they stand; an API graph is its nodes."""
    if not isinstance(graph.get("nodes"), list):
        return len(graph)
    definitions = graph.get("definitions")
    inner = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    graphs = [graph, *(inner if isinstance(inner, list) else ())]
    lists = [one.get("nodes") for one in graphs if isinstance(one, dict)]
    return sum(len(nodes) for nodes in lists if isinstance(nodes, list))
