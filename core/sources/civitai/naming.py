"""The name under which Civitai hands a file out. It makes most of them itself, from the names of model and version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MOST_LETTERS = 20  # of a model's or version's name
_LONGEST = 300  # characters of any name that are looked at
# The types of files that are renamed. All others, VAEs too, keep the name they were uploaded with.
_RENAMED = {"Model", "Text Encoder", "Pruned Model", "Negative", "Training Data", "Config", "Archive"}
_KEPT = {"LORA", "LoCon"}  # model types whose files are never renamed


def download_name(model: Mapping[str, Any], version: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """The file's name as downloaded: "waiIllustriousSDXL_v160.safetensors" of "WAI-illustrious-SDXL", "v16.0".

    `model`: name, type; `version`: name, trainedWords; `file`: name, type, overrideName, as the API spells them.
    """
    uploaded, kind = _text(file.get("name")), _text(file.get("type"))
    if override := _text(file.get("overrideName")):
        return override
    title = _short(_text(model.get("name")))
    if not title or model.get("type") in _KEPT or kind not in _RENAMED:
        return uploaded
    label = _short(re.sub(re.escape(title), "", _text(version.get("name")), flags=re.I))
    end = uploaded.rpartition(".")[2]
    if kind == "Training Data":
        return f"{title}_{label}_trainingData.zip"
    if model.get("type") == "TextualInversion":
        words = version.get("trainedWords")
        trigger = _text(words[0]) if isinstance(words, (list, tuple)) and words else ""
        return f"{trigger}{'-neg' if kind == 'Negative' else ''}.{end}" if trigger else uploaded
    label, mark = _marked(uploaded.lower(), label, "_txt" if kind == "Text Encoder" else "")
    return f"{title}_{label}{mark}.{end}"


def _marked(uploaded: str, label: str, usual: str) -> tuple[str, str]:
    """Two kinds of checkpoint are told by a mark in the name: other programs choose how to load them by it."""
    if "-inpainting" in uploaded:
        return re.sub("_?inpainting", "", label, count=1, flags=re.I), "-inpainting"
    if ".instruct-pix2pix" in uploaded:
        return re.sub("_?instruct|-?pix2pix", "", label, flags=re.I), ".instruct-pix2pix"
    return label, usual


def _short(name: str) -> str:
    """Letters and digits in camel case, at most twenty of them, cut between words."""
    # A character beyond the basic plane counts as two, as in the service's own language.
    wide = re.sub("[\U00010000-\U0010ffff]", "__", name.replace("'", ""))
    plain = re.sub("[^A-Za-z0-9]", "_", wide)
    most = MOST_LETTERS + plain.count("_")
    if len(plain) > most:
        cut = plain[:most]
        plain = cut if plain[most] == "_" or "_" not in cut else cut[: cut.rindex("_")]
    first, *rest = re.split("[_]+", plain)
    return first.lower() + "".join(word if word.upper() == word else word.capitalize() for word in rest)


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
