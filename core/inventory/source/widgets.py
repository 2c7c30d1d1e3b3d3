"""From a type and its settings to an Input: what is a widget, what is a file list, what is media. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...catalogue.types import Input
from ..widgets import UPLOADS, is_drawn, is_seed
from .interpreter.values import Dict, Instance, Member, Names, Seq, Value, as_text

Settings = Mapping[str, Value]


def make_input(name: str, kind: Value, settings: Settings, required: bool, choices: Value = None) -> Input:
    """One input from its type (text, list of choices or unknown) and its settings, in V1 terms."""
    if isinstance(kind, Seq):
        kind, choices = "COMBO", kind
    text = as_text(kind) or ""
    if text == "COMBO" and choices is None:
        choices = settings.get("options")
    one = Input(
        name,
        text,
        widget=_is_widget(text, settings),
        required=required,
        minimum=_number(settings.get("min")),
        maximum=_number(settings.get("max")),
        control=_control(name, text, settings),
        default=plain(settings.get("default")),
    )
    return _combo(one, choices, settings) if text == "COMBO" else one


def _is_widget(text: str, settings: Settings) -> bool:
    if settings.get("forceInput") is True or settings.get("rawLink") is True:
        return False
    return not text or is_drawn(text) or isinstance(settings.get("widgetType"), str)


def _control(name: str, text: str, settings: Settings) -> bool:
    asked = settings.get("control_after_generate")
    if asked is None:
        return is_seed(name, text) and settings.get("forceInput") is not True
    return asked is True


def _combo(one: Input, choices: Value, settings: Settings) -> Input:
    media = next((kind for key, kind in UPLOADS.items() if settings.get(key) is True), None)
    source = as_text(settings.get("image_folder", "input"))
    if media is not None and source != "input":
        return one._replace(default=None)  # files of another place, which the browser fetches
    if not isinstance(choices, Seq):
        return one._replace(media=media)
    files = [item for item in choices.items if isinstance(item, Names)]
    words = [plain(item) for item in choices.items if not isinstance(item, Names)]
    if media is None:
        media = next((item.media for item in files if item.folder is None and item.exact), None)
    if media is not None:
        return one._replace(media=media, extras=_texts(words))
    if files:
        if not all(item.exact and item.folder for item in files):
            return one
        folders = tuple(dict.fromkeys(item.folder for item in files if item.folder))
        return one._replace(folders=folders, extras=_texts(words))
    # None among the choices stands for one that cannot be told (ComfyUI's own lists never hold None).
    return one if choices.more is not None or None in words else one._replace(options=tuple(words))


def _texts(words: list[Any]) -> tuple[str, ...]:
    return tuple(word for word in words if isinstance(word, str))


def _number(value: Value) -> float | None:
    value = value.value if isinstance(value, Member) else value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def plain(value: Value) -> Any:
    """A value as JSON would carry it; None for what cannot be told."""
    if isinstance(value, Member):
        return plain(value.value)
    if isinstance(value, Instance):
        return plain(value.text) if value.text is not None else None
    if isinstance(value, Seq):
        parts = tuple(plain(item) for item in value.items) if len(value.items) <= 50 else (None,)
        return None if None in parts or value.more is not None else parts
    return value if isinstance(value, (str, int, float, bool)) else None


def settings_of(value: Value) -> Settings:
    """The settings of an input; empty when they cannot be read."""
    if isinstance(value, Dict):
        return {key: entry.value for key, entry in value.entries.items() if isinstance(key, str)}
    return {}
