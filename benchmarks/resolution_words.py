"""Invented names for the benchmark's world: owners, models, file names, and names that are nearly another one's."""

from __future__ import annotations

import re
from random import Random

_WORDS = """\
amber ancient azure blazing brutal candid celestial chrome cosmic crimson crystal dark delicate distant dusty
electric emerald endless fallen feral frozen gentle ghostly gilded golden grim hazy hidden hollow honest icy
indigo ivory jade lazy liquid little lost lucid lunar misty mystic neon noble obsidian opal pale pastel
patient phantom plastic polar prime quiet radiant rapid raw rustic sable sacred scarlet secret shaded silent
silver sleepy smoky solar sonic spectral stellar stormy sugar tender toxic twisted ultra urban velvet vivid
wandering wicked wild winter wooden zen

alchemy anchor anvil archer atlas autumn badger basilica bloom bonsai canyon carnival cathedral cavern cipher
comet compass coral crane cyclone dahlia desert dragon dune eagle echo eclipse ember falcon fable feather fern
festival fjord forge fox galaxy garden gargoyle glacier grove harbor harvest hawk heron horizon hydra iris
island jaguar juniper kestrel kitsune labyrinth lagoon lantern lark legend lotus lynx magnolia mantis meadow
mirage monsoon moth mosaic nebula nomad nova oasis ocelot oracle orchid origami otter panther paradox pearl
phoenix prairie prism puma quartz raven reef relic riddle saffron samurai sequoia serpent shrine sparrow
sphinx spire stallion summit sunset sylph temple thistle thunder tiger totem tundra valkyrie vertex violet
voyage walrus whisper willow wolf wyvern yonder zephyr

anime cartoon cinematic comic detail enhancer film grain gothic ink illustration landscape lineart logo manga
mecha noir oil painting photo pixel portrait poster realism retro sketch slider steampunk sticker studio style
synthwave tattoo texture toon vaporwave vintage watercolor woodcut
"""
ADJECTIVES, NOUNS, STYLES = (part.split() for part in _WORDS.split("\n\n"))
_BUILD = re.compile(r"fp8_e4m3fn_scaled|fp8_e4m3fn|fp8_e5m2|fp8_scaled|fp4_scaled|int8_convrot|nvfp4|mxfp8|fp8|fp16|bf16|fp32|Q\d(?:_\w)*", re.I)  # fmt: skip
_BUILDS = ("fp8_e4m3fn", "fp8_scaled", "fp8_e5m2", "fp16", "bf16", "fp32", "nvfp4", "int8", "mxfp8")
_VERSION = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?![\d.])|(?<=[vV])(\d+)(?!\d)")
_SWAPS = (
    ("high", "low"), ("t2v", "i2v"), ("480p", "720p"), ("14B", "7B"), ("canny", "depth"), ("large", "medium"),
    ("base", "turbo"), ("4steps", "12steps"), ("rank64", "rank32"), ("xl", "mini"), ("dev", "pro"), ("1024", "768"),
)  # fmt: skip
GGUF = ("Q2_K", "Q3_K_M", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")


def parts(name: str) -> tuple[str, str]:
    """Stem and suffix of a base name."""
    stem, dot, end = name.rpartition(".")
    return (stem, dot + end) if dot else (name, "")


def other_build(name: str, rng: Random) -> str:
    """The same model in another precision, or as a GGUF file."""
    stem, suffix = parts(name)
    if rng.random() < 0.25:
        return f"{_BUILD.sub('', stem).strip('_-.') or stem}-{rng.choice(GGUF)}.gguf"
    found = _BUILD.search(stem)
    build = rng.choice([one for one in _BUILDS if not found or one.lower() != found[0].lower()])
    return (stem[: found.start()] + build + stem[found.end() :] if found else f"{stem}_{build}") + suffix


def other_version(name: str, rng: Random) -> str:
    """The same model in another version, size or kind."""
    stem, suffix = parts(name)
    swaps = [(a, b) for a, b in (*_SWAPS, *((b, a) for a, b in _SWAPS)) if a.lower() in stem.lower()]
    numbers = list(_VERSION.finditer(stem))
    if swaps and (not numbers or rng.random() < 0.6):
        old, new = rng.choice(swaps)
        return re.sub(re.escape(old), new, stem, count=1, flags=re.I) + suffix
    if numbers:
        found = rng.choice(numbers)
        new = f"{found[1]}.{int(found[2]) + rng.randint(1, 3)}" if found[1] else str(int(found[3]) + rng.randint(1, 2))
        return stem[: found.start()] + new + stem[found.end() :] + suffix
    return f"{stem}{rng.choice(('_v2', '-v3', '_v1.1', '-2', '_plus', '_lite'))}{suffix}"


def near(name: str, rng: Random) -> str:
    """A name that is nearly this one, of another file."""
    if rng.random() < 0.45:
        return other_build(name, rng)
    if rng.random() < 0.75:
        return other_version(name, rng)
    stem, suffix = parts(name)
    return f"{stem}{rng.choice(('_pruned', '-finetune', '_merged', '-distill', '_inpaint', '-v2-turbo'))}{suffix}"


def renamed(name: str, rng: Random) -> str:
    """What a person makes of a file's name after the download: it tells little or nothing."""
    suffix = parts(name)[1]
    word = f"{rng.choice(ADJECTIVES)}_{rng.choice(NOUNS)}"
    return rng.choice((f"my_{word}", f"{word}_{rng.randint(2, 99)}", f"best {word}", f"{word}-final")) + suffix


def owner(rng: Random) -> str:
    """An account's name."""
    first, second = rng.choice(ADJECTIVES), rng.choice(NOUNS)
    return rng.choice((f"{first}{second}", f"{first}-{second}", f"{second}{rng.randint(1, 999)}", f"{first.title()}{second.title()}"))  # fmt: skip


def phrase(rng: Random) -> list[str]:
    """Two or three words that a model may be called."""
    found = [rng.choice(ADJECTIVES), rng.choice(NOUNS)]
    return [*found, rng.choice(STYLES)] if rng.random() < 0.5 else found


def nonsense(rng: Random) -> str:
    """A file name that nobody has published, and that looks like any other."""
    words = phrase(rng)
    end = rng.choice(
        (f"_v{rng.randint(1, 9)}", f"-{rng.randint(1000, 9999)}", f"_e{rng.randint(10, 90)}", "_merge", "_final2")
    )
    letters = "".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou") for _ in range(3))
    return rng.choice(("_", "-", "")).join((letters, *words)) + end + rng.choice((".safetensors",) * 6 + (".ckpt", ".pth", ".gguf"))  # fmt: skip
