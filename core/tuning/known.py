"""`knowledge/memory.json` as values: models and what ComfyUI reckons for them, latents, files by name, precisions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from ..knowledge import document
from .types import Range

MIB = 1 << 20
_BILLIONS = re.compile(r" (\d{1,3}(?:\.\d{1,2})?)b ")


class Latent(NamedTuple):
    """What a VAE makes of pictures. `scale`: pixels per latent pixel along a side, `time`: frames per latent frame; 0: it is
    not reckoned by size. `decode`, `encode`: numbers per pixel and frame that ComfyUI reckons with; `window`: it works on so
    many frames at a time, however long the video is (the figures are then per pixel), None for all at once. `fitted`: the
    numbers per pixel that were measured, of a picture, `fitted_frames` of a video; None where nothing was published. `cast`: bytes per pixel that it takes beside
    them when it works with 16 bits."""

    key: str
    scale: int
    time: int
    decode: float
    encode: float
    window: int | None = None
    fitted: tuple[float, float, float] | None = None
    fitted_frames: tuple[float, float, float] | None = None
    cast: tuple[float, float, float] = (0, 0, 0)


class Model(NamedTuple):
    """A diffusion model. `factor`: ComfyUI's memory_usage_factor. `words`: phrases of a file's name that tell it from
    others of its family. `side`, `frames`: what it is usually run at, 0 for what has none."""

    key: str
    family: str
    label: str
    params: float
    factor: float
    latent: str
    words: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    side: int = 1024
    frames: int = 1
    fitted: tuple[float, float, float] | None = None  # how much of what ComfyUI reckons was really used
    bits: float = 16  # stored, where a file's name says nothing
    holds: Mapping[str, float] = MappingProxyType({})  # parameters of what a checkpoint of it holds besides


class Named(NamedTuple):
    """A file known by a phrase in its name: its role, its parameters, its stored bits where they are always the same."""

    words: str
    role: str
    params: float
    bits: float | None = None


def plain(name: str) -> str:
    """A file's name as words: "flux1-dev_fp8.safetensors" → "flux1 dev fp8 safetensors", with a space at both ends."""
    return f" {re.sub(r'[^a-z0-9.]+', ' ', _base(name).lower()).replace('.safetensors', ' safetensors').strip()} "


def _base(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


@cache
def models() -> tuple[Model, ...]:
    """All diffusion models that are known."""
    return tuple(Model(key=key, **_tuples(line)) for key, line in _document()["models"].items())


@cache
def latents() -> dict[str, Latent]:
    """All kinds of latents by their key."""
    return {key: Latent(key=key, **_tuples(line)) for key, line in _document()["latents"].items()}


def _tuples(line: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in line.items() if k != "note"}


@cache
def named() -> tuple[Named, ...]:
    """Files by phrases of their names, the longest first."""
    found = (Named(**line) for line in _document()["named"])
    return tuple(sorted(found, key=lambda one: -len(one.words)))


def typical(role: str) -> Range:
    """What files of a role usually take, where nothing is known of the very file."""
    lines: dict[str, list[float]] = _document()["typical"]
    low, likely, high = (round(one) for one in lines.get(role) or lines["other"])
    return Range(low, likely, high)


def typical_work() -> Range:
    """What a model works in of which nothing is known but its weights."""
    return Range(*fitted()["unknown_work"])


@cache
def fitted() -> dict[str, Any]:
    """Our own factors."""
    found: dict[str, Any] = _document()["fitted"]
    return found


@cache
def rules() -> dict[str, float]:
    """Constants of ComfyUI's memory management."""
    found: dict[str, float] = _document()["rules"]
    return found


@lru_cache(maxsize=4_096)
def model_of(family: str, name: str = "", params: float | None = None) -> Model | None:
    """The model of a family: by the words of the file's name, else by its number of parameters, else the first one."""
    own = [one for one in models() if family == one.key or family == one.family or family in one.also]
    if not own:
        return None
    text = plain(name)
    told = [(len(word), one) for one in own for word in one.words if f" {word} " in text]
    if told:
        return max(told, key=lambda pair: pair[0])[1]
    if params:
        return min(own, key=lambda one: abs(one.params - params))
    return own[0]


def any_model(params: float | None, medium: str = "image") -> Model:
    """A stand-in for a diffusion model that nothing here knows: its width guessed by its parameters.

    Known transformers are about 1300 · (billions)^0.36 wide, and ComfyUI's factors about a 1700th of that.
    """
    width = 1300 * ((params or 6e9) / 1e9) ** 0.36
    latent = {"video": "wan21", "audio": "audio", "3d": "audio"}.get(medium, "kl")
    return Model("", "", "", params or 0, width / 1700, latent, frames=81 if medium == "video" else 1)


@lru_cache(maxsize=4_096)
def bits_in(name: str) -> float | None:
    """Stored bits per number as a file's name says them; None where it says nothing."""
    text = plain(name)
    return next((bits for words, bits in _precisions() if f" {words}" in text), None)


def billions(name: str) -> float | None:
    """The parameters that a file's name states, as in "ltx-2.3-22b-dev"; None where it states none."""
    found = _BILLIONS.search(plain(name))
    return float(found[1]) * 1e9 if found and 0 < float(found[1]) < 1000 else None


@lru_cache(maxsize=4_096)
def named_file(name: str) -> Named | None:
    """The file known by this name."""
    text = plain(name)
    return next((one for one in named() if f" {one.words}" in text), None)


def spread(value: float, factors: Iterable[float]) -> Range:
    """`value` times low, likely and high factor, in whole bytes."""
    low, likely, high = (round(value * factor) for factor in factors)
    return Range(low, likely, high)


@cache
def _precisions() -> tuple[tuple[str, float], ...]:
    return tuple((words, bits) for words, bits in _document()["precisions"])


def _document() -> dict[str, Any]:
    return document("memory")
