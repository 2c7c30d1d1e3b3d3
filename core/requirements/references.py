"""Tells a file name from any other text. Pure; the tables are `knowledge/references.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..workflow.raw import Json

MAX_NAME = 400  # characters; no file system allows a longer relative name that ComfyUI would list
EMBEDDING_NAME = re.compile(r"embedding:((?:\\[()]|[^\s,()<>|:])+)")
LORA_TAG_NAME = re.compile(r"<(?:lora|lyco):([^:<>\n]{1,200})(?::[^<>\n]{0,60})?>")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that decide: suffixes of model files, values that are never files, names that mean a folder."""

    suffixes: tuple[str, ...]
    sentinels: frozenset[str]  # case-folded
    display: frozenset[str]  # types whose texts only show something
    input_names: Mapping[str, tuple[str, ...]]  # API input name → folders
    rows: Mapping[str, Mapping[str, Any]]  # class_type → how its rows name files
    tag_readers: frozenset[str]  # types that load the <lora:…> tags of a text

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Vocabulary:
        """From `knowledge/references.json`."""
        return cls(
            tuple(document["suffixes"]),
            frozenset(str(word).casefold() for word in document["sentinels"]),
            frozenset(document["display"]),
            {name: tuple(folders) for name, folders in document["input_names"].items()},
            document["structured"],
            frozenset(document.get("lora_tag_readers", ())),
        )

    def is_file(self, value: str) -> bool:
        """Whether a text is the name of a model file by its suffix: one line, no URL, not a whole sentence."""
        if not value[-16:].lower().endswith(self.suffixes) or len(value) > MAX_NAME:
            return False
        return "\n" not in value and "://" not in value and not value.startswith(".") and value.count(" ") <= 12

    def is_sentinel(self, value: str) -> bool:
        """A choice such as `None` or `Baked VAE`, a placeholder another program fills, or nothing."""
        text = value.strip().casefold()
        return not text or text in self.sentinels or (text.startswith("%") and text.endswith("%"))


def embeddings(text: str) -> list[str]:
    """The names after `embedding:` in a prompt, as ComfyUI's tokenizer would look them up."""
    return [name.rstrip(".").replace("\\(", "(").replace("\\)", ")") for name in EMBEDDING_NAME.findall(text)]


def lora_tags(text: str) -> list[str]:
    """The names in `<lora:name:strength>` tags."""
    return [name.strip() for name in LORA_TAG_NAME.findall(text)]


def strings(value: Json, depth: int = 5) -> list[str]:
    """All texts inside a nested value. Rows that are switched off, and previews, are left out."""
    if isinstance(value, str):
        return [value]
    if depth <= 0 or isinstance(value, (int, float)) or value is None:
        return []
    if isinstance(value, dict):
        if value.get("on") is False or value.get("active") is False:
            return []
        parts = [part for key, part in value.items() if key not in ("videopreview", "preview")]
    else:
        parts = value if isinstance(value, list) else []
    return [text for part in parts[:500] for text in strings(part, depth - 1)]
