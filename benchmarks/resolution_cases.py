"""The questions of the benchmark, each with what is right.

Gold for an exact name is what the official template or the Manager's list names, or the Civitai file it was taken
from. A name is *knowable* when exactly one content of it is anywhere in the services, the name is not generic, its
place is in sight (`resolution_sight.py`; or a catalogue on this disk names it, in the run with catalogues), and the
service does not hide its hash behind a gate. Contents that clash with it in sight make it *ambiguous*; a clash out of
sight leaves the case in, free of a demand but the one that counts for all: RESOLVED to another content than the gold
is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from random import Random
from typing import NamedTuple

from comfyfixersmart.core.app import App
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.requirements.types import MODEL
from comfyfixersmart.core.resolution.types import FILE, RESOLVED, UNCERTAIN, Want
from comfyfixersmart.core.resolution.wants import SHARED, working_family
from comfyfixersmart.core.sources.names import family_of, family_of_base_model, stem
from resolution_civitai import FOLDERS, RIVALS
from resolution_real import Named
from resolution_sight import Sight
from resolution_words import parts
from resolution_world import World
from scan_accuracy import only, stripped, template_files

FREE, OPEN, EXACT_OPEN = "free", "never RESOLVED", "never by name"  # beside RESOLVED and UNCERTAIN: what must hold
KNOWABLE, ONE_HASH, AMBIGUOUS = "exact name, knowable", "several places, one content", "several contents"
ONLY_ANOTHER = "only another content in sight"
CLASH_OUT_OF_SIGHT, OUT_OF_SIGHT, GATED = "clash out of sight", "out of sight", "hash behind a gate"
RENAMED_AT_DOWNLOAD, OTHER_FAMILY = "renamed by its list", "same name, other kind or family"
TEMPLATES, MANAGER, UPLOADED, SYNTHESISED = (
    "templates",
    "Manager's list",
    "Civitai, uploaded names",
    "Civitai, synthesised names",
)
_SAMPLE, _RIVALS = {UPLOADED: 420, SYNTHESISED: 380}, 60


class Case(NamedTuple):
    """One question. `golds`: the contents that are right; `must`: RESOLVED, UNCERTAIN, FREE, OPEN or EXACT_OPEN."""

    kind: str
    group: str
    want: Want
    golds: frozenset[str]
    must: str = FREE
    top: bool = False  # gold has to be among the first three
    folders: frozenset[str] = frozenset()  # the true ones
    down: str = ""  # the service that is silent
    addresses: frozenset[str] = frozenset()  # where only an address is known: these count as gold


def exact_cases(world: World, sight: Sight, claimed: Set[str]) -> Iterator[Case]:
    """Names with their metadata stripped, by where the truth comes from. `claimed`: lower-case names of a catalogue."""
    seen: set[tuple[str, str]] = set()
    for one, want in _from_templates(world):
        gold = world.content(world.key(one))
        yield _exact(world, sight, claimed, TEMPLATES, want, gold, {one.folder})
        yield _exact(
            world, sight, claimed, f"{TEMPLATES}, folder not known", want._replace(folders=()), gold, {one.folder}
        )
        seen.add((one.name.lower(), gold))
    for one in world.real.manager:
        gold = world.content(world.key(one)) if one.repo else _linked(world, one.name)
        if not gold or (one.name.lower(), gold) in seen or one.name.lower() in world.generic:
            continue
        seen.add((one.name.lower(), gold))
        want = Want(FILE, one.name, (one.folder,) if one.folder else (), family=family_of(stem(one.name)))
        yield _exact(world, sight, claimed, MANAGER, want, gold, set())
    yield from _from_civitai(world, sight, claimed)


def _linked(world: World, name: str) -> str:
    """The content of a file that the Manager links to at Civitai, by its name there."""
    found = [spot for spot in world.spots(name) if spot.source == "civitai"]
    return found[0].sha256 if found else ""


def _exact(world: World, sight: Sight, claimed: Set[str], group: str, want: Want, gold: str, folders: set[str]) -> Case:
    kind, must, top = classified(world, sight, want.name, gold, want.name.lower() in claimed)
    return Case(kind, group, want, frozenset({gold}), must, top, frozenset(folders))


def classified(world: World, sight: Sight, name: str, gold: str, claimed: bool) -> tuple[str, str, bool]:
    """Kind of an exact name, what must hold, and whether gold has to be among the first three."""
    spots = world.spots(name)
    mine = [spot for spot in spots if spot.sha256 == gold]
    if not mine:
        return RENAMED_AT_DOWNLOAD, FREE, False
    seen = [spot for spot in spots if sight.sees(name, spot)]
    contents = {spot.sha256 for spot in seen} | ({gold} if claimed else set())
    if contents - {gold} and gold in contents:
        return AMBIGUOUS, UNCERTAIN, True
    if any(not spot.told for spot in (*seen, *mine)):
        return GATED, FREE, False
    if contents - {gold}:
        return ONLY_ANOTHER, FREE, False
    if gold not in contents:
        return OUT_OF_SIGHT, FREE, False
    if {spot.sha256 for spot in spots} != {gold}:
        return CLASH_OUT_OF_SIGHT, FREE, False
    return (
        (ONE_HASH if len({spot.id for spot in seen if spot.source != "modelscope"}) > 1 else KNOWABLE),
        RESOLVED,
        False,
    )


# ---- where exact names come from ---------------------------------------------------------------------------


def _from_templates(world: World) -> Iterator[tuple[Named, Want]]:
    """Each name once per folder, with the folders and the family that our own scanner finds in the stripped file."""
    app = App(nothing("only what the files ask for"))
    named = [one for one in world.real.templates if one.repo]
    by_template: dict[str, list[Named]] = {}
    for one in named:
        by_template.setdefault(one.where, []).append(one)
    done: set[tuple[str, str]] = set()
    for path in template_files():
        wanted = [one for one in by_template.get(path.name, ()) if (one.name, one.folder) not in done]
        if not wanted:
            continue
        found = only(app, json.dumps(stripped(json.loads(path.read_bytes()))).encode(), path.name).of(MODEL)
        works_with = working_family(item.name for item in found)
        folders: dict[str, tuple[str, ...]] = {}
        for item in found:
            folders[item.name] = tuple(dict.fromkeys((*folders.get(item.name, ()), *item.folders)))
        for one in wanted:
            if (one.name, one.folder) in done:
                continue
            done.add((one.name, one.folder))
            own, told = family_of(stem(one.name)), folders.get(one.name, ())
            shared = bool(told) and all(folder in SHARED for folder in told)
            yield one, Want(FILE, one.name, told, family=own or ("" if shared else works_with))


def _from_civitai(world: World, sight: Sight, claimed: Set[str]) -> Iterator[Case]:
    rng = Random(f"{world.seed} exact")
    found: dict[str, list[tuple[str, str, str, str]]] = {UPLOADED: [], SYNTHESISED: []}
    rivals: list[tuple[str, str, str, str]] = []
    known: dict[str, tuple[str, str]] = {}
    for model in world.civitai.reachable():
        for version in model.versions:
            about = FOLDERS[model.type], family_of_base_model(version.base)
            known |= {file.sha256: about for file in version.files}
            for file in version.files[:1]:
                group = UPLOADED if model.type in ("LORA", "LoCon") else SYNTHESISED
                if model.type != "Workflows":
                    into = rivals if model.id >= RIVALS else found[group]
                    into.append((file.name, file.sha256, FOLDERS[model.type], version.base))
    for group, files in found.items():
        more = rng.sample(rivals, min(len(rivals), _RIVALS)) if group == UPLOADED else []
        for at, (name, gold, folder, base) in enumerate([*rng.sample(files, min(len(files), _SAMPLE[group])), *more]):
            family = family_of_base_model(base) if rng.random() < 0.6 else family_of(stem(name))
            tag = group == UPLOADED and at % 8 == 0  # as a LoRA tag in a prompt: no suffix
            case = _exact(world, sight, claimed, group, Want(FILE, name, (folder,), family=family), gold, set())
            if tag:
                case = case._replace(
                    group=f"{UPLOADED}, as a tag", want=case.want._replace(name=parts(name)[0], stem=True)
                )
            yield _told_apart(world, known, case) if case.kind == AMBIGUOUS else case


def _told_apart(world: World, known: Mapping[str, tuple[str, str]], case: Case) -> Case:
    """Where the node's folder or the workflow's family leaves one of the rivals, resolving to that one is right.

    `known`: content → folder and family, as Civitai tells them.
    """
    name, want = case.want.name + (".safetensors" if case.want.stem else ""), case.want
    rivals = {spot.sha256 for spot in world.spots(name)} - case.golds
    told = [known.get(one, (want.folders[0], want.family)) for one in rivals]
    if all(folder != want.folders[0] or (want.family and family != want.family) for folder, family in told):
        return case._replace(kind=OTHER_FAMILY, must=FREE)
    return case
