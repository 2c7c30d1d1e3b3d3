"""Facts of the way from what goes in to what comes out: one per step. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ...knowledge import document
from ..graph import Given
from ..stages.build import StageStep
from ..types import TEXT_ENCODER, Fact, Sampling, Size, Step
from . import say
from .ground import Ground, number, starts_from
from .passes import parameters, title_of
from .purpose import measure
from .words import Words

_STAGES = "knowledge/practice.json#stages"
_TURNED = {"image": "picture", "video": "video", "audio": "sound", "3d": "shape"}  # last words of the steps' titles
MOST_VERBS, MOST_ENCODERS = 4, 4  # named or counted in one row
_PADS = re.compile("Pad|Extend")


def way(ground: Ground) -> Iterator[Fact]:
    """One fact per step, in the order of the data."""
    for step in ground.steps:
        words = Words()
        text = said(ground, words, step)
        words.nodes = list(_nodes(ground, step))
        words.counted.append(step.number)
        if step.key == "group" or any(step.title == ground.title(node) for node in step.nodes):
            words.graph.append(step.title)
        text = "" if text.strip(".").lower() == step.title.lower() else text
        full = f"{step.number}. {step.title}" + (f": {text}" if text else ".")
        yield words.fact(f"stage.{step.number}", "stage", full, brief=(step.title, "", text))


def _nodes(ground: Ground, step: StageStep) -> tuple[str, ...]:
    """The nodes that a person would look at: those of the anatomy's items first."""
    anatomy = ground.anatomy
    own = [
        *(anatomy.samplings[place].node for place in step.samplings),
        *(anatomy.inputs[place].node for place in step.inputs),
        *(anatomy.texts[place].node for place in step.texts),
        *(anatomy.outputs[place].node for place in step.outputs),
        *(anatomy.steps[place].node for place in step.steps),
    ]
    known = ground.view.by_id
    return say.unique(one for one in (own or step.nodes) if one in known)


def said(ground: Ground, words: Words, step: StageStep) -> str:
    """What happens in a step, with the values that matter."""
    if step.key == "sample":
        return _sample(ground, words, step)
    if step.key == "text":
        return _text(ground, words, step)
    if step.key == "group":
        return _group(ground, words, step)
    if step.inputs:
        return _inputs(ground, words, step)
    if step.key == "save":
        return _save(ground, words, step)
    text = _stages().get("reference_alone" if step.key == "reference" and not ground.worded else step.key, "")
    if text:
        words.known.append(text)
        words.sources.append(_STAGES)
    if step.key in ("service", "unknown"):
        return f"{_quotes(ground, words, step)} {_named(ground, words, step, text)}".strip()
    own = [ground.anatomy.steps[place] for place in step.steps]
    text = _back(ground, step, text) if step.key == "decode" else text
    if step.key == "mask" and any(one.does == "inpaint" for one in own):
        text = words.label(_stages()["inpaint"], _STAGES)
    return say.sentence(_done(ground, words, step, own, text))


@cache
def _stages() -> dict[str, str]:
    return document("practice")["stages"]  # type: ignore[no-any-return]


def _done(ground: Ground, words: Words, step: StageStep, own: list[Step], text: str) -> str:
    """The table's sentence, sharpened by what the single nodes do and by their values."""
    doing = document("practice")["doing"]
    if step.key == "canvas" or (step.key == "encode" and not ground.anatomy.inputs and not _made(ground, step)):
        size = next((one for one in ground.anatomy.sizes if one.node in step.nodes), None)
        return _canvas(ground, words, words.label(_stages()["canvas"], _STAGES), size)
    verbs = _few(say.unique(_verb(ground, words, one) for one in own if one.does in doing))
    if step.key in ("prepare", "hint") and verbs:
        return say.listed(verbs)
    meant = document("tasks")["stages"].get(step.key, {}).get("does", ())
    values = next((value for one in own if one.does in meant and (value := _amount(ground, words, one))), "")
    models = [part for part in ground.anatomy.models if part.node in step.nodes]
    names = say.unique(words.name(part.name) for part in models)
    extra = [one for one in (values, say.listed(names)) if one]
    return text + (f": {', '.join(extra)}" if extra else "")


def _made(ground: Ground, step: StageStep) -> bool:
    """Whether what goes into a step comes of a sampling pass."""
    passes = {one.node for one in ground.anatomy.samplings}
    own = (ground.view.by_id[node] for node in step.nodes if node in ground.view.by_id)
    return any(one.id in passes for node in own for one in ground.view.above(node))


def _few(verbs: tuple[str, ...]) -> list[str]:
    """Without those that another one says more exactly: "scaled" beside "scaled by 2"."""
    return [one for one in verbs if not any(other.startswith(f"{one} ") for other in verbs)][:MOST_VERBS]


def _canvas(ground: Ground, words: Words, text: str, size: Size | None) -> str:
    """The empty latent, with its size."""
    text = text.format(thing=ground.thing(size.of if size is not None and size.of in ground.things else None))
    said = measure(ground, words, size) if size is not None else ""
    return f"{text}: {said}" if said else text


def _verb(ground: Ground, words: Words, one: Step) -> str:
    """ "scaled to 1 megapixel", "cropped", "depth estimated"."""
    amount = _amount(ground, words, one)
    does = "pad" if one.does == "crop" and _PADS.search(one.class_type) else one.does
    return f"{document('practice')['doing'][does]}{' ' + amount if amount else ''}"


def _amount(ground: Ground, words: Words, one: Step) -> str:
    """The value of a step that matters, in words: "by 2", "to 1024 × 768", "strength 0.8"."""
    values = {given.input.rsplit(".", 1)[-1]: given for given in one.values if number(given) is not None}
    kind = _kinds()
    named: dict[str, Given] = {}
    for name, given in values.items():
        for key, names in kind.items():
            if name in names:
                named.setdefault(key, given)
    if one.does == "control" and "strength" in named:
        return f"strength {words.value(named['strength'])}"
    if one.does not in ("upscale", "upscale_latent", "upscale_model", "interpolate"):
        return ""
    if "megapixels" in named:
        value = words.value(named["megapixels"])
        return f"to about {value} megapixel{'' if value == '1' else 's'}"
    if "longer" in named:
        return f"to {words.value(named['longer'])} pixels at the longer side"
    if "scale" in named:
        return (
            f"{words.value(named['scale'])} times" if one.does == "interpolate" else f"by {words.value(named['scale'])}"
        )
    if (number(named.get("width")) or 0) > 0 and (number(named.get("height")) or 0) > 0:
        return f"to {words.value(named['width'])} × {words.value(named['height'])} pixels"
    return ""


@cache
def _kinds() -> dict[str, frozenset[str]]:
    names = document("roles")["names"]
    keys = ("megapixels", "longer", "scale", "width", "height", "strength")
    return {key: frozenset(one.rsplit(".", 1)[-1] for one in names.get(key, ())) for key in keys}


def _sample(ground: Ground, words: Words, step: StageStep) -> str:
    """The settings of the passes in this step, and the model that works in them."""
    rows = []
    for place in step.samplings:
        one = ground.anatomy.samplings[place]
        usual = ground.usual(one)
        settings = [part for part in parameters(words, one) if not part.startswith(("seed", "shift", "scheduler"))]
        if usual.known is not None:
            name = words.label(usual.known.label, usual.known.label_source)
        else:
            name = words.name(usual.part.name) if usual.part is not None else ""
        by = f"with {name}" if name else ""
        told = ", ".join([*settings, *([by] if by else [])])
        rows.append(f"{_begin(ground, one)}: {told}" if told else _begin(ground, one))
    rows = [row for row in say.unique(rows) if row]
    if len(rows) > 2:
        words.counted.append(len(step.samplings))
        return f"{say.spelled(len(step.samplings), 'pass', 'passes').capitalize()}. In the first {rows[0]}."
    if rows:
        return say.sentence("; then ".join(rows))
    own = [ground.anatomy.steps[place] for place in step.steps]
    names = say.unique(words.name(one.title) for one in own)
    return say.sentence(f"done by {say.listed(names[:3])}") if names else ""


def _begin(ground: Ground, one: Sampling) -> str:
    """What a pass does, in plain words, by what it starts from."""
    size = ground.size_of(one)
    thing = ground.thing(size.of if size is not None and size.of in ground.things else None)
    if one.start == "pass":
        return "goes on with what the pass before left"
    if one.start in ("image", "video", "audio") and not ground.reads_picture(one):
        own = starts_from(ground, one)
        return f"{'your' if own else 'the'} {ground.thing(one.start)} is worked over"
    return f"noise turns into the {thing}"


def _text(ground: Ground, words: Words, step: StageStep) -> str:
    """The texts, and how many text encoders read them: those of the passes that take these texts."""
    told = _quotes(ground, words, step)
    passes = {one for place in step.texts for one in ground.anatomy.texts[place].samplers}
    parts = [part for part in ground.anatomy.models if part.role == TEXT_ENCODER and passes]
    names = say.unique(part.name for part in parts if passes & set(part.samplers))
    reader = f"Read by {words.count(len(names), 'text encoder')}." if 0 < len(names) <= MOST_ENCODERS else ""
    written = any(ground.anatomy.texts[place].use != "negative" for place in step.texts)
    made = "" if written else _made_text(ground, step)
    return f"{told} {say.stop(words.label(made, _STAGES)) if made else reader}".strip()


def _made_text(ground: Ground, step: StageStep) -> str:
    """That the text comes of another node, where none is written here and one is linked."""
    view = ground.view
    own = [view.by_id[node] for node in step.nodes if node in view.by_id]
    linked = any(view.kind(node, name) == "STRING" for node in own for name in view.feeds(node))
    return _stages()["text_made"] if linked else ""


def _group(ground: Ground, words: Words, step: StageStep) -> str:
    """What happens within a group of the author's: what comes in, what is written, what is done, what goes out."""
    doing = document("practice")["doing"]
    own = [ground.anatomy.steps[place] for place in step.steps]
    verbs = _few(say.unique(_verb(ground, words, one) for one in own if one.does in doing)) if not step.inputs else []
    kept = _kept(ground, words, step) if any(not ground.anatomy.outputs[at].preview for at in step.outputs) else ""
    told = (
        _inputs(ground, words, step), _quotes(ground, words, step), _sample(ground, words, step) if step.samplings else "",
        say.sentence(say.listed(verbs)), say.sentence(kept),
    )  # fmt: skip
    return " ".join(one for one in told if one)


def _quotes(ground: Ground, words: Words, step: StageStep) -> str:
    """The beginnings of the texts, the first of each use, negative ones last."""
    rows: dict[str, str] = {}
    for place in step.texts:
        one = ground.anatomy.texts[place]
        if isinstance(one.given.value, str) and one.given.value.strip() and one.use not in rows:
            name = title_of(one) if one.use not in ("positive", "text") else ""
            effect = "" if one.effect else " (no effect here)"
            rows[one.use] = f"{name + ': ' if name else ''}{words.quote(one.given.value)}{effect}"
    return say.stop("; ".join(rows[use] for use in sorted(rows, key=lambda use: use == "negative")))


def _inputs(ground: Ground, words: Words, step: StageStep) -> str:
    names = say.unique(ground.anatomy.inputs[place].name for place in step.inputs if ground.anatomy.inputs[place].name)
    if not names:
        return ""
    text, more = say.shortly([words.name(one) for one in names])
    words.counted += [more] if more else []
    own = [ground.anatomy.steps[place] for place in step.steps]
    doing = document("practice")["doing"]
    done = _few(say.unique(_verb(ground, words, one) for one in own if one.does in doing))
    return say.stop(text) + (f" {say.sentence(say.listed(done))}" if done else "")


def _save(ground: Ground, words: Words, step: StageStep) -> str:
    """How it is kept; what is decoded on the way."""
    decoded = any(ground.anatomy.steps[place].does.startswith("decode") for place in step.steps)
    text = _stages()["decode"] if decoded else ""
    if text:
        words.known.append(text)
        words.sources.append(_STAGES)
    kept = _kept(ground, words, step)
    return say.sentence(". ".join(part for part in (_back(ground, step, text), kept) if part))


def _back(ground: Ground, step: StageStep, text: str) -> str:
    """What a latent is turned back into, by what comes out of the step."""
    medium = next((ground.anatomy.outputs[place].medium for place in step.outputs), "")
    if not medium:
        medium = next((key for key, word in _TURNED.items() if step.title.endswith(word)), ground.medium)
    return text.format(things=ground.things.get(medium, ground.things[""])["made_of"])


def _kept(ground: Ground, words: Words, step: StageStep) -> str:
    names = []
    for place in step.outputs:
        one = ground.anatomy.outputs[place]
        node = ground.view.by_id.get(one.node)
        prefix = ground.view.value(node, "filename_prefix") if node is not None else None
        if prefix is not None and isinstance(prefix.value, str) and prefix.value.strip():
            names.append(prefix.value)
    names = list(say.unique(names))
    if not names:
        medium = next((ground.anatomy.outputs[place].medium for place in step.outputs), "")
        return f"The {ground.thing(medium)} is saved" if medium in ground.things else ""
    text, more = say.shortly([words.name(one) for one in names])
    words.counted += [more] if more else []
    return f"Saved under names that begin with {text}"


def _named(ground: Ground, words: Words, step: StageStep, text: str) -> str:
    """Whose doing it is: the names of the nodes."""
    meant = ground.anatomy.partners if step.key == "service" else ground.anatomy.opaque
    own = {node for node, _ in meant}
    titles = say.unique(words.name(ground.title(one)) for one in step.nodes if one in own and ground.title(one))
    shown, more = say.shortly(titles)
    words.counted += [more] if more else []
    return say.sentence(f"{text}: {shown}" if shown else text)
