"""Facts of model files: what each does, of which family it is, how strongly it counts. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..types import EMBEDDING, LORA, TEXT_ENCODER, VAE, Fact, ModelPart
from . import say
from .ground import MAIN, Ground, number
from .practice import Profile, accelerator, family_label, profile
from .words import Words

_ROLES = "knowledge/practice.json#roles.{}"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def models(ground: Ground) -> Iterator[Fact]:
    """One fact per file and role; a LoRA that several nodes load with different strengths has one for each strength."""
    groups: dict[tuple[object, ...], list[ModelPart]] = {}
    for part in ground.anatomy.models:
        strengths = tuple(number(one) for one in part.strengths) if part.role == LORA else ()
        groups.setdefault((part.name, part.role, strengths), []).append(part)
    seen: dict[str, int] = {}
    for parts in groups.values():
        seen[parts[0].node] = seen.get(parts[0].node, 0) + 1
        yield _fact(ground, parts, seen[parts[0].node])


def _fact(ground: Ground, parts: list[ModelPart], nth: int) -> Fact:
    part = parts[0]
    words = Words(tuple(one.node for one in parts))
    name = words.name(part.name)
    line = ground.roles.get(part.role, ground.roles["other"])
    does = _does(ground, words, part, line)
    label = line["name"]
    family = _family(words, part)
    what = f"{label}, {family}" if family and family.lower() != label.lower() else label
    extra = [one for one in (_passes(ground, words, parts), _strength(words, part), _fetched(part)) if one]
    row = f"{does} ({what})" + "".join(f", {one}" for one in extra)
    side = words.size(ground.sizes[part.name]) if ground.sizes.get(part.name) else ""
    id = f"model.{part.node}.{part.input}" if nth == 1 else f"model.{part.node}.{part.input}.{nth}"
    size = f" {side}." if side else ""
    return words.fact(
        id, "lora" if part.role == LORA else "model", f"{name}: {say.sentence(row)}{size}", brief=(name, side, say.sentence(row))
    )


def _does(ground: Ground, words: Words, part: ModelPart, line: dict[str, str] | object) -> str:
    assert isinstance(line, dict)
    medium = ground.medium()
    if part.role == LORA and (quick := accelerator(part.name)) is not None:
        if quick.steps is not None:
            steps = words.work(quick.steps, "named", part.name)
            return f"Lets the main model finish in {steps} step{'' if quick.steps == 1 else 's'}"
        return "Lets the main model finish in few steps"
    if part.role in MAIN and not part.samplers:
        return "A main model that no sampling pass uses" if ground.anatomy.samplings else "A main model"
    known = profile(part.family, part.name) if part.role in MAIN else None
    if known is not None and (use := known["makes"]) is not None:
        medium = str(use.values[0]) if medium not in ("video", "3d", "audio") else medium
    things = ground.things.get(medium, ground.things[""])
    words.known.append(line["does"])
    words.sources.append(_ROLES.format(part.role))
    return line["does"].format(thing=things["one"], things=things["many"])


def _family(words: Words, part: ModelPart) -> str:
    """What people call the model, where its file name or its header tells."""
    if part.role in (TEXT_ENCODER, VAE, EMBEDDING):
        return ""
    known: Profile | None = profile(part.family, part.name) if part.role in MAIN else None
    if known is not None and known["label"] is not None:
        figure = known["label"]
        return words.label(known.label, figure.source, "")
    label = family_label(part.family)
    if not label or part.role not in (*MAIN, LORA, "controlnet", "ip_adapter", "model_patch", "style_model"):
        return ""
    said = words.label(label, f"knowledge/families.json#families.{part.family}")
    return said if part.role in MAIN else f"for {said}"


def _passes(ground: Ground, words: Words, parts: list[ModelPart]) -> str:
    """ "in the first pass", where several main models share the work."""
    if parts[0].role not in (*MAIN, LORA):
        return ""
    mains = {one.name for one in ground.anatomy.models if one.role in MAIN and one.samplers}
    order = [one.node for one in ground.anatomy.samplings]
    own = sorted({order.index(one) for part in parts for one in part.samplers if one in order})
    if len(mains) < 2 or not own or len(own) == len(order) or max(own) >= len(_ORDINALS):
        return ""
    words.counted += [place + 1 for place in own]
    return f"in the {say.listed([_ORDINALS[place] for place in own])} pass{'' if len(own) == 1 else 'es'}"


def _strength(words: Words, part: ModelPart) -> str:
    if part.role != LORA:
        return ""
    values = [one for one in part.strengths if number(one) is not None]
    if not values:
        return ""
    said = say.unique(words.value(one) for one in values)
    return f"strength {said[0]}" if len(said) == 1 else f"strengths {say.listed(said)}"


def _fetched(part: ModelPart) -> str:
    return "fetched by the node itself when it is not there" if part.optional else ""
