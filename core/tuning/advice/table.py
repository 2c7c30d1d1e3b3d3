"""`knowledge/tuning.json` as values, and sentences made of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from ...explanation.graph import View
from ...explanation.types import Anatomy
from ...knowledge import document
from ..known import Model, model_of
from ..types import Change, Edit, Files, NeedsFile
from .builds import Here, Known


class Family(NamedTuple):
    """What sizes and lengths a family takes. `multiple`: of pixels; `rule` (a, b): frames are a times n plus b; `steps`:
    the usual range; `least`: the shortest side worth trying."""

    multiple: int
    rule: tuple[int, int]
    steps: tuple[int, int]
    least: int


class Case(NamedTuple):
    """What proposals are made of: the workflow, what is known of files, and what else lies here or somewhere."""

    anatomy: Anatomy
    view: View
    files: Files
    here: Here
    known: Known


@cache
def family(key: str) -> Family:
    """The line of a family; the general one where there is none."""
    lines: Mapping[str, Mapping[str, Any]] = document("tuning")["families"]
    line = {**lines[""], **lines.get(key, {})}
    return Family(line["multiple"], tuple(line["rule"]), tuple(line["steps"]), line["least"])


def entry(kind: str) -> Mapping[str, Any]:
    """The words of one kind of proposal."""
    found: Mapping[str, Any] = document("tuning")["changes"][kind]
    return found


def proposal(
    kind: str,
    id: str,
    edits: tuple[Edit, ...],
    goals: tuple[str, ...],
    words: Mapping[str, object],
    *,
    quality: str = "",
    needs: NeedsFile | None = None,
    url: str = "",
    time: float | None = None,
) -> Change:
    """A Change of its line in the table; its effect is measured later. `words` fill the sentences."""
    line = entry(kind)
    return Change(
        id=id,
        title=str(line["title"]).format_map(words),
        goals=goals,
        effect="",
        reason=str(line["reason"]).format_map(words),
        source=str(line["source"]).format_map(words),
        url=url or str(line["url"]),
        nodes=tuple(dict.fromkeys(edit.node for edit in edits)),
        edits=edits,
        time=time,
        quality=quality or str(line.get("quality", "unknown")),
        needs=needs,
    )


def main_model(anatomy: Anatomy) -> tuple[str, Model | None]:
    """The family of the first pass's diffusion model, and what is known of it; "" and None where nothing is."""
    for sampling in anatomy.samplings:
        for at in sampling.models:
            part = anatomy.models[at] if 0 <= at < len(anatomy.models) else None
            if part is not None and part.family and part.role in ("diffusion_model", "checkpoint"):
                return part.family, model_of(part.family, part.name)
    return "", None
