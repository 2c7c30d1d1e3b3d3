"""The rule that other tools go by: the nearest name over 0.7 is taken. It gets all that we get, and more pages of it.

It sees every file name in the answers of the same searches (the name's words, from all of them down to the first), up
to a hundred repositories or models each, and every name in the same catalogues. Nearness is `difflib`'s ratio.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple

from comfyfixersmart.core.resolution.types import Want
from resolution_civitai_api import Civitai
from resolution_huggingface import HuggingFace
from resolution_words import parts
from resolution_world import World

ENOUGH, PAGE = 0.7, 100
_MODEL = re.compile(r"\.(safetensors|sft|ckpt|pt|pth|bin|gguf|onnx)$", re.I)


class Found(NamedTuple):
    """A file that the rule may take: its name in lower case; its content, or its address where no service has it."""

    name: str
    content: str


class Peer:
    """The rule over one world; `catalogues`: whether the templates and the Manager's list are at hand."""

    def __init__(self, world: World, hub: HuggingFace, civitai: Civitai, catalogues: bool) -> None:
        self.world, self.hub, self.civitai = world, hub, civitai
        self.listed = tuple(self._catalogues()) if catalogues else ()
        self._hub, self._civitai = cache(self._from_hub), cache(self._from_civitai)

    def takes(self, want: Want, down: str) -> str:
        """The content of the file it would take, or its address; "" for none."""
        wanted = want.name.rpartition("/")[2].lower()
        stem = parts(wanted)[0] if not want.stem else wanted
        words = [word for word in re.split(r"[\s_\-]+", stem) if word]
        pools = [self.listed]
        for count in dict.fromkeys((len(words), 3, 2, 1)):
            if 0 < count <= len(words):
                if down != "huggingface":
                    pools.append(self._hub("-".join(words[:count])))
                if down != "civitai":
                    pools.append(self._civitai(" ".join(words[:count])))
        pool: dict[str, str] = {}
        for found in pools:
            for one in found:
                pool.setdefault(one.name, one.content)
        return _nearest(wanted if not want.stem else f"{wanted}.safetensors", pool)

    def _from_hub(self, text: str) -> tuple[Found, ...]:
        found = sorted(self.hub.search(text), key=lambda repo: -repo.downloads)[:PAGE]
        return tuple(
            Found(file.base.lower(), file.sha256)
            for repo in found
            for file in repo.files.values()
            if _MODEL.search(file.base)
        )

    def _from_civitai(self, text: str) -> tuple[Found, ...]:
        found = [model for model in self.civitai.search(text)[:PAGE] if not model.mode]
        return tuple(
            Found(file.name.lower(), file.sha256)
            for model in found
            for version in model.versions
            for file in version.files
        )

    def _catalogues(self) -> list[Found]:
        told = (*self.world.real.templates, *self.world.real.manager)
        return [
            Found(one.name.lower(), self.world.content(self.world.key(one)) if one.repo else one.url) for one in told
        ]


def _nearest(wanted: str, pool: dict[str, str]) -> str:
    if wanted in pool:
        return pool[wanted]
    matcher = SequenceMatcher(None, "", wanted, autojunk=False)
    best, taken = ENOUGH, ""
    for name, content in pool.items():
        if 2 * min(len(name), len(wanted)) <= best * (len(name) + len(wanted)):
            continue
        matcher.set_seq1(name)
        if matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, taken = ratio, content
    return taken
