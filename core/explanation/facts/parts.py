"""Facts of model files: what each does, of which family it is, how strongly it counts. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..types import (
    AUDIO_ENCODER,
    CHECKPOINT,
    CLIP_VISION,
    CONTROLNET,
    DETECTOR,
    EMBEDDING,
    IP_ADAPTER,
    LANGUAGE_MODEL,
    LORA,
    MODEL_PATCH,
    OTHER,
    STYLE_MODEL,
    TEXT_ENCODER,
    UPSCALER,
    VAE,
    Fact,
    ModelPart,
)  # fmt: skip
from . import say
from .ground import MAIN, Ground, number
from .practice import Profile, accelerator, family_label, plain, profile
from .words import Words

_ROLES = "knowledge/practice.json#roles.{}"
_ORDER = {
    role: place
    for place, role in enumerate((
        *MAIN, LORA, CONTROLNET, IP_ADAPTER, MODEL_PATCH, STYLE_MODEL, TEXT_ENCODER, LANGUAGE_MODEL, VAE, CLIP_VISION,
        AUDIO_ENCODER, EMBEDDING, UPSCALER, DETECTOR,
    ))
}  # fmt: skip
_SIDES = {"strength_model": " on the model", "strength_clip": " on the text encoder"}
_BROUGHT = {
    "MODEL": "the main model", "CLIP": "its text encoder", "CLIP_VISION": "its vision encoder", "VAE": "its VAE",
}  # fmt: skip
_LATENT = ("image", "video", "audio", "3d")  # what a VAE turns into latents
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def models(ground: Ground) -> Iterator[Fact]:
    """One fact per file and role; a LoRA that several nodes load with different strengths has one for each strength."""
    for id, parts in _grouped(ground):
        yield _fact(ground, id, parts)


def _grouped(ground: Ground) -> Iterator[tuple[str, list[ModelPart]]]:
    """The model parts that make one row each, with the id of their fact."""
    groups: dict[tuple[object, ...], list[ModelPart]] = {}
    order = ground.order

    def place(part: ModelPart) -> tuple[int, int]:
        first = min((order.get(one, len(order)) for one in part.samplers), default=len(order))
        return _ORDER.get(part.role, len(_ORDER)), first

    for part in sorted(ground.anatomy.models, key=place):
        strengths = tuple(number(one) for one in part.strengths) if part.role == LORA else ()
        groups.setdefault((part.name, part.role, strengths), []).append(part)
    seen: dict[tuple[str, str], int] = {}
    for parts in groups.values():
        at = (parts[0].node, parts[0].input)
        seen[at] = seen.get(at, 0) + 1
        nth = f".{seen[at]}" if seen[at] > 1 else ""
        kind = "lora" if parts[0].role == LORA else "model"
        yield f"{kind}.{at[0]}.{at[1]}{nth}", parts


def _fact(ground: Ground, id: str, parts: list[ModelPart]) -> Fact:
    part = parts[0]
    words = Words(tuple(one.node for one in parts))
    name = words.name(part.name)
    line = ground.roles.get(part.role, ground.roles["other"])
    does = _does(ground, words, part, line)
    if part.role == CHECKPOINT and (brought := _brings(ground, parts)):
        does = f"{does}. {line['brings']} {brought}"
    label = line["name"]
    family = _family(words, part)
    what = f"{label}, {family}" if family and family.lower() != label.lower() else label
    extra = [_passes(ground, words, parts), _strength(words, part), _idle(ground, parts), _fetched(part)]
    row = f"{does} ({what})" + "".join(f", {one}" for one in extra if one)
    side = words.size(ground.sizes[part.name]) if ground.sizes.get(part.name) else ""
    size = f" {side}." if side else ""
    return words.fact(
        id,
        "lora" if part.role == LORA else "model",
        f"{name}: {say.sentence(row)}{size}",
        brief=(name, side, say.sentence(row)),
    )


def _does(ground: Ground, words: Words, part: ModelPart, line: dict[str, str] | object) -> str:
    assert isinstance(line, dict)
    medium = ground.medium
    if part.role == LORA and (quick := accelerator(part.name)) is not None:
        if quick.steps is not None:
            steps = words.work(quick.steps, "named", part.name)
            return f"Lets the main model finish in {steps} step{'' if quick.steps == 1 else 's'}"
        return "Lets the main model finish in few steps"
    if part.role in MAIN and not part.samplers and ground.anatomy.samplings:
        return "A main model that no sampling pass uses as things stand"
    if part.role in MAIN and not ground.anatomy.samplings:
        worker = ground.roles["worker"]["does"]
        return words.label(worker, _ROLES.format("worker"))
    if part.role == OTHER and "vae" not in plain(part.name).split() and (helps := _helps(ground, part)):
        return words.label(helps, _ROLES.format("helper"))
    known = profile(part.family, part.name) if part.role in MAIN else None
    if known is not None and (own := known.figure("use")) is not None:
        return words.label(str(own.values[0]), own.source)
    if known is not None and (use := known.figure("makes")) is not None:
        medium = str(use.values[0])
    if part.role == VAE and medium not in _LATENT:
        medium = "image"
    things = ground.things.get(medium, ground.things[""])
    key = "vae_audio" if part.role == VAE and "audio" in plain(part.name).split() else part.role
    line = ground.roles.get(key, line)
    words.known.append(line["does"])
    words.sources.append(_ROLES.format(key))
    return line["does"].format(thing=things["one"], things=things["many"])


def _helps(ground: Ground, part: ModelPart) -> str:
    """What a model without a role of its own is for, by the node that names it, or by those that work with it."""
    node = ground.view.by_id.get(part.node)
    near = (node, *(user for user, _, _ in ground.view.users(node))) if node is not None else ()
    does = (str(ground.view.role(one).get("does", "")) for one in near)
    return next((ground.roles["helper"][one] for one in does if one in ground.roles["helper"]), "")


def _brings(ground: Ground, parts: list[ModelPart]) -> str:
    """What of a checkpoint is used, by the outputs of its loaders that lead on: some families have no text encoder in it."""
    view = ground.view
    used = set()
    for node in (view.by_id[one.node] for one in parts if one.node in view.by_id):
        kinds = view.outputs(node)
        used |= {kinds[slot] for _, _, slot in view.users(node) if 0 <= slot < len(kinds)}
    return say.listed([words for kind, words in _BROUGHT.items() if kind in used])


def _family(words: Words, part: ModelPart) -> str:
    """What people call the model, where its file name or its header tells."""
    if part.role in (TEXT_ENCODER, VAE, EMBEDDING):
        return ""
    known: Profile | None = profile(part.family, part.name) if part.role in MAIN else None
    if known is not None:
        return words.label(known.label, known.label_source)
    label = family_label(part.family)
    if not label or part.role not in (*MAIN, LORA, "controlnet", "ip_adapter", "model_patch", "style_model"):
        return ""
    said = words.label(label, f"knowledge/families.json#families.{part.family}")
    return said if part.role in MAIN else f"for {said}"


def _passes(ground: Ground, words: Words, parts: list[ModelPart]) -> str:
    """ "in the first pass", where several main models share the work."""
    if parts[0].role not in (*MAIN, LORA):
        return ""
    order = ground.order
    own = sorted({order[one] for part in parts for one in part.samplers if one in order})
    shared = len(ground.main_names) > 1 or parts[0].role == LORA
    if not shared or not own or len(own) == len(order) or max(own) >= len(_ORDINALS):
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
    if len(said) == 1:
        return f"strength {said[0]}"
    named = [f"{words.value(one)}{_SIDES.get(one.input, '')}" for one in values]
    return f"strengths {say.listed(say.unique(named))}"


def terse(ground: Ground) -> Iterator[Fact]:
    """The same models for people who know the field: role, family and strength in a few words."""
    for fact, parts in _grouped(ground):
        words = Words(tuple(one.node for one in parts))
        name = words.name(parts[0].name)
        line = ground.roles.get(parts[0].role, ground.roles["other"])
        family = _family(words, parts[0])
        extra = [line["name"], family, _passes(ground, words, parts), _strength(words, parts[0]), _idle(ground, parts)]
        said = ", ".join(one for one in extra if one)
        yield words.fact(f"terse.{fact}", "terse", f"{name}: {said}.", brief=(name, "", said))


def main(ground: Ground) -> Iterator[Fact]:
    """The names of the models that make the result, by their families where these are known."""
    words = Words()
    labels = []
    for one in ground.anatomy.samplings:
        part = ground.usual(one).part
        if part is not None:
            words.nodes.append(part.node)
            labels.append(_family(words, part) or words.name(part.name))
    shown = say.unique(labels)
    if shown:
        said, more = say.shortly(shown, 3)
        words.counted += [more] if more else []
        yield words.fact(
            "models", "terse", f"The main model{'s are' if len(shown) > 1 else ' is'} {said}.", brief=(said, "", "")
        )


def _idle(ground: Ground, parts: list[ModelPart]) -> str:
    """A LoRA or guide that no pass goes through, since a switch leaves it out."""
    if parts[0].role not in (LORA, CONTROLNET, IP_ADAPTER, MODEL_PATCH, STYLE_MODEL) or not ground.anatomy.samplings:
        return ""
    return "" if any(part.samplers for part in parts) else "not used by any pass as things stand"


def precisions(ground: Ground) -> Iterator[Fact]:
    """How the loaders were told to keep the weights, where that is not the file's own way."""
    done: set[tuple[str, object]] = set()
    for part in ground.anatomy.models:
        if part.dtype is None or not isinstance(part.dtype.value, str) or part.dtype.value in ("default", ""):
            continue
        if (part.name, part.dtype.value) in done:
            continue
        done.add((part.name, part.dtype.value))
        words = Words((part.node,))
        name, kept = words.name(part.name), words.value(part.dtype)
        yield words.fact(
            f"dtype.{part.node}.{part.input}", "model", f"{name} is loaded as {kept}.", brief=(name, kept, "")
        )


def _fetched(part: ModelPart) -> str:
    return "fetched by the node itself when it is not there" if part.optional else ""
