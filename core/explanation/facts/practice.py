"""What is usual for a model: figures of `knowledge/practice_families.json` for a family and a file name. Pure.

Every figure carries the sources that its numbers were read in; what nobody could verify is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ...knowledge import document

FILE = "practice_families"
_SIGNS = re.compile(r"[^0-9a-z]+")
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SUFFIX = re.compile(r"\.(safetensors|gguf|ckpt|sft|pth|pt|bin)$", re.I)
_MOST = 400  # characters of a file name that are looked at
_STEPS = re.compile(r"(?<![0-9])([1-9][0-9]?)[ _-]?steps?(?![a-z0-9])")


class Figure(NamedTuple):
    """One figure: its values (`[20, 50]`, `[true]`, `["MIT", "free"]`), and who says so."""

    values: tuple[Any, ...]
    title: str
    url: str
    path: str  # where in the document it stands: "flux.schnell"
    document: str = FILE

    @property
    def low(self) -> float:
        """The smaller end of a range."""
        return float(self.values[0])

    @property
    def high(self) -> float:
        """The larger end of a range."""
        return float(self.values[1])

    @property
    def source(self) -> str:
        """As a fact names its source: the document, and the place in it."""
        return f"knowledge/{self.document}.json#{self.path}"


class Profile(NamedTuple):
    """What is usual for one model. `path` names the entry ("flux.kontext"); figures by name, most of them optional."""

    path: str
    label: str
    family: str
    figures: Mapping[str, Figure]

    def figure(self, name: str) -> Figure | None:
        """One figure, None where it is not known."""
        return self.figures.get(name)

    @property
    def source(self) -> str:
        """As a fact names its source."""
        return f"knowledge/{FILE}.json#{self.path}"

    @property
    def label_source(self) -> str:
        """Where the label stands."""
        found = self.figures.get("label")
        return found.source if found else self.source

    @property
    def distilled(self) -> str:
        """ "steps" where few steps suffice, "guidance" where cfg stays at 1, "" where neither is known."""
        figure = self.figures.get("distilled")
        return str(figure.values[0]) if figure else ""


class Accelerator(NamedTuple):
    """A LoRA that makes a model need fewer steps. `steps`: the number that its own file name says, None where it says none."""

    label: str
    steps: int | None
    usual: Figure | None
    cfg: Figure | None
    source: str


@lru_cache(maxsize=5000)
def plain(name: str) -> str:
    """A file name as the tables match it: " wan2 2 t2v high noise 14b ". Where words are told apart by capitals only
    ("photoLightning"), they stand once more behind a slash."""
    stem = name[:_MOST].replace("\\", "/").rsplit("/", 1)[-1]
    stem = _SUFFIX.sub("", stem)
    flat = _SIGNS.sub(" ", stem.lower()).strip()
    apart = _SIGNS.sub(" ", _CAPITALS.sub(" ", stem).lower()).strip()
    return f" {flat} " if flat == apart else f" {flat} / {apart} "


@lru_cache(maxsize=5000)
def profile(family: str, name: str) -> Profile | None:
    """What is usual for a file of this family; None where nothing is known. `family`: a key of `families.json`, or of
    the table; without one the file name is looked up in the words that the table itself has."""
    table = document(FILE)
    key = family if family in table["families"] else of_family(family)
    key = key if key in table["families"] else _by_words(name)
    if not key:
        return None
    chain: list[tuple[str, Mapping[str, Any]]] = []
    entry = table["families"][key]
    if entry.get("of") in table["families"]:
        base = entry["of"]
        chain += _chain(base, table["families"][base], name)
    chain += _chain(key, entry, name)
    figures: dict[str, Figure] = {}
    for path, part in chain:
        for field, value in part.items():
            if value is None:
                figures.pop(field, None)
            elif isinstance(value, list) and field not in ("words", "variants"):
                figures[field] = _figure(value, path)
    label = figures.get("label")
    if key != family and of_family(family) == key:  # such as Illustrious, whose base is SDXL
        figures["label"] = Figure((family_label(family),), "", "", f"families.{family}", "families")
        return Profile(chain[-1][0], family_label(family), key, figures)
    return Profile(chain[-1][0], str(label.values[0]) if label else key, key, figures)


def _chain(key: str, entry: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The family's own line and that of the variant which the file name tells."""
    line = plain(name)
    chain = [(key, entry)]
    for variant in entry.get("variants", ()):
        if any(f" {word} " in line for word in variant["words"]):
            chain.append((f"{key}.{variant['id']}", variant))
            break
    return chain


def _figure(value: list[Any], path: str) -> Figure:
    *values, sources = value
    first = document(FILE)["sources"].get(str(sources).split(" ")[0], {})
    return Figure(tuple(values), str(first.get("title", "")), str(first.get("url", "")), path)


@cache
def _words() -> tuple[tuple[str, str], ...]:
    return tuple((word, key) for key, entry in document(FILE)["families"].items() for word in entry.get("words", ()))


def _by_words(name: str) -> str:
    line = plain(name)
    return max(((len(word), key) for word, key in _words() if f" {word} " in line), default=(0, ""))[1]


@lru_cache(maxsize=5000)
def accelerator(name: str) -> Accelerator | None:
    """What a LoRA does to the settings when its name says that it is one for few steps; None for any other LoRA."""
    line = plain(name)
    entry = next(
        (one for one in document(FILE)["accelerators"] if any(f" {word} " in line for word in one["words"])), None
    )
    said = named_steps(name)
    if entry is None and said is None:
        return None
    path = f"accelerators.{entry['id']}" if entry else ""
    figures = {key: _figure(entry[key], path) for key in ("steps", "cfg", "label") if entry and entry.get(key)}
    label = str(figures["label"].values[0]) if "label" in figures else "LoRA for few steps"
    source = f"knowledge/{FILE}.json#{path}" if path else ""
    return Accelerator(label, said, figures.get("steps"), figures.get("cfg"), source)


def named_steps(name: str) -> int | None:
    """The number of steps that a file name says ("sdxl_lightning_4step"); None where it says none."""
    said = _STEPS.search(plain(name).split(" / ")[0].strip())
    return int(said[1]) if said else None


@lru_cache(maxsize=2000)
def vae_of(name: str) -> tuple[str, str]:
    """Which VAE a file is: its key in the table and its label; ("", "") where the name does not tell."""
    line = plain(name)
    found = [
        (len(word), key, entry["label"])
        for key, entry in document(FILE)["vaes"].items()
        for word in entry["words"]
        if f" {word} " in line and (len(word) > 2 or line.strip() == word)
    ]
    return max(found)[1:] if found else ("", "")


def vae_label(key: str) -> str:
    """How people call a VAE."""
    return str(document(FILE)["vaes"].get(key, {}).get("label", key))


def documented(path: str) -> Any:
    """What stands at a place of the table ("flux.schnell", "accelerators.lcm", "vaes.flux"); None where nothing does."""
    table = document(FILE)
    head, _, tail = path.partition(".")
    if head == "accelerators":
        return next((one for one in table["accelerators"] if one["id"] == tail), None)
    if head == "vaes":
        return table["vaes"].get(tail)
    entry = table["families"].get(head)
    if entry is None or not tail:
        return entry
    return next((one for one in entry.get("variants", ()) if one["id"] == tail), None)


def family_label(family: str) -> str:
    """How people call a family, by the table of families; "" where it is not known."""
    entry = document("families")["families"].get(family)
    return str(entry["label"]) if entry else ""


def of_family(family: str) -> str:
    """The family whose files load where one of this family is wanted: SDXL for Pony; the family itself otherwise."""
    entry = document("families")["families"].get(family)
    return str(entry.get("of", family)) if entry else family


def paths() -> Iterator[str]:
    """Every entry of the table, for its tests."""
    table = document(FILE)
    for key, entry in table["families"].items():
        yield key
        yield from (f"{key}.{one['id']}" for one in entry.get("variants", ()))
    yield from (f"accelerators.{one['id']}" for one in table["accelerators"])
    yield from (f"vaes.{key}" for key in table["vaes"])
