"""Which places a search can lead to at all: no service looks at file names, so a name has to share words with a place.

A file is in sight at Hugging Face when some run of words of its name, as written or joined by "-", is part of the
repository's id and of no more than `MOST` ids, or when its owner is one of the well-known ones whose lists may be read
whole; at ModelScope by its ids alone; at Civitai when more than half of the words of its name begin words of the
model's name, its creator's or its trigger words, and no more than `MOST` models share these. A base model's mark
("XL", "SD15") tells nothing of a model.
"""

from __future__ import annotations

import re
from functools import cache

from resolution_civitai import MARKS
from resolution_civitai_api import Civitai
from resolution_words import parts
from resolution_world import OFFICIAL, Spot, World

MOST = 100  # one page
_MARKS = frozenset(mark.lower() for mark in MARKS.values())
_VERSION = re.compile(r"v?\d+\w?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2,})")


class Sight:
    """Answers for one world. It knows the documented behaviour and nothing of any client."""

    def __init__(self, world: World, civitai: Civitai) -> None:
        self.world, self.civitai = world, civitai
        self.hub = [name.lower() for name in world.repos]
        self.scope = [name.lower() for name in world.mirrors]
        self.models = {f"{version.id}/": model for model in world.civitai.models.values() for version in model.versions}
        self._count = cache(self._counted)

    def sees(self, name: str, spot: Spot) -> bool:
        """Whether a search by this file's name can come to this place."""
        if spot.source == "civitai":
            return self._model(parts(name)[0], self.models[spot.id.partition("/")[0] + "/"].id)
        repo = spot.id.partition("@")[0]
        if spot.source == "huggingface" and repo.partition("/")[0] in OFFICIAL:
            return True
        return any(run in repo.lower() and self._count(spot.source, run) <= MOST for run in runs(name))

    def contents(self, name: str) -> set[str]:
        """The contents of this name that a search can come to, and that their service tells the hash of or not."""
        return {spot.sha256 for spot in self.world.spots(name) if self.sees(name, spot)}

    def _counted(self, source: str, text: str) -> int:
        return sum(text in name for name in (self.hub if source == "huggingface" else self.scope))

    def _model(self, stem: str, number: int) -> bool:
        """By the whole name, or by what stands before the last "_" of a name that Civitai made."""
        return any(self._shares(text, number) for text in {stem, stem.rpartition("_")[0]})

    def _shares(self, text: str, number: int) -> bool:
        told: list[str] = []
        for piece in re.split(r"[^A-Za-z0-9]+", text):
            whole = piece.lower()
            told += [whole] if number in _begun(self.civitai, whole) else [part.lower() for part in _CAMEL.split(piece)]
        told = [word for word in told if len(word) >= 3 and word not in _MARKS and not _VERSION.fullmatch(word)]
        shared = [found for word in told if number in (found := _begun(self.civitai, word))]
        return 2 * len(shared) > len(told) and len(set.intersection(*shared)) <= MOST


@cache
def _begun(civitai: Civitai, word: str) -> set[int]:
    return civitai.begun(word)


@cache
def runs(name: str) -> tuple[str, ...]:
    """Runs of words of a file's name, three characters or more: as they are written, and joined by "-"; lower case."""
    stem = parts(name)[0].lower()
    words = list(re.finditer(r"[^\s_\-]+", stem))
    found: dict[str, None] = {}
    for first in range(len(words)):
        for last in range(first, len(words)):
            found[stem[words[first].start() : words[last].end()]] = None
            found["-".join(word[0] for word in words[first : last + 1])] = None
    return tuple(one for one in found if len(one) >= 3)
