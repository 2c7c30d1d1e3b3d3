"""Finds near names among very many: a shortlist by shared words, rare ones first, then `names.likeness`. Pure."""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from heapq import nlargest

from ..names import likeness, stem, words

LEAST = 0.4  # below this likeness nobody would call two names near
# Bounds of one question, so that it takes milliseconds among 100,000 names.
_VISITS = 12_000  # entries of word lists that are counted
_RANKED = 160  # names whose common words are looked at too
_COMPARED = 24  # names that are compared letter by letter
_BEGINNING = 6  # letters that two names begin with
_JOINED, _BEGUN = 0.97, 0.5  # likeness of names with the same letters, and of one that begins like the other
_SEPARATORS = re.compile(r"[\W_]+")


class Near:
    """Names by their words. Positions in `names` stand for the names."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._lists: dict[str, array[int]] = {}
        keys = array("H")
        for at, name in enumerate(names):
            own = _keys(name)
            keys.append(len(own))
            for key in own:
                if key not in self._lists:
                    self._lists[key] = array("I")
                self._lists[key].append(at)
        self._keys = keys

    def find(self, name: str, most: int) -> list[str]:
        """The names most like this one, the nearest first; the very same name is not among them."""
        asked = _keys(name)
        lists = sorted((self._lists[key] for key in asked if key in self._lists), key=len)
        shares: dict[int, float] = {}
        visits = 0
        for index, places in enumerate(lists):
            weight = self._weight(places)
            if index and visits + len(places) > _VISITS:
                shares = self._best(shares, len(asked), _RANKED)
                _add_common(shares, places, weight)
                continue
            visits += len(places)
            for at in places[:_VISITS]:
                shares[at] = shares.get(at, 0.0) + weight
        best = self._best(shares, len(asked), _COMPARED)
        own = name.lower()
        rated = [(_alike(name, self._names[at]), self._names[at]) for at in best]
        kept = [one for one in rated if one[0] >= LEAST and one[1].lower() != own]
        return [found for _, found in sorted(kept, key=lambda one: (-one[0], one[1]))[:most]]

    def _weight(self, places: array[int]) -> float:
        return math.log(1 + len(self._names) / len(places))

    def _best(self, shares: dict[int, float], asked: int, most: int) -> dict[int, float]:
        """Those with the most in common, for their own number of words."""
        keys = self._keys
        return dict(nlargest(most, shares.items(), key=lambda one: (one[1] / (asked + keys[one[0]]), -one[0])))


def _add_common(shares: dict[int, float], places: array[int], weight: float) -> None:
    """Add a word that very many names have to those that are in the race already."""
    for at in shares:
        found = bisect_left(places, at)
        if found < len(places) and places[found] == at:
            shares[at] += weight


def _alike(name: str, found: str) -> float:
    """`likeness`, but names that differ only in how they are joined ("umt5xxl", "umt5_xxl") share no word and are alike."""
    one, other = _letters(name), _letters(found)
    if one == other:
        return max(_JOINED, likeness(name, found))
    begins = min(len(one), len(other)) >= _BEGINNING and (one.startswith(other) or other.startswith(one))
    return max(_BEGUN if begins else 0.0, likeness(name, found))


def _keys(name: str) -> tuple[str, ...]:
    """Its words; and its letters without separators, whole and their beginning, for names that are spelt together."""
    letters = _letters(name)
    return tuple(dict.fromkeys((*words(stem(name)), f"={letters}", f"^{letters[:_BEGINNING]}")))


def _letters(name: str) -> str:
    return _SEPARATORS.sub("", stem(name)).lower()
