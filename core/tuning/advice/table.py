"""`knowledge/tuning.json` as values, and sentences made of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ...explanation.facts.practice import profile
from ...explanation.graph import View
from ...explanation.types import CHECKPOINT, DIFFUSION_MODEL, Anatomy
from ...knowledge import document
from ..known import model_of
from ..types import Change, Edit, Files, NeedsFile
from .builds import Here, Known


class Usual(NamedTuple):
    """What is usual for the model of a workflow. `side`: of a square of the pixels it is made for, or 0;
    `multiple`: of width and height; `rule` (a, b): frames are a times n plus b. `sources`: figure → (title, url)."""

    label: str = "the model"
    side: float = 0
    multiple: int = 16
    rule: tuple[int, int] = (1, 0)
    steps: tuple[int, int] | None = None
    few: bool = False  # few steps suffice: there is nothing to save
    sources: Mapping[str, tuple[str, str]] = MappingProxyType({})

    def source(self, figure: str) -> tuple[str, str]:
        """Who says a figure: title and address."""
        return self.sources.get(figure, ("what this model is usually run at: knowledge/memory.json", ""))


class Case(NamedTuple):
    """What proposals are made of: the workflow, what is known of files, and what else lies here or somewhere."""

    anatomy: Anatomy
    view: View
    files: Files
    here: Here
    known: Known


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


def usual(anatomy: Anatomy) -> Usual:
    """For the diffusion model of the first pass that has one which is known."""
    for sampling in anatomy.samplings:
        for at in sampling.models:
            part = anatomy.models[at] if 0 <= at < len(anatomy.models) else None
            if part is not None and part.family and part.role in (DIFFUSION_MODEL, CHECKPOINT):
                return _usual(part.family, part.name)
    return Usual()


_MADE_FOR = {"480p": 640.0, "720p": 960.0, "1080p": 1440.0}  # a file's name → the side of a square of such a video


def _usual(family: str, name: str) -> Usual:
    said, known = profile(family, name), model_of(family, name)
    figures = said.figures if said is not None else {}
    pixels, multiple, frames, steps = (figures.get(key) for key in ("pixels", "multiple", "frames", "steps"))
    named = next((side for word, side in _MADE_FOR.items() if word in name.lower()), 0)
    step = int(multiple.low) if multiple is not None else 16
    return Usual(
        label=said.label if said is not None else known.label if known is not None else "the model",
        side=named or (math.sqrt(pixels.low) if pixels is not None else known.side if known is not None else 0),
        multiple=step if step > 8 else 64,  # with 8, what most people take
        rule=(int(frames.low), int(frames.high)) if frames is not None else (1, 0),
        steps=(int(steps.low), int(steps.high)) if steps is not None else None,
        few=said is not None and said.distilled == "steps",
        sources={key: (figure.title, figure.url) for key, figure in figures.items() if figure.title},
    )
