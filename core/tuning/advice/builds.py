"""Other builds of the same model: which files they are, and what it takes to use them. Pure.

Two files are builds of one model when their names have the same words, the words that tell precisions apart left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ...knowledge import document
from ..types import NeedsFile

# (name of a file, folder) → all files of that folder on this disk, with their sizes in bytes (None: not known)
Here = Callable[[str, str], Sequence[tuple[str, "int | None"]]]
# (name, folder) → files that templates, workflows or look-ups name for that folder, with where they lie
Known = Callable[[str, str], Sequence[NeedsFile]]

_QUANT = re.compile(r"[-_. ]i?q\d(?:[-_](?:k|0|1|nl|xs|xxs|s|m|l))*(?=[-_. ]|$)", re.I)
_WORD = re.compile(r"[a-z0-9.]+")
_SUFFIXES = (".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pth", ".bin")
_SMALLER = 0.92  # of the size: less is no gain worth a change


class Build(NamedTuple):
    """A file that may stand in for another one. `size`: None where nobody says it; `label`: how it is packed."""

    name: str
    size: int | None
    quality: str
    label: str
    needs: NeedsFile


@lru_cache(maxsize=20_000)
def same_words(name: str) -> tuple[str, ...]:
    """The words that the names of all builds of a model share, sorted: "flux1-dev_fp8.safetensors" → dev flux1."""
    stem = name.replace("\\", "/").rpartition("/")[2].lower()
    end = next((one for one in _SUFFIXES if stem.endswith(one)), "")
    stem = _QUANT.sub(" ", stem[: len(stem) - len(end)])
    stem = re.sub(r"(?<=\d)_(?=\d(?:\D|$))", ".", stem)  # "wan2_1" is 2.1
    left_out = frozenset(document("tuning")["same_model"])
    return tuple(sorted(word.strip(".") for word in _WORD.findall(stem) if word not in left_out))


@lru_cache(maxsize=20_000)
def packing(name: str) -> tuple[str, str, bool]:
    """How a file is packed by its name: label, quality beside 16 bits, whether it is only proposed when it is here."""
    text = f" {' '.join(re.findall('[a-z0-9]+', name.lower()))} "
    for line in document("tuning")["formats"]:
        if re.search(rf" (?:fp8)?{line['words']}(?:mixed|scaled)? ", text):
            return line["label"], line["quality"], bool(line.get("here_only"))
    return "", "unknown", False


def builds(name: str, size: int | None, folder: str, here: Here, known: Known, gguf: bool) -> list[Build]:
    """Smaller builds of `name`, the best first: those that are here, then those with the least loss.

    `size`: of the file that is used now, in bytes; without it only packings are compared. `gguf`: whether there is a
    loader for GGUF files.
    """
    found: dict[str, Build] = {}
    for other, bytes_ in here(name, folder):
        needs = NeedsFile(other, folder, True, bytes_)
        _add(found, name, size, needs, gguf)
    for needs in (*tabled(name, folder), *known(name, folder)):
        if needs.name not in found:
            _add(found, name, size, needs, gguf)
    return sorted(found.values(), key=lambda one: (not one.needs.here, _LOSS.get(one.quality, 2), one.size or 0))


def tabled(name: str, folder: str) -> list[NeedsFile]:
    """The builds of this model that `knowledge/variants.json` knows."""
    words = same_words(name)
    return [
        NeedsFile(
            one["name"], one["folder"], False, one["size"], _address(one), f"the file list of {one['repository']}"
        )
        for one in document("variants")["builds"]
        if one["folder"] == folder and same_words(one["of"]) == words
    ]


def _address(one: Mapping[str, Any]) -> str:
    return f"https://huggingface.co/{one['repository']}/resolve/main/{one['path']}"


_LOSS = {"same": 0, "better": 0, "slightly lower": 1, "unknown": 2, "lower": 3}


def _add(found: dict[str, Build], name: str, size: int | None, needs: NeedsFile, gguf: bool) -> None:
    other = needs.name
    if other == name or not _same(other, name, needs) or (other.lower().endswith(".gguf") and not gguf):
        return
    label, quality, here_only = packing(other)
    smaller = needs.size < size * _SMALLER if needs.size and size else _fewer_bits(other, name)
    if not smaller or (here_only and not needs.here):
        return
    found[other] = Build(other, needs.size, quality if label else "unknown", label, needs)


def _same(other: str, name: str, needs: NeedsFile) -> bool:
    """Of the table of builds it is known; of all others the words tell."""
    return needs.said_by.startswith("the file list of ") or same_words(other) == same_words(name)


def _fewer_bits(other: str, name: str) -> bool:
    """By the names alone; a name without a precision is taken to be 16 bits."""
    from ..known import bits_in

    bits = bits_in(other)
    return bits is not None and bits < (bits_in(name) or 16) * _SMALLER
