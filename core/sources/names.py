"""What a file name says: its words, its variant, its family, the folder its path points to, and what to search for. Pure.

Nothing here proves anything. A name's likeness sorts candidates and shapes questions; it never decides.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache, lru_cache

from ..knowledge import document
from .types import OTHER

MOST_CHARACTERS, MOST_WORDS = 120, 14  # a longer "name" may be anything, a prompt even: it is not sent anywhere
_SEPARATORS = re.compile(r"[\s_\-+,()\[\]{}&'!#]+")
# "waiIllustriousSDXL" → wai Illustrious SDXL; digits stay with their word: "flux1", "wan2.2"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2,})")
_QUANT = re.compile(r"i?q\d(?:_(?:k|0|1))?(?:_(?:s|m|l|xl|xs|xxs|nl))?", re.I)
_RAW_WORD = re.compile(r"[^\s_\-+,()\[\]]+")
_EPOCH = re.compile(r"\d{4,}")  # "-000008": the step of a training
_VERSION = re.compile(r"v\d+(?:[._]\d+)*[a-z]?|\d+(?:\.\d+)+", re.I)


def base(name: str) -> str:
    """The file's own name, without sub-folders of either slash."""
    return name.replace("\\", "/").rpartition("/")[2]


def suffix(name: str) -> str:
    """Its suffix in lower case, ".safetensors", when it is one of a model file; else ""."""
    end = "." + name.rpartition(".")[2].lower() if "." in name else ""
    return end if end in _suffixes() else ""


def stem(name: str) -> str:
    """The base name without the suffix of a model file."""
    own = base(name)
    end = suffix(own)
    return own[: -len(end)] if end else own


def format_of(name: str) -> str:
    """SAFETENSORS, GGUF, ONNX, PICKLE or OTHER, by the suffix."""
    return str(document("names")["formats"].get(suffix(name), OTHER))


def sendable(name: str) -> bool:
    """Whether this may be a file's name at all. A text that is none is never sent to anybody."""
    own = base(name)
    printable = own.isprintable() and bool(own.strip())
    return printable and len(own) <= MOST_CHARACTERS and len(words(stem(own))) <= MOST_WORDS and "://" not in name


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a stem, lower case, camel case taken apart: "waiIllustriousSDXL_v160" → wai illustrious sdxl v160."""
    plain = text.replace("LoRA", "Lora").replace("LoRa", "Lora")
    parts = [part.strip(".") for piece in _SEPARATORS.split(plain) for part in _CAMEL.split(piece)]
    return tuple(part.lower() for part in parts if part)


@lru_cache(maxsize=20_000)
def core_words(text: str) -> tuple[str, ...]:
    """The same without the words that only tell builds of one model apart."""
    plain = _QUANT.sub(" ", text) if re.search(r"[-_.]i?q\d", text, re.I) else text
    kept = tuple(word for word in words(plain) if word not in _variants())
    return kept or words(text)


@lru_cache(maxsize=20_000)
def variant(text: str) -> frozenset[str]:
    """The words that tell builds apart: precision, quantisation, packaging."""
    quant = {found[0].lower() for found in _QUANT.finditer(text)} if re.search(r"[-_.]i?q\d", text, re.I) else set()
    return frozenset(word for word in words(text) if word in _variants()) | quant


def likeness(wanted: str, found: str) -> float:
    """How much two names are alike, 0 to 1, for sorting only: shared words count most, other numbers count against."""
    a, b = stem(wanted), stem(found)
    if a.lower() == b.lower():
        return 1.0
    left, right = set(words(a)), set(words(b))
    shared = 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0
    spelled = SequenceMatcher(None, a.lower()[:100], b.lower()[:100], autojunk=False).ratio()
    apart = {word for word in left ^ right if any(char.isdigit() for char in word)}
    return max(0.0, min(0.99, 0.6 * shared + 0.4 * spelled - 0.05 * min(len(apart), 4)))


# ---- what to search for ------------------------------------------------------------------------------------


def repository_queries(name: str) -> tuple[str, ...]:
    """At most ten texts that the id of a repository with this file may contain, the most telling first.

    A search takes a text that is contained in the id. Ids join words by "-" or "_", or a repository is called as the
    file is written: so the beginning of the name is tried in all three ways, whole and by its first two words. The
    longest word finds repositories that turn the words around, the first one whole families.
    """
    own = stem(name)
    every = [one for one in _RAW_WORD.finditer(own) if one[0].strip(".")]
    kept = [one for one in every if one[0].lower() not in _variants() and not _EPOCH.fullmatch(one[0])] or every
    if _QUANT.search(own) and kept[0] is not every[0]:
        kept = every
    if not kept:
        return (own,) if own.strip() else ()
    words_ = [one[0].strip(".") for one in kept]
    tries: list[str] = (
        [own, "-".join(_RAW_WORD.findall(own)), "_".join(_RAW_WORD.findall(own))] if kept != every else []
    )
    for count in dict.fromkeys((len(kept), min(2, len(kept)))):
        together = every[every.index(kept[0]) : every.index(kept[count - 1]) + 1] == kept[:count]
        tries += [own[kept[0].start() : kept[count - 1].end()]] if together else []
        tries += ["-".join(words_[:count]), "_".join(words_[:count])]
    tries += [max(words_, key=len), words_[0]]
    telling = [one for one in dict.fromkeys(tries) if len(one) >= 3]
    return tuple(telling or [own])[:10]


def model_queries(name: str) -> tuple[str, ...]:
    """At most three texts to search a model's name by, the most telling first: spaces between words, versions left out.

    Civitai makes the names of most checkpoints itself, "{model, 20 letters}_{version}", so the part before the last
    "_" comes first where the rest looks like a version. A mark of the base model ("XL", "Pony") is often in the file's
    name and not in the model's, so the last text goes without.
    """
    own = stem(name)
    head, cut, tail = own.rpartition("_")
    told = [head] if cut and head and (_VERSION.fullmatch(tail) or len(tail) <= 24) else []
    found = []
    for text in (*told, own):
        kept = [word for word in core_words(text) if not _VERSION.fullmatch(word) and not _EPOCH.fullmatch(word)]
        found.append(kept or list(core_words(text)))
    found.append([word for word in found[-1] if not family_of(word) and word not in document("names")["marks"]])
    texts = [" ".join(kept[:6]) for kept in found]
    return tuple(dict.fromkeys(one for one in texts if len(one) >= 3))[:3] or tuple(one for one in texts[:1] if one)


# ---- family and folder -------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def family_of(text: str) -> str:
    """The base-model family that a file, path or repository name speaks of; "" where it does not, or of several."""
    line = f" {' '.join(words(text.replace('/', ' ')))} "
    found = [(len(phrase), name) for phrase, name in _family_words() if f" {phrase} " in line]
    if not found:
        return ""
    longest = max(length for length, _ in found)
    best = {name for length, name in found if length == longest}
    return best.pop() if len(best) == 1 else ""


def family_of_base_model(text: str) -> str:
    """The family of a base model as Civitai spells it; "" for one we do not know."""
    return _base_models().get(text.strip().lower(), "")


def fits_family(wanted: str, found: str) -> bool | None:
    """Whether a file of one family can be meant where the other is worked with; None where one of them is not known."""
    if not wanted or not found:
        return None
    return _root(wanted) == _root(found)


def family_label(family: str) -> str:
    """The family's name for people."""
    entry = document("families")["families"].get(family)
    return str(entry["label"]) if entry else family


@lru_cache(maxsize=20_000)
def folder_of(path: str, repo: str = "") -> str:
    """The `folder_paths` folder that a path inside a repository points to: its folders first, then its name, then the
    repository's name. "" where none of them tells."""
    if place := place_of(path):
        return place
    folders, _, own = path.rpartition("/")
    for text in (*reversed(folders.split("/")), stem(own), repo.rpartition("/")[2]):
        line = f" {text.lower()} {' '.join(words(text))} "
        for folder, phrases in document("names")["folders"]:
            if text and any(f" {phrase} " in line for phrase in phrases):
                return str(folder)
    return ""


def place_of(path: str) -> str:
    """The folder of ComfyUI that a directory of this path is called like, as in "split_files/vae/x"; "" where none is."""
    for part in reversed(path.split("/")[:-1]):
        if part in _folder_names():
            return str(document("folders")["aliases"].get(part, part))
    return ""


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(document("references")["suffixes"])


@cache
def _folder_names() -> frozenset[str]:
    """Every folder that ComfyUI or a pack of ours knows, as a path in a repository may be laid out by it."""
    known = document("folders")
    return frozenset({*known["folders"], *known["aliases"]} - {"custom_nodes", "configs", "datasets", "fonts"})


@cache
def _variants() -> frozenset[str]:
    return frozenset(document("names")["variant"])


@cache
def _family_words() -> tuple[tuple[str, str], ...]:
    table = document("families")["families"]
    return tuple((phrase, name) for name, entry in table.items() for phrase in entry["words"])


@cache
def _base_models() -> dict[str, str]:
    table = document("families")["families"]
    return {spelled: name for name, entry in table.items() for spelled in entry["base_models"]}


def _root(family: str) -> str:
    entry = document("families")["families"].get(family, {})
    return str(entry.get("of") or family)
