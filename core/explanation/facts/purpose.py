"""Facts of the whole: what the workflow is for, what goes in, what comes out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ...knowledge import document
from ..graph import Given
from ..types import LORA, Ending, Fact, Size
from . import say
from .ground import Ground, number
from .words import Words

_UNCOUNTED = frozenset({"music", "speech", "text", "layers"})
_FEW = 12  # steps up to which a run counts as short
_TASKS, _PRACTICE = "knowledge/tasks.json#tasks.{}", "knowledge/practice.json#purposes.{}"


def purpose(ground: Ground) -> Iterator[Fact]:
    """What kind of workflow it is, what it is good for, and what that costs."""
    kinds = ground.anatomy.kinds
    if not kinds:
        yield Words(ground.anatomy.kind_nodes).fact(
            "task", "task", "What this workflow is for cannot be told from its nodes."
        )
        return
    words = Words(ground.anatomy.kind_nodes)
    line = _tasks().get(kinds[0], {})
    label = words.label(line.get("label", kinds[0]), _TASKS.format(kinds[0]))
    text = words.label(line.get("sentence", ""), _TASKS.format(kinds[0]))
    yield words.fact("task", "task", text or label, brief=(label, "", text))
    yield from _also(kinds[1:])
    line = document("practice")["purposes"].get(kinds[0])
    if line:
        source = _PRACTICE.format(kinds[0])
        yield Fact("purpose.good", "task", line["good"], known=(line["good"],), source=source)
        yield Fact("purpose.cost", "task", line["cost"], known=(line["cost"],), source=source)


def _also(kinds: tuple[str, ...]) -> Iterator[Fact]:
    words = Words()
    labels = [words.label(label, _TASKS.format(kind)) for kind in kinds if (label := label_of(kind))]
    if labels:
        said = say.listed([label[0].lower() + label[1:] for label in labels])
        yield words.fact("task.also", "task", f"Beside that: {said}.", brief=(said, "", ""))


def speed(ground: Ground) -> Iterator[Fact]:
    """That it is set up for few steps, or done elsewhere: what a reader weighs first."""
    passes = [one for one in ground.anatomy.samplings if number(one.steps) is not None]
    quick = all(ground.usual(one).few and (number(one.steps) or 0) <= _FEW for one in passes)
    for one in passes if quick else ():
        usual = ground.usual(one)
        steps = number(one.steps)
        if usual.few and one.steps is not None and steps is not None and steps <= _FEW:
            words = Words((one.node,))
            count = f"{words.value(one.steps)} step{'' if steps == 1 else 's'}"
            lora = usual.quick_part is not None and usual.quick_part.role == LORA
            by = f"the LoRA {words.name(usual.quick_part.name)}" if lora and usual.quick_part is not None else ""
            if not by and usual.known is not None:
                by = words.label(usual.known.label, usual.known.label_source)
            if not by and usual.part is not None:
                by = words.name(usual.part.name)
            yield words.fact("purpose.speed", "task", f"It is set up for speed: {count}, thanks to {by}.")
            return
    if ground.anatomy.partners and not ground.anatomy.samplings:
        nodes = tuple(node for node, _ in ground.anatomy.partners)
        yield Words(nodes).fact(
            "purpose.speed",
            "task",
            "The work is done on the computers of a paid service, so your own GPU hardly matters.",
        )


def counts(ground: Ground) -> Iterator[Fact]:
    """How large the workflow is."""
    counts = ground.anatomy.counts
    words = Words()
    files = len({part.name for part in ground.anatomy.models})
    parts = [_count(words, counts.active, "node that runs", "nodes that run")]
    parts += [_count(words, files, "model file")] if files else []
    parts += (
        [_count(words, len(ground.anatomy.samplings), "sampling pass", "sampling passes")]
        if ground.anatomy.samplings
        else []
    )
    parts += [_count(words, counts.subgraphs, "subgraph")] if counts.subgraphs else []
    yield words.fact("counts", "task", say.sentence(say.listed(parts)))


def _count(words: Words, number: int, one: str, many: str = "") -> str:
    words.counted.append(number)
    return say.plural(number, one, many)


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
    medium = ground.medium
    own = [one for one in anatomy.outputs if one.medium == medium]
    nodes = tuple(one.node for one in own) or tuple(one.node for one in anatomy.outputs)
    if not nodes:
        return
    words = Words(nodes)
    kept = [one for one in own if not one.preview]
    size = _last_size(ground, medium)
    noun = _noun(ground, medium)
    many = words.count(len(kept or own), noun, f"{noun}s") if own else "a result"
    if len(kept or own) <= 1 or noun in _UNCOUNTED:
        many = noun if noun in _UNCOUNTED else say.article(noun)
    how = measure(ground, words, size) if size is not None else ""
    larger = any(step.does == "upscale_model" for step in anatomy.steps)
    how = (f", made at {how} and enlarged on the way" if larger else f" of {how}") if how else ""
    shown = "" if kept or not own else ", only shown, not kept"
    more = how or shown or len(kept or own) > 1
    verb = "come" if (len(kept or own) > 1 and noun not in _UNCOUNTED) or noun == "layers" else "comes"
    yield words.fact(
        "result", "output", say.sentence(f"out {verb} {many}{how}{shown}"), brief=("", "", "more" if more else "")
    )


def _noun(ground: Ground, medium: str) -> str:
    """What comes out, as the task calls it: "music" rather than "sound"."""
    line = _tasks().get(ground.anatomy.kinds[0], {}) if ground.anatomy.kinds else {}
    return str(line.get("noun", "")) if line.get("gives") == medium and line.get("noun") else ground.thing(medium)


def _last_size(ground: Ground, medium: str) -> Size | None:
    for one in reversed(ground.anatomy.samplings):
        size = ground.size_of(one)
        if size is not None and size.of == medium:
            return size
    return None


def measure(ground: Ground, words: Words, size: Size) -> str:
    """ "1024 × 1024 pixels", "640 × 640 pixels, 81 frames, about 5 seconds"; "" where nothing is known."""
    parts = []
    if number(size.width) is not None and number(size.height) is not None and size.width and size.height:
        parts.append(f"{words.value(size.width)} × {words.value(size.height)} pixels")
    if length := duration(words, size, ground.rate(size)):
        parts.append(length)
    batch = number(size.batch)
    if batch is not None and batch > 1 and size.batch is not None:
        parts.append(f"{words.value(size.batch)} at once")
    return ", ".join(parts)


def duration(words: Words, size: Size, rate: Given | None) -> str:
    """ "81 frames, about 5 seconds at 16 frames per second"; "" for a picture."""
    seconds, frames, fps = number(size.seconds), number(size.frames), number(rate)
    if seconds is not None and size.seconds is not None:
        return f"{words.value(size.seconds)} second{'' if seconds == 1 else 's'}"
    if (
        frames is None
        or size.frames is None
        or size.of not in ("video", "image")
        or (size.of == "image" and frames <= 1)
    ):
        return ""
    said = f"{words.value(size.frames)} frame{'' if frames == 1 else 's'}"
    if fps and fps > 0 and rate is not None and frames > 1:
        long = round(frames / fps, 1)
        words.work(long, "quotient", size.frames.value, rate.value)
        said += f", about {say.seconds(long)} at {words.value(rate)} frames per second"
    return said
