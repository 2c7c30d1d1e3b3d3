"""What a model shows: sexualised minors, real persons, adult content. By its source's marks and a short table of words. Pure.

Nothing is looked at but names and marks. The table lies in `knowledge/policy.json`, where its limits are written too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ..knowledge import document
from ..sources.types import Candidate

POI, MINOR, NSFW = "poi", "minor", "nsfw"  # flags of a source

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2,})")
_WORD = re.compile(r"[^\W\d_]+")


class Content(NamedTuple):
    """What names and marks say. `refused`: why it is sexual content with minors, one sentence; "" where nothing says so."""

    refused: str = ""
    real_person: bool = False
    minor: bool = False
    adult: bool = False


def content(copies: Sequence[Candidate], label: str, name: str = "") -> Content:
    """What is said of one file by all its copies, the first one being the one at `label`. `name`: as the workflow writes it."""
    flags = {flag for one in copies for flag in one.flags}
    level = max((one.nsfw_level or 0 for one in copies), default=0)
    adult = NSFW in flags or level >= document("policy")["adult_level"]
    found = words(_texts(copies, name))
    if found.refused:
        why = "Its name says so."
    elif MINOR in flags and (adult or found.adult):
        why = f"{label} marks it as showing a minor, and it is adult content."
    elif found.young and (adult or found.adult):
        why = f"Its name speaks of somebody young, and {f'{label} marks it as' if adult else 'it is'} adult content."
    else:
        why = ""
    return Content(why, POI in flags, MINOR in flags, adult)


def _texts(copies: Iterable[Candidate], name: str) -> tuple[str, ...]:
    told = [text for one in copies for text in (one.file, one.path, one.repo, one.revision)]
    return tuple(dict.fromkeys(text for text in (name, *told) if text))


class Words(NamedTuple):
    """Which lists of the table have a word in these texts."""

    refused: bool
    young: bool
    adult: bool


@lru_cache(maxsize=4096)
def words(texts: tuple[str, ...]) -> Words:
    """What the table says of these names: whole words, harmless phrases taken out first."""
    lines = [_pattern("harmless").sub(" ", _line(text)) for text in texts]

    def has(name: str) -> bool:
        return any(_pattern(name).search(line) for line in lines)

    aged = any(re.search(document("policy")["words"]["age"], _plain(text).lower()) for text in texts)
    return Words(has("refused"), aged or has("young"), has("adult"))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)  # wide and styled letters are letters


def _line(text: str) -> str:
    """The words in lower case, a space around each: "LoliconStyle_v2.safetensors" → " lolicon style v safetensors "."""
    return f" {' '.join(_WORD.findall(_CAMEL.sub(' ', _plain(text)).lower()))} "


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """One list of the table. Chinese and Japanese put no space between words, so there only katakana has borders."""
    listed = [one.lower() for one in document("policy")["words"][name]]
    return re.compile(
        "|".join(
            (f"(?<= ){re.escape(one)}(?= )" if one.isascii() else f"(?<![ァ-ヶー]){re.escape(one)}(?![ァ-ヶー])")
            for one in listed
        )
    )


def turn_to(what: str, services: Iterable[str], pages: Iterable[str] = ()) -> tuple[str, ...]:
    """Addresses where the person shown, or whoever found it, can turn. `what`: "real_person" or "minors"."""
    table: Mapping[str, Any] = document("policy")["turn_to"][what]
    told = [address for service in ("", *services) for address in table.get(service, ())]
    return tuple(dict.fromkeys((*told, *(page for page in pages if page))))
