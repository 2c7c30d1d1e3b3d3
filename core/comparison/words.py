"""Differences in plain words: one at a time, and all of them in a sentence. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..explanation import types as parts
from ..explanation.facts.say import listed, plural
from ..knowledge import document
from ..readiness.types import BLOCKED, NEEDS_INPUT, RUNNABLE, UNKNOWN, UNREADABLE
from .types import MODEL, PROMPT, Difference
from .values import shortened, shown

_MOST_TOPICS = 4  # in the sentence about all
_RANKS = {"replaced": 3, "added": 4, "removed": 5, "switched": 6, "rewired": 7, "renamed": 8, "noted": 9, "seed": 10}
_BARE = frozenset({"value", "number", "a", "b"})  # names of inputs that say nothing
_LONG_DIFF = 400  # characters of a word diff in a line

# A role of a model file (explanation/types.py) or the folder that it lies in → its name.
ROLES = {
    **dict.fromkeys((parts.CHECKPOINT, "checkpoints"), "the checkpoint"),
    **dict.fromkeys((parts.DIFFUSION_MODEL, "diffusion_models"), "the diffusion model"),
    **dict.fromkeys((parts.LORA, "loras"), "the LoRA"),
    **dict.fromkeys((parts.TEXT_ENCODER, "text_encoders"), "the text encoder"),
    **dict.fromkeys((parts.UPSCALER, "upscale_models", "latent_upscale_models"), "the upscaler"),
    **dict.fromkeys((parts.STYLE_MODEL, "style_models"), "the style model"),
    **dict.fromkeys((parts.AUDIO_ENCODER, "audio_encoders"), "the audio encoder"),
    **dict.fromkeys((parts.MODEL_PATCH, "model_patches"), "the model patch"),
    **dict.fromkeys((parts.IP_ADAPTER, "ipadapter"), "the IP-Adapter"),
    **dict.fromkeys((parts.EMBEDDING, "embeddings"), "the embedding"),
    parts.VAE: "the VAE",
    parts.CONTROLNET: "the ControlNet",
    parts.CLIP_VISION: "the CLIP vision model",
    parts.DETECTOR: "the detector",
    parts.LANGUAGE_MODEL: "the language model",
}
STATUS = {
    BLOCKED: "blocked, parts are missing",
    RUNNABLE: "can run",
    NEEDS_INPUT: "waits for your own files",
    UNKNOWN: "cannot be told",
    UNREADABLE: "cannot be read",
}


def kind_name(key: str) -> str:
    """A kind of workflow as people call it."""
    task = document("tasks").get("tasks", {}).get(key)
    return str(task["label"]) if isinstance(task, dict) and "label" in task else key.replace("_", " ")


def says(one: Difference) -> str:
    """One difference in a line without its node, as it stands below the node's name."""
    match one.kind:
        case "added" | "removed":
            return one.kind
        case "replaced":
            return f"{one.before} replaced by {one.after}"
        case "switched":
            return _switched(one)
        case "renamed":
            return f"title: {shown(one.before)} → {shown(one.after)}"
        case "rewired":
            return f"{one.input}: fed by {shown(one.after, 120)}, before by {shown(one.before, 120)}"
        case "noted":
            return "note added" if one.before is None else "note removed" if one.after is None else "note changed"
        case "seed":
            return f"{one.input}: {shown(one.before)} → {shown(one.after)} (drawn anew at each run)"
    if one.what == PROMPT and one.words:
        return f"{one.input}: {diffed(one.words)}"
    return f"{one.input}: {shown(one.before)} → {shown(one.after)}"


def _switched(one: Difference) -> str:
    if one.after == "on":
        return f"switched on (it was {one.before})"
    return f"{one.after}" if one.before == "on" else f"{one.after} (it was {one.before})"


def diffed(words: tuple[tuple[str, str], ...]) -> str:
    """A word diff in a line: what was taken out as [-…-], what was put in as {+…+}."""
    marks = {"=": "{}", "-": "[-{}-]", "+": "{{+{}+}}"}
    return shortened(" ".join(marks[tag].format(shortened(text, 160)) for tag, text in words if text), _LONG_DIFF)


def default_title(title: str, class_type: str) -> bool:
    """Whether a title is only the type's name, spelled for people."""
    return _letters(title) == _letters(class_type)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


# ---- all of them -----------------------------------------------------------------------------------------------


def verdict(differences: Sequence[Difference], metadata: int, *, layout: bool) -> str:
    """One sentence about the whole. `layout`: anything at all is not the same in the two files."""
    counting = [one for one in differences if one.counts and one.follows < 0] or [
        one for one in differences if one.counts
    ]
    if counting:
        return f"{plural(len(counting), 'change')}: {_topics(counting)}."
    idle = [_topics(differences)] if differences else []
    idle += [f"{plural(metadata, 'remark')} of the author"] if metadata else []
    if idle:
        return f"Nothing that runs differs: only {listed(idle)}."
    return "Only the layout differs." if layout else "Nothing differs."


def _topics(differences: Sequence[Difference]) -> str:
    counts = Counter(map(_topic, sorted(differences, key=_rank)))
    names = [_counted(one, many, count) for (one, many), count in list(counts.items())[:_MOST_TOPICS]]
    rest = len(counts) - len(names)
    return listed([*names, plural(rest, "other thing")] if rest else names)


def _rank(one: Difference) -> int:
    """What people want to know first: files, then values, then nodes, then links."""
    if one.what == MODEL:
        return 0
    if one.input == "filename_prefix":
        return 5
    return 2 if one.what == PROMPT else _RANKS.get(one.kind, 1)


def _counted(one: str, many: str, count: int) -> str:
    return one if count == 1 else f"{count} {many}"


def _topic(one: Difference) -> tuple[str, str]:
    """What a difference is about, for one and for several of them."""
    side = one.new or one.old
    kind = side.title if side is not None and len(side.title) <= 40 else side.class_type if side is not None else ""
    lora = "lora" in (side.class_type.casefold() if side is not None else "")
    match one.kind:
        case "added" | "removed":
            return (
                (f"one LoRA {one.kind}", f"LoRAs {one.kind}")
                if lora
                else (f"{kind} {one.kind}", f"× {kind} {one.kind}")
            )
        case "rewired":
            return f"what feeds {one.input} of {kind}", "links"
        case "switched":
            word = "switched on" if one.after == "on" else str(one.after)
            return f"{kind} {word}", f"nodes {word}"
        case "replaced":
            return f"{one.before} replaced by {one.after}", "nodes replaced"
        case "renamed":
            return "a title", "titles"
        case "noted":
            return "a note", "notes"
        case "seed":
            return "a seed that is drawn anew at each run", "seeds that are drawn anew at each run"
    if one.what == MODEL:
        return ("a LoRA", "LoRAs") if lora else ("a model file", "model files")
    if one.what == PROMPT:
        return "a text", "texts"
    name = one.input.partition(".")[0].replace("_", " ")
    if name.startswith("value ") or one.input in _BARE:
        return f"a value of {kind}", f"values of {kind}"
    return f"the {name}", f"× {name}"
