"""Facts of what a person would change first: the value now, what is usual, what it does. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..graph import Given
from ..types import LORA, Fact, Sampling
from . import say
from .ground import Ground, Usual, number, same, starts_from
from .practice import Figure, accelerator
from .words import Words

_KNOBS = "knowledge/practice.json#knobs.{}"
_SEEDS = {"randomize": "random", "fixed": "fixed", "increment": "counts up", "decrement": "counts down"}
_SAMPLING = ("steps", "guidance", "cfg", "denoise", "shift")
MOST_TEXTS = 3


class Turn(NamedTuple):
    """One place where a knob stands, and which passes read it."""

    given: Given
    passes: list[int]
    usual: Figure | None
    about: Usual | None
    start: str  # what the first of these passes begins with, in words


def knobs(ground: Ground) -> Iterator[Fact]:
    """The knobs in the order in which a person would try them: words, then look, then size, then fine tuning."""
    yield from _texts(ground)
    yield from _numbers(ground, ("denoise", "steps", "guidance", "cfg"))
    yield from _seeds(ground)
    yield from _sizes(ground)
    yield from _loras(ground)
    yield from _steps(ground)
    yield from _numbers(ground, ("shift",))


# ---- words -----------------------------------------------------------------------------------------------------


def _texts(ground: Ground) -> Iterator[Fact]:
    groups: dict[tuple[str, str], list[Given]] = {}
    for one in ground.anatomy.texts:
        key = "prompt" if one.use == "positive" else one.use
        if key not in ground.knobs or not one.effect or one.given.node not in ground.view.by_id:
            continue
        if isinstance(one.given.value, str) and one.given.value.strip():
            rows = groups.setdefault((key, one.given.value), [])
            rows += [one.given] if one.given not in rows else []
    told: set[str] = set()
    for (key, text), rows in list(groups.items())[:MOST_TEXTS]:
        words = Words(tuple(given.node for given in rows))
        quoted = words.quote(text)
        more = "" if key in told else _more(words, ground, key)
        told.add(key)
        title = ground.knobs[key]["title"]
        id = f"knob.{key}.{rows[0].node}.{rows[0].input}"
        yield words.fact(id, "knob", f"{title}: {quoted} {more}".strip(), brief=(title, "", f"{quoted} {more}".strip()))


def _more(words: Words, ground: Ground, key: str, thing: str = "") -> str:
    """What turning a knob does, in the words for what is made and what it is made of."""
    alone = f"{key}_alone" if f"{key}_alone" in ground.knobs and not ground.worded else ""
    key = next(one for one in (alone, f"{key}_{ground.medium}", key) if one in ground.knobs)
    line = ground.knobs[key]
    words.known += [line["more"], *line.get("known", ())]
    words.sources.append(_KNOBS.format(key))
    words.url = words.url or str(line.get("url", ""))
    return str(line["more"]).format(thing=thing or ground.thing())


# ---- numbers of the passes -------------------------------------------------------------------------------------


def _numbers(ground: Ground, keys: tuple[str, ...]) -> Iterator[Fact]:
    for key in keys:
        yield from _alike(ground, key, list(_turns(ground, key)))


def _turns(ground: Ground, key: str) -> Iterator[Turn]:
    """The places where a setting of the passes stands, each once."""
    found: dict[tuple[str, str], Turn] = {}
    for place, one in enumerate(ground.anatomy.samplings, 1):
        given: Given | None = getattr(one, key)
        at = same(given)
        if at is None or given is None or number(given) is None or not _turnable(ground, one, key):
            continue
        usual = ground.usual(one)
        if at in found:
            found[at].passes.append(place)
        else:
            found[at] = Turn(given, [place], usual.figure(key), usual, _start(ground, one))
    yield from found.values()


def _turnable(ground: Ground, one: Sampling, key: str) -> bool:
    """Whether turning the knob is of use here: not denoise of a pass from pure noise, nor a cfg that has to be 1."""
    now = number(getattr(one, key))
    if key == "denoise":
        beside = ground.reads_picture(one)
        return now != 1 or (one.start in ("image", "video", "audio", "pass") and not beside)
    usual = ground.usual(one).figure(key)
    settled = usual is not None and usual.low == usual.high == 1
    return not (key in ("cfg", "steps") and now == 1 and settled)


def _alike(ground: Ground, key: str, turns: list[Turn]) -> Iterator[Fact]:
    """Passes with the same value and the same usual range share one row."""
    groups: dict[tuple[Any, ...], list[Turn]] = {}  # one more tells passes apart that start from different things
    for turn in turns:
        start = turn.start if key == "denoise" else ""
        groups.setdefault((number(turn.given), turn.usual.values if turn.usual else (), start), []).append(turn)
    for rows in groups.values():
        words = Words(tuple(turn.given.node for turn in rows))
        value = words.value(rows[0].given)
        title = ground.knobs[key]["title"]
        if len(groups) > 1:
            places = sorted(place for turn in rows for place in turn.passes)
            words.counted += places
            said, left = say.shortly([str(place) for place in places])
            words.counted += [left] if left else []
            title += f", pass{'' if len(places) == 1 else 'es'} {said}"
        usual = rows[0].usual
        enough = usual is None or (number(rows[0].given) or 0) >= usual.low
        few = key == "steps" and rows[0].about is not None and rows[0].about.few and enough
        start = rows[0].start if key == "denoise" else ""
        more = _more(words, ground, "steps_few" if few else key, start)
        note = " ".join(part for part in (_usual(ground, words, key, rows[0]), more) if part)
        id = f"knob.{key}.{rows[0].given.node}.{rows[0].given.input}"
        yield words.fact(id, "knob", f"{title}: {value}. {note}", brief=(title, value, note))


def _usual(ground: Ground, words: Words, key: str, turn: Turn) -> str:
    """ "Usual 20 to 28."; for a LoRA that names its steps, "The LoRA is made for 4." """
    quick = turn.about.quick if turn.about else None
    part = turn.about.quick_part if turn.about else None
    if key == "steps" and quick is not None and part is not None and quick.steps is not None:
        steps = words.work(quick.steps, "named", part.name)
        return f"The {'LoRA' if part.role == LORA else 'model'} for few steps is made for {steps}."
    if turn.usual is None:
        return ""
    return f"Usually {words.usual(turn.usual)}."


def _start(ground: Ground, one: Sampling) -> str:
    """What a pass starts from, in words."""
    if one.start == "pass":
        return "what the pass before left"
    own = starts_from(ground, one)
    return f"your {ground.thing(own)}" if own else f"the {ground.thing(one.start or None)}"


def _seeds(ground: Ground) -> Iterator[Fact]:
    found: dict[tuple[str, str], tuple[Given, str]] = {}
    for one in ground.anatomy.samplings:
        at = same(one.seed)
        if at is not None and one.seed is not None and isinstance(one.seed.value, int):
            found.setdefault(at, (one.seed, one.seed_control))
    if not found:
        return
    words = Words(tuple(node for node, _ in found))
    side = _SEEDS.get(next(iter(found.values()))[1], "")
    if not side and len({given.value for given, _ in found.values()}) == 1:
        side = words.value(next(iter(found.values()))[0])
    note = _more(words, ground, "seed")
    (node, name), title = next(iter(found)), ground.knobs["seed"]["title"]
    yield words.fact(
        f"knob.seed.{node}.{name}", "knob", f"{title}{': ' + side if side else ''}. {note}", brief=(title, side, note)
    )


# ---- size, length, LoRAs, tools ----------------------------------------------------------------------------------


def _sizes(ground: Ground) -> Iterator[Fact]:
    """Sizes and lengths; the same number of several places is one row."""
    sizes: dict[tuple[Any, ...], list[tuple[Given, Given]]] = {}
    lengths: dict[tuple[Any, ...], list[Given]] = {}
    for place, one in enumerate(ground.anatomy.sizes):
        sampling = ground.sampling_of(place)
        usual = ground.usual(sampling) if sampling is not None else None
        wide, high = one.width, one.height
        if wide and high and same(wide) and same(high) and number(wide) is not None and number(high) is not None:
            made = usual.figure("pixels") if usual and one.of == "image" else None
            sizes.setdefault((number(wide), number(high), made), []).append((wide, high))
        for key, given in (("frames", one.frames), ("seconds", one.seconds), ("batch", one.batch)):
            value = number(given)
            if given is not None and value is not None and same(given) and (key == "seconds" or value > 1):
                rule = usual.figure("frames") if key == "frames" and usual else None
                lengths.setdefault((key, value, rule), []).append(given)
    yield from (_size(ground, rows, made) for (_, _, made), rows in sizes.items())
    yield from (_length(ground, key, rows, rule) for (key, _, rule), rows in lengths.items())


def _size(ground: Ground, rows: list[tuple[Given, Given]], made: Figure | None) -> Fact:
    words = Words(tuple(given.node for row in rows for given in row))
    wide, high = rows[0]
    side = f"{words.value(wide)} × {words.value(high)}"
    note = f"Made for about {_megapixels(words, made)}." if made else ""
    note = f"{note} {_more(words, ground, 'size')}".strip()
    id = f"knob.size.{wide.node}.{wide.input}"
    return words.fact(id, "knob", f"Size: {side}. {note}", brief=("Size", side, note))


def _length(ground: Ground, key: str, rows: list[Given], rule: Figure | None) -> Fact:
    words = Words(tuple(given.node for given in rows))
    side = words.value(rows[0]) + {"frames": " frames", "seconds": " s", "batch": ""}[key]
    note = ""
    if rule is not None:
        words.known += rule.values
        words.sources.append(rule.source)
        note = f"A multiple of {rule.values[0]}, and {rule.values[1]} more."
    note = f"{note} {_more(words, ground, key)}".strip()
    title = ground.knobs[key]["title"]
    id = f"knob.{key}.{rows[0].node}.{rows[0].input}"
    return words.fact(id, "knob", f"{title}: {side}. {note}", brief=(title, side, note))


def _megapixels(words: Words, figure: Figure) -> str:
    """The size that a model was made for, in megapixels."""
    pixels = figure.values[0]
    words.known.append(pixels)
    words.sources.append(figure.source)
    millions = round(pixels / 1_000_000, 1)
    return f"{words.work(millions, 'mega', pixels)} megapixel{'' if millions == 1 else 's'}"


def _loras(ground: Ground) -> Iterator[Fact]:
    for place, part in enumerate(ground.anatomy.models):
        if part.role != LORA or accelerator(part.name) is not None or (ground.anatomy.samplings and not part.samplers):
            continue
        given = next((one for one in part.strengths if number(one) is not None), None)
        if given is None:
            continue
        words = Words((given.node,))
        name, value = words.name(part.name), words.value(given)
        note = f"{name}. {_more(words, ground, 'lora')}"
        title = ground.knobs["lora"]["title"]
        yield words.fact(
            f"knob.lora.{given.node}.{place}", "knob", f"{title}: {value}, of {note}", brief=(title, value, note)
        )


def _steps(ground: Ground) -> Iterator[Fact]:
    """How strongly a guide counts, and how many times something is enlarged."""
    keys = {"control": "control", "upscale_latent": "scale", "upscale": "scale", "interpolate": "scale"}
    for one in ground.anatomy.steps:
        key = keys.get(one.does)
        given = next((value for value in one.values if number(value) is not None), None) if key else None
        if key is None or given is None or (key == "scale" and not 1 < (number(given) or 0) <= 16):
            continue
        words = Words((one.node, given.node))
        value = words.value(given)
        title = ground.knobs[key]["title"]
        note = _more(words, ground, key) if one.does != "interpolate" else "How many frames are made of one."
        title = "Frames added" if one.does == "interpolate" else title
        yield words.fact(f"knob.{key}.{one.node}", "knob", f"{title}: {value}. {note}", brief=(title, value, note))
