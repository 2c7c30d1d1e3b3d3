"""File names for the reports of workflows: readable, the same every time, safe on every filesystem. Pure."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

# 96 bytes leave room for a suffix and for the name of a temporary file, also where names end at 143 bytes (eCryptfs).
_MOST_BYTES = 96
_OURS = {"index", "dashboard"}
_DEVICES = {"con", "prn", "aux", "nul", "clock", "conin", "conout"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(10)
}


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Each name's slug: lower case, letters, digits, `-` and `_`, at most 96 bytes of UTF-8.

    The path's words in their order. Where two names would share a slug, whatever the case, both carry
    eight digits of their name's SHA-256, so an old link never leads to another workflow; so does a name
    that would take a device's or one of our own file names.
    """
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(_readable(name), []).append(name)
    free = {base: group[0] for base, group in groups.items() if len(group) == 1 and not _reserved(base)}
    found = {name: base for base, name in free.items()}
    taken = set(free)
    for base, group in groups.items():
        if base not in free:
            for name in sorted(group):
                found[name] = _suffixed(base, name, taken)
    return found


def _readable(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    stem, number = folded, ""
    head, mark, tail = folded.rpartition("#")
    if mark and tail.isdigit():
        stem, number = head, f" {tail}"
    if stem.endswith(".json"):
        stem = stem[:-5]
    kept = "".join(c if c == "_" or _plain(c) else " " for c in stem + number)
    return _shortened("-".join(kept.split()))


def _plain(char: str) -> bool:
    """Letters, digits and the marks that belong to a letter; no filesystem forbids or rewrites them."""
    return unicodedata.category(char) in {"Ll", "Lo", "Lm", "Nd", "Mn", "Mc"}


def _shortened(text: str, most: int = _MOST_BYTES) -> str:
    """The beginning and the end of a long text: the end is where versions differ."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    tail = raw[-(most // 3) :].decode(errors="ignore")
    head = raw[: most - len(tail.encode()) - 2].decode(errors="ignore")
    return f"{head.rstrip('-_')}--{tail.lstrip('-_')}"


def _reserved(base: str) -> bool:
    return not base or base in _OURS or base in _DEVICES


def _suffixed(base: str, name: str, taken: set[str]) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(8, len(digest) + 1, 4):
        slug = f"{_shortened(base, _MOST_BYTES - length - 1) or 'workflow'}-{digest[:length]}"
        if slug not in taken:
            break
    taken.add(slug)
    return slug
