"""Facts of sampling passes, sizes and texts. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..types import LORA, Fact, Sampling, Text
from . import say
from .ground import MAIN, Ground, number, starts_from
from .purpose import measure
from .words import Words

MOST_MODELS = 12  # of one pass, told by name
_STARTS = {
    "noise": "starts from pure noise",
    "image": "starts from your picture",
    "video": "starts from your video",
    "audio": "starts from your sound",
    "pass": "goes on from the pass before",
}
_CONTROLS = {
    "randomize": "a new one after each run",
    "fixed": "fixed",
    "increment": "one more after each run",
    "decrement": "one less after each run",
}
USES = {
    "positive": "says what the {thing} shows",
    "negative": "says what the {thing} should not show",
    "instruction": "tells a language model what to do",
    "lyrics": "is sung",
    "tags": "says what kind of music it is",
    "speech": "is spoken",
    "text": "is used as text",
}


def samplings(ground: Ground) -> Iterator[Fact]:
    """One fact per sampling pass, with all its settings."""
    count = len(ground.anatomy.samplings)
    for place, one in enumerate(ground.anatomy.samplings, 1):
        words = Words((one.node,))
        settings = parameters(words, one)
        brief = [*parameters(words, one, terse=True), *_with(ground, words, one)]
        name = f"Pass {place} of {count}" if count > 1 else "Sampling"
        if count > 1:
            words.counted += [place, count]
        title = words.name(one.title)
        begin = _STARTS.get(starts_from(ground, one) or one.start, "")
        if one.start in ("image", "video", "audio") and not starts_from(ground, one):
            begin = f"starts from a {ground.thing(one.start)} made on the way"
        if _drowned(ground, one):
            begin = f"starts from pure noise, as large as {'your' if starts_from(ground, one) else 'the'} {ground.thing(one.start)}"
        more = [part for part in (begin, "keeps to the mask" if one.masked else "") if part]
        text = f"{name} ({title}): {', '.join(settings)}" if settings else f"{name} ({title})"
        text = say.sentence(text) + (" " + say.sentence("it " + " and ".join(more)) if more else "")
        yield words.fact(
            f"sampling.{one.node}", "sampling", text, brief=(f"{name}: {title}", "", ", ".join(brief + more))
        )


def _drowned(ground: Ground, one: Sampling) -> bool:
    """Whether nothing is left of the picture that the latent was made of: the model is shown it another way."""
    size = ground.size_of(one)
    same = size is None or size.of == one.start
    return (
        one.start in ("image", "video")
        and number(one.denoise) == 1
        and same
        and not one.masked
        and ground.reads_picture(one)
    )


def _with(ground: Ground, words: Words, one: Sampling) -> list[str]:
    """The models that a pass goes through, LoRAs with their strengths."""
    parts = [ground.anatomy.models[place] for place in one.models if place < len(ground.anatomy.models)]
    parts = [part for part in parts if part.role in (*MAIN, LORA)]
    found = []
    for part in parts[:MOST_MODELS]:
        values = [given for given in part.strengths if number(given) is not None]
        strength = f" at {words.value(values[0])}" if values else ""
        found.append(f"{'LoRA ' if part.role == LORA else 'on '}{words.name(part.name)}{strength}")
    if len(parts) > MOST_MODELS:
        found.append(words.count(len(parts) - MOST_MODELS, "more model"))
    return found


def parameters(words: Words, one: Sampling, *, terse: bool = False) -> list[str]:
    """The settings of a pass that are known, in the words of the field; `terse` leaves out what an expert sees anyway."""
    found = []
    steps = number(one.steps)
    if one.steps is not None and steps is not None:
        first, last = number(one.first_step), number(one.last_step)
        whole = (first or 0) <= 0 and (last is None or last >= steps)
        plural = "" if steps == 1 else "s"
        if whole or one.first_step is None or one.last_step is None:
            found.append(f"{words.value(one.steps)} step{plural}")
        elif last is not None and last >= steps:
            found.append(f"step {words.value(one.first_step)} to the end of {words.value(one.steps)}")
        else:
            begin, end = words.value(one.first_step), words.value(one.last_step)
            found.append(f"steps {begin} to {end} of {words.value(one.steps)}")
    for label, given in (
        ("sampler", one.sampler),
        ("scheduler", one.scheduler),
        ("cfg", one.cfg),
        ("guidance", one.guidance),
        ("shift", one.shift),
    ):
        if given is not None and given.value is not None and (said := words.value(given)):
            found.append(said if terse and label in ("sampler", "scheduler") else f"{label} {said}")
    denoise = number(one.denoise)
    if one.denoise is not None and denoise is not None and denoise != 1:
        found.append(f"denoise {words.value(one.denoise)}")
    if one.seed is not None and isinstance(one.seed.value, int) and not isinstance(one.seed.value, bool):
        control = one.seed_control if terse else _CONTROLS.get(one.seed_control, "")
        found.append(f"seed {words.value(one.seed)}" + (f" ({control})" if control else ""))
    return found


def sizes(ground: Ground) -> Iterator[Fact]:
    """One fact per size that something is made at."""
    for place, one in enumerate(ground.anatomy.sizes):
        words = Words((one.node,))
        said = measure(ground, words, one)
        if number(one.width) is None and one.width is not None and one.of != "audio":
            words.nodes.append(one.width.node)
            said = ", ".join(part for part in ("worked out while it runs", said) if part)
        if said:
            thing = ground.thing(one.of)
            text = f"{thing} size: {said}" if one.of != "audio" else f"length: {said}"
            yield words.fact(
                f"size.{one.node}.{place}", "size", say.sentence(text), brief=(say.sentence(thing)[:-1], "", said)
            )


def texts(ground: Ground) -> Iterator[Fact]:
    """One fact per text that a person wrote: its role, and its beginning for orientation. Never a judgement."""
    used: dict[str, int] = {}
    for one in ground.anatomy.texts:
        said = one.given.value
        if not isinstance(said, str) or not said.strip():
            continue
        words = Words((one.node,) if one.node in ground.view.by_id else ())
        if one.given.node in ground.view.by_id:
            words.nodes.append(one.given.node)
        what = USES.get(one.use, USES["text"]).format(thing=ground.thing())
        effect = "" if one.effect else ", but has no effect here"
        quoted = words.quote(said)
        used[one.node] = used.get(one.node, 0) + 1
        id = f"text.{one.node}.{one.use}" + (f".{used[one.node]}" if used[one.node] > 1 else "")
        yield words.fact(
            id, "text", say.stop(f"{quoted} {what}{effect}"), brief=(_NAMES.get(one.use, "Text"), "", quoted)
        )


_NAMES = {
    "positive": "Prompt", "negative": "Negative prompt", "instruction": "Instruction", "lyrics": "Lyrics",
    "tags": "Style tags", "speech": "Spoken text", "text": "Text",
}  # fmt: skip


def title_of(text: Text) -> str:
    """What people call a text of this use."""
    return _NAMES.get(text.use, "Text")
