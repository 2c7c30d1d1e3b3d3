"""Facts of the whole: what the workflow is for, what goes in, what comes out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ...knowledge import document
from ..types import Ending, Fact, Size
from . import say
from .ground import Ground, number
from .words import Words

_TASKS, _PRACTICE = "knowledge/tasks.json#tasks.{}", "knowledge/practice.json#purposes.{}"


def purpose(ground: Ground) -> Iterator[Fact]:
    """What kind of workflow it is, what it is good for, and what that costs."""
    kinds = ground.anatomy.kinds
    if not kinds:
        yield Words(ground.anatomy.kind_nodes).fact("task", "task", "What this workflow is for cannot be told from its nodes.")
        return
    tasks = _tasks()
    for place, kind in enumerate(kinds):
        line = tasks.get(kind)
        if line is None:
            continue
        words = Words(ground.anatomy.kind_nodes if place == 0 else ())
        label = words.label(line["label"], _TASKS.format(kind))
        text = line["sentence"] if place == 0 else f"It also does this: {label[0].lower()}{label[1:]}."
        words.known.append(line["sentence"])
        yield words.fact("task" if place == 0 else f"task.{kind}", "task", text, brief=(label, "", text))
    line = document("practice")["purposes"].get(kinds[0])
    if line:
        source = _PRACTICE.format(kinds[0])
        yield Fact("purpose.good", "task", line["good"], known=(line["good"],), source=source)
        yield Fact("purpose.cost", "task", line["cost"], known=(line["cost"],), source=source)


@cache
def _tasks() -> Mapping[str, Any]:
    return document("tasks")["tasks"]  # type: ignore[no-any-return]


def label_of(kind: str) -> str:
    """The short name of a kind, "" where there is none."""
    return str(_tasks().get(kind, {}).get("label", ""))


# ---- what goes in ----------------------------------------------------------------------------------------------


def inputs(ground: Ground) -> Iterator[Fact]:
    """One fact per file or value that a person brings."""
    for place, one in enumerate(ground.anatomy.inputs):
        words = Words((one.node,))
        thing = say.article(ground.thing(one.medium)) if one.medium in ground.things and one.medium else "a file"
        title = words.name(one.title) if one.title != one.class_type else ""
        name = words.name(one.name) if one.name else ""
        said = f": {name}" if name else ""
        at = f" ({title})" if title and title != name else ""
        text = say.sentence(f"{thing} of yours goes in{at}{said}")
        id = f"input.{one.node}" if place == 0 or _first(ground.anatomy.inputs, place) else f"input.{one.node}.{place}"
        yield words.fact(id, "input", text, brief=(name or title or say.sentence(thing)[:-1], "", text))


def _first(endings: tuple[Ending, ...], place: int) -> bool:
    return all(one.node != endings[place].node for one in endings[:place])


# ---- what comes out --------------------------------------------------------------------------------------------


def outputs(ground: Ground) -> Iterator[Fact]:
    """One fact per place where something comes out."""
    for one in ground.anatomy.outputs:
        words = Words((one.node,))
        thing = say.article(ground.thing(one.medium))
        title = words.name(one.title)
        node = ground.view.by_id.get(one.node)
        prefix = ground.view.value(node, "filename_prefix") if node is not None else None
        where = ""
        if prefix is not None and isinstance(prefix.value, str) and prefix.value.strip() and not one.preview:
            where = f" under names that begin with {words.name(prefix.value)}"
        verb = "is only shown, not kept" if one.preview else f"is saved{where}"
        yield words.fact(f"output.{one.node}", "output", say.sentence(f"{thing} {verb} ({title})"))


def result(ground: Ground) -> Iterator[Fact]:
    """What comes out, in one sentence: how many, how large, how long."""
    anatomy = ground.anatomy
    medium = ground.medium()
    own = [one for one in anatomy.outputs if one.medium == medium]
    nodes = tuple(one.node for one in own) or tuple(one.node for one in anatomy.outputs)
    if not nodes:
        return
    words = Words(nodes)
    kept = [one for one in own if not one.preview]
    size = _last_size(ground, medium)
    many = words.count(len(kept or own), ground.thing(medium), f"{ground.thing(medium)}s") if own else "a result"
    if len(kept or own) <= 1:
        many = say.article(ground.thing(medium))
    how = measure(ground, words, size) if size is not None else ""
    shown = "" if kept or not own else ", only shown, not kept"
    yield words.fact("result", "output", say.sentence(f"out comes {many}{how}{shown}"))


def _last_size(ground: Ground, medium: str) -> Size | None:
    for one in reversed(ground.anatomy.samplings):
        size = ground.size_of(one)
        if size is not None and size.of == medium:
            return size
    return None


def measure(ground: Ground, words: Words, size: Size) -> str:
    """ " of 1024 × 1024 pixels", " of 81 frames, about 5 seconds"; "" where nothing is known."""
    parts = []
    if number(size.width) is not None and number(size.height) is not None:
        assert size.width is not None and size.height is not None
        larger = any(step.does in ("upscale_model", "upscale_latent") for step in ground.anatomy.steps)
        pixels = f"{words.value(size.width)} × {words.value(size.height)} pixels"
        parts.append(f"made at {pixels} and enlarged on the way" if larger else f"{pixels}")
    length = duration(words, size)
    said = ""
    if parts:
        said = f", {parts[0]}" if parts[0].startswith("made") else f" of {parts[0]}"
    if length:
        said += f", {length}"
    batch = number(size.batch)
    if batch is not None and batch > 1 and size.batch is not None:
        said += f", {words.value(size.batch)} at once"
    return said


def duration(words: Words, size: Size) -> str:
    """ "81 frames, about 5 seconds at 16 frames per second"; "" for a picture."""
    seconds, frames, fps = number(size.seconds), number(size.frames), number(size.fps)
    if seconds is not None and size.seconds is not None:
        return f"{words.value(size.seconds)} second{'' if seconds == 1 else 's'}"
    if frames is None or size.frames is None or size.of not in ("video", "image") or (size.of == "image" and frames <= 1):
        return ""
    said = f"{words.value(size.frames)} frame{'' if frames == 1 else 's'}"
    if fps and fps > 0 and size.fps is not None and frames > 1:
        long = round(frames / fps, 1)
        words.work(long, "quotient", size.frames.value, size.fps.value)
        said += f", about {say.seconds(long)} at {words.value(size.fps)} frames per second"
    return said
